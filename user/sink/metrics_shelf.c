// SPDX-License-Identifier: GPL-2.0-or-later
/* Labels that stay, and counters that never decrease. */
#include "sink/metrics_shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* From this part of all on one matters: of 20 labels, a hundredth. */
#define SHARE 5

static uint32_t key_hash(const struct row_key *key)
{
	return hash_bytes(key, sizeof(*key));
}

static bool entry_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct shelf *shelf = ctx;

	return row_key_equal(&shelf->entries[id].key, key);
}

static bool candidate_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct shelf *shelf = ctx;

	return row_key_equal(&shelf->candidates[id].key, key);
}

int shelf_init(struct shelf *shelf, uint32_t cap, bool by_share)
{
	*shelf = (struct shelf){ .cap = cap, .by_share = by_share, .count = 1 };
	shelf->entries = calloc((size_t)cap + 1, sizeof(*shelf->entries));
	if (!shelf->entries || index_init(&shelf->index) || index_init(&shelf->by_key)) {
		shelf_release(shelf);
		return -ENOMEM;
	}
	return 0;
}

void shelf_release(struct shelf *shelf)
{
	for (uint32_t i = 0; shelf->entries && i < shelf->count; i++)
		free(shelf->entries[i].labels);
	free(shelf->entries);
	free(shelf->candidates);
	index_release(&shelf->index);
	index_release(&shelf->by_key);
	*shelf = (struct shelf){ 0 };
}

static void forget_candidates(struct shelf *shelf)
{
	for (uint32_t i = 0; i < shelf->nr_candidates; i++)
		index_remove(&shelf->by_key, key_hash(&shelf->candidates[i].key),
			     shelf->candidates[i].id);
	shelf->nr_candidates = 0;
}

void shelf_begin(struct shelf *shelf)
{
	forget_candidates(shelf);
	shelf->again = false;
	shelf->weight = 0;
	for (uint32_t i = 0; i < shelf->count; i++) {
		shelf->entries[i].fresh = false;
		memset(shelf->entries[i].now, 0, sizeof(shelf->entries[i].now));
	}
}

/* Connections of any kind, and minisocks that are left of some. */
static uint64_t weight_of(const uint64_t *count)
{
	return count[FIELD_CONNECTIONS] + count[FIELD_FAILED] + count[FIELD_TIME_WAIT] +
	       count[FIELD_FW2_ORPHANS];
}

static bool make_room(struct shelf *shelf)
{
	uint32_t room = shelf->room_candidates ? 2 * shelf->room_candidates : 64;
	struct shelf_candidate *grown;

	if (shelf->nr_candidates < shelf->room_candidates)
		return true;
	grown = realloc(shelf->candidates, room * sizeof(*grown));
	if (!grown)
		return false;
	shelf->candidates = grown;
	shelf->room_candidates = room;
	return true;
}

static void add_candidate(struct shelf *shelf, const struct row_key *key, uint64_t weight)
{
	uint32_t hash = key_hash(key);
	uint32_t id = index_find(&shelf->by_key, hash, candidate_equal, shelf, key);

	if (id == INDEX_NONE) {
		if (!weight || !make_room(shelf) ||
		    index_insert(&shelf->by_key, hash, shelf->nr_candidates))
			return;
		id = shelf->nr_candidates++;
		shelf->candidates[id] = (struct shelf_candidate){ .key = *key, .id = id };
	}
	shelf->candidates[id].weight += weight;
}

void shelf_add(struct shelf *shelf, const struct row_key *key, const uint64_t *count)
{
	uint32_t id = index_find(&shelf->index, key_hash(key), entry_equal, shelf, key);

	if (!shelf->again)
		shelf->weight += weight_of(count);
	if (id != INDEX_NONE) {
		struct shelf_entry *entry = &shelf->entries[id];

		if (shelf->again && !entry->fresh)
			return;
		for (unsigned int field = 0; field < NR_FIELDS; field++)
			entry->now[field] += count[field];
	} else if (!shelf->again && shelf->count <= shelf->cap) {
		add_candidate(shelf, key, weight_of(count));
	}
}

/*
 * A server that was given its port, not one that has asked for any. Of those a host has few;
 * clients may go through the ports of all the world.
 */
static bool is_server(const struct row_key *key)
{
	return key->role == ROLE_SERVER && key->port < FIRST_EPHEMERAL;
}

static int compare_candidates(const void *left, const void *right)
{
	const struct shelf_candidate *one = left, *other = right;

	if (is_server(&one->key) != is_server(&other->key))
		return is_server(&one->key) ? -1 : 1;
	if (one->weight != other->weight)
		return one->weight > other->weight ? -1 : 1;
	return memcmp(&one->key, &other->key, sizeof(one->key));
}

static bool has_share(const struct shelf *shelf, const struct shelf_candidate *candidate)
{
	return is_server(&candidate->key) ||
	       candidate->weight * shelf->cap * SHARE >= shelf->weight;
}

/*
 * Labels stay, so the first ones to come must not have them all: from the second half on, or
 * always (by_share), whoever is no server must have a part of all that is worth a label.
 */
static bool fits(const struct shelf *shelf, const struct shelf_candidate *candidate)
{
	return (!shelf->by_share && shelf->count <= shelf->cap / 2) || has_share(shelf, candidate);
}

/*
 * The model forgets names that nothing is counted for: who comes again has another key. It is
 * new, but for what was shown.
 */
static bool has_come_again(struct shelf *shelf, const struct row_key *key, const char *labels)
{
	for (uint32_t i = 1; i < shelf->count; i++) {
		struct shelf_entry *entry = &shelf->entries[i];

		if (strcmp(entry->labels, labels))
			continue;
		if (!index_insert(&shelf->index, key_hash(key), i)) {
			index_remove(&shelf->index, key_hash(&entry->key), i);
			entry->key = *key;
			entry->fresh = shelf->again = true;
		}
		return true;
	}
	return false;
}

static void admit(struct shelf *shelf, const struct row_key *key, char *labels)
{
	struct shelf_entry *entry = &shelf->entries[shelf->count];

	if (!labels || has_come_again(shelf, key, labels) ||
	    index_insert(&shelf->index, key_hash(key), shelf->count)) {
		free(labels);
		return;
	}
	*entry = (struct shelf_entry){ .key = *key, .labels = labels, .fresh = true };
	shelf->again = true;
	shelf->count++;
}

/* Those who may have labels, best first: of many there are few with a share. Returns how many. */
static uint32_t sort_candidates(struct shelf *shelf)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < shelf->nr_candidates; i++) {
		struct shelf_candidate candidate = shelf->candidates[i];

		if (!fits(shelf, &candidate))
			continue;
		shelf->candidates[i] = shelf->candidates[nr];
		shelf->candidates[nr++] = candidate;
	}
	if (nr)
		qsort(shelf->candidates, nr, sizeof(*shelf->candidates), compare_candidates);
	return nr;
}

bool shelf_admit(struct shelf *shelf, shelf_labels_fn labels, const void *ctx)
{
	uint32_t nr = sort_candidates(shelf);

	for (uint32_t i = 0; i < nr && shelf->count <= shelf->cap; i++) {
		const struct row_key *key = &shelf->candidates[i].key;

		if (!fits(shelf, &shelf->candidates[i]))
			break;
		admit(shelf, key, labels(ctx, key));
	}
	return shelf->again;
}

/* What @entry is given of @left, which its counter has grown by. */
static uint64_t give(struct shelf_entry *entry, unsigned int field, uint64_t left, bool folded)
{
	int64_t behind = (int64_t)(entry->now[field] - entry->shown[field]) + entry->kept[field];
	uint64_t given = behind > 0 ? (uint64_t)behind : 0;

	/* what a folded row had is in "other" of the model, and stays here; one that only moved
	 * to another row was shown here too early, and is made up for */
	if (behind < 0 && folded)
		entry->kept[field] -= behind;
	if (given > left)
		given = left;
	entry->shown[field] += given;
	if (entry->fresh)
		entry->kept[field] = (int64_t)(entry->shown[field] - entry->now[field]);
	return given;
}

static void settle_counter(struct shelf *shelf, unsigned int field, uint64_t total, bool folded)
{
	/* a filter may turn a connection down late, and the total steps back */
	uint64_t left = total > shelf->total[field] ? total - shelf->total[field] : 0;

	shelf->total[field] += left;
	for (uint32_t i = 1; i < shelf->count; i++)
		left -= give(&shelf->entries[i], field, left, folded);
	shelf->entries[SHELF_OTHER].shown[field] += left;
}

static void settle_gauge(struct shelf *shelf, unsigned int field, uint64_t total)
{
	uint64_t labelled = 0;

	for (uint32_t i = 1; i < shelf->count; i++)
		labelled += shelf->entries[i].now[field];
	shelf->entries[SHELF_OTHER].now[field] = total > labelled ? total - labelled : 0;
}

void shelf_settle(struct shelf *shelf, const uint64_t *total, bool folded)
{
	for (unsigned int field = 0; field < NR_COUNTERS; field++)
		settle_counter(shelf, field, total[field], folded);
	for (unsigned int field = FIELD_FIRST_GAUGE; field < NR_FIELDS; field++)
		settle_gauge(shelf, field, total[field]);
	for (uint32_t i = 0; i < shelf->count; i++)
		for (unsigned int field = 0; field < NR_FIELDS; field++)
			if (shelf->entries[i].now[field] ||
			    (field < NR_COUNTERS && shelf->entries[i].shown[field]))
				shelf->entries[i].seen |= FIELD_BIT(field);
}
