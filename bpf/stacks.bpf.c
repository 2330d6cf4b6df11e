// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where in its code a process connects, accepts and closes. Programs of their own, loaded
 * with --stacks only: without it nothing here costs anything.
 *
 * A stack is the running task's, so it is taken at those changes alone that a task makes
 * itself (change.h), never at those that a segment or a timer makes in whatever task it
 * has interrupted.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "change.h"
#include "descriptor.h"
#include "emit.h"
#include "filter.h"
#include "maps.h"
#include "plain.h"
#include "sock.h"
#include "task.h"
#include "tw_stack.h"

#define EEXIST 17
/* So many deep ones in 2^26 ns (67 ms): 950 a second. */
#define DEEP_STRETCH 26
#define DEEP_IN_STRETCH 64

/* Never emptied while it is used, so that a number stays with its stack. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, TW_STACK_IDS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, TW_STACK_FRAMES * sizeof(__u64));
} user_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tw_stack_counters);
} stack_counters SEC(".maps");

/* Programs that run, by process, whose first stack has been told: the reader knows their maps. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} stack_programs SEC(".maps");

/* dd6e10fbd9fb ("bpf: Add bpf_task_pt_regs() helper"), 5.15 */
enum bpf_func_id___stacks {
	BPF_FUNC_task_pt_regs___stacks = 175,
};

/* By the cookie, so that connect() and close() of one socket are both seen or neither. */
static __always_inline bool is_sampled(__u64 cookie)
{
	__u32 mixed = cookie * 0x9e3779b97f4a7c15ULL >> 32;

	return config.stacks <= 1 || mixed % config.stacks == 0;
}

/* The reader is behind: what is left of the ring is for records that count sockets. */
static __always_inline bool is_crowded(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >
	       bpf_ringbuf_query(&events, BPF_RB_RING_SIZE) / 4 * 3;
}

/* Nobody's frames lie beyond the place where the first thread's began. */
static __always_inline __u32 deep_len(const struct tw_stack_seen *seen)
{
	__u64 len = seen->stack_start - seen->sp;

	return len < TW_STACK_DEEP ? len : TW_STACK_DEEP;
}

static __always_inline void copy_piece(struct tw_stack_seen *seen, bool deep)
{
	__u32 len = deep_len(seen), rest = 4096 - (seen->sp & 4095);

	if (deep && len > TW_STACK_PIECE && len <= TW_STACK_DEEP &&
	    !bpf_probe_read_user(seen->piece, len, (void *)seen->sp)) {
		seen->piece_len = len;
		return;
	}
	if (!bpf_probe_read_user(seen->piece, TW_STACK_PIECE, (void *)seen->sp)) {
		seen->piece_len = TW_STACK_PIECE;
		return;
	}
	/* the next page may be absent: up to its beginning, then */
	if (rest > TW_STACK_PIECE)
		rest = TW_STACK_PIECE;
	if (!bpf_probe_read_user(seen->piece, rest, (void *)seen->sp))
		seen->piece_len = rest;
}

static __always_inline void copy_registers(struct tw_stack_seen *seen, bool deep)
{
	struct pt_regs *regs;

	seen->ip = 0;
	seen->sp = 0;
	seen->bp = 0;
	seen->link = 0;
	seen->piece_len = 0;
	if (!bpf_core_enum_value_exists(enum bpf_func_id___stacks, BPF_FUNC_task_pt_regs___stacks))
		return;
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	seen->ip = PT_REGS_IP_CORE(regs);
	seen->sp = PT_REGS_SP_CORE(regs);
	seen->bp = PT_REGS_FP_CORE(regs);
	/* on x86-64 this is the stack pointer, and no rule asks for it */
	seen->link = PT_REGS_RET_CORE(regs);
	copy_piece(seen, deep);
}

static __always_inline void describe(struct tw_stack_seen *seen, __u64 cookie, __u32 deed,
				     const struct task_struct *task)
{
	seen->head.kind = TW_STACK_SEEN;
	seen->head.from = deed;
	seen->head.to = 0;
	seen->head.error = 0;
	seen->head.flags = 0;
	seen->head.ts_ns = bpf_ktime_get_ns();
	seen->cookie = cookie;
	seen->started_ns = BPF_CORE_READ(task, group_leader, start_time);
	seen->exec_id = BPF_CORE_READ(task, self_exec_id);
	seen->stack_start = BPF_CORE_READ(task, mm, start_stack);
	seen->pid = task_tgid(task);
	seen->tid = config.pidns_ino == TW_PROC_PID_INIT_INO ? BPF_CORE_READ(task, pid) :
							       task_number(task);
	BPF_CORE_READ_INTO(&seen->thread, task, comm);
	seen->nr_frames = 0;
	seen->pad = 0;
}

/*
 * The reader is woken at once for the first stack of a program, which may end at any moment;
 * what it has mapped can be read until then only.
 */
static __always_inline __u64 wakeup_for(const struct tw_stack_seen *seen)
{
	__u64 program = seen->started_ns ^ seen->exec_id << 48, *known;
	__u32 pid = seen->pid;

	known = bpf_map_lookup_elem(&stack_programs, &pid);
	if (known && *known == program)
		return emit_wakeup(seen->head.ts_ns);
	bpf_map_update_elem(&stack_programs, &pid, &program, BPF_ANY);
	woken_ns = seen->head.ts_ns;
	return BPF_RB_FORCE_WAKEUP;
}

/* The stack whose place in the map is another's: its frames come along. */
static __always_inline void tell_whole(void *ctx, __u64 cookie, __u32 deed,
				       const struct task_struct *task,
				       struct tw_stack_counters *count)
{
	struct tw_stack_seen *seen = bpf_ringbuf_reserve(&events, TW_STACK_SEEN_WHOLE, 0);
	long len;

	if (!seen) {
		count->no_room++;
		return;
	}
	describe(seen, cookie, deed, task);
	copy_registers(seen, false);
	seen->head.size = TW_STACK_SEEN_WHOLE;
	seen->id = -1;
	len = bpf_get_stack(ctx, seen->piece + TW_STACK_PIECE, TW_STACK_FRAMES * sizeof(__u64),
			    BPF_F_USER_STACK);
	if (len > 0)
		seen->nr_frames = len / sizeof(__u64);
	else
		seen->head.error = -len;
	count->unread += len <= 0;
	count->pieceless += len > 0 && !seen->piece_len;
	count->taken++;
	count->collided++;
	bpf_ringbuf_submit(seen, wakeup_for(seen));
}

/* Few a second on each processor, that a flood of stacks is none of bytes. */
static __always_inline bool may_be_deep(struct tw_stack_counters *count)
{
	__u64 stretch = bpf_ktime_get_ns() >> DEEP_STRETCH;

	if (count->stretch != stretch) {
		count->stretch = stretch;
		count->deep = 0;
	}
	return count->deep++ < DEEP_IN_STRETCH;
}

/* @id: its number in the map, or why it has none. */
static __always_inline void tell_by_id(__u64 cookie, __u32 deed, const struct task_struct *task,
				       struct tw_stack_counters *count, long id, const bool deep)
{
	const __u32 size = deep ? sizeof(struct tw_stack_seen) : TW_STACK_SEEN_SHORT;
	struct tw_stack_seen *seen = bpf_ringbuf_reserve(&events, size, 0);

	if (!seen) {
		count->no_room++;
		return;
	}
	describe(seen, cookie, deed, task);
	copy_registers(seen, deep);
	seen->head.size = size;
	seen->head.error = id < 0 ? -id : 0;
	seen->id = id;
	count->unread += id < 0;
	count->pieceless += id >= 0 && !seen->piece_len;
	count->taken++;
	bpf_ringbuf_submit(seen, wakeup_for(seen));
}

static __always_inline void tell_stack(void *ctx, __u64 cookie, __u32 deed)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct tw_stack_counters *count;
	__u32 zero = 0;
	long id;

	count = bpf_map_lookup_elem(&stack_counters, &zero);
	if (!count || task_is_kernel(task) || (config.pid && task_tgid(task) != config.pid))
		return;
	if (!cookie) {
		count->unknown++;
		return;
	}
	if (!is_sampled(cookie))
		return;
	if (is_crowded()) {
		count->no_room++;
		return;
	}
	id = bpf_get_stackid(ctx, &user_stacks, BPF_F_USER_STACK);
	if (id == -EEXIST) {
		tell_whole(ctx, cookie, deed, task, count);
		return;
	}
	if (id >= 0 && may_be_deep(count))
		tell_by_id(cookie, deed, task, count, id, true);
	else
		tell_by_id(cookie, deed, task, count, id, false);
}

/* What the running task does to the socket, or TW_NR_DEEDS: it does nothing, or not itself. */
static __always_inline __u32 deed_of(const struct sock *sk, const struct tcp_sock *tp, __u8 from,
				     __u8 to)
{
	__u64 change = change_of(from, to);

	if (to == TW_SYN_SENT)
		return TW_CONNECTED;
	if (to == TW_FIN_WAIT1 || to == TW_LAST_ACK)
		return TW_CLOSED;
	if (to != TW_CLOSE)
		return TW_NR_DEEDS;
	change |= CHANGE_FLAG(closing_flags(sk, tp)) | (__u64)(__u8)sk->sk_err << 40;
	/* a connect() that fails before its first segment is still that connect() */
	if (!closes_in_process(change) ||
	    (change & CHANGE_FLAG(TW_F_UNSENT) && from == TW_SYN_SENT))
		return TW_NR_DEEDS;
	return TW_CLOSED;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(stack_change, struct sock *sk, int from, int to)
{
	const struct tcp_sock *tp;
	struct tw_tuple tuple;
	__u32 deed;

	if (from == to || !is_in(to, ACTS | STATE(TW_CLOSE)) || sk->sk_protocol != TW_IPPROTO_TCP)
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return 0;
	deed = deed_of(sk, tp, from, to);
	if (deed == TW_NR_DEEDS)
		return 0;
	if (config.has_filter) {
		plain_tuple(sk, tp, &tuple);
		if (filter_verdict(&tuple, from == TW_LISTEN) == VERDICT_DROP)
			return 0;
	}
	/* the looks before this one gave it its cookie (lifecycle.bpf.c), and must know that */
	tell_stack(ctx, sk->__sk_common.skc_cookie.counter, deed);
	return 0;
}

static __always_inline int accepted_here(void *ctx, const struct sock *sk, __u64 cookie)
{
	struct tw_tuple tuple;

	if (!sk || BPF_CORE_READ(sk, sk_protocol) != TW_IPPROTO_TCP)
		return 0;
	if (config.has_filter) {
		sock_tuple(sk, &tuple);
		if (filter_verdict(&tuple, false) == VERDICT_DROP)
			return 0;
	}
	tell_stack(ctx, cookie, TW_ACCEPTED);
	return 0;
}

/* struct sock *inet_csk_accept(sk, flags, err, kern), until 6.9 */
SEC("fexit/inet_csk_accept")
int BPF_PROG(stack_accept_plain, struct sock *listener, int flags, int *err, bool kern,
	     struct sock *sk)
{
	return accepted_here(ctx, sk, bpf_get_socket_cookie(sk));
}

/* struct sock *inet_csk_accept(sk, struct proto_accept_arg *), 92ef0fd55ac8, 6.10 */
SEC("fexit/inet_csk_accept")
int BPF_PROG(stack_accept_arg, struct sock *listener, void *arg, struct sock *sk)
{
	return accepted_here(ctx, sk, bpf_get_socket_cookie(sk));
}

/* Where functions can't be traced: as syscalls.bpf.c does, at the same price. */
SEC("tp_btf/sys_exit")
int BPF_PROG(stack_exit_accept, struct pt_regs *regs, long ret)
{
	const struct sock *sk;

	if (!is_accept(regs))
		return 0;
	sk = descriptor_sock(ret);
	return accepted_here(ctx, sk, BPF_CORE_READ(sk, __sk_common.skc_cookie.counter));
}
