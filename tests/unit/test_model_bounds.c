// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bounds: rows and connections that are folded and turned away, namespaces that are
 * purged and forgotten, look-ups that are given up.
 */
#include "model_fixture.h"

static void feed_gone(struct fixture *f, uint64_t netns)
{
	struct tw_name record = { .id = netns };

	record.head = head_of(f, TW_NETNS_GONE, sizeof(record));
	feed(f, &record, sizeof(record));
}

static void past_max_conns_a_connection_is_a_loss(void **state)
{
	struct fixture *f = *state;
	struct end ends[] = { client(1), client(2), client(3) };

	fixture_start(f, &(struct model_opts){ .max_conns = 2 });
	feed_bare(f, TW_READY);
	for (unsigned int i = 0; i < 3; i++)
		feed_connect(f, &ends[i]);
	assert_totals(f, "open 2 syn_sent 2");
	assert_int_equal(model_loss(f->model, TW_LOSS_NO_MEMORY), 1);
	/* room again once another has ended and its tombstone is gone */
	feed_transition(f, &ends[0], TW_SYN_SENT, TW_CLOSE, 0, 110, TW_TRANSITION_FULL);
	pass(f, 20 * MS);
	feed_full(f, &ends[2], TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_totals(f, "connections 1 opened 1 failed 1 open 2 syn_sent 1 established 1");
}

static void past_max_rows_living_rows_make_others_other(void **state)
{
	struct fixture *f = *state;
	struct end ends[20];

	fixture_start(f, &(struct model_opts){ .max_rows = 4 });
	feed_bare(f, TW_READY);
	for (unsigned int i = 0; i < 20; i++) {
		ends[i] = client(i + 1);
		ends[i].tuple.remote_port = 1000 + i;
		ends[i].tuple.remote_addr[15] = i;
		feed_connected(f, &ends[i]);
	}
	assert_totals(f, "connections 20 opened 20 open 20 established 20");
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++) {
		const struct rows *rows = model_rows(f->model, dim);

		assert_true(rows->pool.count <= 5);
		if (dim != DIM_SERVICE)
			assert_int_equal(rows_at(rows, ROW_OTHER)->count[FIELD_OPENED], 16);
	}
	for (unsigned int i = 0; i < 20; i++)
		feed_close_first(f, &ends[i], ORDERLY);
	pass(f, 100 * SECOND);
	pass(f, SECOND);
	assert_totals(f, "connections 20 opened 20 closed 20 closed_first 20 time_wait_entered 20 "
			 "time_wait_expired 20");
}

static void idle_rows_are_folded_and_keep_their_sums(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, &(struct model_opts){ .max_rows = 4 });
	feed_bare(f, TW_READY);
	for (unsigned int i = 0; i < 50; i++) {
		struct end end = client(i + 1);

		end.tuple.remote_port = 1000 + i;
		feed_connected(f, &end);
		feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED);
		pass(f, 20 * MS);
	}
	assert_totals(f, "connections 50 opened 50 closed 50 resets 50");
	assert_int_equal(model_rows(f->model, DIM_PORT)->folded, 46);
	assert_int_equal(f->model->conns.count, 0);
}

static void whose_folded_pairs_were_is_kept_without_their_remotes(void **state)
{
	struct fixture *f = *state;
	const struct rows *places;
	uint64_t opened = 0;
	uint32_t id;

	fixture_start(f, &(struct model_opts){ .max_rows = 4 });
	feed_bare(f, TW_READY);
	for (unsigned int i = 0; i < 50; i++) {
		struct end end = client(i + 1);

		end.tuple.remote_addr[15] = i;
		feed_connected(f, &end);
		feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED);
		pass(f, 20 * MS);
	}
	places = model_places(f->model);
	assert_int_equal(model_rows(f->model, DIM_PAIR)->folded, 46);
	/* of one service, one port, one role */
	assert_int_equal(places->pool.count, 2);
	for (id = pool_next(&places->pool, 0); id != POOL_NONE;
	     id = pool_next(&places->pool, id + 1))
		opened += rows_at(places, id)->count[FIELD_OPENED];
	assert_int_equal(opened, 46);
	assert_int_equal(rows_at(places, ROW_OTHER)->count[FIELD_OPENED], 0);
}

static void what_was_folded_before_ready_is_of_no_place(void **state)
{
	struct fixture *f = *state;
	const struct rows *places;
	uint32_t id;

	fixture_start(f, &(struct model_opts){ .max_rows = 1 });
	for (unsigned int i = 0; i < 3; i++) {
		struct end end = client(i + 1);

		end.tuple.remote_port = 1000 + i;
		feed_connected(f, &end);
		feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED);
		pass(f, 20 * MS);
	}
	places = model_places(f->model);
	assert_true(places->pool.count > 1);
	feed_bare(f, TW_READY);
	for (id = pool_next(&places->pool, 0); id != POOL_NONE;
	     id = pool_next(&places->pool, id + 1))
		for (unsigned int field = 0; field < NR_FIELDS; field++)
			assert_int_equal(rows_at(places, id)->count[field], 0);
}

static void minisocks_are_purged_with_their_namespace(void **state)
{
	struct fixture *f = *state;
	struct end mini = client(1), open = client(2), other = client(3);

	other.tuple.netns_cookie = 8;
	feed_bare(f, TW_READY);
	feed_connected(f, &mini);
	feed_connected(f, &open);
	feed_connected(f, &other);
	feed_close_first(f, &mini, ORDERLY);
	f->heard[0] = '\0';
	f->now_ns += 5 * SECOND;
	feed_gone(f, NETNS);
	assert_heard(f, "-TIME_WAIT purged");
	assert_true(f->last.residence_ns != TIME_UNKNOWN);
	assert_totals(f, "connections 3 opened 3 closed 2 closed_first 1 time_wait_entered 1 "
			 "time_wait_other 1 time_wait_purged 1 open 1 established 1");
}

static void one_that_was_due_has_expired_before_its_namespace_ended(void **state)
{
	struct fixture *f = *state;
	struct end mini = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &mini);
	feed_close_first(f, &mini, ORDERLY);
	f->heard[0] = '\0';
	f->now_ns += 61 * SECOND;
	feed_gone(f, NETNS);
	assert_heard(f, "-TIME_WAIT expired");
	assert_true(f->last.residence_ns == TIME_UNKNOWN);
}

/* Due alone does not end it. */
static void one_that_the_wheel_had_not_come_to_is_purged(void **state)
{
	struct fixture *f = *state;
	struct end mini = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &mini);
	feed_close_first(f, &mini, ORDERLY);
	feed_wheel(f, f->last_view.since_ns + 62 * SECOND);
	f->heard[0] = '\0';
	f->now_ns += 61 * SECOND;
	feed_gone(f, NETNS);
	assert_heard(f, "-TIME_WAIT purged");
}

/* Every exit has had its entry, also where both come in one breath. */
static void a_pending_minisock_that_is_purged_was_born_first(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_close_first(f, &end, TW_F_ORPHAN | TW_F_ALL_ACKED);
	f->heard[0] = '\0';
	feed_gone(f, NETNS);
	assert_heard(f, "+FIN_WAIT2 inferred; -FIN_WAIT2 purged");
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait_other 1 time_wait_purged 1");
}

/* A host of short-lived containers has had thousands. */
static void a_namespace_that_is_gone_is_forgotten(void **state)
{
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	for (unsigned int i = 0; i < 100; i++) {
		struct end end = client(1 + i);

		end.tuple.netns_cookie = 100 + i;
		feed_connected(f, &end);
		feed_close_first(f, &end, ORDERLY);
		feed_gone(f, 100 + i);
		f->heard[0] = 0;
		pass(f, SECOND);
	}
	pass(f, SECOND);
	assert_int_equal(f->model->conns.count, 0);
	assert_true(f->model->netns.count <= 1);
}

static void a_namespace_that_is_gone_has_no_audit(void **state)
{
	const struct audit *audits;
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	for (unsigned int netns = 1; netns <= 3; netns++) {
		feed_snapshot(f, TW_SNAPSHOT_BEGIN, netns, 0, 0, 0);
		feed_snapshot(f, TW_SNAPSHOT_END, netns, 0, 0, 0);
	}
	feed_gone(f, 1);
	assert_int_equal(model_audits(f->model, &audits), 2);
	assert_int_not_equal(audits[0].netns_cookie, 1);
	assert_int_not_equal(audits[1].netns_cookie, 1);
	feed_gone(f, 99);
	assert_int_equal(model_audits(f->model, &audits), 2);
}

static void namespaces_with_one_inode_number_stay_apart(void **state)
{
	struct fixture *f = *state;
	struct end first = client(1), second = client(2);

	/* the inode number was given out again at once, and the tuple is the same */
	second.tuple = first.tuple;
	second.tuple.netns_cookie = 8;
	feed_bare(f, TW_READY);
	feed_connected(f, &first);
	feed_close_first(f, &first, ORDERLY);
	feed_connected(f, &second);
	assert_totals(f, "connections 2 opened 2 closed 1 closed_first 1 time_wait_entered 1 "
			 "open 1 established 1 time_wait 1");
}

static void one_that_no_look_up_names_is_asked_for_less_and_less(void **state)
{
	static const unsigned int patience[] = { 1, 4, 16, 64 };
	struct fixture *f = *state;
	struct end end = client(1);
	uint64_t born_ns;

	feed_bare(f, TW_READY);
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	born_ns = f->now_ns;
	for (unsigned int i = 0; i < 4; i++) {
		f->now_ns = born_ns + patience[i] * SECOND - MS;
		feed_bare(f, TW_TICK);
		assert_false(model_wants_holders(f->model, SECOND));
		/* not asked for at once again */
		f->now_ns += MS;
		feed_bare(f, TW_TICK);
		assert_true(model_wants_holders(f->model, SECOND));
		feed_bare(f, TW_HOLDERS_END);
	}
	pass(f, 10000 * SECOND);
	assert_false(model_wants_holders(f->model, SECOND));
}

static void one_that_is_owned_or_gone_is_not_asked_for(void **state)
{
	struct fixture *f = *state;
	struct end owned = client(1), gone = client(2);

	feed_bare(f, TW_READY);
	feed_connected(f, &owned);
	feed_full(f, &gone, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	feed_brief(f, &gone, TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED);
	f->now_ns += 100 * SECOND;
	assert_false(model_wants_holders(f->model, SECOND));
	assert_false(model_wants_holder(f->model, gone.cookie, 0));
	assert_false(model_wants_holder(f->model, 999, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(past_max_conns_a_connection_is_a_loss),
		fixture_test(past_max_rows_living_rows_make_others_other),
		fixture_test(whose_folded_pairs_were_is_kept_without_their_remotes),
		fixture_test(what_was_folded_before_ready_is_of_no_place),
		fixture_test(idle_rows_are_folded_and_keep_their_sums),
		fixture_test(minisocks_are_purged_with_their_namespace),
		fixture_test(one_that_was_due_has_expired_before_its_namespace_ended),
		fixture_test(one_that_the_wheel_had_not_come_to_is_purged),
		fixture_test(a_pending_minisock_that_is_purged_was_born_first),
		fixture_test(a_namespace_that_is_gone_is_forgotten),
		fixture_test(a_namespace_that_is_gone_has_no_audit),
		fixture_test(namespaces_with_one_inode_number_stay_apart),
		fixture_test(one_that_no_look_up_names_is_asked_for_less_and_less),
		fixture_test(one_that_is_owned_or_gone_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
