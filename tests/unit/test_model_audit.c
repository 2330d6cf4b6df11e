// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit: what the model counts against what the kernel does, as of one
 * moment, though sockets come and go while the dump is taken.
 */
#include "model_fixture.h"

static void feed_closed_first(struct fixture *f, const struct end *end)
{
	feed_connected(f, end);
	feed_close_first(f, end, ORDERLY);
	pass(f, 20 * MS);
}

/* The ring is read empty after the dump was taken, and before it is delivered. */
static void feed_begin_late(struct fixture *f, uint64_t began_ns)
{
	uint64_t now_ns = f->now_ns;

	f->now_ns = began_ns;
	feed_begin(f);
	f->now_ns = now_ns;
}

static void the_audit_compares_with_the_kernels_own_figures(void **state)
{
	const struct audit *audits;
	struct fixture *f = *state;
	struct end lost = client(8), old = client(9), first = client(1), second = client(2);

	feed_bare(f, TW_READY);
	feed_connected(f, &old);
	feed_closed_first(f, &first);
	feed_closed_first(f, &second);
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &lost, TW_ESTABLISHED, FULL);
	feed_found(f, &old, TW_ESTABLISHED, FULL);
	feed_end(f, 1, 0);
	assert_int_equal(model_audits(f->model, &audits), 1);
	assert_int_equal(audits[0].netns_cookie, NETNS);
	assert_true(audits[0].figures[AUDIT_TIME_WAIT].known);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].kernel, 1);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].ours, 2);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].drift, 1);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].error, 1);
	assert_int_equal(audits[0].figures[AUDIT_ESTABLISHED].kernel, 2);
	assert_int_equal(audits[0].figures[AUDIT_ESTABLISHED].drift, -1);
	assert_int_equal(audits[0].figures[AUDIT_ESTABLISHED].error, 0);
	feed_snapshot(f, TW_SNAPSHOT_BEGIN, NETNS, 0, 0, 0);
	feed_end(f, TW_FIGURE_UNKNOWN, 0);
	assert_false(audits[0].figures[AUDIT_TIME_WAIT].known);
}

/* What the dump lists was born: it needs no patience, and the audit would be wrong by it. */
static void a_pending_minisock_that_the_dump_lists_is_no_error_of_the_audit(void **state)
{
	const struct audit *audits;
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_close_first(f, &end, TW_F_ORPHAN | TW_F_ALL_ACKED);
	f->now_ns += MS;
	feed_begin(f);
	feed_found(f, &end, TW_FIN_WAIT2, 60000);
	feed_end(f, 1, 0);
	assert_int_equal(model_audits(f->model, &audits), 1);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].ours, 1);
	assert_int_equal(audits[0].figures[AUDIT_TIME_WAIT].error, 0);
}

static const struct audit *only_audit(const struct fixture *f)
{
	const struct audit *audits;

	assert_int_equal(model_audits(f->model, &audits), 1);
	return audits;
}

static void what_opened_since_the_dump_began_is_no_error(void **state)
{
	struct fixture *f = *state;
	struct end missed = client(1), listed = client(2);
	uint64_t began_ns;

	feed_bare(f, TW_READY);
	pass(f, SECOND);
	began_ns = f->now_ns;
	feed_connected(f, &missed);
	feed_connected(f, &listed);
	feed_begin_late(f, began_ns);
	feed_found(f, &listed, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	assert_int_equal(only_audit(f)->figures[AUDIT_ESTABLISHED].error, 0);
	assert_int_equal(only_audit(f)->figures[AUDIT_ESTABLISHED].drift, 0);
}

static void what_closed_since_the_dump_began_is_no_error(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);
	uint64_t began_ns;

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	pass(f, SECOND);
	began_ns = f->now_ns;
	feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_begin_late(f, began_ns);
	feed_found(f, &end, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	assert_int_equal(only_audit(f)->figures[AUDIT_ESTABLISHED].error, 0);
}

/* sockstat is read at the end of the dump, the ring after that. */
static void a_minisock_born_after_the_dump_is_no_error(void **state)
{
	struct fixture *f = *state;
	struct end before = client(1), after = client(2);
	uint64_t began_ns, end_ns;

	feed_bare(f, TW_READY);
	pass(f, SECOND);
	began_ns = f->now_ns;
	feed_connected(f, &before);
	feed_close_first(f, &before, ORDERLY);
	end_ns = f->now_ns;
	feed_connected(f, &after);
	feed_close_first(f, &after, ORDERLY);
	feed_begin_late(f, began_ns);
	f->now_ns = end_ns;
	feed_end(f, 1, 0);
	assert_int_equal(only_audit(f)->figures[AUDIT_TIME_WAIT].ours, 1);
	assert_int_equal(only_audit(f)->figures[AUDIT_TIME_WAIT].error, 0);
}

static void what_a_dump_corrected_is_drift_and_no_error(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_closed_first(f, &end);
	pass(f, SECOND);
	feed_begin(f);
	feed_end(f, 0, 0);
	assert_int_equal(only_audit(f)->figures[AUDIT_TIME_WAIT].drift, 1);
	assert_int_equal(only_audit(f)->figures[AUDIT_TIME_WAIT].error, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(the_audit_compares_with_the_kernels_own_figures),
		fixture_test(a_pending_minisock_that_the_dump_lists_is_no_error_of_the_audit),
		fixture_test(what_opened_since_the_dump_began_is_no_error),
		fixture_test(what_closed_since_the_dump_began_is_no_error),
		fixture_test(a_minisock_born_after_the_dump_is_no_error),
		fixture_test(what_a_dump_corrected_is_drift_and_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
