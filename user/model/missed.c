// SPDX-License-Identifier: GPL-2.0-or-later
/* Whatever was born has ended or lives: what does neither was missed. */
#include "model/missed.h"

#include <errno.h>
#include <stdlib.h>

#define ENTERED FIELD_BIT(FIELD_TW_ENTERED)
#define MAX_BIRTHS 65536

struct sum_births {
	struct sum_rows rows;
	uint64_t count;
};

/* Births without an end. Those from before the start count the other way, and never change. */
static uint64_t unpaired(const struct netns *netns)
{
	return netns->now.of[AUDIT_ENTERED] - netns->now.of[AUDIT_TIME_WAIT] - netns->ended;
}

void missed_begin(struct netns *netns)
{
	netns->unpaired = unpaired(netns);
}

static uint64_t part(int64_t *whole, uint64_t most)
{
	uint64_t taken = *whole < 0 ? 0 : (uint64_t)*whole < most ? (uint64_t)*whole : most;

	*whole -= taken;
	return taken;
}

int missed_hold(struct model *model, struct netns *netns, const struct sum_rows *rows,
		uint64_t count)
{
	/* an overload without an end, or a namespace that is never dumped */
	if (netns->nr_births == MAX_BIRTHS)
		missed_forget(model, netns);
	if (netns->nr_births == netns->room_births) {
		size_t room = netns->room_births ? 2 * netns->room_births : 256;
		struct sum_births *grown = realloc(netns->births, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		netns->births = grown;
		netns->room_births = room;
	}
	netns->births[netns->nr_births++] = (struct sum_births){ *rows, count };
	return 0;
}

void missed_forget(struct model *model, struct netns *netns)
{
	for (size_t i = 0; i < netns->nr_births; i++)
		counts_leave(model, &netns->births[i].rows);
	netns->nr_births = 0;
}

/* Of minisocks that the dump found and no event told of; how many. */
static uint64_t count_found(struct model *model, const struct netns *netns, bool counts)
{
	uint64_t found = 0;

	for (uint32_t id = netns->first; id != POOL_NONE; id = conn_at(model, id)->next) {
		struct conn *conn = conn_at(model, id);

		if (conn->phase != PHASE_MINI || !conn->in_sum)
			continue;
		conn->in_sum = false;
		found++;
		if (!counts)
			continue;
		conn->entered = true;
		conn->elsewhere &= ~ENTERED;
		tracker_update(model, id, false);
	}
	return found;
}

/*
 * Some of what the sums told as births were refusals, nobody knows which: those that live
 * are counted where they are, the others nowhere in particular. How many.
 */
static uint64_t count_again(struct model *model, struct netns *netns, uint64_t refused)
{
	uint64_t told = 0, found = count_found(model, netns, true);

	for (size_t i = 0; i < netns->nr_births; i++) {
		counts_take_back(model, netns, &netns->births[i].rows, ENTERED,
				 netns->births[i].count);
		told += netns->births[i].count;
	}
	told = told > found ? told - found : 0;
	/* more were births told by themselves, too late for this dump to judge */
	netns->refusals_left = refused > told ? refused - told : 0;
	refused -= netns->refusals_left;
	counts_add_other(model, netns, FIELD_BIT(FIELD_TW_REFUSED), refused);
	counts_add_other(model, netns, ENTERED, told - refused);
	return refused;
}

uint64_t missed_reuses(struct model *model, const struct netns *netns, uint64_t dump_ns,
		       uint64_t reused)
{
	uint64_t left = reused;

	for (uint32_t id = netns->first; id != POOL_NONE && left; id = conn_at(model, id)->next) {
		struct conn *conn = conn_at(model, id);

		if (conn->phase != PHASE_OVER || !conn->ended_mini || conn->end != END_UNKNOWN ||
		    conn->since_ns != dump_ns)
			continue;
		conn->end = END_REUSED;
		tracker_update(model, id, false);
		left--;
	}
	return reused - left;
}

/* Connections that are not there any more, and no change told of their end. */
static uint64_t unclosed(const struct model *model)
{
	const uint64_t *count = model->totals.count;
	uint64_t open = count[FIELD_OPEN] - count[FIELD_SYN_SENT] - count[FIELD_SYN_RECV];
	int64_t gone = count[FIELD_CONNECTIONS] - count[FIELD_CLOSED] - open;

	return gone > 0 ? gone : 0;
}

void missed_count(struct model *model, struct netns *netns, const struct missed *kernel)
{
	int64_t missed, unseen = kernel->births;

	if (kernel->refused)
		unseen += count_again(model, netns, kernel->refused);
	else
		count_found(model, netns, false);
	missed_forget(model, netns);
	/* the change that makes a minisock is its socket's last one, if nothing else told of that */
	counts_add_other(model, netns, ENTERED | FIELD_BIT(FIELD_CLOSED),
			 part(&unseen, unclosed(model)));
	counts_add_other(model, netns, ENTERED, part(&unseen, UINT64_MAX));
	missed = unpaired(netns) - netns->unpaired;
	counts_add_other(model, netns, FIELD_BIT(FIELD_TW_REUSED), part(&missed, kernel->reused));
	counts_add_other(model, netns, FIELD_BIT(FIELD_TW_OTHER) | FIELD_BIT(FIELD_TW_UNKNOWN),
			 part(&missed, UINT64_MAX));
	missed_begin(netns);
}
