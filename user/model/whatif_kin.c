// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is whose kin, and how kin live. */
#include "model/whatif_kin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct kin_key {
	uint32_t path, service;
};

static bool row_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct kin_row *row = &((const struct kin_table *)ctx)->rows[id];
	const struct kin_key *want = key;

	return row->path == want->path && row->service == want->service;
}

static uint32_t row_of(struct kin_table *table, uint32_t path, uint32_t service)
{
	struct kin_key key = { path, service };
	uint32_t hash = hash_u64((uint64_t)path << 32 | service);
	uint32_t id = index_find(&table->index, hash, row_equal, table, &key);

	if (id != INDEX_NONE)
		return id;
	if (table->count == table->room) {
		uint32_t room = table->room ? 2 * table->room : 64;
		struct kin_row *grown = realloc(table->rows, room * sizeof(*grown));

		if (!grown)
			return NONE;
		table->rows = grown;
		table->room = room;
	}
	if (index_insert(&table->index, hash, table->count))
		return NONE;
	table->rows[table->count] =
		(struct kin_row){ .path = path, .service = service, .last = NONE };
	return table->count++;
}

static void count(struct kin_row *row, const struct attempt *attempt)
{
	row->asked++;
	if (attempt->outcome != ATTEMPT_OPENED || !attempt->start_ns || !attempt->close_ns)
		return;
	row->closed[attempt->close]++;
	histogram_add(&row->lives, attempt->close_ns - attempt->start_ns);
}

/* Of the usual way to end; of what is not known, the one that holds ports longest. */
static uint8_t usual_close(const uint32_t closed[4])
{
	uint8_t usual = CLOSE_BY_US;

	for (unsigned int close = CLOSE_BY_US; close <= CLOSE_BY_RESET; close++)
		if (closed[close] > closed[usual])
			usual = close;
	return usual;
}

/* Where a service never got through to a destination, others' lives there will do. */
static int settle(struct kin_table *table, uint32_t nr_paths)
{
	struct kin_row *of_path = calloc(nr_paths, sizeof(*of_path));

	table->kin = calloc(table->count, sizeof(*table->kin));
	for (uint32_t i = 0; of_path && table->kin && i < table->count; i++) {
		struct kin_row *all = &of_path[table->rows[i].path];

		histogram_merge(&all->lives, &table->rows[i].lives);
		for (unsigned int close = 0; close < 4; close++)
			all->closed[close] += table->rows[i].closed[close];
	}
	for (uint32_t i = 0; of_path && table->kin && i < table->count; i++) {
		const struct kin_row *row = &table->rows[i];

		if (!row->lives.count)
			row = &of_path[row->path];
		table->kin[i] = (struct whatif_kin){
			.life_ns = histogram_quantile(&row->lives, 500),
			.close = usual_close(row->closed),
		};
	}
	for (uint32_t path = 0; of_path && path < nr_paths; path++)
		histogram_release(&of_path[path].lives);
	free(of_path);
	return of_path && table->kin ? 0 : -ENOMEM;
}

/* A request that was refused has no connection to share. */
static void chain(struct kin_table *table, struct kin_row *row, const struct attempt *attempt,
		  uint32_t id)
{
	if (!attempt->start_ns || attempt->outcome == ATTEMPT_FAILED)
		return;
	if (row->last != NONE)
		table->next[row->last] = id;
	row->last = id;
}

int kin_table_fill(struct kin_table *table, struct whatif_input *input)
{
	table->kin_of = malloc(input->count * sizeof(*table->kin_of));
	table->next = malloc(input->count * sizeof(*table->next));
	if (!table->kin_of || !table->next || index_init(&table->index))
		return -ENOMEM;
	for (size_t i = 0; i < input->count; i++) {
		uint32_t id = input->order[i];
		const struct attempt *attempt = &input->attempts[id];
		uint32_t row = row_of(table, attempt->path, attempt->service);

		if (row == NONE)
			return -ENOMEM;
		table->kin_of[id] = row;
		table->next[id] = NONE;
		count(&table->rows[row], attempt);
		chain(table, &table->rows[row], attempt, id);
	}
	if (settle(table, input->nr_paths))
		return -ENOMEM;
	input->kin_of = table->kin_of;
	input->next = table->next;
	input->kin = table->kin;
	return 0;
}

void kin_table_release(struct kin_table *table)
{
	for (uint32_t i = 0; i < table->count; i++)
		histogram_release(&table->rows[i].lives);
	index_release(&table->index);
	free(table->rows);
	free(table->kin_of);
	free(table->next);
	free(table->kin);
}
