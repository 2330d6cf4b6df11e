// SPDX-License-Identifier: GPL-2.0-or-later
/* Thousands, units and dashes in the values of sysctls. What is not certain is left alone. */
#include "doctor/numbers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/counsel.h"

#define DIGITS "0123456789"

static const char *const seconds[] = { "s", "sec", "secs", "second", "seconds", NULL };
static const char *const milliseconds[] = { "ms", "msec", "millisecond", "milliseconds", NULL };

/* What a sysctl counts in, by how its name begins: any other unit would be another number. */
static const struct {
	const char *name;
	const char *const *words;
} units[] = {
	{ "net.ipv4.tcp_fin_timeout", seconds },
	{ "net.ipv4.tcp_keepalive_time", seconds },
	{ "net.ipv4.tcp_keepalive_intvl", seconds },
	{ "net.ipv4.tcp_tw_reuse_delay", milliseconds },
	{ "net.netfilter.nf_conntrack_tcp_timeout_", seconds },
};

static size_t skip_blanks(const char *text)
{
	return strspn(text, " \t");
}

/* "200000" or "200,000" at @from, its digits to @to. How much it was; 0: no number. */
static size_t take_number(const char *from, char **to)
{
	size_t len = strspn(from, DIGITS), group = len;

	memmove(*to, from, len);
	*to += len;
	while (group && group <= 3 && from[len] == ',' && strspn(from + len + 1, DIGITS) == 3) {
		memmove(*to, from + len + 1, 3);
		*to += 3;
		len += 4;
	}
	return len;
}

/* The word of a unit that @name counts in, and the blanks before it; 0: there is none. */
static size_t unit_len(const char *name, const char *text)
{
	size_t blanks = skip_blanks(text), len = 0;

	while (isalpha((unsigned char)text[blanks + len]))
		len++;
	for (size_t i = 0; len && i < sizeof(units) / sizeof(units[0]); i++)
		for (size_t j = 0; units[i].words[j]; j++)
			if (!strncmp(name, units[i].name, strlen(units[i].name)) &&
			    strlen(units[i].words[j]) == len &&
			    !strncasecmp(text + blanks, units[i].words[j], len))
				return blanks + len;
	return 0;
}

/* Between two numbers: blanks, a comma or a dash. */
static size_t separator_len(const char *text, bool several)
{
	size_t len = skip_blanks(text);

	if (several && (text[len] == '-' || text[len] == ','))
		len++;
	return len + skip_blanks(text + len);
}

bool numbers_repair(const char *name, char *value)
{
	unsigned int numbers = counsel_values(name);
	char *to, *from, *text = numbers ? strdup(value) : NULL;
	bool changed;

	if (!text)
		return false;
	to = from = text;
	while (*from) {
		size_t len = take_number(from, &to);

		if (!len)
			goto none;
		from += len;
		from += unit_len(name, from);
		len = separator_len(from, numbers > 1);
		/* "200K", or a dash that nothing follows */
		if (*from && (!len || !from[len]))
			goto none;
		if (*from)
			*to++ = ' ';
		from += len;
	}
	*to = '\0';
	changed = strcmp(value, text) && strspn(value, DIGITS " \t") != strlen(value);
	strcpy(value, text);
	free(text);
	return changed;
none:
	free(text);
	return false;
}
