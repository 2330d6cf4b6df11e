// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads /proc/kallsyms, which is sorted by address but for what modules add. */
#include "source/symbols.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is believed of the last function of the list. */
#define FALLBACK_BYTES 4096

struct hit {
	uint64_t start;
	int name;	/* -1: none */
};

/* The number of the name that @symbol is, or is a part of; -1: none. */
static int find_name(const char *const *names, const char *symbol)
{
	size_t len = strcspn(symbol, ".\t\n");

	for (int i = 0; names[i]; i++)
		if (!strncmp(names[i], symbol, len) && !names[i][len])
			return i;
	return -1;
}

int symbols_find(const char *const *names, symbol_fn fn, void *ctx)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	struct hit last = { .name = -1 };
	uint64_t address = 0, seen = 0;
	char *line = NULL, *at;
	size_t room = 0;

	if (!file)
		return -errno;
	while (getline(&line, &room, file) > 0) {
		address = strtoull(line, &at, 16);
		/* "ADDRESS T NAME" */
		if (at[0] != ' ' || !at[1] || at[2] != ' ')
			continue;
		seen |= address;
		if (last.name >= 0 && address != last.start) {
			fn(ctx, last.name, last.start,
			   address > last.start ? address : last.start + FALLBACK_BYTES);
			last.name = -1;
		}
		if (last.name < 0)
			last = (struct hit){ address, find_name(names, at + 3) };
	}
	if (last.name >= 0)
		fn(ctx, last.name, last.start, last.start + FALLBACK_BYTES);
	free(line);
	fclose(file);
	return seen ? 0 : -EACCES;
}
