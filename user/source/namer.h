/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread that gives stacks their names: jobs in, records out, both in their order and
 * both bounded.
 */
#ifndef SOURCE_NAMER_H
#define SOURCE_NAMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/maps.h"
#include "tw_stack.h"

struct namer;

struct named {
	struct named *next;
	struct tw_stack stack;		/* but for its time */
	struct tw_stack_text *text;	/* owned; NULL: told before, or there is none */
};

/*
 * @opener: borrowed, and the thread's alone; it opens files. NULL: no memory. The thread begins
 * with the first job.
 */
struct namer *namer_new(struct keeper *opener);
/*
 * False: a file that it reads, or who was asked for debug information, holds the thread up. What it
 * has, and @opener, is left to it until the process ends.
 */
bool namer_free(struct namer *namer);
/*
 * @seen: copied, by its size. @maps: of its process, a reference is taken. @chain: its frames, copied. 0, -ENOBUFS where
 * too much waits, -ENOMEM, or why there is no thread.
 */
int namer_add(struct namer *namer, const struct tw_stack_seen *seen, struct maps *maps,
	      const __u64 *chain, size_t nr_chain);
/* What is done; the caller frees each with named_free(). NULL: nothing. */
struct named *namer_done(struct namer *namer);
void named_free(struct named *named);
/* Until there is nothing left to do, at most so long. */
void namer_wait(struct namer *namer, unsigned int timeout_ms);

#endif
