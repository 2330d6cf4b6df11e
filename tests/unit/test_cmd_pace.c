/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which moment of a recording is due, whatever a viewer has pressed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "cmd/pace.h"

#define SECOND 1000000000ULL
/* The clocks of a recording and of who looks at it have nothing to do with each other. */
#define REC (77 * SECOND)
#define WALL (5000 * SECOND)

static struct pace begun(void)
{
	struct pace pace;

	pace_init(&pace);
	pace_begin(&pace, REC, WALL);
	return pace;
}

static void nothing_is_due_before_it_begins(void **state)
{
	struct pace pace;

	(void)state;
	pace_init(&pace);
	assert_int_equal(pace_due_ns(&pace, WALL), 0);
	pace_begin(&pace, REC, WALL);
	assert_int_equal(pace_due_ns(&pace, WALL), REC);
	assert_int_equal(pace_due_ns(&pace, WALL - 1), REC);
}

static void is_played_in_real_time_unless_told_otherwise(void **state)
{
	struct pace pace = begun();

	(void)state;
	assert_int_equal(pace_due_ns(&pace, WALL + 3 * SECOND), REC + 3 * SECOND);
	assert_int_equal(pace_wall_ns(&pace, REC + 3 * SECOND), WALL + 3 * SECOND);
	assert_int_equal(pace_wall_ns(&pace, REC - 1), WALL);
}

static void another_speed_moves_nothing_that_was_played(void **state)
{
	struct pace pace = begun();

	(void)state;
	pace_shift(&pace, true, WALL + 10 * SECOND);
	assert_true(pace_speed(&pace) == 2);
	assert_int_equal(pace_due_ns(&pace, WALL + 10 * SECOND), REC + 10 * SECOND);
	assert_int_equal(pace_due_ns(&pace, WALL + 11 * SECOND), REC + 12 * SECOND);
	assert_int_equal(pace_wall_ns(&pace, REC + 12 * SECOND), WALL + 11 * SECOND);
}

static void speeds_go_from_a_quarter_to_a_thousand(void **state)
{
	struct pace pace = begun();
	unsigned int i;

	(void)state;
	for (i = 0; i < 50; i++)
		pace_shift(&pace, true, WALL);
	assert_true(pace_speed(&pace) == 1000);
	for (i = 0; i < 50; i++)
		pace_shift(&pace, false, WALL);
	assert_true(pace_speed(&pace) == 0.25);
	assert_int_equal(pace_due_ns(&pace, WALL + 4 * SECOND), REC + SECOND);
}

static void a_pause_takes_no_time(void **state)
{
	struct pace pace = begun();

	(void)state;
	pace_toggle(&pace, WALL + SECOND);
	assert_int_equal(pace_due_ns(&pace, WALL + 9 * SECOND), REC + SECOND);
	assert_true(pace_wall_ns(&pace, REC + 2 * SECOND) == UINT64_MAX);
	pace_shift(&pace, true, WALL + 9 * SECOND);
	assert_int_equal(pace_due_ns(&pace, WALL + 9 * SECOND), REC + SECOND);
	pace_toggle(&pace, WALL + 10 * SECOND);
	assert_int_equal(pace_due_ns(&pace, WALL + 11 * SECOND), REC + 3 * SECOND);
}

static void what_is_sought_is_due_at_once(void **state)
{
	struct pace pace = begun();

	(void)state;
	pace.to_ns = REC + 100 * SECOND;
	pace_seek(&pace, 59 * SECOND, REC + SECOND);
	assert_false(pace.back);
	assert_int_equal(pace_due_ns(&pace, WALL + SECOND), REC + 60 * SECOND);
	/* the way there takes no time of the recording */
	pace_arrive(&pace, REC + 60 * SECOND, WALL + 4 * SECOND);
	assert_int_equal(pace_due_ns(&pace, WALL + 5 * SECOND), REC + 61 * SECOND);
}

static void a_pause_outlives_a_seek(void **state)
{
	struct pace pace = begun();

	(void)state;
	pace_toggle(&pace, WALL + SECOND);
	pace.to_ns = REC + 100 * SECOND;
	pace_seek(&pace, 59 * SECOND, REC + SECOND);
	assert_int_equal(pace_due_ns(&pace, WALL + SECOND), REC + 60 * SECOND);
	pace_arrive(&pace, REC + 60 * SECOND, WALL + 4 * SECOND);
	assert_int_equal(pace_due_ns(&pace, WALL + 9 * SECOND), REC + 60 * SECOND);
}

static void seeking_back_begins_anew(void **state)
{
	struct pace pace = begun();

	(void)state;
	pace_seek(&pace, -15 * (int64_t)SECOND, REC + 20 * SECOND);
	assert_true(pace.back);
	/* the recording's first moment comes by again, and is no arrival */
	pace.back = false;
	pace_begin(&pace, REC, WALL + SECOND);
	assert_true(pace.seeking);
	assert_int_equal(pace_due_ns(&pace, WALL + SECOND), REC + 5 * SECOND);
	/* another wish on the way: further back than what was fed meanwhile, or not */
	pace_seek(&pace, -(int64_t)SECOND, REC + SECOND);
	assert_false(pace.back);
	assert_int_equal(pace_due_ns(&pace, WALL + SECOND), REC + 4 * SECOND);
	pace_seek(&pace, -60 * (int64_t)SECOND, REC + SECOND);
	assert_true(pace.back);
	assert_int_equal(pace_due_ns(&pace, WALL + SECOND), REC);
}

/* However far the way has been gone: before its first moment, too. */
static void what_is_sought_on_the_way_is_reckoned_from_its_end(void **state)
{
	struct pace pace = begun();

	(void)state;
	pace.to_ns = REC + 100 * SECOND;
	pace_seek(&pace, -10 * (int64_t)SECOND, REC + 60 * SECOND);
	for (unsigned int i = 0; i < 2; i++)
		pace_seek(&pace, -10 * (int64_t)SECOND, REC + i * SECOND);
	pace_seek(&pace, 10 * SECOND, 0);
	assert_int_equal(pace_due_ns(&pace, WALL), REC + 40 * SECOND);
}

static void nothing_is_sought_past_the_ends(void **state)
{
	struct pace pace = begun();

	(void)state;
	pace.to_ns = REC + 30 * SECOND;
	pace_seek(&pace, 60 * SECOND, REC + 20 * SECOND);
	assert_int_equal(pace_due_ns(&pace, WALL), REC + 30 * SECOND);
	pace_arrive(&pace, REC + 30 * SECOND, WALL);
	/* its end is not known yet: on is never back */
	pace.to_ns = REC + 10 * SECOND;
	pace_seek(&pace, 10 * SECOND, REC + 30 * SECOND);
	assert_false(pace.back);
	assert_int_equal(pace_due_ns(&pace, WALL), REC + 30 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_due_before_it_begins),
		cmocka_unit_test(is_played_in_real_time_unless_told_otherwise),
		cmocka_unit_test(another_speed_moves_nothing_that_was_played),
		cmocka_unit_test(speeds_go_from_a_quarter_to_a_thousand),
		cmocka_unit_test(a_pause_takes_no_time),
		cmocka_unit_test(what_is_sought_is_due_at_once),
		cmocka_unit_test(a_pause_outlives_a_seek),
		cmocka_unit_test(seeking_back_begins_anew),
		cmocka_unit_test(what_is_sought_on_the_way_is_reckoned_from_its_end),
		cmocka_unit_test(nothing_is_sought_past_the_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
