// SPDX-License-Identifier: GPL-2.0-or-later
/* What connections count for: the one place where rows, totals and namespaces change. */
#include <string.h>

#include "model/attempts.h"
#include "model/budgets.h"
#include "model/flames.h"
#include "model/missed.h"
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

/* The rows of a connection, and the totals. */
struct row_set {
	struct row *of[NR_DIMENSIONS + 1];
};

static struct row_set rows_of(struct model *model, const struct conn *conn)
{
	struct row_set set;

#pragma GCC unroll 8
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		set.of[dim] = rows_at(&model->rows[dim], conn->row[dim]);
	set.of[NR_DIMENSIONS] = &model->totals;
	return set;
}

/* As row_apply() to each: the field is looked for once. */
static void row_set_apply(const struct row_set *set, uint32_t mask, int sign)
{
	for (; mask; mask &= mask - 1) {
		unsigned int field = __builtin_ctz(mask);

#pragma GCC unroll 8
		for (unsigned int i = 0; i <= NR_DIMENSIONS; i++)
			set->of[i]->count[field] += sign;
	}
}

/* A row of "other" is tried to be left whenever possible. */
static bool is_at_home(const struct model *model, const struct conn *conn,
		       const struct row_key *key)
{
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		if (!conn->rowed || conn->row[dim] == ROW_OTHER)
			return false;
	return row_key_equal(&rows_at(&model->rows[DIM_PAIR], conn->row[DIM_PAIR])->key, key);
}

/* The row for this key of a pair in @dim, with a reference. @pair's row says where it was. */
static uint32_t enter(struct model *model, enum dimension dim, const struct row_key *key,
		      uint32_t pair)
{
	uint32_t *beside = rows_at(&model->rows[DIM_PAIR], pair)->beside;
	struct row_key part = row_key_in(key, dim);

	if (dim == DIM_PAIR)
		return rows_enter(&model->rows[dim], key);
	return beside[dim] = rows_enter_again(&model->rows[dim], &part, beside[dim]);
}

static void enter_rows(struct model *model, struct conn *conn)
{
	struct row_key key = conn_key(conn, conn_owner(model, conn)->service, DIM_PAIR);

	conn->rekeyed = false;
	if (is_at_home(model, conn, &key))
		return;
	/* the pair first */
	for (unsigned int dim = NR_DIMENSIONS; dim-- > 0;) {
		struct row_key part = row_key_in(&key, dim);
		struct rows *rows = &model->rows[dim];
		uint32_t to;

		if (conn->rowed && row_key_equal(&rows_at(rows, conn->row[dim])->key, &part))
			continue;
		to = enter(model, dim, &key, conn->row[DIM_PAIR]);
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
}

#define ENDS (FIELD_BIT(FIELD_TW_EXPIRED) | FIELD_BIT(FIELD_TW_REUSED) | FIELD_BIT(FIELD_TW_OTHER))

/* What the kernel counts too. A minisock's fields are two: both count as TIME_WAIT there. */
static const struct {
	uint32_t fields;
	enum audit_kind kind;
} audited[] = {
	{ FIELD_BIT(FIELD_TIME_WAIT), AUDIT_TRUE_TIME_WAIT },
	{ FIELD_BIT(FIELD_FW2_ORPHANS), AUDIT_FIN_WAIT2 },
	{ MINISOCK_MASK, AUDIT_TIME_WAIT },
	{ FIELD_BIT(FIELD_TW_ENTERED), AUDIT_ENTERED },
	{ FIELD_BIT(FIELD_TW_EXPIRED), AUDIT_EXPIRED },
	{ FIELD_BIT(FIELD_TW_REFUSED), AUDIT_REFUSED },
	{ FIELD_BIT(FIELD_TW_REUSED), AUDIT_REUSED },
};

static void add_in_netns(struct netns *netns, uint32_t mask, uint64_t count)
{
	for (unsigned int i = 0; i < sizeof(audited) / sizeof(audited[0]); i++)
		if (mask & audited[i].fields)
			netns->now.of[audited[i].kind] += count;
	if (mask & ENDS)
		netns->ended += count;
}

static void count_in_netns(struct netns *netns, uint32_t before, uint32_t after)
{
	static const uint32_t any = MINISOCK_MASK | FIELD_BIT(FIELD_TW_ENTERED) |
				    FIELD_BIT(FIELD_TW_REFUSED) | ENDS;

	netns->now.of[AUDIT_ESTABLISHED] +=
		(uint64_t)(after >> FIELD_ESTABLISHED & 1) - (before >> FIELD_ESTABLISHED & 1);
	if (!((before ^ after) & any))
		return;
	add_in_netns(netns, after, 1);
	add_in_netns(netns, before, -1);
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

static void ask_filters(const struct model *model, struct conn *conn)
{
	char comm[TW_COMM_LEN * 4 + 1];
	struct conn_view view;

	tracker_view(model, conn, &view, comm);
	conn->wanted = filter_wants(&model->opts.filter, &view) &&
		       filter_wants(&model->recorded[conn->source], &view);
}

void tracker_update(struct model *model, uint32_t id, bool rekeyed)
{
	struct conn *conn = conn_at(model, id);
	uint32_t before = conn->mask, after;
	struct row_set set;
	uint64_t held_ns;

	if (rekeyed) {
		owner_renew(model, conn);
		if (model->filtered)
			ask_filters(model, conn);
	}
	if (model->flames)
		flames_follow(model, id);
	if (model->budgets)
		budgets_follow(model, id, rekeyed);
	if (model->attempts)
		attempts_follow(model, id);
	conn->rekeyed |= rekeyed;
	after = conn_mask(conn);
	count_in_netns(netns_at(model, conn->netns), before, after);
	/* a listener counts for nothing and must not hold rows against the cap */
	if (!after && !before)
		return;
	/* what was counted so far moves with it */
	if (conn->rekeyed || !conn->rowed)
		enter_rows(model, conn);
	conn->mask = after;
	held_ns = held_by(model, conn, before, after) - conn->held_ns;
	conn->held_ns += held_ns;
	set = rows_of(model, conn);
	row_set_apply(&set, after & ~before, 1);
	row_set_apply(&set, before & ~after, -1);
	for (unsigned int i = 0; held_ns && i <= NR_DIMENSIONS; i++)
		set.of[i]->held_ns += held_ns;
}

static void row_add(struct row *row, uint32_t mask, uint64_t count)
{
	for (; mask; mask &= mask - 1)
		row->count[__builtin_ctz(mask)] += count;
}

struct sum_rows counts_add_sum(struct model *model, const struct conn *like, uint32_t mask,
			       uint8_t error, uint64_t count)
{
	struct row_key key = conn_key(like, conn_owner(model, like)->service, DIM_PAIR);
	struct sum_rows rows = { .row[DIM_PAIR] = ROW_OTHER };

	for (unsigned int dim = NR_DIMENSIONS; dim-- > 0;) {
		rows.row[dim] = enter(model, dim, &key, rows.row[DIM_PAIR]);
		row_add(rows_at(&model->rows[dim], rows.row[dim]), mask, count);
	}
	row_add(&model->totals, mask, count);
	add_in_netns(netns_at(model, like->netns), mask, count);
	if (model->flames)
		flames_add_sum(model, like, mask, error, count);
	return rows;
}

void counts_take_back(struct model *model, struct netns *netns, const struct sum_rows *rows,
		      uint32_t mask, uint64_t count)
{
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		row_add(rows_at(&model->rows[dim], rows->row[dim]), mask, -count);
	row_add(&model->totals, mask, -count);
	add_in_netns(netns, mask, -count);
}

void counts_leave(struct model *model, const struct sum_rows *rows)
{
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		rows_leave(&model->rows[dim], rows->row[dim]);
}

void counts_add_other(struct model *model, struct netns *netns, uint32_t mask, uint64_t count)
{
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		row_add(rows_at(&model->rows[dim], ROW_OTHER), mask, count);
	row_add(&model->totals, mask, count);
	add_in_netns(netns, mask, count);
}

void tracker_restart_counts(struct model *model)
{
	uint32_t id;

	for (id = pool_next(&model->netns, 0); id != POOL_NONE;
	     id = pool_next(&model->netns, id + 1))
		missed_forget(model, netns_at(model, id));
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++) {
		struct rows *rows = &model->rows[dim];

		for (id = pool_next(&rows->pool, 0); id != POOL_NONE;
		     id = pool_next(&rows->pool, id + 1))
			rows_reset(rows, id);
	}
	for (id = pool_next(&model->places.pool, 0); id != POOL_NONE;
	     id = pool_next(&model->places.pool, id + 1))
		rows_reset(&model->places, id);
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
		tracker_update(model, id, false);
	}
}
