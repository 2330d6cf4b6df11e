// SPDX-License-Identifier: GPL-2.0-or-later
/* What each setting does to a replay, in cases small enough to be counted by hand. */
#include "whatif_fixture.h"

static void ports_are_held_for_a_minute_and_the_rest_of_a_turn(void **state)
{
	struct made *made = made_new(100, 70);
	struct whatif_use use;

	(void)state;
	/* ends at START + 10 ms + 60 s, and on to a multiple of 2.048 s */
	add(made, 0, 0, 10 * MS, CLOSE_BY_US);
	use = replay(made, &nothing);
	assert_int_equal(use.peak, 1);
	assert_int_equal(use.end, 0);
	assert_int_equal(use.time_wait_peak, 1);
	assert_true(use.mean * 70 > 60.01 && use.mean * 70 < 62.06);
	made_free(made);
}

static void what_finds_no_port_fails_and_the_moment_is_told(void **state)
{
	struct made *made = made_new(100, 30);
	struct whatif_use use;

	(void)state;
	add_churn(made, 0, 10, 30);
	use = replay(made, &nothing);
	assert_int_equal(use.connects, 300);
	assert_int_equal(use.failures, 200);
	assert_int_equal(use.first_failure_ns, 10 * SECOND);
	assert_int_equal(use.peak, 100);
	assert_int_equal(use.end, 100);
	/* the 50th comes at 4.9 s */
	assert_int_equal(use.over_half_ns, 30 * SECOND - 4900 * MS);
	assert_int_equal(made->uses[0].capacity, 100);
	made_free(made);
}

static void one_of_an_odd_range_is_never_chosen(void **state)
{
	struct made *made = made_new(101, 30);

	(void)state;
	add_churn(made, 0, 10, 30);
	assert_int_equal(replay(made, &nothing).peak, 100);
	made_free(made);
}

static void each_destination_has_the_whole_range(void **state)
{
	struct made *made = made_new(100, 30);

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		for (uint32_t path = 0; path < 3; path++)
			add(made, path, i * 100 * MS, MS, CLOSE_BY_US);
	assert_int_equal(replay(made, &nothing).failures, 0);
	assert_int_equal(replay(made, &nothing).peak, 300);
	assert_int_equal(made->uses[2].peak, 100);
	made_free(made);
}

static void a_wider_range_and_reserved_ports_are_counted(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_RANGE,
					  .to = { .low = 1000, .high = 1249 } };
	struct made *made = made_new(100, 30);

	(void)state;
	add_churn(made, 0, 10, 30);
	assert_int_equal(replay(made, &changes).failures, 50);
	changes.set |= CHANGE_RESERVED;
	port_set_parse(&changes.to.reserved, "1000-1009,5000", strlen("1000-1009,5000"));
	assert_int_equal(replay(made, &changes).failures, 60);
	made_free(made);
}

static void a_wait_that_is_taken_over_frees_no_port_and_fails_nobody(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_TW_REUSE, .to = { .tw_reuse = 1 } };
	struct made *made = made_new(100, 30);
	struct whatif_use use;

	(void)state;
	add_churn(made, 0, 10, 30);
	use = replay(made, &changes);
	assert_int_equal(use.failures, 0);
	assert_true(use.peak <= 100);
	/* young ones are not taken: at 10 a second and a delay of a second there are that many */
	assert_true(use.peak > 10);
	/* without timestamps nobody can tell old segments from new ones */
	changes.set |= CHANGE_TIMESTAMPS;
	assert_int_equal(replay(made, &changes).failures, 200);
	made_free(made);
}

static void the_delay_of_reuse_is_kept(void **state)
{
	struct whatif_changes changes = {
		.set = CHANGE_TW_REUSE | CHANGE_TW_REUSE_DELAY,
		.to = { .tw_reuse = 1, .tw_reuse_delay_ms = 20000 },
	};
	struct made *made = made_new(100, 30);

	(void)state;
	add_churn(made, 0, 10, 30);
	/* full after 10 s; the first one may be taken over 20 s after its end */
	assert_int_equal(replay(made, &changes).failures, 101);
	made_free(made);
}

static void reuse_of_2_is_for_loopback_alone(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_TW_REUSE, .to = { .tw_reuse = 2 } };
	struct made *made = made_new(100, 30);

	(void)state;
	add_churn(made, 0, 10, 30);
	assert_int_equal(replay(made, &changes).failures, 200);
	made->paths[0].remote_addr[12] = 127;
	assert_int_equal(replay(made, &changes).failures, 0);
	made_free(made);
}

static void whole_seconds_count_where_there_is_no_delay(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_TW_REUSE, .to = { .tw_reuse = 1 } };
	struct made *made = made_new(1, 5);

	(void)state;
	made->netns.settings.tw_reuse_delay_ms = -1;
	add(made, 0, 0, 900 * MS, CLOSE_BY_US);
	add(made, 0, 999 * MS, MS, CLOSE_BY_US);
	add(made, 0, 1000 * MS, MS, CLOSE_BY_US);
	assert_int_equal(replay(made, &changes).failures, 1);
	assert_int_equal(made->uses[0].first_failure_ns, 999 * MS);
	made_free(made);
}

static void orphans_end_with_fin_timeout_and_are_not_taken_over(void **state)
{
	struct whatif_changes changes = {
		.set = CHANGE_FIN_TIMEOUT | CHANGE_TW_REUSE,
		.to = { .fin_timeout_s = 5, .tw_reuse = 1 },
	};
	struct made *made = made_new(1, 30);

	(void)state;
	add(made, 0, 0, MS, CLOSE_BY_US)->turned_ms = UINT32_MAX;
	add(made, 0, 4 * SECOND, MS, CLOSE_BY_US);
	add(made, 0, 6 * SECOND, MS, CLOSE_BY_US);
	assert_int_equal(replay(made, &nothing).failures, 2);
	assert_int_equal(replay(made, &changes).failures, 1);
	assert_int_equal(made->uses[0].first_failure_ns, 4 * SECOND);
	/* above 60 s it is half a full socket and half a minisock of what is beyond */
	changes.to.fin_timeout_s = 62;
	assert_int_equal(replay(made, &changes).failures, 1);
	changes.to.fin_timeout_s = 63;
	assert_int_equal(replay(made, &changes).failures, 2);
	made_free(made);
}

static void a_wait_that_was_cut_short_is_so_in_each_run(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_TW_REUSE_DELAY };
	struct made *made = made_new(1, 30);
	struct attempt *attempt = add(made, 0, 0, MS, CLOSE_BY_US);

	(void)state;
	attempt->end_ns = START + 5 * SECOND;
	attempt->reason = END_UNKNOWN;
	add(made, 0, 4 * SECOND, MS, CLOSE_BY_US);
	add(made, 0, 6 * SECOND, MS, CLOSE_BY_US);
	assert_int_equal(replay(made, &nothing).failures, 1);
	attempt->reason = END_RESET;
	assert_int_equal(replay(made, &nothing).failures, 1);
	/* where nobody takes any over, it was gone when its port was seen again */
	attempt->reason = END_REUSED;
	assert_int_equal(replay(made, &nothing).failures, 1);
	/* taken over where that is done, it need not be in another world */
	made->netns.settings.tw_reuse = 1;
	changes.to.tw_reuse_delay_ms = 10000;
	assert_int_equal(replay(made, &changes).failures, 2);
	made_free(made);
}

static void fin_timeout_does_not_shorten_a_wait(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_FIN_TIMEOUT, .to = { .fin_timeout_s = 5 } };
	struct made *made = made_new(100, 30);

	(void)state;
	add_churn(made, 0, 10, 30);
	assert_int_equal(replay(made, &changes).failures, 200);
	made_free(made);
}

static void past_max_tw_buckets_there_is_no_wait(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_MAX_TW_BUCKETS,
					  .to = { .max_tw_buckets = 40 } };
	struct made *made = made_new(100, 30);
	struct whatif_use use;

	(void)state;
	add_churn(made, 0, 10, 30);
	use = replay(made, &changes);
	assert_int_equal(use.failures, 0);
	assert_int_equal(use.time_wait_peak, 40);
	assert_int_equal(use.refused, 260);
	made_free(made);
}

static void attempts_are_spread_over_destinations_and_sources(void **state)
{
	struct whatif_changes changes = { .destinations = 2 };
	struct made *made = made_new(100, 30);

	(void)state;
	add_churn(made, 0, 10, 30);
	assert_int_equal(replay(made, &changes).failures, 100);
	assert_int_equal(made->uses[0].capacity, 200);
	changes.sources = 2;
	assert_int_equal(replay(made, &changes).failures, 0);
	assert_int_equal(made->uses[0].peak, 300);
	made_free(made);
}

static void requests_that_share_a_connection_need_one_port(void **state)
{
	struct whatif_changes changes = { .keepalive = 10 };
	struct made *made = made_new(100, 30);
	struct whatif_use use;

	(void)state;
	add_churn(made, 0, 10, 30);
	/* another service does not share with it */
	made->attempts[105].service = 5;
	use = replay(made, &changes);
	assert_int_equal(use.connects, 31);
	assert_int_equal(use.failures, 0);
	assert_int_equal(use.peak, 31);
	/* from the first one's start to the last one's end it is no minisock */
	assert_int_equal(use.time_wait_peak, 31);
	made_free(made);
}

static void who_closes_first_has_the_wait(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_CLOSE_FIRST, .server_first = true };
	struct made *made = made_new(100, 30);

	(void)state;
	add_churn(made, 0, 10, 30);
	assert_int_equal(replay(made, &changes).peak, 1);
	assert_int_equal(replay(made, &changes).time_wait_peak, 0);
	changes.server_first = false;
	for (size_t i = 0; i < made->input.count; i++) {
		made->attempts[i].close = i % 3 ? CLOSE_BY_PEER : CLOSE_BY_RESET;
		made->attempts[i].mini = false;
	}
	/* what was reset leaves none in any case */
	assert_int_equal(replay(made, &nothing).time_wait_peak, 0);
	assert_int_equal(replay(made, &changes).failures, 150);
	made_free(made);
}

static void a_bound_port_is_gone_for_every_destination(void **state)
{
	struct whatif_changes changes = { .bind_no_port = true };
	struct made *made = made_new(10, 30);

	(void)state;
	for (unsigned int i = 0; i < 10; i++) {
		struct attempt *attempt = add(made, 0, i * SECOND, MS, CLOSE_BY_US);

		attempt->bound = true;
		attempt->port = LOW + i;
	}
	add(made, 1, 10 * SECOND, MS, CLOSE_BY_US);
	assert_int_equal(replay(made, &nothing).failures, 1);
	assert_int_equal(made->uses[1].failures, 1);
	assert_int_equal(made->uses[0].capacity, 10);
	assert_int_equal(replay(made, &changes).failures, 0);
	made_free(made);
}

static void a_bound_port_is_taken_over_at_once(void **state)
{
	struct made *made = made_new(10, 30);
	struct attempt *attempt = add(made, 0, 0, MS, CLOSE_BY_US);

	(void)state;
	attempt->bound = true;
	attempt->port = LOW + 2;
	add(made, 0, 10 * MS, MS, CLOSE_BY_US)->bound = true;
	made->attempts[1].port = LOW + 2;
	assert_int_equal(replay(made, &nothing).peak, 1);
	/* but not from a socket that is open */
	made->attempts[0].close_ns = START + SECOND;
	assert_int_equal(replay(made, &nothing).peak, 2);
	made_free(made);
}

static void what_was_refused_is_so_again_unless_there_is_room(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_MAX_TW_BUCKETS,
					  .to = { .max_tw_buckets = 100 } };
	struct made *made = made_new(100, 30);

	(void)state;
	add_churn(made, 0, 2, 30);
	for (size_t i = 10; i < made->input.count; i++) {
		made->attempts[i].refused = true;
		made->attempts[i].mini = false;
	}
	/* whose bound is not known: as it was */
	assert_int_equal(replay(made, NULL).time_wait_peak, 10);
	assert_int_equal(replay(made, &nothing).time_wait_peak, 10);
	assert_int_equal(replay(made, &nothing).refused, 50);
	assert_int_equal(replay(made, &changes).time_wait_peak, 60);
	made->netns.settings.max_tw_buckets = 20;
	assert_int_equal(replay(made, &nothing).time_wait_peak, 20);
	made_free(made);
}

static void an_orphan_waits_as_long_as_it_did(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_FIN_TIMEOUT,
					  .to = { .fin_timeout_s = 20 } };
	struct made *made = made_new(1, 30);
	struct attempt *attempt = add(made, 0, 0, MS, CLOSE_BY_US);

	(void)state;
	attempt->turned_ms = UINT32_MAX;
	attempt->end_ns = attempt->close_ns + 5 * SECOND;
	attempt->reason = END_EXPIRED;
	add(made, 0, 6 * SECOND, MS, CLOSE_BY_US);
	assert_int_equal(replay(made, &nothing).failures, 0);
	assert_int_equal(replay(made, &changes).failures, 1);
	made_free(made);
}

static void connect_does_not_take_over_what_bind_has_left(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_TW_REUSE, .to = { .tw_reuse = 1 } };
	struct made *made = made_new(1, 30);
	struct attempt *attempt = add(made, 0, 0, MS, CLOSE_BY_US);

	(void)state;
	attempt->bound = true;
	attempt->port = LOW;
	add(made, 0, 5 * SECOND, MS, CLOSE_BY_US);
	assert_int_equal(replay(made, &changes).failures, 1);
	attempt->bound = false;
	assert_int_equal(replay(made, &changes).failures, 0);
	made_free(made);
}

static void a_listener_in_the_range_blocks_its_port(void **state)
{
	struct made *made = made_new(10, 30);

	(void)state;
	made->listeners[0] = LOW + 3;
	made->netns.nr_listeners = 1;
	add_churn(made, 0, 1, 10);
	assert_int_equal(replay(made, &nothing).failures, 1);
	assert_int_equal(made->uses[0].capacity, 9);
	made_free(made);
}

static void what_was_there_before_holds_its_port(void **state)
{
	struct made *made = made_new(10, 30);
	struct attempt *stock = add(made, 0, 0, MS, CLOSE_BY_US);

	(void)state;
	/* for 60 s since 50 s before the window: the port is free again soon */
	*stock = (struct attempt){
		.close_ns = START - 50 * SECOND,
		.port = LOW + 4,
		.outcome = ATTEMPT_OPENED,
		.close = CLOSE_BY_US,
		.mini = true,
	};
	for (unsigned int i = 0; i < 11; i++)
		add(made, 0, i * SECOND, MS, CLOSE_BY_US);
	add(made, 0, 20 * SECOND, MS, CLOSE_BY_US);
	assert_int_equal(replay(made, &nothing).failures, 2);
	assert_int_equal(replay(made, &nothing).connects, 12);
	made_free(made);
}

static void what_failed_would_have_lived_as_its_kin(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_RANGE,
					  .to = { .low = 1000, .high = 1999 } };
	struct made *made = made_new(10, 30);
	struct attempt *failed;
	struct whatif_use use;

	(void)state;
	for (unsigned int i = 0; i < 10; i++)
		add(made, 0, i * MS, (i < 3 ? 1 : 10) * SECOND, CLOSE_BY_PEER);
	failed = add(made, 0, 500 * MS, 0, CLOSE_UNKNOWN);
	failed->outcome = ATTEMPT_NO_PORT;
	assert_int_equal(replay(made, NULL).failures, 1);
	use = replay(made, &changes);
	assert_int_equal(use.failures, 0);
	assert_int_equal(use.peak, 11);
	assert_int_equal(use.end, 0);
	assert_int_equal(use.time_wait_peak, 0);
	/* three for 1 s, seven for 10 s, and one for as long as most: the median is near by */
	assert_true(use.mean * 30 > 82 && use.mean * 30 < 84);
	made_free(made);
}

static void as_it_was_is_told_by_times_that_were_seen(void **state)
{
	struct made *made = made_new(10, 100);
	struct whatif_use use;
	struct attempt *attempt = add(made, 0, 0, 10 * SECOND, CLOSE_BY_US);

	(void)state;
	attempt->port = LOW;
	attempt->end_ns = START + 75 * SECOND;
	attempt->reason = END_EXPIRED;
	attempt = add(made, 0, 50 * SECOND, 10 * SECOND, CLOSE_BY_PEER);
	attempt->port = LOW + 1;
	use = replay(made, NULL);
	assert_int_equal(use.peak, 2);
	assert_int_equal(use.end, 0);
	assert_true(use.mean > 0.8499 && use.mean < 0.8501);
	assert_int_equal(made->samples[0], 1);
	assert_int_equal(made->samples[WHATIF_SAMPLES / 2], 2);
	assert_int_equal(made->samples[WHATIF_SAMPLES - 1], 0);
	made_free(made);
}

/* Ends that are due at turns of a wheel, told at once or by the next dump, one a second. */
static struct made *turning(uint64_t granule_ns, bool dumped)
{
	struct made *made = made_new(10, 100);

	for (unsigned int i = 0; i < 200; i++) {
		struct attempt *attempt = add(made, 0, i * 200 * MS, MS, CLOSE_BY_US);
		uint64_t turns = (attempt->close_ns + 60 * SECOND - 300 * MS) / granule_ns + 1;

		attempt->end_ns = turns * granule_ns + 300 * MS;
		if (dumped)
			attempt->end_ns = (attempt->end_ns / SECOND + 1) * SECOND;
		attempt->reason = END_EXPIRED;
		attempt->exact = !dumped;
	}
	return made;
}

static void the_wheel_is_found_by_what_has_expired(void **state)
{
	static const uint64_t granules_ns[] = { 2048 * MS, 4096 * MS, 5120 * MS };

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		struct made *made = turning(granules_ns[i / 2], i % 2);
		struct wheel wheel = wheel_of(made->attempts, made->input.count);

		assert_true(wheel.known);
		assert_int_equal(wheel.granule_ns, granules_ns[i / 2]);
		/* a little before it is told, by what may come late */
		if (wheel.phase_ns < 150 * MS || wheel.phase_ns > 350 * MS)
			fail_msg("a wheel of %" PRIu64 " turns at %" PRIu64 " ns",
				 granules_ns[i / 2], wheel.phase_ns);
		made_free(made);
	}
}

static void a_wheel_that_nothing_tells_of_is_not_known(void **state)
{
	struct made *made = turning(GRANULE, false);
	struct wheel wheel;

	(void)state;
	assert_false(wheel_of(made->attempts, 3).known);
	/* all over the place: no wheel does that */
	for (size_t i = 0; i < made->input.count; i++)
		made->attempts[i].end_ns = made->attempts[i].close_ns + 60 * SECOND + i * 10 * MS;
	wheel = wheel_of(made->attempts, made->input.count);
	assert_false(wheel.known);
	/* then ends are spread over a turn, each always to the same place */
	assert_true(wheel_round(&wheel, START, 1) != wheel_round(&wheel, START, 2));
	assert_true(wheel_round(&wheel, START, 1) == wheel_round(&wheel, START, 1));
	assert_true(wheel_round(&wheel, START, 1) - START < 60 * SECOND + wheel.granule_ns);
	made_free(made);
}

/* A dump tells of an end up to a second late: the next one has had the port since. */
static void one_port_is_counted_once_however_late_its_end_is_told(void **state)
{
	struct made *made = made_new(100, 100);
	struct whatif_use use;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct attempt *attempt = add(made, 0, i * SECOND, MS, CLOSE_BY_US);

		attempt->port = LOW + 7;
		attempt->end_ns = START + 61 * SECOND;
	}
	use = replay(made, NULL);
	assert_int_equal(use.peak, 1);
	assert_int_equal(use.time_wait_peak, 1);
	assert_int_equal(use.end, 0);
	made_free(made);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_held_for_a_minute_and_the_rest_of_a_turn),
		cmocka_unit_test(what_finds_no_port_fails_and_the_moment_is_told),
		cmocka_unit_test(one_of_an_odd_range_is_never_chosen),
		cmocka_unit_test(each_destination_has_the_whole_range),
		cmocka_unit_test(a_wider_range_and_reserved_ports_are_counted),
		cmocka_unit_test(a_wait_that_is_taken_over_frees_no_port_and_fails_nobody),
		cmocka_unit_test(the_delay_of_reuse_is_kept),
		cmocka_unit_test(reuse_of_2_is_for_loopback_alone),
		cmocka_unit_test(whole_seconds_count_where_there_is_no_delay),
		cmocka_unit_test(orphans_end_with_fin_timeout_and_are_not_taken_over),
		cmocka_unit_test(a_wait_that_was_cut_short_is_so_in_each_run),
		cmocka_unit_test(fin_timeout_does_not_shorten_a_wait),
		cmocka_unit_test(past_max_tw_buckets_there_is_no_wait),
		cmocka_unit_test(attempts_are_spread_over_destinations_and_sources),
		cmocka_unit_test(requests_that_share_a_connection_need_one_port),
		cmocka_unit_test(who_closes_first_has_the_wait),
		cmocka_unit_test(a_bound_port_is_gone_for_every_destination),
		cmocka_unit_test(a_bound_port_is_taken_over_at_once),
		cmocka_unit_test(what_was_refused_is_so_again_unless_there_is_room),
		cmocka_unit_test(an_orphan_waits_as_long_as_it_did),
		cmocka_unit_test(connect_does_not_take_over_what_bind_has_left),
		cmocka_unit_test(a_listener_in_the_range_blocks_its_port),
		cmocka_unit_test(what_was_there_before_holds_its_port),
		cmocka_unit_test(what_failed_would_have_lived_as_its_kin),
		cmocka_unit_test(as_it_was_is_told_by_times_that_were_seen),
		cmocka_unit_test(the_wheel_is_found_by_what_has_expired),
		cmocka_unit_test(a_wheel_that_nothing_tells_of_is_not_known),
		cmocka_unit_test(one_port_is_counted_once_however_late_its_end_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
