/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the lanes of all processors (tw_lane.h) and what the shared ring had, and makes
 * one stream of them, in the order of time.
 *
 * A socket changes its state with its lock held, so of two changes of one socket the
 * first is in its lane before the second one's time is taken. What is not older than a
 * moment before the lanes were looked at is therefore complete, whatever processors it
 * happened on; the rest waits for the next look.
 */
#ifndef SOURCE_LANES_H
#define SOURCE_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "source/source.h"
#include "tw_lane.h"

/* One of the ways by which records come, each in the order of its own time. */
struct strand {
	const uint8_t *data;
	uint64_t mask;		/* where the data begin again */
	uint64_t at, end;	/* what has not been delivered yet */
	uint64_t ahead;		/* what comes before has been announced */
	unsigned int nr_ahead;	/* records between the two */
	uint64_t ts_ns;		/* of the record at @at; never less than of those before */
};

struct lanes {
	struct tw_lane *first;	/* mapped */
	size_t stride;		/* from one to the next */
	uint32_t bytes;		/* of the data of each */
	unsigned int cpus;
	uint8_t *ring;		/* owned: records of the shared ring, copied */
	size_t ring_room;
	struct strand *strands;	/* owned: the ring's, then one a processor */
	uint32_t *heap;		/* owned: numbers of strands, the oldest record first */
	size_t nr_heap;
	uint64_t pairs[TW_NR_STATES * TW_NR_STATES]; /* of every (from, to), delivered by lane */
};

/* @map_fd: the array of lanes. 0 or -errno with a sentence. lanes_close() in any case. */
int lanes_open(struct lanes *lanes, int map_fd, unsigned int cpus, uint32_t bytes,
	       struct error *err);
void lanes_close(struct lanes *lanes);
/* Tells the programs: every socket is known now; a third look is attached. */
void lanes_settled(const struct lanes *lanes);
void lanes_three_looks(const struct lanes *lanes);
/* The reader is about to sleep: the next record of each lane is to wake it. */
void lanes_arm(const struct lanes *lanes);
/* A record of the shared ring, in its order. 0 or -ENOMEM. */
int lanes_add(struct lanes *lanes, const struct tw_record *record, size_t size);
/* Hands out what is not newer than @until_ns, at most @limit records. How many. */
size_t lanes_deliver(struct lanes *lanes, uint64_t until_ns, size_t limit,
		     const struct receiver *to);

#endif
