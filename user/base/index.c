/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds things by key in one or two cache lines: every record of the stream comes through here. */
#include "base/index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64
#define MOST_SLOTS (1U << 31)

/* Above seven tenths, runs of linear probing grow faster than the memory they save is worth. */
static bool too_full(uint32_t count, uint32_t nr_slots)
{
	return (uint64_t)count * 10 > (uint64_t)nr_slots * 7;
}

static struct index_slot *new_slots(uint32_t nr_slots)
{
	struct index_slot *slots = malloc(nr_slots * sizeof(*slots));

	if (slots)
		memset(slots, 0xff, nr_slots * sizeof(*slots));	/* every id is INDEX_NONE */
	return slots;
}

int index_init(struct index *index)
{
	index->mask = FIRST_SLOTS - 1;
	index->count = 0;
	index->slots = new_slots(FIRST_SLOTS);
	return index->slots ? 0 : -ENOMEM;
}

void index_release(struct index *index)
{
	free(index->slots);
	memset(index, 0, sizeof(*index));
}

uint32_t index_find(const struct index *index, uint32_t hash, index_equal_fn equal, const void *ctx,
		    const void *key)
{
	uint32_t at = hash & index->mask;

	for (;; at = (at + 1) & index->mask) {
		const struct index_slot *slot = &index->slots[at];

		if (slot->id == INDEX_NONE)
			return INDEX_NONE;
		/* The hash stands beside the id to spare equal() its cache miss. */
		if (slot->hash == hash && equal(ctx, slot->id, key))
			return slot->id;
	}
}

static void place(struct index_slot *slots, uint32_t mask, struct index_slot slot)
{
	uint32_t at = slot.hash & mask;

	while (slots[at].id != INDEX_NONE)
		at = (at + 1) & mask;
	slots[at] = slot;
}

static int grow(struct index *index)
{
	uint32_t old_slots = index->mask + 1;
	struct index_slot *slots;
	uint32_t i;

	if (old_slots >= MOST_SLOTS)
		return -ENOMEM;
	slots = new_slots(old_slots * 2);
	if (!slots)
		return -ENOMEM;

	for (i = 0; i < old_slots; i++) {
		if (index->slots[i].id != INDEX_NONE)
			place(slots, old_slots * 2 - 1, index->slots[i]);
	}
	free(index->slots);
	index->slots = slots;
	index->mask = old_slots * 2 - 1;
	return 0;
}

int index_insert(struct index *index, uint32_t hash, uint32_t id)
{
	struct index_slot slot = { .hash = hash, .id = id };

	assert(id != INDEX_NONE);
	if (too_full(index->count + 1, index->mask + 1)) {
		int ret = grow(index);

		if (ret)
			return ret;
	}
	place(index->slots, index->mask, slot);
	index->count++;
	return 0;
}

/*
 * Closes the hole at @hole: whatever follows in the same run and is allowed to
 * stand in the hole (its home is not between hole and itself) moves into it and
 * leaves a hole of its own.
 */
static void shift_back(struct index *index, uint32_t hole)
{
	struct index_slot *slots = index->slots;
	uint32_t mask = index->mask;
	uint32_t at = hole;

	for (;;) {
		at = (at + 1) & mask;
		if (slots[at].id == INDEX_NONE)
			break;
		if (((at - slots[at].hash) & mask) >= ((at - hole) & mask)) {
			slots[hole] = slots[at];
			hole = at;
		}
	}
	slots[hole].id = INDEX_NONE;
}

bool index_remove(struct index *index, uint32_t hash, uint32_t id)
{
	uint32_t at = hash & index->mask;

	while (index->slots[at].id != id || index->slots[at].hash != hash) {
		if (index->slots[at].id == INDEX_NONE)
			return false;
		at = (at + 1) & index->mask;
	}

	shift_back(index, at);
	index->count--;
	return true;
}

/* The finaliser of MurmurHash3: every bit of the input reaches every bit of the output. */
static uint64_t mix(uint64_t value)
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
uint32_t hash_bytes(const void *data, size_t len)
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
	return (uint32_t)mix(state);
}

uint32_t hash_u64(uint64_t value)
{
	return (uint32_t)mix(value);
}
