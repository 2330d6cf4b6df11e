/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Up to which moment all that came into the shared ring has been read.
 *
 * A program reserves room in the ring and then fills it. Where its processor is interrupted
 * between the two, or the machine's host lends it to another machine, what came after it can't
 * be read (BPF_RINGBUF_BUSY_BIT, kernel/bpf/ringbuf.c), while what happened next is in the lanes
 * already: a minisock's birth would come after the change to CLOSE that follows it.
 */
#ifndef SOURCE_RING_WHOLE_H
#define SOURCE_RING_WHOLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* For so long what is newer is held back; then it is told without. */
#define RING_HELD_NS 100000000ULL

struct ring_whole {
	const uint8_t *positions; /* mapped: how far it is read, and a page on, how far written */
	size_t page;
	uint64_t whole_ns;	/* what happened until then has been read; 0: nothing yet */
	uint64_t held_ns;	/* since when it is not; 0: it is */
};

/* @map_fd: the ring's. 0 or -errno with a sentence. ring_whole_close() in any case. */
int ring_whole_open(struct ring_whole *whole, int map_fd, struct error *err);
void ring_whole_close(struct ring_whole *whole);
/* How far it has been written: to be asked before it is read, and after @until_ns is over. */
uint64_t ring_whole_written(const struct ring_whole *whole);
/* It has been read since then. What may be told: all until @until_ns, or less. */
uint64_t ring_whole_until(struct ring_whole *whole, uint64_t written, uint64_t until_ns,
			  uint64_t now_ns);

#endif
