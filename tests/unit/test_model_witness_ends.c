// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ends of minisocks as an evidence tier tells of them, whenever that arrives: before
 * ->CLOSE, while a dump is taken, after a successor, or never.
 */
#include "model_tiers.h"

static void feed_gone(struct fixture *f)
{
	union {
		struct tw_name name;
		char room[sizeof(struct tw_name) + 8];
	} record = { .name = { .id = NETNS } };

	record.name.head = head_of(f, TW_NETNS_GONE, sizeof(record));
	feed(f, &record, sizeof(record));
}

/* ------------------------------------------------------------------------------- ends */

static void an_end_has_its_reason_and_its_residence(void **state)
{
	static const struct {
		enum tw_end_reason reason;
		enum tw_state substate;
		const char *heard, *totals;
	} ends[] = {
		{ TW_END_UNKNOWN, TW_TIME_WAIT, "-TIME_WAIT unknown",
		  "time_wait_other 1 time_wait_unknown 1" },
		{ TW_END_EXPIRED, TW_TIME_WAIT, "-TIME_WAIT expired", "time_wait_expired 1" },
		{ TW_END_EXPIRED, TW_FIN_WAIT2, "-FIN_WAIT2 expired",
		  "time_wait_expired 1 fin_wait2_expired 1" },
		{ TW_END_REUSED, TW_TIME_WAIT, "-TIME_WAIT reused", "time_wait_reused 1" },
		{ TW_END_REUSED, TW_FIN_WAIT2, "-FIN_WAIT2 reused", "time_wait_reused 1" },
		{ TW_END_REOPENED, TW_TIME_WAIT, "-TIME_WAIT reopened",
		  "time_wait_other 1 time_wait_reopened 1" },
		{ TW_END_RESET, TW_TIME_WAIT, "-TIME_WAIT reset",
		  "time_wait_other 1 time_wait_reset 1" },
		{ TW_END_RESET, TW_FIN_WAIT2, "-FIN_WAIT2 reset",
		  "time_wait_other 1 time_wait_reset 1" },
		{ TW_END_DESTROYED, TW_TIME_WAIT, "-TIME_WAIT destroyed",
		  "time_wait_other 1 time_wait_destroyed 1" },
		{ TW_END_PURGED, TW_TIME_WAIT, "-TIME_WAIT purged",
		  "time_wait_other 1 time_wait_purged 1" },
		/* of a newer version */
		{ TW_NR_END_REASONS, TW_TIME_WAIT, "-TIME_WAIT unknown",
		  "time_wait_other 1 time_wait_unknown 1" },
		{ 255, TW_FIN_WAIT2, "-FIN_WAIT2 unknown",
		  "time_wait_other 1 time_wait_unknown 1" },
	};
	struct fixture *f = *state;
	char totals[200];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		uint64_t born_ns;
		struct end end;

		fixture_start(f, &(struct model_opts){ 0 });
		feed_ready(f, TW_BY_FENTRY);
		end = feed_born_and_closed(f, 1, ends[i].substate);
		born_ns = f->now_ns;
		f->now_ns += 12 * SECOND;
		feed_ended(f, &end, ends[i].substate, ends[i].reason);
		assert_heard(f, ends[i].heard);
		assert_int_equal(f->last.ts_ns, f->now_ns);
		assert_int_equal(f->last.residence_ns, f->now_ns - born_ns);
		assert_int_equal(f->last.evidence, EVIDENCE_FENTRY);
		snprintf(totals, sizeof(totals), ONE_CLOSED " time_wait_entered 1 %s",
			 ends[i].totals);
		assert_totals(f, totals);
		/* it ends once, and is forgotten */
		feed_ended(f, &end, ends[i].substate, TW_END_RESET);
		pass(f, SECOND);
		feed_ended(f, &end, ends[i].substate, TW_END_RESET);
		assert_heard(f, "");
		assert_totals(f, totals);
		assert_int_equal(f->model->conns.count, 0);
	}
}

/* Its FIN came, and the tier missed it: the end knows what it was. */
static void an_end_tells_the_substate_that_turned_without_a_word(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_FIN_WAIT2);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_EXPIRED);
	assert_heard(f, "FIN_WAIT2~TIME_WAIT; -TIME_WAIT expired");
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait_expired 1");
}

/* Made on one CPU, ended on another before the first one has told of ->CLOSE. */
static void what_is_told_before_the_close_waits_for_it(void **state)
{
	struct fixture *f = *state;
	uint64_t close_ns;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	feed_born(f, &end, TW_FIN_WAIT2);
	feed_mini(f, TW_MINI_TURNED, &end, TW_TIME_WAIT, 0);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_RESET);
	assert_heard(f, "");
	assert_totals(f, "connections 1 opened 1 closed_first 1 open 1 fin_wait2 1");
	feed_close(f, &end, ORPHANED);
	close_ns = f->now_ns;
	assert_heard(f, "+FIN_WAIT2 fentry; FIN_WAIT2~TIME_WAIT; -TIME_WAIT reset");
	/* nothing happens to it before its birth */
	assert_int_equal(f->last.ts_ns, close_ns);
	assert_int_equal(f->last.residence_ns, 0);
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait_other 1 time_wait_reset 1");
	assert_int_equal(f->model->nr_early, 0);
}

/* In order of the ring, which is not always that of time. */
static void an_end_told_early_has_its_own_time(void **state)
{
	struct fixture *f = *state;
	uint64_t ended_ns;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	feed_born(f, &end, TW_TIME_WAIT);
	f->now_ns += MS;
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_RESET);
	ended_ns = f->now_ns;
	f->now_ns -= MS;
	feed_close(f, &end, ORDERLY);
	assert_heard(f, "+TIME_WAIT fentry; -TIME_WAIT reset");
	assert_int_equal(f->last.ts_ns, ended_ns);
	assert_int_equal(f->last.residence_ns, ended_ns - f->now_ns);
}

static void early_ends_find_each_its_own_minisock(void **state)
{
	static const enum tw_end_reason reasons[] = { TW_END_RESET, TW_END_DESTROYED,
						      TW_END_REOPENED };
	struct fixture *f = *state;
	struct end ends[30];

	feed_ready(f, TW_BY_FENTRY);
	for (unsigned int i = 0; i < 30; i++) {
		ends[i] = feed_closing(f, i + 1);
		feed_born(f, &ends[i], TW_TIME_WAIT);
	}
	for (unsigned int i = 0; i < 30; i++)
		feed_ended(f, &ends[i], TW_TIME_WAIT, reasons[i % 3]);
	assert_int_equal(f->model->nr_early, 30);
	/* the last one first */
	for (unsigned int i = 30; i-- > 0;) {
		f->heard[0] = '\0';
		feed_close(f, &ends[i], ORDERLY);
		assert_int_equal(f->last.kind, EVENT_TIME_WAIT_EXIT);
		assert_int_equal((int)f->last.reason, (int)reasons[i % 3]);
		assert_int_equal(f->last_view.cookie, i + 1);
	}
	assert_int_equal(f->model->nr_early, 0);
}

/* Cookies count from boot, on each host. */
static void an_early_end_is_its_own_sources(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	feed_born(f, &end, TW_TIME_WAIT);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_RESET);
	f->source = 1;
	feed_tier(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	feed_born(f, &end, TW_TIME_WAIT);
	feed_close(f, &end, ORDERLY);
	assert_heard(f, "+TIME_WAIT fentry");
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_EXPIRED);
	assert_heard(f, "-TIME_WAIT expired");
	f->source = 0;
	feed_close(f, &end, ORDERLY);
	assert_heard(f, "+TIME_WAIT fentry; -TIME_WAIT reset");
}

static void what_came_early_and_found_nothing_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	feed_born(f, &end, TW_TIME_WAIT);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_RESET);
	pass(f, 900 * MS);
	assert_int_equal(f->model->nr_early, 1);
	pass(f, 200 * MS);
	assert_int_equal(f->model->nr_early, 0);
}

/* connect(AF_UNSPEC), connect() again: the minisock of the first life has the same cookie. */
static void the_ends_of_two_lives_are_told_apart_by_their_ports(void **state)
{
	struct fixture *f = *state;
	struct end first, second;

	feed_ready(f, TW_BY_FENTRY);
	first = feed_closing(f, 1);
	feed_born(f, &first, TW_TIME_WAIT);
	feed_close(f, &first, TW_F_DONE | TW_F_ALL_ACKED);
	second = first;
	second.tuple.local_port++;
	feed_connected(f, &second);
	f->heard[0] = '\0';
	feed_ended(f, &first, TW_TIME_WAIT, TW_END_RESET);
	assert_heard(f, "-TIME_WAIT reset");
	feed_brief(f, &second, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &second, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_born(f, &second, TW_TIME_WAIT);
	f->heard[0] = '\0';
	feed_close(f, &second, ORDERLY);
	assert_heard(f, "+TIME_WAIT fentry");
	feed_ended(f, &second, TW_TIME_WAIT, TW_END_EXPIRED);
	assert_heard(f, "-TIME_WAIT expired");
	assert_true(f->last.residence_ns != TIME_UNKNOWN);
}

/* Both minisocks live: a dump lists two of one cookie, and the older one ends first. */
static void two_minisocks_of_one_cookie_are_two(void **state)
{
	const struct row *totals;
	struct fixture *f = *state;
	struct end both[2];

	feed_ready(f, TW_BY_FENTRY);
	totals = model_totals(f->model);
	both[0] = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	both[1] = both[0];
	both[1].tuple.local_port++;
	feed_connected(f, &both[1]);
	feed_brief(f, &both[1], TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &both[1], TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_born(f, &both[1], TW_TIME_WAIT);
	feed_brief(f, &both[1], TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	feed_dump(f, both, 2, TW_TIME_WAIT, 0);
	feed_dump(f, both, 2, TW_TIME_WAIT, 0);
	assert_int_equal(totals->count[FIELD_TIME_WAIT], 2);
	f->heard[0] = '\0';
	feed_ended(f, &both[0], TW_TIME_WAIT, TW_END_DESTROYED);
	assert_heard(f, "-TIME_WAIT destroyed");
	feed_dump(f, &both[1], 1, TW_TIME_WAIT, 0);
	feed_ended(f, &both[1], TW_TIME_WAIT, TW_END_EXPIRED);
	assert_int_equal(totals->count[FIELD_TIME_WAIT], 0);
	assert_int_equal(totals->count[FIELD_TW_ENTERED], 2);
	assert_int_equal(totals->count[FIELD_TW_DESTROYED], 1);
	assert_int_equal(totals->count[FIELD_TW_EXPIRED], 1);
}

static void a_pending_minisock_that_ends_was_born_first(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	feed_close(f, &end, ORPHANED);
	feed_ended(f, &end, TW_FIN_WAIT2, TW_END_RESET);
	assert_heard(f, "+FIN_WAIT2 inferred; -FIN_WAIT2 reset");
	assert_int_equal(f->last.evidence, EVIDENCE_FENTRY);
	pass(f, SECOND);
	assert_heard(f, "");
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait_other 1 time_wait_reset 1");
}

static void an_end_of_what_left_no_minisock_is_nothing(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	feed_close(f, &end, TW_F_LOCKED | TW_F_ALL_ACKED);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_EXPIRED);
	feed_mini(f, TW_MINI_TURNED, &end, TW_TIME_WAIT, 0);
	assert_heard(f, "");
	assert_totals(f, ONE_CLOSED " resets 1");
}

static void what_nobody_knows_is_ignored(void **state)
{
	static const enum tw_kind kinds[] = { TW_MINI_BORN, TW_MINI_REFUSED, TW_MINI_TURNED,
					      TW_MINI_ENDED };
	struct fixture *f = *state;
	struct end stranger = client(9), nobody = client(0);

	feed_ready(f, TW_BY_FENTRY);
	for (size_t i = 0; i < 4; i++) {
		feed_mini(f, kinds[i], &stranger, TW_TIME_WAIT, TW_END_RESET);
		feed_mini(f, kinds[i], &nobody, TW_TIME_WAIT, TW_END_RESET);
	}
	assert_heard(f, "");
	assert_totals(f, "");
	assert_int_equal(f->model->conns.count, 0);
	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++)
		assert_int_equal(model_loss(f->model, cause), 0);
}

static void a_minisock_without_a_cookie_is_found_by_its_tuple(void **state)
{
	struct tw_minisock brief = { 0 };
	struct fixture *f = *state;
	struct end end, other;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_FIN_WAIT2);
	end.cookie = 0;
	other = end;
	other.tuple.local_port++;
	feed_ended(f, &other, TW_FIN_WAIT2, TW_END_EXPIRED);
	other = end;
	other.tuple.netns_cookie++;
	feed_ended(f, &other, TW_FIN_WAIT2, TW_END_EXPIRED);
	/* neither cookie nor tuple */
	brief.head = head_of(f, TW_MINI_ENDED, TW_MINISOCK_SHORT);
	brief.head.from = TW_FIN_WAIT2;
	feed(f, &brief, TW_MINISOCK_SHORT);
	assert_heard(f, "");
	feed_mini(f, TW_MINI_TURNED, &end, TW_TIME_WAIT, 0);
	assert_heard(f, "FIN_WAIT2~TIME_WAIT");
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_RESET);
	assert_heard(f, "-TIME_WAIT reset");
	assert_int_equal(model_loss(f->model, TW_LOSS_MALFORMED), 0);
}

/* Only an end may come so late that the socket of this tuple is another one. */
static void a_full_socket_is_not_found_by_its_tuple(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	end.cookie = 0;
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_EXPIRED);
	end.cookie = 1;
	feed_close(f, &end, ORDERLY);
	assert_heard(f, "+TIME_WAIT inferred");
}

/* One made before its socket had a cookie got one of its own when a dump asked for it. */
static void a_minisock_that_a_dump_gave_a_cookie_ends_under_it(void **state)
{
	struct fixture *f = *state;
	struct end end, named;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	named = end;
	named.cookie = 77;
	feed_dump(f, &named, 1, TW_TIME_WAIT, 0);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_EXPIRED);
	assert_heard(f, "");
	feed_ended(f, &named, TW_TIME_WAIT, TW_END_DESTROYED);
	assert_heard(f, "-TIME_WAIT destroyed");
	assert_true(f->last.residence_ns != TIME_UNKNOWN);
	pass(f, SECOND);
	assert_int_equal(f->model->conns.count, 0);
}

/* Its ->CLOSE came while the dump was taken, which already knew it by another cookie. */
static void a_pending_minisock_that_a_dump_gave_a_cookie_is_born(void **state)
{
	struct fixture *f = *state;
	struct end end, named;
	uint64_t began_ns;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	pass(f, SECOND);
	began_ns = f->now_ns;
	feed_close(f, &end, ORPHANED);
	named = end;
	named.cookie = 77;
	f->now_ns = began_ns;
	feed_begin(f);
	feed_found(f, &named, TW_FIN_WAIT2, 59000);
	feed_end(f, 1, 0);
	pass(f, SECOND);
	assert_heard(f, "+FIN_WAIT2 inferred");
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 fin_wait2 1 fin_wait2_orphans 1");
}

/* It was found at start: when it was born nobody knows, how it ended the tier does. */
static void the_end_of_one_found_at_start_has_a_reason_and_no_residence(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_tier(f, TW_BY_FENTRY);
	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 30000);
	feed_end(f, 1, 0);
	feed_bare(f, TW_READY);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_DESTROYED);
	assert_heard(f, "-TIME_WAIT destroyed");
	assert_int_equal(f->last.evidence, EVIDENCE_FENTRY);
	assert_true(f->last.residence_ns == TIME_UNKNOWN);
	assert_totals(f, "time_wait_other 1 time_wait_destroyed 1");
}

/* ---------------------------------------------------------------- dumps and successors */

/* Listed, then ended, then the dump was delivered; or listed with its node just unhashed. */
static void a_dump_does_not_revive_what_has_just_ended(void **state)
{
	struct fixture *f = *state;
	struct end during, before;
	uint64_t began_ns;

	feed_ready(f, TW_BY_FENTRY);
	during = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	before = feed_born_and_closed(f, 2, TW_TIME_WAIT);
	pass(f, SECOND);
	feed_ended(f, &before, TW_TIME_WAIT, TW_END_RESET);
	f->now_ns += 5 * MS;
	began_ns = f->now_ns;
	f->now_ns += 50 * MS;
	feed_ended(f, &during, TW_TIME_WAIT, TW_END_DESTROYED);
	assert_heard(f, "-TIME_WAIT reset; -TIME_WAIT destroyed");
	f->now_ns = began_ns;
	feed_begin(f);
	feed_found(f, &during, TW_TIME_WAIT, 58000);
	feed_found(f, &before, TW_TIME_WAIT, 58000);
	f->now_ns += 60 * MS;
	feed_end(f, 0, 0);
	assert_heard(f, "");
	assert_totals(f, "connections 2 opened 2 closed 2 closed_first 2 time_wait_entered 2 "
			 "time_wait_other 2 time_wait_reset 1 time_wait_destroyed 1");
}

static void a_successor_of_one_that_has_ended_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct end end, next;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	next = end;
	next.cookie = 2;
	f->now_ns += SECOND;
	feed_connect(f, &next);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_REUSED);
	feed_full(f, &next, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_heard(f, "CLOSE>SYN_SENT; -TIME_WAIT reused; SYN_SENT>ESTABLISHED");
	assert_int_equal(f->told[EVENT_TIME_WAIT_EXIT], 1);
}

static void a_successor_tells_the_end_that_was_not_told(void **state)
{
	struct fixture *f = *state;
	struct end end, next = server(3);

	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	end.cookie = 2;
	feed_connected(f, &end);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>ESTABLISHED; -TIME_WAIT reused");
	assert_int_equal(f->last.evidence, EVIDENCE_INFERRED);

	feed_accepted(f, &next);
	feed_brief(f, &next, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &next, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_born(f, &next, TW_TIME_WAIT);
	feed_brief(f, &next, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	f->heard[0] = '\0';
	next.cookie = 4;
	feed_accepted(f, &next);
	assert_heard(f, "LISTEN>SYN_RECV; SYN_RECV>ESTABLISHED; -TIME_WAIT reopened");
	assert_int_equal(f->last.evidence, EVIDENCE_INFERRED);
	/* what the tier says of it afterwards is about nothing */
	next.cookie = 3;
	feed_ended(f, &next, TW_TIME_WAIT, TW_END_REOPENED);
	assert_heard(f, "");
}

/* tcp_sk_exit_batch() runs some time after the last process has left. */
static void a_namespace_that_is_gone_purges_when_the_tier_says_so(void **state)
{
	struct fixture *f = *state;
	uint64_t born_ns;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	born_ns = f->now_ns;
	feed_gone(f);
	assert_heard(f, "");
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait 1");
	pass(f, 2 * SECOND);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_PURGED);
	assert_heard(f, "-TIME_WAIT purged");
	assert_int_equal(f->last.evidence, EVIDENCE_FENTRY);
	assert_int_equal(f->last.residence_ns, f->now_ns - born_ns);
	pass(f, SECOND);
	assert_int_equal(f->model->conns.count, 0);
	assert_int_equal(f->model->netns.count, 0);
}

static void a_purge_that_is_not_told_is_inferred_in_the_end(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	feed_born_and_closed(f, 1, TW_TIME_WAIT);
	end = feed_closing(f, 2);
	feed_close(f, &end, ORPHANED);
	feed_gone(f);
	assert_heard(f, "+FIN_WAIT2 inferred");
	for (unsigned int i = 0; i < 9; i++)
		pass(f, SECOND);
	assert_heard(f, "");
	pass(f, 2 * SECOND);
	assert_int_equal(f->told[EVENT_TIME_WAIT_EXIT], 2);
	assert_int_equal(f->last.reason, END_PURGED);
	assert_int_equal(f->last.evidence, EVIDENCE_INFERRED);
	assert_true(f->last.residence_ns == TIME_UNKNOWN);
	pass(f, SECOND);
	assert_int_equal(f->model->netns.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(an_end_has_its_reason_and_its_residence),
		fixture_test(an_end_tells_the_substate_that_turned_without_a_word),
		fixture_test(what_is_told_before_the_close_waits_for_it),
		fixture_test(an_end_told_early_has_its_own_time),
		fixture_test(early_ends_find_each_its_own_minisock),
		fixture_test(an_early_end_is_its_own_sources),
		fixture_test(what_came_early_and_found_nothing_is_forgotten),
		fixture_test(the_ends_of_two_lives_are_told_apart_by_their_ports),
		fixture_test(two_minisocks_of_one_cookie_are_two),
		fixture_test(a_pending_minisock_that_ends_was_born_first),
		fixture_test(an_end_of_what_left_no_minisock_is_nothing),
		fixture_test(what_nobody_knows_is_ignored),
		fixture_test(a_minisock_without_a_cookie_is_found_by_its_tuple),
		fixture_test(a_full_socket_is_not_found_by_its_tuple),
		fixture_test(a_minisock_that_a_dump_gave_a_cookie_ends_under_it),
		fixture_test(a_pending_minisock_that_a_dump_gave_a_cookie_is_born),
		fixture_test(the_end_of_one_found_at_start_has_a_reason_and_no_residence),
		fixture_test(a_dump_does_not_revive_what_has_just_ended),
		fixture_test(a_successor_of_one_that_has_ended_changes_nothing),
		fixture_test(a_successor_tells_the_end_that_was_not_told),
		fixture_test(a_namespace_that_is_gone_purges_when_the_tier_says_so),
		fixture_test(a_purge_that_is_not_told_is_inferred_in_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
