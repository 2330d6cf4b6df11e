/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says things on standard error, if the user wants to hear that much. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum log_level current_level = LOG_WARNING;
static const char *current_name = "twtrace";

void log_set_name(const char *name)
{
	current_name = name;
}

void log_set_level(enum log_level level)
{
	current_level = level;
}

bool log_wants(enum log_level level)
{
	return level <= current_level;
}

/*
 * libbpf's messages end with a newline, and the verifier's are many lines at
 * once: each gets the prefix, so that every line on standard error has it.
 */
static void print_lines(const char *name, const char *text)
{
	do {
		size_t len = strcspn(text, "\n");

		fprintf(stderr, "%s: %.*s\n", name, (int)len, text);
		text += len;
		if (*text)
			text++;
	} while (*text);
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	char *text;
	va_list args;

	if (!log_wants(level))
		return;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);

	flockfile(stderr);
	print_lines(level == LOG_WARNING ? current_name : "twtrace", text ? text : fmt);
	funlockfile(stderr);
	free(text);
	errno = saved;
}
