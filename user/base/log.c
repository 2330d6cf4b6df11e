/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says things on standard error, if the user wants to hear that much. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"
#include "base/text.h"

/* What is held, until there is more than anybody would read. */
#define MAX_HELD (64 << 10)

static enum log_level current_level = LOG_WARNING;
static const char *current_name = "twtrace";

/* Under the lock of stderr. */
static struct {
	FILE *out;		/* owned; NULL: nothing is held back */
	char *text;
	size_t len;
	unsigned long left_out;
} held;

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

void log_hold(void)
{
	flockfile(stderr);
	if (!held.out)
		held.out = stream_memory(&held.text, &held.len);
	funlockfile(stderr);
}

void log_release(void)
{
	flockfile(stderr);
	if (held.out) {
		fclose(held.out);
		fputs(held.text, stderr);
		if (held.left_out)
			fprintf(stderr, "twtrace: %lu more messages\n", held.left_out);
		free(held.text);
		memset(&held, 0, sizeof(held));
	}
	funlockfile(stderr);
}

/* Where a message goes now; NULL: there is too much already. Under the lock. */
static FILE *place(void)
{
	if (!held.out)
		return stderr;
	if (ftell(held.out) < MAX_HELD)
		return held.out;
	held.left_out++;
	return NULL;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	char brief[512], cut[512];
	va_list args;
	char *text, *clean;
	FILE *out;

	if (!log_wants(level))
		return;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	/* without memory, which may be what the message is about, it is cut */
	va_start(args, fmt);
	if (!text)
		vsnprintf(brief, sizeof(brief), fmt, args);
	va_end(args);
	/* names are among its words, of files and of whatever else: it stays one line of text */
	clean = text_cleaned(text ? text : brief);
	if (!clean)
		text_clean(text ? text : brief, strlen(text ? text : brief), cut, sizeof(cut));

	flockfile(stderr);
	out = place();
	if (out)
		fprintf(out, "%s: %s\n", level == LOG_WARNING ? current_name : "twtrace",
			clean ? clean : cut);
	funlockfile(stderr);
	free(clean);
	free(text);
	errno = saved;
}
