// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the iterator's records, sorts and folds them. */
#include "source/closed.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "source/walk.h"

static uint64_t cpu_ns(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
	return spent.tv_sec * 1000000000ULL + spent.tv_nsec;
}

static int compare(const void *left, const void *right)
{
	const struct tw_closed_held *a = left, *b = right;

	if (a->cookie != b->cookie)
		return a->cookie < b->cookie ? -1 : 1;
	return (a->owner.tgid > b->owner.tgid) - (a->owner.tgid < b->owner.tgid);
}

static void deliver_folded(struct tw_closed_held *held, size_t count, const struct receiver *to)
{
	size_t next;

	qsort(held, count, sizeof(*held), compare);
	for (size_t i = 0; i < count; i = next) {
		next = i + 1;
		while (next < count && !compare(&held[i], &held[next]))
			next++;
		held[i].fd_count = next - i;
		deliver(to, &held[i]);
	}
}

int closed_look(const struct bpf_program *program, uint64_t now_ns, uint64_t *cost_ns,
		const struct receiver *to, struct error *err)
{
	struct tw_record end = { .size = sizeof(end), .kind = TW_CLOSED_END, .ts_ns = now_ns };
	uint64_t began_ns = cpu_ns();
	struct walk walk = { 0 };
	int ret = walk_read(&walk, program, sizeof(struct tw_closed_held));

	if (ret) {
		error_set(err, ret, "open files cannot be walked: %s", strerror(-ret));
	} else {
		deliver_folded((struct tw_closed_held *)walk.records, walk.count, to);
		deliver(to, &end);
	}
	walk_release(&walk);
	*cost_ns = cpu_ns() - began_ns;
	return ret;
}
