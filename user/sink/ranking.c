/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of a dimension in the order in which they are shown. */
#include "sink/ranking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sink/common.h"

/* Less than this says nothing about a second. */
#define SHORTEST_SPAN_NS 1000000

static struct span span_from(uint64_t from_ns, uint64_t now_ns, bool whole)
{
	struct span span = { .whole = whole };

	if (from_ns && now_ns > from_ns && now_ns - from_ns >= SHORTEST_SPAN_NS)
		span.seconds = (double)(now_ns - from_ns) / NS_PER_SECOND;
	return span;
}

struct span span_interval(const struct model *model)
{
	uint64_t from_ns = model_interval_start_ns(model);

	if (from_ns < model_ready_ns(model))
		from_ns = model_ready_ns(model);
	return span_from(from_ns, model_now_ns(model), false);
}

struct span span_whole(const struct model *model)
{
	return span_from(model_ready_ns(model), model_now_ns(model), true);
}

uint64_t span_delta(const struct span *span, const struct row *row, enum field field)
{
	uint64_t before = span->whole ? 0 : row->before[field];

	/* A counter steps back when a filter turns a connection down late. */
	return row->count[field] > before ? row->count[field] - before : 0;
}

bool span_rate(const struct span *span, const struct row *row, enum field field, double *rate)
{
	if (span->seconds <= 0)
		return false;
	*rate = (double)span_delta(span, row, field) / span->seconds;
	return true;
}

static const struct {
	size_t count;
	enum key_part parts[NR_KEY_PARTS];
} dimension_keys[NR_DIMENSIONS] = {
	[DIM_PORT] = { 2, { KEY_PORT, KEY_ROLE } },
	[DIM_REMOTE] = { 1, { KEY_REMOTE } },
	[DIM_SERVICE] = { 1, { KEY_SERVICE } },
	[DIM_PAIR] = { 4, { KEY_SERVICE, KEY_PORT, KEY_ROLE, KEY_REMOTE } },
};

size_t key_parts(enum dimension dimension, enum key_part parts[static NR_KEY_PARTS])
{
	memcpy(parts, dimension_keys[dimension].parts, sizeof(dimension_keys[dimension].parts));
	return dimension_keys[dimension].count;
}

const char *key_part_name(enum key_part part)
{
	static const char *const names[NR_KEY_PARTS] = {
		[KEY_SERVICE] = "service",
		[KEY_PORT] = "port",
		[KEY_ROLE] = "role",
		[KEY_REMOTE] = "remote_addr",
	};

	return names[part];
}

void key_part_get(enum key_part part, const struct model *model, const struct row_key *key,
		  struct value *value)
{
	switch (part) {
	case KEY_SERVICE:
		value_foreign(value, model_service_name(model, key->service));
		break;
	case KEY_PORT:
		value_nonzero(value, key->port);
		break;
	case KEY_ROLE:
		value_text(value, role_name(key->role));
		break;
	case KEY_REMOTE:
		value_addr(value, key->remote_addr, false);
		break;
	case NR_KEY_PARTS:
		value_text(value, NULL);
		break;
	}
}

struct order {
	const struct model *model;
	enum ranking_order by;
	struct span span;
};

static int compare_names(const char *left, const char *right)
{
	if (!left || !right)
		return (right != NULL) - (left != NULL);
	return strcmp(left, right);
}

/* Service numbers say only who came first, so their names decide. */
static int compare_keys(const struct order *order, const struct row_key *left,
			const struct row_key *right)
{
	int sign = 0;

	if (left->service != right->service)
		sign = compare_names(model_service_name(order->model, left->service),
				     model_service_name(order->model, right->service));
	if (!sign)
		sign = compare_u64(left->port, right->port);
	if (!sign)
		sign = compare_u64(left->role, right->role);
	if (!sign)
		sign = memcmp(left->remote_addr, right->remote_addr, sizeof(left->remote_addr));
	return sign ? sign : compare_u64(left->service, right->service);
}

static uint64_t sockets_now(const struct row *row)
{
	return row->count[FIELD_OPEN] + row->count[FIELD_TIME_WAIT] + row->count[FIELD_FW2_ORPHANS];
}

static int compare_rows(const void *left_item, const void *right_item, void *ctx)
{
	const struct row *left = *(const struct row *const *)left_item;
	const struct row *right = *(const struct row *const *)right_item;
	const struct order *order = ctx;
	int sign = 0;

	if (order->by == RANKING_BY_ACTIVITY) {
		sign = compare_u64(span_delta(&order->span, right, FIELD_OPENED),
				   span_delta(&order->span, left, FIELD_OPENED));
		if (!sign)
			sign = compare_u64(sockets_now(right), sockets_now(left));
	}
	if (!sign)
		sign = compare_u64(right->count[FIELD_OPENED], left->count[FIELD_OPENED]);
	return sign ? sign : compare_keys(order, &left->key, &right->key);
}

static bool row_is_empty(const struct row *row)
{
	unsigned int field;

	for (field = 0; field < NR_FIELDS; field++)
		if (row->count[field])
			return false;
	return true;
}

int ranking_init(struct ranking *ranking, const struct model *model, enum dimension dimension,
		 enum ranking_order by, struct span span)
{
	const struct rows *rows = model_rows(model, dimension);
	struct order order = { .model = model, .by = by, .span = span };
	const struct row *row;
	uint32_t id;

	*ranking = (struct ranking){ .folded = rows->folded };
	ranking->rows = calloc((size_t)rows->pool.count + 1, sizeof(*ranking->rows));
	if (!ranking->rows)
		return -ENOMEM;
	for (id = pool_next(&rows->pool, 0); id != POOL_NONE; id = pool_next(&rows->pool, id + 1)) {
		row = rows_at(rows, id);
		if (row_is_empty(row))
			continue;
		if (id == ROW_OTHER)
			ranking->other = row;
		else
			ranking->rows[ranking->count++] = row;
	}
	if (by != RANKING_NONE)
		qsort_r(ranking->rows, ranking->count, sizeof(*ranking->rows), compare_rows,
			&order);
	return 0;
}

void ranking_release(struct ranking *ranking)
{
	free(ranking->rows);
	*ranking = (struct ranking){ 0 };
}
