// SPDX-License-Identifier: GPL-2.0-or-later
/* Every complete life of a connection, as both of its ends see it, and what each counts for. */
#include "model_fixture.h"

#include <errno.h>

#define MAX_STEPS 6
#define CLOSED_BY_PROGRAM (TW_F_LOCKED | TW_F_SHUT_BOTH)

struct step {
	uint8_t from, to;
	uint16_t flags;
	uint8_t error;
};

enum birth {
	CONNECTED, /* SYN_SENT, ESTABLISHED */
	ACCEPTED, /* SYN_RECV told late, ESTABLISHED */
	CONNECTING, /* SYN_SENT only */
	BEGUN, /* SYN_RECV told late, only */
};

struct life {
	const char *why;
	enum birth birth;
	struct step steps[MAX_STEPS];
	uint8_t reset_before; /* a RST was sent in this state, before ->CLOSE; 0: none */
	bool reset_after; /* or in CLOSE, after it */
	const char *totals; /* when all has settled */
	const char *end; /* what ->CLOSE and the settling tell */
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
	 OPENED_AND_CLOSED " closed_first 1 time_wait_entered 1 fin_wait2 1 fin_wait2_orphans 1",
	 "FIN_WAIT2>CLOSE; +FIN_WAIT2 inferred"},
	{"closes, the peer acknowledges and answers later", CONNECTED,
	 {ACTIVE, {FW2, TW_CLOSE, TW_F_ORPHAN | TW_F_ALL_ACKED, 0}}, 0, false,
	 OPENED_AND_CLOSED " closed_first 1 time_wait_entered 1 fin_wait2 1 fin_wait2_orphans 1",
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
	{"refused a route with the port in hand: no SYN", CONNECTING,
	 {{TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING | TW_F_UNSENT | TW_F_LOCKED, 0}}, 0, false,
	 "failed 1", "SYN_SENT>CLOSE; failed unknown"},
	{"closed by the program in SYN_SENT", CONNECTING,
	 {{TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING | CLOSED_BY_PROGRAM, 0}}, 0, false, "", "SYN_SENT>CLOSE"},
	{"closed by the program before the SYN went out (TCP_FASTOPEN_CONNECT)", CONNECTING,
	 {{TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING | CLOSED_BY_PROGRAM | TW_F_UNSENT, 0}}, 0, false, "",
	 "SYN_SENT>CLOSE"},
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

/* The kernel side sends the whole record until one has been delivered. */
static void feed_step(struct fixture *f, const struct life *life, const struct end *end,
		      const struct step *step)
{
	bool first = step == life->steps && life->birth == BEGUN;

	feed_transition(f, end, step->from, step->to, step->flags, step->error,
			first || step->from == TW_SYN_SENT ? TW_TRANSITION_FULL :
							     TW_TRANSITION_SHORT);
}

static void live(struct fixture *f, const struct life *life)
{
	const struct step *step = life->steps;
	struct end end;

	begin(f, life, &end);
	for (; step->to != TW_CLOSE; step++)
		feed_step(f, life, &end, step);
	if (life->reset_before)
		feed_reset(f, &end, life->reset_before);
	f->heard[0] = '\0';
	feed_step(f, life, &end, step);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(every_life_counts_as_the_contract_says),
		fixture_test(all_lives_together_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
