// SPDX-License-Identifier: GPL-2.0-or-later
/* POSIX threads, with what all of ours want. */
#include "base/thread.h"

#include <signal.h>

int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -ret;
}

struct timespec thread_deadline(unsigned int timeout_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += timeout_ms % 1000 * 1000000L;
	until.tv_sec += timeout_ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return until;
}

bool thread_join(pthread_t thread, unsigned int timeout_ms)
{
	struct timespec until = thread_deadline(timeout_ms);

	if (!pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until))
		return true;
	pthread_detach(thread);
	return false;
}
