/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks as the kernel programs take them, on their way to the part of user space that
 * gives them names (user/source/stacks.h). No recording holds them: what leaves the source
 * is TW_STACK and TW_STACK_TEXT.
 */
#ifndef TW_STACK_H
#define TW_STACK_H

#include "tw_record.h"

/* Beside enum tw_kind, from the other end of its numbers. */
#define TW_STACK_SEEN 255

/* Frames of a stack: the kernel's own default, kernel.perf_event_max_stack. */
#define TW_STACK_FRAMES 127
/* So many different stacks are known by a number; others come whole. */
#define TW_STACK_IDS 4096
/*
 * Bytes copied from the top of the user's stack: many where stacks are few, which finds all
 * callers of most programs that are built without frame pointers; else so many that those of
 * the C library's system calls are found.
 */
#define TW_STACK_DEEP 4096
#define TW_STACK_PIECE 512

/*
 * Where a task was in user space. Its frames are return addresses found by frame pointers,
 * from which those callers are missing whose callee has none: the C library's wrapper of
 * the system call, above all. They are found again by its unwind tables, in the piece of
 * the stack and the registers that come along.
 */
struct tw_stack_seen {
	struct tw_record head;	/* from: enum tw_deed; error: why there are no frames, an errno */
	__u64 cookie;
	__u64 started_ns;	/* of the process */
	__u64 exec_id;		/* counts its exec()s */
	__u64 stack_start;	/* as /proc/PID/stat says it: differs after an exec() */
	__u32 pid, tid;		/* in the tracer's pid namespace */
	char thread[TW_COMM_LEN];
	__s32 id;		/* in the map of stacks; -1: the frames follow */
	__u32 nr_frames;	/* of those that follow */
	__u64 ip, sp, bp;	/* of user space; ip 0: not known */
	__u64 link;		/* its return address, where a register has it */
	__u32 piece_len;	/* 0: it could not be read */
	__u32 pad;
	/*
	 * From sp on. With frames that come along it is TW_STACK_PIECE long, and they follow it,
	 * innermost first.
	 */
	__u8 piece[TW_STACK_DEEP];
};

#define TW_STACK_SEEN_SHORT (sizeof(struct tw_stack_seen) - TW_STACK_DEEP + TW_STACK_PIECE)
#define TW_STACK_SEEN_WHOLE (TW_STACK_SEEN_SHORT + TW_STACK_FRAMES * 8)

/* One a CPU. */
struct tw_stack_counters {
	__u64 taken;		/* stacks told, be it that none could be read */
	__u64 collided;		/* of these, told whole: its place in the map was another's */
	__u64 unread;		/* of these, without frames: the process was ending, or paged out */
	__u64 pieceless;	/* of these, with frames and without the piece of stack */
	__u64 no_room;		/* not told: too much waits in the ring */
	__u64 unknown;		/* not told: the socket has no cookie yet */
	/* how many deep ones there were in this stretch of time; no counts */
	__u64 stretch, deep;
};

#endif
