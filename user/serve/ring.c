// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pieces lie one behind the other, each with a head; none is split at the end of the memory, so
 * that a reader gets it as it is. Places count on for ever; modulo the size they are in memory.
 */
#include "serve/ring.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 8
#define KIND_NONE RING_KINDS	/* the rest of the memory, unused */

struct head {
	uint32_t size;		/* with the head, a multiple of ALIGNMENT */
	uint32_t len;		/* 0: so many are missing here */
	uint32_t kind;
	uint32_t unused;
	uint64_t count;		/* of pieces that this is, or stands for */
};

struct ring {
	char *memory;
	size_t size;
	uint64_t first, end;	/* places */
	uint64_t gone[RING_KINDS], put[RING_KINDS]; /* pieces before first, before end */
};

struct ring *ring_new(size_t bytes)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->size = bytes / ALIGNMENT * ALIGNMENT;
	ring->memory = malloc(ring->size);
	if (ring->memory)
		return ring;
	free(ring);
	return NULL;
}

void ring_free(struct ring *ring)
{
	if (ring)
		free(ring->memory);
	free(ring);
}

static struct head *head_at(const struct ring *ring, uint64_t place)
{
	return (struct head *)(ring->memory + place % ring->size);
}

/* At the end of the memory there may be less than a head. */
static size_t tail_of(const struct ring *ring, uint64_t place)
{
	size_t left = ring->size - place % ring->size;

	return left < sizeof(struct head) ? left : 0;
}

static void drop_first(struct ring *ring)
{
	size_t tail = tail_of(ring, ring->first);
	const struct head *head = head_at(ring, ring->first);

	if (tail) {
		ring->first += tail;
		return;
	}
	if (head->kind < RING_KINDS)
		ring->gone[head->kind] += head->count;
	ring->first += head->size;
}

/* Makes room for a piece of @size that is not split. */
static void make_room(struct ring *ring, size_t size)
{
	size_t left = ring->size - ring->end % ring->size;

	if (left < size) {
		while (ring->end + left - ring->first > ring->size)
			drop_first(ring);
		if (left >= sizeof(struct head))
			*head_at(ring, ring->end) =
				(struct head){ .size = (uint32_t)left, .kind = KIND_NONE };
		ring->end += left;
	}
	while (ring->end + size - ring->first > ring->size)
		drop_first(ring);
}

static struct head *add(struct ring *ring, unsigned int kind, size_t len, uint64_t count)
{
	size_t size = (sizeof(struct head) + len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	struct head *head;

	make_room(ring, size);
	head = head_at(ring, ring->end);
	*head = (struct head){ .size = (uint32_t)size,
			       .len = (uint32_t)len,
			       .kind = kind,
			       .count = count };
	ring->end += size;
	ring->put[kind] += count;
	return head;
}

void ring_put(struct ring *ring, unsigned int kind, const char *text, size_t len)
{
	if (!len || len > ring->size / 4)
		ring_put_missing(ring, kind, 1);
	else
		memcpy(add(ring, kind, len, 1) + 1, text, len);
}

void ring_put_missing(struct ring *ring, unsigned int kind, uint64_t count)
{
	add(ring, kind, 0, count);
}

void ring_join(const struct ring *ring, struct ring_place *place)
{
	place->at = ring->end;
	memcpy(place->passed, ring->put, sizeof(place->passed));
}

/* What has been overwritten before the reader came to it. */
static void catch_up(const struct ring *ring, struct ring_place *place, uint32_t kinds,
		     uint64_t *missed)
{
	for (unsigned int kind = 0; kind < RING_KINDS; kind++) {
		if (kinds >> kind & 1)
			*missed += ring->gone[kind] - place->passed[kind];
		place->passed[kind] = ring->gone[kind];
	}
	place->at = ring->first;
}

size_t ring_next(const struct ring *ring, struct ring_place *place, uint32_t kinds,
		 const char **text, unsigned int *kind, uint64_t *missed)
{
	*missed = 0;
	if (place->at < ring->first)
		catch_up(ring, place, kinds, missed);
	while (place->at < ring->end) {
		size_t tail = tail_of(ring, place->at);
		const struct head *head = head_at(ring, place->at);
		bool wanted = !tail && kinds >> head->kind & 1;

		/* what was missing before it is told first */
		if (wanted && head->len && *missed)
			return 0;
		place->at += tail ? tail : head->size;
		if (!tail && head->kind < RING_KINDS)
			place->passed[head->kind] += head->count;
		if (wanted && !head->len)
			*missed += head->count;
		if (!wanted || !head->len)
			continue;
		*text = (const char *)(head + 1);
		*kind = head->kind;
		return head->len;
	}
	return 0;
}
