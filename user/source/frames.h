/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of a stack, from what the kernel's walk along the frame pointers found and
 * from what is known of each function's frame: callers that the walk stepped over come
 * back. Nothing is read here, all of it is given.
 *
 *   close() of the C library has no frame pointer, and its caller has:
 *
 *     chain  ip in close()      found by: the registers
 *            -> caller's caller           [bp + 8]: bp is still the caller's
 *
 *     rule of close(): the caller's frame begins at sp + 32, so [sp + 24] is where close()
 *     returns to: in the caller, which the chain does not have
 */
#ifndef SOURCE_FRAMES_H
#define SOURCE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tw_stack.h"

/* A chain, and what was found beside it. */
#define FRAMES_MAX (TW_STACK_FRAMES + TW_STACK_DEEP / 8)

enum frame_base {
	FRAME_UNKNOWN = 0,	/* nothing is known of this function's frame */
	FRAME_BY_SP,		/* its frame is found by the stack pointer */
	FRAME_BY_BP,		/* or by the frame pointer */
	FRAME_OUTERMOST,	/* it has no caller, or none of interest */
	FRAME_NO_CODE,		/* nothing can be run there: what led here was no frame pointer */
};

/*
 * How the caller of a function is found, from a place in its code. The frame's address (CFA,
 * "canonical frame address") is what the stack pointer is again when it has returned.
 */
struct frame_rule {
	enum frame_base base;
	int64_t cfa;		/* the frame's address, from the base register on */
	int64_t ret;		/* where the return address is kept, from the frame's address on */
	int64_t bp;		/* where the caller's frame pointer is kept, if it is */
	bool bp_kept;
	bool ret_in_link;	/* the return address is in the link register */
	bool loose;		/* it says nothing of frame pointers, which are kept: Go */
};

/* The rule at @ip, an exact place or (@is_return) one that a call returns to. */
typedef void (*frame_rule_fn)(void *ctx, uint64_t ip, bool is_return, struct frame_rule *rule);

struct frames {
	uint64_t ip[FRAMES_MAX]; /* innermost first */
	size_t count;
	bool ended;	/* the last one is outermost */
	bool gap;	/* frames are missing between two of these */
};

/* @chain: the kernel's, @nr_chain of them. @rule_at is asked for each frame found. */
void frames_find(struct frames *frames, const struct tw_stack_seen *seen, const __u64 *chain,
		 size_t nr_chain, frame_rule_fn rule_at, void *ctx);

#endif
