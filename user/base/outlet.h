/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded queue of bytes in front of an output that may be slow, and the thread that
 * empties it: whoever fills it never waits for the output.
 *
 * What is put in is divided into units (a line, a table, a record), and units stay
 * whole: one is written to its end, or nothing of it is. The bound is asked for, not
 * enforced: outlet_has_room() says whether the next unit is to be put in or dropped,
 * and a unit that is put in all the same is taken, because some must not be lost.
 * Who drops, counts.
 *
 *   outlet_put(), outlet_file() | outlet_end_unit() | outlet_flush()   > the thread > write()
 *   the unit being made         | units not handed over yet            > queue
 *
 * Until outlet_start() there is neither queue nor thread: bytes are written as they come,
 * by who puts them, who waits. That is right where waiting harms nobody (a recording is
 * replayed), and before privileges are dropped: a thread keeps those that its maker had.
 *
 * One thread fills it. Every function here is that thread's.
 */
#ifndef BASE_OUTLET_H
#define BASE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/error.h"

struct outlet;

/* What units tell of, for whoever has to account for those that are not written. */
struct outlet_tally {
	uint64_t events;
	uint64_t missing;	/* events that the unit says are not there */
};

/* What is behind it. Called by one thread at a time, after outlet_start() by the queue's. */
struct outlet_ops {
	/* The thread's first call, for what it is to become; NULL: nothing to do. 0 or -errno. */
	int (*begin)(void *ctx);
	/* As write(2): how many of the bytes it took, or -errno. May wait. */
	ssize_t (*write)(void *ctx, const char *bytes, size_t len);
	/* How much one write() may be given, for a reader that stops to find whole units; NULL: all. */
	size_t (*most)(void *ctx);
	/* outlet_flush() was called after what has been written; NULL: nothing to do. 0 or -errno. */
	int (*flush)(void *ctx);
	/* The last call; NULL: nothing to do. */
	void (*release)(void *ctx);
};

/* @capacity: so many bytes may wait. NULL when there is no memory; @ctx is the caller's then. */
struct outlet *outlet_new(const struct outlet_ops *ops, void *ctx, size_t capacity);
/* In front of a file descriptor, which stays open. */
struct outlet *outlet_new_fd(int fd, size_t capacity);
/*
 * What was put in is lost unless it has been written; where the thread is in a write that
 * does not return it is left alone with what it needs. NULL is fine.
 */
void outlet_free(struct outlet *outlet);

/* From now on a thread writes, and nothing here waits. 0 or -errno. */
int outlet_start(struct outlet *outlet, struct error *err);

/* For printf() and its kin; the outlet's own. NULL when there is no memory. */
FILE *outlet_file(struct outlet *outlet);
void outlet_put(struct outlet *outlet, const void *bytes, size_t len);
/*
 * What was put in since the last unit is one. False: there was no memory for it, also not where
 * it was made (stream_fail() of the file), and it is dropped; before outlet_start(), where it may
 * have been written in part, that is a failed write.
 */
bool outlet_end_unit(struct outlet *outlet, struct outlet_tally tally);
/* Every unit so far is to be written now. Between units only. */
void outlet_flush(struct outlet *outlet);

/*
 * Whether one more unit is to be put in. Once full, it is until half of what may wait has
 * been written, so that what is missing is missing in few places.
 */
bool outlet_has_room(struct outlet *outlet);
/* How much waits, in bytes, with what is being written. */
size_t outlet_left(struct outlet *outlet);
struct outlet_tally outlet_left_tally(struct outlet *outlet);
/* Drops the units that nobody has begun to write; returns what they told of. */
struct outlet_tally outlet_discard(struct outlet *outlet);

/* The first -errno of a write or a flush, after which nothing more is written; 0: none. */
int outlet_error(struct outlet *outlet);
/*
 * Readable once a write has failed; after outlet_await() also once nothing is left. No thread:
 * never readable.
 */
int outlet_fd(const struct outlet *outlet);
/* Returns whether there is anything to wait for: something is left, and no write has failed. */
bool outlet_await(struct outlet *outlet);

#endif
