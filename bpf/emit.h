/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records into the ring that all processors share: everything but what the first look
 * at state changes sees (lane.h). The reader is woken when much waits or when it was last
 * woken long ago, so a lone event shows at once and a flood costs few wake-ups.
 */
#ifndef TW_EMIT_H
#define TW_EMIT_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "tw_record.h"

/*
 * Racy on purpose: two CPUs may both wake the reader, which costs a little, or neither
 * for one event, which the reader's own follow-up look makes good (source/live.c: it
 * looks again until a look finds nothing).
 */
extern __u64 woken_ns;

static __always_inline __u64 emit_wakeup(__u64 ts_ns)
{
	if (ts_ns - woken_ns >= config.wakeup_ns ||
	    bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= config.wakeup_bytes) {
		woken_ns = ts_ns;
		return BPF_RB_FORCE_WAKEUP;
	}
	return BPF_RB_NO_WAKEUP;
}

/* Copies the first @size bytes (a constant) of @record. False: no room; counted. */
static __always_inline bool emit(const void *record, __u32 size, __u64 ts_ns,
				 struct tw_counters *count)
{
	void *room = bpf_ringbuf_reserve(&events, size, 0);

	if (!room) {
		count->lost_ring++;
		return false;
	}
	__builtin_memcpy(room, record, size);
	bpf_ringbuf_submit(room, emit_wakeup(ts_ns));
	return true;
}

#endif
