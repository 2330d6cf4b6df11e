/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where state changes go that the ring has no room for: added up by what the tables go
 * by, so that every count stays exact and only the single connection is lost from sight,
 * until the next snapshot. The reader swaps the map for an empty one and reads the full
 * one when nobody writes to it any more.
 */
#ifndef TW_SPILL_H
#define TW_SPILL_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "tw_record.h"

struct tw_spill_sum {
	__u64 count;
	__u64 ts_ns;		/* of the last one */
};

/* The key is the record itself, without time and count. */
struct spill_sums {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TW_SPILL_ENTRIES);
	__type(key, struct tw_spilled);
	__type(value, struct tw_spill_sum);
} spill_first SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct spill_sums);
} spill SEC(".maps") = { .values = { &spill_first } };

/* False: no room there either, or the bucket is being written to under our feet. */
static __always_inline bool spill_add(const struct tw_spilled *key, __u64 ts_ns)
{
	struct tw_spill_sum one = { .count = 1, .ts_ns = ts_ns }, *sum;
	__u32 zero = 0;
	void *sums = bpf_map_lookup_elem(&spill, &zero);

	if (!sums)
		return false;
	sum = bpf_map_lookup_elem(sums, key);
	if (!sum) {
		if (!bpf_map_update_elem(sums, key, &one, BPF_NOEXIST))
			return true;
		/* another processor was quicker */
		sum = bpf_map_lookup_elem(sums, key);
	}
	if (!sum)
		return false;
	__sync_fetch_and_add(&sum->count, 1);
	sum->ts_ns = ts_ns;
	return true;
}

#endif
