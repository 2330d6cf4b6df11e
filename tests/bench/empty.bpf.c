// SPDX-License-Identifier: GPL-2.0-or-later
/* The floor: a program on the tracepoint that does nothing. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(empty, struct sock *sk, int from, int to)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
