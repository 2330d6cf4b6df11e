// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Minisocks: the truth table of their birth, what takes a birth back, and how
 * they end where no snapshot is needed to tell.
 */
#include "model_fixture.h"

#include <errno.h>

#include "model/ledger.h"

#define ORPHANED (TW_F_ORPHAN | TW_F_ALL_ACKED)

/* kernel-time-wait.md 1.3, row by row, where a cell says "any" once for each value. */
struct truth {
	const char *why;
	uint8_t from, error;
	uint16_t flags;
	enum remains remains;
};

/* clang-format off */
#define FW1 TW_FIN_WAIT1
#define FW2 TW_FIN_WAIT2
#define DONE TW_F_DONE
#define DEAD TW_F_ORPHAN
#define NEG TW_F_LINGER2_NEG
#define ACKED TW_F_ALL_ACKED
#define TASK TW_F_LOCKED

static const struct truth table[] = {
	{"E1: FIN after our FIN was acknowledged", FW2, 0, DONE | DEAD | ACKED, REMAINS_TIME_WAIT},
	{"E1, descriptor open", FW2, 0, DONE | ACKED, REMAINS_TIME_WAIT},
	{"E1, TCP_LINGER2 < 0", FW2, 0, DONE | DEAD | ACKED | NEG, REMAINS_TIME_WAIT},
	{"E1 from the backlog: a task holds the lock", FW2, 0, DONE | ACKED | TASK, REMAINS_TIME_WAIT},
	{"E1, IP_RECVERR left an error", FW2, EHOSTUNREACH, DONE | DEAD | ACKED, REMAINS_TIME_WAIT},
	{"E2: simultaneous close", TW_CLOSING, 0, DONE | DEAD | ACKED, REMAINS_TIME_WAIT},
	{"E2, descriptor open", TW_CLOSING, 0, DONE | ACKED, REMAINS_TIME_WAIT},
	{"E2, TCP_LINGER2 < 0", TW_CLOSING, 0, DONE | DEAD | ACKED | NEG, REMAINS_TIME_WAIT},
	{"E2, IP_RECVERR left an error", TW_CLOSING, EHOSTUNREACH, DONE | DEAD | ACKED, REMAINS_TIME_WAIT},
	{"E3: orphan, ACK only", FW2, 0, DEAD | ACKED, REMAINS_FIN_WAIT2},
	{"E4: close() in FIN_WAIT2", FW2, 0, DEAD | ACKED | TASK, REMAINS_FIN_WAIT2},
	{"E5: keepalive hands over", FW2, 0, DEAD | ACKED, REMAINS_FIN_WAIT2},
	{"bucket overflow looks like E1", FW2, 0, DONE | DEAD | ACKED, REMAINS_TIME_WAIT},
	{"RST received in FIN_WAIT1", FW1, ECONNRESET, 0, REMAINS_NOTHING},
	{"RST received in FIN_WAIT1, orphan", FW1, ECONNRESET, DEAD, REMAINS_NOTHING},
	{"RST received in FIN_WAIT2", FW2, ECONNRESET, ACKED, REMAINS_NOTHING},
	{"RST received in FIN_WAIT2, orphan", FW2, ECONNRESET, DEAD | ACKED, REMAINS_NOTHING},
	{"RST received in CLOSING", TW_CLOSING, ECONNRESET, DONE | DEAD, REMAINS_NOTHING},
	{"linger2 < 0, close() in FIN_WAIT2", FW2, 0, DEAD | ACKED | NEG | TASK, REMAINS_NOTHING},
	{"linger2 < 0, orphan gets ACK", FW2, 0, DEAD | ACKED | NEG, REMAINS_NOTHING},
	{"data after close: like E3, the RST that follows takes it back", FW2, 0, DEAD | ACKED,
	 REMAINS_FIN_WAIT2},
	{"close() with unread data in FIN_WAIT1", FW1, 0, TASK, REMAINS_NOTHING},
	{"close() with unread data in FIN_WAIT2", FW2, 0, ACKED | TASK, REMAINS_NOTHING},
	{"close() with unread data in CLOSING", TW_CLOSING, 0, DONE | TASK, REMAINS_NOTHING},
	{"SO_LINGER 0 in FIN_WAIT2", FW2, 0, ACKED | TASK, REMAINS_NOTHING},
	{"SO_LINGER 0 in ESTABLISHED", TW_ESTABLISHED, 0, ACKED | TASK, REMAINS_NOTHING},
	{"SO_LINGER 0 in CLOSE_WAIT", TW_CLOSE_WAIT, 0, DONE | ACKED | TASK, REMAINS_NOTHING},
	{"keepalive timer, linger2 < 0", FW2, 0, DEAD | ACKED | NEG, REMAINS_NOTHING},
	{"keepalive probes exhausted, descriptor open", FW2, ETIMEDOUT, ACKED, REMAINS_NOTHING},
	{"the same, a soft error", FW2, EHOSTUNREACH, ACKED, REMAINS_NOTHING},
	{"gives up in FIN_WAIT1", FW1, ETIMEDOUT, DEAD, REMAINS_NOTHING},
	{"gives up in CLOSING", TW_CLOSING, ETIMEDOUT, DONE | DEAD, REMAINS_NOTHING},
	{"gives up in LAST_ACK", TW_LAST_ACK, ETIMEDOUT, DONE | DEAD, REMAINS_NOTHING},
	{"too many orphans, FIN_WAIT1", FW1, 0, DEAD | TASK, REMAINS_NOTHING},
	{"too many orphans, CLOSING", TW_CLOSING, 0, DONE | DEAD | TASK, REMAINS_NOTHING},
	{"too many orphans, LAST_ACK", TW_LAST_ACK, 0, DONE | DEAD | TASK, REMAINS_NOTHING},
	{"out of resources in a timer, FIN_WAIT1", FW1, 0, DEAD, REMAINS_NOTHING},
	{"namespace gone, FIN_WAIT1", FW1, 0, DEAD | TASK, REMAINS_NOTHING},
	{"ss -K in FIN_WAIT2", FW2, ECONNABORTED, ACKED | TASK, REMAINS_NOTHING},
	{"ss -K of an orphan in FIN_WAIT2", FW2, ECONNABORTED, DEAD | ACKED | TASK, REMAINS_NOTHING},
	{"ss -K in CLOSING", TW_CLOSING, ECONNABORTED, DONE | TASK, REMAINS_NOTHING},
	{"out-of-window data in FIN_WAIT2", FW2, ECONNRESET, DEAD | ACKED, REMAINS_NOTHING},
	{"the passive close", TW_LAST_ACK, 0, DONE | DEAD | ACKED, REMAINS_NOTHING},
	{"a refused connect", TW_SYN_SENT, ECONNREFUSED, 0, REMAINS_NOTHING},
	{"a listener", TW_LISTEN, 0, TASK, REMAINS_NOTHING},
};
/* clang-format on */

static void the_last_transition_tells_what_remains(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum remains remains =
			ledger_remains(table[i].from, table[i].error, table[i].flags);

		if (remains != table[i].remains)
			fail_msg("%s: remains %d, ought to be %d", table[i].why, remains,
				 table[i].remains);
	}
}

static void only_the_facts_of_the_table_count(void **state)
{
	const uint16_t others = TW_F_UNSENT | TW_F_SHUT_BOTH | TW_F_OUTGOING | TW_F_INCOMING |
				TW_F_OWNER | TW_F_KERNEL | TW_F_SECOND;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(ledger_remains(table[i].from, table[i].error,
						table[i].flags | others),
				 table[i].remains);
}

/* An established connection that closes first, up to the event that leaves something. */
static struct end feed_life(struct fixture *f, uint64_t cookie, uint16_t flags)
{
	struct end end = client(cookie);

	feed_connected(f, &end);
	feed_close_first(f, &end, flags);
	f->heard[0] = '\0';
	return end;
}

static void a_fin_wait2_minisock_is_pending_until_no_reset_can_follow(void **state)
{
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	feed_life(f, 1, ORPHANED);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1");
	pass(f, 9 * MS);
	assert_heard(f, "");
	pass(f, 2 * MS);
	assert_heard(f, "+FIN_WAIT2 inferred");
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "fin_wait2 1 fin_wait2_orphans 1");
	/* of the moment it happened, not of the moment it was sure */
	assert_true(f->last.ts_ns < f->now_ns - 10 * MS);
}

static void a_reset_right_after_close_takes_the_pending_minisock_back(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_life(f, 1, ORPHANED);
	feed_reset(f, &end, TW_CLOSE);
	pass(f, SECOND);
	assert_heard(f, "");
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 resets 1");
}

static void a_true_time_wait_is_never_taken_back(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_bare(f, TW_READY);
	end = feed_life(f, 1, ORDERLY);
	feed_reset(f, &end, TW_CLOSE);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait 1");
}

/*
 * The last rows of tcp_keepalive_timer(): the FIN timeout was made shorter meanwhile,
 * so that no minisock is made. The RST comes before the event, in FIN_WAIT2.
 */
static void a_reset_right_before_close_leaves_no_minisock(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_reset(f, &end, TW_FIN_WAIT2);
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORPHANED);
	pass(f, SECOND);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 resets 1");
}

static void a_time_wait_that_no_snapshot_tells_of_expires_after_its_longest_life(void **state)
{
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	feed_life(f, 1, ORDERLY);
	pass(f, 65 * SECOND);
	assert_heard(f, "");
	pass(f, SECOND);
	assert_heard(f, "-TIME_WAIT expired");
	assert_true(f->last.residence_ns == TIME_UNKNOWN);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait_expired 1");
	pass(f, SECOND);
	/* history stays when the connection is forgotten */
	assert_int_equal(f->model->conns.count, 0);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait_expired 1");
}

static void a_fin_wait2_minisock_that_no_dump_shows_ends_unknown_in_the_end(void **state)
{
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	feed_life(f, 1, ORPHANED);
	pass(f, 20 * MS);
	pass(f, 120 * SECOND);
	assert_heard(f, "+FIN_WAIT2 inferred");
	/* a namespace that was gone before anyone looked: it must not be kept for ever */
	pass(f, 10 * SECOND);
	assert_heard(f, "-FIN_WAIT2 unknown");
}

static void a_connect_with_the_same_tuple_reuses_it(void **state)
{
	struct fixture *f = *state;
	struct end end, next;

	feed_bare(f, TW_READY);
	end = feed_life(f, 1, ORDERLY);
	next = end;
	next.cookie = 2;
	f->now_ns += 2 * SECOND - 1000;
	feed_connect(f, &next);
	assert_heard(f, "CLOSE>SYN_SENT");
	f->now_ns += 30 * MS;
	feed_full(f, &next, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_heard(f, "SYN_SENT>ESTABLISHED; -TIME_WAIT reused");
	/* until connect(), not until the handshake was over */
	assert_int_equal(f->last.residence_ns, 2 * SECOND);
	assert_totals(f, "connections 2 opened 2 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait_reused 1 open 1 established 1");
}

static void a_syn_of_the_peer_reopens_it(void **state)
{
	struct fixture *f = *state;
	struct end end = server(1);

	feed_bare(f, TW_READY);
	feed_accepted(f, &end);
	feed_close_first(f, &end, ORDERLY);
	f->heard[0] = '\0';
	end.cookie = 2;
	f->now_ns += 5 * SECOND - 1000;
	feed_accepted(f, &end);
	assert_heard(f, "LISTEN>SYN_RECV; SYN_RECV>ESTABLISHED; -TIME_WAIT reopened");
	assert_int_equal(f->last.residence_ns, 5 * SECOND);
	assert_totals(f, "connections 2 opened 2 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait_other 1 time_wait_reopened 1 open 1 established 1");
}

/* The number of a connection that is gone goes to the next one, which has a time of its own. */
static void each_expires_in_its_time_whatever_had_its_number_before(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_life(f, 1, ORDERLY);
	f->now_ns += 30 * SECOND;
	feed_life(f, 2, TW_F_ORPHAN | TW_F_ALL_ACKED);
	/* the first one's tuple again: it has ended, and its number is free */
	end.cookie = 3;
	feed_connected(f, &end);
	pass(f, SECOND);
	feed_life(f, 4, ORDERLY);
	f->heard[0] = '\0';
	pass(f, 65 * SECOND);
	assert_heard(f, "");
	pass(f, SECOND);
	assert_heard(f, "-TIME_WAIT expired");
	assert_int_equal(f->last_view.cookie, 4);
	/* nothing tells when an orphan's FIN came, if ever */
	pass(f, 58 * SECOND);
	assert_heard(f, "");
	pass(f, 2 * SECOND);
	assert_heard(f, "-FIN_WAIT2 unknown");
	assert_int_equal(f->last_view.cookie, 2);
}

/* Seen under churn for more than a minute: the poll had not come by yet. */
static void one_that_was_due_has_expired_before_its_successor(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_close_first(f, &end, ORDERLY);
	end.cookie = 2;
	f->now_ns += 61 * SECOND;
	feed_connected(f, &end);
	assert_int_equal(f->last.kind, EVENT_TIME_WAIT_EXIT);
	assert_int_equal(f->last.reason, END_EXPIRED);
	assert_true(f->last.residence_ns == TIME_UNKNOWN);
}

/* One that is due is there until the timer wheel turns, and may be taken over until then. */
static void one_that_is_due_ends_when_the_wheel_turns(void **state)
{
	static const struct {
		uint64_t turns_ms;	/* so long after it is due */
		uint64_t taken_ms;
		enum end_reason reason;
	} cases[] = {
		{ 1000, 999, END_REUSED },
		{ 1000, 1000, END_EXPIRED },
		{ 1000, 1001, END_EXPIRED },
		/* due right at a turn: at the next one */
		{ 0, 2047, END_REUSED },
		{ 0, 2048, END_EXPIRED },
	};
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct end end = client(2 * i + 1);
		uint64_t due_ns;

		feed_connected(f, &end);
		feed_close_first(f, &end, ORDERLY);
		due_ns = f->last_view.since_ns + 60 * SECOND;
		feed_wheel(f, due_ns + cases[i].turns_ms * MS);
		end.cookie++;
		f->now_ns = due_ns + cases[i].taken_ms * MS;
		feed_full(f, &end, TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING);
		feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
		assert_int_equal(f->last.kind, EVENT_TIME_WAIT_EXIT);
		assert_int_equal(f->last.reason, cases[i].reason);
	}
}

/*
 * A dump tells of its end a little too early, and of one that is due nothing: that is no new end.
 * A timer armed anew has one.
 */
static void a_dump_moves_the_end_of_one_only_if_it_was_armed_anew(void **state)
{
	static const struct {
		uint64_t dump_ms;	/* after its birth */
		uint32_t expires_ms;
		uint64_t turns_ms, taken_ms;
		enum end_reason reason;
	} cases[] = {
		{ 30000, 29970, 59990, 61000, END_REUSED },
		{ 30000, 29970, 59990, 62100, END_EXPIRED },
		{ 61000, 0, 61500, 61400, END_REUSED },
		{ 61000, 0, 61500, 61600, END_EXPIRED },
		/* due after 90 s */
		{ 31000, 59000, 90500, 61000, END_REUSED },
		{ 31000, 59000, 90500, 90400, END_REUSED },
		{ 31000, 59000, 90500, 90600, END_EXPIRED },
	};
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct end end = client(2 * i + 1);
		uint64_t born_ns;

		feed_connected(f, &end);
		feed_close_first(f, &end, ORDERLY);
		born_ns = f->last_view.since_ns;
		feed_wheel(f, born_ns + cases[i].turns_ms * MS);
		f->now_ns = born_ns + cases[i].dump_ms * MS;
		feed_begin(f);
		feed_found(f, &end, TW_TIME_WAIT, cases[i].expires_ms);
		feed_end(f, 1, 0);
		end.cookie++;
		f->now_ns = born_ns + cases[i].taken_ms * MS;
		feed_full(f, &end, TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING);
		feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
		assert_int_equal(f->last.kind, EVENT_TIME_WAIT_EXIT);
		assert_int_equal(f->last.reason, cases[i].reason);
	}
}

/* From a damaged or an older recording. */
static void a_wheel_that_makes_no_sense_is_not_known(void **state)
{
	struct tw_tier tier = { .head = { .size = sizeof(tier) } };

	(void)state;
	assert_false(wheel_told(&tier.head).known);
	tier.wheel_granule_ns = tier.wheel_phase_ns = 5;
	assert_false(wheel_told(&tier.head).known);
	tier.wheel_phase_ns = 4;
	assert_true(wheel_told(&tier.head).known);
	/* longer than any is: 5.12 s of HZ=100 */
	tier.wheel_granule_ns = 6 * SECOND;
	assert_true(wheel_told(&tier.head).known);
	tier.wheel_granule_ns++;
	assert_false(wheel_told(&tier.head).known);
	tier.wheel_granule_ns = 5;
	tier.head.size = sizeof(tier.head);
	assert_false(wheel_told(&tier.head).known);
}

static void a_like_tuple_is_not_the_same(void **state)
{
	struct fixture *f = *state;
	struct end like[4];

	feed_bare(f, TW_READY);
	for (unsigned int i = 0; i < 4; i++) {
		like[i] = feed_life(f, 1, ORDERLY);
		like[i].cookie = 10 + i;
		fixture_start(f, &(struct model_opts){ 0 });
		feed_bare(f, TW_READY);
		feed_life(f, 1, ORDERLY);
		if (i == 0)
			like[i].tuple.local_port++;
		if (i == 1)
			like[i].tuple.remote_port++;
		if (i == 2)
			like[i].tuple.remote_addr[15]++;
		if (i == 3)
			like[i].tuple.netns_cookie++;
		feed_connected(f, &like[i]);
		assert_int_equal(model_totals(f->model)->count[FIELD_TIME_WAIT], 1);
	}
}

/* An explicit port may be used again at once, before the birth has settled. */
static void a_successor_ends_a_minisock_that_is_still_pending(void **state)
{
	struct fixture *f = *state;
	struct end next;

	feed_bare(f, TW_READY);
	next = feed_life(f, 1, ORPHANED);
	next.cookie = 2;
	feed_connected(f, &next);
	pass(f, 20 * MS);
	assert_totals(f, "connections 2 opened 2 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait_reused 1 open 1 established 1");
}

/* connect() is told before it takes the tuple: the minisock may be younger than that. */
static void a_residence_is_never_less_than_nothing(void **state)
{
	struct fixture *f = *state;
	struct end next = client(1);

	next.cookie = 2;
	feed_bare(f, TW_READY);
	feed_connect(f, &next);
	feed_life(f, 1, ORDERLY);
	feed_full(f, &next, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_heard(f, "SYN_SENT>ESTABLISHED; -TIME_WAIT reused");
}

static void a_tombstone_is_gone_after_the_next_tick(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED);
	assert_int_equal(f->model->conns.count, 1);
	pass(f, 20 * MS);
	assert_int_equal(f->model->conns.count, 0);
	assert_totals(f, "connections 1 opened 1 closed 1 resets 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(the_last_transition_tells_what_remains),
		fixture_test(only_the_facts_of_the_table_count),
		fixture_test(a_fin_wait2_minisock_is_pending_until_no_reset_can_follow),
		fixture_test(a_reset_right_after_close_takes_the_pending_minisock_back),
		fixture_test(a_true_time_wait_is_never_taken_back),
		fixture_test(a_reset_right_before_close_leaves_no_minisock),
		fixture_test(a_time_wait_that_no_snapshot_tells_of_expires_after_its_longest_life),
		fixture_test(a_fin_wait2_minisock_that_no_dump_shows_ends_unknown_in_the_end),
		fixture_test(a_connect_with_the_same_tuple_reuses_it),
		fixture_test(a_syn_of_the_peer_reopens_it),
		fixture_test(each_expires_in_its_time_whatever_had_its_number_before),
		fixture_test(one_that_was_due_has_expired_before_its_successor),
		fixture_test(one_that_is_due_ends_when_the_wheel_turns),
		fixture_test(a_dump_moves_the_end_of_one_only_if_it_was_armed_anew),
		fixture_test(a_wheel_that_makes_no_sense_is_not_known),
		fixture_test(a_like_tuple_is_not_the_same),
		fixture_test(a_successor_ends_a_minisock_that_is_still_pending),
		fixture_test(a_residence_is_never_less_than_nothing),
		fixture_test(a_tombstone_is_gone_after_the_next_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
