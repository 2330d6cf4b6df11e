/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Minisocks as the functions that make and end them see them, whatever hangs on
 * those functions. A minisock ends in inet_twsk_kill(), once; why, its callers
 * know: what they do is noted with the task they run in.
 */
#ifndef TW_TIMEWAIT_H
#define TW_TIMEWAIT_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "emit.h"
#include "filter.h"
#include "maps.h"
#include "sock.h"

/*
 * What the running thread is at work on. By task and not by CPU: with PREEMPT_RT a
 * softirq may be preempted. An interrupted task lends its name to a softirq, which is
 * as good: nothing else runs in its name meanwhile.
 */
struct tw_work {
	__u64 object;		/* a minisock; WORK_ALLOC: the socket that becomes one */
	__u64 cookie;		/* of it: memory is used again */
	__u8 substate;		/* of the minisock before */
	__u8 reason;		/* enum tw_end_reason, should it end now */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct tw_work);
} works SEC(".maps") __weak;

/*
 * What a task does with softirqs off does not nest. tcp_abort(), and inet_twsk_alloc() from a
 * backlog (__release_sock()), may be interrupted by a softirq with work of its own.
 */
enum work_level {
	WORK_INNER = 0,
	WORK_ABORT = 1,
	WORK_ALLOC = 2,
};

/* Tasks lie at multiples of 64 at least. */
static __always_inline __u64 work_key(enum work_level level)
{
	return bpf_get_current_task() | level;
}

static __always_inline void work_begin(enum work_level level, const struct sock_common *object,
				       __u8 substate, __u8 reason)
{
	struct tw_work work = {
		.object = (__u64)object,
		.cookie = BPF_CORE_READ(object, skc_cookie.counter),
		.substate = substate,
		.reason = reason,
	};
	__u64 key = work_key(level);

	bpf_map_update_elem(&works, &key, &work, BPF_ANY);
}

static __always_inline struct tw_work *work_at_hand(enum work_level level)
{
	__u64 key = work_key(level);

	return bpf_map_lookup_elem(&works, &key);
}

static __always_inline void work_end(enum work_level level)
{
	__u64 key = work_key(level);

	bpf_map_delete_elem(&works, &key);
}

/* Its namespace is being taken down: tcp_sk_exit_batch() purges. */
static __always_inline bool netns_is_dead(const struct net *net)
{
	const struct ns_common___pre_6_18 *old = (const void *)&net->ns;

	if (bpf_core_field_exists(net->ns.__ns_ref))
		return BPF_CORE_READ(net, ns.__ns_ref.refs.counter) == 0;
	if (bpf_core_field_exists(old->count))
		return BPF_CORE_READ(old, count.refs.counter) == 0;
	return false;
}

/* The addresses of a v6 one are there once it is hashed, not yet when it is made. */
static __always_inline void minisock_tuple(const struct inet_timewait_sock *tw,
					   struct tw_tuple *tuple)
{
	sock_common_tuple(&tw->__tw_common, tuple);
	tuple->local_port = bpf_ntohs(BPF_CORE_READ(tw, tw_sport));
}

static __always_inline bool is_work_on(const struct tw_work *work,
				       const struct inet_timewait_sock *tw)
{
	return work && work->object == (__u64)tw &&
	       work->cookie == (__u64)BPF_CORE_READ(tw, __tw_common.skc_cookie.counter);
}

static __always_inline __u8 minisock_substate(const struct inet_timewait_sock *tw)
{
	return BPF_CORE_READ(tw, tw_substate);
}

static __always_inline __u64 minisock_cookie(const struct inet_timewait_sock *tw)
{
	return BPF_CORE_READ(tw, __tw_common.skc_cookie.counter);
}

/* @record is complete but for size and time. */
static __always_inline void minisock_send(struct tw_minisock *record)
{
	struct tw_counters *count;

	if (config.has_filter && filter_verdict(&record->tuple, false) == VERDICT_DROP)
		return;
	count = counters_here();
	if (!count)
		return;
	record->head.ts_ns = bpf_ktime_get_ns();
	if (record->cookie) {
		record->head.size = TW_MINISOCK_SHORT;
		emit(record, TW_MINISOCK_SHORT, record->head.ts_ns, count);
	} else {
		record->head.size = sizeof(*record);
		emit(record, sizeof(*record), record->head.ts_ns, count);
	}
}

/* Something happened to a minisock that is hashed. */
static __always_inline void minisock_tell(const struct inet_timewait_sock *tw, __u8 kind,
					  __u8 reason)
{
	struct tw_minisock record = {
		.head = { .kind = kind, .from = minisock_substate(tw), .to = reason },
		.cookie = minisock_cookie(tw),
		.local_port = bpf_ntohs(BPF_CORE_READ(tw, tw_sport)),
		.remote_port = bpf_ntohs(BPF_CORE_READ(tw, __tw_common.skc_dport)),
	};

	if (config.has_filter || !record.cookie)
		minisock_tuple(tw, &record.tuple);
	minisock_send(&record);
}

/* inet_twsk_alloc() is over; @made: it gave a minisock, else the buckets are full. */
static __always_inline void minisock_allocated(const struct sock *sk, bool made, int substate,
					       __u64 cookie)
{
	struct tw_minisock record = {
		.head = { .kind = made ? TW_MINI_BORN : TW_MINI_REFUSED, .from = substate },
		.cookie = cookie,
		.local_port = bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport)),
		.remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport)),
	};

	/* DCCP made minisocks too; it is there in 6.12 and gone in 6.18 */
	if (BPF_CORE_READ(sk, sk_protocol) != TW_IPPROTO_TCP)
		return;
	if (config.has_filter || !cookie)
		sock_tuple(sk, &record.tuple);
	minisock_send(&record);
}

/*
 * tcp_timewait_state_process() begins. Within it a minisock ends by a RST only, and a
 * FIN_WAIT2 one may turn true.
 */
static __always_inline void minisock_segment(const struct inet_timewait_sock *tw,
					     const struct tcphdr *th)
{
	bool rst = BPF_CORE_READ_BITFIELD_PROBED(th, rst);
	__u8 substate = minisock_substate(tw);

	if (rst || substate == TW_FIN_WAIT2)
		work_begin(WORK_INNER, &tw->__tw_common, substate,
			   rst ? TW_END_RESET : TW_END_UNKNOWN);
}

static __always_inline void minisock_segment_done(void)
{
	struct tw_work *work = work_at_hand(WORK_INNER);
	const struct inet_timewait_sock *tw;

	if (!work)
		return;
	tw = (const void *)work->object;
	/* one that was killed in between has taken its note along */
	if (is_work_on(work, tw) && work->substate == TW_FIN_WAIT2 &&
	    minisock_substate(tw) == TW_TIME_WAIT)
		minisock_tell(tw, TW_MINI_TURNED, 0);
	work_end(WORK_INNER);
}

/* tcp_abort() begins: on a minisock it is ss -K (af9784d007d8, 6.0). */
static __always_inline void minisock_abort(const struct sock *sk)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TW_TIME_WAIT)
		work_begin(WORK_ABORT, &sk->__sk_common, 0, TW_END_DESTROYED);
}

static __always_inline void minisock_abort_done(void)
{
	work_end(WORK_ABORT);
}

/* Why inet_twsk_deschedule_put() is called, where no caller has said it. */
static __always_inline __u8 deschedule_reason(const struct inet_timewait_sock *tw)
{
	/* connect() takes the minisock out of the hash before (__inet_check_established()) */
	if (!BPF_CORE_READ(tw, __tw_common.skc_nulls_node.pprev))
		return TW_END_REUSED;
	if (netns_is_dead(BPF_CORE_READ(tw, __tw_common.skc_net.net)))
		return TW_END_PURGED;
	/* tcp_v4_rcv(), tcp_v6_rcv(): TCP_TW_RST for the one, TCP_TW_SYN for the other */
	return minisock_substate(tw) == TW_FIN_WAIT2 ? TW_END_RESET : TW_END_REOPENED;
}

static __always_inline void minisock_descheduled(const struct inet_timewait_sock *tw)
{
	struct tw_work *work = work_at_hand(WORK_INNER);

	if (is_work_on(work, tw) && work->reason)
		return;
	if (!is_work_on(work_at_hand(WORK_ABORT), tw))
		work_begin(WORK_INNER, &tw->__tw_common, 0, deschedule_reason(tw));
}

/*
 * inet_twsk_kill(): from the timer, or from inet_twsk_deschedule_put(), which is inlined
 * in inet_twsk_purge(). A minisock that nobody took down has expired, if its time is over.
 */
static __always_inline void minisock_killed(const struct inet_timewait_sock *tw)
{
	struct tw_work *work = work_at_hand(WORK_INNER);
	struct tw_work *abort = work_at_hand(WORK_ABORT);
	__u8 reason = TW_END_UNKNOWN;

	if (is_work_on(work, tw)) {
		reason = work->reason;
		work_end(WORK_INNER);
	} else if (is_work_on(abort, tw)) {
		reason = abort->reason;
	} else if (netns_is_dead(BPF_CORE_READ(tw, __tw_common.skc_net.net))) {
		reason = TW_END_PURGED;
	} else if ((__s64)(bpf_jiffies64() - BPF_CORE_READ(tw, tw_timer.expires)) >= 0) {
		reason = TW_END_EXPIRED;
	}
	minisock_tell(tw, TW_MINI_ENDED, reason);
}

#endif
