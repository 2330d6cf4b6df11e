// SPDX-License-Identifier: GPL-2.0-or-later
/* The histogram against a sorted list of the same samples. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/histogram.h"

#define SEED 0x5eed
#define NR_SAMPLES 5000

static uint64_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return *random >> 11;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static void assert_near(uint64_t got, uint64_t truth, const char *what)
{
	uint64_t off = got > truth ? got - truth : truth - got;

	/* half a bucket: 1/32, and what rounding to whole nanoseconds adds */
	if (off > truth / 31 + 1)
		fail_msg("%s: %" PRIu64 ", the truth is %" PRIu64, what, got, truth);
}

static void an_empty_one_has_nothing(void **state)
{
	struct histogram histogram = { 0 };

	(void)state;
	assert_int_equal(histogram.count, 0);
	assert_int_equal(histogram_quantile(&histogram, 500), 0);
	histogram_release(&histogram);
}

static void one_sample_is_every_quantile(void **state)
{
	static const uint64_t samples[] = { 0,		1,	   15,	    16,
					    17,		1000,	   1000000, 3600000ULL * 1000000,
					    1ULL << 62, UINT64_MAX };
	static const unsigned int permilles[] = { 0, 1, 500, 900, 990, 999, 1000 };

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct histogram histogram = { 0 };

		histogram_add(&histogram, samples[i]);
		assert_int_equal(histogram.count, 1);
		assert_true(histogram.max_ns == samples[i]);
		for (size_t j = 0; j < sizeof(permilles) / sizeof(permilles[0]); j++)
			assert_near(histogram_quantile(&histogram, permilles[j]), samples[i],
				    "the only sample");
		histogram_release(&histogram);
	}
}

/* With a greater one beside it, so that the maximum does not help. */
static void a_value_is_known_to_half_a_bucket_wherever_it_lies(void **state)
{
	(void)state;
	for (uint64_t ns = 1; ns < 1ULL << 60; ns += ns / 97 + 1) {
		struct histogram histogram = { 0 };

		histogram_add(&histogram, ns);
		histogram_add(&histogram, UINT64_MAX);
		assert_near(histogram_quantile(&histogram, 500), ns, "the lesser of two");
		histogram_release(&histogram);
	}
}

static void small_values_are_exact(void **state)
{
	struct histogram histogram = { 0 };

	(void)state;
	for (uint64_t ns = 0; ns < 16; ns++)
		histogram_add(&histogram, ns);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(histogram_quantile(&histogram, (i + 1) * 1000 / 16), i);
	histogram_release(&histogram);
}

static void quantiles_are_within_a_half_bucket_of_the_truth(void **state)
{
	static const unsigned int permilles[] = { 1, 100, 500, 900, 990, 999, 1000 };
	uint64_t *samples = malloc(NR_SAMPLES * sizeof(*samples)), random = SEED;
	struct histogram histogram = { 0 };

	(void)state;
	for (unsigned int i = 0; i < NR_SAMPLES; i++) {
		/* as many of microseconds as of hours */
		samples[i] = next_random(&random) >> (next_random(&random) % 45);
		histogram_add(&histogram, samples[i]);
	}
	qsort(samples, NR_SAMPLES, sizeof(*samples), compare);
	for (size_t i = 0; i < sizeof(permilles) / sizeof(permilles[0]); i++) {
		size_t rank = (NR_SAMPLES * permilles[i] + 999) / 1000;

		assert_near(histogram_quantile(&histogram, permilles[i]), samples[rank - 1],
			    "a quantile");
	}
	assert_int_equal(histogram.count, NR_SAMPLES);
	assert_true(histogram.max_ns == samples[NR_SAMPLES - 1]);
	histogram_release(&histogram);
	free(samples);
}

static void quantiles_never_pass_the_maximum_nor_each_other(void **state)
{
	uint64_t random = SEED;

	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		struct histogram histogram = { 0 };
		uint64_t last = 0, value;

		for (unsigned int i = 0; i < 1 + round % 7; i++)
			histogram_add(&histogram,
				      next_random(&random) >> (next_random(&random) % 50));
		for (unsigned int permille = 0; permille <= 1000; permille += 50) {
			value = histogram_quantile(&histogram, permille);
			assert_true(value >= last && value <= histogram.max_ns);
			last = value;
		}
		histogram_release(&histogram);
	}
}

static void merging_is_adding_all_samples_here(void **state)
{
	struct histogram left = { 0 }, right = { 0 }, both = { 0 }, empty = { 0 };
	uint64_t random = SEED;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t ns = next_random(&random) >> (i % 40);

		histogram_add(i % 3 ? &left : &right, ns);
		histogram_add(&both, ns);
	}
	histogram_merge(&left, &empty);
	histogram_merge(&left, &right);
	histogram_merge(&empty, &left);
	assert_int_equal(empty.count, both.count);
	assert_true(empty.max_ns == both.max_ns);
	assert_int_equal(empty.used, both.used);
	for (unsigned int permille = 0; permille <= 1000; permille++)
		assert_true(histogram_quantile(&empty, permille) ==
			    histogram_quantile(&both, permille));
	/* what was merged from is left as it was */
	assert_int_equal(right.count, 334);
	histogram_release(&left);
	histogram_release(&right);
	histogram_release(&both);
	histogram_release(&empty);
}

static void what_came_since_is_what_is_added(void **state)
{
	struct histogram now = { 0 }, before = { 0 }, since = { 0 }, lately = { 0 };
	uint64_t random = SEED;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t ns = next_random(&random) >> (i % 40);

		histogram_add(&now, ns);
		histogram_add(i < 600 ? &before : &lately, ns);
	}
	/* to what is there it is added */
	histogram_add(&since, 1);
	histogram_add(&lately, 1);
	histogram_add_since(&since, &now, &before);
	assert_int_equal(since.count, 401);
	/* the maximum may be one of before: no quantile but the last rests on it */
	for (unsigned int permille = 0; permille <= 990; permille++)
		assert_true(histogram_quantile(&since, permille) ==
			    histogram_quantile(&lately, permille));
	/* neither has changed */
	assert_int_equal(now.count, 1000);
	assert_int_equal(before.count, 600);
	histogram_release(&since);
	histogram_add_since(&since, &now, &now);
	assert_int_equal(since.count, 0);
	histogram_release(&now);
	histogram_release(&before);
	histogram_release(&since);
	histogram_release(&lately);
}

/* What is not an earlier state of it must not make counts of four thousand millions. */
static void no_count_falls_below_zero(void **state)
{
	struct histogram now = { 0 }, before = { 0 }, since = { 0 };

	(void)state;
	histogram_add(&now, 1000);
	histogram_add(&before, 1000);
	histogram_add(&before, 1000);
	histogram_add(&before, 1ULL << 40);
	histogram_add_since(&since, &now, &before);
	assert_int_equal(since.count, 0);
	assert_int_equal(histogram_quantile(&since, 500), 0);
	histogram_release(&now);
	histogram_release(&before);
	histogram_release(&since);
}

static void how_many_are_not_above_a_value_is_known_to_half_a_bucket(void **state)
{
	struct histogram histogram = { 0 };

	(void)state;
	assert_int_equal(histogram_at_most(&histogram, UINT64_MAX), 0);
	for (uint64_t ms = 1; ms <= 1000; ms++)
		histogram_add(&histogram, ms * 1000000);
	for (uint64_t ms = 1; ms < 1000; ms += 7) {
		uint64_t count = histogram_at_most(&histogram, ms * 1000000);

		assert_true(count >= ms - ms / 31 - 1 && count <= ms + ms / 31 + 1);
	}
	assert_int_equal(histogram_at_most(&histogram, UINT64_MAX), 1000);
	histogram_release(&histogram);
}

static void the_sum_is_within_half_a_bucket(void **state)
{
	struct histogram histogram = { 0 };
	double sum = 0;

	(void)state;
	assert_true(histogram_sum_ns(&histogram) == 0);
	for (uint64_t ns = 1; ns < 1ULL << 40; ns *= 3) {
		histogram_add(&histogram, ns);
		sum += ns;
	}
	assert_true(histogram_sum_ns(&histogram) > sum * 0.968);
	assert_true(histogram_sum_ns(&histogram) < sum * 1.032);
	histogram_release(&histogram);
}

static void memory_follows_the_octaves_in_use(void **state)
{
	struct histogram histogram = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 100000; i++)
		histogram_add(&histogram, 1000000 + i % 1000);
	assert_int_equal(__builtin_popcountll(histogram.used), 1);
	histogram_release(&histogram);
	assert_null(histogram.octaves);
	assert_int_equal(histogram.count, 0);
}

/* As if it had been added so often: what is carried over is added. */
static void add_often(struct histogram *histogram, uint64_t ns, uint32_t times)
{
	while (times) {
		uint32_t *count, step;

		histogram_add(histogram, ns);
		count = histogram_count(histogram, histogram_bucket(ns));
		step = times - 1 < UINT32_MAX - *count ? times - 1 : UINT32_MAX - *count;
		*count += step;
		histogram->count += step;
		times -= step + 1;
	}
}

#define MS 1000000ULL
#define MOST UINT32_MAX

/* Ten days of 5,000 connections a second: one of a hundred takes a second. */
static void fill_for_long(struct histogram *histogram)
{
	for (unsigned int i = 0; i < 3; i++)
		add_often(histogram, MS, MOST);
	add_often(histogram, 1000 * MS, MOST / 100);
}

static void assert_filled(const struct histogram *histogram, uint64_t times)
{
	uint64_t brief = 3ULL * MOST * times, slow = MOST / 100 * times;

	assert_int_equal(histogram->count, brief + slow);
	assert_int_equal(histogram_at_most(histogram, 2 * MS), brief);
	assert_int_equal(histogram_at_most(histogram, 2000 * MS), brief + slow);
	assert_near(histogram_quantile(histogram, 500), MS, "the median");
	assert_near(histogram_quantile(histogram, 990), MS, "the 99th percentile");
	assert_near(histogram_quantile(histogram, 999), 1000 * MS, "the 99.9th percentile");
	assert_near(histogram_sum_ns(histogram), brief * MS + slow * 1000 * MS, "the sum");
}

static void counts_go_on_beyond_32_bits(void **state)
{
	struct histogram histogram = { 0 };

	(void)state;
	fill_for_long(&histogram);
	assert_filled(&histogram, 1);
	/* an octave that is new, before and behind those that are wide */
	histogram_add(&histogram, 1);
	histogram_add(&histogram, 3600 * 1000 * MS);
	assert_int_equal(histogram_at_most(&histogram, 1), 1);
	assert_int_equal(histogram_at_most(&histogram, 2 * MS), 3ULL * MOST + 1);
	assert_int_equal(histogram_at_most(&histogram, UINT64_MAX), histogram.count);
	/* the second one that gets wide, before the first */
	add_often(&histogram, 1, MOST);
	assert_int_equal(histogram_at_most(&histogram, 1), MOST + 1ULL);
	assert_int_equal(histogram_at_most(&histogram, 2 * MS), 4ULL * MOST + 1);
	histogram_release(&histogram);
	assert_int_equal(histogram.wide, 0);
}

/* What several rows have is added up where they are folded. */
static void sums_go_on_beyond_32_bits(void **state)
{
	struct histogram from = { 0 }, to = { 0 }, narrow = { 0 }, since = { 0 };

	(void)state;
	fill_for_long(&from);
	histogram_merge(&to, &from);
	assert_filled(&to, 1);
	histogram_merge(&to, &from);
	assert_filled(&to, 2);
	/* neither is wide, and their sum is */
	add_often(&narrow, MS, MOST);
	histogram_add_since(&since, &to, &from);
	assert_filled(&since, 1);
	histogram_release(&since);
	histogram_merge(&since, &narrow);
	histogram_merge(&since, &narrow);
	assert_int_equal(histogram_at_most(&since, 2 * MS), 2ULL * MOST);
	histogram_release(&from);
	histogram_release(&to);
	histogram_release(&narrow);
	histogram_release(&since);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_has_nothing),
		cmocka_unit_test(one_sample_is_every_quantile),
		cmocka_unit_test(a_value_is_known_to_half_a_bucket_wherever_it_lies),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(quantiles_are_within_a_half_bucket_of_the_truth),
		cmocka_unit_test(quantiles_never_pass_the_maximum_nor_each_other),
		cmocka_unit_test(merging_is_adding_all_samples_here),
		cmocka_unit_test(what_came_since_is_what_is_added),
		cmocka_unit_test(no_count_falls_below_zero),
		cmocka_unit_test(how_many_are_not_above_a_value_is_known_to_half_a_bucket),
		cmocka_unit_test(the_sum_is_within_half_a_bucket),
		cmocka_unit_test(memory_follows_the_octaves_in_use),
		cmocka_unit_test(counts_go_on_beyond_32_bits),
		cmocka_unit_test(sums_go_on_beyond_32_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
