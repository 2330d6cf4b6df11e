// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections into budgets, and what happens to those. */
#include "model/budgets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "model/budget_tally.h"
#include "model/outcome.h"
#include "model/port_space.h"

#define SECOND_NS 1000000000ULL
/* A host that speaks with more destinations runs out of ports towards none of them. */
#define MAX_BUDGETS 20000

struct budgets *budgets_new(void)
{
	struct budgets *budgets = calloc(1, sizeof(*budgets));

	if (!budgets)
		return NULL;
	pool_init(&budgets->rows, sizeof(struct budget_row));
	if (index_init(&budgets->index)) {
		free(budgets);
		return NULL;
	}
	return budgets;
}

void budgets_free(struct budgets *budgets)
{
	uint32_t id;

	if (!budgets)
		return;
	for (id = pool_next(&budgets->rows, 0); id != POOL_NONE;
	     id = pool_next(&budgets->rows, id + 1))
		budget_forget_searches(budget_at(budgets, id));
	pool_release(&budgets->rows);
	index_release(&budgets->index);
	port_settings_release(&budgets->settings);
	free(budgets->uses);
	free(budgets->shown);
	budgets_tally_free(budgets);
	free(budgets);
}

static bool row_equal(const void *ctx, uint32_t id, const void *key)
{
	return !memcmp(&budget_at(ctx, id)->key, key, sizeof(struct budget_key));
}

/* Nobody has a port of it, and nothing is worth telling. */
static bool is_spent(struct budget_row *row, uint64_t now_ns)
{
	return !row->conns && !budget_failures_late(row, now_ns);
}

/* Of the namespace @only, of all where it is NULL. */
static void sweep(struct budgets *budgets, const struct ended_netns *only, uint64_t now_ns)
{
	for (uint32_t id = pool_next(&budgets->rows, 0); id != POOL_NONE;
	     id = pool_next(&budgets->rows, id + 1)) {
		struct budget_row *row = budget_at(budgets, id);

		if (only &&
		    (row->key.netns_cookie != only->cookie || row->key.source != only->source))
			continue;
		if (!is_spent(row, now_ns))
			continue;
		index_remove(&budgets->index, hash_bytes(&row->key, DESTINATION_LEN), id);
		budgets->ranged -= row->key.own_range != 0;
		budget_forget_searches(row);
		pool_give(&budgets->rows, id);
	}
}

void budgets_netns_gone(struct model *model, uint64_t netns_cookie, unsigned int source)
{
	struct budgets *budgets = model->budgets;
	struct ended_netns *ended = &budgets->ended[budgets->nr_ended++ % ENDED_REMEMBERED];

	if (ended->cookie) {
		port_settings_forget(&budgets->settings, ended->cookie, ended->source);
		sweep(budgets, ended, model->now_ns);
	}
	*ended = (struct ended_netns){ .cookie = netns_cookie, .source = source };
}

static uint32_t row_for(struct model *model, const struct budget_key *key, uint32_t netns_ino)
{
	struct budgets *budgets = model->budgets;
	uint32_t hash = hash_bytes(key, DESTINATION_LEN);
	uint32_t id = index_find(&budgets->index, hash, row_equal, budgets, key);
	struct budget_row *row;

	if (id != INDEX_NONE)
		return id;
	if (budgets->rows.count >= MAX_BUDGETS && model->now_ns - budgets->swept_ns >= SECOND_NS) {
		budgets->swept_ns = model->now_ns;
		sweep(budgets, NULL, model->now_ns);
	}
	id = budgets->rows.count < MAX_BUDGETS ? pool_take(&budgets->rows) : POOL_NONE;
	if (id == POOL_NONE)
		return id;
	if (index_insert(&budgets->index, hash, id)) {
		pool_give(&budgets->rows, id);
		return POOL_NONE;
	}
	row = budget_at(budgets, id);
	row->key = *key;
	row->netns_ino = netns_ino;
	budgets->ranged += key->own_range != 0;
	return id;
}

struct budget_key budget_key_of(const struct model *model, const struct conn *conn)
{
	struct budget_key key;

	memset(&key, 0, sizeof(key));
	key.netns_cookie = netns_at(model, conn->netns)->cookie;
	key.source = conn->source;
	key.remote_port = conn->remote_port;
	memcpy(key.local_addr, conn->local_addr, 16);
	memcpy(key.remote_addr, conn->remote_addr, 16);
	return key;
}

/* NULL: no memory. */
static struct port_use *use_of(struct model *model, uint32_t id)
{
	struct budgets *budgets = model->budgets;
	uint32_t room = budgets->room ? budgets->room : POOL_CHUNK;
	struct port_use *grown;

	if (id < budgets->room)
		return &budgets->uses[id];
	while (room <= id)
		room *= 2;
	grown = realloc(budgets->uses, room * sizeof(*grown));
	if (!grown) {
		model->loss[TW_LOSS_NO_MEMORY]++;
		return NULL;
	}
	memset(grown + budgets->room, 0, (room - budgets->room) * sizeof(*grown));
	budgets->uses = grown;
	budgets->room = room;
	return &grown[id];
}

/* What had it before gives way within the same record: the most is taken between records. */
static void change_used(struct model *model, struct budget_row *row, int sign)
{
	if (row->changed_ns != model->now_ns)
		budget_note_used(row, model->now_ns, row->used);
	row->changed_ns = model->now_ns;
	row->used += sign;
}

static void leave(struct model *model, struct port_use *use)
{
	struct budget_row *row = budget_at(model->budgets, use->row - 1);

	if (use->flags & USE_COUNTED)
		change_used(model, row, -1);
	row->conns--;
	use->row = 0;
	use->flags &= USE_BOUND | USE_MINISOCK;
}

static struct budget_key key_in_use(const struct model *model, const struct port_use *use,
				    const struct conn *conn)
{
	struct budget_key key = budget_key_of(model, conn);

	key.own_range = use->own_range;
	return key;
}

static void enter(struct model *model, struct port_use *use, const struct conn *conn)
{
	struct budget_key key = key_in_use(model, use, conn);
	uint32_t row = row_for(model, &key, netns_at(model, conn->netns)->ino);

	if (row == POOL_NONE) {
		use->flags |= USE_LEFT_OUT;
		model->budgets->left_out++;
		return;
	}
	use->row = row + 1;
	budget_at(model->budgets, row)->conns++;
}

static void place(struct model *model, struct port_use *use, const struct conn *conn)
{
	struct budget_row *row = budget_at(model->budgets, use->row - 1);
	struct port_span span;

	if (!conn->local_port || use->flags & USE_PLACED)
		return;
	use->flags |= USE_PLACED;
	if (budget_span(model->budgets, row, &span) && !span_has(&span, conn->local_port))
		return;
	use->flags |= USE_COUNTED;
	change_used(model, row, 1);
}

/* From its connect() to its end, or to the end of its minisock. */
static bool takes_port(const struct conn *conn)
{
	if (!conn->wanted || conn->direction != DIRECTION_OUTGOING || !conn->remote_port ||
	    addr_is_any(conn->local_addr))
		return false;
	if (conn->phase == PHASE_FULL)
		return conn->state != TW_CLOSE && conn->state != TW_LISTEN;
	return conn->phase == PHASE_PENDING || conn->phase == PHASE_MINI;
}

static void add_life(struct lives *lives, uint64_t from_ns, uint64_t to_ns)
{
	if (!from_ns || to_ns < from_ns)
		return;
	lives->count++;
	lives->ns += to_ns - from_ns;
}

static void end_full(struct budget_row *row, const struct port_use *use, uint64_t end_ns,
		     bool minisock)
{
	add_life(&row->full, use->began_ns, end_ns);
	if (minisock && use->began_ns)
		row->left_minisock++;
}

static void end_minisock(struct model *model, struct budget_row *row, const struct conn *conn)
{
	if (conn->state == TW_TIME_WAIT)
		row->ended_time_wait++;
	else
		row->ended_fin_wait2++;
	if (conn->end == END_REUSED)
		row->reused++;
	if (conn->end != END_EXPIRED || model->tier[conn->source] < EVIDENCE_TIMER ||
	    !conn->entered)
		return;
	add_life(&row->minisock, conn->born_ns, conn->since_ns);
	add_life(&model->budgets->minisock, conn->born_ns, conn->since_ns);
}

static void note_lives(struct model *model, struct port_use *use, const struct conn *conn)
{
	struct budget_row *row = budget_at(model->budgets, use->row - 1);

	if (conn->phase == PHASE_MINI && !(use->flags & USE_MINISOCK)) {
		use->flags |= USE_MINISOCK;
		end_full(row, use, conn->born_ns, true);
	}
	if (conn->phase != PHASE_OVER)
		return;
	if (use->flags & USE_MINISOCK)
		end_minisock(model, row, conn);
	else
		end_full(row, use, conn->since_ns, false);
}

void budgets_ask(struct model *model, uint32_t id, const struct tw_transition *record)
{
	struct port_use *use = use_of(model, id);

	if (use && transition_is_full(record))
		use->own_range = record->own_range;
}

void budgets_follow(struct model *model, uint32_t id, bool rekeyed)
{
	const struct conn *conn = conn_at(model, id);
	struct port_use *use = use_of(model, id);
	bool takes = takes_port(conn);
	struct budget_key key;

	if (!use || use->flags & USE_LEFT_OUT)
		return;
	/* it has just closed: told once more when it is known what it leaves behind */
	if (use->row && conn->phase == PHASE_FULL && conn->state == TW_CLOSE)
		return;
	if (use->row)
		note_lives(model, use, conn);
	if (use->row && takes && rekeyed) {
		key = key_in_use(model, use, conn);
		if (memcmp(&key, &budget_at(model->budgets, use->row - 1)->key, sizeof(key)))
			leave(model, use);
	}
	if (takes && !use->row)
		enter(model, use, conn);
	else if (!takes && use->row)
		leave(model, use);
	if (use->row)
		place(model, use, conn);
}

void budgets_bound(struct model *model, uint32_t id)
{
	struct port_use *use = use_of(model, id);

	if (use)
		use->flags |= USE_BOUND;
}

void budgets_connect(struct model *model, uint32_t id, const struct tw_transition *record)
{
	const struct conn *conn = conn_at(model, id);
	bool full = transition_is_full(record);
	struct port_use *use = use_of(model, id);
	struct budget_row *row;

	if (!use || !use->row)
		return;
	row = budget_at(model->budgets, use->row - 1);
	if (!use->began_ns) {
		budget_begin(row, record->head.ts_ns, 1);
		use->began_ns = conn->born_ns;
	}
	/* connect() has not chosen yet: bind() did */
	if (record->head.to == TW_SYN_SENT && full && record->tuple.local_port)
		use->flags |= USE_BOUND;
	if (record->head.to == TW_ESTABLISHED && full && conn->born_ns &&
	    record->syn_ns >= conn->born_ns)
		budget_searched(row, record->head.ts_ns, record->syn_ns - conn->born_ns);
}

void budgets_failed(struct model *model, const struct conn *conn, uint64_t took_ns)
{
	uint32_t id = tracker_find(model, conn->cookie, conn->source);
	struct port_use *use = id == POOL_NONE ? NULL : use_of(model, id);
	struct budget_row *row;

	if (!use || !use->row)
		return;
	row = budget_at(model->budgets, use->row - 1);
	budget_note_failures(row, model->now_ns, 1);
	if (use->began_ns)
		budget_searched(row, model->now_ns, took_ns);
	/* it had no port: how long it lasted is no life of one */
	use->began_ns = 0;
}

void budgets_leave(struct model *model, uint32_t id)
{
	struct port_use *use = use_of(model, id);

	if (!use)
		return;
	if (use->row)
		leave(model, use);
	*use = (struct port_use){ 0 };
}

void budgets_restart(struct model *model)
{
	struct budgets *budgets = model->budgets;

	for (uint32_t id = pool_next(&budgets->rows, 0); id != POOL_NONE;
	     id = pool_next(&budgets->rows, id + 1)) {
		struct budget_row *row = budget_at(budgets, id);

		row->opened = row->failures = row->begun_s = row->since_ns = 0;
		row->left_minisock = row->reused = 0;
		row->ended_time_wait = row->ended_fin_wait2 = 0;
		row->full = row->minisock = (struct lives){ 0 };
		row->peak = row->used;
		row->late = (struct budget_late){ 0 };
		memset(row->begun, 0, sizeof(row->begun));
		budget_forget_searches(row);
	}
	budgets->minisock = (struct lives){ 0 };
}

/* inet_sk_get_local_port_range(): what is outside of the namespace's range changes nothing. */
static void narrow(uint32_t own, struct port_span *span)
{
	uint16_t own_low = own & UINT16_MAX, own_high = own >> 16;
	uint16_t low = span->low, high = span->high;

	if (low <= own_low && own_low <= high)
		span->low = own_low;
	if (low <= own_high && own_high <= high)
		span->high = own_high;
}

bool budget_span(struct budgets *budgets, const struct budget_row *row, struct port_span *span)
{
	const struct port_settings *settings =
		port_settings_of(&budgets->settings, row->key.netns_cookie, row->key.source);
	uint32_t own = row->key.own_range;

	if (!settings || !settings->low)
		return false;
	*span = (struct port_span){ .low = settings->low, .high = settings->high };
	if (own)
		narrow(own, span);
	span->count = port_range_count(span->low, span->high, own ? PORT_STEP_OWN : PORT_STEP);
	return true;
}
