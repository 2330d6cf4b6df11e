// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose a minisock is that was there at start: its listener's, if that can be. */
#include "model_fixture.h"

static void keep_mini(void *ctx, const struct conn_view *view)
{
	if (view->minisock)
		*(struct conn_view *)ctx = *view;
}

/* A minisock born @age_ns ago beside a listener whose process began @up_ns ago. */
static struct conn_view find_beside_listener(struct fixture *f, uint8_t substate, uint64_t age_ns,
					     uint64_t up_ns)
{
	struct tw_holder holder = { .cookie = 1, .owner = { .tgid = 200, .comm = "server" } };
	struct end listener = server(1), mini = server(2);
	struct conn_view view = { 0 };

	fixture_start(f, &(struct model_opts){ 0 });
	listener.tuple.remote_port = 0;
	feed_begin(f);
	feed_found(f, &listener, TW_LISTEN, FULL);
	feed_found(f, &mini, substate, 60000 - age_ns / MS);
	holder.head = head_of(f, TW_HOLDER, sizeof(holder));
	holder.head.flags = TW_H_FIRST;
	holder.started_ns = up_ns ? f->now_ns - up_ns : 0;
	feed(f, &holder, sizeof(holder));
	feed_end(f, 1, 0);
	model_each_conn(f->model, keep_mini, &view);
	assert_int_equal(view.cookie, 2);
	return view;
}

static void a_listener_that_was_there_before_it_owns_a_minisock(void **state)
{
	struct conn_view view =
		find_beside_listener(*state, TW_TIME_WAIT, 10 * SECOND, 500 * SECOND);

	assert_int_equal(view.direction, DIRECTION_INCOMING);
	assert_int_equal(view.pid, 200);
}

static void one_that_was_started_later_does_not(void **state)
{
	struct conn_view view = find_beside_listener(*state, TW_TIME_WAIT, 10 * SECOND, 5 * SECOND);

	/* whoever listened there then: it came in */
	assert_int_equal(view.direction, DIRECTION_INCOMING);
	assert_int_equal(view.pid, PID_UNKNOWN);
}

static void one_of_unknown_age_does_not(void **state)
{
	struct conn_view view = find_beside_listener(*state, TW_TIME_WAIT, 10 * SECOND, 0);

	assert_int_equal(view.pid, PID_UNKNOWN);
	/* nor is it known when a FIN_WAIT2 minisock was born */
	view = find_beside_listener(*state, TW_FIN_WAIT2, 10 * SECOND, 500 * SECOND);
	assert_int_equal(view.pid, PID_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_listener_that_was_there_before_it_owns_a_minisock),
		fixture_test(one_that_was_started_later_does_not),
		fixture_test(one_of_unknown_age_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
