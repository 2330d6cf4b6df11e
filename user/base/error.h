/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors as text handed up: whoever knows the reason writes the sentence, only
 * the command prints it.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
	int code;	/* negative errno, 0 when nothing is wrong */
	char text[512];	/* one sentence without its full stop; quotes the input, cleaned */
};

/* Sets @err (may be NULL) and returns @code, so that `return error_set(...)` reads well. */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
