// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the kernel keeps what second_look() must read: the per-CPU address of
 * first_look's `active` count and of the counters. Two iterators, each run once.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"

struct bpf_iter__bpf_prog;

__u32 wanted_prog_id;
__u32 wanted_map_id;
__u64 found_active;
__u64 found_counters;

SEC("iter/bpf_prog")
int find_active(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;

	if (prog && BPF_CORE_READ(prog, aux, id) == wanted_prog_id)
		found_active = (__u64)BPF_CORE_READ(prog, active);
	return 0;
}

SEC("iter/bpf_map")
int find_counters(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_array *array = (struct bpf_array *)ctx->map;

	if (array && BPF_CORE_READ(array, map.id) == wanted_map_id)
		bpf_core_read(&found_counters, sizeof(found_counters), &array->pptrs[0]);
	return 0;
}
