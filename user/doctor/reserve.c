// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's rules for a list of ports (proc_do_large_bitmap()), and how many of a range it takes. */
#include "doctor/reserve.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/port_settings.h"

#define SHOWN_LEN 61

/* A port at *@at, which moves behind it. */
static bool take_port(const char **at, unsigned long *port)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*port = strtoul(*at, &end, 10);
	*at = end;
	return *port <= UINT16_MAX;
}

/* Ports and ranges with commas between, and nothing else: a blank ends the kernel's reading too. */
static bool take_list(const char *at, struct port_set *set)
{
	unsigned long first, last;

	do {
		if (!take_port(&at, &first))
			return false;
		last = first;
		if (*at == '-' && (at++, !take_port(&at, &last)))
			return false;
		if (last < first)
			return false;
		for (; first <= last; first++)
			port_set_add(set, (uint16_t)first);
	} while (*at++ == ',');
	return !at[-1];
}

static enum opinion refuse(const struct question *question, const char *list)
{
	char shown[SHOWN_LEN];

	text_clean(list, strlen(list), shown, sizeof(shown));
	return because(question, OPINION_FALSE,
		       "'%s' is no list of ports: numbers up to 65535 and ranges of them, with "
		       "commas and no blanks between (8080,9000-9010).",
		       shown);
}

enum opinion reserve_judge(const struct question *question, const char *list)
{
	struct port_set set = { { 0 } };
	unsigned int low, high, count, size;

	if (!take_list(list, &set))
		return refuse(question, list);
	if (!question->site || !site_range(question->site, &low, &high))
		return OPINION_NONE;
	size = high - low + 1;
	count = port_set_count(&set, NULL, (uint16_t)low, (uint16_t)high);
	if (count * 2 >= size)
		return because(question, OPINION_DANGEROUS,
			       "It takes %u of the %u ports of ip_local_port_range from connect(): "
			       "%u are left for each destination.",
			       count, size, size - count);
	if (!count)
		return because(
			question, OPINION_IRRELEVANT,
			"None of these ports is in ip_local_port_range (%u to %u): connect() "
			"takes none of them anyway.",
			low, high);
	return OPINION_NONE;
}
