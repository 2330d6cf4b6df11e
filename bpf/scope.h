/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose sockets are told of when a command is run: those that it and its descendants
 * connect, listen on or close, and the children of their listeners. What another process
 * began is turned down here; where nobody acted yet that is known, user space decides.
 */
#ifndef TW_SCOPE_H
#define TW_SCOPE_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "change.h"
#include "maps.h"
#include "task.h"

struct tw_member {
	__u64 started_ns;	/* numbers are used again */
	__u32 pid;		/* in the tracer's pid namespace */
	__u32 pad;
};

/* Descendants, by the kernel's own number; kept by process.bpf.c. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TW_SCOPE_MEMBERS);
	__type(key, __u32);
	__type(value, struct tw_member);
} members SEC(".maps") __weak;

enum scope {
	SCOPE_UNKNOWN,
	SCOPE_OURS,
	SCOPE_OTHERS,
	SCOPE_NEW,		/* ours from now on, and it was not before */
};

/* With a socket: SCOPE_OURS or SCOPE_OTHERS. A listener's children have what it has. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, __u32);
} scopes SEC(".maps") __weak;

/* Whether the task running now belongs to the command. */
static __always_inline bool scope_has_current(const struct task_struct *task)
{
	__u32 tgid = task->tgid;

	return bpf_map_lookup_elem(&members, &tgid) || task_tgid(task) == config.scope_pid ||
	       (config.scope_cgroup && bpf_get_current_cgroup_id() == config.scope_cgroup);
}

static __always_inline enum scope scope_of_change(struct sock *sk, __u64 change)
{
	__u32 *mark = bpf_sk_storage_get(&scopes, sk, NULL, 0);
	__u32 before = mark ? *mark : SCOPE_UNKNOWN, after = before;

	if ((change & CHANGE_ACTS) && scope_has_current(bpf_get_current_task_btf()))
		after = SCOPE_OURS;
	else if ((change & CHANGE_ACTS) && change_from(change) == TW_CLOSE)
		after = SCOPE_OTHERS;
	if (after == before)
		return before;
	mark = bpf_sk_storage_get(&scopes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (mark)
		*mark = after;
	return after == SCOPE_OURS && before == SCOPE_OTHERS ? SCOPE_NEW : after;
}

#endif
