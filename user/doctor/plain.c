// SPDX-License-Identifier: GPL-2.0-or-later
/* Typographic characters and HTML's entities, as the characters that were typed once. */
#include "doctor/plain.h"

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

bool plain_text(const char *line, char *text, size_t size)
{
	bool changed = false;
	size_t len = 0;

	while (*line && len + 2 < size) {
		size_t i = 0, count = sizeof(replaced) / sizeof(replaced[0]);

		while (i < count && strncasecmp(line, replaced[i].from, strlen(replaced[i].from)))
			i++;
		if (i == count) {
			text[len++] = *line++;
			continue;
		}
		changed = true;
		line += strlen(replaced[i].from);
		if (replaced[i].to[0])
			text[len++] = replaced[i].to[0];
	}
	text[len] = '\0';
	return changed;
}
