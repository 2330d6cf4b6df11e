/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hands out numbered, zeroed memory in chunks that never move. */
#include "base/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void pool_init(struct pool *pool, size_t item_size)
{
	assert(item_size <= UINT32_MAX / POOL_CHUNK);
	memset(pool, 0, sizeof(*pool));
	/* At least 8: a released item holds the number of the next free one. */
	pool->item_size = item_size ? (uint32_t)((item_size + 7) & ~(size_t)7) : 8;
	pool->free_head = POOL_NONE;
}

static size_t chunk_bytes(const struct pool *pool)
{
	return (size_t)POOL_CHUNK * pool->item_size;
}

void pool_release(struct pool *pool)
{
	uint32_t i;

	for (i = 0; i < pool->nr_chunks; i++)
		munmap(pool->chunks[i], chunk_bytes(pool));
	free(pool->chunks);
	free(pool->alive);
	pool_init(pool, pool->item_size);
}

/* What was enlarged before a failure stays enlarged: nr_chunks alone says what is in use. */
static bool add_chunk(struct pool *pool)
{
	size_t nr_chunks = (size_t)pool->nr_chunks + 1;
	char **chunks;
	uint8_t *alive;
	char *chunk;

	chunks = realloc(pool->chunks, nr_chunks * sizeof(*chunks));
	if (!chunks)
		return false;
	pool->chunks = chunks;

	alive = realloc(pool->alive, nr_chunks * (POOL_CHUNK / 8));
	if (!alive)
		return false;
	pool->alive = alive;

	/* whole pages: what malloc() adds would cost one more of them a chunk */
	chunk = mmap(NULL, chunk_bytes(pool), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	if (chunk == MAP_FAILED)
		return false;
	memset(alive + (nr_chunks - 1) * (POOL_CHUNK / 8), 0, POOL_CHUNK / 8);
	chunks[pool->nr_chunks++] = chunk;
	return true;
}

uint32_t pool_take(struct pool *pool)
{
	uint32_t id = pool->free_head;

	if (id != POOL_NONE) {
		memcpy(&pool->free_head, pool_at(pool, id), sizeof(pool->free_head));
		/* it may have lain there for long: near by the next time */
		if (pool->free_head != POOL_NONE)
			__builtin_prefetch(pool_at(pool, pool->free_head), 1);
	} else {
		if (pool->used == POOL_NONE)
			return POOL_NONE;
		if (pool->used / POOL_CHUNK == pool->nr_chunks && !add_chunk(pool))
			return POOL_NONE;
		id = pool->used++;
	}
	memset(pool_at(pool, id), 0, pool->item_size);
	pool->alive[id / 8] |= (uint8_t)(1u << (id % 8));
	pool->count++;
	return id;
}

void pool_give(struct pool *pool, uint32_t id)
{
	assert(pool_alive(pool, id));
	pool->alive[id / 8] &= (uint8_t) ~(1u << (id % 8));
	pool->count--;
	memcpy(pool_at(pool, id), &pool->free_head, sizeof(pool->free_head));
	pool->free_head = id;
}

bool pool_alive(const struct pool *pool, uint32_t id)
{
	return id < pool->used && (pool->alive[id / 8] >> (id % 8) & 1);
}

uint32_t pool_next(const struct pool *pool, uint32_t from)
{
	uint32_t byte, end;
	unsigned int bits;

	if (from >= pool->used)
		return POOL_NONE;

	byte = from / 8;
	end = (pool->used - 1) / 8;	/* bits from used on are never set */
	bits = pool->alive[byte] & (0xffu << (from % 8));
	while (!bits) {
		if (byte == end)
			return POOL_NONE;
		bits = pool->alive[++byte];
	}
	return byte * 8 + (uint32_t)__builtin_ctz(bits);
}
