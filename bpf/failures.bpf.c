// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bind() and listen() that find their port taken, of which no tracepoint tells: both ask
 * inet_csk_get_port(), whose prototype has not changed from 5.10 to 7.2. Where the kernel lets
 * no function be traced, bind() is seen at its end as a system call, on demand (syscalls.bpf.c),
 * and listen() by its changes of state (lifecycle.bpf.c). A bind() to an address that the host
 * lacks never asks for a port: it is seen as a system call on any kernel.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "failures.h"

/* bind() is told -EADDRINUSE for the 1 of 5.17 and before, any other error as it is. */
static __always_inline int port_refused(const struct sock *sk, __u64 cookie, __u16 port, int ret)
{
	struct tw_bind_failed record = {};

	if (!ret || BPF_CORE_READ(sk, sk_protocol) != TW_IPPROTO_TCP)
		return 0;
	bind_facts(&record, sk, cookie);
	record.tuple.local_port = port;
	if (ret < 0)
		record.head.error = -ret;
	/* inet_csk_listen_start() announces the state before it asks for the port */
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TW_LISTEN)
		record.head.flags |= TW_B_LISTEN;
	return bind_failed(&record);
}

/* int inet_csk_get_port(sk, snum) */
SEC("fexit/inet_csk_get_port")
int BPF_PROG(bind_fexit, struct sock *sk, unsigned short port, int ret)
{
	return ret ? port_refused(sk, bpf_get_socket_cookie(sk), port, ret) : 0;
}

/* A return probe sees no arguments: its entry keeps them, with the task. */
struct bind_call {
	__u64 sock;
	__u64 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct bind_call);
} bind_calls SEC(".maps");

SEC("kprobe/inet_csk_get_port")
int BPF_KPROBE(bind_kprobe, const struct sock *sk, unsigned short port)
{
	struct bind_call call = { .sock = (__u64)sk, .port = port };
	__u64 task = bpf_get_current_task();

	bpf_map_update_elem(&bind_calls, &task, &call, BPF_ANY);
	return 0;
}

SEC("kretprobe/inet_csk_get_port")
int BPF_KRETPROBE(bind_kretprobe, int ret)
{
	__u64 task = bpf_get_current_task();
	struct bind_call *call = bpf_map_lookup_elem(&bind_calls, &task);
	const struct sock *sk;

	if (!call)
		return 0;
	sk = (const void *)call->sock;
	if (ret)
		port_refused(sk, BPF_CORE_READ(sk, __sk_common.skc_cookie.counter), call->port,
			     ret);
	bpf_map_delete_elem(&bind_calls, &task);
	return 0;
}
