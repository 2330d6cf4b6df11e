// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Merging a dump with the events. The source reads the ring empty after the dump
 * and before delivering it, so every event older than the dump's end has been fed:
 * a socket with an event since the dump began is as the event says; any other is
 * as the dump says.
 */
#include "model/reconcile.h"

#include "model/audit.h"
#include "model/leaks.h"
#include "model/ledger.h"
#include "model/lifecycle.h"
#include "model/missed.h"
#include "model/owner.h"
#include "model/sums.h"
#include "model/sweep.h"

#define MS_NS 1000000ULL

static bool is_minisock(const struct tw_socket *record)
{
	return record->head.to == TW_TIMER_MINISOCK;
}

void reconcile_begin(struct model *model, const struct tw_snapshot *record, unsigned int source)
{
	uint32_t id = tracker_netns(model, record->netns_cookie, record->netns_ino, source);
	struct netns *netns;

	if (id == POOL_NONE)
		return;
	netns = netns_at(model, id);
	/* 0: a connection that was in none */
	netns->dump = netns->dump % MAX_DUMP + 1;
	netns->dumping = true;
	netns->last_dump_ns = netns->dump_began_ns;
	netns->dump_began_ns = record->head.ts_ns;
	netns->dump_minisocks = 0;
	netns->listed = (struct figures){ { 0 } };
	netns->before = netns->now;
}

/*
 * The minisock's remaining time, as of the dump, and what follows for its birth. Once its end is
 * known only a later one counts, of a timer that was armed anew: a dump tells of whole ticks, and
 * a little too few of them, since it began earlier than it came to this one.
 */
static void set_expiry(struct conn *conn, const struct tw_socket *record)
{
	uint64_t expires_ns = record->head.ts_ns + record->expires_ms * MS_NS;

	conn->listed = true;
	conn->rst = false;
	if (conn->expires_ns && conn->state == TW_TIME_WAIT &&
	    expires_ns <= conn->expires_ns + TICKS_NS)
		return;
	conn->expires_ns = expires_ns;
	if (conn->evidence == EVIDENCE_SNAPSHOT && conn->state == TW_TIME_WAIT)
		conn->since_ns = conn->expires_ns - TIME_WAIT_NS;
}

/* What waits in it, and when it had data last. */
static void learn_queues(struct model *model, struct conn *conn, const struct tw_socket *record)
{
	conn->rqueue = record->rqueue;
	if (record->head.from == TW_LISTEN) {
		queues_listener(model, conn, record);
		return;
	}
	if (record->head.size < sizeof(*record) || record->data_idle_ms == ~0U)
		return;
	conn->active_ds = (record->head.ts_ns - record->data_idle_ms * MS_NS) / (100 * MS_NS);
	if (model->leaks)
		model->leaks->ages_ns = record->head.ts_ns;
}

/* @cookie: which it is to be known by. */
static void add_found(struct model *model, const struct tw_socket *record, uint64_t cookie,
		      unsigned int source)
{
	uint32_t id = tracker_add(model, cookie, &record->tuple, source);
	struct conn *conn;

	if (id == POOL_NONE)
		return;
	conn = conn_at(model, id);
	conn->state = record->head.from;
	owner_learn(model, conn, record->cgroup_id, NULL, OWNER_NONE);
	conn->direction = record->head.flags & TW_K_OUTGOING ? DIRECTION_OUTGOING :
			  record->head.flags & TW_K_INCOMING ? DIRECTION_INCOMING :
							       DIRECTION_UNKNOWN;
	conn->seen_ns = conn->since_ns = record->head.ts_ns;
	conn->since_bound = true;
	conn->dump = netns_at(model, conn->netns)->dump;
	if (is_minisock(record)) {
		conn->evidence = EVIDENCE_SNAPSHOT;
		conn->in_sum = netns_at(model, conn->netns)->summed;
		set_expiry(conn, record);
		ledger_found(model, id);
		return;
	}
	learn_queues(model, conn, record);
	if (record->idle_ms != ~0U)
		conn->since_ns -= record->idle_ms * MS_NS;
	/* one that the dump before did not list is younger: its events were lost */
	conn->opened = state_is_synchronized(conn->state) && model->ready &&
		       netns_at(model, conn->netns)->dumped;
	conn->preexisting = state_is_synchronized(conn->state) && !conn->opened;
	if (netns_at(model, conn->netns)->summed)
		sums_found(conn);
	tracker_update(model, id, true);
}

static void merge_minisock(struct model *model, uint32_t id, const struct tw_socket *record)
{
	struct conn *conn = conn_at(model, id);
	bool moved;

	/* it ended while, or just before, the dump came by */
	if (conn->phase == PHASE_OVER && conn->ended_mini &&
	    conn->since_ns + HASHED_NS >= netns_at(model, conn->netns)->dump_began_ns)
		return;
	/* its port may have been told in sum only */
	moved = tracker_set_tuple(conn, &record->tuple);
	if (conn->phase != PHASE_MINI) {
		/* it lives, and we thought otherwise: the kernel is right */
		if (!conn->ended_mini && model->ready) {
			/* only who closes first leaves one, and that event was lost */
			conn->closed_first = conn->entered = true;
			conn->born_ns = record->head.ts_ns;
		}
		conn->refused = false;
		conn->closed = conn->closed || conn->phase == PHASE_FULL;
		if (conn->in_sum)
			sums_found(conn);
		conn->ended_mini = false;
		conn->state = record->head.from;
		conn->evidence = EVIDENCE_SNAPSHOT;
		conn->expires_ns = 0;
		set_expiry(conn, record);
		ledger_found(model, id);
		return;
	}
	if (conn->state != record->head.from)
		ledger_substate(model, id, record->head.from,
				record->head.ts_ns + record->expires_ms * MS_NS - TIME_WAIT_NS,
				EVIDENCE_SNAPSHOT);
	if (moved) {
		tracker_index_tuple(model, id);
		tracker_update(model, id, true);
	}
	ledger_count_untold(model, id);
	set_expiry(conn, record);
	ledger_watch(model, id);
}

/*
 * The minisock of a record; @id is what its cookie leads to. One made before its socket
 * had a cookie got one of its own; and a socket may have been connected again while its
 * own minisock lives: the same cookie, two lives.
 */
static uint32_t find_minisock(struct model *model, uint32_t id, struct conn *like,
			      const struct tw_socket *record)
{
	const struct conn *conn = id == POOL_NONE ? NULL : conn_at(model, id);
	bool two_lives = conn && conn->local_port &&
			 (conn->local_port != record->tuple.local_port ||
			  conn->remote_port != record->tuple.remote_port);

	if (conn && !two_lives)
		return id;
	tracker_set_tuple(like, &record->tuple);
	id = tracker_find_minisock(model, like);
	if (id != POOL_NONE && !two_lives && tracker_recookie(model, id, record->cookie))
		return POOL_NONE;
	return id;
}

static void count_listed(struct netns *netns, const struct tw_socket *record, bool in_flux)
{
	netns->dump_minisocks += is_minisock(record);
	if (in_flux)
		return;
	if (is_minisock(record))
		netns->listed.of[record->head.from == TW_TIME_WAIT ? AUDIT_TRUE_TIME_WAIT :
								     AUDIT_FIN_WAIT2]++;
	else if (record->head.from == TW_ESTABLISHED)
		netns->listed.of[AUDIT_ESTABLISHED]++;
}

void reconcile_socket(struct model *model, const struct tw_socket *record, unsigned int source)
{
	uint32_t id = tracker_find(model, record->cookie, source);
	uint32_t netns_id =
		tracker_netns(model, record->tuple.netns_cookie, record->tuple.netns_ino, source);
	struct conn like = { .netns = netns_id }, *conn;
	struct netns *netns;

	if (netns_id == POOL_NONE)
		return;
	netns = netns_at(model, netns_id);
	if (is_minisock(record))
		id = find_minisock(model, id, &like, record);
	count_listed(netns, record, sweep_in_flux(model, id, netns));
	if (id == POOL_NONE) {
		bool taken = tracker_find(model, record->cookie, source) != POOL_NONE;

		add_found(model, record, record->cookie | (taken ? DETACHED : 0), source);
		return;
	}
	conn = conn_at(model, id);
	conn->dump = netns->dump;
	conn->absent = 0;
	if (conn->phase == PHASE_FULL && !is_minisock(record))
		learn_queues(model, conn, record);
	if (is_minisock(record) && conn->phase == PHASE_PENDING)
		ledger_confirm(model, id);
	if (conn->seen_ns >= netns->dump_began_ns)
		return;
	if (is_minisock(record)) {
		merge_minisock(model, id, record);
		return;
	}
	if (conn->phase != PHASE_FULL)
		return;
	if (conn->state != record->head.from) {
		/* an event was lost: healed */
		conn->state = record->head.from;
		conn->second = false;
		conn->since_ns = record->head.ts_ns;
		conn->since_bound = true;
		if (state_is_synchronized(conn->state) && !conn->preexisting)
			conn->opened = true;
		if (state_is_active_close(conn->state))
			conn->closed_first = true;
		if (conn->in_sum)
			sums_found(conn);
	}
	conn->seen_ns = record->head.ts_ns;
	tracker_update(model, id, tracker_set_tuple(conn, &record->tuple));
}

/*
 * Whether every birth and refusal that the namespace's counters know of was seen: it began
 * while traced, and they are compared from 0 on.
 */
static bool saw_all(const struct model *model, const struct netns *netns,
		    const struct tw_snapshot *record)
{
	const struct tw_kernel_figures *kernel = &record->kernel;
	uint64_t seen = 0;

	if (!(record->flags & TW_S_MIB_AT_BIRTH) || kernel->tw_created == TW_FIGURE_UNKNOWN ||
	    kernel->tw_killed == TW_FIGURE_UNKNOWN || kernel->overflow == TW_FIGURE_UNKNOWN ||
	    kernel->tw_recycled == TW_FIGURE_UNKNOWN)
		return false;
	for (uint32_t id = netns->first; id != POOL_NONE; id = conn_at(model, id)->next) {
		const struct conn *conn = conn_at(model, id);

		seen += conn->phase == PHASE_PENDING || conn->entered || conn->refused;
	}
	return seen == kernel->tw_created + kernel->tw_killed + kernel->overflow;
}

/*
 * Who took a minisock over may have been told in sum. Then a dump tells that it has ended, and the
 * kernel's counter that it was a reuse. What the dump before may have missed is judged in this one.
 */
static void match_reuses(struct model *model, struct netns *netns, const struct tw_snapshot *record,
			 struct figures *ours)
{
	int64_t reused = audit_lead(model, netns, record, ours, AUDIT_REUSED);

	if ((netns->summed || netns->was_summed) && reused > 0)
		ours->of[AUDIT_REUSED] += missed_reuses(model, netns, record->head.ts_ns, reused);
	netns->was_summed = netns->summed;
}

/*
 * What was told in sum and lives has been found, but for what was born too late for the
 * dump: the next one finds that. The rest of the balance the kernel's counters tell.
 */
static void match_sums(struct model *model, struct netns *netns, const struct tw_snapshot *record,
		       struct figures *ours)
{
	static const enum audit_kind kinds[] = { AUDIT_ENTERED, AUDIT_REFUSED, AUDIT_REUSED };
	struct figures before = netns->now;
	struct missed missed;
	int64_t refused, reused;

	if (!netns->summed) {
		missed_begin(netns);
		return;
	}
	if (netns->summed_ns + HASHED_NS >= netns->dump_began_ns)
		return;
	netns->summed = false;
	refused = audit_lead(model, netns, record, ours, AUDIT_REFUSED);
	reused = audit_lead(model, netns, record, ours, AUDIT_REUSED);
	missed = (struct missed){
		.births = audit_lead(model, netns, record, ours, AUDIT_ENTERED),
		.refused = refused > 0 ? refused : 0,
		.reused = reused > 0 ? reused : 0,
	};
	missed_count(model, netns, &missed);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		ours->of[kinds[i]] += netns->now.of[kinds[i]] - before.of[kinds[i]];
}

void reconcile_end(struct model *model, const struct tw_snapshot *record, unsigned int source)
{
	uint32_t id = tracker_netns(model, record->netns_cookie, record->netns_ino, source);
	struct netns *netns = id == POOL_NONE ? NULL : netns_at(model, id);
	struct figures ours;

	if (!netns || !netns->dumping)
		return;
	netns->dumping = false;
	/* there will be no more of it: its last audit would seem to be true for good */
	if (record->head.error == TW_SNAPSHOT_NO_MORE)
		audit_remove(model, record->netns_cookie, source);
	/* a dump that failed half-way says nothing about what it did not list */
	if (record->head.error)
		return;
	if (!netns->dumped)
		netns->dumped = saw_all(model, netns, record);
	ours = sweep(model, netns, record);
	if (model->leaks && record->port_low) {
		model->leaks->port_low = record->port_low;
		model->leaks->port_high = record->port_high;
	}
	netns->kernel = record->kernel;
	if (!netns->dumped) {
		netns->kernel_base = record->kernel;
		for (unsigned int kind = AUDIT_ENTERED; kind < NR_AUDIT_KINDS; kind++)
			netns->base.of[kind] = ours.of[kind];
		missed_begin(netns);
	}
	netns->dumped = true;
	netns->healed = model->losses;
	match_reuses(model, netns, record, &ours);
	match_sums(model, netns, record, &ours);
	if (!netns->gone)
		audit_update(model, netns, record, &ours);
}

void reconcile_netns_gone(struct model *model, uint64_t netns_cookie, unsigned int source)
{
	uint32_t conn_id, next, netns_id = tracker_find_netns(model, netns_cookie, source);
	struct netns *netns;
	bool due;

	if (netns_id == POOL_NONE)
		return;
	netns = netns_at(model, netns_id);
	/*
	 * tcp_sk_exit_batch() purges the minisocks, some time after the namespace can't be
	 * entered any more: an evidence tier tells when, and ledger_expire() sees to those of
	 * which it does not. Full sockets are closed without a word.
	 */
	for (conn_id = netns->first; conn_id != POOL_NONE; conn_id = next) {
		const struct conn *conn = conn_at(model, conn_id);

		next = conn->next;
		if (conn->phase == PHASE_PENDING)
			ledger_confirm(model, conn_id);
		due = ledger_may_have_expired(model, conn, model->now_ns);
		if (conn->phase == PHASE_MINI && model->tier[source] == EVIDENCE_INFERRED)
			ledger_end(model, conn_id, due ? END_EXPIRED : END_PURGED, model->now_ns,
				   !due, EVIDENCE_INFERRED);
		else if (conn->phase == PHASE_FULL)
			lifecycle_vanished(model, conn_id);
	}
	netns->gone = true;
	netns->gone_ns = model->now_ns;
	for (conn_id = netns->first; conn_id != POOL_NONE; conn_id = conn_at(model, conn_id)->next)
		ledger_watch(model, conn_id);
	if (netns->first == POOL_NONE)
		tracker_netns_remove(model, netns_id);
	audit_remove(model, netns_cookie, source);
}
