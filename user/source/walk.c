// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads what an iterator writes. */
#include "source/walk.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_RECORDS 512

static int grow(struct walk *walk, size_t record_size)
{
	size_t room = walk->room ? 2 * walk->room : 4 * READ_RECORDS;
	char *grown = realloc(walk->records, room * record_size);

	if (!grown)
		return -ENOMEM;
	walk->records = grown;
	walk->room = room;
	return 0;
}

/* The kernel gives whole records, but not always as many as fit. */
int walk_read_fd(struct walk *walk, int fd, size_t record_size)
{
	size_t part = 0;
	ssize_t len;

	for (;;) {
		if (walk->count + READ_RECORDS >= walk->room && grow(walk, record_size))
			return -ENOMEM;
		len = read(fd, walk->records + walk->count * record_size + part,
			   READ_RECORDS * record_size - part);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (len <= 0)
			return len ? -errno : 0;
		part += len;
		walk->count += part / record_size;
		part %= record_size;
	}
}

int walk_read(struct walk *walk, const struct bpf_program *program, size_t record_size)
{
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	int fd, ret;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	ret = fd < 0 ? fd : walk_read_fd(walk, fd, record_size);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return ret;
}

void walk_release(struct walk *walk)
{
	free(walk->records);
	*walk = (struct walk){ 0 };
}
