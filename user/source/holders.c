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

/* Stands for a record: what is sorted is small. */
struct holder_place {
	uint64_t cookie;
	const struct tw_holder *holder;
};

static int grow(struct holders_look *look)
{
	size_t room = look->room ? 2 * look->room : 4 * READ_RECORDS;
	struct tw_holder *grown = realloc(look->records, room * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	look->records = grown;
	look->room = room;
	return 0;
}

/* The kernel gives whole records, but not always as many as fit. */
static int read_all(int fd, struct holders_look *look)
{
	size_t part = 0;
	ssize_t len;
	char *at;

	for (;;) {
		if (look->count + READ_RECORDS >= look->room && grow(look))
			return -ENOMEM;
		at = (char *)&look->records[look->count] + part;
		len = read(fd, at, READ_RECORDS * sizeof(struct tw_holder) - part);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (len <= 0)
			return len ? -errno : 0;
		part += len;
		look->count += part / sizeof(struct tw_holder);
		part %= sizeof(struct tw_holder);
	}
}

static int walk(struct holders_look *look)
{
	struct bpf_link *link = bpf_program__attach_iter(look->program, NULL);
	int fd, ret;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	ret = fd < 0 ? fd : read_all(fd, look);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return ret;
}

static int compare(const void *left, const void *right)
{
	const struct holder_place *a = left, *b = right;

	if (a->cookie != b->cookie)
		return a->cookie < b->cookie ? -1 : 1;
	if (a->holder->owner.tgid != b->holder->owner.tgid)
		return a->holder->owner.tgid < b->holder->owner.tgid ? -1 : 1;
	return a->holder->fd < b->holder->fd ? -1 : a->holder->fd > b->holder->fd;
}

static int sort(struct holders_look *look)
{
	look->places = calloc(look->count + 1, sizeof(*look->places));
	if (!look->places)
		return -ENOMEM;
	for (size_t i = 0; i < look->count; i++)
		look->places[i] =
			(struct holder_place){ look->records[i].cookie, &look->records[i] };
	qsort(look->places, look->count, sizeof(*look->places), compare);
	return 0;
}

static void *run(void *arg)
{
	struct holders_look *look = arg;

	look->ret = walk(look);
	if (!look->ret)
		look->ret = sort(look);
	return NULL;
}

void holders_begin(struct holders_look *look, const struct bpf_program *program, uint64_t now_ns)
{
	*look = (struct holders_look){ .program = program, .began_ns = now_ns };
	look->threaded = !pthread_create(&look->thread, NULL, run, look);
	if (!look->threaded)
		run(look);
}

static bool is_same(const struct holder_place *a, const struct holder_place *b)
{
	return a->cookie == b->cookie && a->holder->owner.tgid == b->holder->owner.tgid;
}

static void deliver_folded(const struct holders_look *look, const struct receiver *to)
{
	const struct holder_place *places = look->places;
	uint64_t cookie = 0;

	for (size_t i = 0; i < look->count;) {
		struct tw_holder holder = *places[i].holder;
		size_t next = i + 1;

		while (next < look->count && is_same(&places[next], &places[i]))
			next++;
		holder.fd_count = next - i;
		if (holder.cookie != cookie)
			holder.head.flags |= TW_H_FIRST;
		cookie = holder.cookie;
		deliver(to, &holder);
		i = next;
	}
}

int holders_end(struct holders_look *look, const struct receiver *to, struct error *err)
{
	struct tw_record end = {
		.size = sizeof(end),
		.kind = TW_HOLDERS_END,
		.ts_ns = look->began_ns,
	};

	if (look->threaded)
		pthread_join(look->thread, NULL);
	if (look->ret) {
		error_set(err, look->ret, "open files cannot be walked: %s", strerror(-look->ret));
	} else {
		deliver_folded(look, to);
		deliver(to, &end);
	}
	free(look->records);
	free(look->places);
	return look->ret;
}
