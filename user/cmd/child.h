/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command as a process of ours: it waits until it is told to begin, has the privileges,
 * signals and descriptors that it would have without us, and gets the signals that we get.
 */
#ifndef CMD_CHILD_H
#define CMD_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct child {
	pid_t pid;		/* 0: none */
	char *const *words;	/* borrowed: the command and its arguments, NULL at the end */
	int go_fd, failure_fd;	/* begins it; says why it did not begin */
	int signal_fd;
	bool begun;		/* it was told to */
	int exec_errno;		/* why it could not be run, 0: it was */
	bool over;
	int status;		/* as wait() gives it, once over */
};

/*
 * From here on signals wait for child_attend(); call it before anything of our own is changed
 * that a process inherits. 0 or -errno; child_end() in any case.
 */
int child_fork(struct child *child, char *const *words, struct error *err);
/* It begins. 0, or -errno where it can't be run, with a sentence that quotes it. */
int child_begin(struct child *child, struct error *err);
/* Becomes readable when a signal has come. */
int child_fd(const struct child *child);
/* Passes signals on, and sees whether it has ended. */
void child_attend(struct child *child);
/* Waits for its end; one that has not begun never will. Signals do again what they did. */
void child_end(struct child *child);
/* As a shell has it: its own status, 128 + the signal that killed it, 126 or 127. */
int child_exit_status(const struct child *child);

#endif
