// SPDX-License-Identifier: GPL-2.0-or-later
/* The last thing that is done to a terminal. */
#include "base/rescue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* So long a thread may take to be where a signal takes it. */
#define PARK_NS 100000000
#define PARK_STEPS 100

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
	pid_t writer;		/* the thread that armed it */
	atomic_bool parked;	/* it is in on_park(), for good */
	struct sigaction before[NR_FATAL], before_park;
	char stack[STACK_BYTES];
} rescue;

static void on_park(int number)
{
	sigset_t all;

	(void)number;
	sigfillset(&all);
	atomic_store(&rescue.parked, true);
	for (;;)
		sigsuspend(&all);
}

/*
 * A thread that waits in write() holds the terminal's lock (tty_write_lock()), and whoever
 * writes waits too. False: it does not let go of it.
 */
static bool park_writer(void)
{
	const struct timespec step = { .tv_nsec = PARK_NS / PARK_STEPS };

	if (rescue.writer == gettid())
		return true;
	if (tgkill(getpid(), rescue.writer, SIGRTMIN))
		return errno == ESRCH;
	for (unsigned int i = 0; i < PARK_STEPS && !atomic_load(&rescue.parked); i++)
		nanosleep(&step, NULL);
	return atomic_load(&rescue.parked);
}

static void restore(void)
{
	struct pollfd writable = { .fd = rescue.fd, .events = POLLOUT };
	int saved = errno;
	bool free_to_write = park_writer();

	/* Ctrl-S may have stopped it; half a frame is of no use any more */
	tcflow(rescue.fd, TCOON);
	tcflush(rescue.fd, TCOFLUSH);
	if (free_to_write && poll(&writable, 1, 0) > 0 &&
	    write(rescue.fd, rescue.bytes, rescue.len) < 0)
		errno = saved;
	tcsetattr(rescue.fd, TCSANOW, &rescue.found);
	errno = saved;
}

void rescue_now(void)
{
	sigset_t all, before;

	/* one that ends the process comes when the terminal is given back, not in between */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (atomic_exchange(&rescue.armed, false))
		restore();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
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
	struct sigaction park = { .sa_handler = on_park };

	/* no other of them in between */
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < NR_FATAL; i++) {
		sigaction(fatal[i], NULL, &rescue.before[i]);
		if (rescue.before[i].sa_handler != SIG_IGN)
			sigaction(fatal[i], &action, NULL);
	}
	sigaction(SIGRTMIN, &park, &rescue.before_park);
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
	rescue.writer = gettid();
	atomic_store(&rescue.armed, armed);
}

void rescue_end(void)
{
	stack_t none = { .ss_flags = SS_DISABLE };

	atomic_store(&rescue.armed, false);
	for (size_t i = 0; i < NR_FATAL; i++)
		sigaction(fatal[i], &rescue.before[i], NULL);
	sigaction(SIGRTMIN, &rescue.before_park, NULL);
	sigaltstack(&none, NULL);
}
