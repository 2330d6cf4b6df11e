// SPDX-License-Identifier: GPL-2.0-or-later
/* Text by words. */
#include "sink/wrap.h"

#include <string.h>

#include "base/text.h"

#define TEXT_WIDTH 100
#define WORD_LEN 1024

size_t wrap_width(const struct sink_opts *opts)
{
	return opts->terminal && opts->width ? opts->width : TEXT_WIDTH;
}

void print_wrapped(FILE *out, size_t width, size_t at, const char *text)
{
	size_t indent = at;

	while (*text) {
		size_t len = strcspn(text, " "), columns;
		char word[WORD_LEN];

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		columns = text_width(word);
		if (at > indent && at + 1 + columns > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		}
		at += columns + (at > indent);
		fprintf(out, "%s%s", at > indent + columns ? " " : "", word);
		text += len + (text[len] == ' ');
	}
	putc('\n', out);
}
