// SPDX-License-Identifier: GPL-2.0-or-later
/* What the targets of libFuzzer share. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

FILE *fuzz_nowhere(void)
{
	static FILE *nowhere;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (!nowhere)
		abort();
	return nowhere;
}

void *fuzz_copy(const uint8_t *data, size_t size)
{
	void *copy = malloc(size);

	if (!copy)
		abort();
	return size ? memcpy(copy, data, size) : copy;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

int fuzz_file(const uint8_t *data, size_t size, char *path)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET))
		abort();
	sprintf(path, "/proc/self/fd/%d", fd);
	return fd;
}
