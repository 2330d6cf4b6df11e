// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The evidence tier `fentry`: trampolines on the functions that make and end
 * minisocks. The names of a tier's programs begin with the tier's.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "timewait.h"

SEC("fexit/inet_twsk_alloc")
int BPF_PROG(fentry_alloc, struct sock *sk, void *death_row, int state,
	     struct inet_timewait_sock *tw)
{
	minisock_allocated(sk, tw != NULL, state, bpf_get_socket_cookie(sk));
	return 0;
}

SEC("fentry/tcp_timewait_state_process")
int BPF_PROG(fentry_segment, struct inet_timewait_sock *tw, void *skb, struct tcphdr *th)
{
	minisock_segment(tw, th);
	return 0;
}

/* takes no argument: their number changed in 6.10 and once more by 6.16 */
SEC("fexit/tcp_timewait_state_process")
int BPF_PROG(fentry_segment_done)
{
	minisock_segment_done();
	return 0;
}

SEC("fentry/tcp_abort")
int BPF_PROG(fentry_abort, struct sock *sk)
{
	minisock_abort(sk);
	return 0;
}

SEC("fexit/tcp_abort")
int BPF_PROG(fentry_abort_done)
{
	minisock_abort_done();
	return 0;
}

SEC("fentry/inet_twsk_deschedule_put")
int BPF_PROG(fentry_deschedule, struct inet_timewait_sock *tw)
{
	minisock_descheduled(tw);
	return 0;
}

SEC("fentry/inet_twsk_kill")
int BPF_PROG(fentry_kill, struct inet_timewait_sock *tw)
{
	minisock_killed(tw);
	return 0;
}
