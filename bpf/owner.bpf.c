// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who has a socket: at accept(), where the kernel lets functions be traced, and
 * by walking the open files of every process, for sockets that stay open.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "holder.h"
#include "maps.h"
#include "plain.h"
#include "sock.h"

/* struct sock *inet_csk_accept(sk, flags, err, kern), until 6.9 */
SEC("fexit/inet_csk_accept")
int BPF_PROG(accept_plain, struct sock *listener, int flags, int *err, bool kern, struct sock *sk)
{
	return accepted(sk, bpf_get_socket_cookie(sk));
}

/* struct sock *inet_csk_accept(sk, struct proto_accept_arg *), 92ef0fd55ac8, 6.10 */
SEC("fexit/inet_csk_accept")
int BPF_PROG(accept_arg, struct sock *listener, void *arg, struct sock *sk)
{
	return accepted(sk, bpf_get_socket_cookie(sk));
}

/* As holder_facts(), by plain loads. */
static __always_inline void plain_facts(struct tw_holder *record, const struct tcp_sock *tp,
					const struct task_struct *task)
{
	const struct sock *sk = &tp->inet_conn.icsk_inet.sk;
	const struct inet_bind_bucket *bucket = tp->inet_conn.icsk_bind_hash;

	record->head.kind = TW_HOLDER;
	record->head.size = sizeof(*record);
	record->head.from = sk->__sk_common.skc_state;
	record->cgroup_id = plain_cgroup_id(tp);
	plain_owner(task, &record->owner);
	record->owner.uid = task->cred->uid.val;
	record->started_ns = task->group_leader->start_time;
	if (bucket && bucket->fastreuse == -1 && bucket->fastreuseport == -1)
		record->head.flags |= TW_H_AUTOBOUND;
	if (BPF_CORE_READ_BITFIELD(sk, sk_userlocks) & 8)
		record->head.flags |= TW_H_BOUND;
}

/*
 * One record for each descriptor of a TCP socket; user space folds those of one
 * process. Each socket gets its cookie here, if it had none.
 */
SEC("iter/task_file")
int holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct tw_holder record = {};
	const struct tcp_sock *tp;
	struct socket *socket;
	__u64 cookie;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	tp = bpf_skc_to_tcp_sock(socket->sk);
	if (!tp)
		return 0;
	plain_facts(&record, tp, task);
	record.head.ts_ns = bpf_ktime_get_ns();
	cookie = tp->inet_conn.icsk_inet.sk.__sk_common.skc_cookie.counter;
	record.cookie = cookie ? cookie : bpf_get_socket_cookie(socket->sk);
	record.fd = ctx->fd;
	record.fd_count = 1;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

/*
 * One record for each descriptor of a TCP socket in CLOSE, which no dump lists. One that has
 * never been connected is among them, with no remote port: user space knows which were.
 */
SEC("iter/task_file")
int closed_held(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct tw_closed_found record = {};
	const struct tcp_sock *tp;
	struct socket *socket;
	const struct sock *sk;
	__u32 idle, unsent;
	__u64 cookie;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk || socket->sk->__sk_common.skc_state != TW_CLOSE)
		return 0;
	tp = bpf_skc_to_tcp_sock(socket->sk);
	if (!tp)
		return 0;
	sk = &tp->inet_conn.icsk_inet.sk;
	record.held.head.kind = TW_CLOSED_HELD;
	record.held.head.size = sizeof(record.held);
	record.held.head.ts_ns = bpf_ktime_get_ns();
	cookie = sk->__sk_common.skc_cookie.counter;
	record.held.cookie = cookie ? cookie : bpf_get_socket_cookie(socket->sk);
	record.held.cgroup_id = plain_cgroup_id(tp);
	plain_owner(task, &record.held.owner);
	record.held.owner.uid = task->cred->uid.val;
	plain_tuple(sk, tp, &record.held.tuple);
	record.held.fd_count = 1;
	record.jiffies = bpf_jiffies64();
	idle = tp->rcv_tstamp ? (__u32)record.jiffies - tp->rcv_tstamp : ~0U;
	unsent = tp->lsndtime ? (__u32)record.jiffies - tp->lsndtime : ~0U;
	record.held.idle_ms = unsent < idle ? unsent : idle;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
