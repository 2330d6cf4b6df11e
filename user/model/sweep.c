// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All connections of a namespace after a dump: those that it did not list have ended unseen, and
 * each counts for something in the audit.
 */
#include "model/sweep.h"

#include <stdlib.h>

#include "model/ledger.h"
#include "model/lifecycle.h"
#include "model/place.h"

#define MS_NS 1000000ULL
/* A handshake is given up by then (tcp_synack_retries 5: 63 s, doubled to be safe). */
#define SYN_RECV_NS (130000 * MS_NS)
/* Dumps further apart do not tell when a minisock ended. */
#define POLL_NS (5000 * MS_NS)
/* Ticks come far more often: what has ended is judged and gone by then. */
#define BURIED_NS (5000 * MS_NS)

bool sweep_in_flux(const struct model *model, uint32_t id, const struct netns *netns)
{
	const struct conn *conn = id == POOL_NONE ? NULL : conn_at(model, id);

	return conn && conn->since_ns >= netns->dump_began_ns && !conn->since_bound;
}

/* A full socket that the dump did not list, though it was there before: its end was lost. */
static void judge_full(struct model *model, uint32_t id, const struct netns *netns)
{
	struct conn *conn = conn_at(model, id);

	/* a TCP Fast Open child in SYN_RECV is not asked for in the dump */
	if (conn->state == TW_SYN_RECV && conn->seen_ns + SYN_RECV_NS >= netns->dump_began_ns)
		return;
	if (conn->seen_ns + HASHED_NS >= netns->dump_began_ns)
		return;
	/* a dump walks hash chains that change meanwhile and may miss one socket: twice
	 * in a row is proof, and after a known loss once is enough */
	if (++conn->absent >= (netns->healed != model->losses ? 1 : 2))
		lifecycle_vanished(model, id);
}

static void judge_minisock(struct model *model, uint32_t id, const struct netns *netns,
			   const struct tw_snapshot *record, uint64_t *refusals)
{
	struct conn *conn = conn_at(model, id);
	uint64_t now_ns = record->head.ts_ns;
	/* sockstat counts no more than the dump listed: it missed none */
	bool complete = netns->dump_minisocks >= record->kernel.time_wait;

	if (conn->since_ns + HASHED_NS >= netns->dump_began_ns)
		return;
	if (!conn->rst && ledger_may_have_expired(model, conn, now_ns)) {
		/* it ended between the last dump and this one */
		ledger_end(model, id, END_EXPIRED, now_ns, now_ns - netns->last_dump_ns <= POLL_NS,
			   EVIDENCE_INFERRED);
	} else if (!conn->rst && conn->entered && conn->evidence == EVIDENCE_INFERRED &&
		   !conn->listed && !conn->absent && *refusals) {
		/* the first dump that could have listed it does not, and births were refused */
		(*refusals)--;
		ledger_refuse(model, id, now_ns);
	} else if (++conn->absent >= (complete ? 1 : 2)) {
		/* that it is gone shows that it has obeyed */
		ledger_end(model, id, conn->rst ? END_RESET : END_UNKNOWN, now_ns, false,
			   EVIDENCE_SNAPSHOT);
	}
}

/*
 * What the socket counts for as of the end of the dump, when the kernel's own figures
 * were read; the ring was read empty after that.
 */
static void count(struct figures *ours, const struct model *model, uint32_t id,
		  const struct netns *netns, uint64_t end_ns)
{
	const struct conn *conn = conn_at(model, id);
	bool flux = sweep_in_flux(model, id, netns), mini = conn->phase == PHASE_MINI;
	bool born_later = conn->entered && conn->born_ns > end_ns;
	bool ended_later = conn->phase == PHASE_OVER && conn->since_ns > end_ns;

	ours->of[AUDIT_ENTERED] -= born_later;
	if (conn->phase == PHASE_FULL) {
		ours->of[AUDIT_ESTABLISHED] += conn->state == TW_ESTABLISHED && !flux;
	} else if (conn->phase == PHASE_PENDING) {
		/* the kernel has counted its birth already */
		ours->of[AUDIT_TIME_WAIT] += conn->since_ns <= end_ns;
		ours->of[AUDIT_ENTERED] += conn->since_ns <= end_ns;
	} else if (mini || (ended_later && conn->ended_mini)) {
		ours->of[AUDIT_TIME_WAIT] += !born_later;
		ours->of[AUDIT_TRUE_TIME_WAIT] += mini && !flux && conn->state == TW_TIME_WAIT;
		ours->of[AUDIT_FIN_WAIT2] += mini && !flux && conn->state == TW_FIN_WAIT2;
	}
	if (ended_later) {
		ours->of[AUDIT_EXPIRED] -= conn->ended_mini && conn->end == END_EXPIRED;
		ours->of[AUDIT_REUSED] -= conn->ended_mini && conn->end == END_REUSED;
		ours->of[AUDIT_REFUSED] -= conn->refused;
	}
}

/* It has ended, and there was no memory to remember that it is to be judged. */
static bool is_unburied(const struct conn *conn, const struct netns *netns)
{
	return (conn->phase == PHASE_PENDING || conn->phase == PHASE_OVER) &&
	       conn->since_ns + BURIED_NS < netns->dump_began_ns;
}

/* Refusals that an evidence tier has told of, and the kernel's figure does not count yet. */
static uint64_t refused_later(const struct model *model, const struct netns *netns, uint64_t end_ns)
{
	uint64_t later = 0;

	for (size_t i = 0; netns->refusals_told && i < model->nr_over; i++) {
		const struct grave *grave = &model->over[i];
		const struct conn *conn;

		if (!pool_alive(&model->conns, grave->id))
			continue;
		conn = conn_at(model, grave->id);
		later += conn->cookie == grave->cookie && conn->refused && conn->announced &&
			 conn->since_ns > end_ns && netns_at(model, conn->netns) == netns;
	}
	return later;
}

struct figures sweep(struct model *model, struct netns *netns, const struct tw_snapshot *record)
{
	struct figures ours = { { 0 } };
	uint32_t *listener_of = place_listeners(model, netns);
	uint64_t later = refused_later(model, netns, record->head.ts_ns);
	uint64_t told = netns->refusals_told - later, refused = 0, refusals;
	uint32_t id, next;

	if (netns->dumped && netns->kernel.overflow != TW_FIGURE_UNKNOWN &&
	    record->kernel.overflow != TW_FIGURE_UNKNOWN)
		refused = record->kernel.overflow - netns->kernel.overflow;
	refused = refused > told ? refused - told : 0;
	netns->refusals_told = later;
	/* one that closed just before the last dump is judged only now */
	refusals = refused + netns->refusals_left;
	for (id = netns->first; id != POOL_NONE; id = next) {
		const struct conn *conn = conn_at(model, id);

		next = conn->next;
		if (listener_of)
			place_socket(model, id, listener_of, record);
		if (conn->dump != netns->dump && conn->phase == PHASE_FULL)
			judge_full(model, id, netns);
		else if (conn->dump != netns->dump && conn->phase == PHASE_MINI)
			judge_minisock(model, id, netns, record, &refusals);
		count(&ours, model, id, netns, record->head.ts_ns);
		if (is_unburied(conn, netns))
			tracker_bury(model, id);
	}
	netns->refusals_left = refusals < refused ? refusals : refused;
	/* where births were told in sum, the rest is among those (missed.c) */
	if (netns->summed)
		netns->refusals_left = 0;
	for (unsigned int kind = AUDIT_ENTERED; kind < NR_AUDIT_KINDS; kind++)
		ours.of[kind] += netns->now.of[kind];
	free(listener_of);
	return ours;
}
