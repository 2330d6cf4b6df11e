// SPDX-License-Identifier: GPL-2.0-or-later
/* Text by words. */
#include "base/wrap.h"

#include <string.h>

#include "base/text.h"

#define WORD_LEN 2048

void print_wrapped_marked(FILE *out, size_t width, size_t at, const char *mark, const char *text)
{
	size_t indent = at;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " "), columns;
		char word[WORD_LEN];

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		columns = text_width(word);
		if (at > indent && at + 1 + columns > width) {
			fprintf(out, "\n%s%*s", mark, (int)(indent - strlen(mark)), "");
			at = indent;
		}
		fprintf(out, "%s%.*s", at > indent ? " " : "", (int)len, text);
		at += columns + (at > indent);
		text += len;
	}
	putc('\n', out);
}

void print_wrapped(FILE *out, size_t width, size_t at, const char *text)
{
	print_wrapped_marked(out, width, at, "", text);
}
