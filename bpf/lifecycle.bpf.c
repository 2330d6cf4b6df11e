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

#include "emit.h"
#include "filter.h"
#include "lane.h"
#include "maps.h"
#include "plain.h"
#include "sock.h"
#include "spill.h"

const volatile struct tw_config config = {};
const volatile struct tw_filter filter = {};
__u64 woken_ns;

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tw_note);
} notes SEC(".maps");

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

/*
 * The listener whose child this is, by its cookie; 0: unknown. At LISTEN->SYN_RECV the
 * child still is the copy that sk_clone() made of its listener, so the head of its empty
 * send queue points to the listener's own (tcp_init_sock(); tcp_create_openreq_child()
 * sets it anew a moment later).
 */
static __always_inline __u64 listener_of(const struct tcp_sock *child, struct tw_lane *lane,
					 enum look look)
{
	__u64 queue = lane_address(lane, look, child->tsorted_sent_queue.next);
	const struct sock_common *listener =
		(const void *)(queue - bpf_core_field_offset(struct tcp_sock, tsorted_sent_queue));

	if (BPF_CORE_READ(listener, skc_state) != TW_LISTEN)
		return 0;
	return BPF_CORE_READ(listener, skc_cookie.counter);
}

/*
 * The child has neither tuple nor cookie yet: inet_csk_clone_lock() sets both after this
 * event, and would overwrite a cookie made here. Its next event tells of this one: it comes
 * with the same segment, so at the same time by the kernel's clock, unless the listener
 * takes TCP Fast Open.
 */
static __noinline int child_born(struct sock *sk, const struct tcp_sock *tp, struct tw_lane *lane,
				 enum look look)
{
	__u64 address = lane_address(lane, look, sk);
	struct tw_birth *birth = lane_birth(lane, address);
	__u64 listener_cookie = listener_of(tp, lane, look);
	struct tw_note *note;

	if (tp->inet_conn.icsk_accept_queue.fastopenq.max_qlen) {
		note = bpf_sk_storage_get(&notes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
		if (note) {
			note->born_ns = bpf_ktime_get_ns();
			note->listener_cookie = listener_cookie;
			lanes_noted();
		}
		return 0;
	}
	birth->child = 0;
	birth->listener_cookie = listener_cookie;
	/* another look may have interrupted: what it began it has also ended */
	*(volatile __u64 *)&birth->child = address;
	return 0;
}

static __always_inline struct tw_note *note_of(const struct change *change)
{
	return bpf_sk_storage_get(&notes, change->sk, NULL, 0);
}

/* What is known of a socket that leaves SYN_RECV: its birth, if it is a listener's child. */
static __always_inline void recall_birth(struct change *change, struct tw_lane *lane,
					 enum look look)
{
	__u64 address = lane_address(lane, look, change->sk);
	struct tw_birth *birth = lane_birth(lane, address);
	struct tw_note *note;

	if (likely(birth->child == address)) {
		birth->child = 0;
		change->flags |= TW_F_INCOMING;
		change->born_ns = change->ts_ns;
		change->listener_cookie = birth->listener_cookie;
		return;
	}
	note = note_of(change);
	if (note && note->born_ns) {
		change->flags |= TW_F_INCOMING;
		change->born_ns = note->born_ns;
		change->listener_cookie = note->listener_cookie;
	}
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
		__builtin_memset(&record->owner, 0, sizeof(record->owner));
	plain_tuple(change->sk, change->tp, &record->tuple);
	record->cgroup_id = plain_cgroup_id(change->sk);
	record->born_ns = change->born_ns;
	record->listener_cookie = change->listener_cookie;
}

/* Only these are counted; the states between show again at the next snapshot. */
static __always_inline bool counts(const struct change *change)
{
	return is_in(change->to, STATE(TW_ESTABLISHED) | STATE(TW_FIN_WAIT1) | STATE(TW_CLOSE));
}

/*
 * No room: told in sum. A connection whose first change comes here is noted, since nobody
 * but the note knows then whose it is and who called whom.
 */
static __noinline int spill_noted(struct change *change, struct tw_lane *lane)
{
	bool born = change->from == TW_CLOSE || (change->flags & TW_F_INCOMING);
	struct tw_spilled key = {};
	struct tw_counters *count = counters_here();
	struct tw_note *note;

	if (!count)
		return 0;
	if (change->flags & TW_F_FORGET) {
		count->lost_ring++;
		return 0;
	}
	count->spilled++;
	note = bpf_sk_storage_get(&notes, change->sk, NULL,
				  born || change->unknown ? BPF_SK_STORAGE_GET_F_CREATE : 0);
	if (note && (born || change->unknown)) {
		note->spilled = 1;
		note->direction = change->flags & (TW_F_OUTGOING | TW_F_INCOMING);
		note->listener_cookie = change->listener_cookie;
		if (!lane->noted)
			lanes_noted();
	}
	if (note && note->spilled && change->actor)
		plain_comm(change->actor, note->comm);
	if (!counts(change))
		return 0;
	key.head.size = sizeof(key);
	key.head.kind = TW_SPILLED;
	key.head.from = change->from;
	key.head.to = change->to;
	key.head.error = change->error;
	key.head.flags = change->flags & ~(TW_F_OWNER | TW_F_LOCKED | TW_F_GAP | TW_F_SECOND);
	if (note && note->spilled) {
		key.head.flags |= note->direction;
		key.listener_cookie = note->listener_cookie;
		__builtin_memcpy(key.owner.comm, note->comm, TW_COMM_LEN);
		key.cgroup_id = plain_cgroup_id(change->sk);
		plain_tuple(change->sk, change->tp, &key.tuple);
		__builtin_memset(key.tuple.local_addr, 0, sizeof(key.tuple.local_addr));
		/* the ephemeral ports would make each connection one of its own */
		if (note->direction & TW_F_OUTGOING)
			key.tuple.local_port = 0;
		else if (note->direction & TW_F_INCOMING)
			key.tuple.remote_port = 0;
	} else {
		key.cookie = change->cookie;
	}
	if (!spill_add(&key, change->ts_ns))
		count->lost_sum++;
	return 0;
}

/* A copy, so that the change itself may live in registers: this is not the common way. */
static __always_inline void spill_change(const struct change *change, struct tw_lane *lane)
{
	struct change copy = *change;

	spill_noted(&copy, lane);
}

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
		spill_change(change, lane);
		return;
	}
	describe(record, change);
	lane_push(lane, change->size);
	delivered(change);
}

/* The others use the ring of everybody: they have little to tell. */
static __always_inline void send_by_ring(struct change *change, struct tw_lane *lane)
{
	struct tw_transition *record = bpf_ringbuf_reserve(&events, TW_TRANSITION_FULL, 0);

	count_pair(change);
	/* what it has no room for is no loss yet */
	if (!record) {
		spill_change(change, lane);
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
		send_by_ring(change, lane);
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

static __always_inline bool was_spilled(const struct change *change)
{
	struct tw_note *note = note_of(change);

	return note && note->spilled;
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
	if (unlikely(lane->noted) && was_spilled(change))
		change->flags |= TW_F_GAP;
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
