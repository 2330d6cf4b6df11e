/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a bind() or listen() that failed, however it was seen to fail. */
#ifndef TW_FAILURES_H
#define TW_FAILURES_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "emit.h"
#include "filter.h"
#include "maps.h"
#include "plain.h"
#include "scope.h"
#include "sock.h"
#include "task.h"

#define TW_EADDRINUSE 98
#define TW_EADDRNOTAVAIL 99

/* What the socket says; what was asked for only bind() knows, and the caller puts it in. */
static __always_inline void bind_facts(struct tw_bind_failed *record, const struct sock *sk,
				       __u64 cookie)
{
	record->head.kind = TW_BIND_FAILED;
	record->head.size = sizeof(*record);
	record->head.error = TW_EADDRINUSE;
	record->head.ts_ns = bpf_ktime_get_ns();
	record->cookie = cookie;
	record->cgroup_id = sock_cgroup_id(sk);
	sock_tuple(sk, &record->tuple);
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuse))
		record->head.flags |= TW_B_REUSEADDR;
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuseport))
		record->head.flags |= TW_B_REUSEPORT;
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_ipv6only))
		record->head.flags |= TW_B_V6ONLY;
}

/* Told if a process did it, and if it is wanted: the socket has no remote end to go by. */
static __always_inline int bind_failed(struct tw_bind_failed *record)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tw_counters *count = counters_here();

	if (!count || plain_is_kernel(task) || (config.scope_pid && !scope_has_current(task)))
		return 0;
	if (config.has_filter && filter_verdict(&record->tuple, false) == VERDICT_DROP)
		return 0;
	task_owner(task, &record->owner);
	emit(record, sizeof(*record), record->head.ts_ns, count);
	return 0;
}

#endif
