// SPDX-License-Identifier: GPL-2.0-or-later
/* Ticks since boot, and the timer wheel that they turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "source/jiffies.h"

#define SECOND 1000000000ULL
/* INITIAL_JIFFIES */
#define FIRST(hz) (4294967296ULL - 300 * (hz))

static void a_tick_is_as_long_as_their_count_since_boot_says(void **state)
{
	static const uint32_t usual[] = { 100, 250, 300, 1000 };

	(void)state;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		uint32_t hz = usual[i];

		assert_int_equal(jiffies_per_second(FIRST(hz) + 3600 * hz, 3600 * SECOND), hz);
		assert_int_equal(jiffies_per_second(FIRST(hz) + 5 * hz, 5 * SECOND), hz);
		/* when they are 2^32, whatever their length */
		assert_int_equal(jiffies_per_second(FIRST(hz) + 300 * hz, 300 * SECOND), 0);
	}
	assert_int_equal(jiffies_per_second(FIRST(64) + 3600 * 64, 3600 * SECOND), 0);
}

static void ticks_are_milliseconds_where_their_length_is_known(void **state)
{
	(void)state;
	assert_int_equal(jiffies_ms(25, 250), 100);
	assert_int_equal(jiffies_ms(25, 0), UINT32_MAX);
	assert_int_equal(jiffies_ms(UINT32_MAX, 250), UINT32_MAX);
}

static void the_wheel_turns_with_ticks_that_are_multiples(void **state)
{
	static const struct {
		uint32_t hz;
		uint64_t granule_ns;
	} cases[] = {
		{ 100, 512 * 10000000ULL },
		{ 250, 512 * 4000000ULL },
		{ 300, 512 * 3333333ULL },
		{ 1000, 4096 * 1000000ULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t granule = cases[i].hz == 1000 ? 4096 : 512;
		/* the 301st tick of a turn begins */
		struct tw_ticks begun = { 9000 * granule + 300, 77 * SECOND };
		struct tw_tier tier = { .wheel_granule_ns = 0 };
		uint64_t tick_ns = cases[i].granule_ns / granule;

		jiffies_wheel(&tier, &begun, cases[i].hz);
		assert_int_equal(tier.wheel_granule_ns, cases[i].granule_ns);
		assert_int_equal((begun.ts_ns - 300 * tick_ns - tier.wheel_phase_ns) %
					 tier.wheel_granule_ns,
				 0);
		assert_true(tier.wheel_phase_ns < tier.wheel_granule_ns);
		/* right after boot */
		begun = (struct tw_ticks){ 9000 * granule, 5 };
		jiffies_wheel(&tier, &begun, cases[i].hz);
		assert_int_equal(tier.wheel_phase_ns, 5);
	}
}

static void of_ticks_of_unknown_length_no_wheel_is_known(void **state)
{
	struct tw_ticks begun = { 1000, SECOND };
	struct tw_tier tier = { .wheel_granule_ns = 0 };

	(void)state;
	jiffies_wheel(&tier, &begun, 0);
	assert_int_equal(tier.wheel_granule_ns, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tick_is_as_long_as_their_count_since_boot_says),
		cmocka_unit_test(ticks_are_milliseconds_where_their_length_is_known),
		cmocka_unit_test(the_wheel_turns_with_ticks_that_are_multiples),
		cmocka_unit_test(of_ticks_of_unknown_length_no_wheel_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
