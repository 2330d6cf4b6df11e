/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the program says of itself, on standard error, one line a message with
 * "twtrace: " before it, a warning with the command: "twtrace top: ", as argp begins
 * its errors. Results never go through here.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_WARNING = 0,	/* always shown */
	LOG_VERBOSE = 1,	/* -v: which probes, why, ready */
	LOG_DEBUG = 2,		/* -vv: what libbpf says */
};

/* What warnings begin with, "twtrace" if it is never called; @name stays the caller's. */
void log_set_name(const char *name);
void log_set_level(enum log_level level);
bool log_wants(enum log_level level);
/*
 * From any thread, once name and level stay what they are; a message stays in one piece. Without
 * a newline: whatever is quoted in it can neither end its line nor speak to the terminal.
 */
void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * While a screen is up, lines between its own would garble it: from here on messages are kept,
 * as many as anybody would read.
 */
void log_hold(void);
/* They are printed, and what follows too. Nothing where none are held. */
void log_release(void);

#endif
