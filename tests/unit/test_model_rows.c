// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows by key, bounded: what goes into "other", what is folded, what never is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/rows.h"

#define CAP 8
#define SEED 0x5eed

static struct row_key key_of(uint16_t port)
{
	struct row_key key;

	memset(&key, 0, sizeof(key));
	key.port = port;
	key.role = ROLE_SERVER;
	return key;
}

static uint32_t enter(struct rows *rows, uint16_t port)
{
	struct row_key key = key_of(port);

	return rows_enter(rows, &key);
}

static uint64_t sum_of(const struct rows *rows, enum field field)
{
	uint64_t sum = 0;
	uint32_t id;

	for (id = pool_next(&rows->pool, 0); id != POOL_NONE; id = pool_next(&rows->pool, id + 1))
		sum += rows_at(rows, id)->count[field];
	return sum;
}

static void assert_sane_rows(const struct rows *rows)
{
	uint32_t id;

	assert_true(rows->pool.count <= rows->cap + 1);
	assert_int_equal(rows->index.count, rows->pool.count - 1);
	assert_true(pool_alive(&rows->pool, ROW_OTHER));
	for (id = pool_next(&rows->pool, 0); id != POOL_NONE; id = pool_next(&rows->pool, id + 1))
		assert_true(rows_at(rows, id)->conns < 1000000);
}

static int open_rows(void **state)
{
	*state = calloc(1, sizeof(struct rows));
	return rows_init(*state, DIM_PORT, CAP);
}

static int close_rows(void **state)
{
	rows_release(*state);
	free(*state);
	return 0;
}

static void a_key_has_one_row(void **state)
{
	struct rows *rows = *state;
	uint32_t first = enter(rows, 80), second = enter(rows, 443);

	assert_int_not_equal(first, ROW_OTHER);
	assert_int_not_equal(first, second);
	assert_int_equal(enter(rows, 80), first);
	assert_int_equal(rows_at(rows, first)->conns, 2);
	assert_int_equal(rows_at(rows, first)->key.port, 80);
	assert_sane_rows(rows);
}

static void every_part_of_the_key_counts(void **state)
{
	struct rows *rows = *state;
	struct row_key keys[5];
	uint32_t ids[5];

	for (unsigned int i = 0; i < 5; i++)
		keys[i] = key_of(80);
	keys[1].port = 81;
	keys[2].role = ROLE_CLIENT;
	keys[3].service = 1;
	keys[4].remote_addr[0] = 1;
	for (unsigned int i = 0; i < 5; i++)
		ids[i] = rows_enter(rows, &keys[i]);
	for (unsigned int i = 0; i < 5; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(ids[i], ids[j]);
}

static void the_key_of_zeros_is_a_row_and_not_other(void **state)
{
	struct rows *rows = *state;
	struct row_key none;

	memset(&none, 0, sizeof(none));
	assert_int_not_equal(rows_enter(rows, &none), ROW_OTHER);
	assert_int_equal(rows->folded, 0);
}

static void a_row_stays_when_its_last_connection_left(void **state)
{
	struct rows *rows = *state;
	uint32_t id = enter(rows, 80);

	rows_at(rows, id)->count[FIELD_OPENED] = 3;
	rows_leave(rows, id);
	assert_int_equal(rows_at(rows, id)->conns, 0);
	assert_int_equal(enter(rows, 80), id);
	assert_int_equal(rows_at(rows, id)->count[FIELD_OPENED], 3);
}

static void past_the_cap_living_rows_turn_new_ones_into_other(void **state)
{
	struct rows *rows = *state;

	for (uint16_t port = 1; port <= CAP; port++)
		assert_int_not_equal(enter(rows, port), ROW_OTHER);
	assert_int_equal(rows->folded, 0);
	assert_int_equal(enter(rows, 100), ROW_OTHER);
	assert_int_equal(enter(rows, 101), ROW_OTHER);
	assert_int_equal(rows->folded, 2);
	assert_int_equal(rows_at(rows, ROW_OTHER)->conns, 2);
	assert_int_not_equal(enter(rows, 3), ROW_OTHER);
	assert_sane_rows(rows);
}

static void past_the_cap_the_least_idle_row_is_folded(void **state)
{
	struct rows *rows = *state;
	uint32_t ids[CAP + 1];

	for (uint16_t port = 1; port <= CAP; port++) {
		struct row *row;

		ids[port] = enter(rows, port);
		row = rows_at(rows, ids[port]);
		row->count[FIELD_CONNECTIONS] = 100 - port;
		row->count[FIELD_OPENED] = port;
		row->before[FIELD_OPENED] = 1;
		histogram_add(&row->lifetime, port);
	}
	/* these two are idle; 7 has fewer connections than 2 */
	rows_leave(rows, ids[2]);
	rows_leave(rows, ids[7]);
	assert_int_not_equal(enter(rows, 100), ROW_OTHER);
	assert_int_equal(rows->folded, 1);
	assert_int_equal(rows_at(rows, ROW_OTHER)->count[FIELD_OPENED], 7);
	assert_int_equal(rows_at(rows, ROW_OTHER)->before[FIELD_OPENED], 1);
	assert_int_equal(rows_at(rows, ROW_OTHER)->lifetime.count, 1);
	assert_int_equal(rows_at(rows, ids[2])->count[FIELD_OPENED], 2);
	assert_sane_rows(rows);
	/* it comes back as a new row, its history stays in other */
	assert_int_not_equal(enter(rows, 7), ROW_OTHER);
	assert_int_equal(rows->folded, 2);
	assert_int_equal(rows_at(rows, ROW_OTHER)->count[FIELD_OPENED], 9);
	assert_sane_rows(rows);
}

static void an_interval_is_counted_from_its_mark(void **state)
{
	struct rows *rows = *state;
	struct row *row = rows_at(rows, enter(rows, 80));

	row->count[FIELD_OPENED] = 5;
	rows_at(rows, ROW_OTHER)->count[FIELD_CLOSED] = 2;
	rows_mark_interval(rows);
	row->count[FIELD_OPENED] = 9;
	assert_int_equal(row->before[FIELD_OPENED], 5);
	assert_int_equal(rows_at(rows, ROW_OTHER)->before[FIELD_CLOSED], 2);
}

static void nothing_is_lost_by_folding_however_rows_come_and_go(void **state)
{
	struct rows *rows = *state;
	uint32_t held[64], nr_held = 0, random = SEED;
	uint64_t counted = 0;

	for (unsigned int i = 0; i < 20000; i++) {
		random = random * 1103515245 + 12345;
		if (nr_held < 64 && (random >> 16) % 3) {
			uint32_t id = enter(rows, (random >> 8) % 40);

			rows_at(rows, id)->count[FIELD_CONNECTIONS]++;
			histogram_add(&rows_at(rows, id)->lifetime, random);
			held[nr_held++] = id;
			counted++;
		} else if (nr_held) {
			uint32_t at = (random >> 8) % nr_held;

			rows_leave(rows, held[at]);
			held[at] = held[--nr_held];
		}
		assert_sane_rows(rows);
		assert_int_equal(sum_of(rows, FIELD_CONNECTIONS), counted);
	}
	assert_true(rows->folded > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_key_has_one_row, open_rows, close_rows),
		cmocka_unit_test_setup_teardown(every_part_of_the_key_counts, open_rows,
						close_rows),
		cmocka_unit_test_setup_teardown(the_key_of_zeros_is_a_row_and_not_other, open_rows,
						close_rows),
		cmocka_unit_test_setup_teardown(a_row_stays_when_its_last_connection_left,
						open_rows, close_rows),
		cmocka_unit_test_setup_teardown(past_the_cap_living_rows_turn_new_ones_into_other,
						open_rows, close_rows),
		cmocka_unit_test_setup_teardown(past_the_cap_the_least_idle_row_is_folded,
						open_rows, close_rows),
		cmocka_unit_test_setup_teardown(an_interval_is_counted_from_its_mark, open_rows,
						close_rows),
		cmocka_unit_test_setup_teardown(nothing_is_lost_by_folding_however_rows_come_and_go,
						open_rows, close_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
