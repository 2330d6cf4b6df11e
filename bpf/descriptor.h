/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket that accept() returns, or that bind() was for, at the end of the system call: for
 * kernels whose functions can't be traced. By the tracepoint that every system call passes, since
 * those of single calls need tracefs; either makes each system call of the host take the long way.
 * The registers still hold what the system call was given.
 */
#ifndef TW_DESCRIPTOR_H
#define TW_DESCRIPTOR_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* asm/unistd.h */
#if defined(__TARGET_ARCH_x86)
#define TW_NR_ACCEPT 43
#define TW_NR_BIND 49
#define TW_NR_ACCEPT4 288
#define TW_SYSCALL(regs) ((long)(regs)->orig_ax)
#define TW_ARGUMENT_1(regs) ((regs)->di)
#define TW_ARGUMENT_2(regs) ((regs)->si)
#elif defined(__TARGET_ARCH_arm64)
#define TW_NR_BIND 200
#define TW_NR_ACCEPT 202
#define TW_NR_ACCEPT4 242
#define TW_SYSCALL(regs) ((long)((const struct pt_regs___arm64 *)(regs))->syscallno)
/* the first register has the result by now */
#define TW_ARGUMENT_1(regs) (((const struct pt_regs___arm64 *)(regs))->orig_x0)
#define TW_ARGUMENT_2(regs) (((const struct pt_regs___arm64 *)(regs))->regs[1])
#else
#define TW_NR_ACCEPT 0
#define TW_NR_ACCEPT4 0
#define TW_NR_BIND 0
#define TW_SYSCALL(regs) (-1L)
#define TW_ARGUMENT_1(regs) (-1L)
#define TW_ARGUMENT_2(regs) 0UL
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
