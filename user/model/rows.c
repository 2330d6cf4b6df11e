// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows of one dimension: found by key, bounded, folded into "other" past the bound. */
#include "model/rows.h"

#include <errno.h>
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

	return !memcmp(&rows_at(rows, id)->key, key, sizeof(struct row_key));
}

int rows_init(struct rows *rows, enum dimension dimension, uint32_t cap)
{
	*rows = (struct rows){ .dimension = dimension, .cap = cap };
	pool_init(&rows->pool, sizeof(struct row));
	if (index_init(&rows->index))
		return -ENOMEM;
	/* row 0, "other", is in no index: no key leads to it */
	if (pool_take(&rows->pool) != ROW_OTHER) {
		rows_release(rows);
		return -ENOMEM;
	}
	return 0;
}

void row_release(struct row *row)
{
	histogram_release(&row->lifetime);
	histogram_release(&row->residence);
}

void rows_release(struct rows *rows)
{
	uint32_t id;

	for (id = pool_next(&rows->pool, 0); id != POOL_NONE; id = pool_next(&rows->pool, id + 1))
		row_release(rows_at(rows, id));
	index_release(&rows->index);
	pool_release(&rows->pool);
}

static void fold(struct rows *rows, uint32_t id)
{
	struct row *other = rows_at(rows, ROW_OTHER), *row = rows_at(rows, id);

	for (unsigned int field = 0; field < NR_FIELDS; field++) {
		other->count[field] += row->count[field];
		other->before[field] += row->before[field];
	}
	other->held_ns += row->held_ns;
	histogram_merge(&other->lifetime, &row->lifetime);
	histogram_merge(&other->residence, &row->residence);
	row_release(row);
	index_remove(&rows->index, key_hash(&row->key), id);
	pool_give(&rows->pool, id);
	rows->folded++;
}

/* Of the next idle rows, the one that ever had least; false when none is idle. */
static bool fold_one(struct rows *rows)
{
	uint32_t least = POOL_NONE, id = rows->hand;

	for (unsigned int look = 0; look < FOLD_LOOKS; look++) {
		id = pool_next(&rows->pool, id + 1);
		if (id == POOL_NONE)
			id = pool_next(&rows->pool, ROW_OTHER + 1);
		if (id == POOL_NONE)
			return false;
		if (!rows_at(rows, id)->conns &&
		    (least == POOL_NONE || rows_at(rows, id)->count[FIELD_CONNECTIONS] <
						   rows_at(rows, least)->count[FIELD_CONNECTIONS]))
			least = id;
	}
	rows->hand = id;
	if (least == POOL_NONE)
		return false;
	fold(rows, least);
	return true;
}

uint32_t rows_enter(struct rows *rows, const struct row_key *key)
{
	uint32_t hash = key_hash(key);
	uint32_t id = index_find(&rows->index, hash, key_equal, rows, key);

	if (id == INDEX_NONE) {
		if (rows->pool.count > rows->cap && !fold_one(rows))
			goto other;
		id = pool_take(&rows->pool);
		if (id == POOL_NONE)
			goto other;
		if (index_insert(&rows->index, hash, id)) {
			pool_give(&rows->pool, id);
			goto other;
		}
		rows_at(rows, id)->key = *key;
	}
	rows_at(rows, id)->conns++;
	return id;
other:
	rows->folded++;
	rows_at(rows, ROW_OTHER)->conns++;
	return ROW_OTHER;
}

void rows_leave(struct rows *rows, uint32_t id)
{
	rows_at(rows, id)->conns--;
}

void rows_mark_interval(struct rows *rows)
{
	uint32_t id;

	for (id = pool_next(&rows->pool, 0); id != POOL_NONE; id = pool_next(&rows->pool, id + 1)) {
		struct row *row = rows_at(rows, id);

		memcpy(row->before, row->count, sizeof(row->before));
	}
}
