// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who has a port, in the network namespace of whoever looks: listeners, connections and
 * minisocks, which stand in the kernel's tables, and sockets that were bound and nothing more,
 * which only their open files lead to.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "plain.h"
#include "sock.h"
#include "tw_config.h"

/* Set for each look. */
struct tw_bound_wanted bound_wanted;

/* The last one is for those that there is no room for. */
static __always_inline bool bound_has_room(void)
{
	if (bound_wanted.room)
		bound_wanted.room--;
	return bound_wanted.room;
}

static __always_inline void bound_head(struct tw_bound_found *found, const struct sock_common *sk)
{
	found->bound.head.kind = TW_BOUND;
	found->bound.head.size = sizeof(found->bound);
	found->bound.head.from = sk->skc_state;
	if (BPF_CORE_READ_BITFIELD(sk, skc_reuse))
		found->bound.head.flags |= TW_B_REUSEADDR;
	if (BPF_CORE_READ_BITFIELD(sk, skc_reuseport))
		found->bound.head.flags |= TW_B_REUSEPORT;
	if (BPF_CORE_READ_BITFIELD(sk, skc_ipv6only))
		found->bound.head.flags |= TW_B_V6ONLY;
	found->bound.cookie = sk->skc_cookie.counter;
	found->bound.expires_ms = ~0U;
	found->jiffies = bpf_jiffies64();
}

/* Its cookie comes from its full socket, if that had one (inet_twsk_alloc()). */
static __always_inline void bound_minisock(struct tw_bound_found *found,
					   const struct inet_timewait_sock *tw)
{
	__u64 expires = BPF_CORE_READ(tw, tw_timer.expires);

	sock_common_tuple(&tw->__tw_common, &found->bound.tuple);
	found->bound.tuple.local_port = bound_wanted.port;
	found->bound.head.from = BPF_CORE_READ(tw, tw_substate);
	found->bound.head.to = TW_TIMER_MINISOCK;
	found->bound.expires_ms = expires > found->jiffies ? expires - found->jiffies : 0;
}

/* SOCK_BINDPORT_LOCK; a listener's children lose it (sk_clone_lock()). */
static __always_inline void bound_socket(struct tw_bound_found *found, const struct sock *sk)
{
	sock_tuple(sk, &found->bound.tuple);
	found->bound.cgroup_id = sock_cgroup_id(sk);
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & 8)
		found->bound.head.flags |= TW_B_LOCKED;
}

SEC("iter/tcp")
int bound_hashed(struct bpf_iter__tcp *ctx)
{
	struct sock_common *sk = ctx->sk_common;
	struct tw_bound_found found = {};

	/* request sockets are their listener's */
	if (!sk || sk->skc_num != bound_wanted.port || sk->skc_state >= TW_NR_STATES - 1 ||
	    !bound_has_room())
		return 0;
	bound_head(&found, sk);
	if (found.bound.head.from == TW_TIME_WAIT)
		bound_minisock(&found, (const void *)sk);
	else
		bound_socket(&found, (const void *)sk);
	bpf_seq_write(ctx->meta->seq, &found, sizeof(found));
	return 0;
}

/* One record for each descriptor: they may be several processes'. */
SEC("iter/task_file")
int bound_unhashed(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct tw_bound_found found = {};
	const struct tcp_sock *tp;
	const struct sock *sk;
	struct socket *socket;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk || socket->sk->__sk_common.skc_state != TW_CLOSE)
		return 0;
	tp = bpf_skc_to_tcp_sock(socket->sk);
	if (!tp)
		return 0;
	sk = &tp->inet_conn.icsk_inet.sk;
	if (sk->__sk_common.skc_num != bound_wanted.port)
		return 0;
	bound_head(&found, &sk->__sk_common);
	bound_socket(&found, sk);
	if (found.bound.tuple.netns_cookie != bound_wanted.netns_cookie || !bound_has_room())
		return 0;
	/* user space knows by it whose descriptors are of one socket */
	found.bound.cookie = bpf_get_socket_cookie(socket->sk);
	plain_owner(task, &found.bound.owner);
	found.bound.owner.uid = task->cred->uid.val;
	bpf_seq_write(ctx->meta->seq, &found, sizeof(found));
	return 0;
}
