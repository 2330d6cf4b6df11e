// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The evidence tier `timer`: the tracepoints of the kernel's timers, for kernels
 * that let no function be traced. They fire for every timer of the host, so their
 * cost follows its traffic: only on demand.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "timewait.h"

/* The address of tw_timer_handler(); user space knows it, or finds it by the iterator. */
__u64 timer_handler;

/* Where the kernel runs timers that are due, as far as its symbols are known. */
struct tw_code expiring[TW_EXPIRING];

/* Between the tracepoint and that code lie these many frames at most; any other way is longer. */
#define NEAR 7

struct caller_stack {
	__u64 caller[TW_CALLERS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct caller_stack);
} stacks SEC(".maps");

/* Thousands expire in one softirq: told of once, by timer_expired(). */
static __always_inline bool is_expiring(const struct caller_stack *stack)
{
	for (int frame = 0; frame < NEAR; frame++)
		for (int i = 0; i < TW_EXPIRING; i++)
			if (stack->caller[frame] > expiring[i].start &&
			    stack->caller[frame] <= expiring[i].end)
				return true;
	return false;
}

static __always_inline bool is_minisocks(const struct timer_list *timer)
{
	return (__u64)timer->function == timer_handler;
}

static __always_inline const struct inet_timewait_sock *minisock_of(const struct timer_list *timer)
{
	return (const void *)timer - bpf_core_field_offset(struct inet_timewait_sock, tw_timer);
}

/* Once when it is made (tcp_time_wait()); again where a later expiry needs another bucket. */
SEC("tp_btf/timer_start")
int BPF_PROG(timer_armed, struct timer_list *timer)
{
	if (is_minisocks(timer))
		minisock_tell(minisock_of(timer), TW_MINI_BORN, 0);
	return 0;
}

SEC("tp_btf/timer_expire_entry")
int BPF_PROG(timer_expired, struct timer_list *timer)
{
	if (is_minisocks(timer))
		minisock_tell(minisock_of(timer), TW_MINI_ENDED, TW_END_EXPIRED);
	return 0;
}

/* Comes before every expiry and every arming anew, too: its callers tell them apart. */
SEC("tp_btf/timer_cancel")
int BPF_PROG(timer_cancelled, struct timer_list *timer)
{
	const struct inet_timewait_sock *tw = minisock_of(timer);
	struct tw_cancelled *record;
	struct tw_counters *count;
	struct caller_stack *stack;
	__u32 zero = 0;

	if (!is_minisocks(timer))
		return 0;
	count = counters_here();
	stack = bpf_map_lookup_elem(&stacks, &zero);
	if (!count || !stack)
		return 0;
	__builtin_memset(stack, 0, sizeof(*stack));
	bpf_get_stack(ctx, stack->caller, sizeof(stack->caller), 0);
	if (is_expiring(stack))
		return 0;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		count->lost_ring++;
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->mini.head.kind = TW_MINI_CANCELLED;
	record->mini.head.size = sizeof(*record);
	record->mini.head.from = minisock_substate(tw);
	record->mini.head.ts_ns = bpf_ktime_get_ns();
	record->mini.cookie = minisock_cookie(tw);
	minisock_tuple(tw, &record->mini.tuple);
	record->mini.local_port = record->mini.tuple.local_port;
	record->mini.remote_port = record->mini.tuple.remote_port;
	if (!BPF_CORE_READ(tw, __tw_common.skc_nulls_node.pprev))
		record->mini.head.to = TW_END_REUSED;
	else if (netns_is_dead(BPF_CORE_READ(tw, __tw_common.skc_net.net)))
		record->mini.head.to = TW_END_PURGED;
	if (config.has_filter && filter_verdict(&record->mini.tuple, false) == VERDICT_DROP) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return 0;
	}
	__builtin_memcpy(record->caller, stack->caller, sizeof(record->caller));
	bpf_ringbuf_submit(record, emit_wakeup(record->mini.head.ts_ns));
	return 0;
}

/* For kernels that hide their symbols: any minisock of this namespace tells the address. */
SEC("iter/tcp")
int timer_find_handler(struct bpf_iter__tcp *ctx)
{
	const struct inet_timewait_sock *tw = (const void *)ctx->sk_common;

	__u64 function;

	if (!tw || BPF_CORE_READ(tw, __tw_common.skc_state) != TW_TIME_WAIT)
		return 0;
	/* one that is being taken down has none any more (timer_shutdown_sync(), 6.2) */
	function = (__u64)BPF_CORE_READ(tw, tw_timer.function);
	if (function)
		timer_handler = function;
	return 0;
}
