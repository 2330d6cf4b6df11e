// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the iterator's records, sorts and folds them. */
#include "source/holders.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_RECORDS 512

struct found {
	struct tw_holder *records;	/* owned */
	size_t count, room;
};

static int grow(struct found *found)
{
	size_t room = found->room ? 2 * found->room : 4 * READ_RECORDS;
	struct tw_holder *grown = realloc(found->records, room * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	found->records = grown;
	found->room = room;
	return 0;
}

/* The kernel gives whole records, but not always as many as fit. */
static int read_all(int fd, struct found *found)
{
	size_t part = 0;
	ssize_t len;
	char *at;

	for (;;) {
		if (found->count + READ_RECORDS >= found->room && grow(found))
			return -ENOMEM;
		at = (char *)&found->records[found->count] + part;
		len = read(fd, at, READ_RECORDS * sizeof(struct tw_holder) - part);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (len <= 0)
			return len ? -errno : 0;
		part += len;
		found->count += part / sizeof(struct tw_holder);
		part %= sizeof(struct tw_holder);
	}
}

static int compare(const void *left, const void *right)
{
	const struct tw_holder *a = left, *b = right;

	if (a->cookie != b->cookie)
		return a->cookie < b->cookie ? -1 : 1;
	if (a->owner.tgid != b->owner.tgid)
		return a->owner.tgid < b->owner.tgid ? -1 : 1;
	return a->fd < b->fd ? -1 : a->fd > b->fd;
}

static void deliver_folded(struct found *found, const struct receiver *to)
{
	uint64_t cookie = 0;

	qsort(found->records, found->count, sizeof(found->records[0]), compare);
	for (size_t i = 0; i < found->count;) {
		struct tw_holder *holder = &found->records[i];
		size_t next = i + 1;

		while (next < found->count && found->records[next].cookie == holder->cookie &&
		       found->records[next].owner.tgid == holder->owner.tgid)
			next++;
		holder->fd_count = next - i;
		if (holder->cookie != cookie)
			holder->head.flags |= TW_H_FIRST;
		cookie = holder->cookie;
		deliver(to, holder);
		i = next;
	}
}

int holders_look(const struct bpf_program *program, uint64_t now_ns, const struct receiver *to,
		 struct error *err)
{
	struct tw_record end = { .size = sizeof(end), .kind = TW_HOLDERS_END, .ts_ns = now_ns };
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	struct found found = { 0 };
	int fd, ret;

	if (!link)
		return error_set(err, -errno, "open files cannot be walked: %s", strerror(errno));
	fd = bpf_iter_create(bpf_link__fd(link));
	ret = fd < 0 ? fd : read_all(fd, &found);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	if (ret)
		error_set(err, ret, "open files cannot be walked: %s", strerror(-ret));
	else
		deliver_folded(&found, to);
	free(found.records);
	if (!ret)
		deliver(to, &end);
	return ret;
}
