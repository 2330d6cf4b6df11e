// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every state change of every TCP socket. TIME_WAIT is not among them: the full
 * socket goes to CLOSE and a minisock lives on, of which this tracepoint says
 * nothing; the flags sent with ->CLOSE let user space infer it.
 *
 * This runs for every change on the host, so it reads the socket by plain loads, asks
 * for the time only where the kernel has not just done so, and keeps nothing with a
 * socket: what must be told in full is seen from the change itself (observe()).
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "birth.h"
#include "change.h"
#include "emit.h"
#include "failures.h"
#include "filter.h"
#include "lane.h"
#include "maps.h"
#include "plain.h"
#include "scope.h"
#include "spill.h"

const volatile struct tw_config config = {};
const volatile struct tw_filter filter = {};
__u64 woken_ns;

/* What passes by the lane the reader counts; what does not is counted here. */
static __always_inline void count_pair(__u64 change)
{
	__u32 pair = change_from(change) * TW_NR_STATES + change_to(change);
	struct tw_counters *count = counters_here();

	/* the verifier may know less of it than the compiler */
	barrier_var(pair);
	/* what is taken back is the change's second record */
	if (!count || pair >= TW_NR_STATES * TW_NR_STATES || (change & CHANGE_FLAG(TW_F_FORGET)))
		return;
	/* another look's work may be what was interrupted */
	__sync_fetch_and_add(&count->pairs[pair], 1);
	if (change & CHANGE_FLAG(TW_F_SECOND))
		__sync_fetch_and_add(&count->caught, 1);
}

static __noinline int has_no_room(struct sock *sk, struct tw_lane *lane, __u64 change, __u64 ts_ns,
				  __u32 look)
{
	count_pair(change);
	return spill_sum(sk, lane, change, ts_ns, look);
}

/*
 * What came before was told in sum, with what the note has: the rest is to be counted in
 * the same rows, and nobody else knows now whose child it is, who called whom, and who
 * acted on it meanwhile. Flags for the record.
 */
static __always_inline __u64 describe_spilled(struct tw_transition *record, struct sock *sk,
					      bool owned)
{
	struct tw_note *note = note_of(sk);

	if (!note || !note->spilled)
		return 0;
	record->listener_cookie = note->listener_cookie;
	if (owned || !note->comm[0])
		return CHANGE_FLAG(note->direction);
	__builtin_memcpy(record->owner.comm, note->comm, TW_COMM_LEN);
	record->owner.tgid = note->tgid;
	return CHANGE_FLAG(note->direction | TW_F_OWNER);
}

/* What the change itself tells, in the place of the listener that it has none of. */
static __always_inline void describe_connect(struct tw_transition *record,
					     const struct tcp_sock *tp, __u64 change, __u64 ts_ns)
{
	if (change_to(change) == TW_SYN_SENT)
		record->own_range = plain_own_range(tp);
	else if (change_from(change) == TW_SYN_SENT && change_to(change) == TW_ESTABLISHED)
		record->syn_ns = plain_syn_ns(tp, ts_ns);
}

/*
 * Records are as small as their content: the first one of a connection and those that
 * tell more of its tuple are whole, and who acted is told when somebody has. Whole too
 * where the socket has no cookie: nobody has told of it, and no dump has listed it (it is
 * in a namespace out of sight).
 */
static __always_inline void describe(struct tw_transition *record, struct sock *sk,
				     struct tw_lane *lane, __u64 change, __u64 ts_ns, __u32 look)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	__u64 owner, born_ns = ts_ns, listener_cookie = 0, child = 0;

	if (change_from(change) == TW_SYN_RECV) {
		child = recall_birth(sk, lane, look, &born_ns, &listener_cookie);
		forget_birth(sk, lane, look);
	}
	owner = change_owner(change, &record->owner);
	if (!(owner & CHANGE_FLAG(TW_F_OWNER)))
		__builtin_memset(&record->owner, 0, sizeof(record->owner));
	record->listener_cookie = listener_cookie;
	if (unlikely(change & CHANGE_FLAG(TW_F_GAP)))
		change |= describe_spilled(record, sk, owner & CHANGE_FLAG(TW_F_OWNER));
	change |= owner | child | change_direction(change);
	*(__u64 *)&record->head = change_head(change, TW_TRANSITION_FULL);
	record->head.ts_ns = ts_ns;
	record->cookie = sk->__sk_common.skc_cookie.counter;
	if (tp) {
		plain_tuple(sk, tp, &record->tuple);
		record->cgroup_id = plain_cgroup_id(tp);
		describe_connect(record, tp, change, ts_ns);
	}
	record->born_ns = child ? born_ns : 0;
}

/* From here on user space is told of it one change at a time again. */
static __always_inline void delivered(struct sock *sk, __u64 change)
{
	struct tw_note *note;

	if (likely(!(change & CHANGE_FLAG(TW_F_GAP))))
		return;
	note = note_of(sk);
	if (note)
		note->spilled = 0;
}

/* Each of the next three is true if there was room. */
static __noinline int tell_whole(struct sock *sk, struct tw_lane *lane, __u64 change, __u64 ts_ns)
{
	struct tw_transition *record = lane_room(lane, TW_TRANSITION_FULL);

	if (unlikely(!record))
		return false;
	describe(record, sk, lane, change, ts_ns, FIRST);
	lane_push(lane, TW_TRANSITION_FULL);
	delivered(sk, change);
	return true;
}

static __noinline int tell_owner(struct sock *sk, struct tw_lane *lane, __u64 change, __u64 ts_ns)
{
	struct tw_transition *record = lane_room(lane, TW_TRANSITION_OWNER);
	__u64 owner;

	if (unlikely(!record))
		return false;
	owner = change_owner(change, &record->owner);
	*(__u64 *)&record->head = change_head(change | owner, TW_TRANSITION_OWNER);
	record->head.ts_ns = ts_ns;
	record->cookie = sk->__sk_common.skc_cookie.counter;
	lane_push(lane, TW_TRANSITION_OWNER);
	return true;
}

static __always_inline bool tell_briefly(struct sock *sk, struct tw_lane *lane, __u64 change,
					 __u64 ts_ns)
{
	struct tw_transition *record = lane_room(lane, TW_TRANSITION_SHORT);

	if (unlikely(!record))
		return false;
	*(__u64 *)&record->head = change_head(change, TW_TRANSITION_SHORT);
	record->head.ts_ns = ts_ns;
	record->cookie = sk->__sk_common.skc_cookie.counter;
	lane_push(lane, TW_TRANSITION_SHORT);
	return true;
}

static __always_inline void tell(struct sock *sk, struct tw_lane *lane, __u64 change, __u64 ts_ns)
{
	int told;

	if (change & CHANGE_FULL)
		told = tell_whole(sk, lane, change, ts_ns);
	else if (change & CHANGE_ACTS)
		told = tell_owner(sk, lane, change, ts_ns);
	else
		told = tell_briefly(sk, lane, change, ts_ns);
	if (unlikely(!told))
		has_no_room(sk, lane, change, ts_ns, FIRST);
}

/* The later looks use the ring of everybody, and tell all: they have little to tell. */
static __always_inline void tell_by_ring(struct sock *sk, struct tw_lane *lane, __u64 change,
					 __u64 ts_ns, __u32 look)
{
	struct tw_transition *record = bpf_ringbuf_reserve(&events, TW_TRANSITION_FULL, 0);

	/* what it has no room for is no loss yet */
	if (!record) {
		has_no_room(sk, lane, change, ts_ns, look);
		return;
	}
	count_pair(change);
	describe(record, sk, lane, change, ts_ns, look);
	/* as small as it must be: a whole one would make a new connection of an old one */
	if (!(change & CHANGE_FULL))
		record->head.size = change & CHANGE_ACTS ? TW_TRANSITION_OWNER :
							   TW_TRANSITION_SHORT;
	bpf_ringbuf_submit(record, emit_wakeup(ts_ns));
	delivered(sk, change);
}

/*
 * Whether the filter lets it pass. It may have let a connect() pass whose local port it
 * could not know yet: user space takes that back.
 */
static __noinline int is_wanted(struct sock *sk, struct tw_lane *lane, __u64 change, __u64 ts_ns,
				__u32 look)
{
	__u64 forget = (change & ~(CHANGE_FULL | CHANGE_ACTS)) | CHANGE_FLAG(TW_F_FORGET);
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	bool listening = change_to(change) == TW_LISTEN || change_from(change) == TW_LISTEN;
	struct tw_tuple tuple;

	if (!tp)
		return false;
	plain_tuple(sk, tp, &tuple);
	if (filter_verdict(&tuple, listening) != VERDICT_DROP)
		return true;
	count_pair(change);
	tuple.local_port = 0;
	if (change_from(change) != TW_SYN_SENT || filter_verdict(&tuple, false) == VERDICT_DROP)
		return false;
	if (look == FIRST)
		tell(sk, lane, forget, ts_ns);
	else
		tell_by_ring(sk, lane, forget, ts_ns, look);
	return false;
}

/* The change as it is to be told; 0: it is of no interest. */
static __noinline __u64 scope_judge(struct sock *sk, __u64 change)
{
	switch (scope_of_change(sk, change)) {
	case SCOPE_OTHERS:
		count_pair(change);
		return 0;
	case SCOPE_NEW:
		/* what came before was not told */
		return change | CHANGE_FULL;
	default:
		return change;
	}
}

/* @pair: from and to of the change seen now. */
static __noinline int was_spilled(struct sock *sk, __u32 pair)
{
	struct tw_note *note = note_of(sk);

	if (!note || !note->spilled)
		return NOT_SPILLED;
	return note->last == pair ? SPILLED_THIS : SPILLED_BEFORE;
}

/*
 * A listen() whose port was taken goes to LISTEN and back at once (inet_csk_listen_start()). So
 * do close() and shutdown() of a listener and connect(AF_UNSPEC) on it, but a listener that has
 * been one is marked for ever when it is hashed (__inet_hash(), 3b24d854cb35, 4.7). What
 * fails then may be the hash (ENOMEM), too; a listener that becomes one for the second time
 * fails unseen.
 */
static __noinline int listen_failed(struct sock *sk, __u64 ts_ns)
{
	struct tw_bind_failed record = {};

	if (sk->__sk_common.skc_flags >> bpf_core_enum_value(enum sock_flags, SOCK_RCU_FREE) & 1)
		return 0;
	bind_facts(&record, sk, sk->__sk_common.skc_cookie.counter);
	record.head.ts_ns = ts_ns;
	record.head.flags |= TW_B_LISTEN | TW_B_INFERRED;
	return bind_failed(&record);
}

static __always_inline void observe(struct sock *sk, __u8 from, __u8 to, struct tw_lane *lane,
				    enum look look)
{
	const struct tcp_sock *tp;
	__u64 change, ts_ns;

	tp = bpf_skc_to_tcp_sock(sk);
	if (unlikely(!tp))
		return;
	change = change_of(from, to);
	if (look != FIRST)
		change |= CHANGE_FLAG(TW_F_SECOND);
	if (from == TW_LISTEN && to == TW_SYN_RECV) {
		count_pair(change);
		child_born(sk, tp, lane, look);
		return;
	}
	change |= is_in(from, STATE(TW_CLOSE) | STATE(TW_SYN_SENT) | STATE(TW_SYN_RECV)) *
		  CHANGE_FULL;
	if (unlikely(!lane->settled || !sk->__sk_common.skc_cookie.counter)) {
		bpf_get_socket_cookie(sk);
		change |= CHANGE_UNKNOWN | CHANGE_FULL;
	}
	if (unlikely(lane->noted)) {
		int spilled = was_spilled(sk, from << 8 | to);

		/* told by a processor that its task has left since: no sum can take that back */
		if (look != FIRST && spilled == SPILLED_THIS)
			return;
		if (spilled)
			change |= CHANGE_FLAG(TW_F_GAP) | CHANGE_FULL;
	}
	if (to == TW_CLOSE) {
		change |= CHANGE_FLAG(closing_flags(sk, tp)) | (__u64)(__u8)sk->sk_err << 40;
		change |= closes_in_process(change) * CHANGE_ACTS;
	} else {
		change |= is_in(to, ACTS) * CHANGE_ACTS;
	}
	if (config.scope_pid) {
		change = scope_judge(sk, change);
		if (!change)
			return;
	}
	ts_ns = change_time(change, tp);
	if (from == TW_LISTEN && config.infer_listen)
		listen_failed(sk, ts_ns);
	change = lane_forget_word(lane, look, change);
	if (config.has_filter && !is_wanted(sk, lane, change, ts_ns, look))
		return;
	if (look == FIRST)
		tell(sk, lane, change, ts_ns);
	else
		tell_by_ring(sk, lane, change, ts_ns, look);
}

static __always_inline bool is_change(const struct sock *sk, int from, int to)
{
	return from != to && sk->sk_protocol == TW_IPPROTO_TCP;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(first_look, struct sock *sk, int from, int to)
{
	struct tw_lane *lane = lane_here();

	if (!lane || !is_change(sk, from, to))
		return 0;
	lane_begin(lane, sk, from << 8 | to);
	observe(sk, from, to, lane, FIRST);
	return 0;
}

static __always_inline void look_again(struct sock *sk, int from, int to, enum look look)
{
	struct tw_lane *lane = lane_here();
	__u32 at;

	if (!lane || (look == THIRD && !lane->three_looks) || !is_change(sk, from, to))
		return;
	at = lane_find(lane, sk, from << 8 | to);
	if (at >= TW_LANE_OPEN) {
		at = lane->nr_open;
		if (!is_last(lane, look))
			lane_begin(lane, sk, from << 8 | to);
		observe(sk, from, to, lane, look);
	}
	if (is_last(lane, look) && lane->nr_open > at)
		lane->nr_open = at;
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
