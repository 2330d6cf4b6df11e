// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Folded stacks, a line each: "frame;frame;frame COUNT", or with a base "... BASE NOW", as
 * flamegraph.pl, inferno and speedscope parse them. Counts are integers there: times are
 * in microseconds, as is usual, and rounded so that the sum is that of the exact ones.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "sink/flame.h"

#define NS_PER_US 1000

/* Where a name ends in blanks and a number: that would be taken for the first of two counts. */
static size_t number_at_end(const char *name)
{
	size_t len = strlen(name), end = len;

	while (end && (isdigit((unsigned char)name[end - 1]) || name[end - 1] == '.'))
		end--;
	return end && end < len && name[end - 1] == ' ' ? end - 1 : len;
}

static void write_name(const char *name, bool first, FILE *out)
{
	static const char instead[256] = { [';'] = ':', ['<'] = '(', ['>'] = ')' };
	size_t number = number_at_end(name);

	if (!name[0])
		fputs("(empty)", out);
	/* a line that begins with it would be a comment to some */
	if (first && name[0] == '#')
		putc('_', out);
	for (size_t i = 0; name[i]; i++)
		if (i == number)
			putc('_', out);
		else
			putc(instead[(unsigned char)name[i]] ? instead[(unsigned char)name[i]] :
							       name[i],
			     out);
}

static void write_path(const struct flame *flame, uint32_t id, FILE *out)
{
	const struct flame_node *node = &flame->nodes[id];
	char name[FLAME_NAME_LEN];
	bool first = node->parent == FLAME_ROOT || node->parent == FLAME_NONE;

	if (!first) {
		write_path(flame, node->parent, out);
		putc(';', out);
	}
	write_name(flame_name(node, name), first, out);
}

/* What came before it is in @sum: what is rounded off here is made good by what comes next. */
static uint64_t rounded(enum flame_weight weight, uint64_t value, uint64_t *sum)
{
	uint64_t before = *sum;

	*sum += value;
	if (!flame_weight_is_time(weight))
		return value;
	return (*sum + NS_PER_US / 2) / NS_PER_US - (before + NS_PER_US / 2) / NS_PER_US;
}

void flame_folded_write(const struct flame *flame, FILE *out)
{
	enum flame_weight weight = flame->head.weight;
	uint64_t sum = 0, base_sum = 0, before = 0;

	for (uint32_t id = FLAME_ROOT; id < flame->count; id++) {
		uint64_t now = rounded(weight, flame_self(flame, id, FLAME_NOW, weight), &sum);
		uint64_t base = 0;

		if (flame->head.base_name)
			base = rounded(weight, flame_base_self(flame, id, weight, &before),
				       &base_sum);
		if (!now && !base)
			continue;
		write_path(flame, id, out);
		if (flame->head.base_name)
			fprintf(out, " %" PRIu64, base);
		fprintf(out, " %" PRIu64 "\n", now);
	}
}
