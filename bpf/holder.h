/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a process that has a socket, however it was found to have it. */
#ifndef TW_HOLDER_H
#define TW_HOLDER_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

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
	record->started_ns = BPF_CORE_READ(task, group_leader, start_time);
	/* connect() alone makes buckets that no bind() may share (__inet_hash_connect) */
	if (bucket && BPF_CORE_READ(bucket, fastreuse) == -1 &&
	    BPF_CORE_READ(bucket, fastreuseport) == -1)
		record->head.flags |= TW_H_AUTOBOUND;
	/* SOCK_BINDPORT_LOCK; a listener's children lose it (sk_clone_lock) */
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & 8)
		record->head.flags |= TW_H_BOUND;
}

/* accept() gave @sk, whose cookie is @cookie, to the task running now. */
static __always_inline int accepted(const struct sock *sk, __u64 cookie)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct tw_holder record = {};
	struct tw_counters *count;

	count = counters_here();
	if (!sk || !count || BPF_CORE_READ(sk, sk_protocol) != TW_IPPROTO_TCP ||
	    task_is_kernel(task))
		return 0;
	holder_facts(&record, sk, task);
	record.cookie = cookie;
	record.head.flags |= TW_H_ACCEPTED | TW_H_FIRST;
	record.fd_count = 1;
	emit(&record, sizeof(record), record.head.ts_ns, count);
	return 0;
}

#endif
