// SPDX-License-Identifier: GPL-2.0-or-later
/* Words are read once before argp reads them, by the same rules. */
#include "cmd/odd_option.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 128

struct rules {
	char letters[2 + 3 * MAX_OPTIONS];
	struct option names[MAX_OPTIONS + 1];
};

static void set_rules(struct rules *rules, const struct argp_option *table, bool in_order)
{
	char *letter = rules->letters;
	struct option *name = rules->names;

	if (in_order)
		*letter++ = '+';
	for (size_t i = 0; i < MAX_OPTIONS && (table[i].name || table[i].key); i++) {
		bool optional = table[i].flags & OPTION_ARG_OPTIONAL;

		if (table[i].name) {
			name->name = table[i].name;
			name->has_arg = !table[i].arg ? no_argument :
					optional      ? optional_argument :
							required_argument;
			name++;
		}
		if (table[i].key <= 0 || table[i].key > '~')
			continue;
		*letter++ = table[i].key;
		for (int colons = !table[i].arg ? 0 : optional ? 2 : 1; colons; colons--)
			*letter++ = ':';
	}
}

bool odd_option(const struct argp_option *table, bool in_order, int argc, char *const *argv)
{
	/* getopt() changes their order */
	char **words = calloc(argc + 1, sizeof(*words));
	struct rules rules;
	bool odd = false;
	int key = 0;

	if (!words)
		return false;
	memcpy(words, argv, argc * sizeof(*words));
	memset(&rules, 0, sizeof(rules));
	set_rules(&rules, table, in_order);
	opterr = 0;
	for (optind = 0; key != -1; odd |= key == '?' && optopt == -1) {
		optopt = 0;
		key = getopt_long(argc, words, rules.letters, rules.names, NULL);
	}
	free(words);
	return odd;
}
