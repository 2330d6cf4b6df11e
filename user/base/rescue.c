// SPDX-License-Identifier: GPL-2.0-or-later
/* The last thing that is done to a terminal. */
#include "base/rescue.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Enough for a handler, whatever registers the kernel saves there. */
#define STACK_BYTES (64 << 10)

/* Those that end a process, but for SIGINT and SIGTERM, which somebody waits for. */
static const int fatal[] = { SIGHUP,  SIGQUIT, SIGILL,	SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
			     SIGSEGV, SIGSYS,  SIGALRM, SIGXCPU, SIGUSR1, SIGUSR2 };

#define NR_FATAL (sizeof(fatal) / sizeof(fatal[0]))

/* A handler has no other way to know. */
static struct {
	atomic_bool armed;
	bool at_exit;		/* exit() knows of it */
	int fd;
	struct termios found;
	char bytes[RESCUE_BYTES];
	size_t len;
	struct sigaction before[NR_FATAL];
	char stack[STACK_BYTES];
} rescue;

void rescue_now(void)
{
	struct pollfd writable = { .fd = rescue.fd, .events = POLLOUT };
	int saved = errno;

	if (!atomic_exchange(&rescue.armed, false))
		return;
	/* Ctrl-S may have stopped it; half a frame is of no use any more */
	tcflow(rescue.fd, TCOON);
	tcflush(rescue.fd, TCOFLUSH);
	if (poll(&writable, 1, 0) > 0 && write(rescue.fd, rescue.bytes, rescue.len) < 0)
		errno = saved;
	tcsetattr(rescue.fd, TCSANOW, &rescue.found);
	errno = saved;
}

/* The signal is held back until this returns: then it does what it would have done. */
static void on_fatal(int number)
{
	rescue_now();
	signal(number, SIG_DFL);
	raise(number);
}

static void catch_fatal(void)
{
	struct sigaction action = { .sa_handler = on_fatal, .sa_flags = SA_ONSTACK };

	/* no other of them in between */
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < NR_FATAL; i++) {
		sigaction(fatal[i], NULL, &rescue.before[i]);
		if (rescue.before[i].sa_handler != SIG_IGN)
			sigaction(fatal[i], &action, NULL);
	}
}

void rescue_begin(int fd, const struct termios *found, const char *bytes, size_t len)
{
	/* a stack that has run over is no place for a handler; of this thread, which may recurse */
	stack_t stack = { .ss_sp = rescue.stack, .ss_size = sizeof(rescue.stack) };

	rescue.fd = fd;
	rescue.found = *found;
	rescue.len = len < RESCUE_BYTES ? len : RESCUE_BYTES;
	memcpy(rescue.bytes, bytes, rescue.len);
	sigaltstack(&stack, NULL);
	catch_fatal();
	if (!rescue.at_exit)
		atexit(rescue_now);
	rescue.at_exit = true;
}

void rescue_arm(bool armed)
{
	atomic_store(&rescue.armed, armed);
}

void rescue_end(void)
{
	stack_t none = { .ss_flags = SS_DISABLE };

	rescue_arm(false);
	for (size_t i = 0; i < NR_FATAL; i++)
		sigaction(fatal[i], &rescue.before[i], NULL);
	sigaltstack(&none, NULL);
}
