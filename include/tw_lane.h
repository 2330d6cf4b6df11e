/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lane: a ring of its own in which a processor's state changes come to the reader.
 * One writer, since the kernel runs a program once at a time on a processor, and one
 * reader: no lock, and no cache line that goes back and forth. A BPF ring buffer that
 * two busy processors share costs 160 ns a record (6.18: its lock, and three cache lines
 * that both write), a lane about ten.
 *
 * The writer's part, the reader's part and the data are in cache lines of their own.
 * A record that begins before the end of the data may go on behind it: there is room.
 */
#ifndef TW_LANE_H
#define TW_LANE_H

#include "tw_record.h"

/* Powers of two. */
#define TW_LANE_OPEN 2
#define TW_LANE_BIRTHS 16

/* Bytes of records that a processor doesn't make within one change. */
#define TW_LANE_STALE (64 * 1024)

/* A change that some look has seen, and the last one not yet. */
struct tw_open {
	__u64 sock;		/* its address */
	__u32 change;		/* from << 8 | to */
	__u32 produced;		/* by the lane when it came, the low bits */
};

/* A listener's child between LISTEN->SYN_RECV and its next change: the same segment. */
struct tw_birth {
	__u64 child;		/* its address */
	__u64 listener_cookie;	/* 0: unknown */
};

/* What a look at a change needs is in one cache line; the reader has one of its own. */
struct tw_lane {
	__u64 produced;		/* bytes ever written, by the program */
	__u64 limit;		/* may grow so far, by what was consumed when last looked at */
	__u32 nr_open;
	__u8 settled;		/* user space knows every socket that there was before */
	__u8 noted;		/* some sockets have notes: till then none is looked for */
	__u8 three_looks;	/* a third look is attached */
	__u8 armed;		/* the reader sleeps: the next record wakes it */
	__u64 word;		/* what the verifier is to forget goes through here */
	struct tw_open open[TW_LANE_OPEN];
	__u64 consumed;		/* bytes ever read, by user space */
	__u64 pad_consumed[7];
	__u64 address[4];	/* where a pointer becomes a number, by look */
	__u64 pad_address[4];
	struct tw_birth births[TW_LANE_BIRTHS];
	/* a page of its own, so that the data begin with one */
	__u64 pad[512 - 24 - 2 * TW_LANE_BIRTHS];
};

/* Of a lane whose data are @bytes (a power of two, pages). */
#define TW_LANE_SIZE(bytes) (sizeof(struct tw_lane) + (bytes) + sizeof(struct tw_lane))

#endif
