// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every state change of every TCP socket. TIME_WAIT is not among them: the full
 * socket goes to CLOSE and a minisock lives on, of which this tracepoint says
 * nothing; the flags sent with ->CLOSE let user space infer it.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "emit.h"
#include "filter.h"
#include "maps.h"
#include "sock.h"
#include "task.h"

const volatile struct tw_config config = {};
const volatile struct tw_filter filter = {};
__u64 woken_ns;

/* Facts at ->CLOSE from which the end is told (truth table in docs/). */
static __always_inline __u16 closing_flags(const struct sock *sk)
{
	const struct tcp_sock *tp = (const struct tcp_sock *)sk;
	__u32 write_seq = BPF_CORE_READ(tp, write_seq);
	__u16 flags = 0;

	if (sock_flag(sk, bpf_core_enum_value(enum sock_flags, SOCK_DONE)))
		flags |= TW_F_DONE;
	if (sock_flag(sk, bpf_core_enum_value(enum sock_flags, SOCK_DEAD)))
		flags |= TW_F_ORPHAN;
	if (BPF_CORE_READ(tp, linger2) < 0)
		flags |= TW_F_LINGER2_NEG;
	if (BPF_CORE_READ(tp, snd_una) == write_seq)
		flags |= TW_F_ALL_ACKED;
	if (!write_seq)
		flags |= TW_F_UNSENT;
	if (BPF_CORE_READ(sk, sk_lock.owned))
		flags |= TW_F_LOCKED;
	if (BPF_CORE_READ(sk, sk_shutdown) == 3)
		flags |= TW_F_SHUT_BOTH;
	return flags;
}

/*
 * Whether the task running now is the one that acted on the socket: connect(),
 * listen(), close() and shutdown() reach these transitions in process context
 * only. A close() that resets (unread data, SO_LINGER 0) goes straight to CLOSE
 * with the lock held, no error set and the socket not yet orphaned; a RST or a
 * timeout sets sk_err first, and a FIN has its own states.
 */
static __always_inline bool acts_in_process(int from, int to, __u16 error, __u16 flags)
{
	switch (to) {
	case TW_SYN_SENT:
	case TW_LISTEN:
	case TW_FIN_WAIT1:
	case TW_LAST_ACK:
		return true;
	case TW_CLOSE:
		if (from == TW_LISTEN || from == TW_SYN_SENT || from == TW_ESTABLISHED ||
		    from == TW_CLOSE_WAIT)
			return !error && (flags & TW_F_LOCKED) && !(flags & TW_F_ORPHAN);
		return false;
	default:
		return false;
	}
}

/* A note that a listener's child inherited: keep whose child it is, forget the rest. */
static __always_inline void note_birth(struct tw_note *note, __u64 ts_ns)
{
	note->born_ns = ts_ns;
	note->direction = TW_F_INCOMING;
	note->tgid = 0;
	note->flags = 0;
}

/* connect() or listen(), perhaps on a socket that failed before: told anew. */
static __always_inline void note_new_life(struct tw_note *note, int to, __u64 cookie)
{
	note->born_ns = 0;
	note->tgid = 0;
	note->flags = 0;
	note->direction = to == TW_SYN_SENT ? TW_F_OUTGOING : 0;
	note->listener_cookie = to == TW_LISTEN ? cookie : 0;
}

struct observation {
	struct sock *sk;
	struct tw_note *note;	/* may be NULL: no memory */
	struct tw_counters *count;
	__u32 actor;		/* who acted, by the kernel's own number */
};

static __always_inline bool wanted(struct observation *seen, struct tw_transition *record)
{
	bool listening = record->head.to == TW_LISTEN || record->head.from == TW_LISTEN;

	if (!config.has_filter || filter_verdict(&record->tuple, listening) != VERDICT_DROP)
		return true;
	/* told of before the tuple could be judged: user space takes it back */
	if (seen->note && (seen->note->flags & TW_NOTE_DELIVERED)) {
		record->head.flags |= TW_F_FORGET;
		record->head.size = TW_TRANSITION_SHORT;
		emit(record, TW_TRANSITION_SHORT, record->head.ts_ns, seen->count);
	}
	if (seen->note)
		seen->note->flags = TW_NOTE_FORGOTTEN;
	return false;
}

static __always_inline void send_full(struct observation *seen, struct tw_transition *record)
{
	struct tw_note *note = seen->note;

	sock_tuple(seen->sk, &record->tuple);
	if (!wanted(seen, record))
		return;
	record->cgroup_id = sock_cgroup_id(seen->sk);
	if (note) {
		record->born_ns = note->born_ns;
		record->listener_cookie = note->listener_cookie;
	}
	record->head.size = TW_TRANSITION_FULL;
	if (!emit(record, TW_TRANSITION_FULL, record->head.ts_ns, seen->count))
		return;
	/*
	 * Only now, and only if complete: the port of a connect() is not chosen at
	 * SYN_SENT, so ESTABLISHED tells the tuple again.
	 */
	if (note) {
		note->born_ns = 0;
		note->flags |= TW_NOTE_DELIVERED;
		if (record->head.flags & TW_F_OWNER)
			note->tgid = seen->actor;
	}
}

static __always_inline int observe(struct sock *sk, int from, int to, bool second)
{
	struct observation seen = { .sk = sk };
	struct tw_transition record = {};
	__u8 change = from << 4 | to;
	struct tw_note *note;
	__u32 zero = 0;
	__u64 ts_ns;

	if (from == to || sk->sk_protocol != TW_IPPROTO_TCP)
		return 0;
	seen.count = bpf_map_lookup_elem(&counters, &zero);
	if (!seen.count)
		return 0;
	note = bpf_sk_storage_get(&notes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (second && (!note || note->seen == change))
		return 0;
	if (note)
		note->seen = change;
	seen.note = note;
	if (second)
		seen.count->caught++;
	if (from >= 0 && from < TW_NR_STATES && to >= 0 && to < TW_NR_STATES)
		seen.count->pairs[from * TW_NR_STATES + to]++;
	ts_ns = bpf_ktime_get_ns();
	/*
	 * The child has neither tuple nor cookie yet: inet_csk_clone_lock() sets both
	 * after this event, and would overwrite a cookie made here. Its next event
	 * tells of this one.
	 */
	if (from == TW_LISTEN && to == TW_SYN_RECV) {
		if (note)
			note_birth(note, ts_ns);
		return 0;
	}
	if (note && (note->flags & TW_NOTE_FORGOTTEN) && from != TW_CLOSE)
		return 0;

	record.head.kind = TW_TRANSITION;
	record.head.from = from;
	record.head.to = to;
	record.head.ts_ns = ts_ns;
	record.cookie = bpf_get_socket_cookie(sk);
	if (second)
		record.head.flags |= TW_F_SECOND;
	if (to == TW_CLOSE) {
		record.head.error = BPF_CORE_READ(sk, sk_err);
		record.head.flags |= closing_flags(sk);
	}
	if (note && from == TW_CLOSE)
		note_new_life(note, to, record.cookie);
	if (note)
		record.head.flags |= note->direction;

	if (acts_in_process(from, to, record.head.error, record.head.flags)) {
		struct task_struct *task = (void *)bpf_get_current_task();

		if (task_is_kernel(task)) {
			record.head.flags |= TW_F_KERNEL;
		} else {
			task_owner(task, &record.owner);
			seen.actor = BPF_CORE_READ(task, tgid);
			record.head.flags |= TW_F_OWNER;
		}
	}

	if (!note || !(note->flags & TW_NOTE_DELIVERED) || from == TW_SYN_SENT) {
		send_full(&seen, &record);
	} else if ((record.head.flags & TW_F_OWNER) && seen.actor != note->tgid) {
		record.head.size = TW_TRANSITION_OWNER;
		if (emit(&record, TW_TRANSITION_OWNER, ts_ns, seen.count))
			note->tgid = seen.actor;
	} else {
		record.head.flags &= ~TW_F_OWNER;
		record.head.size = TW_TRANSITION_SHORT;
		emit(&record, TW_TRANSITION_SHORT, ts_ns, seen.count);
	}
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(first_look, struct sock *sk, int from, int to)
{
	return observe(sk, from, to, false);
}

/*
 * The kernel skips a program that is already running on this CPU: one that a
 * softirq interrupted, or, on newer kernels (seen: 7.2), one whose task was
 * preempted in it. What one look missed the next one sees, because the last change
 * that was looked at is noted with the socket, and no socket makes the same change
 * twice running. The third is attached where two were not enough.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(second_look, struct sock *sk, int from, int to)
{
	return observe(sk, from, to, true);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(third_look, struct sock *sk, int from, int to)
{
	return observe(sk, from, to, true);
}

char LICENSE[] SEC("license") = "GPL";
