// SPDX-License-Identifier: GPL-2.0-or-later
/* Which signal asks to end, and which one ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/signals.h"

/* The clock that the signals are told apart by. */
static int64_t now_ms;

int clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	*now = (struct timespec){ now_ms / 1000, now_ms % 1000 * 1000000L };
	return 0;
}

struct told {
	int number, at_ms;
};

#define STILL_THERE 7
#define NEVER_ASKED 8

/* What becomes of a process that is sent them: the signal that ends it, or 0. */
static int ended_by(const struct told *told, size_t count)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		signals_catch();
		for (size_t i = 0; i < count; i++) {
			now_ms = 5000 + told[i].at_ms;
			raise(told[i].number);
		}
		_exit(signals_came() ? STILL_THERE : NEVER_ASKED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	assert_int_equal(WEXITSTATUS(status), STILL_THERE);
	return 0;
}

static void several_at_once_ask_once(void **state)
{
	static const struct told of_timeout[] = { { SIGTERM, 0 }, { SIGTERM, 0 } };
	static const struct told of_many[] = {
		{ SIGINT, 0 },
		{ SIGTERM, 1 },
		{ SIGHUP, 300 },
		{ SIGINT, 499 },
	};

	(void)state;
	assert_int_equal(ended_by(of_timeout, 1), 0);
	assert_int_equal(ended_by(of_timeout, 2), 0);
	assert_int_equal(ended_by(of_many, 4), 0);
}

static void one_that_comes_later_ends_it(void **state)
{
	static const struct told same[] = { { SIGINT, 0 }, { SIGINT, 500 } };
	static const struct told other[] = { { SIGINT, 0 }, { SIGINT, 10 }, { SIGTERM, 700 } };

	(void)state;
	assert_int_equal(ended_by(same, 2), SIGINT);
	assert_int_equal(ended_by(other, 3), SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_at_once_ask_once),
		cmocka_unit_test(one_that_comes_later_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
