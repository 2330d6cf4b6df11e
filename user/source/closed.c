// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the iterator's records, sorts and folds them. */
#include "source/closed.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "source/jiffies.h"
#include "source/walk.h"
#include "tw_config.h"

static int compare(const void *left, const void *right)
{
	const struct tw_closed_found *one = left, *other = right;
	const struct tw_closed_held *a = &one->held, *b = &other->held;

	if (a->cookie != b->cookie)
		return a->cookie < b->cookie ? -1 : 1;
	return (a->owner.tgid > b->owner.tgid) - (a->owner.tgid < b->owner.tgid);
}

static void deliver_folded(struct tw_closed_found *found, size_t count, const struct receiver *to)
{
	uint32_t hz = count ? jiffies_per_second(found[0].jiffies, found[0].held.head.ts_ns) : 0;
	size_t next;

	qsort(found, count, sizeof(*found), compare);
	for (size_t i = 0; i < count; i = next) {
		next = i + 1;
		while (next < count && !compare(&found[i], &found[next]))
			next++;
		found[i].held.fd_count = next - i;
		found[i].held.idle_ms = jiffies_ms(found[i].held.idle_ms, hz);
		deliver(to, &found[i].held);
	}
}

int closed_look(const struct bpf_program *program, uint64_t now_ns, uint64_t *cost_ns,
		const struct receiver *to, struct error *err)
{
	struct tw_record end = { .size = sizeof(end), .kind = TW_CLOSED_END, .ts_ns = now_ns };
	uint64_t began_ns = clock_thread_ns();
	struct walk walk = { 0 };
	int ret = walk_read(&walk, program, sizeof(struct tw_closed_found));

	if (ret) {
		error_set(err, ret, "open files cannot be walked: %s", strerror(-ret));
	} else {
		deliver_folded((struct tw_closed_found *)walk.records, walk.count, to);
		deliver(to, &end);
	}
	walk_release(&walk);
	*cost_ns = clock_thread_ns() - began_ns;
	return ret;
}
