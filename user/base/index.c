/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds things by key in one or two cache lines: every record of the stream comes through here. */
#include "base/index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_HOMES 64
#define FIRST_TAIL 16
#define MOST_HOMES (1U << 31)

/* Sorted, runs are short up to here: three slots to find one, as many to find that it is not. */
static bool too_full(uint32_t count, uint32_t nr_homes)
{
	return (uint64_t)count * 10 > (uint64_t)nr_homes * 8;
}

/* Empty slots have the greatest hash, so that every search by order ends at them. */
static struct index_slot *new_slots(uint32_t nr_slots)
{
	struct index_slot *slots = malloc(nr_slots * sizeof(*slots));

	if (slots)
		memset(slots, 0xff, nr_slots * sizeof(*slots));
	return slots;
}

int index_init(struct index *index)
{
	index->nr_homes = FIRST_HOMES;
	index->nr_slots = FIRST_HOMES + FIRST_TAIL;
	index->count = 0;
	index->slots = new_slots(index->nr_slots);
	return index->slots ? 0 : -ENOMEM;
}

void index_release(struct index *index)
{
	free(index->slots);
	memset(index, 0, sizeof(*index));
}

/* By a third: what lies idle after it is paid for by every entry. */
static int grow(struct index *index)
{
	uint32_t nr_homes = index->nr_homes + index->nr_homes / 3;
	/* the tail needs no more room than it has: runs get shorter */
	uint32_t nr_slots = nr_homes + (index->nr_slots - index->nr_homes);
	struct index_slot *slots;
	uint32_t next = 0;

	if (nr_homes > MOST_HOMES)
		return -ENOMEM;
	slots = new_slots(nr_slots);
	if (!slots)
		return -ENOMEM;
	for (uint32_t at = 0; at < index->nr_slots; at++) {
		struct index_slot slot = index->slots[at];

		if (slot.id == INDEX_NONE)
			continue;
		if (next < index_home(slot.hash, nr_homes))
			next = index_home(slot.hash, nr_homes);
		slots[next++] = slot;
	}
	free(index->slots);
	index->slots = slots;
	index->nr_homes = nr_homes;
	index->nr_slots = nr_slots;
	return 0;
}

static int grow_tail(struct index *index)
{
	uint32_t more = index->nr_slots - index->nr_homes;
	struct index_slot *grown =
		realloc(index->slots, ((size_t)index->nr_slots + more) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	memset(&grown[index->nr_slots], 0xff, more * sizeof(*grown));
	index->slots = grown;
	index->nr_slots += more;
	return 0;
}

int index_insert(struct index *index, uint32_t hash, uint32_t id)
{
	struct index_slot *slot, *empty;

	assert(id != INDEX_NONE);
	if (too_full(index->count + 1, index->nr_homes) && grow(index))
		return -ENOMEM;
	if (index->slots[index->nr_slots - 2].id != INDEX_NONE && grow_tail(index))
		return -ENOMEM;
	slot = empty = index_search(index, hash);
	while (empty->id != INDEX_NONE)
		empty++;
	memmove(slot + 1, slot, (empty - slot) * sizeof(*slot));
	*slot = (struct index_slot){ .hash = hash, .id = id };
	index->count++;
	return 0;
}

/* Where @id is, stored with @hash; NULL: nowhere. */
static struct index_slot *slot_of(const struct index *index, uint32_t hash, uint32_t id)
{
	struct index_slot *slot = index_search(index, hash);

	for (; slot->id != id; slot++)
		if (slot->hash != hash || slot->id == INDEX_NONE)
			return NULL;
	return slot;
}

bool index_remove(struct index *index, uint32_t hash, uint32_t id)
{
	struct index_slot *slot = slot_of(index, hash, id), *next;

	if (!slot)
		return false;
	/* whatever has been pushed on from its home moves back by one */
	for (next = slot + 1; next->id != INDEX_NONE &&
			      index_home(next->hash, index->nr_homes) < next - index->slots;
	     next++)
		next[-1] = *next;
	memset(next - 1, 0xff, sizeof(*next));
	index->count--;
	return true;
}

bool index_renumber(struct index *index, uint32_t hash, uint32_t id, uint32_t now)
{
	struct index_slot *slot = slot_of(index, hash, id);

	assert(now != INDEX_NONE);
	if (slot)
		slot->id = now;
	return slot != NULL;
}
