// SPDX-License-Identifier: GPL-2.0-or-later
/* What is changed and what is not, on samples made by hand. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/rank_test.h"
#include "model/compare.h"

#define MS 1000000ULL
#define SECOND (1000 * MS)
#define LOOKS 5

struct pair {
	struct samples *side[NR_SIDES];
	struct figures figures;
};

static int open_pair(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	assert_non_null(pair);
	for (unsigned int side = 0; side < NR_SIDES; side++) {
		pair->side[side] = samples_new();
		assert_non_null(pair->side[side]);
	}
	*state = pair;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *pair = *state;

	for (unsigned int side = 0; side < NR_SIDES; side++)
		samples_free(pair->side[side]);
	free(pair);
	return 0;
}

/* One more second; what is counted in it is up to the caller. */
static struct sample *add_second(struct samples *samples)
{
	struct sample *sample = &samples->items[samples->count++];

	*sample = (struct sample){ .ns = SECOND, .looks = LOOKS, .budget_peak = NAN };
	return sample;
}

/* So many seconds with @count, @count + @step, and so on in one field. */
static void add_counts(struct samples *samples, unsigned int seconds, enum field field,
		       uint64_t count, uint64_t step)
{
	for (unsigned int i = 0; i < seconds; i++)
		add_second(samples)->counts.of[field] = count + i * step;
}

static void compare(struct pair *pair)
{
	compare_whole((const struct samples *const *)pair->side, &pair->figures);
}

static const struct figure *figure_of(const struct figures *figures, const char *name)
{
	for (size_t i = 0; i < figures->count; i++)
		if (!strcmp(figures->items[i].name, name))
			return &figures->items[i];
	fail_msg("there is no figure %s", name);
	abort();
}

static void assert_verdict(const struct pair *pair, const char *name, enum figure_verdict verdict)
{
	const struct figure *figure = figure_of(&pair->figures, name);

	if (figure->verdict != verdict)
		fail_msg("%s: %s, not %s", name, figure_verdict_name(figure->verdict),
			 figure_verdict_name(verdict));
}

static void a_rate_that_has_doubled_is_changed(void **state)
{
	struct pair *pair = *state;
	const struct figure *figure;

	add_counts(pair->side[SIDE_BEFORE], 9, FIELD_OPENED, 96, 1);
	add_counts(pair->side[SIDE_AFTER], 9, FIELD_OPENED, 196, 1);
	compare(pair);
	assert_verdict(pair, "opened", FIGURE_CHANGED);
	figure = figure_of(&pair->figures, "opened");
	assert_float_equal(figure->side[SIDE_BEFORE].median, 100, 1e-9);
	assert_float_equal(figure->side[SIDE_BEFORE].low, 96, 1e-9);
	assert_float_equal(figure->side[SIDE_BEFORE].high, 104, 1e-9);
	assert_float_equal(figure->side[SIDE_AFTER].median, 200, 1e-9);
	assert_float_equal(figure->side[SIDE_BEFORE].total, 900, 0);
	assert_float_equal(figure->side[SIDE_AFTER].total, 1800, 0);
	assert_float_equal(figure->change, 1, 1e-9);
	assert_float_equal(figure->chance, rank_test_least(9, 9), 1e-12);
	/* of what neither has there is nothing to tell */
	assert_verdict(pair, "resets", FIGURE_WITHIN);
	assert_true(isnan(figure_of(&pair->figures, "resets")->change));
}

/* The medians of what happens in one half only say little: its totals do. */
static void a_recording_whose_halves_differ_is_not_steady(void **state)
{
	struct pair *pair = *state;
	struct samples *samples = pair->side[SIDE_BEFORE];
	struct unsteady unsteady;

	add_counts(samples, 9, FIELD_OPENED, 80, 1);
	assert_false(compare_unsteady(samples, &unsteady));
	add_counts(samples, 9, FIELD_FAILED, 36, 1);
	for (unsigned int i = 9; i < 18; i++)
		samples->items[i].counts.of[FIELD_OPENED] = 80 + i - 9;
	assert_true(compare_unsteady(samples, &unsteady));
	assert_string_equal(unsteady.name, "failed");
	assert_float_equal(unsteady.first, 0, 0);
	assert_float_equal(unsteady.second, 40, 1e-9);
	compare(pair);
	assert_float_equal(figure_of(&pair->figures, "failed")->side[SIDE_BEFORE].total, 360, 0);
	/* a population is no count */
	assert_true(isnan(figure_of(&pair->figures, "open")->side[SIDE_BEFORE].total));
}

/* Of an odd number the slice in the middle is in neither half; six are too few to tell. */
static void few_slices_are_not_called_unsteady(void **state)
{
	struct pair *pair = *state;
	struct samples *samples = pair->side[SIDE_BEFORE];
	struct unsteady unsteady;

	add_counts(samples, 6, FIELD_OPENED, 80, 1);
	add_counts(samples, 6, FIELD_OPENED, 800, 1);
	assert_false(compare_unsteady(samples, &unsteady));
	samples->count = 0;
	assert_false(compare_unsteady(samples, &unsteady));
	add_counts(samples, 7, FIELD_OPENED, 80, 1);
	add_counts(samples, 1, FIELD_OPENED, 5000, 1);
	add_counts(samples, 7, FIELD_OPENED, 800, 1);
	assert_true(compare_unsteady(samples, &unsteady));
	assert_float_equal(unsteady.first, 83, 1e-9);
	assert_float_equal(unsteady.second, 803, 1e-9);
}

/* The medians are as far apart as there, but so are the slices of each. */
static void what_lies_within_the_slices_is_no_change(void **state)
{
	static const unsigned int before[] = { 20, 100, 250, 90, 40, 310, 100, 180, 60 };
	static const unsigned int after[] = { 210, 30, 200, 400, 260, 80, 150, 290, 50 };
	struct pair *pair = *state;

	for (unsigned int i = 0; i < 9; i++) {
		add_second(pair->side[SIDE_BEFORE])->counts.of[FIELD_OPENED] = before[i];
		add_second(pair->side[SIDE_AFTER])->counts.of[FIELD_OPENED] = after[i];
	}
	compare(pair);
	assert_verdict(pair, "opened", FIGURE_WITHIN);
	assert_float_equal(figure_of(&pair->figures, "opened")->change, 1, 1e-9);
	assert_true(figure_of(&pair->figures, "opened")->chance > 0.05);
}

/* Of seven and seven one of 1,716 ways is as far; of six and six one of 462. */
static void seven_slices_are_the_least_that_can_tell(void **state)
{
	struct pair *pair = *state;

	for (unsigned int side = 0; side < NR_SIDES; side++)
		add_counts(pair->side[side], 6, FIELD_OPENED, 100 + side * 900, 1);
	compare(pair);
	assert_verdict(pair, "opened", FIGURE_TOO_SHORT);
	assert_true(isnan(figure_of(&pair->figures, "opened")->chance));
	assert_true(figure_of(&pair->figures, "opened")->change > 8);
	for (unsigned int side = 0; side < NR_SIDES; side++)
		add_counts(pair->side[side], 1, FIELD_OPENED, 100 + side * 900, 1);
	compare(pair);
	assert_verdict(pair, "opened", FIGURE_CHANGED);
}

/* A hundred slices that never vary are sure of one in a thousand, which nobody wants to know. */
static void less_than_a_tenth_of_the_larger_is_no_change_however_sure(void **state)
{
	static const struct {
		unsigned int one, other;
		enum figure_verdict verdict;
	} rows[] = {
		{ 1000, 1001, FIGURE_WITHIN },	{ 1000, 1110, FIGURE_WITHIN },
		{ 1000, 1112, FIGURE_CHANGED }, { 1000, 1250, FIGURE_CHANGED },
		{ 0, 1, FIGURE_CHANGED },	{ 0, 0, FIGURE_WITHIN },
	};
	struct pair *pair = *state;

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		bool turned = i % 2;

		pair->side[SIDE_BEFORE]->count = pair->side[SIDE_AFTER]->count = 0;
		add_counts(pair->side[turned], 20, FIELD_OPENED, rows[i / 2].one, 0);
		add_counts(pair->side[!turned], 20, FIELD_OPENED, rows[i / 2].other, 0);
		compare(pair);
		assert_verdict(pair, "opened", rows[i / 2].verdict);
	}
}

/* The chance decides, too, where the medians alone would say that it has changed. */
static void a_large_change_that_may_be_chance_is_none(void **state)
{
	struct pair *pair = *state;

	add_counts(pair->side[SIDE_BEFORE], 10, FIELD_OPENED, 100, 10);
	add_counts(pair->side[SIDE_AFTER], 10, FIELD_OPENED, 150, 10);
	compare(pair);
	assert_true(figure_of(&pair->figures, "opened")->change > 0.3);
	assert_float_equal(figures_weight(&pair->figures), 0, 0);
	assert_in_range(figure_of(&pair->figures, "opened")->chance * 10000, 11, 100);
	assert_verdict(pair, "opened", FIGURE_WITHIN);
}

static void add_time(struct samples *samples, enum sample_time what, uint64_t ns)
{
	histogram_add(&add_second(samples)->times[what], ns);
}

static void a_time_that_differs_by_less_than_100_us_has_not_changed(void **state)
{
	struct pair *pair = *state;

	for (unsigned int i = 0; i < 9; i++) {
		add_time(pair->side[SIDE_BEFORE], SAMPLE_CONNECT, MS / 50);
		add_time(pair->side[SIDE_AFTER], SAMPLE_CONNECT, MS / 50 * 5);
		histogram_add(&pair->side[SIDE_BEFORE]->items[i].times[SAMPLE_LIFETIME], MS / 50);
		histogram_add(&pair->side[SIDE_AFTER]->items[i].times[SAMPLE_LIFETIME],
			      MS / 50 * 7);
	}
	compare(pair);
	/* 20 us and 100 us */
	assert_verdict(pair, "connect_time_p50", FIGURE_WITHIN);
	assert_true(figure_of(&pair->figures, "connect_time_p50")->chance < COMPARE_LEVEL);
	/* 20 us and 140 us */
	assert_verdict(pair, "lifetime_p50", FIGURE_CHANGED);
}

/* A second in which everything that is counted has another count. */
static void add_full_second(struct samples *samples)
{
	struct sample *sample = add_second(samples);

	for (unsigned int field = 0; field < NR_FIELDS; field++)
		sample->counts.of[field] = 10 * (field + 1);
	sample->counts.of[FIELD_CLOSED_FIRST] = 6;
	sample->time_wait_peak = 777;
	sample->budget_peak = 0.25;
	sample->errors[0] = 3;
	for (unsigned int i = 1; i <= 1000; i++)
		for (unsigned int time = 0; time < NR_SAMPLE_TIMES; time++)
			histogram_add(&sample->times[time], i * MS << 2 * time);
}

/* Rates a second, means of the looks, shares, milliseconds. Quantiles to half a bucket. */
static void each_figure_is_what_its_name_says(void **state)
{
#define COUNTED(field) (10.0 * (FIELD_##field + 1))
	static const struct {
		const char *name, *unit;
		double value;
	} rows[] = {
		{ "opened", "per_s", COUNTED(OPENED) },
		{ "closed", "per_s", COUNTED(CLOSED) },
		{ "failed", "per_s", COUNTED(FAILED) },
		{ "resets", "per_s", COUNTED(RESETS) },
		{ "closed_first_share", "share", 6 / COUNTED(CLOSED) },
		{ "connect_time_p50", "ms", 500 },
		{ "connect_time_p90", "ms", 900 },
		{ "connect_time_p99", "ms", 990 },
		{ "lifetime_p50", "ms", 4 * 500 },
		{ "lifetime_p90", "ms", 4 * 900 },
		{ "lifetime_p99", "ms", 4 * 990 },
		{ "open", "sockets", COUNTED(OPEN) / LOOKS },
		{ "close_wait", "sockets", COUNTED(CLOSE_WAIT) / LOOKS },
		{ "time_wait_mean", "sockets",
		  (COUNTED(TIME_WAIT) + COUNTED(FW2_ORPHANS)) / LOOKS },
		{ "time_wait_peak", "sockets", 777 },
		{ "time_wait_entered", "per_s", COUNTED(TW_ENTERED) },
		{ "time_wait_refused", "per_s", COUNTED(TW_REFUSED) },
		{ "time_wait_expired", "per_s", COUNTED(TW_EXPIRED) },
		{ "time_wait_reused", "per_s", COUNTED(TW_REUSED) },
		{ "time_wait_reopened", "per_s", COUNTED(TW_REOPENED) },
		{ "time_wait_reset", "per_s", COUNTED(TW_RESET) },
		{ "time_wait_destroyed", "per_s", COUNTED(TW_DESTROYED) },
		{ "time_wait_purged", "per_s", COUNTED(TW_PURGED) },
		{ "time_wait_unknown", "per_s", COUNTED(TW_UNKNOWN) },
		{ "residence_p50", "ms", 16 * 500 },
		{ "residence_p99", "ms", 16 * 990 },
		{ "ports_used_share", "share", 0.25 },
		{ "failed_ECONNREFUSED", "per_s", 3 },
	};
	struct pair *pair = *state;

	for (unsigned int side = 0; side < NR_SIDES; side++) {
		pair->side[side]->errors[0] = ECONNREFUSED;
		add_full_second(pair->side[side]);
	}
	compare(pair);
	assert_int_equal(pair->figures.count, sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < pair->figures.count; i++) {
		const struct figure *figure = &pair->figures.items[i];
		double off = strcmp(rows[i].unit, "ms") ? 1e-9 : rows[i].value / 31;

		assert_string_equal(figure->name, rows[i].name);
		assert_string_equal(figure->unit, rows[i].unit);
		if (fabs(figure->side[SIDE_AFTER].median - rows[i].value) > off)
			fail_msg("%s is %g, not %g", rows[i].name, figure->side[SIDE_AFTER].median,
				 rows[i].value);
	}
}

static void a_slice_without_any_has_no_share_no_time_and_no_budget(void **state)
{
	static const char *const names[] = { "closed_first_share", "connect_time_p50",
					     "residence_p99", "ports_used_share" };
	struct pair *pair = *state;

	for (unsigned int i = 0; i < 8; i++) {
		add_full_second(pair->side[SIDE_BEFORE]);
		if (i % 2)
			add_full_second(pair->side[SIDE_AFTER]);
		else
			add_second(pair->side[SIDE_AFTER]);
	}
	compare(pair);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct figure *figure = figure_of(&pair->figures, names[i]);

		assert_int_equal(figure->side[SIDE_BEFORE].slices, 8);
		assert_int_equal(figure->side[SIDE_AFTER].slices, 4);
		/* of those that have it all are alike: no zero is among them */
		assert_float_equal(figure->side[SIDE_AFTER].low, figure->side[SIDE_BEFORE].low, 0);
	}
	/* but a rate of 0 is one */
	assert_int_equal(figure_of(&pair->figures, "opened")->side[SIDE_AFTER].slices, 8);
	assert_float_equal(figure_of(&pair->figures, "opened")->side[SIDE_AFTER].low, 0, 0);
}

/* Each sample is in one slice, and slices differ in length by one at most. */
static void many_samples_make_twenty_slices(void **state)
{
	struct pair *pair = *state;
	const struct figure_side *side;

	add_counts(pair->side[SIDE_BEFORE], 25, FIELD_OPENED, 1, 1);
	add_counts(pair->side[SIDE_AFTER], 3, FIELD_OPENED, 1, 1);
	assert_int_equal(compare_slices(pair->side[SIDE_BEFORE]), 20);
	assert_int_equal(compare_slices(pair->side[SIDE_AFTER]), 3);
	compare(pair);
	side = figure_of(&pair->figures, "opened")->side;
	assert_int_equal(side[SIDE_BEFORE].slices, 20);
	/* the first is a second, the last is two: 24 and 25 */
	assert_float_equal(side[SIDE_BEFORE].low, 1, 1e-9);
	assert_float_equal(side[SIDE_BEFORE].high, 24.5, 1e-9);
	/* 13 is in the 10th with 12 or in the 11th alone: between them lies the middle */
	assert_in_range(side[SIDE_BEFORE].median, 12, 14);
	assert_int_equal(side[SIDE_AFTER].slices, 3);
}

static void an_error_is_one_figure_wherever_it_was_seen_first(void **state)
{
	struct pair *pair = *state;
	const struct figure *figure;

	memcpy(pair->side[SIDE_BEFORE]->errors, (int[]){ ECONNREFUSED, ETIMEDOUT },
	       2 * sizeof(int));
	memcpy(pair->side[SIDE_AFTER]->errors, (int[]){ 200, ECONNREFUSED }, 2 * sizeof(int));
	for (unsigned int i = 0; i < 9; i++) {
		memcpy(add_second(pair->side[SIDE_BEFORE])->errors, (uint32_t[]){ 5, 7 }, 8);
		memcpy(add_second(pair->side[SIDE_AFTER])->errors, (uint32_t[]){ 9, 5 }, 8);
	}
	compare(pair);
	figure = figure_of(&pair->figures, "failed_ECONNREFUSED");
	assert_int_equal(figure->verdict, FIGURE_WITHIN);
	assert_float_equal(figure->side[SIDE_BEFORE].median, 5, 1e-9);
	assert_float_equal(figure->side[SIDE_AFTER].median, 5, 1e-9);
	figure = figure_of(&pair->figures, "failed_ETIMEDOUT");
	assert_int_equal(figure->verdict, FIGURE_CHANGED);
	assert_float_equal(figure->side[SIDE_AFTER].median, 0, 0);
	assert_verdict(pair, "failed_errno_200", FIGURE_CHANGED);
}

static struct service_samples *add_service(struct samples *samples, const char *name)
{
	struct service_samples *service = calloc(1, sizeof(*service));

	assert_non_null(service);
	service->name = strdup(name);
	samples->services[samples->nr_services++] = service;
	return service;
}

static void a_service_has_its_own_counts(void **state)
{
	struct pair *pair = *state;
	const struct samples *const *sides = (const struct samples *const *)pair->side;
	struct service_samples *added;
	struct figures shop, cart;

	for (unsigned int side = 0; side < NR_SIDES; side++) {
		struct service_samples *service = add_service(pair->side[side], "shop");

		add_counts(pair->side[side], 9, FIELD_OPENED, 1000, 0);
		for (unsigned int i = 0; i < 9; i++)
			service->now[i].of[FIELD_OPENED] = side ? 40 : 10;
	}
	compare_service(sides, "shop", &shop);
	assert_string_equal(shop.service, "shop");
	assert_int_equal(figure_of(&shop, "opened")->verdict, FIGURE_CHANGED);
	assert_float_equal(figure_of(&shop, "opened")->side[SIDE_AFTER].median, 40, 1e-9);
	assert_float_equal(figures_weight(&shop), 0.75, 1e-9);
	/* times are of the whole only */
	for (size_t i = 0; i < shop.count; i++)
		assert_string_not_equal(shop.items[i].unit, "ms");
	/* the whole has not changed */
	compare(pair);
	assert_verdict(pair, "opened", FIGURE_WITHIN);
	assert_float_equal(figures_weight(&pair->figures), 0, 0);
	/* one that is new has counted nothing before */
	added = add_service(pair->side[SIDE_AFTER], "cart");
	for (unsigned int i = 0; i < 9; i++)
		added->now[i].of[FIELD_OPENED] = 5;
	compare_service(sides, "cart", &cart);
	assert_int_equal(figure_of(&cart, "opened")->verdict, FIGURE_CHANGED);
	assert_float_equal(figure_of(&cart, "opened")->side[SIDE_BEFORE].median, 0, 0);
	assert_float_equal(figures_weight(&cart), 1, 1e-9);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)
	const struct CMUnitTest tests[] = {
		TEST(a_rate_that_has_doubled_is_changed),
		TEST(a_recording_whose_halves_differ_is_not_steady),
		TEST(few_slices_are_not_called_unsteady),
		TEST(what_lies_within_the_slices_is_no_change),
		TEST(seven_slices_are_the_least_that_can_tell),
		TEST(less_than_a_tenth_of_the_larger_is_no_change_however_sure),
		TEST(a_large_change_that_may_be_chance_is_none),
		TEST(a_time_that_differs_by_less_than_100_us_has_not_changed),
		TEST(each_figure_is_what_its_name_says),
		TEST(a_slice_without_any_has_no_share_no_time_and_no_budget),
		TEST(many_samples_make_twenty_slices),
		TEST(an_error_is_one_figure_wherever_it_was_seen_first),
		TEST(a_service_has_its_own_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
