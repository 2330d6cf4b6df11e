// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long minisocks last: the residence of those whose birth and end were seen, and
 * for how long all of them together have held their ports.
 */
#include "model_tiers.h"

static uint64_t held_ns(const struct fixture *f)
{
	return row_held_ns(model_totals(f->model), f->now_ns);
}

/* The row of this remote host, whatever else its key has; there is one. */
static const struct row *row_of(const struct fixture *f, enum dimension dimension,
				const struct end *end)
{
	const struct rows *rows = model_rows(f->model, dimension);
	const struct row *found = NULL;
	uint32_t id;

	for (id = pool_next(&rows->pool, 1); id != POOL_NONE; id = pool_next(&rows->pool, id + 1)) {
		if (memcmp(rows_at(rows, id)->key.remote_addr, end->tuple.remote_addr, 16))
			continue;
		assert_null(found);
		found = rows_at(rows, id);
	}
	assert_non_null(found);
	return found;
}

static const struct row *port_row(const struct fixture *f, uint16_t port, enum role role)
{
	const struct rows *rows = model_rows(f->model, DIM_PORT);
	uint32_t id;

	for (id = pool_next(&rows->pool, 1); id != POOL_NONE; id = pool_next(&rows->pool, id + 1))
		if (rows_at(rows, id)->key.port == port && rows_at(rows, id)->key.role == role)
			return rows_at(rows, id);
	fail_msg("port %u has no row", port);
	return NULL;
}

/* -------------------------------------------------------------------------- residence */

static void a_residence_counts_in_every_table(void **state)
{
	struct fixture *f = *state;
	struct end end;
	uint64_t lasted_ns;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	assert_int_equal(model_totals(f->model)->residence.count, 0);
	f->now_ns += 60 * SECOND;
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_EXPIRED);
	lasted_ns = f->last.residence_ns;
	assert_int_equal(model_totals(f->model)->residence.count, 1);
	assert_int_equal(model_totals(f->model)->residence.max_ns, lasted_ns);
	assert_int_equal(row_of(f, DIM_REMOTE, &end)->residence.max_ns, lasted_ns);
	assert_int_equal(row_of(f, DIM_PAIR, &end)->residence.max_ns, lasted_ns);
	assert_int_equal(port_row(f, 80, ROLE_CLIENT)->residence.max_ns, lasted_ns);
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++) {
		const struct rows *rows = model_rows(f->model, dim);
		uint64_t count = 0;

		for (uint32_t id = pool_next(&rows->pool, 0); id != POOL_NONE;
		     id = pool_next(&rows->pool, id + 1))
			count += rows_at(rows, id)->residence.count;
		assert_int_equal(count, 1);
	}
	/* a life of the full socket is another matter */
	assert_int_equal(model_totals(f->model)->lifetime.count, 1);
	assert_true(model_totals(f->model)->lifetime.max_ns < SECOND);
}

static void a_residence_that_would_be_a_guess_is_not_counted(void **state)
{
	struct fixture *f = *state;
	struct end found = client(1), lost;

	feed_tier(f, TW_BY_FENTRY);
	feed_begin(f);
	feed_found(f, &found, TW_TIME_WAIT, 30000);
	feed_end(f, 1, 0);
	feed_bare(f, TW_READY);
	/* its birth was not seen; that of the next one only by a dump */
	feed_ended(f, &found, TW_TIME_WAIT, TW_END_RESET);
	lost = feed_closing(f, 2);
	feed_dump(f, &lost, 1, TW_TIME_WAIT, 0);
	feed_ended(f, &lost, TW_TIME_WAIT, TW_END_RESET);
	/* and the end of this one */
	feed_born_and_closed(f, 3, TW_TIME_WAIT);
	pass(f, 70 * SECOND);
	/* a tier tells of ends: the clock does not, for so long */
	assert_int_equal(f->told[EVENT_TIME_WAIT_EXIT], 2);
	pass(f, 700 * SECOND);
	assert_int_equal(f->told[EVENT_TIME_WAIT_EXIT], 3);
	assert_int_equal(model_totals(f->model)->residence.count, 0);
}

static void an_inferred_end_whose_moment_is_known_has_a_residence(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_ready(f, TW_BY_INFERENCE);
	end = feed_closing(f, 1);
	feed_close(f, &end, ORDERLY);
	end.cookie = 2;
	f->now_ns += 3 * SECOND - 1000;
	feed_connected(f, &end);
	assert_int_equal(model_totals(f->model)->residence.count, 1);
	assert_int_equal(model_totals(f->model)->residence.max_ns, 3 * SECOND);
}

static void residences_from_before_ready_are_history(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_tier(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_RESET);
	assert_int_equal(model_totals(f->model)->residence.count, 1);
	feed_bare(f, TW_READY);
	assert_int_equal(model_totals(f->model)->residence.count, 0);
	assert_int_equal(row_of(f, DIM_REMOTE, &end)->residence.count, 0);
	assert_int_equal(held_ns(f), 0);
}

static void what_a_filter_turns_down_has_neither(void **state)
{
	struct fixture *f = *state;
	struct end end;

	fixture_start(f, &(struct model_opts){ .filter = { .pid = 4711 } });
	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	pass(f, SECOND);
	assert_int_equal(held_ns(f), 0);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_RESET);
	assert_int_equal(held_ns(f), 0);
	assert_int_equal(model_totals(f->model)->residence.count, 0);
	assert_int_equal(model_loss(f->model, TW_LOSS_UNTOLD), 0);
}

/* --------------------------------------------------------------------------- the port */

static void a_port_is_held_from_birth_to_end(void **state)
{
	struct fixture *f = *state;
	struct end first, second;
	uint64_t born_ns, lasted_ns;

	feed_ready(f, TW_BY_FENTRY);
	first = feed_born_and_closed(f, 1, TW_FIN_WAIT2);
	born_ns = f->now_ns;
	assert_int_equal(held_ns(f), 0);
	pass(f, 5 * SECOND);
	assert_int_equal(held_ns(f), f->now_ns - born_ns);
	/* of either substate */
	feed_mini(f, TW_MINI_TURNED, &first, TW_TIME_WAIT, 0);
	pass(f, 5 * SECOND);
	assert_int_equal(held_ns(f), f->now_ns - born_ns);
	assert_int_equal(row_held_ns(row_of(f, DIM_REMOTE, &first), f->now_ns), held_ns(f));
	feed_ended(f, &first, TW_TIME_WAIT, TW_END_RESET);
	lasted_ns = f->now_ns - born_ns;
	assert_int_equal(f->last.residence_ns, lasted_ns);
	pass(f, 100 * SECOND);
	assert_int_equal(held_ns(f), lasted_ns);
	/* and that of another on top */
	second = feed_born_and_closed(f, 2, TW_TIME_WAIT);
	born_ns = f->now_ns;
	pass(f, 7 * SECOND);
	assert_int_equal(held_ns(f), lasted_ns + f->now_ns - born_ns);
	feed_ended(f, &second, TW_TIME_WAIT, TW_END_EXPIRED);
	assert_int_equal(held_ns(f), lasted_ns + f->now_ns - born_ns);
}

static void one_found_at_start_holds_its_port_since_ready(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);
	uint64_t ready_ns;

	feed_tier(f, TW_BY_FENTRY);
	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 30000);
	feed_end(f, 1, 0);
	pass(f, 5 * SECOND);
	feed_bare(f, TW_READY);
	ready_ns = f->now_ns;
	assert_int_equal(held_ns(f), 0);
	pass(f, 4 * SECOND);
	assert_int_equal(held_ns(f), f->now_ns - ready_ns);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_RESET);
	assert_int_equal(held_ns(f), f->now_ns - ready_ns);
}

/* Its birth had not settled at ready, when it became stock. */
static void one_that_was_pending_at_ready_holds_its_port_since_then(void **state)
{
	struct fixture *f = *state;
	struct end end;
	uint64_t ready_ns;

	end = feed_closing(f, 1);
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORPHANED);
	f->now_ns += 5 * MS;
	feed_bare(f, TW_READY);
	ready_ns = f->now_ns;
	pass(f, 4 * SECOND);
	assert_int_equal(held_ns(f), f->now_ns - ready_ns);
}

static void one_that_a_dump_found_later_holds_its_port_since_then(void **state)
{
	struct fixture *f = *state;
	struct end lost, stranger = client(2);
	uint64_t dump_ns;

	feed_ready(f, TW_BY_FENTRY);
	lost = feed_closing(f, 1);
	feed_dump(f, (struct end[]){ lost, stranger }, 2, TW_TIME_WAIT, 0);
	dump_ns = f->dump_ns;
	pass(f, 4 * SECOND);
	assert_int_equal(held_ns(f), 2 * (f->now_ns - dump_ns));
}

static void a_birth_that_was_refused_has_held_nothing(void **state)
{
	struct fixture *f = *state;
	struct end told, inferred;

	feed_tier(f, TW_BY_FENTRY);
	feed_dump(f, NULL, 0, 0, 0);
	feed_bare(f, TW_READY);
	told = feed_closing(f, 1);
	feed_mini(f, TW_MINI_REFUSED, &told, TW_TIME_WAIT, 0);
	feed_close(f, &told, ORDERLY);
	pass(f, SECOND);
	assert_int_equal(held_ns(f), 0);
	inferred = feed_closing(f, 2);
	feed_close(f, &inferred, ORDERLY);
	pass(f, SECOND);
	assert_true(held_ns(f) > SECOND);
	feed_dump(f, NULL, 0, 0, 2);
	assert_int_equal(f->told[EVENT_TIME_WAIT_REFUSED], 2);
	assert_int_equal(held_ns(f), 0);
	pass(f, SECOND);
	assert_int_equal(held_ns(f), 0);
}

/* connect() is told before it takes the tuple, which may be before the minisock was born. */
static void a_port_is_never_held_less_than_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct end next = client(1);

	next.cookie = 2;
	feed_ready(f, TW_BY_INFERENCE);
	feed_connect(f, &next);
	f->now_ns += SECOND;
	next = feed_closing(f, 1);
	feed_close(f, &next, ORDERLY);
	next.cookie = 2;
	feed_full(f, &next, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_int_equal(f->told[EVENT_TIME_WAIT_EXIT], 1);
	assert_int_equal(held_ns(f), 0);
}

/* The same, of one found at start: it counts from ready, and connect() was before. */
static void a_successor_from_before_ready_takes_nothing_back(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1), next = client(1);

	next.cookie = 2;
	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 30000);
	feed_end(f, 1, 0);
	feed_connect(f, &next);
	pass(f, SECOND);
	feed_bare(f, TW_READY);
	feed_full(f, &next, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_int_equal(f->told[EVENT_TIME_WAIT_EXIT], 1);
	assert_int_equal(held_ns(f), 0);
}

/* The kernel lists it: it has held its port all the time. */
static void one_that_a_dump_brings_back_has_never_let_go(void **state)
{
	struct fixture *f = *state;
	uint64_t born_ns;
	struct end end;

	feed_ready(f, TW_BY_FENTRY);
	end = feed_born_and_closed(f, 1, TW_TIME_WAIT);
	born_ns = f->now_ns;
	pass(f, 3 * SECOND);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_UNKNOWN);
	assert_int_equal(held_ns(f), f->now_ns - born_ns);
	f->now_ns += 20 * MS;
	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 50000);
	feed_end(f, 1, 0);
	assert_heard(f, "-TIME_WAIT unknown; +TIME_WAIT snapshot");
	pass(f, 3 * SECOND);
	assert_int_equal(held_ns(f), f->now_ns - born_ns);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_RESET);
	assert_int_equal(held_ns(f), f->now_ns - born_ns);
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait_other 1 time_wait_reset 1");
}

/* Refused, as it seemed; but the next dump lists it. */
static void one_that_was_not_refused_after_all_is_born(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_dump(f, NULL, 0, 0, 0);
	feed_bare(f, TW_READY);
	end = feed_closing(f, 1);
	feed_close(f, &end, ORDERLY);
	pass(f, SECOND);
	feed_begin(f);
	feed_end(f, 0, 1);
	assert_heard(f, "+TIME_WAIT inferred; time_wait_refused");
	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 59000);
	feed_end(f, 1, 1);
	assert_heard(f, "+TIME_WAIT snapshot");
	assert_totals(f, ONE_CLOSED " time_wait_entered 1 time_wait 1");
	pass(f, SECOND);
	assert_true(held_ns(f) >= SECOND && held_ns(f) < 3 * SECOND);
}

/* ------------------------------------------------------------------------------- rows */

/* Found before its listener, which tells that it is the server's end. */
static void what_is_held_moves_with_its_connection(void **state)
{
	struct end mini = end_of(1, 20000, 9000, 0, ""),
		   listener = end_of(2, 20000, 0, 300, "shop");
	struct fixture *f = *state;
	uint64_t ready_ns;

	listener.tuple.remote_addr[15] = 0;
	feed_begin(f);
	feed_found(f, &mini, TW_TIME_WAIT, 50000);
	feed_snapshot(f, TW_SNAPSHOT_END, NETNS, 1, 0, 0);
	feed_bare(f, TW_READY);
	ready_ns = f->now_ns;
	pass(f, 4 * SECOND);
	assert_int_equal(row_held_ns(port_row(f, 9000, ROLE_UNKNOWN), f->now_ns),
			 f->now_ns - ready_ns);
	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_dump(f, &mini, 1, TW_TIME_WAIT, 0);
	assert_int_equal(row_held_ns(port_row(f, 9000, ROLE_UNKNOWN), f->now_ns), 0);
	assert_int_equal(row_held_ns(port_row(f, 20000, ROLE_SERVER), f->now_ns),
			 f->now_ns - ready_ns);
	pass(f, 4 * SECOND);
	assert_int_equal(row_held_ns(port_row(f, 20000, ROLE_SERVER), f->now_ns),
			 f->now_ns - ready_ns);
	assert_int_equal(held_ns(f), f->now_ns - ready_ns);
}

static void what_was_held_is_folded_into_other(void **state)
{
	struct fixture *f = *state;
	uint64_t lasted_ns = 0;

	fixture_start(f, &(struct model_opts){ .max_rows = 2 });
	feed_ready(f, TW_BY_FENTRY);
	for (unsigned int i = 0; i < 20; i++) {
		struct end end = client(1 + i);
		uint64_t born_ns;

		end.tuple.remote_port = 1000 + i;
		end.tuple.remote_addr[15] = 100 + i;
		feed_connected(f, &end);
		feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
		feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
		feed_born(f, &end, TW_TIME_WAIT);
		feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
		born_ns = f->now_ns;
		pass(f, SECOND);
		feed_ended(f, &end, TW_TIME_WAIT, TW_END_EXPIRED);
		lasted_ns += f->now_ns - born_ns;
		pass(f, SECOND);
		assert_int_equal(held_ns(f), lasted_ns);
	}
	assert_int_equal(model_rows(f->model, DIM_REMOTE)->folded, 18);
	assert_int_equal(rows_at(model_rows(f->model, DIM_REMOTE), ROW_OTHER)->residence.count, 18);
	assert_int_equal(rows_at(model_rows(f->model, DIM_REMOTE), ROW_OTHER)->held_ns,
			 lasted_ns / 20 * 18);
}

/* No room for a row of its own from the beginning: it lives in "other". */
static void one_that_lives_in_other_is_held_there(void **state)
{
	struct end ends[4];
	struct fixture *f = *state;
	uint64_t sum_ns = 0;

	fixture_start(f, &(struct model_opts){ .max_rows = 1 });
	feed_ready(f, TW_BY_FENTRY);
	for (unsigned int i = 0; i < 4; i++) {
		ends[i] = client(i + 1);
		ends[i].tuple.remote_addr[15] = 100 + i;
		feed_connected(f, &ends[i]);
	}
	for (unsigned int i = 0; i < 4; i++) {
		feed_brief(f, &ends[i], TW_ESTABLISHED, TW_FIN_WAIT1, 0);
		feed_brief(f, &ends[i], TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
		feed_born(f, &ends[i], TW_TIME_WAIT);
		feed_brief(f, &ends[i], TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
		sum_ns -= f->now_ns;
	}
	pass(f, 9 * SECOND);
	assert_int_equal(held_ns(f), sum_ns + 4 * f->now_ns);
	assert_true(row_held_ns(rows_at(model_rows(f->model, DIM_REMOTE), ROW_OTHER), f->now_ns) >
		    26 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_residence_counts_in_every_table),
		fixture_test(a_residence_that_would_be_a_guess_is_not_counted),
		fixture_test(an_inferred_end_whose_moment_is_known_has_a_residence),
		fixture_test(residences_from_before_ready_are_history),
		fixture_test(what_a_filter_turns_down_has_neither),
		fixture_test(a_port_is_held_from_birth_to_end),
		fixture_test(one_found_at_start_holds_its_port_since_ready),
		fixture_test(one_that_was_pending_at_ready_holds_its_port_since_then),
		fixture_test(one_that_a_dump_found_later_holds_its_port_since_then),
		fixture_test(a_birth_that_was_refused_has_held_nothing),
		fixture_test(a_port_is_never_held_less_than_not_at_all),
		fixture_test(a_successor_from_before_ready_takes_nothing_back),
		fixture_test(one_that_a_dump_brings_back_has_never_let_go),
		fixture_test(one_that_was_not_refused_after_all_is_born),
		fixture_test(what_is_held_moves_with_its_connection),
		fixture_test(what_was_held_is_folded_into_other),
		fixture_test(one_that_lives_in_other_is_held_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
