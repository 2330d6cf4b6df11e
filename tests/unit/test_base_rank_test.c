// SPDX-License-Identifier: GPL-2.0-or-later
/* The rank-sum test against tables, and against what it must be whatever the figures. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rank_test.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return *random >> 33;
}

static void fill(double *figures, size_t count, uint64_t *random, unsigned int kinds)
{
	for (size_t i = 0; i < count; i++)
		figures[i] = next_random(random) % kinds;
}

static void known_answers_are_given(void **state)
{
	static const double low[] = { 1, 2, 3, 4, 5 }, high[] = { 6, 7, 8, 9, 10 };
	static const double odd[] = { 1, 3, 5, 7 }, even[] = { 2, 4, 6, 8 };
	static const double tied[] = { 1, 1, 2 }, ties[] = { 2, 3, 3 };

	(void)state;
	/* 2 of C(10, 5) ways */
	assert_float_equal(rank_test(low, 5, high, 5), 2.0 / 252, 1e-12);
	/* U = 6 of 4 and 4: 0.6857 in every table */
	assert_float_equal(rank_test(odd, 4, even, 4), 48.0 / 70, 1e-12);
	/* ranks 1.5 1.5 3.5 | 3.5 5.5 5.5: by hand 2 + 2 of 20 ways are as far */
	assert_float_equal(rank_test(tied, 3, ties, 3), 4.0 / 20, 1e-12);
}

static void figures_that_are_all_alike_tell_nothing(void **state)
{
	static const double alike[RANK_TEST_MOST] = { 0 };

	(void)state;
	assert_float_equal(rank_test(alike, RANK_TEST_MOST, alike, 3), 1, 1e-12);
	assert_float_equal(rank_test(alike, 0, alike, 3), 1, 0);
	assert_float_equal(rank_test(alike, 3, alike, 0), 1, 0);
}

static void neither_order_nor_side_nor_scale_matters(void **state)
{
	double left[8], right[11], turned[8], scaled_left[8], scaled_right[11];
	uint64_t random = 0x5eed;

	(void)state;
	for (unsigned int round = 0; round < 50; round++) {
		double chance;

		fill(left, 8, &random, 9);
		fill(right, 11, &random, 9);
		for (size_t i = 0; i < 8; i++) {
			turned[i] = left[7 - i];
			scaled_left[i] = 1 + 1e9 * left[i];
		}
		for (size_t i = 0; i < 11; i++)
			scaled_right[i] = 1 + 1e9 * right[i];
		chance = rank_test(left, 8, right, 11);
		assert_true(chance > 0 && chance <= 1);
		assert_float_equal(rank_test(right, 11, left, 8), chance, 1e-9);
		assert_float_equal(rank_test(turned, 8, right, 11), chance, 1e-9);
		assert_float_equal(rank_test(scaled_left, 8, scaled_right, 11), chance, 1e-9);
	}
}

static void the_least_is_that_of_sets_apart(void **state)
{
	double low[RANK_TEST_MOST], high[RANK_TEST_MOST];

	(void)state;
	for (size_t i = 0; i < RANK_TEST_MOST; i++) {
		low[i] = i;
		high[i] = 1000 + i;
	}
	for (size_t left = 1; left <= 12; left++)
		for (size_t right = 1; right <= 12; right++)
			assert_float_equal(rank_test(low, left, high, right),
					   rank_test_least(left, right), 1e-9);
	assert_true(rank_test(low, RANK_TEST_MOST, high, RANK_TEST_MOST) < 1e-15);
}

/* Were it not so, a level would not be the rate of false alarms. */
static void sets_of_one_kind_seldom_differ(void **state)
{
	unsigned int alarms = 0;
	double left[10], right[10];
	uint64_t random = 1;

	(void)state;
	for (unsigned int round = 0; round < 1000; round++) {
		fill(left, 10, &random, 1 << 30);
		fill(right, 10, &random, 1 << 30);
		alarms += rank_test(left, 10, right, 10) <= 0.05;
	}
	assert_in_range(alarms, 25, 65);
}

static void the_median_is_in_the_middle(void **state)
{
	double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 9, 2 };

	(void)state;
	assert_float_equal(median_of(odd, COUNT_OF(odd)), 5, 0);
	assert_float_equal(median_of(even, COUNT_OF(even)), 3, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers_are_given),
		cmocka_unit_test(figures_that_are_all_alike_tell_nothing),
		cmocka_unit_test(neither_order_nor_side_nor_scale_matters),
		cmocka_unit_test(the_least_is_that_of_sets_apart),
		cmocka_unit_test(sets_of_one_kind_seldom_differ),
		cmocka_unit_test(the_median_is_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
