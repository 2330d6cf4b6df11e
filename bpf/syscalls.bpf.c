// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * accept() as a system call, for kernels whose functions can't be traced. Only on
 * demand: an attached sys_exit_* tracepoint slows every system call of the host.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "holder.h"

/* The socket behind the descriptor that accept() has just returned. */
static __always_inline int accept_returned(long fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file **files, *file = NULL;
	struct socket *socket;
	struct sock *sk;

	if (fd < 0)
		return 0;
	files = BPF_CORE_READ(task, files, fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
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
