// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who has a socket: at accept(), where the kernel lets functions be traced, and
 * by walking the open files of every process, for sockets that stay open.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "holder.h"
#include "maps.h"
#include "sock.h"

/* struct sock *inet_csk_accept(sk, flags, err, kern), until 6.9 */
SEC("fexit/inet_csk_accept")
int BPF_PROG(accept_plain, struct sock *listener, int flags, int *err, bool kern, struct sock *sk)
{
	return accepted(sk, bpf_get_socket_cookie(sk));
}

/* struct sock *inet_csk_accept(sk, struct proto_accept_arg *), 92ef0fd55ac8, 6.10 */
SEC("fexit/inet_csk_accept")
int BPF_PROG(accept_arg, struct sock *listener, void *arg, struct sock *sk)
{
	return accepted(sk, bpf_get_socket_cookie(sk));
}

/*
 * One record for each descriptor of a TCP socket; user space folds those of one
 * process. Each socket gets its cookie here, if it had none.
 */
SEC("iter/task_file")
int holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct tw_holder record = {};
	struct socket *socket;
	struct sock *sk;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk || BPF_CORE_READ(sk, sk_protocol) != TW_IPPROTO_TCP)
		return 0;
	holder_facts(&record, sk, task);
	record.cookie = bpf_get_socket_cookie(sk);
	record.fd = ctx->fd;
	record.fd_count = 1;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
