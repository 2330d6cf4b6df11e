// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the iterator's records, sorts and folds them. */
#include "source/holders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"

/* Stands for a record: what is sorted is small. */
struct holder_place {
	uint64_t cookie;
	const struct tw_holder *holder;
};

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
	const struct tw_holder *holders = (const struct tw_holder *)look->walk.records;
	size_t count = look->walk.count;

	look->places = calloc(count + 1, sizeof(*look->places));
	if (!look->places)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		look->places[i] = (struct holder_place){ holders[i].cookie, &holders[i] };
	qsort(look->places, count, sizeof(*look->places), compare);
	return 0;
}

static void *run(void *arg)
{
	struct holders_look *look = arg;
	uint64_t began_ns = clock_thread_ns();

	look->ret = walk_read(&look->walk, look->program, sizeof(struct tw_holder));
	if (!look->ret)
		look->ret = sort(look);
	look->cost_ns = clock_thread_ns() - began_ns;
	return NULL;
}

void holders_begin(struct holders_look *look, const struct bpf_program *program, uint64_t now_ns)
{
	*look = (struct holders_look){ .program = program, .began_ns = now_ns };
	look->threaded = !thread_start(&look->thread, run, look);
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

	for (size_t i = 0; i < look->walk.count;) {
		struct tw_holder holder = *places[i].holder;
		size_t next = i + 1;

		while (next < look->walk.count && is_same(&places[next], &places[i]))
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

	uint64_t began_ns = clock_thread_ns();

	if (look->threaded)
		pthread_join(look->thread, NULL);
	if (look->ret) {
		error_set(err, look->ret, "open files cannot be walked: %s", strerror(-look->ret));
	} else {
		deliver_folded(look, to);
		deliver(to, &end);
	}
	walk_release(&look->walk);
	free(look->places);
	look->cost_ns += clock_thread_ns() - began_ns;
	return look->ret;
}
