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
 * The looks at one change follow each other, and what interrupts them between two has ended
 * when they go on: so the changes that are being looked at lie in a stack. The first look to
 * see a change puts it there, the last one takes it off, and all above it: while that one runs
 * it is skipped for what interrupts it, however much that is. A full stack loses what is on
 * its top, never what lies below. What came when the last look was done and had not left yet
 * stays, until its socket makes another change here, which it can't within one, or until it is
 * so old that it can't be going on: what lies there would be taken for a look at the same
 * change of the next socket at this address. Where tasks are preempted and move to another
 * processor (7.2) a change may be seen twice: user space drops the second record.
 */
static __always_inline __u32 lane_drop(struct tw_lane *lane, const struct sock *sk)
{
	__u32 at = lane->nr_open;

	if ((__u32)lane->produced - lane->open[0].produced > TW_LANE_STALE)
		return 0;
	for (__u32 i = 0; i < TW_LANE_OPEN; i++)
		if (lane->open[i].sock == (__u64)sk)
			lane->open[i].sock = 0;
	return at == 1 && !lane->open[0].sock ? 0 : at;
}

static __always_inline void lane_begin(struct tw_lane *lane, struct sock *sk, __u32 change)
{
	__u32 at = lane->nr_open;
	struct tw_open *open;

	if (unlikely(at))
		at = lane_drop(lane, sk);
	if (at >= TW_LANE_OPEN)
		at = TW_LANE_OPEN - 1;
	open = &lane->open[at];
	open->sock = (__u64)sk;
	open->change = change;
	open->produced = lane->produced;
	lane->nr_open = at + 1;
}

/* Where an earlier look has put this change; TW_LANE_OPEN: none has seen it. */
static __always_inline __u32 lane_find(struct tw_lane *lane, struct sock *sk, __u32 change)
{
	for (__u32 depth = 1; depth <= TW_LANE_OPEN; depth++) {
		__u32 at = lane->nr_open - depth;

		if (at >= TW_LANE_OPEN)
			break;
		if (lane->open[at].sock != (__u64)sk)
			continue;
		if (lane->open[at].change == change)
			return at;
		lane->open[at].sock = 0;
	}
	return TW_LANE_OPEN;
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
