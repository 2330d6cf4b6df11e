// SPDX-License-Identifier: GPL-2.0-or-later
/* Each change is counted once: in sum here, or with its connection elsewhere. */
#include "model/sums.h"

#include <string.h>

#include "model/attribution.h"
#include "model/budgets.h"
#include "model/failures.h"
#include "model/farewells.h"
#include "model/missed.h"
#include "model/owner.h"

/* Who acted on them last, else the listener's owner. */
static void find_owner(struct model *model, struct conn *like, const struct tw_spilled *record)
{
	uint32_t listener = POOL_NONE;

	owner_learn(model, like, record->cgroup_id, &record->owner, OWNER_ACTED);
	if (record->listener_cookie && !record->owner.comm[0])
		listener = tracker_find(model, record->listener_cookie, like->source);
	if (listener != POOL_NONE)
		attribution_inherit(model, like, conn_at(model, listener), 0);
	farewell_notice(model, like, record->owner.tgid, record->cgroup_id);
}

static bool is_wanted(const struct model *model, const struct conn *like)
{
	char comm[TW_COMM_LEN * 4 + 1];
	struct conn_view view;

	tracker_view(model, like, &view, comm);
	return filter_wants(&model->opts.filter, &view) &&
	       filter_wants(&model->recorded[like->source], &view);
}

static void count(struct model *model, const struct conn *like, const struct tw_record *head,
		  uint64_t nr)
{
	uint32_t mask = outcome_mask(head);
	bool failed = mask & FIELD_BIT(FIELD_FAILED);
	struct sum_rows rows = counts_add_sum(
		model, like, mask, failed ? outcome_connect_error(head, PORT_UNTOLD) : 0, nr);

	if (failed)
		failures_sum(model, like, head, nr);
	if (model->budgets && model->ready)
		budgets_sum(model, like, head, nr);

	if (!(mask & FIELD_BIT(FIELD_TW_ENTERED)) ||
	    missed_hold(model, netns_at(model, like->netns), &rows, nr))
		counts_leave(model, &rows);
}

void sums_add(struct model *model, const struct tw_spilled *record, unsigned int source)
{
	struct conn like = { .source = source, .state = record->head.to };
	uint32_t netns =
		tracker_netns(model, record->tuple.netns_cookie, record->tuple.netns_ino, source);

	if (netns == POOL_NONE) {
		model->loss[TW_LOSS_NO_MEMORY] += record->count;
		return;
	}
	netns_at(model, netns)->summed = true;
	if (record->head.ts_ns > netns_at(model, netns)->summed_ns)
		netns_at(model, netns)->summed_ns = record->head.ts_ns;
	like.netns = netns;
	attribution_set_direction(&like, record->head.flags, record->head.from);
	tracker_set_tuple(&like, &record->tuple);
	find_owner(model, &like, record);
	farewell_sum(model, &like, &record->head, record->count);
	if (is_wanted(model, &like))
		count(model, &like, &record->head, record->count);
	owners_leave(&model->owners, like.owner);
}

void sums_found(struct conn *conn)
{
	conn->in_sum = true;
	if (conn->opened && state_is_active_close(conn->state))
		conn->closed_first = true;
	/* the stock at the start is in no sum */
	conn->elsewhere |= conn_facts(conn) & COUNTED_IN_SUM &
			   ~(conn->preexisting ? FIELD_BIT(FIELD_CONNECTIONS) : 0);
}

void sums_told(struct conn *conn)
{
	sums_found(conn);
	conn->in_sum = false;
}
