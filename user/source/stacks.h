/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the stacks that the programs took (tw_stack.h) to TW_STACK_TEXT, once for each that
 * differs, and TW_STACK, one for each socket and deed.
 *
 * What a process has mapped is read as soon as its first stack is known, because it may end
 * at any moment; the names are found by a thread of its own, so that files and debug
 * information never hold up the ring. What is delivered is therefore later than what it
 * tells of, and bears the time of its delivery.
 *
 * The number of a stack is made from its text: the same in every recording.
 */
#ifndef SOURCE_STACKS_H
#define SOURCE_STACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "source/source.h"
#include "tw_stack.h"

struct keeper;
struct stacks;

struct stacks_opts {
	int ids_fd;		/* the map of stacks, */
	int counters_fd;	/* and of what the programs counted */
	/* borrowed: who reads what a process has mapped, and who opens it for the thread */
	struct keeper *keeper, *opener;
	/* names may be asked for on the network; without, the environment is rid of what does so */
	bool debuginfod;
};

/* NULL with @err. */
struct stacks *stacks_new(const struct stacks_opts *opts, struct error *err);
/* Ends the thread; what it had not come to is dropped. False: it is held up; see namer_free(). */
bool stacks_free(struct stacks *stacks);
/* One from the ring, its @size checked already. Its names are looked for from now on. */
void stacks_take(struct stacks *stacks, const struct tw_record *record);
/* Delivers what has its names by now, as of @now_ns. True if anything. */
bool stacks_deliver(struct stacks *stacks, uint64_t now_ns, const struct receiver *to);
/* Waits for those that have none yet, at most so long. Deliver them afterwards. */
void stacks_wait(struct stacks *stacks, unsigned int timeout_ms);
/* Says what was not told, by cause; with --verbose how much was. */
void stacks_tell_losses(struct stacks *stacks);

#endif
