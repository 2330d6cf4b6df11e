/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lane of the processor that runs the program (tw_lane.h): room for a record, and
 * what one look leaves there for the next one.
 */
#ifndef TW_BPF_LANE_H
#define TW_BPF_LANE_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "emit.h"
#include "maps.h"
#include "tw_lane.h"

/* One a processor; user space gives the lanes their size, and reads them mapped. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct tw_lane));
} lanes SEC(".maps");

enum look {
	FIRST,
	SECOND,
	THIRD,
};

static __always_inline struct tw_lane *lane_here(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&lanes, &cpu);
}

/* A pointer as a number to reckon with: the verifier lets it be stored, and read back. */
static __always_inline __u64 lane_address(struct tw_lane *lane, __u32 look, const void *pointer)
{
	volatile __u64 *place = &lane->address[look & 3];

	*place = (__u64)pointer;
	return *place;
}

/*
 * The same word, of which the verifier knows nothing any more: all the ways that led here
 * become one, which it follows once.
 */
static __always_inline __u64 lane_forget_word(struct tw_lane *lane, enum look look, __u64 word)
{
	volatile __u64 *place = look == FIRST ? &lane->word : &lane->address[look];

	*place = word;
	return *place;
}

static __always_inline bool is_last(const struct tw_lane *lane, enum look look)
{
	return look == THIRD || (look == SECOND && !lane->three_looks);
}

/*
 * Whether an earlier look has seen this change; if not, this one has. The looks at one
 * change follow each other, and what interrupts them between two has ended when they go
 * on: so what is open lies in a stack, and is on its top. Where tasks are preempted
 * meanwhile (7.2) it may lie deeper, and where they move to another processor it is seen
 * twice: user space drops that.
 */
static __always_inline bool lane_has_seen(struct tw_lane *lane, enum look look, struct sock *sk,
					  __u32 change)
{
	bool last = is_last(lane, look);
	__u32 top = lane->nr_open - 1;
	struct tw_open *open;

	for (__u32 depth = 0; look != FIRST && depth < TW_LANE_OPEN; depth++) {
		open = &lane->open[(top - depth) & (TW_LANE_OPEN - 1)];
		if (open->sock != (__u64)sk || open->change != change)
			continue;
		if (last) {
			/* the memory may soon be another socket's */
			open->sock = 0;
			lane->nr_open -= !depth;
		}
		return true;
	}
	if (!last) {
		open = &lane->open[(top + 1) & (TW_LANE_OPEN - 1)];
		open->sock = (__u64)sk;
		open->change = change;
		lane->nr_open = top + 2;
	}
	return false;
}

static __always_inline void lane_forget_above(struct tw_lane *lane, __u32 nr_open)
{
	for (__u32 i = 0; i < TW_LANE_OPEN && lane->nr_open > nr_open; i++) {
		lane->nr_open--;
		lane->open[lane->nr_open & (TW_LANE_OPEN - 1)].sock = 0;
	}
}

/* Socks lie at multiples of 64 at least, a page's worth of them apart by chance. */
static __always_inline struct tw_birth *lane_birth(struct tw_lane *lane, __u64 address)
{
	return &lane->births[(address * 0x9e3779b97f4a7c15ULL >> 48) & (TW_LANE_BIRTHS - 1)];
}

/* Room for a record at the writer's place; NULL: the reader is far behind. */
static __always_inline void *lane_room(struct tw_lane *lane, __u32 size)
{
	__u64 at = lane->produced;

	if (unlikely(at + size > lane->limit)) {
		lane->limit = *(volatile __u64 *)&lane->consumed + config.lane_bytes;
		if (at + size > lane->limit)
			return NULL;
	}
	at &= config.lane_bytes - 8;
	return (void *)(lane + 1) + at;
}

/*
 * First the record, then its place: x86 keeps stores in their order, so that the compiler
 * alone must be told (an exchange would wait for them all: 40 ns); the others need one.
 */
static __always_inline void publish(__u64 *place, __u64 value)
{
#ifdef __TARGET_ARCH_x86
	barrier();
	*(volatile __u64 *)place = value;
#else
	__sync_lock_test_and_set(place, value);
#endif
}

/*
 * The record is there: its reader may see it, and is woken if it sleeps, or when another
 * quarter of the lane is full: through the shared ring, where it finds what is too short
 * to be a record. A reader that falls asleep at this very moment may miss it, and looks
 * once more (source/live.c).
 */
static __always_inline void lane_push(struct tw_lane *lane, __u32 size)
{
	__u64 before = lane->produced, after = before + size, nudge = 0;

	publish(&lane->produced, after);
	if (likely(!lane->armed && !((before ^ after) & (config.lane_bytes / 4))))
		return;
	lane->armed = 0;
	bpf_ringbuf_output(&events, &nudge, sizeof(nudge), BPF_RB_FORCE_WAKEUP);
}

/* From now on every processor looks for the notes of sockets. */
static __noinline int lanes_noted(void)
{
	for (__u32 cpu = 0; cpu < config.cpus; cpu++) {
		__u32 key = cpu;
		struct tw_lane *lane = bpf_map_lookup_elem(&lanes, &key);

		if (lane)
			lane->noted = 1;
	}
	return 0;
}

#endif
