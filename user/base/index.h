/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An open-addressing hash index: from a key's hash to the number of the thing
 * that has the key. The things live elsewhere (struct pool); the caller compares
 * keys.
 *
 * A slot's home grows with the hash, and the slots are kept sorted by it: looking for
 * what is not there ends as soon as what is, growing is one pass in order and may be by
 * any factor, and a removal closes its gap, so that there are no tombstones and a table
 * that churns stays as quick as a fresh one.
 */
#ifndef BASE_INDEX_H
#define BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INDEX_NONE UINT32_MAX

struct index_slot {
	uint32_t hash;
	uint32_t id;	/* INDEX_NONE: empty */
};

struct index {
	struct index_slot *slots; /* owned; the last one is always empty */
	uint32_t nr_homes;
	uint32_t nr_slots; /* homes, and room for what the last ones push on */
	uint32_t count;
};

/* Whether the thing numbered @id has the key @key. */
typedef bool (*index_equal_fn)(const void *ctx, uint32_t id, const void *key);

/* Returns 0 or -ENOMEM. */
int index_init(struct index *index);
void index_release(struct index *index);
static inline uint32_t index_home(uint32_t hash, uint32_t nr_homes)
{
	return (uint64_t)hash * nr_homes >> 32;
}

/* The first slot whose hash is not less: empty ones have the greatest. */
static inline struct index_slot *index_search(const struct index *index, uint32_t hash)
{
	struct index_slot *slot = &index->slots[index_home(hash, index->nr_homes)];

	while (slot->hash < hash)
		slot++;
	return slot;
}

/* Lets the memory come near that a search for @hash will need. */
static inline void index_prefetch(const struct index *index, uint32_t hash)
{
	__builtin_prefetch(&index->slots[index_home(hash, index->nr_homes)]);
}

/* The number stored under @key, or INDEX_NONE. In line, and @equal with it. */
static inline uint32_t index_find(const struct index *index, uint32_t hash, index_equal_fn equal,
				  const void *ctx, const void *key)
{
	const struct index_slot *slot;

	/* The hash stands beside the id to spare equal() its cache miss. */
	for (slot = index_search(index, hash); slot->hash == hash && slot->id != INDEX_NONE; slot++)
		if (equal(ctx, slot->id, key))
			return slot->id;
	return INDEX_NONE;
}

/* Adds @id; the caller has made sure that its key is not there. Returns 0 or -ENOMEM. */
int index_insert(struct index *index, uint32_t hash, uint32_t id);
/* Removes @id, stored with @hash; false if it was not there. */
bool index_remove(struct index *index, uint32_t hash, uint32_t id);
/* The thing @id, stored with @hash, is numbered @now; false if it was not there. Needs no memory. */
bool index_renumber(struct index *index, uint32_t hash, uint32_t id, uint32_t now);

/* The finaliser of MurmurHash3: every bit of the input reaches every bit of the output. */
static inline uint64_t hash_mix(uint64_t value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdULL;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53ULL;
	value ^= value >> 33;
	return value;
}

/*
 * Eight bytes a step, each step a bijection of the state, so that two inputs of
 * one length that differ in a single word never meet before the final mix.
 */
static inline uint32_t hash_bytes(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	uint64_t state = len + 0x9e3779b97f4a7c15ULL;
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		state = (state ^ word) * 0x9fb21c651e98df25ULL;
		state ^= state >> 32;
	}
	if (len) {
		word = 0;
		memcpy(&word, bytes, len);
		state = (state ^ word) * 0x9fb21c651e98df25ULL;
		state ^= state >> 32;
	}
	return (uint32_t)hash_mix(state);
}

static inline uint32_t hash_u64(uint64_t value)
{
	return (uint32_t)hash_mix(value);
}

#endif
