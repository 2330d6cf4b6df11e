// SPDX-License-Identifier: GPL-2.0-or-later
/* The course of a count: points in bounded memory, and whether they are a trend. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "model/series.h"

#define SECOND 1000000000ULL
#define START (100 * SECOND)

/* One point a second. */
static struct trend trend_of(uint32_t (*value)(uint32_t second), uint32_t seconds)
{
	struct series series = { 0 };

	for (uint32_t i = 0; i <= seconds; i++)
		series_add(&series, START + i * SECOND, SECOND, value(i));
	return series_trend(&series);
}

static uint32_t steady(uint32_t second)
{
	return 3 * second;
}

static uint32_t bound(uint32_t second)
{
	return second < 25 ? 2 * second : 50;
}

static uint32_t burst(uint32_t second)
{
	return second < 3 ? 0 : second < 6 ? 200 * (second - 2) : 600;
}

static uint32_t drained(uint32_t second)
{
	return second < 10 ? 50 * second : second < 30 ? 500 - 25 * (second - 10) : 0;
}

static uint32_t in_bursts(uint32_t second)
{
	return second / 10 * 20;
}

static uint32_t slowly(uint32_t second)
{
	return second / 7;
}

/* As a pool does that is as busy now as then. */
static uint32_t noise(uint32_t second)
{
	return 100 + second * 7919 % 13;
}

static uint32_t irregular(uint32_t second)
{
	static const uint8_t pauses[] = { 1, 4, 2, 7, 1, 3, 6, 2, 1, 5, 3, 9, 2, 4, 1, 8, 2, 3 };
	uint32_t count = 0;

	for (uint32_t at = 0, i = 0; at <= second; at += pauses[i++ % sizeof(pauses)])
		count++;
	return count;
}

static void what_grows_is_a_trend(void **state)
{
	static const struct {
		uint32_t (*value)(uint32_t second);
		double per_s;
	} growing[] = { { steady, 3 }, { in_bursts, 2 }, { slowly, 1 / 7.0 }, { irregular, 0.28 } };

	(void)state;
	for (size_t i = 0; i < sizeof(growing) / sizeof(growing[0]); i++) {
		struct trend trend = trend_of(growing[i].value, 60);

		assert_true(trend.growing);
		assert_true(trend.confidence > 0.999);
		assert_true(trend.per_s > 0.8 * growing[i].per_s);
		assert_true(trend.per_s < 1.2 * growing[i].per_s);
		assert_true(trend.span_ns == 60 * SECOND);
	}
}

static void what_has_stopped_grows_no_more(void **state)
{
	(void)state;
	assert_false(trend_of(bound, 60).growing);
	assert_true(trend_of(bound, 24).growing);
	assert_false(trend_of(burst, 60).growing);
	assert_false(trend_of(burst, 12).growing);
	assert_false(trend_of(drained, 60).growing);
	assert_true(trend_of(drained, 60).confidence < 0.5);
}

static void noise_is_no_trend(void **state)
{
	(void)state;
	assert_true(trend_of(noise, 60).confidence < 0.95);
	assert_false(trend_of(noise, 60).growing);
}

static void few_points_say_nothing(void **state)
{
	struct trend trend = trend_of(steady, 1);

	(void)state;
	assert_true(trend.span_ns == 0 && !trend.growing && trend.confidence == 0);
}

/* However long it lasts, it takes the same room and spans all of it. */
static void points_thin_out(void **state)
{
	struct series series = { 0 };
	struct trend trend;

	(void)state;
	for (uint32_t i = 0; i <= 3600; i++)
		series_add(&series, START + i * SECOND, SECOND, i / 2);
	trend = series_trend(&series);
	assert_true(series.count <= SERIES_POINTS);
	assert_true(trend.span_ns > 3400 * SECOND && trend.span_ns <= 3600 * SECOND);
	assert_true(trend.per_s > 0.49 && trend.per_s < 0.51);
	assert_int_equal(series.point[0], 0);
	assert_true(series_time(&series, 0) == START);
	for (uint32_t i = 0; i < series.count; i++)
		assert_true(series_time(&series, i) == START + 2 * series.point[i] * SECOND);
}

/* Where nothing was told, nothing has changed. */
static void a_pause_is_bridged(void **state)
{
	struct series series = { 0 };

	(void)state;
	series_add(&series, START, SECOND, 5);
	series_add(&series, START + 10 * SECOND, SECOND, 9);
	assert_int_equal(series.count, 11);
	assert_int_equal(series.point[9], 5);
	assert_int_equal(series.point[10], 9);
	/* within a step nothing is added */
	series_add(&series, START + 10 * SECOND + 1, SECOND, 7);
	assert_int_equal(series.count, 11);
}

/* Each is of the moment when it was taken, not of the one when it was due. */
static void a_point_knows_its_time(void **state)
{
	struct series series = { 0 };

	(void)state;
	series_add(&series, START, SECOND, 0);
	series_add(&series, START + SECOND + 37 * 1000000, SECOND, 1);
	series_add(&series, START + 2 * SECOND, SECOND, 2);
	assert_true(series_time(&series, 1) == START + SECOND + 37 * 1000000);
	assert_true(series_time(&series, 2) == START + 2 * SECOND);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_grows_is_a_trend),
		cmocka_unit_test(what_has_stopped_grows_no_more),
		cmocka_unit_test(noise_is_no_trend),
		cmocka_unit_test(few_points_say_nothing),
		cmocka_unit_test(points_thin_out),
		cmocka_unit_test(a_pause_is_bridged),
		cmocka_unit_test(a_point_knows_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
