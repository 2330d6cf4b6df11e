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
/* The number stored under @key, or INDEX_NONE. */
uint32_t index_find(const struct index *index, uint32_t hash, index_equal_fn equal, const void *ctx,
		    const void *key);
/* Lets the memory come near that a look-up of @hash will need. */
void index_prefetch(const struct index *index, uint32_t hash);
/* Adds @id; the caller has made sure that its key is not there. Returns 0 or -ENOMEM. */
int index_insert(struct index *index, uint32_t hash, uint32_t id);
/* Removes @id, stored with @hash; false if it was not there. */
bool index_remove(struct index *index, uint32_t hash, uint32_t id);

uint32_t hash_bytes(const void *data, size_t len);
uint32_t hash_u64(uint64_t value);

#endif
