// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What single state changes mean: births and their times, ready, FORGET, resets
 * that end nothing. Complete lives are in test_model_lives.c, minisocks in
 * test_model_ledger.c, losses in test_model_reconcile.c.
 */
#include "model_fixture.h"

#include <errno.h>

static void feed_loss(struct fixture *f, uint64_t count)
{
	struct tw_loss record = { .count = count };

	record.head = head_of(f, TW_LOSS, sizeof(record));
	record.head.from = TW_LOSS_RING_FULL;
	feed(f, &record, sizeof(record));
}

static void each_state_has_its_gauge_while_it_lasts(void **state)
{
	struct fixture *f = *state;
	struct end first = client(1), second = server(2);

	feed_bare(f, TW_READY);
	feed_connect(f, &first);
	assert_totals(f, "open 1 syn_sent 1");
	feed_full(f, &first, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
	feed_accepted(f, &second);
	assert_totals(f, "connections 2 opened 2 open 2 established 2");
	feed_brief(f, &first, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	assert_totals(f, "connections 2 opened 2 closed_first 1 open 2 established 1 fin_wait1 1");
	feed_brief(f, &second, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_brief(f, &first, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	assert_totals(f, "connections 2 opened 2 closed_first 1 open 2 fin_wait2 1 close_wait 1");
	feed_brief(f, &second, TW_CLOSE_WAIT, TW_LAST_ACK, 0);
	feed_brief(f, &first, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	assert_totals(f, "connections 2 opened 2 closed 1 closed_first 1 time_wait_entered 1 "
			 "open 1 last_ack 1 time_wait 1");
}

static void a_connect_without_a_free_port_fails_with_eaddrnotavail(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connect(f, &end);
	end.tuple.local_port = 0;
	feed_full(f, &end, TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING | TW_F_LOCKED);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>CLOSE; failed EADDRNOTAVAIL");
	assert_totals(f, "failed 1");
}

static void a_socket_connected_again_after_a_failure_is_a_new_connection(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connect(f, &end);
	feed_transition(f, &end, TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING, ECONNREFUSED,
			TW_TRANSITION_FULL);
	end.tuple.local_port++;
	feed_connected(f, &end);
	assert_totals(f, "connections 1 opened 1 failed 1 resets 1 open 1 established 1");
	assert_int_equal(f->last_view.local_port, end.tuple.local_port);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>CLOSE; failed ECONNREFUSED; CLOSE>SYN_SENT; "
			"SYN_SENT>ESTABLISHED");
}

static void a_tuple_without_its_port_undoes_none_that_has_it(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_full(f, &end, TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING);
	end.tuple.local_port = 0;
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_int_equal(f->last_view.local_port, 40001);
}

static void a_childs_birth_is_told_with_its_next_event(void **state)
{
	struct fixture *f = *state;
	struct end end = server(1);

	feed_bare(f, TW_READY);
	end.born_ns = f->now_ns + 1000;
	f->now_ns += 5 * MS;
	feed_full(f, &end, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING);
	assert_heard(f, "LISTEN>SYN_RECV; SYN_RECV>ESTABLISHED");
	assert_int_equal(f->last.in_state_ns, f->now_ns - end.born_ns);
	assert_int_equal(f->last_view.direction, DIRECTION_INCOMING);
}

static void time_in_a_state_is_told_where_its_start_was_seen(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connect(f, &end);
	assert_true(f->last.in_state_ns == TIME_UNKNOWN);
	f->now_ns += 30 * MS - 1000;
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_int_equal(f->last.in_state_ns, 30 * MS);
	f->now_ns += 2 * SECOND - 1000;
	feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	assert_int_equal(f->last.in_state_ns, 2 * SECOND);
}

static void a_lifetime_runs_from_the_first_syn_to_close(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connect(f, &end);
	f->now_ns += 3 * SECOND - 4000;
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	feed_close_first(f, &end, ORDERLY);
	assert_int_equal(model_totals(f->model)->lifetime.count, 1);
	assert_int_equal(model_totals(f->model)->lifetime.max_ns, 3 * SECOND);
}

static void what_happens_before_ready_is_stock(void **state)
{
	struct fixture *f = *state;
	struct end open = client(1), gone = client(2), waiting = server(3), failed = client(4);
	struct end connecting = client(5);

	feed_connected(f, &open);
	feed_connected(f, &gone);
	feed_brief(f, &gone, TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED);
	feed_accepted(f, &waiting);
	feed_close_first(f, &waiting, ORDERLY);
	feed_connect(f, &failed);
	feed_transition(f, &failed, TW_SYN_SENT, TW_CLOSE, 0, ETIMEDOUT, TW_TRANSITION_FULL);
	feed_connect(f, &connecting);
	pass(f, 20 * MS);
	feed_bare(f, TW_READY);
	assert_heard(f, "");
	assert_totals(f, "connections 1 open 2 syn_sent 1 established 1 time_wait 1");
	assert_int_equal(model_ready_ns(f->model), f->now_ns);

	/* one that was connecting opens while traced, one that was open closes */
	feed_full(f, &connecting, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	feed_close_first(f, &open, ORDERLY);
	assert_totals(f, "connections 2 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "open 1 established 1 time_wait 2");
}

static void who_closed_first_before_ready_is_not_counted(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_connected(f, &end);
	feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_bare(f, TW_READY);
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	assert_totals(f, "connections 1 closed 1 time_wait_entered 1 time_wait 1");
}

/* Closed a moment before ready: the birth of its minisock is from before, too. */
static void a_birth_that_is_pending_at_ready_is_stock(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_connected(f, &end);
	feed_close_first(f, &end, TW_F_ORPHAN | TW_F_ALL_ACKED);
	feed_bare(f, TW_READY);
	pass(f, 20 * MS);
	assert_totals(f, "fin_wait2 1 fin_wait2_orphans 1");
	assert_heard(f, "");
}

static void a_second_ready_restarts_nothing(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_bare(f, TW_READY);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
}

static void forget_takes_back_all_that_was_counted(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1), other = client(2);

	feed_bare(f, TW_READY);
	feed_connected(f, &other);
	feed_connect(f, &end);
	feed_brief(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_FORGET);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
	feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>ESTABLISHED; CLOSE>SYN_SENT");
	/* the socket may be used anew, and be wanted then */
	feed_connected(f, &end);
	assert_totals(f, "connections 2 opened 2 open 2 established 2");
}

static void a_record_of_an_unknown_socket_without_its_tuple_makes_none(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_reset(f, &end, TW_ESTABLISHED);
	assert_totals(f, "");
	assert_heard(f, "");
}

static void an_unknown_socket_that_is_open_already_is_not_opened_now(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_full(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	assert_totals(f, "connections 1 closed_first 1 open 1 fin_wait1 1");
	assert_true(f->last.in_state_ns == TIME_UNKNOWN);
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	assert_int_equal(f->last.in_state_ns, 1000);
}

/* tcp_rcv_synsent_state_process() answers a stray ACK with a RST and waits on */
static void a_reset_sent_while_connecting_ends_nothing(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connect(f, &end);
	feed_reset(f, &end, TW_SYN_SENT);
	assert_totals(f, "open 1 syn_sent 1");
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	feed_close_first(f, &end, ORDERLY);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait 1");
}

static void a_reset_sent_by_a_listener_or_a_closed_socket_ends_nothing(void **state)
{
	struct fixture *f = *state;
	struct end listener = server(1), end = client(2);

	feed_bare(f, TW_READY);
	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_reset(f, &listener, TW_LISTEN);
	feed_connected(f, &end);
	feed_close_first(f, &end, ORDERLY);
	feed_reset(f, &end, TW_CLOSE);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait 1");
}

static void a_reset_that_was_sent_is_told_whatever_it_ends(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1), stranger = client(2);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_reset(f, &stranger, TW_ESTABLISHED);
	assert_int_equal(f->told[EVENT_RESET_SENT], 0);
	feed_reset(f, &end, TW_ESTABLISHED);
	assert_int_equal(f->told[EVENT_RESET_SENT], 1);
	assert_int_equal(f->last_view.cookie, end.cookie);
}

/* inet_csk_listen_stop() disconnects under bh_lock_sock(): no owner of the lock, no orphan yet */
static void closing_a_listener_resets_the_children_it_has_not_given_out(void **state)
{
	struct fixture *f = *state;
	struct end child = server(1);

	feed_bare(f, TW_READY);
	feed_accepted(f, &child);
	feed_brief(f, &child, TW_ESTABLISHED, TW_CLOSE, TW_F_ALL_ACKED);
	feed_reset(f, &child, TW_CLOSE);
	pass(f, 20 * MS);
	assert_totals(f, "connections 1 opened 1 closed 1 resets 1");
}

/* close() with unread data after shutdown(), the FIN not acknowledged yet: as in CLOSING */
static void an_abort_in_last_ack_is_a_reset(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_brief(f, &end, TW_CLOSE_WAIT, TW_LAST_ACK, 0);
	feed_brief(f, &end, TW_LAST_ACK, TW_CLOSE, TW_F_LOCKED | TW_F_DONE);
	feed_reset(f, &end, TW_CLOSE);
	pass(f, 20 * MS);
	assert_totals(f, "connections 1 opened 1 closed 1 resets 1");
}

static void time_in_a_state_is_unknown_where_its_start_was_lost(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_heard(f, "SYN_SENT>ESTABLISHED");
	assert_true(f->last.in_state_ns == TIME_UNKNOWN);
}

/* The record of SYN_RECV->ESTABLISHED was lost; the note it would have carried was not. */
static void a_child_whose_handshake_was_lost_was_opened_while_traced(void **state)
{
	struct fixture *f = *state;
	struct end child = server(1);

	feed_bare(f, TW_READY);
	feed_loss(f, 1);
	child.born_ns = f->now_ns;
	feed_full(f, &child, TW_ESTABLISHED, TW_CLOSE_WAIT, TW_F_INCOMING);
	assert_totals(f, "connections 1 opened 1 open 1 close_wait 1");
}

/* A late segment of a connection that is over reaches the listener, which answers for it. */
static void a_reset_that_a_listener_sends_ends_nothing(void **state)
{
	struct fixture *f = *state;
	struct end listener = server(1);

	feed_bare(f, TW_READY);
	listener.tuple.remote_port = 0;
	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_reset(f, &listener, TW_LISTEN);
	feed_brief(f, &listener, TW_LISTEN, TW_CLOSE, TW_F_LOCKED);
	pass(f, 20 * MS);
	assert_totals(f, "");
}

static void a_listener_makes_no_row(void **state)
{
	struct fixture *f = *state;
	struct end listener = server(1);

	feed_bare(f, TW_READY);
	listener.tuple.remote_port = 0;
	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_brief(f, &listener, TW_LISTEN, TW_CLOSE, TW_F_LOCKED);
	pass(f, 20 * MS);
	assert_totals(f, "");
	/* only "other", which is always there */
	assert_int_equal(model_rows(f->model, DIM_PORT)->pool.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(each_state_has_its_gauge_while_it_lasts),
		fixture_test(a_connect_without_a_free_port_fails_with_eaddrnotavail),
		fixture_test(a_socket_connected_again_after_a_failure_is_a_new_connection),
		fixture_test(a_tuple_without_its_port_undoes_none_that_has_it),
		fixture_test(a_childs_birth_is_told_with_its_next_event),
		fixture_test(time_in_a_state_is_told_where_its_start_was_seen),
		fixture_test(a_lifetime_runs_from_the_first_syn_to_close),
		fixture_test(what_happens_before_ready_is_stock),
		fixture_test(who_closed_first_before_ready_is_not_counted),
		fixture_test(a_birth_that_is_pending_at_ready_is_stock),
		fixture_test(a_second_ready_restarts_nothing),
		fixture_test(forget_takes_back_all_that_was_counted),
		fixture_test(a_record_of_an_unknown_socket_without_its_tuple_makes_none),
		fixture_test(an_unknown_socket_that_is_open_already_is_not_opened_now),
		fixture_test(a_reset_sent_while_connecting_ends_nothing),
		fixture_test(a_reset_sent_by_a_listener_or_a_closed_socket_ends_nothing),
		fixture_test(a_reset_that_was_sent_is_told_whatever_it_ends),
		fixture_test(closing_a_listener_resets_the_children_it_has_not_given_out),
		fixture_test(an_abort_in_last_ack_is_a_reset),
		fixture_test(time_in_a_state_is_unknown_where_its_start_was_lost),
		fixture_test(a_child_whose_handshake_was_lost_was_opened_while_traced),
		fixture_test(a_reset_that_a_listener_sends_ends_nothing),
		fixture_test(a_listener_makes_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
