// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots: what was there at start, what they tell of minisocks, bucket
 * overflow. The audit is in test_model_audit.c, what a dump heals after a loss in
 * test_model_healing.c.
 */
#include "model_fixture.h"

#define ORPHANED (TW_F_ORPHAN | TW_F_ALL_ACKED)
#define ONE_CLOSED "connections 1 opened 1 closed 1 closed_first 1"

/* An established connection that closes first, and leaves what @flags say. */
static struct end feed_life(struct fixture *f, uint64_t cookie, uint16_t flags)
{
	struct end end = client(cookie);

	feed_connected(f, &end);
	feed_close_first(f, &end, flags);
	pass(f, 20 * MS);
	f->heard[0] = '\0';
	return end;
}

/* A dump that lists one minisock, @expires_ms before its end; FULL: that lists nothing. */
static void feed_dump(struct fixture *f, const struct end *end, uint8_t substate,
		      uint32_t expires_ms)
{
	pass(f, SECOND);
	feed_begin(f);
	if (expires_ms != FULL)
		feed_found(f, end, substate, expires_ms);
	feed_end(f, expires_ms != FULL, 0);
}

/* A dump that lists nothing; @time_wait of sockstat says how many it has missed. */
static void feed_empty_dump(struct fixture *f, uint64_t time_wait, uint64_t overflow)
{
	pass(f, SECOND);
	feed_begin(f);
	feed_end(f, time_wait, overflow);
}

static void what_is_there_at_start_is_stock(void **state)
{
	struct fixture *f = *state;
	struct end ends[] = { client(1), client(2), client(3), client(4), client(5), client(6) };

	feed_begin(f);
	feed_found(f, &ends[0], TW_ESTABLISHED, FULL);
	feed_found(f, &ends[1], TW_CLOSE_WAIT, FULL);
	feed_found(f, &ends[2], TW_FIN_WAIT2, FULL);
	feed_found(f, &ends[3], TW_SYN_SENT, FULL);
	feed_found(f, &ends[4], TW_TIME_WAIT, 30000);
	feed_found(f, &ends[5], TW_FIN_WAIT2, 30000);
	feed_end(f, 2, 0);
	feed_bare(f, TW_READY);
	assert_heard(f, "");
	assert_totals(f, "connections 3 open 4 syn_sent 1 established 1 fin_wait2 2 "
			 "fin_wait2_orphans 1 close_wait 1 time_wait 1");

	feed_brief(f, &ends[1], TW_CLOSE_WAIT, TW_LAST_ACK, 0);
	feed_brief(f, &ends[1], TW_LAST_ACK, TW_CLOSE, ORDERLY);
	assert_int_equal(model_totals(f->model)->count[FIELD_CLOSED], 1);
	/* its birth was not seen, and neither was how long it had been in that state */
	assert_int_equal(model_totals(f->model)->lifetime.count, 0);
}

static void a_second_dump_changes_nothing_that_is_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	for (unsigned int i = 0; i < 4; i++) {
		pass(f, SECOND);
		feed_begin(f);
		feed_found(f, &end, TW_ESTABLISHED, FULL);
		feed_end(f, 0, 0);
		if (!i)
			feed_bare(f, TW_READY);
	}
	assert_heard(f, "");
	assert_totals(f, "connections 1 open 1 established 1");
}

static void an_event_since_the_dump_began_knows_better(void **state)
{
	struct fixture *f = *state;
	struct end closed = client(1), half = client(2), fresh = client(3);
	uint64_t began_ns, now_ns;

	feed_bare(f, TW_READY);
	feed_connected(f, &closed);
	feed_connected(f, &half);
	pass(f, SECOND);
	began_ns = f->now_ns;
	/* the ring is read empty before the dump is delivered, though the dump was taken first */
	feed_brief(f, &closed, TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED);
	feed_brief(f, &half, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_connected(f, &fresh);
	now_ns = f->now_ns;
	f->now_ns = began_ns;
	feed_begin(f);
	f->now_ns = now_ns;
	feed_found(f, &closed, TW_ESTABLISHED, FULL);
	feed_found(f, &half, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	assert_totals(f, "connections 3 opened 3 closed 1 resets 1 open 2 established 1 "
			 "close_wait 1");
}

static void a_fin_that_came_late_turns_the_substate(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_life(f, 1, ORPHANED);
	feed_dump(f, &end, TW_FIN_WAIT2, 50000);
	assert_heard(f, "");
	feed_dump(f, &end, TW_TIME_WAIT, 59000);
	assert_heard(f, "FIN_WAIT2~TIME_WAIT");
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait 1");
	feed_dump(f, &end, TW_TIME_WAIT, 58000);
	assert_heard(f, "");
}

static void keep_view(void *ctx, const struct conn_view *view)
{
	*(struct conn_view *)ctx = *view;
}

/* age_ms of `list` is the age in this state: the FIN began a new one. */
static void a_new_substate_begins_when_the_fin_came(void **state)
{
	struct conn_view view = { 0 };
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_life(f, 1, ORPHANED);
	for (unsigned int i = 0; i < 20; i++)
		feed_dump(f, &end, TW_FIN_WAIT2, 50000 - 1000 * i);
	feed_dump(f, &end, TW_TIME_WAIT, 59500);
	model_each_conn(f->model, keep_view, &view);
	assert_int_equal(view.state, TW_TIME_WAIT);
	assert_true(f->dump_ns - view.since_ns <= SECOND);
}

static void a_minisock_that_is_gone_when_its_time_was_up_has_expired(void **state)
{
	struct fixture *f = *state;
	uint64_t born_ns;
	struct end end;

	feed_bare(f, TW_READY);
	born_ns = f->now_ns;
	end = feed_life(f, 1, ORDERLY);
	for (unsigned int i = 1; i < 60; i++)
		feed_dump(f, &end, TW_TIME_WAIT, 60000 - 1001 * i);
	/* the timer wheel rounds up: listed with nothing left */
	feed_dump(f, &end, TW_TIME_WAIT, 0);
	assert_heard(f, "");
	feed_dump(f, &end, TW_TIME_WAIT, FULL);
	assert_heard(f, "-TIME_WAIT expired");
	assert_int_equal(f->last.residence_ns / SECOND, 61);
	assert_true(f->last.residence_ns < f->now_ns - born_ns);
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait_expired 1");
}

/* Its timer fires when the wheel turns: one that is due and gone before has ended otherwise. */
static void one_that_is_due_has_not_expired_before_the_wheel_turns(void **state)
{
	static const struct {
		uint64_t turns_ms, gone_ms;	/* after it is due */
		const char *heard;
	} cases[] = {
		{ 1000, 500, "-TIME_WAIT unknown" },
		{ 1000, 970, "-TIME_WAIT unknown" },
		/* a dump's whole ticks do not tell */
		{ 1000, 990, "-TIME_WAIT expired" },
		{ 1000, 1500, "-TIME_WAIT expired" },
		/* a turn has been right before it was due, as far as that is known */
		{ 2038, 100, "-TIME_WAIT expired" },
		{ 2018, 100, "-TIME_WAIT unknown" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t due_ns;

		fixture_start(f, &(struct model_opts){ 0 });
		feed_bare(f, TW_READY);
		feed_life(f, 1, ORDERLY);
		due_ns = f->last_view.since_ns + 60 * SECOND;
		feed_wheel(f, due_ns + cases[i].turns_ms * MS);
		f->now_ns = due_ns + cases[i].gone_ms * MS;
		f->heard[0] = '\0';
		feed_begin(f);
		feed_end(f, 0, 0);
		assert_heard(f, cases[i].heard);
	}
}

/* Seen last with 59 s to go, and not seen for a minute: it ended somewhere in between. */
static void a_residence_is_unknown_where_dumps_are_far_apart(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_life(f, 1, ORDERLY);
	feed_dump(f, &end, TW_TIME_WAIT, 59000);
	f->now_ns += 110 * SECOND;
	feed_begin(f);
	feed_end(f, 0, 0);
	assert_heard(f, "-TIME_WAIT expired");
	if (f->last.residence_ns != TIME_UNKNOWN)
		assert_true(f->last.residence_ns < 66 * SECOND);
}

static void a_minisock_found_at_start_has_no_known_residence(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 2000);
	feed_end(f, 1, 0);
	feed_bare(f, TW_READY);
	for (unsigned int i = 0; i < 4; i++)
		feed_empty_dump(f, 1, 0);
	assert_heard(f, "-TIME_WAIT expired");
	assert_true(f->last.residence_ns == TIME_UNKNOWN);
	assert_totals(f, "time_wait_expired 1");
}

static void an_early_end_is_sure_after_two_dumps_that_may_miss_one(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_life(f, 1, ORDERLY);
	feed_dump(f, &end, TW_TIME_WAIT, 58000);
	feed_empty_dump(f, 1, 0);
	assert_heard(f, "");
	/* it was there all the time */
	feed_dump(f, &end, TW_TIME_WAIT, 56000);
	feed_empty_dump(f, TW_FIGURE_UNKNOWN, 0);
	assert_heard(f, "");
	feed_empty_dump(f, 1, 0);
	assert_heard(f, "-TIME_WAIT unknown");
	assert_true(f->last.residence_ns == TIME_UNKNOWN);
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait_other 1 "
				    "time_wait_unknown 1");
}

static void an_early_end_is_sure_at_once_where_the_dump_missed_none(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_life(f, 1, ORDERLY);
	feed_dump(f, &end, TW_TIME_WAIT, 58000);
	feed_empty_dump(f, 0, 0);
	assert_heard(f, "-TIME_WAIT unknown");
}

static void a_minisock_without_its_sockets_cookie_is_found_by_its_tuple(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_life(f, 1, ORDERLY);
	end.cookie = 77;
	feed_dump(f, &end, TW_TIME_WAIT, 58000);
	feed_dump(f, &end, TW_TIME_WAIT, 57000);
	assert_heard(f, "");
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait 1");
}

static void overflow_of_the_buckets_is_a_birth_refused(void **state)
{
	struct fixture *f = *state;

	feed_empty_dump(f, 1, 5);
	feed_bare(f, TW_READY);
	feed_life(f, 1, ORDERLY);
	feed_life(f, 2, ORDERLY);
	feed_empty_dump(f, 1, 6);
	assert_heard(f, "time_wait_refused");
	assert_totals(f, "connections 2 opened 2 closed 2 closed_first 2 time_wait_entered 1 "
			 "time_wait_refused 1 time_wait 1");
	/* without a further overflow the other one merely ended early */
	feed_empty_dump(f, 1, 6);
	assert_heard(f, "-TIME_WAIT unknown");
}

static void the_overflow_before_the_first_dump_is_history(void **state)
{
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	feed_life(f, 1, ORDERLY);
	feed_empty_dump(f, 1, 1000);
	feed_empty_dump(f, 1, 1000);
	assert_heard(f, "-TIME_WAIT unknown");
}

static void a_minisock_that_a_dump_has_listed_was_not_refused(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_empty_dump(f, 1, 0);
	feed_bare(f, TW_READY);
	end = feed_life(f, 1, ORDERLY);
	feed_dump(f, &end, TW_TIME_WAIT, 59000);
	feed_empty_dump(f, 1, 1);
	feed_empty_dump(f, 1, 1);
	assert_heard(f, "-TIME_WAIT unknown");
}

/* Too young to be judged by this dump; the next one has the overflow counted already. */
static void an_overflow_just_before_a_dump_is_not_forgotten(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_empty_dump(f, 1, 0);
	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_close_first(f, &end, ORDERLY);
	f->heard[0] = '\0';
	f->now_ns += 5 * MS;
	feed_begin(f);
	feed_end(f, 0, 1);
	assert_heard(f, "");
	feed_empty_dump(f, 1, 1);
	assert_heard(f, "time_wait_refused");
	assert_totals(f, ONE_CLOSED " time_wait_refused 1");
}

/* The first was absent already when no overflow had happened: it was a RST, not a refusal. */
static void an_overflow_is_not_blamed_on_one_that_was_gone_before_it(void **state)
{
	struct fixture *f = *state;
	struct end refused = client(1);

	feed_empty_dump(f, 1, 0);
	feed_bare(f, TW_READY);
	feed_connected(f, &refused);
	feed_life(f, 2, ORDERLY);
	feed_empty_dump(f, 1, 0);
	feed_close_first(f, &refused, ORDERLY);
	f->heard[0] = '\0';
	feed_empty_dump(f, 1, 1);
	assert_int_equal(f->told[EVENT_TIME_WAIT_REFUSED], 1);
	assert_int_equal(f->told[EVENT_TIME_WAIT_EXIT], 1);
}

/* Its idle times are not there: what comes behind it is none of its. */
static void a_socket_of_the_first_version_is_read_to_its_end(void **state)
{
	struct fixture *f = *state;
	struct tw_socket whole = {
		.cookie = 1,
		.tuple = client(1).tuple,
	};
	struct tw_socket *record = malloc(TW_SOCKET_SHORT);

	assert_non_null(record);
	feed_begin(f);
	whole.head = head_of(f, TW_SOCKET, TW_SOCKET_SHORT);
	whole.head.from = TW_ESTABLISHED;
	memcpy(record, &whole, TW_SOCKET_SHORT);
	model_feed(f->model, &record->head, TW_SOCKET_SHORT, 0);
	free(record);
	feed_end(f, 0, 0);
	feed_bare(f, TW_READY);
	assert_totals(f, "connections 1 open 1 established 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(what_is_there_at_start_is_stock),
		fixture_test(a_socket_of_the_first_version_is_read_to_its_end),
		fixture_test(a_second_dump_changes_nothing_that_is_as_it_was),
		fixture_test(an_event_since_the_dump_began_knows_better),
		fixture_test(a_fin_that_came_late_turns_the_substate),
		fixture_test(a_new_substate_begins_when_the_fin_came),
		fixture_test(a_minisock_that_is_gone_when_its_time_was_up_has_expired),
		fixture_test(one_that_is_due_has_not_expired_before_the_wheel_turns),
		fixture_test(a_residence_is_unknown_where_dumps_are_far_apart),
		fixture_test(a_minisock_found_at_start_has_no_known_residence),
		fixture_test(an_early_end_is_sure_after_two_dumps_that_may_miss_one),
		fixture_test(an_early_end_is_sure_at_once_where_the_dump_missed_none),
		fixture_test(a_minisock_without_its_sockets_cookie_is_found_by_its_tuple),
		fixture_test(overflow_of_the_buckets_is_a_birth_refused),
		fixture_test(the_overflow_before_the_first_dump_is_history),
		fixture_test(a_minisock_that_a_dump_has_listed_was_not_refused),
		fixture_test(an_overflow_just_before_a_dump_is_not_forgotten),
		fixture_test(an_overflow_is_not_blamed_on_one_that_was_gone_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
