// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The evidence tier `kprobe`: the same functions where trampolines are refused
 * (arm64 before 6.4). A return probe sees no arguments: its entry keeps them.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "timewait.h"

SEC("kprobe/inet_twsk_alloc")
int BPF_KPROBE(kprobe_alloc, const struct sock *sk, void *death_row, int state)
{
	work_begin(WORK_ALLOC, &sk->__sk_common, state, TW_END_UNKNOWN);
	return 0;
}

SEC("kretprobe/inet_twsk_alloc")
int BPF_KRETPROBE(kprobe_alloc_done, const struct inet_timewait_sock *tw)
{
	struct tw_work *work = work_at_hand(WORK_ALLOC);
	const struct sock *sk;

	if (!work)
		return 0;
	sk = (const void *)work->object;
	minisock_allocated(sk, tw != NULL, work->substate,
			   BPF_CORE_READ(sk, __sk_common.skc_cookie.counter));
	work_end(WORK_ALLOC);
	return 0;
}

SEC("kprobe/tcp_timewait_state_process")
int BPF_KPROBE(kprobe_segment, const struct inet_timewait_sock *tw, void *skb,
	       const struct tcphdr *th)
{
	minisock_segment(tw, th);
	return 0;
}

SEC("kretprobe/tcp_timewait_state_process")
int BPF_KRETPROBE(kprobe_segment_done)
{
	minisock_segment_done();
	return 0;
}

SEC("kprobe/tcp_abort")
int BPF_KPROBE(kprobe_abort, const struct sock *sk)
{
	minisock_abort(sk);
	return 0;
}

SEC("kretprobe/tcp_abort")
int BPF_KRETPROBE(kprobe_abort_done)
{
	minisock_abort_done();
	return 0;
}

SEC("kprobe/inet_twsk_deschedule_put")
int BPF_KPROBE(kprobe_deschedule, const struct inet_timewait_sock *tw)
{
	minisock_descheduled(tw);
	return 0;
}

SEC("kprobe/inet_twsk_kill")
int BPF_KPROBE(kprobe_kill, const struct inet_timewait_sock *tw)
{
	minisock_killed(tw);
	return 0;
}
