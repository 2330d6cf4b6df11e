// SPDX-License-Identifier: GPL-2.0-or-later
/* Decodes queries; what could mean two things is refused. */
#include "serve/query.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Of a text that is refused so much is quoted. */
#define QUOTED 64

static int hex(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

/* In place; false: an escape that is none, or of a byte that no text has. */
static bool decode(char *text)
{
	char *to = text;

	for (; *text; text++, to++) {
		int high, low;

		if (*text != '%') {
			*to = *text == '+' ? ' ' : *text;
			continue;
		}
		high = hex(text[1]);
		low = high < 0 ? -1 : hex(text[2]);
		if (low < 0 || high * 16 + low < ' ' || high * 16 + low == 0x7f)
			return false;
		*to = (char)(high * 16 + low);
		text += 2;
	}
	*to = '\0';
	return true;
}

/* Whether it is what it would be shown as. */
static bool is_clean(const char *text)
{
	char *clean = text_cleaned(text);
	bool same = clean && !strcmp(text, clean);

	free(clean);
	return same;
}

static int add_arg(struct query *query, char *text, struct error *err)
{
	char quoted[4 * QUOTED + 1];
	size_t len = strlen(text);
	char *value;

	text_clean(text, len < QUOTED ? len : QUOTED, quoted, sizeof(quoted));
	if (query->count == QUERY_MOST)
		return error_set(err, -EINVAL, "'%s': more than %d parameters", quoted, QUERY_MOST);
	value = strchrnul(text, '=');
	if (*value)
		*value++ = '\0';
	if (!decode(text) || !decode(value) || !is_clean(text) || !is_clean(value))
		return error_set(err, -EINVAL, "'%s' is not UTF-8 text with %%XX escapes", quoted);
	if (query_get(query, text))
		return error_set(err, -EINVAL, "'%s' is there twice", quoted);
	query->args[query->count++] = (struct query_arg){ text, value };
	return 0;
}

int query_parse(struct query *query, const char *text, struct error *err)
{
	char *at, *part;
	int ret = 0;

	*query = (struct query){ .text = strdup(text) };
	if (!query->text)
		return error_set(err, -ENOMEM, "no memory");
	at = query->text;
	while (!ret && (part = strsep(&at, "&")))
		if (*part)
			ret = add_arg(query, part, err);
	return ret;
}

void query_release(struct query *query)
{
	free(query->text);
	*query = (struct query){ .count = 0 };
}

const char *query_get(const struct query *query, const char *name)
{
	for (size_t i = 0; i < query->count; i++)
		if (!strcmp(query->args[i].name, name))
			return query->args[i].value;
	return NULL;
}
