/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of minisocks: born, refused, changed, ended. The tracepoint never
 * says TIME_WAIT: births are told by an evidence tier (witness.h) or inferred from
 * the facts of the last transition, ends are told, or inferred from successors with
 * the same tuple, from time and from snapshots.
 */
#ifndef MODEL_LEDGER_H
#define MODEL_LEDGER_H

#include "model/tracker.h"

/* TCP_TIMEWAIT_LEN (include/net/tcp.h), a constant. */
#define TIME_WAIT_NS (60ULL * 1000000000)
/* Two ticks, where they are longest (HZ=100): so far off is what a dump tells of a timer. */
#define TICKS_NS (20ULL * 1000000)

/* What the last transition of a full socket leaves behind. */
enum remains {
	REMAINS_NOTHING,
	REMAINS_TIME_WAIT,
	REMAINS_FIN_WAIT2,	/* unless a RST follows in the same breath */
};

/*
 * The truth table: a pure function of the old state and the facts at ->CLOSE.
 *
 * TIME_WAIT: FIN_WAIT2 with the peer's FIN (tcp_fin()), or CLOSING with our FIN
 * acknowledged (tcp_rcv_state_process()). FIN_WAIT2: an orphan whose FIN was
 * acknowledged (tcp_rcv_state_process(), __tcp_close(), tcp_keepalive_timer()).
 */
enum remains ledger_remains(uint8_t from, uint8_t error, uint16_t flags);

/*
 * The full socket has just ended; conn->since_ns is the moment. What an evidence tier
 * has announced of it goes before @remains.
 */
void ledger_birth(struct model *model, uint32_t id, enum remains remains);
/* An exact tier tells of every birth: one that it did not tell of is its loss. Counted once. */
void ledger_count_untold(struct model *model, uint32_t id);
/* A pending birth that a snapshot proves. */
void ledger_confirm(struct model *model, uint32_t id);
/* Pending births older than @now_ns become minisocks, tombstones are cleared. */
void ledger_settle(struct model *model, uint64_t now_ns);
/* A minisock found by a snapshot, not born while traced. */
void ledger_found(struct model *model, uint32_t id);
/* The minisock has taken on the other substate at @since_ns; @evidence says so. */
void ledger_substate(struct model *model, uint32_t id, uint8_t substate, uint64_t since_ns,
		     enum evidence evidence);
/* @known: the moment is exact enough to state a residence. */
void ledger_end(struct model *model, uint32_t id, enum end_reason reason, uint64_t now_ns,
		bool known, enum evidence evidence);
/* The birth that bucket overflow prevented: takes it back, if it was believed in. */
void ledger_refuse(struct model *model, uint32_t id, uint64_t now_ns);
/*
 * Whether, gone by @now_ns, it may have been its timer: it has fired, or is that near to it that a
 * dump's whole ticks don't tell. Where the wheel is not known, whether it is due.
 */
bool ledger_may_have_expired(const struct model *model, const struct conn *conn, uint64_t now_ns);
/* A new connection has this tuple: a minisock with it has ended, and how is known. */
void ledger_succeeded(struct model *model, const struct conn *successor);
/*
 * To be called after anything by which a minisock might end sooner: has ledger_expire()
 * look at it in time.
 */
void ledger_watch(struct model *model, uint32_t id);
/* False: no memory for one more connection. */
bool ledger_make_room(struct model *model);
/* What the minisocks of @source rest on from now on. */
void ledger_set_tier(struct model *model, enum evidence tier, unsigned int source);
/* Ends the minisocks whose longest possible life is over, where no snapshot tells. */
void ledger_expire(struct model *model, uint64_t now_ns);

#endif
