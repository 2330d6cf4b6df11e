/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One change of state as a word: the first eight bytes of its record (struct tw_record), so
 * that it stays in a register and is stored at once. The place of the record's size holds,
 * meanwhile, what the programs alone need to know.
 */
#ifndef TW_CHANGE_H
#define TW_CHANGE_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "plain.h"
#include "tw_record.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the word is the record's head");

#define CHANGE_FULL (1ULL << 0)		/* tell all of it */
#define CHANGE_UNKNOWN (1ULL << 1)	/* to user space: not listed yet, or it had no cookie */
#define CHANGE_ACTS (1ULL << 2)		/* a process did it, the one that runs now */
#define CHANGE_FLAG(flag) ((__u64)(flag) << 48)

static __always_inline __u64 change_of(__u8 from, __u8 to)
{
	return (__u64)TW_TRANSITION << 16 | (__u64)from << 24 | (__u64)to << 32;
}

static __always_inline __u8 change_from(__u64 change)
{
	return change >> 24;
}

static __always_inline __u8 change_to(__u64 change)
{
	return change >> 32;
}

static __always_inline __u8 change_error(__u64 change)
{
	return change >> 40;
}

static __always_inline __u16 change_flags(__u64 change)
{
	return change >> 48;
}

/* The head of the record that tells of it. */
static __always_inline __u64 change_head(__u64 change, __u16 size)
{
	return (change & ~0xffffULL) | size;
}

/* Sets of states, asked without a branch: the verifier follows every way through them. */
#define STATE(state) (1U << (state))

static __always_inline __u64 is_in(__u8 state, __u32 set)
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
	if (config.leaks)
		flags |= (tp->data_segs_out <= 1) * TW_F_ONE_SEGMENT;
	return flags;
}

/*
 * Whether the task running now is the one that acted on the socket: connect(),
 * listen(), close() and shutdown() reach these states in process context only. A
 * close() that resets (unread data, SO_LINGER 0) goes straight to CLOSE with the lock
 * held, no error set and the socket not yet orphaned; a RST or a timeout sets sk_err
 * first, and a FIN has its own states.
 */
static __always_inline bool closes_in_process(__u64 change)
{
	return is_in(change_from(change), STATE(TW_LISTEN) | STATE(TW_SYN_SENT) |
						  STATE(TW_ESTABLISHED) | STATE(TW_CLOSE_WAIT)) &&
	       !change_error(change) &&
	       (change_flags(change) & (TW_F_LOCKED | TW_F_ORPHAN)) == TW_F_LOCKED;
}

#define ACTS (STATE(TW_SYN_SENT) | STATE(TW_LISTEN) | STATE(TW_FIN_WAIT1) | STATE(TW_LAST_ACK))

/*
 * Whether a segment has just brought the socket where it is: for some states nothing else
 * does, to CLOSE no error says so, with the FIN or the ACK that the state waited for.
 */
#define BY_SEGMENT \
	(STATE(TW_ESTABLISHED) | STATE(TW_CLOSE_WAIT) | STATE(TW_FIN_WAIT2) | STATE(TW_CLOSING))

static __always_inline bool is_by_segment(__u64 change)
{
	if (change_to(change) != TW_CLOSE)
		return is_in(change_to(change), BY_SEGMENT);
	/* it stands in an order with what an evidence tier sees of its minisock */
	if (config.has_tier || change_error(change))
		return false;
	return change_from(change) == TW_LAST_ACK ||
	       (change_from(change) == TW_FIN_WAIT2 && (change & CHANGE_FLAG(TW_F_DONE)));
}

/*
 * The moment of the change. For a segment the kernel has just read the clock
 * (tcp_mstamp_refresh(), net/ipv4/tcp_output.c), which saves reading it again: 40 ns.
 */
static __always_inline __u64 change_time(__u64 change, const struct tcp_sock *tp)
{
	__u64 segment_ns = is_by_segment(change) ? tp->tcp_clock_cache : 0;

	/* TCP_REPAIR goes to ESTABLISHED without a segment */
	return likely(segment_ns) ? segment_ns : bpf_ktime_get_ns();
}

static __always_inline __u64 change_direction(__u64 change)
{
	return (is_in(change_from(change), STATE(TW_SYN_SENT)) |
		is_in(change_to(change), STATE(TW_SYN_SENT))) *
	       CHANGE_FLAG(TW_F_OUTGOING);
}

/*
 * Who looks at open files holds each one for a moment (bpf_iter of task_file, get_file()): where its
 * owner lets go meanwhile, the last to let go, and so to close it, is the tracer, be it this one or
 * another. What a tracer has opened itself is known from its connect() or listen().
 */
static __always_inline bool is_tracers_close(__u64 change, const struct tw_owner *owner)
{
	static const char name[8] = "twtrace";

	return !is_in(change_to(change), STATE(TW_SYN_SENT) | STATE(TW_LISTEN)) &&
	       *(const __u64 *)owner->comm == *(const __u64 *)name;
}

/* Who acted, if it was a process: TW_F_OWNER or TW_F_KERNEL, and nothing if nobody did. */
static __always_inline __u64 change_owner(__u64 change, struct tw_owner *owner)
{
	struct task_struct *task;

	if (!(change & CHANGE_ACTS))
		return 0;
	task = bpf_get_current_task_btf();
	if (unlikely(plain_is_kernel(task)))
		return CHANGE_FLAG(TW_F_KERNEL);
	plain_owner(task, owner);
	if (unlikely(is_tracers_close(change, owner)))
		return 0;
	/* task->cred would be one more pointer read from what the verifier trusts (plain.h) */
	owner->uid = bpf_get_current_uid_gid();
	return CHANGE_FLAG(TW_F_OWNER);
}

static __always_inline struct tw_note *note_of(struct sock *sk)
{
	return bpf_sk_storage_get(&notes, sk, NULL, 0);
}

#endif
