// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks the sockets of the namespace and the open files, and tells what they show. */
#include "source/bound.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "source/jiffies.h"
#include "source/live.h"
#include "source/walk.h"
#include "tw_config.h"
#include "twtrace.skel.h"

/* Where more sockets have the port it is no riddle who has it. */
#define MAX_FOUND (16 * 1024)

bool bound_collides(const struct tw_transition *full)
{
	const struct tw_record *head = &full->head;

	return head->from == TW_SYN_SENT && head->to == TW_CLOSE && !head->error &&
	       (head->flags & (TW_F_UNSENT | TW_F_SHUT_BOTH | TW_F_FORGET)) == TW_F_UNSENT &&
	       full->tuple.local_port;
}

/* What stands in the kernel's tables, by an iterator made in that namespace. */
static int walk_tables(const struct bound *bound, struct netns_entry *entry, struct walk *walk)
{
	struct bpf_link *link = bpf_program__attach_iter(bound->skel->progs.bound_hashed, NULL);
	struct answer answer;
	int ret;

	if (!link)
		return -errno;
	ret = netns_ask(&bound->survey->netns, entry, ACT_NETNS_WALK, bpf_link__fd(link), &answer);
	if (!ret)
		ret = walk_read_fd(walk, answer.fds[0], sizeof(struct tw_bound_found));
	answer_release(&answer);
	bpf_link__destroy(link);
	return ret;
}

static int by_cookie(const void *left, const void *right)
{
	const struct tw_bound_found *a = left, *b = right;

	return (a->bound.cookie > b->bound.cookie) - (a->bound.cookie < b->bound.cookie);
}

/* One record a socket, whoever else has a descriptor of it; none of what failed itself. */
static void deliver_all(struct walk *walk, bool files, const struct bound_failure *failure,
			const struct receiver *to)
{
	struct tw_bound_found *found = (struct tw_bound_found *)walk->records;
	uint64_t now_ns = live_now_ns();
	uint32_t hz = walk->count ? jiffies_per_second(found->jiffies, now_ns) : 0;

	if (files)
		qsort(found, walk->count, sizeof(*found), by_cookie);
	for (size_t i = 0; i < walk->count; i++) {
		struct tw_bound *one = &found[i].bound;

		if (files && i && one->cookie == found[i - 1].bound.cookie)
			continue;
		if (one->cookie && one->cookie == failure->cookie)
			continue;
		one->head.ts_ns = failure->ts_ns;
		one->expires_ms = jiffies_ms(one->expires_ms, hz);
		deliver(to, one);
	}
}

static int look(const struct bound *bound, struct netns_entry *entry,
		const struct bound_failure *failure, const struct receiver *to)
{
	struct walk tables = { 0 }, files = { 0 };
	int ret = walk_tables(bound, entry, &tables);

	if (!ret)
		ret = walk_read(&files, bound->skel->progs.bound_unhashed,
				sizeof(struct tw_bound_found));
	if (!ret && !bound->skel->bss->bound_wanted.room)
		ret = -E2BIG;
	if (!ret) {
		deliver_all(&tables, false, failure, to);
		deliver_all(&files, true, failure, to);
	}
	walk_release(&tables);
	walk_release(&files);
	return ret;
}

bool bound_look(struct bound *bound, const struct bound_failure *failure, const struct receiver *to)
{
	const struct tw_tuple *tuple = failure->tuple;
	const struct keeper *keeper = bound->survey->netns.keeper;
	uint64_t began_ns = clock_thread_ns() + keeper_cost_ns(keeper);
	struct netns_entry *entry;
	int ret = -ESRCH;

	if (!bound->skel || !tuple->local_port ||
	    !looks_allow(&bound->looks, tuple->netns_cookie, tuple->local_port, live_now_ns()))
		return false;
	bound->skel->bss->bound_wanted = (struct tw_bound_wanted){
		.netns_cookie = tuple->netns_cookie,
		.port = tuple->local_port,
		.room = MAX_FOUND,
	};
	entry = survey_find(bound->survey, tuple->netns_cookie, to);
	if (entry)
		ret = look(bound, entry, failure, to);
	looks_charge(&bound->looks, clock_thread_ns() + keeper_cost_ns(keeper) - began_ns);
	if (ret)
		log_msg(LOG_VERBOSE, "who has port %u in network namespace %u cannot be told: %s",
			tuple->local_port, tuple->netns_ino, strerror(-ret));
	return !ret;
}
