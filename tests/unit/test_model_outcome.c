// SPDX-License-Identifier: GPL-2.0-or-later
/* What a single change of state says by itself, row by row. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "model/field.h"
#include "model/outcome.h"

#define OPENED (FIELD_BIT(FIELD_OPENED) | FIELD_BIT(FIELD_CONNECTIONS))
#define CLOSED FIELD_BIT(FIELD_CLOSED)
#define FIRST FIELD_BIT(FIELD_CLOSED_FIRST)
#define FAILED FIELD_BIT(FIELD_FAILED)
#define RESETS FIELD_BIT(FIELD_RESETS)
#define ENTERED FIELD_BIT(FIELD_TW_ENTERED)
#define ORDERLY (TW_F_DONE | TW_F_ORPHAN | TW_F_ALL_ACKED)
#define ORPHAN (TW_F_ORPHAN | TW_F_ALL_ACKED)

struct said {
	const char *why;
	uint8_t from, to, error;
	uint16_t flags;
	uint32_t counts;
	enum reset reset;
};

/* clang-format off */
static const struct said table[] = {
	{"a connect begins", TW_CLOSE, TW_SYN_SENT, 0, 0, 0, RESET_NONE},
	{"it is connected", TW_SYN_SENT, TW_ESTABLISHED, 0, TW_F_OUTGOING, OPENED, RESET_NONE},
	{"it is accepted", TW_SYN_RECV, TW_ESTABLISHED, 0, TW_F_INCOMING, OPENED, RESET_NONE},
	{"closed before the handshake was over", TW_SYN_RECV, TW_FIN_WAIT1, 0, 0, OPENED | FIRST, RESET_NONE},
	{"repaired into being", TW_CLOSE, TW_ESTABLISHED, 0, 0, OPENED, RESET_NONE},
	{"the active close", TW_ESTABLISHED, TW_FIN_WAIT1, 0, 0, FIRST, RESET_NONE},
	{"the passive one", TW_ESTABLISHED, TW_CLOSE_WAIT, 0, 0, 0, RESET_NONE},
	{"both at once", TW_FIN_WAIT1, TW_CLOSING, 0, 0, 0, RESET_NONE},
	{"a true TIME_WAIT", TW_FIN_WAIT2, TW_CLOSE, 0, ORDERLY, CLOSED | ENTERED, RESET_NONE},
	{"one after CLOSING", TW_CLOSING, TW_CLOSE, 0, ORDERLY, CLOSED | ENTERED, RESET_NONE},
	{"a FIN_WAIT2 minisock", TW_FIN_WAIT2, TW_CLOSE, 0, ORPHAN, CLOSED | ENTERED, RESET_NONE},
	{"none, by TCP_LINGER2", TW_FIN_WAIT2, TW_CLOSE, 0, ORPHAN | TW_F_LINGER2_NEG, CLOSED | RESETS, RESET_SENT},
	{"CLOSING, its FIN not acknowledged", TW_CLOSING, TW_CLOSE, 0, TW_F_ORPHAN, CLOSED, RESET_NONE},
	{"CLOSING, acknowledged, the descriptor still open", TW_CLOSING, TW_CLOSE, 0, TW_F_DONE | TW_F_ALL_ACKED, CLOSED | ENTERED, RESET_NONE},
	{"CLOSING, aborted", TW_CLOSING, TW_CLOSE, 0, TW_F_DONE, CLOSED | RESETS, RESET_SENT},
	{"the passive end", TW_LAST_ACK, TW_CLOSE, 0, ORDERLY, CLOSED, RESET_NONE},
	{"a RST comes", TW_ESTABLISHED, TW_CLOSE, ECONNRESET, 0, CLOSED | RESETS, RESET_RECEIVED},
	{"a RST in CLOSE_WAIT", TW_CLOSE_WAIT, TW_CLOSE, EPIPE, 0, CLOSED | RESETS, RESET_RECEIVED},
	{"a time-out", TW_ESTABLISHED, TW_CLOSE, ETIMEDOUT, TW_F_ORPHAN, CLOSED, RESET_NONE},
	{"unread data", TW_ESTABLISHED, TW_CLOSE, 0, TW_F_LOCKED, CLOSED | RESETS, RESET_SENT},
	{"refused", TW_SYN_SENT, TW_CLOSE, ECONNREFUSED, TW_F_OUTGOING, FAILED | RESETS, RESET_RECEIVED},
	{"unreachable", TW_SYN_SENT, TW_CLOSE, EHOSTUNREACH, TW_F_OUTGOING, FAILED, RESET_NONE},
	{"no port is left", TW_SYN_SENT, TW_CLOSE, 0, TW_F_OUTGOING | TW_F_UNSENT, FAILED, RESET_NONE},
	{"given up by the program", TW_SYN_SENT, TW_CLOSE, 0, TW_F_OUTGOING, 0, RESET_NONE},
	{"and by shutdown()", TW_SYN_SENT, TW_CLOSE, 0, TW_F_UNSENT | TW_F_SHUT_BOTH, 0, RESET_NONE},
	{"SYNs that cross, then a RST", TW_SYN_RECV, TW_CLOSE, ECONNRESET, TW_F_OUTGOING, FAILED | RESETS, RESET_RECEIVED},
	{"a child is reset", TW_SYN_RECV, TW_CLOSE, ECONNRESET, TW_F_INCOMING, RESETS, RESET_RECEIVED},
	{"listen()", TW_CLOSE, TW_LISTEN, 0, 0, 0, RESET_NONE},
	{"a listener closes", TW_LISTEN, TW_CLOSE, 0, TW_F_LOCKED, 0, RESET_NONE},
};
/* clang-format on */

static struct tw_record head_of(const struct said *row)
{
	return (struct tw_record){ .from = row->from,
				   .to = row->to,
				   .error = row->error,
				   .flags = row->flags };
}

static void each_change_counts_for_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct tw_record head = head_of(&table[i]);

		if (outcome_mask(&head) != table[i].counts)
			fail_msg("%s: counts for %#x, not %#x", table[i].why, outcome_mask(&head),
				 table[i].counts);
	}
}

static void whose_rst_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct tw_record head = head_of(&table[i]);

		if (outcome_reset(&head) != table[i].reset)
			fail_msg("%s: reset %d, not %d", table[i].why, outcome_reset(&head),
				 table[i].reset);
	}
}

static void why_a_connect_failed(void **state)
{
	struct tw_record head = { .from = TW_SYN_SENT, .to = TW_CLOSE };

	(void)state;
	assert_int_equal(outcome_connect_error(&head, PORT_BOUND), 0);
	assert_int_equal(outcome_connect_error(&head, PORT_NONE), EADDRNOTAVAIL);
	head.flags = TW_F_UNSENT;
	assert_int_equal(outcome_connect_error(&head, PORT_BOUND), EADDRNOTAVAIL);
	/* a port of its own choice is free: something else was in the way */
	assert_int_equal(outcome_connect_error(&head, PORT_CHOSEN), ERROR_UNKNOWN);
	assert_int_equal(outcome_connect_error(&head, PORT_UNTOLD), EADDRNOTAVAIL);
	/* a program that gives up has not been refused a port */
	head.flags = TW_F_UNSENT | TW_F_SHUT_BOTH;
	assert_int_equal(outcome_connect_error(&head, PORT_NONE), 0);
	head.error = ETIMEDOUT;
	assert_int_equal(outcome_connect_error(&head, PORT_NONE), ETIMEDOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_change_counts_for_what_it_is),
		cmocka_unit_test(whose_rst_it_was),
		cmocka_unit_test(why_a_connect_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
