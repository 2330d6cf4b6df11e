/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One change of state: what it says by itself, and how much of it has to be told. */
#ifndef TW_CHANGE_H
#define TW_CHANGE_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "plain.h"
#include "tw_record.h"

/*
 * One change as one look sees it. What is not known of it is `nothing` of the lane, not a
 * constant: the verifier follows each way through the program apart as long as it knows a
 * constant that is asked for again.
 */
struct change {
	struct sock *sk;
	const struct tcp_sock *tp;
	struct task_struct *actor;	/* TW_F_OWNER: who acted; NULL: nobody known */
	__u64 cookie, ts_ns, born_ns, listener_cookie;
	__u32 size;			/* of the record */
	__u16 flags;
	__u8 from, to, error;
	bool unknown;			/* to user space: not listed yet, or it had no cookie */
};

/* Sets of states, asked without a branch: the verifier follows every way through them. */
#define STATE(state) (1U << (state))

static __always_inline __u32 is_in(__u8 state, __u32 set)
{
	return set >> (state & 15) & 1;
}

static __always_inline __u16 flag_if_zero(__u32 value, __u16 flag)
{
	return (((value | -value) >> 31) ^ 1) * flag;
}

/* Facts at ->CLOSE from which the end is told (truth table in docs/). */
static __always_inline __u16 closing_flags(const struct sock *sk, const struct tcp_sock *tp)
{
	unsigned long sock_flags = sk->__sk_common.skc_flags;
	__u32 write_seq = tp->write_seq, shutdown = sk->sk_shutdown;
	__u16 flags = 0;

	flags |= (sock_flags >> bpf_core_enum_value(enum sock_flags, SOCK_DONE) & 1) * TW_F_DONE;
	flags |= (sock_flags >> bpf_core_enum_value(enum sock_flags, SOCK_DEAD) & 1) * TW_F_ORPHAN;
	flags |= ((__u32)tp->linger2 >> 31) * TW_F_LINGER2_NEG;
	flags |= flag_if_zero(tp->snd_una ^ write_seq, TW_F_ALL_ACKED);
	flags |= flag_if_zero(write_seq, TW_F_UNSENT);
	flags |= (sk->sk_lock.owned & 1) * TW_F_LOCKED;
	flags |= (shutdown >> 1 & shutdown & 1) * TW_F_SHUT_BOTH;
	return flags;
}

/*
 * Whether the task running now is the one that acted on the socket: connect(),
 * listen(), close() and shutdown() reach these transitions in process context
 * only. A close() that resets (unread data, SO_LINGER 0) goes straight to CLOSE
 * with the lock held, no error set and the socket not yet orphaned; a RST or a
 * timeout sets sk_err first, and a FIN has its own states.
 */
static __always_inline bool acts_in_process(const struct change *change)
{
	if (is_in(change->to,
		  STATE(TW_SYN_SENT) | STATE(TW_LISTEN) | STATE(TW_FIN_WAIT1) | STATE(TW_LAST_ACK)))
		return true;
	return change->to == TW_CLOSE && !change->error &&
	       is_in(change->from, STATE(TW_LISTEN) | STATE(TW_SYN_SENT) | STATE(TW_ESTABLISHED) |
					   STATE(TW_CLOSE_WAIT)) &&
	       (change->flags & (TW_F_LOCKED | TW_F_ORPHAN)) == TW_F_LOCKED;
}

/*
 * Whether a segment has just brought the socket where it is: for some states nothing else
 * does, to CLOSE no error says so, with the FIN or the ACK that the state waited for.
 */
static __always_inline bool is_by_segment(const struct change *change)
{
	if (change->to != TW_CLOSE)
		return is_in(change->to, STATE(TW_ESTABLISHED) | STATE(TW_CLOSE_WAIT) |
						 STATE(TW_FIN_WAIT2) | STATE(TW_CLOSING));
	/* it stands in an order with what an evidence tier sees of its minisock */
	if (config.has_tier || change->error)
		return false;
	return change->from == TW_LAST_ACK ||
	       (change->from == TW_FIN_WAIT2 && (change->flags & TW_F_DONE));
}

/*
 * The moment of the change. For a segment the kernel has just read the clock
 * (tcp_mstamp_refresh(), net/ipv4/tcp_output.c), which saves reading it again: 40 ns.
 */
static __always_inline __u64 change_time(const struct change *change)
{
	__u64 segment_ns = is_by_segment(change) ? change->tp->tcp_clock_cache : 0;

	/* TCP_REPAIR goes to ESTABLISHED without a segment */
	return segment_ns ? segment_ns : bpf_ktime_get_ns();
}

static __always_inline struct tw_note *note_of(const struct change *change)
{
	return bpf_sk_storage_get(&notes, change->sk, NULL, 0);
}

/*
 * Records are as small as their content: the first one of a connection and those that
 * tell more of its tuple are whole, and who acted is told when somebody has. Whole too
 * where the socket has no cookie: nobody has told of it, and no dump has listed it (it is
 * in a namespace out of sight).
 */
static __always_inline __u32 change_size(const struct change *change)
{
	if (is_in(change->from, STATE(TW_CLOSE) | STATE(TW_SYN_SENT) | STATE(TW_SYN_RECV)) ||
	    unlikely(change->unknown || (change->flags & TW_F_GAP)))
		return TW_TRANSITION_FULL;
	return change->actor ? TW_TRANSITION_OWNER : TW_TRANSITION_SHORT;
}

/* Nobody acts now; who did while that was told in sum is in no record yet. */
static __always_inline void describe_noted_owner(struct tw_transition *record,
						 const struct change *change)
{
	struct tw_note *note;

	__builtin_memset(&record->owner, 0, sizeof(record->owner));
	if (likely(!(change->flags & TW_F_GAP)))
		return;
	note = note_of(change);
	if (!note || !note->comm[0])
		return;
	record->head.flags |= TW_F_OWNER;
	__builtin_memcpy(record->owner.comm, note->comm, TW_COMM_LEN);
}

static __always_inline void describe(struct tw_transition *record, const struct change *change)
{
	record->head.size = change->size;
	record->head.kind = TW_TRANSITION;
	record->head.from = change->from;
	record->head.to = change->to;
	record->head.error = change->error;
	record->head.flags = change->flags;
	record->head.ts_ns = change->ts_ns;
	record->cookie = change->cookie;
	if (change->size == TW_TRANSITION_SHORT)
		return;
	if (change->actor)
		plain_owner(change->actor, &record->owner);
	if (change->size == TW_TRANSITION_OWNER)
		return;
	if (!change->actor)
		describe_noted_owner(record, change);
	plain_tuple(change->sk, change->tp, &record->tuple);
	record->cgroup_id = plain_cgroup_id(change->sk);
	record->born_ns = change->born_ns;
	record->listener_cookie = change->listener_cookie;
}

#endif
