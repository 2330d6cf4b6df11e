// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A RST that this host sent to a minisock of its own: nobody tells whether it has obeyed, but who is
 * not there any more has.
 */
#include "model_tiers.h"

#define ENTERED ONE_CLOSED " time_wait_entered 1"

/* A RST for what had the addresses and ports of @end. */
static void feed_rst(struct fixture *f, const struct end *end)
{
	struct end like = *end;

	like.cookie = 0;
	feed_mini(f, TW_MINI_RESET, &like, 0, 0);
}

static struct end feed_time_wait(struct fixture *f)
{
	struct end end = feed_closing(f, 1);

	feed_close(f, &end, ORDERLY);
	f->heard[0] = '\0';
	return end;
}

static void feed_successor(struct fixture *f, const struct end *end)
{
	struct end next = *end;

	next.cookie = 2;
	feed_connect(f, &next);
	feed_full(f, &next, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
}

static void who_is_not_listed_any_more_has_obeyed(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_time_wait(f);
	feed_rst(f, &end);
	assert_heard(f, "");
	assert_totals(f, ENTERED " time_wait 1");
	feed_dump(f, NULL, 0, TW_TIME_WAIT, 0);
	assert_heard(f, "-TIME_WAIT reset");
	assert_int_equal(f->last.evidence, EVIDENCE_SNAPSHOT);
	assert_true(f->last.residence_ns == TIME_UNKNOWN);
	assert_totals(f, ENTERED " time_wait_other 1 time_wait_reset 1");
}

static void a_dump_that_may_have_missed_it_is_not_enough(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_time_wait(f);
	feed_rst(f, &end);
	for (unsigned int i = 0; i < 2; i++) {
		assert_heard(f, "");
		pass(f, SECOND);
		feed_begin(f);
		feed_end(f, 1, 0);
	}
	assert_heard(f, "-TIME_WAIT reset");
}

static void who_is_due_when_it_is_missed_has_obeyed_before(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_time_wait(f);
	pass(f, 58 * SECOND);
	feed_dump(f, &end, 1, TW_TIME_WAIT, 0);
	feed_rst(f, &end);
	pass(f, 4 * SECOND);
	feed_dump(f, NULL, 0, TW_TIME_WAIT, 0);
	assert_heard(f, "-TIME_WAIT reset");
}

static void a_successor_of_one_that_was_reset_has_taken_nothing_over(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_time_wait(f);
	feed_rst(f, &end);
	feed_successor(f, &end);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>ESTABLISHED; -TIME_WAIT reset");
	assert_true(f->last.residence_ns == TIME_UNKNOWN);
}

static void who_is_listed_later_has_not_obeyed(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_time_wait(f);
	feed_rst(f, &end);
	feed_dump(f, &end, 1, TW_TIME_WAIT, 0);
	feed_successor(f, &end);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>ESTABLISHED; -TIME_WAIT reused");
}

static void a_dump_that_began_before_does_not_tell(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_time_wait(f);
	pass(f, SECOND);
	feed_begin(f);
	feed_rst(f, &end);
	feed_found(f, &end, TW_TIME_WAIT, 50000);
	feed_end(f, 1, 0);
	feed_successor(f, &end);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>ESTABLISHED; -TIME_WAIT reset");
}

static void what_has_no_minisock_is_not_touched(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1), stranger = client(9);

	feed_bare(f, TW_READY);
	feed_rst(f, &stranger);
	feed_connected(f, &end);
	feed_rst(f, &end);
	feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	f->heard[0] = '\0';
	feed_successor(f, &end);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>ESTABLISHED; -TIME_WAIT reused");
}

static void a_tier_that_tells_of_ends_needs_no_such_sign(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	feed_rst(f, &end);
	feed_successor(f, &end);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>ESTABLISHED; -TIME_WAIT reused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(who_is_not_listed_any_more_has_obeyed),
		fixture_test(a_dump_that_may_have_missed_it_is_not_enough),
		fixture_test(who_is_due_when_it_is_missed_has_obeyed_before),
		fixture_test(a_successor_of_one_that_was_reset_has_taken_nothing_over),
		fixture_test(who_is_listed_later_has_not_obeyed),
		fixture_test(a_dump_that_began_before_does_not_tell),
		fixture_test(what_has_no_minisock_is_not_touched),
		fixture_test(a_tier_that_tells_of_ends_needs_no_such_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
