// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The processes of a command: its descendants from their fork on, wherever their parents
 * have gone meanwhile, and the moment at which each begins to end. What closes a socket
 * after that moment is the kernel, not the program.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "emit.h"
#include "maps.h"
#include "scope.h"
#include "task.h"

/* Before the child runs, so that it does nothing as a stranger. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_forked, struct task_struct *parent, struct task_struct *child)
{
	struct tw_counters *count = counters_here();
	struct tw_member member = {};
	struct tw_fork record = {};
	__u32 tgid = child->tgid;

	/* a thread is its process's */
	if (!count || child->pid != child->tgid)
		return 0;
	if (!scope_has_current(parent)) {
		/* the number was perhaps one of ours, and is no more */
		bpf_map_delete_elem(&members, &tgid);
		return 0;
	}
	member.pid = task_tgid(child);
	member.started_ns = child->start_time;
	if (bpf_map_update_elem(&members, &tgid, &member, BPF_ANY))
		count->lost_ring++;
	record.head.kind = TW_FORK;
	record.head.size = sizeof(record);
	record.head.ts_ns = bpf_ktime_get_ns();
	record.pid = member.pid;
	record.parent = task_tgid(parent);
	record.started_ns = member.started_ns;
	emit(&record, sizeof(record), record.head.ts_ns, count);
	return 0;
}

static __always_inline int tell_exit(enum tw_exit_stage stage, __u32 pid, __u64 started_ns)
{
	struct tw_counters *count = counters_here();
	struct tw_exit record = {};

	if (!count)
		return 0;
	record.head.kind = TW_EXIT;
	record.head.size = sizeof(record);
	record.head.from = stage;
	record.head.ts_ns = bpf_ktime_get_ns();
	record.pid = pid;
	record.started_ns = started_ns;
	emit(&record, sizeof(record), record.head.ts_ns, count);
	return 0;
}

/* do_exit(), before exit_files(). Of threads that end at once more than one may tell. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exits, struct task_struct *task)
{
	if (task->signal->live.counter || !scope_has_current(task))
		return 0;
	return tell_exit(TW_EXIT_BEGINS, task_tgid(task), task->group_leader->start_time);
}

/* The leader goes last; nothing of the process is left that could close anything. */
SEC("tp_btf/sched_process_free")
int BPF_PROG(process_freed, struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct tw_member *member = bpf_map_lookup_elem(&members, &tgid);
	struct tw_member gone;

	if (!member || task->pid != task->tgid || member->started_ns != task->start_time)
		return 0;
	gone = *member;
	bpf_map_delete_elem(&members, &tgid);
	return tell_exit(TW_EXIT_REAPED, gone.pid, gone.started_ns);
}
