// SPDX-License-Identifier: GPL-2.0-or-later
/* What connections count for: the one place where rows, totals and namespaces change. */
#include <string.h>

#include "model/owner.h"
#include "model/tracker.h"

/* Adds @sign to every field in @mask. */
static void row_apply(struct row *row, uint32_t mask, int sign)
{
	while (mask) {
		row->count[__builtin_ctz(mask)] += sign;
		mask &= mask - 1;
	}
}

static void enter_rows(struct model *model, struct conn *conn)
{
	uint32_t service = conn_owner(model, conn)->service;

	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++) {
		struct row_key key = conn_key(conn, service, dim);
		struct rows *rows = &model->rows[dim];
		uint32_t to;

		if (conn->rowed && !memcmp(&rows_at(rows, conn->row[dim])->key, &key, sizeof(key)))
			continue;
		to = rows_enter(rows, &key);
		if (conn->rowed) {
			row_apply(rows_at(rows, conn->row[dim]), conn->mask, -1);
			rows_at(rows, conn->row[dim])->held_ns -= conn->held_ns;
			rows_leave(rows, conn->row[dim]);
		}
		row_apply(rows_at(rows, to), conn->mask, 1);
		rows_at(rows, to)->held_ns += conn->held_ns;
		conn->row[dim] = to;
	}
	conn->rowed = true;
	conn->rekeyed = false;
}

static void count_in_netns(struct netns *netns, uint32_t before, uint32_t after)
{
	static const uint32_t masks[NR_AUDIT_KINDS] = {
		[AUDIT_TIME_WAIT] = MINISOCK_MASK,
		[AUDIT_ESTABLISHED] = FIELD_BIT(FIELD_ESTABLISHED),
		[AUDIT_TRUE_TIME_WAIT] = FIELD_BIT(FIELD_TIME_WAIT),
		[AUDIT_FIN_WAIT2] = FIELD_BIT(FIELD_FW2_ORPHANS),
		[AUDIT_ENTERED] = FIELD_BIT(FIELD_TW_ENTERED),
		[AUDIT_EXPIRED] = FIELD_BIT(FIELD_TW_EXPIRED),
		[AUDIT_REFUSED] = FIELD_BIT(FIELD_TW_REFUSED),
		[AUDIT_REUSED] = FIELD_BIT(FIELD_TW_REUSED),
	};

	for (unsigned int kind = 0; kind < NR_AUDIT_KINDS; kind++)
		netns->now.of[kind] += !!(after & masks[kind]) - !!(before & masks[kind]);
}

/*
 * What the minisock adds to row->held_ns: while it lives, minus the moment from which it
 * counts; afterwards, how long that was.
 */
static uint64_t held_by(const struct model *model, const struct conn *conn, uint32_t before,
			uint32_t after)
{
	uint64_t from_ns = -conn->held_ns;

	if (!conn->wanted || conn->refused)
		return 0;
	/* one that was thought to have ended, and lives, has held on all the time */
	if (after & MINISOCK_MASK && !(before & MINISOCK_MASK))
		return conn->entered ? -conn->born_ns : conn->held_ns - model->now_ns;
	/* it may have ended before it counted: a successor's connect() is told early */
	if (before & MINISOCK_MASK && !(after & MINISOCK_MASK))
		return conn->since_ns > from_ns ? conn->since_ns - from_ns : 0;
	return conn->held_ns;
}

void tracker_update(struct model *model, uint32_t id, bool rekeyed)
{
	struct conn *conn = conn_at(model, id);
	uint32_t before = conn->mask, after, gained, lost;
	uint64_t held_ns;
	char comm[TW_COMM_LEN * 4 + 1];
	const struct filter *recorded = &model->recorded[conn->source];
	struct conn_view view;

	if (rekeyed) {
		owner_renew(model, conn);
		if (!filter_is_empty(&model->opts.filter) || !filter_is_empty(recorded)) {
			tracker_view(model, conn, &view, comm);
			conn->wanted = filter_wants(&model->opts.filter, &view) &&
				       filter_wants(recorded, &view);
		}
	}
	conn->rekeyed |= rekeyed;
	after = conn_mask(conn);
	count_in_netns(netns_at(model, conn->netns), before, after);
	/* a listener counts for nothing and must not hold rows against the cap */
	if (!after && !before)
		return;
	gained = after & ~before;
	lost = before & ~after;
	/* what was counted so far moves with it */
	if (conn->rekeyed || !conn->rowed)
		enter_rows(model, conn);
	conn->mask = after;
	held_ns = held_by(model, conn, before, after) - conn->held_ns;
	conn->held_ns += held_ns;
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++) {
		struct row *row = rows_at(&model->rows[dim], conn->row[dim]);

		row_apply(row, gained, 1);
		row_apply(row, lost, -1);
		row->held_ns += held_ns;
	}
	row_apply(&model->totals, gained, 1);
	row_apply(&model->totals, lost, -1);
	model->totals.held_ns += held_ns;
}

static void row_add(struct row *row, uint32_t mask, uint64_t count)
{
	for (; mask; mask &= mask - 1)
		row->count[__builtin_ctz(mask)] += count;
}

void counts_add_sum(struct model *model, const struct conn *like, uint32_t mask, uint64_t count)
{
	uint32_t service = conn_owner(model, like)->service;

	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++) {
		struct row_key key = conn_key(like, service, dim);
		uint32_t id = rows_enter(&model->rows[dim], &key);

		row_add(rows_at(&model->rows[dim], id), mask, count);
		/* nobody points to it */
		rows_leave(&model->rows[dim], id);
	}
	row_add(&model->totals, mask, count);
	if (mask & FIELD_BIT(FIELD_TW_ENTERED))
		netns_at(model, like->netns)->now.of[AUDIT_ENTERED] += count;
}

static void row_reset(struct row *row)
{
	memset(row->count, 0, sizeof(row->count));
	memset(row->before, 0, sizeof(row->before));
	row->held_ns = 0;
	row_release(row);
}

void tracker_restart_counts(struct model *model)
{
	uint32_t id;

	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++) {
		struct rows *rows = &model->rows[dim];

		for (id = pool_next(&rows->pool, 0); id != POOL_NONE;
		     id = pool_next(&rows->pool, id + 1))
			row_reset(rows_at(rows, id));
	}
	row_reset(&model->totals);
	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		struct conn *conn = conn_at(model, id);

		/* the audit's base may be older than this moment: its history stays */
		count_in_netns(netns_at(model, conn->netns), conn->mask & GAUGES, 0);
		conn->mask = 0;
		/* what a minisock holds counts from here */
		conn->held_ns = 0;
		conn->preexisting = conn->phase == PHASE_FULL && state_is_synchronized(conn->state);
		conn->opened = conn->closed = conn->closed_first = conn->failed = false;
		conn->reset = conn->entered = conn->refused = conn->ended_mini = false;
		conn->elsewhere = 0;
		conn->in_sum = false;
		tracker_update(model, id, false);
	}
}
