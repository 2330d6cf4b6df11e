// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RSTs that this host sends for its own sockets, and those that its own minisocks get. What a full
 * socket receives needs no probe: sk_err says it at ->CLOSE. Two programs, because the tracepoint
 * got its reason in 6.10 (b533fb9cf4f7, "rstreason: make it work in trace world"); user space loads
 * the one whose prototype the kernel has.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "emit.h"
#include "filter.h"
#include "maps.h"
#include "sock.h"

#define LOOPBACK_IFINDEX 1	/* of every namespace */
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd

/* As the one that sent the segment has it. */
static __always_inline bool sender_tuple(const struct sk_buff *skb, const struct net *net,
					 struct tw_tuple *tuple)
{
	const unsigned char *head = BPF_CORE_READ(skb, head);
	const void *ip = head + BPF_CORE_READ(skb, network_header);
	const struct tcphdr *th = (const void *)head + BPF_CORE_READ(skb, transport_header);
	const struct ipv6hdr *ip6 = ip;
	const struct iphdr *ip4 = ip;

	/* the RST that answers a SYN is for a full socket */
	if (BPF_CORE_READ_BITFIELD_PROBED(th, syn) || !BPF_CORE_READ_BITFIELD_PROBED(th, ack))
		return false;
	if (BPF_CORE_READ(skb, protocol) == bpf_htons(ETH_P_IP)) {
		addr_from_v4(tuple->local_addr, BPF_CORE_READ(ip4, saddr));
		addr_from_v4(tuple->remote_addr, BPF_CORE_READ(ip4, daddr));
	} else if (BPF_CORE_READ(skb, protocol) == bpf_htons(ETH_P_IPV6)) {
		BPF_CORE_READ_INTO(&tuple->local_addr, ip6, saddr);
		BPF_CORE_READ_INTO(&tuple->remote_addr, ip6, daddr);
	} else {
		return false;
	}
	tuple->local_port = bpf_ntohs(BPF_CORE_READ(th, source));
	tuple->remote_port = bpf_ntohs(BPF_CORE_READ(th, dest));
	tuple->netns_ino = BPF_CORE_READ(net, ns.inum);
	tuple->netns_cookie = BPF_CORE_READ(net, net_cookie);
	return true;
}

/*
 * A segment of a connection that the receiver has done with: it came to its listener, to nobody (@sk
 * is NULL), or to a connect() of the same ports. Of the sender a minisock may be left, which the RST
 * takes away (tcp_timewait_state_process(), unless tcp_rfc1337 keeps it). Only what loopback carried
 * is a minisock's of this namespace.
 */
static __always_inline int stray_answered(const struct sock *sk, const struct sk_buff *skb)
{
	struct tw_minisock record = { .head = { .kind = TW_MINI_RESET, .size = sizeof(record) } };
	const struct net *net;
	struct tw_counters *count;

	/* an evidence tier tells of the end itself */
	if (config.has_tier || !skb || BPF_CORE_READ(skb, skb_iif) != LOOPBACK_IFINDEX)
		return 0;
	net = sk ? BPF_CORE_READ(sk, __sk_common.skc_net.net) : BPF_CORE_READ(skb, dev, nd_net.net);
	if (!net || BPF_CORE_READ(net, ipv4.sysctl_tcp_rfc1337) ||
	    !sender_tuple(skb, net, &record.tuple))
		return 0;
	if (config.has_filter && filter_verdict(&record.tuple, false) == VERDICT_DROP)
		return 0;
	count = counters_here();
	if (!count)
		return 0;
	record.local_port = record.tuple.local_port;
	record.remote_port = record.tuple.remote_port;
	record.head.ts_ns = bpf_ktime_get_ns();
	emit(&record, sizeof(record), record.head.ts_ns, count);
	return 0;
}

static __always_inline int reset_sent(const struct sock *sk, const struct sk_buff *skb,
				      __u32 reason)
{
	struct tw_reset record = {};
	struct tw_counters *count;
	__u8 state;

	/* NULL from 6.10 on; read through probes, as older verifiers drop the test */
	if (!sk)
		return stray_answered(sk, skb);
	state = BPF_CORE_READ(sk, __sk_common.skc_state);
	/* minisocks and request sockets are not full ones: only sock_common is there */
	if (state == TW_TIME_WAIT || state >= TW_NR_STATES - 1)
		return 0;
	if (BPF_CORE_READ(sk, sk_protocol) != TW_IPPROTO_TCP)
		return 0;
	if (state == TW_LISTEN || state == TW_SYN_SENT)
		stray_answered(sk, skb);
	count = counters_here();
	if (!count)
		return 0;
	record.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	if (!record.cookie)
		return 0;
	record.head.kind = TW_RESET_SENT;
	record.head.size = sizeof(record);
	record.head.from = state;
	record.head.ts_ns = bpf_ktime_get_ns();
	record.reason = reason;
	emit(&record, sizeof(record), record.head.ts_ns, count);
	return 0;
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(reset_plain, const struct sock *sk, const struct sk_buff *skb)
{
	return reset_sent(sk, skb, 0);
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(reset_reason, const struct sock *sk, const struct sk_buff *skb, int reason)
{
	return reset_sent(sk, skb, reason);
}
