// SPDX-License-Identifier: GPL-2.0-or-later
/* The rank-sum test against tables, and against what it must be whatever the figures. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

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

/* Twice the rank that figure @i has among all, ties at their mean. */
static unsigned int rank_of(const double *all, size_t count, size_t i)
{
	unsigned int rank = 1;

	for (size_t j = 0; j < count; j++)
		rank += 2 * (all[j] < all[i]) + (all[j] == all[i]);
	return rank;
}

/* Every way to choose @left of the figures, one after the other. */
static double by_all_ways(const double *all, size_t count, size_t left)
{
	unsigned int ways = 0, as_far = 0, whole = 0, seen = 0;
	double expected, off;

	for (size_t i = 0; i < count; i++) {
		whole += rank_of(all, count, i);
		seen += i < left ? rank_of(all, count, i) : 0;
	}
	expected = (double)whole * left / count;
	off = fabs(seen - expected) - 1e-9;
	for (unsigned int chosen = 0; chosen < 1U << count; chosen++) {
		unsigned int sum = 0;

		if ((size_t)__builtin_popcount(chosen) != left)
			continue;
		for (size_t i = 0; i < count; i++)
			sum += chosen >> i & 1 ? rank_of(all, count, i) : 0;
		ways++;
		as_far += fabs(sum - expected) >= off;
	}
	return (double)as_far / ways;
}

static void every_answer_is_that_of_counting_all_ways(void **state)
{
	double all[9];
	uint64_t random = 7;

	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		size_t left = 1 + next_random(&random) % 8;

		/* few kinds: ties of all sizes, most of them uneven */
		fill(all, 9, &random, 2 + round % 6);
		assert_float_equal(rank_test(all, left, all + left, 9 - left),
				   by_all_ways(all, 9, left), 1e-9);
	}
}

/*
 * 1 1 1 6 | 2 3 4 5 has the ranks 2 2 2 8 | 4 5 6 7: the left sums up to 14 where 18 is to be
 * expected. Of C(8, 4) ways as far below are 2 2 2 and any of the other five (5), 2 2 4 5 and
 * 2 2 4 6 (3 times each, by which 2 is left out); above the four largest and their like (5), 2 5 7 8
 * and 2 6 7 8 (3 times each). With the least rank of a tie, 1 1 1 8 | 4 5 6 7, they are 16.
 */
static void ties_have_their_mean_rank_and_not_their_least(void **state)
{
	static const double left[] = { 1, 1, 1, 6 }, right[] = { 2, 3, 4, 5 };

	(void)state;
	assert_float_equal(rank_test(left, 4, right, 4), 22.0 / 70, 1e-12);
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
		cmocka_unit_test(every_answer_is_that_of_counting_all_ways),
		cmocka_unit_test(ties_have_their_mean_rank_and_not_their_least),
		cmocka_unit_test(figures_that_are_all_alike_tell_nothing),
		cmocka_unit_test(neither_order_nor_side_nor_scale_matters),
		cmocka_unit_test(the_least_is_that_of_sets_apart),
		cmocka_unit_test(sets_of_one_kind_seldom_differ),
		cmocka_unit_test(the_median_is_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
