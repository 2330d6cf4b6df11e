/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket that accept() returns, at the end of the system call: for kernels whose functions
 * can't be traced. By the tracepoint that every system call passes, since the one that is
 * accept()'s own needs tracefs; either makes each system call of the host take the long way.
 */
#ifndef TW_DESCRIPTOR_H
#define TW_DESCRIPTOR_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* asm/unistd.h */
#if defined(__TARGET_ARCH_x86)
#define TW_NR_ACCEPT 43
#define TW_NR_ACCEPT4 288
#define TW_SYSCALL(regs) ((long)(regs)->orig_ax)
#elif defined(__TARGET_ARCH_arm64)
#define TW_NR_ACCEPT 202
#define TW_NR_ACCEPT4 242
#define TW_SYSCALL(regs) ((long)((const struct pt_regs___arm64 *)(regs))->syscallno)
#else
#define TW_NR_ACCEPT 0
#define TW_NR_ACCEPT4 0
#define TW_SYSCALL(regs) (-1L)
#endif

static __always_inline bool is_accept(const struct pt_regs *regs)
{
	long nr = TW_SYSCALL(regs);

	return nr == TW_NR_ACCEPT || nr == TW_NR_ACCEPT4;
}

/*
 * The socket of a descriptor of the task running now; NULL if it is none: the numbers of
 * 32-bit system calls mean others, and any error is negative.
 */
static __always_inline const struct sock *descriptor_sock(long fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file **files, *file = NULL;
	struct socket *socket;

	if (fd < 0 || fd >= BPF_CORE_READ(task, files, fdt, max_fds))
		return NULL;
	files = BPF_CORE_READ(task, files, fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	socket = BPF_CORE_READ(file, private_data);
	if (BPF_CORE_READ(socket, file) != file)
		return NULL;
	return BPF_CORE_READ(socket, sk);
}

#endif
