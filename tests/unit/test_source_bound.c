// SPDX-License-Identifier: GPL-2.0-or-later
/* Which end of a connect() means that its own port was taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "source/bound.h"

static const struct tw_transition collided = {
	.head = { .kind = TW_TRANSITION,
		  .size = TW_TRANSITION_FULL,
		  .from = TW_SYN_SENT,
		  .to = TW_CLOSE,
		  .flags = TW_F_UNSENT },
	.tuple = { .local_port = 7000 },
};

static void a_connect_that_sent_nothing_from_its_own_port_collided(void **state)
{
	(void)state;
	assert_true(bound_collides(&collided));
}

static void any_other_end_is_something_else(void **state)
{
	static const struct {
		struct tw_record head;
		uint16_t port;
		const char *why;
	} cases[] = {
		{ { .from = TW_SYN_SENT, .to = TW_CLOSE, .flags = TW_F_UNSENT },
		  0,
		  "no port was left" },
		{ { .from = TW_SYN_SENT, .to = TW_CLOSE }, 7000, "its SYN was sent" },
		{ { .from = TW_SYN_SENT,
		    .to = TW_CLOSE,
		    .flags = TW_F_UNSENT,
		    .error = ECONNREFUSED },
		  7000,
		  "an error came" },
		{ { .from = TW_SYN_SENT, .to = TW_CLOSE, .flags = TW_F_UNSENT | TW_F_SHUT_BOTH },
		  7000,
		  "the program gave up" },
		{ { .from = TW_SYN_SENT, .to = TW_CLOSE, .flags = TW_F_UNSENT | TW_F_FORGET },
		  7000,
		  "connect(AF_UNSPEC)" },
		{ { .from = TW_ESTABLISHED, .to = TW_CLOSE, .flags = TW_F_UNSENT },
		  7000,
		  "it was open" },
		{ { .from = TW_SYN_SENT, .to = TW_ESTABLISHED, .flags = TW_F_UNSENT },
		  7000,
		  "it is open" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tw_transition full = collided;

		full.head = cases[i].head;
		full.tuple.local_port = cases[i].port;
		if (bound_collides(&full))
			fail_msg("not a collision: %s", cases[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connect_that_sent_nothing_from_its_own_port_collided),
		cmocka_unit_test(any_other_end_is_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
