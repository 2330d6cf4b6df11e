/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a socket says of itself: one accessor a fact, kernel differences inside. */
#ifndef TW_SOCK_H
#define TW_SOCK_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tw_record.h"

#define TW_IPPROTO_TCP 6
#define TW_AF_INET 2
#define TW_AF_INET6 10

static __always_inline void addr_from_v4(__u8 addr[16], __be32 v4)
{
	__u32 *word = (__u32 *)addr;

	word[0] = 0;
	word[1] = 0;
	word[2] = bpf_htonl(0xffff);
	word[3] = v4;
}

/* All but the local port, which full sockets and minisocks keep in places of their own. */
static __always_inline void sock_common_tuple(const struct sock_common *sk, struct tw_tuple *tuple)
{
	const struct net *net = BPF_CORE_READ(sk, skc_net.net);

	tuple->remote_port = bpf_ntohs(BPF_CORE_READ(sk, skc_dport));
	if (BPF_CORE_READ(sk, skc_family) == TW_AF_INET6) {
		BPF_CORE_READ_INTO(&tuple->local_addr, sk, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&tuple->remote_addr, sk, skc_v6_daddr);
	} else {
		addr_from_v4(tuple->local_addr, BPF_CORE_READ(sk, skc_rcv_saddr));
		addr_from_v4(tuple->remote_addr, BPF_CORE_READ(sk, skc_daddr));
	}
	tuple->netns_ino = BPF_CORE_READ(net, ns.inum);
	tuple->netns_cookie = BPF_CORE_READ(net, net_cookie);
}

/*
 * At CLOSE skc_num is already 0 unless the port was bound by number, so the
 * local port is inet_sport's (kernel-side: inet_put_port() runs before the event).
 */
static __always_inline void sock_tuple(const struct sock *sk, struct tw_tuple *tuple)
{
	const struct inet_sock *inet = (const struct inet_sock *)sk;

	sock_common_tuple(&sk->__sk_common, tuple);
	tuple->local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
}

/* The cgroup the socket was made in (v2), or its listener's; 0: unknown. */
static __always_inline __u64 sock_cgroup_id(const struct sock *sk)
{
	const struct sock_cgroup_data___pre_5_15 *old;

	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn, id);
	old = (const void *)&sk->sk_cgrp_data;
	__u64 val = BPF_CORE_READ(old, val);

	/* the low bits say that a v1 class id lies here instead of a pointer */
	if (!val || (val & 3))
		return 0;
	return BPF_CORE_READ((const struct cgroup *)val, kn, id);
}

#endif
