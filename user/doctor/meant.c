// SPDX-License-Identifier: GPL-2.0-or-later
/* Half a name, or one with a typing error. A real name must never become another one. */
#include "doctor/meant.h"

#include <stdio.h>
#include <string.h>

#include "doctor/counsel.h"
#include "doctor/others.h"

#define LEAST_LEN 8		/* of the last part of a name that may have a typing error */
#define WHOLE_LEN 256

static const char *const parents[] = { "net.ipv4.", "net.core.", "net.netfilter.", "net." };

/* Those that are judged, then the others; NULL: no more. */
static const char *known_name(size_t index)
{
	size_t judged = 0;

	while (counsel_known(judged))
		judged++;
	return index < judged ? counsel_known(index) : other_name(index - judged);
}

const char *meant_known(const char *name, bool by_start)
{
	const char *known;

	for (size_t i = 0; (known = known_name(i)); i++)
		if (by_start ? !strncmp(known, name, strlen(name)) : !strcmp(known, name))
			return known;
	return NULL;
}

static bool is_same(char one, char two)
{
	return one == two || (one == '-' && two == '_');
}

/* Whether they differ by one character that is wrong, missing or too many, or by two swapped. */
static bool is_one_off(const char *one, const char *two)
{
	size_t len_one = strlen(one), len_two = strlen(two), from = 0, to = 0;

	while (one[from] && is_same(one[from], two[from]))
		from++;
	while (to < len_one - from && to < len_two - from &&
	       is_same(one[len_one - 1 - to], two[len_two - 1 - to]))
		to++;
	len_one -= from + to;
	len_two -= from + to;
	return (len_one <= 1 && len_two <= 1) ||
	       (len_one == 2 && len_two == 2 && one[from] == two[from + 1] &&
		one[from + 1] == two[from]);
}

static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

/* Of the same protocol ("tcp_", "udp_"), and of the same parent if one is given. */
static bool may_mean(const char *name, const char *known)
{
	const char *last = last_part(name), *known_last = last_part(known);
	size_t parent = (size_t)(last - name), protocol = strcspn(known_last, "_");

	if (parent && (parent != (size_t)(known_last - known) || strncmp(name, known, parent)))
		return false;
	return strlen(last) >= LEAST_LEN &&
	       (!known_last[protocol] || !strncmp(last, known_last, protocol)) &&
	       is_one_off(last, known_last);
}

const char *meant_name(const char *name)
{
	const char *known = meant_known(name, false), *found = NULL;
	char whole[WHOLE_LEN];

	for (size_t i = 0; !known && i < sizeof(parents) / sizeof(parents[0]); i++) {
		snprintf(whole, sizeof(whole), "%s%s", parents[i], name);
		known = meant_known(whole, false);
	}
	if (known)
		return known;
	for (size_t i = 0; (known = known_name(i)); i++) {
		if (!may_mean(name, known))
			continue;
		if (found)
			return NULL;
		found = known;
	}
	return found;
}
