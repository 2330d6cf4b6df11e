// SPDX-License-Identifier: GPL-2.0-or-later
/* memfd_create(2) and its seals. */
#include "base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

static int memory_file(void)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	/* where sysctl vm.memfd_noexec is 2 there is no other; 105ff5339f49 (6.3) brought both */
	int fd = memfd_create("sealed", flags | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create("sealed", flags) : fd;
}

/* 0 or -errno. More than @most is noticed however the file grows meanwhile. */
static int copy(int from, int to, size_t most)
{
	size_t len = 0;
	off_t at = 0;
	ssize_t got;

	do {
		got = sendfile(to, from, &at, most + 1 - len);
		len += got > 0 ? got : 0;
	} while ((got > 0 && len <= most) || (got < 0 && errno == EINTR));
	return got < 0 ? -errno : len > most ? -EFBIG : 0;
}

int sealed_copy(int fd, size_t most)
{
	int to = memory_file(), ret;

	if (to < 0)
		return -errno;
	ret = copy(fd, to, most);
	if (!ret &&
	    fcntl(to, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		ret = -errno;
	if (!ret)
		return to;
	close(to);
	return ret;
}
