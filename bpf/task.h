/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a task is: its process (thread group) and the leader's name, numbered as
 * the tracer's pid namespace sees it.
 */
#ifndef TW_TASK_H
#define TW_TASK_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "tw_record.h"

#define TW_PF_KTHREAD 0x00200000
#define TW_PROC_PID_INIT_INO 0xEFFFFFFCU
#define TW_MAX_PIDNS_LEVEL 8

/* The number of @task itself in the tracer's pid namespace; 0: not visible from there. */
static __always_inline __u32 task_number(const struct task_struct *task)
{
	const struct pid *pid = BPF_CORE_READ(task, thread_pid);
	unsigned int level = BPF_CORE_READ(pid, level);

	for (unsigned int i = 0; i < TW_MAX_PIDNS_LEVEL; i++) {
		struct upid number;

		if (i > level)
			break;
		/* sizeof(struct upid) is the kernel's: two pointers wide on every 64-bit one */
		bpf_probe_read_kernel(&number, sizeof(number),
				      (const void *)pid +
					      bpf_core_field_offset(struct pid, numbers) +
					      i * bpf_core_type_size(struct upid));
		if (BPF_CORE_READ(number.ns, ns.inum) == config.pidns_ino)
			return number.nr;
	}
	return 0;
}

/* The process id there. */
static __always_inline __u32 task_tgid(const struct task_struct *task)
{
	if (config.pidns_ino == TW_PROC_PID_INIT_INO)
		return BPF_CORE_READ(task, tgid);
	return task_number(BPF_CORE_READ(task, group_leader));
}

static __always_inline void task_owner(const struct task_struct *task, struct tw_owner *owner)
{
	owner->tgid = task_tgid(task);
	owner->uid = BPF_CORE_READ(task, cred, uid.val);
	BPF_CORE_READ_INTO(&owner->comm, task, group_leader, comm);
}

static __always_inline bool task_is_kernel(const struct task_struct *task)
{
	return BPF_CORE_READ(task, flags) & TW_PF_KTHREAD;
}

/* The v2 cgroup of the task now; 0: unknown. */
static __always_inline __u64 task_cgroup_id(const struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

#endif
