// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who has a socket: at accept(), where the kernel lets functions be traced, and
 * by walking the open files of every process, for sockets that stay open.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "emit.h"
#include "maps.h"
#include "sock.h"
#include "task.h"

static __always_inline void holder_facts(struct tw_holder *record, const struct sock *sk,
					 const struct task_struct *task)
{
	const struct inet_connection_sock *icsk = (const void *)sk;
	const struct inet_bind_bucket *bucket = BPF_CORE_READ(icsk, icsk_bind_hash);

	record->head.kind = TW_HOLDER;
	record->head.size = sizeof(*record);
	record->head.ts_ns = bpf_ktime_get_ns();
	record->head.from = BPF_CORE_READ(sk, __sk_common.skc_state);
	record->cgroup_id = sock_cgroup_id(sk);
	task_owner(task, &record->owner);
	/* connect() alone makes buckets that no bind() may share (__inet_hash_connect) */
	if (bucket && BPF_CORE_READ(bucket, fastreuse) == -1 &&
	    BPF_CORE_READ(bucket, fastreuseport) == -1)
		record->head.flags |= TW_H_AUTOBOUND;
	/* SOCK_BINDPORT_LOCK; a listener's children lose it (sk_clone_lock) */
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & 8)
		record->head.flags |= TW_H_BOUND;
}

static __always_inline int accepted(struct sock *sk)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct tw_holder record = {};
	struct tw_counters *count;
	__u32 zero = 0;

	count = bpf_map_lookup_elem(&counters, &zero);
	if (!sk || !count || BPF_CORE_READ(sk, sk_protocol) != TW_IPPROTO_TCP || task_is_kernel(task))
		return 0;
	holder_facts(&record, sk, task);
	record.cookie = bpf_get_socket_cookie(sk);
	record.head.flags |= TW_H_ACCEPTED | TW_H_FIRST;
	record.fd_count = 1;
	emit(&record, sizeof(record), record.head.ts_ns, count);
	return 0;
}

/* struct sock *inet_csk_accept(sk, flags, err, kern), until 6.9 */
SEC("fexit/inet_csk_accept")
int BPF_PROG(accept_plain, struct sock *listener, int flags, int *err, bool kern, struct sock *sk)
{
	return accepted(sk);
}

/* struct sock *inet_csk_accept(sk, struct proto_accept_arg *), 92ef0fd55ac8, 6.10 */
SEC("fexit/inet_csk_accept")
int BPF_PROG(accept_arg, struct sock *listener, void *arg, struct sock *sk)
{
	return accepted(sk);
}

/*
 * One record for each descriptor of a TCP socket; user space folds those of one
 * process. A listener is given its note here, so that the children of listeners
 * older than the tracer know their parent too.
 */
SEC("iter/task_file")
int holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct tw_holder record = {};
	struct socket *socket;
	struct tw_note *note;
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
	if (record.head.from == TW_LISTEN) {
		note = bpf_sk_storage_get(&notes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
		if (note)
			note->listener_cookie = record.cookie;
	}
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
