/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that work for the one that asks for them: how they begin, and who waits for them. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

/*
 * As pthread_create(), with every signal blocked in it: they are for who can act on them. It begins
 * with the capabilities that its maker has at that moment; see caps_limit(). 0 or -errno.
 */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);
/* So long from now, by CLOCK_MONOTONIC: for pthread_cond_clockwait() and its kin. */
struct timespec thread_deadline(unsigned int timeout_ms);
/* As pthread_join(), at most so long. False: it has not ended, and is nobody's to wait for now. */
bool thread_join(pthread_t thread, unsigned int timeout_ms);

#endif
