// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RSTs that this host sends for its own sockets. A received one needs no probe:
 * sk_err says it at ->CLOSE. Two programs, because the tracepoint got its reason
 * in 6.10 (b533fb9cf4f7, "rstreason: make it work in trace world"); user space
 * loads the one whose prototype the kernel has.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "emit.h"
#include "maps.h"
#include "sock.h"

static __always_inline int reset_sent(const struct sock *sk, __u32 reason)
{
	struct tw_reset record = {};
	struct tw_counters *count;
	__u8 state;

	/* NULL from 6.10 on; read through probes, as older verifiers drop the test */
	if (!sk)
		return 0;
	state = BPF_CORE_READ(sk, __sk_common.skc_state);
	/* minisocks and request sockets are not full ones: only sock_common is there */
	if (state == TW_TIME_WAIT || state >= TW_NR_STATES - 1)
		return 0;
	if (BPF_CORE_READ(sk, sk_protocol) != TW_IPPROTO_TCP)
		return 0;
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
int BPF_PROG(reset_plain, const struct sock *sk)
{
	return reset_sent(sk, 0);
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(reset_reason, const struct sock *sk, const struct sk_buff *skb, int reason)
{
	return reset_sent(sk, reason);
}
