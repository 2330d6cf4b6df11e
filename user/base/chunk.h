/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Some whole units, on their way through an outlet. Private to it: its members are open. */
#ifndef BASE_CHUNK_H
#define BASE_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outlet.h"

/* So full, it is handed over: the thread is woken so often at most. */
#define CHUNK_BYTES 65536
#define CHUNK_UNITS 1024
/* The unit that fills it ends beyond: with room for that it grows for none that is not long. */
#define CHUNK_ROOM (CHUNK_BYTES + 16384)

struct chunk {
	struct chunk *next;
	char *bytes;		/* owned */
	size_t len, room;	/* of bytes; CHUNK_ROOM at least */
	size_t sent;
	uint32_t nr_units;
	bool flush;		/* when it has been written */
	struct {
		uint32_t end;
		uint32_t events, missing;
	} units[CHUNK_UNITS];
};

/* NULL when there is no memory. */
struct chunk *chunk_new(void);
void chunk_free(struct chunk *chunk);
void chunk_clear(struct chunk *chunk);
/* Whether there is room for @len more bytes now. */
bool chunk_grow(struct chunk *chunk, size_t len);
void chunk_end_unit(struct chunk *chunk, size_t end, struct outlet_tally tally);
/* Adds what the units tell of that end after @at. */
void chunk_tally(const struct chunk *chunk, size_t at, struct outlet_tally *tally);
/* Drops these units, where @at is the end of one or the beginning. */
void chunk_cut(struct chunk *chunk, size_t at, struct outlet_tally *dropped);
/* How far to write now: whole units, as many as fit into @most bytes, one in any case. */
size_t chunk_claim(const struct chunk *chunk, size_t most);

#endif
