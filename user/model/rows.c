// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows of one dimension: found by key, bounded, folded into "other" past the bound. */
#include "model/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How many candidates are looked at for the least row to fold. */
#define FOLD_LOOKS 64

static uint32_t key_hash(const struct row_key *key)
{
	return hash_bytes(key, sizeof(*key));
}

static bool key_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct rows *rows = ctx;

	return row_key_equal(&rows_at(rows, id)->key, key);
}

/* For one row more. */
static bool make_room(struct rows *rows)
{
	uint32_t used = rows->pool.used;
	uint32_t *grown = rows->idle;

	if (used % POOL_CHUNK == 0)
		grown = realloc(rows->idle, ((size_t)used + POOL_CHUNK) * sizeof(*grown));
	if (!grown)
		return false;
	rows->idle = grown;
	return true;
}

int rows_init(struct rows *rows, enum dimension dimension, uint32_t cap)
{
	*rows = (struct rows){ .dimension = dimension, .cap = cap };
	pool_init(&rows->pool, sizeof(struct row));
	if (index_init(&rows->index))
		return -ENOMEM;
	/* row 0, "other", is in no index: no key leads to it */
	if (!make_room(rows) || pool_take(&rows->pool) != ROW_OTHER) {
		rows_release(rows);
		return -ENOMEM;
	}
	rows->idle[ROW_OTHER] = ROW_BUSY;
	return 0;
}

void row_release(struct row *row)
{
	histogram_release(&row->lifetime);
	histogram_release(&row->residence);
}

void row_reset(struct row *row)
{
	memset(row->count, 0, sizeof(row->count));
	memset(row->before, 0, sizeof(row->before));
	row->held_ns = 0;
	row_release(row);
}

void rows_release(struct rows *rows)
{
	uint32_t id;

	for (id = pool_next(&rows->pool, 0); id != POOL_NONE; id = pool_next(&rows->pool, id + 1))
		row_release(rows_at(rows, id));
	index_release(&rows->index);
	pool_release(&rows->pool);
	free(rows->idle);
	rows->idle = NULL;
}

/* Whose it was is not forgotten with the remote host: hosts are many, places are few. */
static void keep_place(struct rows *places, const struct row *row)
{
	struct row_key key = row->key;
	struct row *place;

	memset(key.remote_addr, 0, sizeof(key.remote_addr));
	place = rows_at(places, rows_enter(places, &key));
	for (unsigned int field = 0; field < NR_FIELDS; field++)
		place->count[field] += row->count[field];
}

static void fold(struct rows *rows, uint32_t id)
{
	struct row *other = rows_at(rows, ROW_OTHER), *row = rows_at(rows, id);

	for (unsigned int field = 0; field < NR_FIELDS; field++) {
		other->count[field] += row->count[field];
		other->before[field] += row->before[field];
	}
	if (rows->places)
		keep_place(rows->places, row);
	other->held_ns += row->held_ns;
	histogram_merge(&other->lifetime, &row->lifetime);
	histogram_merge(&other->residence, &row->residence);
	row_release(row);
	index_remove(&rows->index, key_hash(&row->key), id);
	row->key.gone = true;
	pool_give(&rows->pool, id);
	rows->folded++;
}

/* Of the next idle rows, the one that ever had least; false when none is idle. */
static bool fold_one(struct rows *rows)
{
	uint32_t least = ROW_OTHER, id = rows->hand;

	for (unsigned int look = 0; look < FOLD_LOOKS; look++) {
		id = pool_next(&rows->pool, id + 1);
		if (id == POOL_NONE)
			id = pool_next(&rows->pool, ROW_OTHER + 1);
		if (id == POOL_NONE)
			return false;
		/* "other" is always busy */
		if (rows->idle[id] < rows->idle[least])
			least = id;
	}
	rows->hand = id;
	if (least == ROW_OTHER)
		return false;
	fold(rows, least);
	return true;
}

static uint32_t add_row(struct rows *rows, const struct row_key *key, uint32_t hash)
{
	uint32_t id;

	if (rows->pool.count > rows->cap && !fold_one(rows))
		return ROW_OTHER;
	if (!make_room(rows))
		return ROW_OTHER;
	id = pool_take(&rows->pool);
	if (id == POOL_NONE)
		return ROW_OTHER;
	if (index_insert(&rows->index, hash, id)) {
		pool_give(&rows->pool, id);
		return ROW_OTHER;
	}
	rows_at(rows, id)->key = *key;
	return id;
}

static uint32_t refer(struct rows *rows, uint32_t id)
{
	rows->idle[id] = ROW_BUSY;
	rows_at(rows, id)->conns++;
	return id;
}

uint32_t rows_enter(struct rows *rows, const struct row_key *key)
{
	uint32_t hash = key_hash(key);
	uint32_t id = index_find(&rows->index, hash, key_equal, rows, key);

	if (id == INDEX_NONE)
		id = add_row(rows, key, hash);
	if (id == ROW_OTHER)
		rows->folded++;
	return refer(rows, id);
}

uint32_t rows_find(const struct rows *rows, const struct row_key *key)
{
	uint32_t id = index_find(&rows->index, key_hash(key), key_equal, rows, key);

	return id == INDEX_NONE ? POOL_NONE : id;
}

uint32_t rows_enter_again(struct rows *rows, const struct row_key *key, uint32_t guess)
{
	/* "other" has no key, though it looks like that of an unknown service */
	if (guess != ROW_OTHER && key_equal(rows, guess, key))
		return refer(rows, guess);
	return rows_enter(rows, key);
}

void rows_leave(struct rows *rows, uint32_t id)
{
	struct row *row = rows_at(rows, id);

	if (--row->conns || id == ROW_OTHER)
		return;
	rows->idle[id] = row->count[FIELD_CONNECTIONS] < ROW_BUSY ? row->count[FIELD_CONNECTIONS] :
								    ROW_BUSY - 1;
}

void rows_reset(struct rows *rows, uint32_t id)
{
	struct row *row = rows_at(rows, id);

	row_reset(row);
	if (rows->idle[id] != ROW_BUSY)
		rows->idle[id] = 0;
}

void rows_mark_interval(struct rows *rows)
{
	uint32_t id;

	for (id = pool_next(&rows->pool, 0); id != POOL_NONE; id = pool_next(&rows->pool, id + 1)) {
		struct row *row = rows_at(rows, id);

		memcpy(row->before, row->count, sizeof(row->before));
	}
}
