// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes, and where in them a unit ends. */
#include "base/chunk.h"

#include <stdlib.h>

#define CHUNK_MOST INT32_MAX	/* with one unit that is longer than CHUNK_BYTES */

struct chunk *chunk_new(void)
{
	struct chunk *chunk = malloc(sizeof(*chunk));

	if (!chunk)
		return NULL;
	chunk->bytes = malloc(CHUNK_ROOM);
	chunk->room = CHUNK_ROOM;
	chunk_clear(chunk);
	if (chunk->bytes)
		return chunk;
	free(chunk);
	return NULL;
}

void chunk_free(struct chunk *chunk)
{
	if (chunk)
		free(chunk->bytes);
	free(chunk);
}

void chunk_clear(struct chunk *chunk)
{
	chunk->next = NULL;
	chunk->len = chunk->sent = 0;
	chunk->nr_units = 0;
	chunk->flush = false;
}

bool chunk_grow(struct chunk *chunk, size_t len)
{
	size_t room = chunk->room;
	char *bytes;

	if (len > CHUNK_MOST - chunk->len)
		return false;
	while (room < chunk->len + len)
		room *= 2;
	if (room == chunk->room)
		return true;
	bytes = realloc(chunk->bytes, room);
	if (!bytes)
		return false;
	chunk->bytes = bytes;
	chunk->room = room;
	return true;
}

void chunk_end_unit(struct chunk *chunk, size_t end, struct outlet_tally tally)
{
	uint32_t i = chunk->nr_units++;

	chunk->units[i].end = (uint32_t)end;
	chunk->units[i].events = (uint32_t)tally.events;
	chunk->units[i].missing = (uint32_t)tally.missing;
}

void chunk_tally(const struct chunk *chunk, size_t at, struct outlet_tally *tally)
{
	for (uint32_t i = chunk->nr_units; i-- > 0 && chunk->units[i].end > at;) {
		tally->events += chunk->units[i].events;
		tally->missing += chunk->units[i].missing;
	}
}

void chunk_cut(struct chunk *chunk, size_t at, struct outlet_tally *dropped)
{
	chunk_tally(chunk, at, dropped);
	while (chunk->nr_units && chunk->units[chunk->nr_units - 1].end > at)
		chunk->nr_units--;
	chunk->len = at;
}

size_t chunk_claim(const struct chunk *chunk, size_t most)
{
	size_t end = chunk->sent;

	if (most >= chunk->len - chunk->sent)
		return chunk->len;
	for (uint32_t i = 0; i < chunk->nr_units; i++) {
		if (chunk->units[i].end <= chunk->sent)
			continue;
		if (end > chunk->sent && chunk->units[i].end - chunk->sent > most)
			break;
		end = chunk->units[i].end;
	}
	return end;
}
