// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * After a loss: what the next records and the next dump make good, so that no
 * total stays wrong for longer than one dump.
 */
#include "model_fixture.h"

#define OTHER_NETNS 8

static void feed_loss(struct fixture *f, uint64_t count)
{
	struct tw_loss record = { .count = count };

	record.head = head_of(f, TW_LOSS, sizeof(record));
	record.head.from = TW_LOSS_RING_FULL;
	feed(f, &record, sizeof(record));
}

/* A dump a second later, that lists one full socket in @state; TW_CLOSE: nothing. */
static void feed_dump(struct fixture *f, const struct end *end, uint8_t state)
{
	pass(f, SECOND);
	feed_begin(f);
	if (state != TW_CLOSE)
		feed_found(f, end, state, FULL);
	feed_end(f, 0, 0);
}

static void a_loss_is_told_and_counted_by_its_cause(void **state)
{
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	feed_loss(f, 5);
	assert_heard(f, "loss");
	assert_int_equal(f->last.count, 5);
	assert_int_equal(f->last.cause, TW_LOSS_RING_FULL);
	feed_loss(f, 2);
	assert_int_equal(model_loss(f->model, TW_LOSS_RING_FULL), 7);
	assert_int_equal(model_loss(f->model, TW_LOSS_MALFORMED), 0);
}

static void after_a_loss_one_dump_tells_that_a_socket_is_gone(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_loss(f, 1);
	feed_dump(f, &end, TW_CLOSE);
	assert_totals(f, "connections 1 opened 1 closed 1");
}

static void without_a_loss_it_takes_two_dumps_in_a_row(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_dump(f, &end, TW_CLOSE);
	feed_dump(f, &end, TW_ESTABLISHED);
	feed_dump(f, &end, TW_CLOSE);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
	feed_dump(f, &end, TW_CLOSE);
	assert_totals(f, "connections 1 opened 1 closed 1");
}

static void after_a_loss_one_dump_of_each_namespace_is_enough(void **state)
{
	struct fixture *f = *state;
	struct end here = client(1), there = client(2);

	there.tuple.netns_cookie = OTHER_NETNS;
	feed_bare(f, TW_READY);
	feed_connected(f, &here);
	feed_connected(f, &there);
	feed_loss(f, 2);
	feed_dump(f, &here, TW_CLOSE);
	feed_snapshot(f, TW_SNAPSHOT_BEGIN, OTHER_NETNS, 0, 0, 0);
	feed_snapshot(f, TW_SNAPSHOT_END, OTHER_NETNS, 0, 0, 0);
	assert_totals(f, "connections 2 opened 2 closed 2");
}

static void a_state_change_that_was_lost_is_read_off_the_dump(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_loss(f, 1);
	feed_dump(f, &end, TW_CLOSE_WAIT);
	assert_totals(f, "connections 1 opened 1 open 1 close_wait 1");
	f->heard[0] = '\0';
	feed_brief(f, &end, TW_CLOSE_WAIT, TW_LAST_ACK, 0);
	assert_heard(f, "CLOSE_WAIT>LAST_ACK");
	assert_true(f->last.in_state_ns == TIME_UNKNOWN);
}

static void a_handshake_whose_end_was_lost_is_read_off_the_dump(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connect(f, &end);
	feed_loss(f, 1);
	feed_dump(f, &end, TW_ESTABLISHED);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
}

static void a_first_close_that_was_lost_is_read_off_the_dump(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_loss(f, 2);
	feed_dump(f, &end, TW_FIN_WAIT2);
	assert_totals(f, "connections 1 opened 1 closed_first 1 open 1 fin_wait2 1");
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait 1");
}

static void a_first_close_that_was_lost_is_read_off_the_next_event(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_loss(f, 1);
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	assert_true(f->last.in_state_ns == TIME_UNKNOWN);
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait 1");
}

/* It was a full socket, and ESTABLISHED: it closed first, and its minisock was born, since. */
static void a_minisock_whose_birth_was_lost_was_born_while_traced(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	f->heard[0] = '\0';
	feed_loss(f, 3);
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &end, TW_TIME_WAIT, 59000);
	feed_end(f, 1, 0);
	assert_heard(f, "loss; +TIME_WAIT snapshot");
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait 1");
}

static void a_socket_that_only_the_dump_knows_is_a_connection(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_loss(f, 2);
	feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	assert_totals(f, "");
	feed_dump(f, &end, TW_CLOSE_WAIT);
	assert_int_equal(model_totals(f->model)->count[FIELD_CONNECTIONS], 1);
	assert_int_equal(model_totals(f->model)->count[FIELD_CLOSE_WAIT], 1);
	feed_brief(f, &end, TW_CLOSE_WAIT, TW_LAST_ACK, 0);
	feed_brief(f, &end, TW_LAST_ACK, TW_CLOSE, ORDERLY);
	assert_int_equal(model_totals(f->model)->count[FIELD_CLOSED], 1);
	assert_int_equal(model_totals(f->model)->count[FIELD_OPEN], 0);
}

/* The dump before did not list it, so it reached ESTABLISHED between the two. */
static void one_that_was_not_in_the_dump_before_was_opened_while_traced(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_dump(f, &end, TW_CLOSE);
	feed_bare(f, TW_READY);
	feed_dump(f, &end, TW_CLOSE);
	feed_loss(f, 2);
	feed_dump(f, &end, TW_ESTABLISHED);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
}

/* connect(AF_UNSPEC) and connect() again: the ->CLOSE between them was lost. */
static void a_new_life_of_a_socket_ends_the_old_one(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_loss(f, 1);
	feed_connect(f, &end);
	assert_totals(f, "connections 1 opened 1 closed 1 open 1 syn_sent 1");
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_totals(f, "connections 2 opened 2 closed 1 open 1 established 1");
}

/* listen() on a socket that was connected before: what it counted for stays counted. */
static void a_socket_that_begins_to_listen_takes_no_history_back(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_loss(f, 1);
	feed_full(f, &end, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	assert_totals(f, "connections 1 opened 1 closed 1");
}

/*
 * The descriptor outlives the connection, and is connected again while the minisock
 * of its first life is in TIME_WAIT: both have one cookie, a dump lists both.
 */
static void a_minisock_of_an_earlier_life_does_not_end_the_new_one(void **state)
{
	struct fixture *f = *state;
	struct end first = client(1), second = client(1);

	second.tuple.local_port++;
	feed_bare(f, TW_READY);
	feed_connected(f, &first);
	feed_close_first(f, &first, TW_F_DONE | TW_F_ALL_ACKED);
	feed_connected(f, &second);
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &first, TW_TIME_WAIT, 58000);
	feed_found(f, &second, TW_ESTABLISHED, FULL);
	feed_end(f, 1, 0);
	assert_int_equal(model_totals(f->model)->count[FIELD_ESTABLISHED], 1);
	assert_int_equal(model_totals(f->model)->count[FIELD_CLOSED], 1);
}

/* Both open at once; the dump does not ask for SYN_RECV, so it can't tell: time must. */
static void a_handshake_whose_end_was_lost_is_not_open_for_ever(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connect(f, &end);
	feed_full(f, &end, TW_SYN_SENT, TW_SYN_RECV, TW_F_OUTGOING);
	feed_loss(f, 1);
	for (unsigned int i = 0; i < 10; i++) {
		f->now_ns += 60 * SECOND;
		feed_dump(f, &end, TW_CLOSE);
	}
	assert_int_equal(model_totals(f->model)->count[FIELD_OPEN], 0);
}

static void a_dump_that_failed_says_nothing_of_what_it_does_not_list(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1), mini = client(2);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_connected(f, &mini);
	feed_close_first(f, &mini, ORDERLY);
	f->heard[0] = '\0';
	for (unsigned int i = 0; i < 4; i++) {
		pass(f, SECOND);
		feed_begin(f);
		feed_snapshot(f, TW_SNAPSHOT_END, NETNS, 0, 9, 12);
	}
	assert_heard(f, "");
	assert_int_equal(model_totals(f->model)->count[FIELD_OPEN], 1);
	assert_int_equal(model_totals(f->model)->count[FIELD_TIME_WAIT], 1);
}

static void a_socket_too_young_to_be_hashed_is_not_missed(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connect(f, &end);
	for (unsigned int i = 0; i < 3; i++) {
		feed_begin(f);
		feed_end(f, 0, 0);
	}
	assert_int_equal(model_totals(f->model)->count[FIELD_SYN_SENT], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_loss_is_told_and_counted_by_its_cause),
		fixture_test(after_a_loss_one_dump_tells_that_a_socket_is_gone),
		fixture_test(without_a_loss_it_takes_two_dumps_in_a_row),
		fixture_test(after_a_loss_one_dump_of_each_namespace_is_enough),
		fixture_test(a_state_change_that_was_lost_is_read_off_the_dump),
		fixture_test(a_handshake_whose_end_was_lost_is_read_off_the_dump),
		fixture_test(a_first_close_that_was_lost_is_read_off_the_dump),
		fixture_test(a_first_close_that_was_lost_is_read_off_the_next_event),
		fixture_test(a_minisock_whose_birth_was_lost_was_born_while_traced),
		fixture_test(a_socket_that_only_the_dump_knows_is_a_connection),
		fixture_test(one_that_was_not_in_the_dump_before_was_opened_while_traced),
		fixture_test(a_new_life_of_a_socket_ends_the_old_one),
		fixture_test(a_socket_that_begins_to_listen_takes_no_history_back),
		fixture_test(a_minisock_of_an_earlier_life_does_not_end_the_new_one),
		fixture_test(a_handshake_whose_end_was_lost_is_not_open_for_ever),
		fixture_test(a_dump_that_failed_says_nothing_of_what_it_does_not_list),
		fixture_test(a_socket_too_young_to_be_hashed_is_not_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
