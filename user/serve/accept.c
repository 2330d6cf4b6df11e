// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of what a client takes, each element with a quality. */
#include "serve/accept.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"
#define FULL 1000

struct span {
	const char *text;
	size_t len;
};

static bool is(struct span span, const char *text)
{
	return span.len == strlen(text) && !strncasecmp(span.text, text, span.len);
}

static struct span trimmed(const char *from, const char *to)
{
	while (from < to && strchr(BLANKS, *from))
		from++;
	while (to > from && strchr(BLANKS, to[-1]))
		to--;
	return (struct span){ from, (size_t)(to - from) };
}

/* The next part of *@at, up to @separator or @end; false: there is none. Quoted text is of one piece. */
static bool next_part(const char **at, const char *end, char separator, struct span *part)
{
	const char *from = *at, *to = from;
	bool quoted = false;

	if (from >= end)
		return false;
	for (; to < end && (quoted || *to != separator); to++)
		if (*to == '"')
			quoted = !quoted;
	*part = trimmed(from, to);
	*at = to + 1;
	return true;
}

/* "0.5", as thousandths; what makes no sense is not wanted. */
static unsigned int read_quality(struct span text)
{
	unsigned int value = 0, digits = 0;

	if (!text.len || (text.text[0] != '0' && text.text[0] != '1') ||
	    (text.len > 1 && text.text[1] != '.') || text.len > 5)
		return 0;
	value = (unsigned int)(text.text[0] - '0');
	for (size_t i = 2; i < text.len; i++, digits++) {
		if (text.text[i] < '0' || text.text[i] > '9')
			return 0;
		value = value * 10 + (unsigned int)(text.text[i] - '0');
	}
	for (; digits < 3; digits++)
		value *= 10;
	return value > FULL ? 0 : value;
}

static struct span unquoted(struct span text)
{
	if (text.len > 1 && text.text[0] == '"' && text.text[text.len - 1] == '"')
		return (struct span){ text.text + 1, text.len - 2 };
	return text;
}

/* An element of such a list: what it names, its quality, and whether the version is @version. */
static bool read_element(struct span element, const char *version, struct span *name,
			 unsigned int *quality)
{
	const char *at = element.text, *end = at + element.len, *equals;
	struct span part, key, value;
	bool meant = true;

	*quality = FULL;
	if (!next_part(&at, end, ';', name))
		return false;
	while (next_part(&at, end, ';', &part)) {
		equals = memchr(part.text, '=', part.len);
		if (!equals)
			continue;
		key = trimmed(part.text, equals);
		value = unquoted(trimmed(equals + 1, part.text + part.len));
		if (is(key, "q"))
			*quality = read_quality(value);
		else if (version && is(key, "version"))
			meant = is(value, version);
	}
	return meant;
}

/* How much a media range says of @type: 0: nothing; 1: that it takes anything; 3: all. */
static unsigned int match(struct span range, const char *type)
{
	size_t group = strcspn(type, "/") + 1;

	if (is(range, type))
		return 3;
	if (range.len == group + 1 && range.text[group] == '*' &&
	    !strncasecmp(range.text, type, group))
		return 2;
	return is(range, "*/*");
}

unsigned int accept_media(const char *header, const char *type, const char *version)
{
	unsigned int quality, said, most_said = 0, best = 0;
	struct span element, range;
	const char *end;

	if (!header)
		return FULL;
	end = strchr(header, '\0');
	while (next_part(&header, end, ',', &element)) {
		if (!read_element(element, version, &range, &quality))
			continue;
		said = match(range, type);
		if (said > most_said || (said && said == most_said && quality > best)) {
			most_said = said;
			best = quality;
		}
	}
	return best;
}

bool accept_coding(const char *header, const char *coding)
{
	bool any = false;
	struct span element, name;
	unsigned int quality;
	const char *end;

	if (!header)
		return false;
	end = strchr(header, '\0');
	while (next_part(&header, end, ',', &element)) {
		if (!read_element(element, NULL, &name, &quality))
			continue;
		if (is(name, coding))
			return quality > 0;
		any |= is(name, "*") && quality > 0;
	}
	return any;
}
