/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a socket and the running task say of themselves where the verifier knows them for
 * what they are (tp_btf arguments, bpf_get_current_task_btf()): by plain loads, each a
 * nanosecond where a probe (sock.h, task.h) takes ten.
 */
#ifndef TW_PLAIN_H
#define TW_PLAIN_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "sock.h"
#include "task.h"

/* enum sock_flags: their numbers have not moved since 5.10, ask the BTF all the same */
enum sock_flags {
	SOCK_DEAD,
	SOCK_DONE,
	SOCK_RCU_FREE = 23,
};

static __always_inline void plain_addr(__u8 addr[16], const struct in6_addr *from)
{
	__u64 *to = (__u64 *)addr;

	to[0] = *(const __u64 *)&from->in6_u.u6_addr32[0];
	to[1] = *(const __u64 *)&from->in6_u.u6_addr32[2];
}

/* As sock_tuple(). */
static __always_inline void plain_tuple(const struct sock *sk, const struct tcp_sock *tp,
					struct tw_tuple *tuple)
{
	/*
	 * Not by @sk, which the verifier trusts: for each pointer read from what it trusts it
	 * searches all names of the kernel's BTF, half a millisecond each time.
	 */
	const struct sock_common *common = &tp->inet_conn.icsk_inet.sk.__sk_common;
	const struct net *net = common->skc_net.net;

	tuple->local_port = bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport);
	tuple->remote_port = bpf_ntohs(common->skc_dport);
	if (common->skc_family == TW_AF_INET6) {
		plain_addr(tuple->local_addr, &common->skc_v6_rcv_saddr);
		plain_addr(tuple->remote_addr, &common->skc_v6_daddr);
	} else {
		addr_from_v4(tuple->local_addr, common->skc_rcv_saddr);
		addr_from_v4(tuple->remote_addr, common->skc_daddr);
	}
	tuple->netns_ino = net->ns.inum;
	tuple->netns_cookie = net->net_cookie;
}

/* As sock_cgroup_id(), by @tp as above. */
static __always_inline __u64 plain_cgroup_id(const struct tcp_sock *tp)
{
	const struct sock *sk = &tp->inet_conn.icsk_inet.sk;
	const struct cgroup *cgroup;

	if (!bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return sock_cgroup_id(sk);
	cgroup = sk->sk_cgrp_data.cgroup;
	return cgroup ? cgroup->kn->id : 0;
}

/* The IP_LOCAL_PORT_RANGE of a socket, high << 16 | low; 0: it has none. */
static __always_inline __u32 plain_own_range(const struct tcp_sock *tp)
{
	const struct inet_sock *inet = &tp->inet_conn.icsk_inet;
	const struct inet_sock___pre_6_8 *old = (const void *)inet;

	if (bpf_core_field_exists(old->local_port_range.lo))
		return (__u32)old->local_port_range.hi << 16 | old->local_port_range.lo;
	if (!bpf_core_field_exists(inet->local_port_range))
		return 0;
	return inet->local_port_range;
}

/*
 * When the SYN was sent that a SYN-ACK has answered at @ts_ns, to the microsecond: tcp_ack() has
 * just made the round trip of the SYN the first one of the socket (tcp_ack_update_rtt(),
 * tcp_rtt_estimator(), net/ipv4/tcp_input.c), from tcp_mstamp_refresh() in tcp_connect() to that
 * of the segment. 0, not known: of a SYN that was sent again the kernel takes the last one, or
 * the peer's timestamp (Karn); with TCP Fast Open it may have waited for the first write
 * (tcp_fastopen_defer_connect()).
 */
static __always_inline __u64 plain_syn_ns(const struct tcp_sock *tp, __u64 ts_ns)
{
	__u32 srtt_us = tp->srtt_us;

	if (!srtt_us || tp->total_retrans || BPF_CORE_READ_BITFIELD(tp, syn_fastopen))
		return 0;
	return ts_ns - (__u64)(srtt_us >> 3) * 1000;
}

static __always_inline bool plain_is_kernel(const struct task_struct *task)
{
	return task->flags & TW_PF_KTHREAD;
}

static __always_inline void plain_comm(const struct task_struct *task, char comm[TW_COMM_LEN])
{
	const struct task_struct *leader = task->group_leader;
	__u64 *to = (__u64 *)comm;

	to[0] = *(const __u64 *)&leader->comm[0];
	to[1] = *(const __u64 *)&leader->comm[8];
}

/* As task_owner(), but for the user. */
static __always_inline void plain_owner(const struct task_struct *task, struct tw_owner *owner)
{
	owner->tgid = config.pidns_ino == TW_PROC_PID_INIT_INO ? (__u32)task->tgid :
								 task_tgid(task);
	plain_comm(task, owner->comm);
}

#endif
