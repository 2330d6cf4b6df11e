// SPDX-License-Identifier: GPL-2.0-or-later
/* A flag, and a wait that no signal can slip past. */
#include "cmd/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/rescue.h"

/* SIGHUP: the terminal has gone. */
static const int enders[] = { SIGINT, SIGTERM, SIGHUP };

#define NR_ENDERS (sizeof(enders) / sizeof(enders[0]))

static sigset_t ending_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	for (size_t i = 0; i < NR_ENDERS; i++)
		sigaddset(&ends, enders[i]);
	return ends;
}

/*
 * One so soon after the first says the same once more: timeout(1) signals its child and then its
 * whole process group, a shell and a supervisor may both pass on what they were sent.
 */
#define AT_ONCE_NS 500000000LL

/* Set by a signal. */
static volatile sig_atomic_t ending;
static volatile int64_t ending_since_ns;

/* No signal that asks to end comes in while it runs. */
static void on_ending_signal(int number)
{
	int interrupted = errno;
	struct timespec now = { 0 };
	int64_t now_ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
	if (!ending) {
		ending_since_ns = now_ns;
		ending = 1;
	} else if (now_ns - ending_since_ns >= AT_ONCE_NS) {
		/* it ends the program whatever it does, with the terminal as it was found */
		rescue_now();
		signal(number, SIG_DFL);
		raise(number);
	}
	errno = interrupted;
}

void signals_catch(void)
{
	struct sigaction action = { .sa_handler = on_ending_signal }, before;
	sigset_t ends = ending_signals();

	action.sa_mask = ends;
	for (size_t i = 0; i < NR_ENDERS; i++) {
		sigaction(enders[i], NULL, &before);
		/* as by nohup(1): it is to outlive its terminal. A shell's "&" ignores SIGINT so, too,
		 * but who sends that means it */
		if (enders[i] != SIGHUP || before.sa_handler != SIG_IGN)
			sigaction(enders[i], &action, NULL);
	}
	/* the demo held them back while it set out its processes */
	sigprocmask(SIG_UNBLOCK, &ends, NULL);
}

bool signals_came(void)
{
	return ending;
}

static volatile sig_atomic_t saving;

static void on_save_signal(int number)
{
	(void)number;
	saving = 1;
}

void signals_catch_save(void)
{
	struct sigaction action = { .sa_handler = on_save_signal, .sa_flags = SA_RESTART };

	sigaction(SIGUSR2, &action, NULL);
}

bool signals_save_came(void)
{
	bool came = saving;

	/* one that comes in between asks for what is done now */
	saving = 0;
	return came;
}

int signals_wait(int fd, int timeout_ms, bool known)
{
	struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	sigset_t ends = ending_signals(), before;
	int ret = -EINTR;

	sigprocmask(SIG_BLOCK, &ends, &before);
	if (!ending || known) {
		ret = ppoll(&readable, 1, timeout_ms < 0 ? NULL : &timeout, &before);
		if (ret < 0)
			ret = -errno;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}
