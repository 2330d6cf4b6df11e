// SPDX-License-Identifier: GPL-2.0-or-later
/* The course of the totals: what is kept of it, and what a point says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/history.h"

#define SECOND 1000000000ULL

static struct history *filled(enum history_of of, size_t seconds)
{
	struct history *history = history_new(of);
	uint64_t count[NR_FIELDS] = { 0 };

	assert_non_null(history);
	for (size_t i = 0; i < seconds; i++) {
		count[FIELD_TIME_WAIT] = i;
		count[FIELD_OPENED] = 10 * i;
		history_add(history, (i + 1) * SECOND, count);
	}
	return history;
}

static uint64_t value(const struct history *history, size_t at, enum field field)
{
	unsigned int i = 0;

	while (history_field(i) != field)
		i++;
	return history_at(history, at)->count[i];
}

static void the_last_hour_is_kept(void **state)
{
	struct history *history = filled(HISTORY_LAST, HISTORY_POINTS + 100);

	(void)state;
	assert_int_equal(history_count(history), HISTORY_POINTS);
	assert_int_equal(history_at(history, 0)->ts_ns, 101 * SECOND);
	assert_int_equal(value(history, 0, FIELD_TIME_WAIT), 100);
	assert_int_equal(value(history, HISTORY_POINTS - 1, FIELD_OPENED),
			 10 * (HISTORY_POINTS + 99));
	history_free(history);
}

static void all_of_the_time_is_thinned_out(void **state)
{
	struct history *history = filled(HISTORY_ALL, 5 * HISTORY_POINTS);

	(void)state;
	assert_in_range(history_count(history), HISTORY_POINTS / 2, HISTORY_POINTS);
	assert_int_equal(history_at(history, 0)->ts_ns, SECOND);
	assert_in_range(history_at(history, history_count(history) - 1)->ts_ns,
			(5 * HISTORY_POINTS - 8) * SECOND, 5 * HISTORY_POINTS * SECOND);
	for (size_t i = 1; i < history_count(history); i++) {
		assert_true(history_at(history, i)->ts_ns > history_at(history, i - 1)->ts_ns);
		assert_int_equal(value(history, i, FIELD_OPENED),
				 10 * (history_at(history, i)->ts_ns / SECOND - 1));
	}
	history_free(history);
}

static void points_are_a_second_apart(void **state)
{
	struct history *history = history_new(HISTORY_LAST);
	uint64_t count[NR_FIELDS] = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 40; i++)
		history_add(history, i * SECOND / 4, count);
	assert_int_equal(history_count(history), 10);
	history_free(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_hour_is_kept),
		cmocka_unit_test(all_of_the_time_is_thinned_out),
		cmocka_unit_test(points_are_a_second_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
