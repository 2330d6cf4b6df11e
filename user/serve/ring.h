/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last pieces of text, for any number of readers, each at its own place. Who reads more
 * slowly than is written is told how many pieces it has missed, of the kinds that it wants.
 */
#ifndef SERVE_RING_H
#define SERVE_RING_H

#include <stddef.h>
#include <stdint.h>

#define RING_KINDS 16

struct ring;

/* @bytes: so much is kept, at least 1,024. NULL: no memory. */
struct ring *ring_new(size_t bytes);
void ring_free(struct ring *ring);
/* A piece longer than a quarter of the ring counts as one that is missing. */
void ring_put(struct ring *ring, unsigned int kind, const char *text, size_t len);
/* @count pieces of that kind would stand here. */
void ring_put_missing(struct ring *ring, unsigned int kind, uint64_t count);

struct ring_place {
	uint64_t at;
	uint64_t passed[RING_KINDS];	/* pieces before it */
};

/* The end: what comes from now on. */
void ring_join(const struct ring *ring, struct ring_place *place);
/*
 * The next piece of the kinds in @kinds (1 << kind), valid until the next ring_put(): its length.
 * 0: there is none, or *@missed is not 0: so many of them were missing here, and what follows
 * is for the next call.
 */
size_t ring_next(const struct ring *ring, struct ring_place *place, uint32_t kinds,
		 const char **text, unsigned int *kind, uint64_t *missed);

#endif
