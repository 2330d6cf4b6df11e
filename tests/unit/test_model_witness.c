// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an evidence tier tells of minisocks: births before their socket's ->CLOSE,
 * refusals, the substate that turns. What it does not tell is inferred as ever. Ends
 * are in test_model_witness_ends.c.
 */
#include "model_tiers.h"

/* ---------------------------------------------------------------------------- births */

static void a_birth_rests_on_its_tier(void **state)
{
	static const struct {
		enum tw_evidence tier;
		enum tw_state substate;
		const char *heard, *gauge;
	} births[] = {
		{ TW_BY_FENTRY, TW_TIME_WAIT, "+TIME_WAIT fentry", "time_wait 1" },
		{ TW_BY_FENTRY, TW_FIN_WAIT2, "+FIN_WAIT2 fentry",
		  "fin_wait2 1 fin_wait2_orphans 1" },
		{ TW_BY_KPROBE, TW_TIME_WAIT, "+TIME_WAIT kprobe", "time_wait 1" },
		{ TW_BY_KPROBE, TW_FIN_WAIT2, "+FIN_WAIT2 kprobe",
		  "fin_wait2 1 fin_wait2_orphans 1" },
		{ TW_BY_TIMER, TW_TIME_WAIT, "+TIME_WAIT timer", "time_wait 1" },
		{ TW_BY_TIMER, TW_FIN_WAIT2, "+FIN_WAIT2 timer",
		  "fin_wait2 1 fin_wait2_orphans 1" },
	};
	struct fixture *f = *state;
	char totals[200];

	for (size_t i = 0; i < sizeof(births) / sizeof(births[0]); i++) {
		struct end end;

		fixture_start(f, &(struct model_opts){ 0 });
		feed_ready(f, births[i].tier);
		end = feed_closing(f, 1);
		feed_born(f, &end, births[i].substate);
		/* told before it is entered: the socket has not ended yet */
		assert_heard(f, "");
		assert_totals(f, "connections 1 opened 1 closed_first 1 open 1 fin_wait2 1");
		feed_close(f, &end, births[i].substate == TW_TIME_WAIT ? ORDERLY : ORPHANED);
		assert_heard(f, births[i].heard);
		assert_int_equal(f->last.substate, births[i].substate);
		snprintf(totals, sizeof(totals), ONE_CLOSED " time_wait_entered 1 %s",
			 births[i].gauge);
		assert_totals(f, totals);
		pass(f, SECOND);
		assert_heard(f, "");
		assert_int_equal(model_loss(f->model, TW_LOSS_UNTOLD), 0);
	}
}

/* The kernel has made it, whatever the facts of the last transition would say. */
static void what_is_told_goes_before_what_would_be_inferred(void **state)
{
	static const struct {
		const char *why;
		uint16_t flags;
		bool reset;
		enum tw_state substate;
		const char *heard;
	} births[] = {
		{ "nothing would remain", TW_F_ALL_ACKED, false, TW_FIN_WAIT2,
		  "+FIN_WAIT2 fentry" },
		{ "nothing would remain of this one either", TW_F_ORPHAN | TW_F_LINGER2_NEG, false,
		  TW_TIME_WAIT, "+TIME_WAIT fentry" },
		{ "a RST just before", ORPHANED, true, TW_FIN_WAIT2, "+FIN_WAIT2 fentry" },
		{ "the other substate", ORDERLY, false, TW_FIN_WAIT2, "+FIN_WAIT2 fentry" },
		{ "and the other way round", ORPHANED, false, TW_TIME_WAIT, "+TIME_WAIT fentry" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(births) / sizeof(births[0]); i++) {
		struct end end;

		fixture_start(f, &(struct model_opts){ 0 });
		feed_ready(f, TW_BY_FENTRY);
		end = feed_closing(f, 1);
		feed_born(f, &end, births[i].substate);
		if (births[i].reset)
			feed_reset(f, &end, TW_FIN_WAIT2);
		feed_close(f, &end, births[i].flags);
		check_text(births[i].why, f->heard, births[i].heard, __FILE__, __LINE__);
	}
}

/* A RST that comes after ->CLOSE says that data came after close(), to an inferred birth. */
static void a_birth_that_was_told_is_not_taken_back(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_FIN_WAIT2);
	feed_reset(f, &end, TW_CLOSE);
	pass(f, SECOND);
	assert_heard(f, "");
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 fin_wait2 1 fin_wait2_orphans 1");
}

static void a_birth_that_was_not_told_is_inferred(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	feed_close(f, &end, ORDERLY);
	assert_heard(f, "+TIME_WAIT inferred");
	end = feed_closing(f, 2);
	feed_close(f, &end, ORPHANED);
	assert_heard(f, "");
	pass(f, 20 * MS);
	assert_heard(f, "+FIN_WAIT2 inferred");
	assert_int_equal(model_loss(f->model, TW_LOSS_UNTOLD), 2);
}

/* What a lesser tier cannot tell is no loss of it. */
static void an_inferred_birth_is_no_loss_where_nothing_tells(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_INFERENCE);
	end = feed_closing(f, 1);
	feed_close(f, &end, ORDERLY);
	assert_heard(f, "+TIME_WAIT inferred");
	assert_int_equal(model_loss(f->model, TW_LOSS_UNTOLD), 0);
}

/* __inet_twsk_schedule() arms the timer anew for each FIN that comes again. */
static void a_timer_armed_anew_is_no_second_birth(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_TIMER);
	end = feed_born_and_closed(f, 1, TW_FIN_WAIT2);
	feed_born(f, &end, TW_FIN_WAIT2);
	assert_heard(f, "");
	f->now_ns += 3 * SECOND;
	feed_born(f, &end, TW_TIME_WAIT);
	assert_heard(f, "FIN_WAIT2~TIME_WAIT");
	assert_int_equal(f->last.ts_ns, f->now_ns);
	assert_int_equal(f->last.evidence, EVIDENCE_TIMER);
	feed_born(f, &end, TW_TIME_WAIT);
	assert_heard(f, "");
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait 1");
}

/* Its ->CLOSE was lost: the dump heals, and is what the birth rests on. */
static void a_birth_told_without_a_close_waits_for_the_dump(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	feed_born(f, &end, TW_TIME_WAIT);
	feed_dump(f, &end, 1, TW_TIME_WAIT, 0);
	assert_heard(f, "+TIME_WAIT snapshot");
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait 1");
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_RESET);
	assert_heard(f, "-TIME_WAIT reset");
	/* nobody has seen when it was born */
	assert_true(f->last.residence_ns == TIME_UNKNOWN);
}

/* --------------------------------------------------------------------------- refusals */

static void a_refusal_is_told_at_once(void **state)
{
	static const enum tw_state substates[] = { TW_TIME_WAIT, TW_FIN_WAIT2 };
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		struct end end;

		fixture_start(f, &(struct model_opts){ 0 });
		feed_ready(f, TW_BY_FENTRY);
		end = feed_closing(f, 1);
		feed_mini(f, TW_MINI_REFUSED, &end, substates[i], 0);
		assert_heard(f, "");
		feed_close(f, &end, substates[i] == TW_TIME_WAIT ? ORDERLY : ORPHANED);
		assert_heard(f, "time_wait_refused");
		assert_int_equal(f->last.substate, substates[i]);
		assert_int_equal(f->last.evidence, EVIDENCE_FENTRY);
		assert_int_equal(f->last.count, 1);
		pass(f, SECOND);
		assert_heard(f, "");
		assert_totals(f, ONE_CLOSED " time_wait_refused 1");
		assert_int_equal(f->model->conns.count, 0);
	}
}

/* The overflow that the next dump counts is that very refusal, and no other birth's. */
static void a_refusal_that_was_told_is_not_inferred_once_more(void **state)
{
	struct fixture *f = *state;
	struct end told, untold;

	feed_tier(f, TW_BY_FENTRY);
	feed_dump(f, NULL, 0, 0, 5);
	feed_bare(f, TW_READY);
	told = feed_closing(f, 1);
	untold = feed_closing(f, 2);
	feed_mini(f, TW_MINI_REFUSED, &told, TW_TIME_WAIT, 0);
	feed_close(f, &told, ORDERLY);
	f->heard[0] = '\0';
	feed_close(f, &untold, ORDERLY);
	f->heard[0] = '\0';
	feed_dump(f, NULL, 0, 0, 6);
	assert_heard(f, "-TIME_WAIT unknown");
	assert_int_equal(f->told[EVENT_TIME_WAIT_REFUSED], 1);
	/* nor kept for the dump after */
	untold = feed_closing(f, 3);
	feed_close(f, &untold, ORDERLY);
	feed_dump(f, NULL, 0, 0, 6);
	assert_int_equal(f->told[EVENT_TIME_WAIT_REFUSED], 1);
}

/* The kernel's figure is as of the end of the dump, the ring was read empty after that. */
static void a_refusal_told_since_the_dump_is_the_next_ones(void **state)
{
	struct fixture *f = *state;
	struct end late, untold;
	uint64_t end_ns;

	feed_tier(f, TW_BY_FENTRY);
	feed_dump(f, NULL, 0, 0, 0);
	feed_bare(f, TW_READY);
	late = feed_closing(f, 1);
	pass(f, SECOND);
	feed_begin(f);
	end_ns = f->now_ns;
	feed_mini(f, TW_MINI_REFUSED, &late, TW_TIME_WAIT, 0);
	feed_close(f, &late, ORDERLY);
	f->now_ns = end_ns;
	feed_end(f, 0, 0);
	f->heard[0] = '\0';
	untold = feed_closing(f, 2);
	feed_close(f, &untold, ORDERLY);
	f->heard[0] = '\0';
	feed_dump(f, NULL, 0, 0, 1);
	assert_heard(f, "-TIME_WAIT unknown");
	assert_int_equal(model_totals(f->model)->count[FIELD_TW_REFUSED], 1);
}

/* The timer's tier sees no allocation fail: what it did not tell of may never have been. */
static void a_refusal_that_was_not_told_is_inferred(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_tier(f, TW_BY_TIMER);
	feed_dump(f, NULL, 0, 0, 0);
	feed_bare(f, TW_READY);
	feed_born_and_closed(f, 1, TW_TIME_WAIT);
	end = feed_closing(f, 2);
	feed_close(f, &end, ORDERLY);
	assert_heard(f, "+TIME_WAIT inferred");
	assert_int_equal(model_loss(f->model, TW_LOSS_UNTOLD), 0);
	feed_dump(f, (struct end[]){ client(1) }, 1, TW_TIME_WAIT, 1);
	assert_heard(f, "time_wait_refused");
	assert_int_equal(f->last.evidence, EVIDENCE_INFERRED);
	assert_int_equal(model_loss(f->model, TW_LOSS_UNTOLD), 0);
}

static void one_that_a_dump_lists_was_born_and_missed(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_tier(f, TW_BY_TIMER);
	feed_dump(f, NULL, 0, 0, 0);
	feed_bare(f, TW_READY);
	end = feed_closing(f, 2);
	feed_close(f, &end, ORDERLY);
	assert_int_equal(model_loss(f->model, TW_LOSS_UNTOLD), 0);
	feed_dump(f, &end, 1, TW_TIME_WAIT, 0);
	feed_dump(f, &end, 1, TW_TIME_WAIT, 0);
	assert_int_equal(model_loss(f->model, TW_LOSS_UNTOLD), 1);
}

/* Wanted only since its listener is known, and so never counted as missed. */
static void a_birth_that_was_not_wanted_was_not_missed(void **state)
{
	struct tw_holder holder = { .cookie = 1, .owner = { .tgid = 200, .comm = "server" } };
	struct end listener = server(1), end = server(2);
	struct fixture *f = *state;

	fixture_start(f, &(struct model_opts){ .filter = { .pid = 200 } });
	listener.tuple.remote_port = 0;
	feed_tier(f, TW_BY_FENTRY);
	feed_begin(f);
	feed_found(f, &end, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	feed_bare(f, TW_READY);
	feed_close_first(f, &end, ORDERLY);
	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	holder.head = head_of(f, TW_HOLDER, sizeof(holder));
	holder.head.flags = TW_H_FIRST;
	holder.started_ns = START_NS - SECOND;
	feed(f, &holder, sizeof(holder));
	pass(f, SECOND);
	f->heard[0] = '\0';
	feed_begin(f);
	feed_found(f, &listener, TW_LISTEN, FULL);
	feed_end(f, 0, 1);
	assert_heard(f, "time_wait_refused");
	assert_int_equal(model_loss(f->model, TW_LOSS_UNTOLD), 0);
}

/* A birth that was told has happened: overflow is another one's. */
static void a_birth_that_was_told_was_not_refused(void **state)
{
	struct fixture *f = *state;

	feed_tier(f, TW_BY_FENTRY);
	feed_dump(f, NULL, 0, 0, 0);
	feed_bare(f, TW_READY);
	feed_born_and_closed(f, 1, TW_TIME_WAIT);
	feed_dump(f, NULL, 0, 0, 1);
	assert_heard(f, "-TIME_WAIT unknown");
}

/* --------------------------------------------------------------------------- substates */

static void keep_view(void *ctx, const struct conn_view *view)
{
	*(struct conn_view *)ctx = *view;
}

static void a_substate_turns_at_its_own_time(void **state)
{
	struct conn_view view = { 0 };
	struct fixture *f = *state;
	struct end end;
	uint64_t turned_ns;

	feed_ready(f, TW_BY_KPROBE);
	end = feed_born_and_closed(f, 1, TW_FIN_WAIT2);
	f->now_ns += 7 * SECOND;
	feed_mini(f, TW_MINI_TURNED, &end, TW_TIME_WAIT, 0);
	turned_ns = f->now_ns;
	assert_heard(f, "FIN_WAIT2~TIME_WAIT");
	assert_int_equal(f->last.ts_ns, turned_ns);
	assert_int_equal(f->last.evidence, EVIDENCE_KPROBE);
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait 1");
	model_each_conn(f->model, keep_view, &view);
	assert_int_equal(view.since_ns, turned_ns);
	assert_false(view.since_bound);
	assert_int_equal(view.expires_ns, turned_ns + 60 * SECOND);
	/* said twice, by a dump too, is said once */
	feed_mini(f, TW_MINI_TURNED, &end, TW_TIME_WAIT, 0);
	feed_dump(f, &end, 1, TW_TIME_WAIT, 0);
	assert_heard(f, "");
	model_each_conn(f->model, keep_view, &view);
	assert_int_equal(view.since_ns, turned_ns);
}

/* What was found at start is at least so old; from the FIN on its age is known. */
static void the_age_of_a_substate_that_was_told_is_exact(void **state)
{
	struct conn_view view = { 0 };
	struct fixture *f = *state;
	struct end end = client(1);

	feed_tier(f, TW_BY_FENTRY);
	feed_begin(f);
	feed_found(f, &end, TW_FIN_WAIT2, 30000);
	feed_end(f, 1, 0);
	feed_bare(f, TW_READY);
	model_each_conn(f->model, keep_view, &view);
	assert_true(view.since_bound);
	feed_mini(f, TW_MINI_TURNED, &end, TW_TIME_WAIT, 0);
	model_each_conn(f->model, keep_view, &view);
	assert_false(view.since_bound);
	assert_int_equal(view.since_ns, f->now_ns);
}

/* Listed, then turned, then the dump was delivered. */
static void a_dump_does_not_turn_a_substate_back(void **state)
{
	static const enum tw_kind kinds[] = { TW_MINI_TURNED, TW_MINI_BORN };
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		uint64_t began_ns;
		struct end end;

		fixture_start(f, &(struct model_opts){ 0 });
		feed_ready(f, TW_BY_TIMER);
		end = feed_born_and_closed(f, 1, TW_FIN_WAIT2);
		pass(f, SECOND);
		began_ns = f->now_ns;
		feed_mini(f, kinds[i], &end, TW_TIME_WAIT, 0);
		assert_heard(f, "FIN_WAIT2~TIME_WAIT");
		f->now_ns = began_ns;
		feed_begin(f);
		feed_found(f, &end, TW_FIN_WAIT2, 50000);
		feed_end(f, 1, 0);
		assert_heard(f, "");
		feed_dump(f, &end, 1, TW_TIME_WAIT, 0);
		assert_heard(f, "");
	}
}

static void a_pending_minisock_that_turns_was_born(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_closing(f, 1);
	feed_close(f, &end, ORPHANED);
	feed_mini(f, TW_MINI_TURNED, &end, TW_TIME_WAIT, 0);
	assert_heard(f, "+FIN_WAIT2 inferred; FIN_WAIT2~TIME_WAIT");
	pass(f, SECOND);
	assert_heard(f, "");
}

/* ------------------------------------------------------------------------------ tiers */

static void the_evidence_is_that_of_the_weakest_source(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(model_evidence(f->model), EVIDENCE_INFERRED);
	f->source = 5;
	feed_tier(f, TW_BY_FENTRY);
	assert_int_equal(model_evidence(f->model), EVIDENCE_FENTRY);
	feed_bare(f, TW_READY);
	f->source = 2;
	feed_tier(f, TW_BY_TIMER);
	assert_int_equal(model_evidence(f->model), EVIDENCE_TIMER);
	f->source = MODEL_MAX_SOURCES - 1;
	feed_tier(f, TW_BY_KPROBE);
	assert_int_equal(model_evidence(f->model), EVIDENCE_TIMER);
	/* an older recording says nothing of tiers */
	f->source = 0;
	feed_bare(f, TW_TICK);
	assert_int_equal(model_evidence(f->model), EVIDENCE_INFERRED);
}

static void each_source_rests_on_its_own_tier(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	f->source = 1;
	feed_tier(f, TW_BY_TIMER);
	end = feed_closing(f, 1);
	feed_born(f, &end, TW_TIME_WAIT);
	feed_close(f, &end, ORDERLY);
	assert_heard(f, "+TIME_WAIT timer");
	f->source = 0;
	end = feed_closing(f, 1);
	feed_born(f, &end, TW_TIME_WAIT);
	feed_close(f, &end, ORDERLY);
	assert_heard(f, "+TIME_WAIT fentry");
}

/* Recordings of one boot, one after the other, are one source. */
static void a_source_that_goes_on_under_another_tier_rests_on_the_weaker(void **state)
{
	static const struct {
		enum tw_evidence first, second;
		enum evidence both;
	} tiers[] = {
		{ TW_BY_FENTRY, TW_BY_TIMER, EVIDENCE_TIMER },
		{ TW_BY_TIMER, TW_BY_FENTRY, EVIDENCE_TIMER },
		{ TW_BY_KPROBE, TW_BY_INFERENCE, EVIDENCE_INFERRED },
		{ TW_BY_INFERENCE, TW_BY_KPROBE, EVIDENCE_INFERRED },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++) {
		fixture_start(f, &(struct model_opts){ 0 });
		feed_ready(f, tiers[i].first);
		feed_tier(f, tiers[i].second);
		assert_int_equal(model_evidence(f->model), tiers[i].both);
	}
	/* what came before the first word of a tier was inferred */
	fixture_start(f, &(struct model_opts){ 0 });
	feed_ready(f, TW_BY_INFERENCE);
	feed_tier(f, TW_BY_FENTRY);
	assert_int_equal(model_evidence(f->model), EVIDENCE_INFERRED);
}

/* -------------------------------------------------------------------------- malformed */

static void feed_malformed(struct fixture *f, const void *record, size_t len)
{
	uint64_t malformed = model_loss(f->model, TW_LOSS_MALFORMED);

	feed(f, record, len);
	assert_int_equal(model_loss(f->model, TW_LOSS_MALFORMED), malformed + 1);
	assert_heard(f, "");
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait 1");
	assert_int_equal(model_evidence(f->model), EVIDENCE_FENTRY);
}

static void a_record_that_makes_no_sense_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	for (unsigned int kind = TW_MINI_BORN; kind <= TW_MINI_ENDED; kind++) {
		struct tw_minisock record = { .cookie = end.cookie };

		record.head = head_of(f, kind, TW_MINISOCK_SHORT);
		for (unsigned int substate = 0; substate < 256; substate++) {
			record.head.from = substate;
			if (substate != TW_TIME_WAIT && substate != TW_FIN_WAIT2)
				feed_malformed(f, &record, TW_MINISOCK_SHORT);
		}
		record.head.from = TW_TIME_WAIT;
		feed_malformed(f, &record, TW_MINISOCK_SHORT - 1);
		record.head.size = sizeof(struct tw_record);
		feed_malformed(f, &record, TW_MINISOCK_SHORT);
	}
	for (unsigned int tier = TW_NR_EVIDENCE; tier < 256; tier++) {
		struct tw_record record = head_of(f, TW_TIER, sizeof(record));

		record.from = tier;
		feed_malformed(f, &record, sizeof(record));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_birth_rests_on_its_tier),
		fixture_test(what_is_told_goes_before_what_would_be_inferred),
		fixture_test(a_birth_that_was_told_is_not_taken_back),
		fixture_test(a_birth_that_was_not_told_is_inferred),
		fixture_test(an_inferred_birth_is_no_loss_where_nothing_tells),
		fixture_test(a_timer_armed_anew_is_no_second_birth),
		fixture_test(a_birth_told_without_a_close_waits_for_the_dump),
		fixture_test(a_refusal_is_told_at_once),
		fixture_test(a_refusal_that_was_told_is_not_inferred_once_more),
		fixture_test(a_refusal_told_since_the_dump_is_the_next_ones),
		fixture_test(a_refusal_that_was_not_told_is_inferred),
		fixture_test(one_that_a_dump_lists_was_born_and_missed),
		fixture_test(a_birth_that_was_not_wanted_was_not_missed),
		fixture_test(a_birth_that_was_told_was_not_refused),
		fixture_test(a_substate_turns_at_its_own_time),
		fixture_test(the_age_of_a_substate_that_was_told_is_exact),
		fixture_test(a_dump_does_not_turn_a_substate_back),
		fixture_test(a_pending_minisock_that_turns_was_born),
		fixture_test(the_evidence_is_that_of_the_weakest_source),
		fixture_test(each_source_rests_on_its_own_tier),
		fixture_test(a_source_that_goes_on_under_another_tier_rests_on_the_weaker),
		fixture_test(a_record_that_makes_no_sense_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
