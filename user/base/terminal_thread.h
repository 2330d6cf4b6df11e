/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two sides of a terminal, and what lies between them; for nobody else. */
#ifndef BASE_TERMINAL_THREAD_H
#define BASE_TERMINAL_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "base/terminal.h"

#define TERMINAL_KEYS 256

struct terminal {
	pthread_t thread;
	bool ascii;
	int wake_fd;		/* for the thread: there is a frame, or the end */
	int keys_fd;
	int signal_fd;
	sigset_t mask_before;
	struct sigaction stop_before, resize_before;

	pthread_mutex_t lock;	/* over everything below */
	pthread_cond_t changed;	/* CLOCK_MONOTONIC */
	bool begun, ended, stop;
	struct error start_err;
	struct frame shown;	/* owned; to be drawn next */
	bool is_new;		/* shown was not drawn yet */
	unsigned int width, height;
	struct key_press keys[TERMINAL_KEYS];
	unsigned int first_key, nr_keys;
};

/* The thread, from its beginning to its end. */
void *terminal_run(void *terminal);
/* Bells are eventfds that are readable while they ring. */
void bell_ring(int fd);
void bell_silence(int fd);

#endif
