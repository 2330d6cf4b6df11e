// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * accept() as a system call, for kernels whose functions can't be traced. Only on
 * demand: an attached sys_exit tracepoint slows every system call of the host.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "descriptor.h"
#include "holder.h"

SEC("tp_btf/sys_exit")
int BPF_PROG(exit_accept, struct pt_regs *regs, long ret)
{
	const struct sock *sk;

	if (!is_accept(regs))
		return 0;
	sk = descriptor_sock(ret);
	/* the state changes before gave it a cookie, unless it is older than the tracer */
	return sk ? accepted(sk, BPF_CORE_READ(sk, __sk_common.skc_cookie.counter)) : 0;
}
