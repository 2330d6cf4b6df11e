// SPDX-License-Identifier: GPL-2.0-or-later
/* Typographic characters and HTML's tags and entities, as the characters that were typed once. */
#include "doctor/plain.h"

#include <ctype.h>
#include <string.h>

static const struct {
	const char *from, *to;
} replaced[] = {
	{ "\xc2\xa0", " " },	 /* no-break space */
	{ "\xe2\x80\xaf", " " }, /* narrow no-break space */
	{ "\xe2\x80\x89", " " }, /* thin space */
	{ "\xe2\x80\x83", " " }, /* em space */
	{ "\xe2\x80\x82", " " }, /* en space */
	{ "\xe3\x80\x80", " " }, /* ideographic space */
	{ "\xe2\x80\x8b", "" },	 /* zero width space */
	{ "\xe2\x80\x8c", "" },	 /* zero width non-joiner */
	{ "\xe2\x80\x8d", "" },	 /* zero width joiner */
	{ "\xef\xbb\xbf", "" },	 /* byte order mark */
	{ "\xc2\xad", "" },	 /* soft hyphen */
	{ "\xe2\x80\x98", "'" },  { "\xe2\x80\x99", "'" },  { "\xe2\x80\x9a", "'" },
	{ "\xe2\x80\x9c", "\"" }, { "\xe2\x80\x9d", "\"" }, { "\xe2\x80\x9e", "\"" },
	{ "\xc2\xab", "\"" },	  { "\xc2\xbb", "\"" },	    { "\xe2\x80\x90", "-" },
	{ "\xe2\x80\x91", "-" },  { "\xe2\x80\x92", "-" },  { "\xe2\x80\x93", "-" },
	{ "\xe2\x80\x94", "-" },  { "\xe2\x88\x92", "-" },  { "\xef\xbc\x9d", "=" },
	{ "\xef\xbc\x8e", "." },  { "\xef\xbc\xbf", "_" },  { "\xe2\x80\xa2", " " }, /* bullet */
	{ "&nbsp;", " " },	  { "&#160;", " " },	    { "&#xa0;", " " },
	{ "&quot;", "\"" },	  { "&ldquo;", "\"" },	    { "&rdquo;", "\"" },
	{ "&lsquo;", "'" },	  { "&rsquo;", "'" },	    { "&#39;", "'" },
	{ "&apos;", "'" },	  { "&ndash;", "-" },	    { "&mdash;", "-" },
	{ "&#61;", "=" },	  { "&equals;", "=" },	    { "&lowbar;", "_" },
	{ "&#95;", "_" },	  { "&period;", "." },	    { "&lt;", "<" },
	{ "&gt;", ">" },	  { "&amp;", "&" },
};

/* Whether @line begins with one of them; which. */
static bool is_replaced(const char *line, size_t len, size_t *which)
{
	for (*which = 0; *which < sizeof(replaced) / sizeof(replaced[0]); ++*which) {
		size_t from = strlen(replaced[*which].from);

		if (from <= len && !strncasecmp(line, replaced[*which].from, from))
			return true;
	}
	return false;
}

/* How long the tag is that begins here ("<code>", "</td>"); 0: none does. */
static size_t tag_len(const char *line, size_t len)
{
	const char *end = line[0] == '<' ? memchr(line, '>', len) : NULL;

	if (!end || !isalpha((unsigned char)line[line[1] == '/' ? 2 : 1]))
		return 0;
	return (size_t)(end - line) + 1;
}

bool plain_text(const char *line, size_t len, char *text)
{
	const char *end = line + len;
	bool changed = false;
	size_t which, tag;

	while (line < end) {
		tag = tag_len(line, (size_t)(end - line));
		if (tag) {
			*text++ = ' ';
			line += tag;
			changed = true;
		} else if (is_replaced(line, (size_t)(end - line), &which)) {
			if (replaced[which].to[0])
				*text++ = replaced[which].to[0];
			line += strlen(replaced[which].from);
			changed = true;
		} else {
			*text++ = *line++;
		}
	}
	*text = '\0';
	return changed;
}
