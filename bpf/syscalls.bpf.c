// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * accept() as a system call, for kernels whose functions can't be traced. Only on
 * demand: an attached sys_exit_* tracepoint slows every system call of the host.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "descriptor.h"
#include "holder.h"

/* The socket behind the descriptor that accept() has just returned. */
static __always_inline int accept_returned(long fd)
{
	const struct sock *sk = descriptor_sock(fd);

	if (!sk)
		return 0;
	/* the state changes before gave it a cookie, unless it is older than the tracer */
	return accepted(sk, BPF_CORE_READ(sk, __sk_common.skc_cookie.counter));
}

SEC("tp/syscalls/sys_exit_accept4")
int exit_accept4(struct trace_event_raw_sys_exit *ctx)
{
	return accept_returned(ctx->ret);
}

SEC("tp/syscalls/sys_exit_accept")
int exit_accept(struct trace_event_raw_sys_exit *ctx)
{
	return accept_returned(ctx->ret);
}
