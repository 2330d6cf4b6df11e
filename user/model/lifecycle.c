// SPDX-License-Identifier: GPL-2.0-or-later
/* State changes of full sockets, as the kernel tells them, into facts of connections. */
#include "model/lifecycle.h"

#include "model/attribution.h"
#include "model/budgets.h"
#include "model/failures.h"
#include "model/farewells.h"
#include "model/flames.h"
#include "model/leaks.h"
#include "model/ledger.h"
#include "model/outcome.h"
#include "model/sums.h"
#include "model/witness.h"

/* Whose RST ended the connection, by its last record and what was sent before it. */
static enum reset reset_by(const struct conn *conn, const struct tw_transition *record)
{
	enum reset reset = outcome_reset(&record->head);

	if (reset == RESET_NONE && record->head.to == TW_CLOSE && conn->rst)
		return RESET_SENT;
	return reset;
}

static void tell_transition(struct model *model, const struct conn *conn, uint8_t from, uint8_t to,
			    uint64_t ts_ns, uint64_t in_state_ns, int error, enum reset reset)
{
	struct model_event event;

	if (!tracker_is_heard(model, conn))
		return;
	event = (struct model_event){
		.kind = EVENT_TRANSITION,
		.ts_ns = ts_ns,
		.from = from,
		.to = to,
		.in_state_ns = in_state_ns,
		.error = error,
		.reset = reset,
	};
	tracker_tell(model, conn, &event);
}

/* Moves the facts on by one state; the state known before differs from @from after a loss. */
static void advance(struct conn *conn, uint8_t from, uint8_t to)
{
	if (to == TW_CLOSE)
		conn->closed = true;
	/* also where the event of ESTABLISHED itself was lost; SYN_RECV may close
	 * actively before it (TCP Fast Open) */
	if ((state_is_synchronized(to) || state_is_synchronized(from)) && !conn->preexisting)
		conn->opened = true;
	if (to == TW_FIN_WAIT1 ||
	    (state_is_active_close(from) && !state_is_active_close(conn->state)))
		conn->closed_first = true;
}

/* What came before this change was told in sum: true of the connection, and counted. */
static void bridge(struct conn *conn, uint8_t from)
{
	conn->state = from;
	if (state_is_synchronized(from) && !conn->preexisting)
		conn->opened = true;
	sums_told(conn);
}

/*
 * A change that found no room when it happened and is told now: what came after it may
 * have been told before.
 */
static bool is_late(const struct conn *conn, const struct tw_record *head)
{
	return conn->state != head->from && head->ts_ns < conn->since_ns;
}

/*
 * The socket has been connected again since, and that life taken for ended; a listener whose
 * begin is told late may have gone on to something else.
 */
static bool is_of_earlier_life(const struct conn *conn, const struct tw_record *head)
{
	if (!(head->flags & TW_F_LATE) || conn->phase != PHASE_FULL)
		return false;
	return head->ts_ns < (head->from == TW_CLOSE ? conn->since_ns : conn->born_ns);
}

static void tell_late(struct model *model, uint32_t id, const struct tw_record *head)
{
	advance(conn_at(model, id), head->from, head->to);
	tracker_update(model, id, false);
	tell_transition(model, conn_at(model, id), head->from, head->to, head->ts_ns, TIME_UNKNOWN,
			0, RESET_NONE);
}

/*
 * Two looks at one change may both have told of it, in either order (they share a segment's
 * time): no socket enters a state it is in.
 */
static bool is_told_twice(const struct conn *conn, const struct tw_record *head)
{
	uint8_t state = conn->phase == PHASE_FULL ? conn->state : TW_CLOSE;

	/* what comes after a gap may be the same change of another life */
	return state == head->to && !(head->flags & TW_F_GAP) &&
	       (conn->second || head->flags & TW_F_SECOND);
}

static void forget(struct model *model, uint32_t id)
{
	conn_at(model, id)->wanted = false;
	tracker_update(model, id, false);
	tracker_remove(model, id);
}

static void count_lifetime(struct model *model, const struct conn *conn, bool rowed, uint64_t ns)
{
	for (unsigned int dim = 0; dim < NR_DIMENSIONS && rowed; dim++)
		histogram_add(&rows_at(&model->rows[dim], conn->row[dim])->lifetime, ns);
	histogram_add(&model->totals.lifetime, ns);
}

/* Each row's buckets are somewhere else: by the time that they are needed they are here. */
static void expect_lifetime(const struct model *model, const struct conn *conn, uint64_t ns)
{
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		histogram_expect(&rows_at(&model->rows[dim], conn->row[dim])->lifetime, ns);
}

/* For the detector: what it was like, and that somebody may hold it still. */
static void note_end(struct model *model, uint32_t id, const struct tw_transition *record)
{
	const struct conn *conn = conn_at(model, id);

	if (!conn->wanted || conn->state == TW_LISTEN || record->head.from == TW_LISTEN)
		return;
	leaks_ended(model, conn, (record->head.flags & TW_F_ONE_SEGMENT) != 0);
	/* close() orphans it first, or resets it in the process's own context */
	if (!(record->head.flags & (TW_F_ORPHAN | TW_F_OWNER | TW_F_KERNEL)))
		closed_note(model, id);
}

static void close_socket(struct model *model, uint32_t id, const struct tw_transition *record)
{
	struct conn *conn = conn_at(model, id);
	uint16_t flags = record->head.flags;
	uint8_t from = record->head.from, error = record->head.error;
	uint64_t ts_ns = record->head.ts_ns, born_ns = conn->born_ns;
	enum remains remains = ledger_remains(from, error, flags);
	bool rowed = conn->rowed, lived;

	conn->reset = reset_by(conn, record) != RESET_NONE;
	/* the keepalive timer resets in FIN_WAIT2 instead of making a minisock */
	if (conn->rst)
		remains = REMAINS_NOTHING;
	if (from == TW_SYN_SENT || (from == TW_SYN_RECV && conn->direction == DIRECTION_OUTGOING)) {
		int failed = conn_connect_error(conn, &record->head);

		conn->failed = failed != 0;
		if (failed && model->flames)
			flames_failed(model, id, failed);
		if (failed)
			failures_connect(model, conn, failed, ts_ns);
	}
	if (model->leaks)
		note_end(model, id, record);
	if (model->farewell)
		farewell_ended(model, conn, record, reset_by(conn, record));
	lived = conn->opened && conn->born_ns && conn->wanted;
	ledger_birth(model, id, remains);
	/* last: what expect_lifetime() asked for comes meanwhile */
	if (lived)
		count_lifetime(model, conn, rowed, ts_ns - born_ns);
	witness_catch_up(model, id);
}

static uint32_t add(struct model *model, const struct tw_transition *record, unsigned int source)
{
	uint32_t id = tracker_add(model, record->cookie, &record->tuple, source);
	struct conn *conn;

	if (id == POOL_NONE)
		return id;
	conn = conn_at(model, id);
	conn->state = record->head.from;
	conn->since_ns = record->head.ts_ns;
	/* when it came into that state was not seen */
	conn->since_bound = record->head.from != TW_CLOSE;
	/* nor its birth: it is older than the tracer, unless it says that it is not */
	conn->preexisting = state_is_synchronized(record->head.from) &&
			    !(record->head.flags & (TW_F_OUTGOING | TW_F_INCOMING | TW_F_GAP));
	return id;
}

/* LISTEN->SYN_RECV had no tuple when it happened; told with the next event. */
static void retell_birth(struct model *model, uint32_t id, uint64_t born_ns)
{
	struct conn *conn = conn_at(model, id);

	conn->born_ns = conn->since_ns = born_ns;
	conn->since_bound = false;
	conn->state = TW_SYN_RECV;
	/* what comes of it is counted with the event that tells of it */
	if (model->event_fn || model->flames)
		tracker_update(model, id, true);
	tell_transition(model, conn, TW_LISTEN, TW_SYN_RECV, born_ns, TIME_UNKNOWN, 0, RESET_NONE);
}

/*
 * The connection of the record, where its cookie leads to @id; POOL_NONE when it is not
 * known and the record is too short to make it: its full record was lost, the next snapshot
 * brings it back.
 */
static uint32_t resolve(struct model *model, uint32_t id, const struct tw_transition *record,
			unsigned int source)
{
	const struct conn *conn = id == POOL_NONE ? NULL : conn_at(model, id);

	/* the same socket, connected again: a new connection. The old one has ended, be it
	 * that its last event was lost */
	if (conn && transition_is_full(record) &&
	    (conn->phase != PHASE_FULL ||
	     (record->head.from == TW_CLOSE && conn->state != TW_CLOSE))) {
		if (conn->phase == PHASE_PENDING)
			ledger_confirm(model, id);
		if (conn->phase == PHASE_FULL)
			lifecycle_vanished(model, id);
		/* its minisock lives on, under a cookie that is the new connection's too */
		if (conn->phase != PHASE_MINI || tracker_detach(model, id))
			tracker_remove(model, id);
		id = POOL_NONE;
	}
	if (id == POOL_NONE && transition_is_full(record))
		id = add(model, record, source);
	if (id != POOL_NONE && conn_at(model, id)->phase != PHASE_FULL)
		id = POOL_NONE;
	return id;
}

static void enter_state(struct conn *conn, const struct tw_transition *record, uint64_t ts_ns)
{
	conn->state = record->head.to;
	conn->second = (record->head.flags & TW_F_SECOND) != 0;
	conn->since_ns = conn->seen_ns = ts_ns;
	conn->since_bound = false;
	conn->absent = 0;
	if (conn->state == TW_SYN_SENT)
		conn->born_ns = ts_ns;
	/* connect() has not chosen yet */
	if (conn->state == TW_SYN_SENT && transition_is_full(record))
		conn->bound = record->tuple.local_port != 0;
}

/* The change of a connection that is known to be in time for it. */
static void change(struct model *model, uint32_t id, const struct tw_transition *record)
{
	uint8_t from = record->head.from, to = record->head.to;
	uint64_t ts_ns = record->head.ts_ns, in_state_ns = TIME_UNKNOWN;
	struct conn *conn = conn_at(model, id);
	bool rekeyed, was_wanted;

	/* the kernel's clock was read a little before the change (tcp_mstamp_refresh()) */
	if (ts_ns < conn->since_ns && conn->since_ns <= model->now_ns)
		ts_ns = conn->since_ns;
	was_wanted = conn->wanted;
	if (to == TW_CLOSE && conn->rowed)
		expect_lifetime(model, conn, ts_ns - conn->born_ns);
	if (record->head.flags & TW_F_GAP)
		bridge(conn, from);
	rekeyed = attribution_learn(model, conn, record) || !conn->rowed;
	if (transition_is_full(record) && record->born_ns)
		retell_birth(model, id, record->born_ns);
	if (conn->state == from && !conn->since_bound && conn->since_ns && from != TW_CLOSE)
		in_state_ns = ts_ns - conn->since_ns;
	advance(conn, from, to);
	if (model->farewell && transition_has_owner(record))
		farewell_acted(model, id, record);
	enter_state(conn, record, ts_ns);
	if (from == TW_CLOSE)
		closed_forget(model, conn->cookie, conn->source);
	if (model->budgets && to == TW_SYN_SENT)
		budgets_ask(model, id, record);
	/* an end is counted when it is known what it leaves behind */
	if (to != TW_CLOSE || rekeyed)
		tracker_update(model, id, rekeyed);
	if (model->budgets && (to == TW_SYN_SENT || (from == TW_SYN_SENT && to == TW_ESTABLISHED)))
		budgets_connect(model, id, record);
	/* a filter on the local port could not know it at SYN_SENT: told late */
	if (conn->wanted && !was_wanted && from == TW_SYN_SENT && conn->born_ns)
		tell_transition(model, conn, TW_CLOSE, TW_SYN_SENT, conn->born_ns, TIME_UNKNOWN, 0,
				RESET_NONE);
	if (tracker_is_heard(model, conn)) {
		int error = to == TW_CLOSE && from == TW_SYN_SENT ?
				    conn_connect_error(conn, &record->head) :
				    record->head.error;

		tell_transition(model, conn, from, to, ts_ns, in_state_ns, error,
				reset_by(conn, record));
	}
	if (to == TW_ESTABLISHED)
		ledger_succeeded(model, conn);
	if (to == TW_CLOSE)
		close_socket(model, id, record);
	conn->rst = false;
}

void lifecycle_transition(struct model *model, const struct tw_transition *record,
			  unsigned int source)
{
	const struct tw_record *head = &record->head;
	uint32_t id = tracker_find(model, record->cookie, source);

	if (id != POOL_NONE && (is_told_twice(conn_at(model, id), head) ||
				is_of_earlier_life(conn_at(model, id), head)))
		return;
	id = resolve(model, id, record, source);
	if (id == POOL_NONE)
		model->losses += !(head->flags & TW_F_FORGET);
	else if (head->flags & TW_F_FORGET)
		forget(model, id);
	else if (is_late(conn_at(model, id), head) && head->to != TW_CLOSE)
		tell_late(model, id, head);
	else
		change(model, id, record);
}

void lifecycle_reset_sent(struct model *model, const struct tw_reset *record, unsigned int source)
{
	struct model_event event = {
		.kind = EVENT_RESET_SENT,
		.ts_ns = record->head.ts_ns,
		.reset_reason = record->reason,
	};
	uint32_t id = tracker_find(model, record->cookie, source);
	struct conn *conn;

	if (id == POOL_NONE)
		return;
	conn = conn_at(model, id);
	tracker_tell(model, conn, &event);
	/*
	 * Before CLOSE it may be the cause of it (a timer gave up, ss -K), or answer a
	 * stray segment and end nothing. After CLOSE it tells that data came after
	 * close(), so that no minisock was made; of any other closed socket it answers a
	 * stray segment again, as a listener does.
	 */
	if (conn->phase == PHASE_FULL && conn->state != TW_LISTEN)
		conn->rst = true;
	if (conn->phase != PHASE_PENDING)
		return;
	conn->reset = true;
	conn->phase = PHASE_OVER;
	tracker_update(model, id, false);
}

void lifecycle_vanished(struct model *model, uint32_t id)
{
	struct conn *conn = conn_at(model, id);

	conn->closed = true;
	if (conn->in_sum)
		sums_found(conn);
	if (conn->phase == PHASE_FULL)
		farewell_ended(model, conn, NULL, RESET_NONE);
	conn->phase = PHASE_OVER;
	conn->expires_ns = 0;
	conn->since_ns = model->now_ns;
	tracker_update(model, id, false);
	tracker_bury(model, id);
}
