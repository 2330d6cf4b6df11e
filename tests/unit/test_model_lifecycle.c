// SPDX-License-Identifier: GPL-2.0-or-later
/* Every complete life of a connection, as both of its ends see it, and what each counts for. */
#include "model_fixture.h"

#define MAX_STEPS 6
#define CLOSED_BY_PROGRAM (TW_F_LOCKED | TW_F_SHUT_BOTH)

struct step {
	uint8_t from, to;
	uint16_t flags;
	uint8_t error;
};

enum birth {
	CONNECTED,	/* SYN_SENT, ESTABLISHED */
	ACCEPTED,	/* SYN_RECV told late, ESTABLISHED */
	CONNECTING,	/* SYN_SENT only */
	BEGUN,		/* SYN_RECV told late, only */
};

struct life {
	const char *why;
	enum birth birth;
	struct step steps[MAX_STEPS];
	uint8_t reset_before;	/* a RST was sent in this state, before ->CLOSE; 0: none */
	bool reset_after;	/* or in CLOSE, after it */
	const char *totals;	/* when all has settled */
	const char *end;	/* what ->CLOSE and the settling tell */
};

/* clang-format off */
#define EST TW_ESTABLISHED
#define FW1 TW_FIN_WAIT1
#define FW2 TW_FIN_WAIT2
#define ACTIVE {EST, FW1, 0, 0}, {FW1, FW2, 0, 0}
#define PASSIVE {EST, TW_CLOSE_WAIT, 0, 0}
#define OPENED_AND_CLOSED "connections 1 opened 1 closed 1"

static const struct life lives[] = {
	{"closes first, the peer's FIN comes along with its ACK", CONNECTED,
	 {ACTIVE, {FW2, TW_CLOSE, ORDERLY, 0}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 time_wait_entered 1 time_wait 1",
	 "FIN_WAIT2>CLOSE; +TIME_WAIT inferred"},
	{"the server closes first", ACCEPTED,
	 {ACTIVE, {FW2, TW_CLOSE, ORDERLY, 0}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 time_wait_entered 1 time_wait 1",
	 "FIN_WAIT2>CLOSE; +TIME_WAIT inferred"},
	{"closes second", CONNECTED,
	 {PASSIVE, {TW_CLOSE_WAIT, TW_LAST_ACK, 0, 0}, {TW_LAST_ACK, TW_CLOSE, ORDERLY, 0}}, 0, false,
	 OPENED_AND_CLOSED, "LAST_ACK>CLOSE"},
	{"the server closes second", ACCEPTED,
	 {PASSIVE, {TW_CLOSE_WAIT, TW_LAST_ACK, 0, 0}, {TW_LAST_ACK, TW_CLOSE, ORDERLY, 0}}, 0, false,
	 OPENED_AND_CLOSED, "LAST_ACK>CLOSE"},
	{"both close at once", CONNECTED,
	 {{EST, FW1, 0, 0}, {FW1, TW_CLOSING, 0, 0}, {TW_CLOSING, TW_CLOSE, ORDERLY, 0}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 time_wait_entered 1 time_wait 1",
	 "CLOSING>CLOSE; +TIME_WAIT inferred"},
	{"connects to itself: both open at once, both close at once", CONNECTING,
	 {{TW_SYN_SENT, TW_SYN_RECV, TW_F_OUTGOING, 0}, {TW_SYN_RECV, EST, 0, 0}, {EST, FW1, 0, 0},
	  {FW1, TW_CLOSING, 0, 0}, {TW_CLOSING, TW_CLOSE, ORDERLY, 0}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 time_wait_entered 1 time_wait 1",
	 "CLOSING>CLOSE; +TIME_WAIT inferred"},
	{"half-closes, the descriptor stays open", CONNECTED,
	 {ACTIVE, {FW2, TW_CLOSE, TW_F_DONE | TW_F_ALL_ACKED, 0}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 time_wait_entered 1 time_wait 1",
	 "FIN_WAIT2>CLOSE; +TIME_WAIT inferred"},
	{"half-closes, then closes while the peer still talks", CONNECTED,
	 {ACTIVE, {FW2, TW_CLOSE, TW_F_ORPHAN | TW_F_ALL_ACKED | TW_F_LOCKED, 0}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 time_wait_entered 1 fin_wait2 1",
	 "FIN_WAIT2>CLOSE; +FIN_WAIT2 inferred"},
	{"closes, the peer acknowledges and answers later", CONNECTED,
	 {ACTIVE, {FW2, TW_CLOSE, TW_F_ORPHAN | TW_F_ALL_ACKED, 0}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 time_wait_entered 1 fin_wait2 1",
	 "FIN_WAIT2>CLOSE; +FIN_WAIT2 inferred"},
	{"data comes after close()", CONNECTED,
	 {ACTIVE, {FW2, TW_CLOSE, TW_F_ORPHAN | TW_F_ALL_ACKED, 0}}, 0, true,
	 OPENED_AND_CLOSED " closed_first 1 resets 1", "FIN_WAIT2>CLOSE"},
	{"SO_LINGER 0, or close() with unread data", CONNECTED,
	 {{EST, TW_CLOSE, TW_F_LOCKED, 0}}, 0, true, OPENED_AND_CLOSED " resets 1", "ESTABLISHED>CLOSE"},
	{"the same in CLOSE_WAIT", CONNECTED,
	 {PASSIVE, {TW_CLOSE_WAIT, TW_CLOSE, TW_F_LOCKED | TW_F_DONE, 0}}, 0, true,
	 OPENED_AND_CLOSED " resets 1", "CLOSE_WAIT>CLOSE"},
	{"the same in FIN_WAIT1", CONNECTED,
	 {{EST, FW1, 0, 0}, {FW1, TW_CLOSE, TW_F_LOCKED, 0}}, 0, true,
	 OPENED_AND_CLOSED " closed_first 1 resets 1", "FIN_WAIT1>CLOSE"},
	{"the same in FIN_WAIT2", CONNECTED,
	 {ACTIVE, {FW2, TW_CLOSE, TW_F_LOCKED | TW_F_ALL_ACKED, 0}}, 0, true,
	 OPENED_AND_CLOSED " closed_first 1 resets 1", "FIN_WAIT2>CLOSE"},
	{"the same in CLOSING", CONNECTED,
	 {{EST, FW1, 0, 0}, {FW1, TW_CLOSING, 0, 0}, {TW_CLOSING, TW_CLOSE, TW_F_LOCKED | TW_F_DONE, 0}},
	 0, true, OPENED_AND_CLOSED " closed_first 1 resets 1", "CLOSING>CLOSE"},
	{"the same in SYN_RECV (TCP Fast Open)", BEGUN,
	 {{TW_SYN_RECV, TW_CLOSE, TW_F_LOCKED | TW_F_INCOMING, 0}}, 0, true, "resets 1", "SYN_RECV>CLOSE"},
	{"a RST comes in ESTABLISHED", ACCEPTED,
	 {{EST, TW_CLOSE, 0, ECONNRESET}}, 0, false, OPENED_AND_CLOSED " resets 1", "ESTABLISHED>CLOSE"},
	{"a RST comes in SYN_RECV", BEGUN,
	 {{TW_SYN_RECV, TW_CLOSE, TW_F_INCOMING, ECONNRESET}}, 0, false, "resets 1", "SYN_RECV>CLOSE"},
	{"a RST comes in FIN_WAIT1", CONNECTED,
	 {{EST, FW1, 0, 0}, {FW1, TW_CLOSE, TW_F_ORPHAN, ECONNRESET}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 resets 1", "FIN_WAIT1>CLOSE"},
	{"a RST comes in FIN_WAIT2", CONNECTED,
	 {ACTIVE, {FW2, TW_CLOSE, TW_F_ORPHAN | TW_F_ALL_ACKED, ECONNRESET}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 resets 1", "FIN_WAIT2>CLOSE"},
	{"a RST comes in CLOSING", CONNECTED,
	 {{EST, FW1, 0, 0}, {FW1, TW_CLOSING, 0, 0},
	  {TW_CLOSING, TW_CLOSE, TW_F_DONE | TW_F_ORPHAN, ECONNRESET}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 resets 1", "CLOSING>CLOSE"},
	{"a RST comes in CLOSE_WAIT", CONNECTED,
	 {PASSIVE, {TW_CLOSE_WAIT, TW_CLOSE, TW_F_DONE, EPIPE}}, 0, false,
	 OPENED_AND_CLOSED " resets 1", "CLOSE_WAIT>CLOSE"},
	{"a RST comes in LAST_ACK", CONNECTED,
	 {PASSIVE, {TW_CLOSE_WAIT, TW_LAST_ACK, 0, 0},
	  {TW_LAST_ACK, TW_CLOSE, TW_F_DONE | TW_F_ORPHAN, ECONNRESET}}, 0, false,
	 OPENED_AND_CLOSED " resets 1", "LAST_ACK>CLOSE"},
	{"TCP_LINGER2 < 0 and close() in FIN_WAIT2", CONNECTED,
	 {ACTIVE, {FW2, TW_CLOSE, TW_F_ORPHAN | TW_F_ALL_ACKED | TW_F_LOCKED | TW_F_LINGER2_NEG, 0}},
	 0, true, OPENED_AND_CLOSED " closed_first 1 resets 1", "FIN_WAIT2>CLOSE"},
	{"TCP_LINGER2 < 0, the orphan's FIN is acknowledged", CONNECTED,
	 {ACTIVE, {FW2, TW_CLOSE, TW_F_ORPHAN | TW_F_ALL_ACKED | TW_F_LINGER2_NEG, 0}}, 0, true,
	 OPENED_AND_CLOSED " closed_first 1 resets 1", "FIN_WAIT2>CLOSE"},
	{"nobody answers the FIN", CONNECTED,
	 {{EST, FW1, 0, 0}, {FW1, TW_CLOSE, TW_F_ORPHAN, ETIMEDOUT}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1", "FIN_WAIT1>CLOSE"},
	{"nobody answers the last FIN", ACCEPTED,
	 {PASSIVE, {TW_CLOSE_WAIT, TW_LAST_ACK, 0, 0},
	  {TW_LAST_ACK, TW_CLOSE, TW_F_DONE | TW_F_ORPHAN, ETIMEDOUT}}, 0, false,
	 OPENED_AND_CLOSED, "LAST_ACK>CLOSE"},
	{"keepalive gives up in FIN_WAIT2", CONNECTED,
	 {ACTIVE, {FW2, TW_CLOSE, TW_F_ALL_ACKED, ETIMEDOUT}}, FW2, false,
	 OPENED_AND_CLOSED " closed_first 1 resets 1", "FIN_WAIT2>CLOSE"},
	{"ss -K", CONNECTED,
	 {{EST, TW_CLOSE, TW_F_LOCKED, ECONNABORTED}}, EST, false,
	 OPENED_AND_CLOSED " resets 1", "ESTABLISHED>CLOSE"},
	{"TCP Fast Open: closes actively before ESTABLISHED", BEGUN,
	 {{TW_SYN_RECV, FW1, TW_F_INCOMING, 0}, {FW1, FW2, 0, 0}, {FW2, TW_CLOSE, ORDERLY, 0}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 time_wait_entered 1 time_wait 1",
	 "FIN_WAIT2>CLOSE; +TIME_WAIT inferred"},
	{"refused", CONNECTING, {{TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING, ECONNREFUSED}}, 0, false,
	 "failed 1 resets 1", "SYN_SENT>CLOSE; failed ECONNREFUSED"},
	{"timed out", CONNECTING, {{TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING, ETIMEDOUT}}, 0, false,
	 "failed 1", "SYN_SENT>CLOSE; failed ETIMEDOUT"},
	{"unreachable", CONNECTING, {{TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING, EHOSTUNREACH}}, 0, false,
	 "failed 1", "SYN_SENT>CLOSE; failed EHOSTUNREACH"},
	{"the tuple is taken: a port, but no SYN", CONNECTING,
	 {{TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING | TW_F_UNSENT | TW_F_LOCKED, 0}}, 0, false,
	 "failed 1", "SYN_SENT>CLOSE; failed EADDRNOTAVAIL"},
	{"closed by the program in SYN_SENT", CONNECTING,
	 {{TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING | CLOSED_BY_PROGRAM, 0}}, 0, false, "", "SYN_SENT>CLOSE"},
	{"disconnected by connect(AF_UNSPEC) in SYN_SENT", CONNECTING,
	 {{TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING | TW_F_LOCKED, 0}}, 0, false, "", "SYN_SENT>CLOSE"},
	{"reset between SYN_SENT and ESTABLISHED, both opening at once", CONNECTING,
	 {{TW_SYN_SENT, TW_SYN_RECV, TW_F_OUTGOING, 0}, {TW_SYN_RECV, TW_CLOSE, 0, ECONNRESET}}, 0, false,
	 "failed 1 resets 1", "SYN_RECV>CLOSE; failed ECONNRESET"},
};
/* clang-format on */

static void begin(struct fixture *f, const struct life *life, struct end *end)
{
	*end = life->birth == ACCEPTED || life->birth == BEGUN ? server(1) : client(1);
	if (life->birth == CONNECTED)
		feed_connected(f, end);
	else if (life->birth == CONNECTING)
		feed_connect(f, end);
	else if (life->birth == ACCEPTED)
		feed_accepted(f, end);
	else
		end->born_ns = f->now_ns;
}

static void live(struct fixture *f, const struct life *life)
{
	const struct step *step = life->steps;
	struct end end;

	begin(f, life, &end);
	for (; step->to != TW_CLOSE; step++)
		feed_transition(f, &end, step->from, step->to, step->flags, step->error,
				step->from == TW_SYN_SENT || life->birth == BEGUN ?
					TW_TRANSITION_FULL :
					TW_TRANSITION_SHORT);
	if (life->reset_before)
		feed_reset(f, &end, life->reset_before);
	f->heard[0] = '\0';
	if (life->birth == BEGUN && step == life->steps)
		feed_transition(f, &end, step->from, step->to, step->flags, step->error,
				TW_TRANSITION_FULL);
	else
		feed_transition(f, &end, step->from, step->to, step->flags, step->error,
				step->from == TW_SYN_SENT ? TW_TRANSITION_FULL :
							    TW_TRANSITION_SHORT);
	if (life->reset_after)
		feed_reset(f, &end, TW_CLOSE);
	pass(f, 20 * MS);
}

static void every_life_counts_as_the_contract_says(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		bool begun = lives[i].birth == BEGUN && lives[i].steps[0].to == TW_CLOSE;
		const char *heard;

		fixture_start(f, &(struct model_opts){ 0 });
		feed_bare(f, TW_READY);
		live(f, &lives[i]);
		check_totals(f, lives[i].why, lives[i].totals, __FILE__, __LINE__);
		/* told with the birth that had no tuple when it happened */
		heard = f->heard + (begun ? strlen("LISTEN>SYN_RECV; ") : 0);
		check_text(lives[i].why, heard, lives[i].end, __FILE__, __LINE__);
	}
}

static void all_lives_together_add_up(void **state)
{
	struct fixture *f = *state;
	size_t count = sizeof(lives) / sizeof(lives[0]);

	feed_bare(f, TW_READY);
	/* the same cookie each time: a socket that is used again is a new connection */
	for (size_t i = 0; i < count; i++) {
		live(f, &lives[i]);
		assert_int_equal(model_totals(f->model)->count[FIELD_OPEN], 0);
	}
	assert_int_equal(f->told[EVENT_CONNECT_FAILED],
			 model_totals(f->model)->count[FIELD_FAILED]);
	assert_int_equal(f->told[EVENT_TIME_WAIT_ENTER],
			 model_totals(f->model)->count[FIELD_TW_ENTERED]);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_life_counts_as_the_contract_says),
		cmocka_unit_test(all_lives_together_add_up),
		cmocka_unit_test(each_state_has_its_gauge_while_it_lasts),
		cmocka_unit_test(a_connect_without_a_free_port_fails_with_eaddrnotavail),
		cmocka_unit_test(a_socket_connected_again_after_a_failure_is_a_new_connection),
		cmocka_unit_test(a_childs_birth_is_told_with_its_next_event),
		cmocka_unit_test(time_in_a_state_is_told_where_its_start_was_seen),
		cmocka_unit_test(a_lifetime_runs_from_the_first_syn_to_close),
	};

	/* every test opens a fixture of its own */
	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
