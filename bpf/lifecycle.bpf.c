// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every state change of every TCP socket. TIME_WAIT is not among them: the full
 * socket goes to CLOSE and a minisock lives on, of which this tracepoint says
 * nothing; the flags sent with ->CLOSE let user space infer it.
 *
 * This runs for every change on the host, so it reads the socket by plain loads, asks
 * for the time only where the kernel has not just done so, and keeps nothing with a
 * socket: what must be told in full is seen from the change itself (change_size()).
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "birth.h"
#include "change.h"
#include "emit.h"
#include "filter.h"
#include "lane.h"
#include "maps.h"
#include "plain.h"
#include "spill.h"

const volatile struct tw_config config = {};
const volatile struct tw_filter filter = {};
__u64 woken_ns;

/* From here on user space is told of it one change at a time again. */
static __always_inline void delivered(const struct change *change)
{
	struct tw_note *note;

	if (likely(!(change->flags & TW_F_GAP)))
		return;
	note = note_of(change);
	if (note)
		note->spilled = 0;
}

/* What passes by the lane the reader counts; what does not is counted here. */
static __always_inline void count_pair(const struct change *change)
{
	struct tw_counters *count = counters_here();
	__u32 pair = change->from * TW_NR_STATES + change->to;

	/* the verifier may know less of it than the compiler */
	barrier_var(pair);
	/* what is taken back is the change's second record */
	if (!count || pair >= TW_NR_STATES * TW_NR_STATES || (change->flags & TW_F_FORGET))
		return;
	count->pairs[pair]++;
	count->caught += (change->flags & TW_F_SECOND) != 0;
}

/* The first look has the lane for its own. */
static __always_inline void send_by_lane(struct change *change, struct tw_lane *lane)
{
	struct tw_transition *record = lane_room(lane, change->size);

	if (unlikely(!record)) {
		count_pair(change);
		spill_change(change, lane, FIRST);
		return;
	}
	describe(record, change);
	lane_push(lane, change->size);
	delivered(change);
}

/* The others use the ring of everybody: they have little to tell. */
static __always_inline void send_by_ring(struct change *change, struct tw_lane *lane,
					 enum look look)
{
	struct tw_transition *record = bpf_ringbuf_reserve(&events, TW_TRANSITION_FULL, 0);

	count_pair(change);
	/* what it has no room for is no loss yet */
	if (!record) {
		spill_change(change, lane, look);
		return;
	}
	describe(record, change);
	bpf_ringbuf_submit(record, emit_wakeup(change->ts_ns));
	delivered(change);
}

static __always_inline void send(struct change *change, struct tw_lane *lane, enum look look)
{
	if (look == FIRST)
		send_by_lane(change, lane);
	else
		send_by_ring(change, lane, look);
}

/*
 * Whether the filter lets it pass. It may have let a connect() pass whose local port it
 * could not know yet: user space takes that back.
 */
static __always_inline bool wanted(struct change *change, struct tw_lane *lane, enum look look)
{
	bool listening = change->to == TW_LISTEN || change->from == TW_LISTEN;
	struct tw_tuple tuple;

	plain_tuple(change->sk, change->tp, &tuple);
	if (filter_verdict(&tuple, listening) != VERDICT_DROP)
		return true;
	count_pair(change);
	tuple.local_port = 0;
	if (change->from == TW_SYN_SENT && filter_verdict(&tuple, false) != VERDICT_DROP) {
		change->flags |= TW_F_FORGET;
		change->size = TW_TRANSITION_SHORT;
		send(change, lane, look);
	}
	return false;
}

static __always_inline void find_actor(struct change *change)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (unlikely(plain_is_kernel(task))) {
		change->flags |= TW_F_KERNEL;
		return;
	}
	change->flags |= TW_F_OWNER;
	change->actor = task;
}

/*
 * What came before was told in sum, with what the note has: the rest is to be counted in
 * the same rows, and nobody else knows now whose child it is and who called whom.
 */
static __always_inline void recall_spilled(struct change *change)
{
	struct tw_note *note = note_of(change);

	if (!note || !note->spilled)
		return;
	change->flags |= TW_F_GAP | note->direction;
	change->listener_cookie = note->listener_cookie;
}

static __always_inline void identify(struct change *change, const struct tw_lane *lane,
				     enum look look)
{
	__u64 cookie = change->sk->__sk_common.skc_cookie.counter;

	/* no branch: see struct change */
	change->unknown = (((cookie | -cookie) >> 63) & lane->settled) ^ 1;
	change->cookie = likely(cookie) ? cookie : bpf_get_socket_cookie(change->sk);
	if (look != FIRST)
		change->flags |= TW_F_SECOND;
	if (unlikely(lane->noted))
		recall_spilled(change);
	change->flags |=
		((is_in(change->from, STATE(TW_SYN_SENT)) | is_in(change->to, STATE(TW_SYN_SENT))) *
		 TW_F_OUTGOING);
}

static __always_inline void observe(struct sock *sk, __u8 from, __u8 to, struct tw_lane *lane,
				    enum look look)
{
	struct change change = { .sk = sk, .from = from, .to = to };

	if (from == to || sk->sk_protocol != TW_IPPROTO_TCP)
		return;
	if (lane_has_seen(lane, look, sk, from << 8 | to))
		return;
	change.tp = bpf_skc_to_tcp_sock(sk);
	if (unlikely(!change.tp))
		return;
	change.flags = change.error = lane->nothing;
	change.born_ns = change.listener_cookie = lane->nothing;
	if (from == TW_LISTEN && to == TW_SYN_RECV) {
		count_pair(&change);
		child_born(sk, change.tp, lane, look);
		return;
	}
	identify(&change, lane, look);
	if (to == TW_CLOSE) {
		change.error = sk->sk_err;
		change.flags |= closing_flags(sk, change.tp);
	}
	change.ts_ns = change_time(&change);
	if (from == TW_SYN_RECV)
		recall_birth(&change, lane, look);
	if (acts_in_process(&change))
		find_actor(&change);
	change.size = change_size(&change);
	if (!config.has_filter || wanted(&change, lane, look))
		send(&change, lane, look);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(first_look, struct sock *sk, int from, int to)
{
	struct tw_lane *lane = lane_here();

	if (lane)
		observe(sk, from, to, lane, FIRST);
	return 0;
}

static __always_inline void look_again(struct sock *sk, int from, int to, enum look look)
{
	struct tw_lane *lane = lane_here();
	__u32 open;

	if (!lane || (look == THIRD && !lane->three_looks))
		return;
	open = lane->nr_open;
	observe(sk, from, to, lane, look);
	/*
	 * While the last look is at work it is skipped for what interrupts it, and does not
	 * take from the stack what the first one put there: it might be found there when the
	 * socket's memory is another socket's.
	 */
	if (is_last(lane, look))
		lane_forget_above(lane, open);
}

/*
 * The kernel skips a program that is already running on this CPU: one that a
 * softirq interrupted, or, on newer kernels (seen: 7.2), one whose task was
 * preempted in it. What one look missed the next one sees, because each leaves word of
 * what it has seen. The third is attached where two were not enough.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(second_look, struct sock *sk, int from, int to)
{
	look_again(sk, from, to, SECOND);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(third_look, struct sock *sk, int from, int to)
{
	look_again(sk, from, to, THIRD);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
