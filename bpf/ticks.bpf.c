// SPDX-License-Identifier: GPL-2.0-or-later
/* How many ticks there have been: run when it is asked for, attached to nothing. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "tw_config.h"

struct tw_ticks ticks;

SEC("raw_tp")
int read_ticks(void *ctx)
{
	ticks.jiffies = bpf_jiffies64();
	ticks.ts_ns = bpf_ktime_get_ns();
	return 0;
}
