/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives a terminal back that was taken over, however the process ends: by exit(), by a crash, by
 * a signal. What it needs is put together beforehand, so that a signal handler can use it.
 *
 * One terminal, of the one process: what follows is state of the process.
 */
#ifndef BASE_RESCUE_H
#define BASE_RESCUE_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#define RESCUE_BYTES 256

/*
 * From here on a signal that ends the process gives the terminal back first. @found: its modes
 * before anybody changed them; @bytes, at most RESCUE_BYTES: what is to be written to it.
 */
void rescue_begin(int fd, const struct termios *found, const char *bytes, size_t len);
/*
 * Whether there is anything to give back: not while it is given back already, for a while. Called
 * by the one thread that writes to the terminal, with SIGRTMIN let in: rescue_now() stops it.
 */
void rescue_arm(bool armed);
/*
 * Gives it back if it is still taken over. Safe in signal handlers; waits for nobody: of a
 * terminal that takes nothing, what waits for it is thrown away. The thread that writes to it
 * never goes on if it was another one. rescue_end() follows, or the end.
 */
void rescue_now(void);
/* Signals are as they were before. */
void rescue_end(void);

#endif
