// SPDX-License-Identifier: GPL-2.0-or-later
/* Which failures are looked into: a budget of time, and what was seen just now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "source/looks.h"

#define MS 1000000ULL
#define SECOND (1000 * MS)
#define BEGIN (77 * SECOND)
#define NETNS 5

static struct looks looks;

static int begin(void **state)
{
	(void)state;
	looks_init(&looks, BEGIN);
	return 0;
}

/* How many of @count failures in a row, each on a port of its own, are looked into. */
static unsigned int looked(uint64_t now_ns, uint16_t first, unsigned int count, uint64_t cost_ns)
{
	unsigned int allowed = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (!looks_allow(&looks, NETNS, first + i, now_ns))
			continue;
		looks_charge(&looks, cost_ns);
		allowed++;
	}
	return allowed;
}

static void what_was_seen_just_now_is_not_looked_at_again(void **state)
{
	(void)state;
	assert_true(looks_allow(&looks, NETNS, 80, BEGIN));
	assert_false(looks_allow(&looks, NETNS, 80, BEGIN));
	assert_false(looks_allow(&looks, NETNS, 80, BEGIN + LOOKS_FRESH_NS - 1));
	assert_true(looks_allow(&looks, NETNS, 80, BEGIN + LOOKS_FRESH_NS));
	/* that look counts, not the first one */
	assert_false(looks_allow(&looks, NETNS, 80, BEGIN + 2 * LOOKS_FRESH_NS - 1));
}

static void another_port_and_another_namespace_are_another_place(void **state)
{
	(void)state;
	assert_true(looks_allow(&looks, NETNS, 80, BEGIN));
	assert_true(looks_allow(&looks, NETNS, 81, BEGIN));
	assert_true(looks_allow(&looks, NETNS + 1, 80, BEGIN));
	assert_false(looks_allow(&looks, NETNS, 80, BEGIN));
	assert_false(looks_allow(&looks, NETNS, 81, BEGIN));
	assert_false(looks_allow(&looks, NETNS + 1, 80, BEGIN));
}

static void the_last_places_are_remembered_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(looked(BEGIN, 1000, LOOKS_PLACES, 0), LOOKS_PLACES);
	assert_int_equal(looked(BEGIN, 1000, LOOKS_PLACES, 0), 0);
	assert_true(looks_allow(&looks, NETNS, 2000, BEGIN));
	/* the oldest one gave way */
	assert_false(looks_allow(&looks, NETNS, 1001, BEGIN));
	assert_true(looks_allow(&looks, NETNS, 1000, BEGIN));
}

static void what_was_saved_up_is_spent_at_once_by_looks_that_cost_next_to_nothing(void **state)
{
	(void)state;
	assert_int_equal(looked(BEGIN, 1000, 500, 1), LOOKS_SAVED_NS / LOOKS_LEAST_NS);
	assert_int_equal(looked(BEGIN + 49 * MS, 2000, 500, 1), 1);
}

static void then_come_twenty_a_second(void **state)
{
	unsigned int sum = 0;

	(void)state;
	looked(BEGIN, 1000, 500, 1);
	/* as often as a millisecond, for ten seconds */
	for (uint64_t i = 1; i <= 10000; i++)
		sum += looked(BEGIN + i * MS, 2000 + i, 1, 1);
	assert_in_range(sum, 199, 201);
}

static void looks_take_a_fiftieth_of_the_time_however_dear_they_are(void **state)
{
	static const uint64_t costs[] = { 2 * MS, 7 * MS, 40 * MS, 300 * MS };

	(void)state;
	for (unsigned int i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		uint64_t spent = 0;

		looks_init(&looks, BEGIN);
		for (uint64_t at = 0; at < 100000; at += 5)
			spent += costs[i] * looked(BEGIN + at * MS, at / 5, 1, costs[i]);
		/* and what was saved at first, and one look that was begun with next to nothing */
		assert_in_range(spent, 2 * SECOND - costs[i],
				2 * SECOND + LOOKS_SAVED_NS + costs[i]);
	}
}

static void no_more_is_saved_however_long_nothing_fails(void **state)
{
	(void)state;
	assert_int_equal(looked(BEGIN + 10 * SECOND, 1000, 500, 1),
			 LOOKS_SAVED_NS / LOOKS_LEAST_NS);
	assert_int_equal(looked(BEGIN + 1000000 * SECOND, 1000, 500, 1),
			 LOOKS_SAVED_NS / LOOKS_LEAST_NS);
}

#define looks_test(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		looks_test(what_was_seen_just_now_is_not_looked_at_again),
		looks_test(another_port_and_another_namespace_are_another_place),
		looks_test(the_last_places_are_remembered_and_no_more),
		looks_test(what_was_saved_up_is_spent_at_once_by_looks_that_cost_next_to_nothing),
		looks_test(then_come_twenty_a_second),
		looks_test(looks_take_a_fiftieth_of_the_time_however_dear_they_are),
		looks_test(no_more_is_saved_however_long_nothing_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
