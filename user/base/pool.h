/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbered storage for things of one size: a number (u32) stays valid and an
 * address stays the same until the thing is released. Grows by chunks, reuses
 * released numbers, gives zeroed memory. Things of whole cache lines begin with one.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_NONE UINT32_MAX
#define POOL_CHUNK 2048U /* things: a power of two, and of eight for the bitmap */

struct pool {
	char **chunks;		/* owned */
	uint32_t nr_chunks;
	uint32_t item_size;	/* rounded up to 8, at least 8 */
	uint32_t used;		/* numbers ever given out: [0, used) */
	uint32_t free_head;	/* POOL_NONE: none */
	uint32_t count;		/* things alive */
	uint8_t *alive;		/* one bit a number, owned */
};

void pool_init(struct pool *pool, size_t item_size);
void pool_release(struct pool *pool);
/* A new zeroed thing; POOL_NONE when there is no memory. */
uint32_t pool_take(struct pool *pool);
void pool_give(struct pool *pool, uint32_t id);
/* @item_size: as the pool's, where the compiler knows it. */
static inline void *pool_at_sized(const struct pool *pool, uint32_t id, size_t item_size)
{
	/* Not pool_alive(): the bitmap would be one more cache miss on the hot path. */
	assert(id < pool->used);
	return pool->chunks[id / POOL_CHUNK] + id % POOL_CHUNK * item_size;
}

static inline void *pool_at(const struct pool *pool, uint32_t id)
{
	return pool_at_sized(pool, id, pool->item_size);
}

bool pool_alive(const struct pool *pool, uint32_t id);

/* Walks the living: for (id = pool_next(p, 0); id != POOL_NONE; id = pool_next(p, id + 1)) */
uint32_t pool_next(const struct pool *pool, uint32_t from);

#endif
