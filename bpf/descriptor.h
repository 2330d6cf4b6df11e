/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands behind a descriptor of the task running now. */
#ifndef TW_DESCRIPTOR_H
#define TW_DESCRIPTOR_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* The socket of a descriptor that is known to be one; NULL for an error, which is negative. */
static __always_inline const struct sock *descriptor_sock(long fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file **files, *file = NULL;
	struct socket *socket;

	if (fd < 0)
		return NULL;
	files = BPF_CORE_READ(task, files, fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

#endif
