// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * accept() and bind() as system calls, for kernels whose functions can't be traced. Only on
 * demand: an attached sys_exit tracepoint slows every system call of the host. One program for
 * both: a second one on that tracepoint costs more than the first (43 and 25 ns, measured).
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "descriptor.h"
#include "failures.h"
#include "holder.h"

static __always_inline int accept_ends(long ret)
{
	const struct sock *sk = descriptor_sock(ret);

	/* the state changes before gave it a cookie, unless it is older than the tracer */
	return sk ? accepted(sk, BPF_CORE_READ(sk, __sk_common.skc_cookie.counter)) : 0;
}

/*
 * The address that bind() was called with; the socket's own was reset (__inet_bind()). False: it
 * is not to be had any more.
 */
static __always_inline bool asked_for(struct tw_tuple *tuple, __u16 family, const void *address)
{
	struct {
		__u16 family;
		__be16 port;
		__be32 v4;
	} begin;

	if (bpf_probe_read_user(&begin, sizeof(begin), address))
		return false;
	tuple->local_port = bpf_ntohs(begin.port);
	if (family == TW_AF_INET6)
		return !bpf_probe_read_user(&tuple->local_addr, sizeof(tuple->local_addr),
					    address + sizeof(begin));
	addr_from_v4(tuple->local_addr, begin.v4);
	return true;
}

/*
 * An address that this host lacks is refused before a port is looked for (__inet_bind()), so that
 * no function that failures.bpf.c traces tells of it.
 */
static __always_inline bool bind_is_told(long ret)
{
	return (config.exit_bind && ret == -TW_EADDRNOTAVAIL) ||
	       (config.exit_bind_in_use && ret == -TW_EADDRINUSE);
}

static __always_inline int bind_ends(const struct pt_regs *regs, long ret)
{
	const struct sock *sk = descriptor_sock((int)TW_ARGUMENT_1(regs));
	struct tw_bind_failed record = {};

	if (!sk || BPF_CORE_READ(sk, sk_protocol) != TW_IPPROTO_TCP)
		return 0;
	bind_facts(&record, sk, BPF_CORE_READ(sk, __sk_common.skc_cookie.counter));
	record.head.error = -ret;
	if (!asked_for(&record.tuple, BPF_CORE_READ(sk, __sk_common.skc_family),
		       (const void *)TW_ARGUMENT_2(regs)))
		return 0;
	return bind_failed(&record);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(exit_call, struct pt_regs *regs, long ret)
{
	if (config.exit_accept && is_accept(regs))
		return accept_ends(ret);
	if (bind_is_told(ret) && TW_SYSCALL(regs) == TW_NR_BIND)
		return bind_ends(regs, ret);
	return 0;
}
