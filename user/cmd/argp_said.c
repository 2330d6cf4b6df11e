// SPDX-License-Identifier: GPL-2.0-or-later
/* A stream in the place of stderr while argp is at work. */
#include "cmd/argp_said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static struct {
	FILE *real;	/* stderr as it was; NULL: nothing is kept */
	char *text;	/* owned */
	size_t len;
} said;

void argp_said_begin(void)
{
	FILE *kept = open_memstream(&said.text, &said.len);

	if (!kept)
		return;
	if (atexit(argp_said_end)) {
		fclose(kept);
		free(said.text);
		return;
	}
	said.real = stderr;
	stderr = kept;
}

void argp_said_end(void)
{
	char *rest, *line;

	if (!said.real)
		return;
	fclose(stderr);
	stderr = said.real;
	said.real = NULL;
	rest = said.text;
	while ((line = strsep(&rest, "\n"))) {
		char *clean = text_cleaned(line);

		/* after the last newline there is nothing */
		if (clean && rest)
			fprintf(stderr, "%s\n", clean);
		free(clean);
	}
	free(said.text);
}
