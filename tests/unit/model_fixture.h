/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model and the records to feed it, for the tests of lifecycle, ledger,
 * reconcile and the door. Every feed_x() lets a microsecond pass, feeds one record
 * and checks that the model is sane. What it tells is kept as text to be compared.
 */
#ifndef MODEL_FIXTURE_H
#define MODEL_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/budgets.h"
#include "model/flame.h"
#include "model/ledger.h"
#include "model/model.h"
#include "model/ports.h"
#include "model/tracker.h"

#define MS 1000000ULL
#define SECOND (1000 * MS)
#define START_NS (1000 * SECOND)
#define NETNS 7

/* Facts at ->CLOSE after an orderly end: both FINs seen, the descriptor closed. */
#define ORDERLY (TW_F_DONE | TW_F_ORPHAN | TW_F_ALL_ACKED)

/* One end of a connection, as the kernel programs would tell of it. */
struct end {
	uint64_t cookie;
	struct tw_tuple tuple;
	struct tw_owner owner;
	uint64_t cgroup_id, listener, born_ns;
};

struct fixture {
	struct model *model;
	uint64_t now_ns, dump_ns;
	unsigned int source;
	bool window; /* stacks weigh less than the totals: they are of a later window */
	bool unchecked; /* a soak checks now and then, not after each record */
	char heard[4096];
	uint64_t told[NR_EVENT_KINDS];
	struct model_event last; /* its connection is gone */
	struct conn_view last_view; /* its texts are gone */
};

/* "CLOSE>SYN_SENT", "+FIN_WAIT2 inferred", "-TIME_WAIT expired", "failed ETIMEDOUT", ... */
static inline void hear(struct fixture *f, const struct model_event *ev)
{
	char word[80];

	snprintf(word, sizeof(word), "%s", event_kind_name(ev->kind));
	if (ev->kind == EVENT_TRANSITION)
		snprintf(word, sizeof(word), "%s>%s", state_name(ev->from), state_name(ev->to));
	else if (ev->kind == EVENT_TIME_WAIT_ENTER)
		snprintf(word, sizeof(word), "+%s %s", state_name(ev->substate),
			 evidence_name(ev->evidence));
	else if (ev->kind == EVENT_TIME_WAIT_EXIT)
		snprintf(word, sizeof(word), "-%s %s", state_name(ev->substate),
			 end_reason_name(ev->reason));
	else if (ev->kind == EVENT_TIME_WAIT_SUBSTATE)
		snprintf(word, sizeof(word), "%s~%s", state_name(ev->from), state_name(ev->to));
	else if (ev->kind == EVENT_CONNECT_FAILED)
		snprintf(word, sizeof(word), "failed %s",
			 text_errno(ev->error) ? text_errno(ev->error) : "unknown");
	assert_true(strlen(f->heard) + strlen(word) + 3 < sizeof(f->heard));
	strcat(f->heard, f->heard[0] ? "; " : "");
	strcat(f->heard, word);
}

static inline void on_event(void *ctx, const struct model_event *ev)
{
	uint64_t lasted_ns = TIME_UNKNOWN;
	struct fixture *f = ctx;

	f->told[ev->kind]++;
	f->last = *ev;
	if (ev->conn)
		f->last_view = *ev->conn;
	if (ev->kind == EVENT_TRANSITION)
		lasted_ns = ev->in_state_ns;
	if (ev->kind == EVENT_TIME_WAIT_EXIT)
		lasted_ns = ev->residence_ns;
	if (lasted_ns != TIME_UNKNOWN && lasted_ns > f->now_ns)
		fail_msg("something lasted %" PRIu64 " ns at %" PRIu64, lasted_ns, f->now_ns);
	if (!f->unchecked && ev->kind != EVENT_RESET_SENT)
		hear(f, ev);
}

/* What one living socket adds to the gauges, by its view: gauges are called like states. */
static inline void recount(void *ctx, const struct conn_view *view)
{
	unsigned int field = FIELD_FIRST_GAUGE;
	uint64_t *count = ctx;

	if (view->state == TW_LISTEN)
		return;
	while (field < NR_FIELDS && strcasecmp(field_name(field), state_name(view->state)))
		field++;
	if (field == NR_FIELDS)
		fail_msg("a socket counts as open in %s", state_name(view->state));
	/* a full socket is never in TIME_WAIT, a minisock in nothing but the two substates */
	if (view->minisock != (view->state == TW_TIME_WAIT) && view->state != TW_FIN_WAIT2)
		fail_msg("minisock: %d, in %s", view->minisock, state_name(view->state));
	count[FIELD_OPEN] += !view->minisock;
	count[FIELD_FW2_ORPHANS] += view->minisock && view->state == TW_FIN_WAIT2;
	count[field]++;
}

/* time_wait_other is the sum of its parts; no minisock holds a port longer than it was traced. */
static inline void assert_sane_ends(const struct model *model, const struct row *row)
{
	const uint64_t *count = row->count;
	uint64_t parts = count[FIELD_TW_REOPENED] + count[FIELD_TW_RESET] +
			 count[FIELD_TW_DESTROYED] + count[FIELD_TW_PURGED] +
			 count[FIELD_TW_UNKNOWN];
	uint64_t ever = count[FIELD_TW_ENTERED] + count[FIELD_TW_EXPIRED] + count[FIELD_TW_REUSED] +
			count[FIELD_TW_OTHER] + count[FIELD_TIME_WAIT] + count[FIELD_FW2_ORPHANS];
	uint64_t held_ns = row_held_ns(row, model_now_ns(model));

	if (parts != count[FIELD_TW_OTHER])
		fail_msg("time_wait_other is %" PRIu64 ", its parts %" PRIu64,
			 count[FIELD_TW_OTHER], parts);
	if (count[FIELD_FW2_EXPIRED] > count[FIELD_TW_EXPIRED])
		fail_msg("more orphans have expired than minisocks");
	if (held_ns && held_ns > ever * (model_now_ns(model) - START_NS))
		fail_msg("%" PRIu64 " minisocks have held ports for %" PRIu64 " ns", ever, held_ns);
}

static inline void assert_sane_rows(const struct model *model, enum dimension dimension)
{
	const struct rows *rows = model_rows(model, dimension);
	const uint64_t *total = model_totals(model)->count;
	uint64_t sum[NR_FIELDS] = { 0 }, held_ns = 0;
	uint32_t id;

	for (id = pool_next(&rows->pool, 0); id != POOL_NONE; id = pool_next(&rows->pool, id + 1)) {
		const struct row *row = rows_at(rows, id);

		for (unsigned int field = 0; field < NR_FIELDS; field++) {
			if (row->count[field] > UINT32_MAX)
				fail_msg("%s of row %u in dimension %u went below zero",
					 field_name(field), id, dimension);
			sum[field] += row->count[field];
		}
		assert_sane_ends(model, row);
		held_ns += row_held_ns(row, model_now_ns(model));
	}
	if (held_ns != row_held_ns(model_totals(model), model_now_ns(model)))
		fail_msg("the rows of dimension %u have held ports for %" PRIu64 " ns", dimension,
			 held_ns);
	for (unsigned int field = 0; field < NR_FIELDS; field++)
		if (sum[field] != total[field])
			fail_msg("%s: rows of dimension %u have %" PRIu64 ", the total is %" PRIu64,
				 field_name(field), dimension, sum[field], total[field]);
}

/* A connection counts in the row of its key, unless the cap put it into "other". */
static inline void assert_sane_keys(const struct model *model, const struct conn *conn)
{
	for (unsigned int dim = 0; dim < NR_DIMENSIONS && conn->rowed && conn->mask; dim++) {
		const struct row *row = rows_at(&model->rows[dim], conn->row[dim]);
		struct row_key key = conn_key(conn, conn_owner(model, conn)->service, dim);

		if (conn->row[dim] != ROW_OTHER && memcmp(&key, &row->key, sizeof(key)))
			fail_msg("cookie %" PRIu64 " is in a strange row of dimension %u",
				 conn->cookie, dim);
	}
}

/* The figures of a namespace that are kept up to date, against its connections. */
static inline void assert_sane_netns(const struct model *model, const struct netns *netns)
{
	static const enum audit_kind kinds[] = { AUDIT_TIME_WAIT, AUDIT_ESTABLISHED,
						 AUDIT_TRUE_TIME_WAIT, AUDIT_FIN_WAIT2 };
	uint64_t now[NR_AUDIT_KINDS] = { 0 };

	for (uint32_t id = netns->first; id != POOL_NONE; id = conn_at(model, id)->next) {
		const struct conn *conn = conn_at(model, id);
		bool mini = conn->phase == PHASE_MINI && conn->wanted;

		now[AUDIT_TIME_WAIT] += mini;
		now[AUDIT_TRUE_TIME_WAIT] += mini && conn->state == TW_TIME_WAIT;
		now[AUDIT_FIN_WAIT2] += mini && conn->state == TW_FIN_WAIT2;
		now[AUDIT_ESTABLISHED] += conn->phase == PHASE_FULL && conn->wanted &&
					  conn->state == TW_ESTABLISHED;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (now[kinds[i]] != netns->now.of[kinds[i]])
			fail_msg("%s of namespace %" PRIu64 " is %" PRIu64 ", but %" PRIu64 " live",
				 audit_name(kinds[i]), netns->cookie, netns->now.of[kinds[i]],
				 now[kinds[i]]);
}

/* An entry goes by its namespace's name, which goes with that. */
static inline void assert_sane_audits(const struct model *model)
{
	const struct audit *audits;
	size_t count = model_audits(model, &audits);

	for (size_t i = 0; i < count; i++)
		if (audits[i].name !=
		    tracker_netns_name(model, audits[i].netns_cookie, audits[i].source))
			fail_msg("the audit of namespace %" PRIu64 " has outlived it",
				 audits[i].netns_cookie);
}

/* Every owner has as many connections as point to it, and none is left without. */
static inline void assert_sane_owners(const struct model *model)
{
	const struct pool *owners = &model->owners.pool;
	uint32_t *conns = calloc(owners->used, sizeof(*conns)), id;

	assert_non_null(conns);
	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1))
		conns[conn_at(model, id)->owner]++;
	for (id = pool_next(owners, OWNERS_NOBODY + 1); id != POOL_NONE;
	     id = pool_next(owners, id + 1))
		if (!conns[id] || conns[id] != owners_at(&model->owners, id)->conns)
			fail_msg("owner %u counts %u connections, %u point to it", id,
				 owners_at(&model->owners, id)->conns, conns[id]);
	free(conns);
}

/* A minisock is looked at when it is due, or before. */
static inline void assert_sane_due(struct model *model, uint32_t id)
{
	uint32_t due_s = model->due_s[id];

	ledger_watch(model, id);
	if (conn_at(model, id)->phase == PHASE_MINI && due_s > model->due_s[id])
		fail_msg("a minisock is due at %u s and looked at at %u s", model->due_s[id],
			 due_s);
	model->due_s[id] = due_s;
}

static inline void add_weights(void *ctx, const struct flame_stack *stack)
{
	uint64_t *sum = ctx;

	for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
		sum[weight] += stack->weights[weight];
}

/* The stacks of a window that began at ready weigh what the totals count. */
static inline void assert_sane_flame(const struct model *model)
{
	const struct row *totals = model_totals(model);
	uint64_t sum[NR_FLAME_WEIGHTS] = { 0 }, unplaced;
	const struct failure *failures;
	size_t count = model_failures(model, &failures);
	uint64_t total[NR_FLAME_WEIGHTS] = {
		[WEIGHT_CONNECTIONS] = totals->count[FIELD_CONNECTIONS],
		[WEIGHT_OPEN] = totals->count[FIELD_OPEN],
		[WEIGHT_TIME_WAIT] =
			totals->count[FIELD_TIME_WAIT] + totals->count[FIELD_FW2_ORPHANS],
		[WEIGHT_TIME_WAIT_SECONDS] = row_held_ns(totals, model_now_ns(model)),
		[WEIGHT_FAILURES] = totals->count[FIELD_FAILED],
	};

	for (size_t i = 0; i < count; i++)
		if (failures[i].kind != FAILURE_CONNECT)
			total[WEIGHT_FAILURES] += failures[i].count;
	assert_int_equal(model_flame_each(model, add_weights, sum, &unplaced), 0);
	assert_true(!unplaced || model_loss(model, TW_LOSS_NO_MEMORY));
	for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
		if (weight != WEIGHT_SECONDS && sum[weight] != total[weight])
			fail_msg("%s of all stacks is %" PRIu64 ", the total %" PRIu64,
				 flame_weight_name(weight), sum[weight], total[weight]);
}

/* What budgets count as it happens, against their connections; each port is counted once. */
static inline void assert_sane_budgets(const struct model *model)
{
	const struct budgets *budgets = model->budgets;
	uint32_t *used = calloc(budgets->rows.used + 1, 2 * sizeof(*used)), id;
	uint32_t *conns = used + budgets->rows.used + 1;

	assert_non_null(used);
	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		const struct port_use *use = id < budgets->room ? &budgets->uses[id] : NULL;

		if (!use || !use->row)
			continue;
		if (conn_at(model, id)->phase == PHASE_OVER)
			fail_msg("a connection that is over has a port");
		used[use->row - 1] += (use->flags & USE_COUNTED) != 0;
		conns[use->row - 1]++;
	}
	for (id = pool_next(&budgets->rows, 0); id != POOL_NONE;
	     id = pool_next(&budgets->rows, id + 1)) {
		const struct budget_row *row = budget_at(budgets, id);

		if (row->used != used[id] || row->conns != conns[id])
			fail_msg("a budget counts %u ports of %u connections, not %u of %u",
				 row->used, row->conns, used[id], conns[id]);
	}
	free(used);
}

/* Every connect that failed is in the table of failures, or counted as left out of it. */
static inline void assert_sane_failures(const struct model *model)
{
	const struct failure *failures;
	size_t count = model_failures(model, &failures);
	uint64_t connects = model_failures_left_out(model);

	for (size_t i = 0; i < count; i++)
		connects += failures[i].kind == FAILURE_CONNECT ? failures[i].count : 0;
	/* what failed before it is in no table */
	if (model->ready && connects != model_totals(model)->count[FIELD_FAILED])
		fail_msg("%" PRIu64 " connects failed, the total is %" PRIu64, connects,
			 model_totals(model)->count[FIELD_FAILED]);
}

static inline void assert_sane_model(const struct fixture *f)
{
	const uint64_t *count = model_totals(f->model)->count;
	uint64_t living[NR_FIELDS] = { 0 };

	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		assert_sane_rows(f->model, dim);
	for (uint32_t id = pool_next(&f->model->conns, 0); id != POOL_NONE;
	     id = pool_next(&f->model->conns, id + 1)) {
		assert_sane_keys(f->model, conn_at(f->model, id));
		assert_sane_due(f->model, id);
	}
	assert_sane_owners(f->model);
	assert_sane_audits(f->model);
	assert_sane_failures(f->model);
	assert_sane_budgets(f->model);
	for (uint32_t id = pool_next(&f->model->netns, 0); id != POOL_NONE;
	     id = pool_next(&f->model->netns, id + 1))
		assert_sane_netns(f->model, netns_at(f->model, id));
	model_each_conn(f->model, recount, living);
	for (unsigned int field = FIELD_FIRST_GAUGE; field < NR_FIELDS; field++)
		if (living[field] != count[field])
			fail_msg("%s is %" PRIu64 ", but %" PRIu64 " such sockets live",
				 field_name(field), count[field], living[field]);
	if (!f->window)
		assert_sane_flame(f->model);
	assert_true(count[FIELD_OPENED] <= count[FIELD_CONNECTIONS]);
	assert_true(count[FIELD_CLOSED] <= count[FIELD_CONNECTIONS]);
	assert_true(model_loss(f->model, TW_LOSS_UNTOLD) <= UINT32_MAX);
}

/* Begins anew. */
static inline void fixture_start(struct fixture *f, const struct model_opts *opts)
{
	/* without what makes each connection a stack of its own: checks would take long */
	static const struct flame_by few = {
		.frames = { FRAME_NETNS, FRAME_SERVICE, FRAME_ROLE, FRAME_PORT, FRAME_STATE,
			    FRAME_CLOSE, FRAME_END, FRAME_STACK },
		.count = 8,
	};
	struct model_opts with = *opts;

	model_free(f->model);
	memset(f, 0, sizeof(*f));
	with.ports = true;
	if (!with.flame)
		with.flame = &few;
	f->model = model_new(&with);
	assert_non_null(f->model);
	f->now_ns = START_NS;
	model_subscribe(f->model, on_event, f);
}

static inline int fixture_open(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	assert_non_null(*state);
	fixture_start(*state, &(struct model_opts){ 0 });
	return 0;
}

static inline int fixture_close(void **state)
{
	model_free(((struct fixture *)*state)->model);
	free(*state);
	return 0;
}

static inline void feed(struct fixture *f, const void *record, size_t len)
{
	model_feed(f->model, record, len, f->source);
	if (!f->unchecked)
		assert_sane_model(f);
}

static inline struct tw_record head_of(struct fixture *f, enum tw_kind kind, size_t size)
{
	f->now_ns += 1000;
	return (struct tw_record){ .size = size, .kind = kind, .ts_ns = f->now_ns };
}

static inline void feed_bare(struct fixture *f, enum tw_kind kind)
{
	struct tw_record record = head_of(f, kind, sizeof(record));

	feed(f, &record, sizeof(record));
}

static inline void pass(struct fixture *f, uint64_t ns)
{
	f->now_ns += ns;
	feed_bare(f, TW_TICK);
}

static inline struct end end_of(uint64_t cookie, uint16_t local_port, uint16_t remote_port,
				uint32_t pid, const char *comm)
{
	struct end end = {
		.cookie = cookie,
		.tuple = {
			.local_addr = {[10] = 0xff, 0xff, 10, 0, 0, 1},
			.remote_addr = {[10] = 0xff, 0xff, 10, 0, 0, 2},
			.local_port = local_port,
			.remote_port = remote_port,
			.netns_ino = 4026531840,
			.netns_cookie = NETNS,
		},
		.owner.tgid = pid,
	};

	snprintf(end.owner.comm, sizeof(end.owner.comm), "%s", comm);
	return end;
}

static inline struct end client(uint64_t cookie)
{
	return end_of(cookie, 40000 + cookie, 80, 100, "client");
}

static inline struct end server(uint64_t cookie)
{
	return end_of(cookie, 8080, 50000 + cookie, 200, "server");
}

static inline void feed_transition(struct fixture *f, const struct end *end, uint8_t from,
				   uint8_t to, uint16_t flags, uint8_t error, size_t size)
{
	struct tw_transition record = { .cookie = end->cookie,
					.owner = end->owner,
					.tuple = end->tuple,
					.cgroup_id = end->cgroup_id,
					.born_ns = end->born_ns,
					.listener_cookie = end->listener };

	record.head = head_of(f, TW_TRANSITION, size);
	record.head.from = from;
	record.head.to = to;
	record.head.flags = flags;
	record.head.error = error;
	feed(f, &record, size);
}

static inline void feed_full(struct fixture *f, const struct end *end, uint8_t from, uint8_t to,
			     uint16_t flags)
{
	feed_transition(f, end, from, to, flags, 0, TW_TRANSITION_FULL);
}

static inline void feed_brief(struct fixture *f, const struct end *end, uint8_t from, uint8_t to,
			      uint16_t flags)
{
	feed_transition(f, end, from, to, flags, 0, TW_TRANSITION_SHORT);
}

/* connect() as far as SYN_SENT: the port is not chosen yet. */
static inline void feed_connect(struct fixture *f, const struct end *end)
{
	struct end early = *end;

	early.tuple.local_port = 0;
	feed_full(f, &early, TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING | TW_F_OWNER);
}

static inline void feed_connected(struct fixture *f, const struct end *end)
{
	feed_connect(f, end);
	feed_full(f, end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
}

/* A listener's child: its birth is told with ESTABLISHED. */
static inline void feed_accepted(struct fixture *f, const struct end *end)
{
	struct end child = *end;

	f->now_ns += 1000;
	child.born_ns = f->now_ns;
	feed_full(f, &child, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING);
}

/* The active close of an established connection, with these facts at its end. */
static inline void feed_close_first(struct fixture *f, const struct end *end, uint16_t flags)
{
	feed_brief(f, end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_brief(f, end, TW_FIN_WAIT2, TW_CLOSE, flags);
}

static inline void feed_reset(struct fixture *f, const struct end *end, uint8_t state)
{
	struct tw_reset record = { .cookie = end->cookie };

	record.head = head_of(f, TW_RESET_SENT, sizeof(record));
	record.head.from = state;
	feed(f, &record, sizeof(record));
}

static inline void feed_tier(struct fixture *f, enum tw_evidence tier)
{
	struct tw_record record = head_of(f, TW_TIER, sizeof(record));

	record.from = tier;
	record.to = TW_BINDS_SEEN;
	feed(f, &record, sizeof(record));
}

/* Inference, by a timer wheel that turns at @phase_ns and every 2,048 ms. */
static inline void feed_wheel(struct fixture *f, uint64_t phase_ns)
{
	struct tw_tier tier = { .wheel_granule_ns = 2048 * MS,
				.wheel_phase_ns = phase_ns % (2048 * MS) };

	tier.head = head_of(f, TW_TIER, sizeof(tier));
	tier.head.to = TW_BINDS_SEEN;
	feed(f, &tier, sizeof(tier));
}

/* What an evidence tier tells of a minisock. @end without a cookie: by its tuple. */
static inline void feed_mini(struct fixture *f, enum tw_kind kind, const struct end *end,
			     enum tw_state substate, enum tw_end_reason reason)
{
	struct tw_minisock record = {
		.cookie = end->cookie,
		.local_port = end->tuple.local_port,
		.remote_port = end->tuple.remote_port,
	};
	size_t size = end->cookie ? TW_MINISOCK_SHORT : sizeof(record);

	record.head = head_of(f, kind, size);
	record.head.from = substate;
	record.head.to = reason;
	if (!end->cookie)
		record.tuple = end->tuple;
	feed(f, &record, size);
}

static inline void feed_born(struct fixture *f, const struct end *end, enum tw_state substate)
{
	feed_mini(f, TW_MINI_BORN, end, substate, 0);
}

static inline void feed_ended(struct fixture *f, const struct end *end, enum tw_state substate,
			      enum tw_end_reason reason)
{
	feed_mini(f, TW_MINI_ENDED, end, substate, reason);
}

/* @figures: the kernel's own; those of what happened since boot. @flags: enum tw_snapshot_flag. */
static inline void feed_dumped(struct fixture *f, enum tw_kind kind, uint64_t netns,
			       const struct tw_kernel_figures *figures, uint32_t flags,
			       uint8_t error)
{
	struct tw_snapshot record = { .netns_cookie = netns,
				      .netns_ino = 4026531840,
				      .kernel = *figures,
				      .port_low = 32768,
				      .port_high = 60999,
				      .flags = flags };

	record.head = head_of(f, kind, sizeof(record));
	record.head.error = error;
	if (kind == TW_SNAPSHOT_BEGIN)
		f->dump_ns = record.head.ts_ns;
	feed(f, &record, sizeof(record));
}

/* @time_wait, @overflow: the kernel's own figures; overflow since boot. */
static inline void feed_snapshot(struct fixture *f, enum tw_kind kind, uint64_t netns,
				 uint64_t time_wait, uint64_t overflow, uint8_t error)
{
	struct tw_kernel_figures figures = { .time_wait = time_wait, .overflow = overflow };

	feed_dumped(f, kind, netns, &figures, 0, error);
}

static inline void feed_begin(struct fixture *f)
{
	feed_snapshot(f, TW_SNAPSHOT_BEGIN, NETNS, 0, 0, 0);
}

static inline void feed_end(struct fixture *f, uint64_t time_wait, uint64_t overflow)
{
	feed_snapshot(f, TW_SNAPSHOT_END, NETNS, time_wait, overflow, 0);
}

/* @expires_ms: of a minisock; FULL: it is none. */
#define FULL UINT32_MAX
static inline void feed_found(struct fixture *f, const struct end *end, uint8_t state,
			      uint32_t expires_ms)
{
	struct tw_socket record = { .cookie = end->cookie, .tuple = end->tuple };

	record.head = head_of(f, TW_SOCKET, sizeof(record));
	record.head.ts_ns = f->dump_ns;
	record.head.from = state;
	record.head.to = expires_ms == FULL ? 0 : TW_TIMER_MINISOCK;
	record.cgroup_id = end->cgroup_id;
	record.expires_ms = expires_ms == FULL ? 0 : expires_ms;
	record.idle_ms = ~0U;
	feed(f, &record, sizeof(record));
}

static inline void check_text(const char *why, const char *got, const char *want, const char *file,
			      int line)
{
	if (!strcmp(got, want))
		return;
	print_error("%s:%d: %s\n  is    \"%s\"\n  ought \"%s\"\n", file, line, why, got, want);
	_fail(file, line);
}

static inline void check_totals(const struct fixture *f, const char *why, const char *want,
				const char *file, int line)
{
	char text[1024] = "", part[64];

	for (unsigned int field = 0; field < NR_FIELDS; field++) {
		uint64_t count = model_totals(f->model)->count[field];

		snprintf(part, sizeof(part), "%s%s %" PRIu64, text[0] ? " " : "", field_name(field),
			 count);
		strcat(text, count ? part : "");
	}
	check_text(why, text, want, file, line);
}

#define fixture_test(fn) cmocka_unit_test_setup_teardown(fn, fixture_open, fixture_close)
/* Macros, so that a failure has the line of the test. Every field that is not 0, in the order of enum field: "connections 1 opened 1". */
#define assert_totals(f, want) check_totals(f, __func__, want, __FILE__, __LINE__)
/* Everything told since the last time: "CLOSE>SYN_SENT; failed ETIMEDOUT". */
#define assert_heard(f, want)                                               \
	do {                                                                \
		check_text(__func__, (f)->heard, want, __FILE__, __LINE__); \
		(f)->heard[0] = '\0';                                       \
	} while (0)

#endif
