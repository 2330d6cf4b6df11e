// SPDX-License-Identifier: GPL-2.0-or-later
/* A thread of ours: signals do not reach it, and nobody waits for one for ever. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <unistd.h>

#include "base/thread.h"

static void *blocked_signals(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
	return NULL;
}

static void no_signal_reaches_it(void **state)
{
	sigset_t its, before, after;
	pthread_t thread;

	(void)state;
	sigemptyset(&its);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(thread_start(&thread, blocked_signals, &its), 0);
	assert_true(thread_join(thread, 10000));
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int number = 1; number < NSIG; number++) {
		bool possible = number != SIGKILL && number != SIGSTOP;

		/* the C library keeps some for itself */
		if (number < 32 || number > SIGRTMIN)
			assert_int_equal(sigismember(&its, number) == 1, possible);
		assert_int_equal(sigismember(&after, number), sigismember(&before, number));
	}
}

struct held_up {
	int until[2], ended[2];
};

static void *wait_for_a_byte(void *arg)
{
	struct held_up *held_up = arg;
	char byte;

	if (read(held_up->until[0], &byte, 1) == 1 && write(held_up->ended[1], &byte, 1) == 1)
		return NULL;
	return arg;
}

static void one_that_is_held_up_is_left(void **state)
{
	struct held_up held_up;
	pthread_t thread;
	char byte = 'x';

	(void)state;
	assert_return_code(pipe(held_up.until), 0);
	assert_return_code(pipe(held_up.ended), 0);
	assert_int_equal(thread_start(&thread, wait_for_a_byte, &held_up), 0);
	assert_false(thread_join(thread, 1));
	/* it goes on by itself */
	assert_int_equal(write(held_up.until[1], &byte, 1), 1);
	assert_int_equal(read(held_up.ended[0], &byte, 1), 1);
	for (int i = 0; i < 2; i++) {
		close(held_up.until[i]);
		close(held_up.ended[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_signal_reaches_it),
		cmocka_unit_test(one_that_is_held_up_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
