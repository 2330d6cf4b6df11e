// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads /proc/kallsyms, which is sorted by address but for what modules add. */
#include "source/symbols.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is believed of the last function of the list. */
#define FALLBACK_BYTES 4096

/* The number of the name that @text, up to a dot, is; -1: none. */
static int find_name(const char *const *names, const char *text, size_t len)
{
	for (int i = 0; names[i]; i++)
		if (!strncmp(names[i], text, len) && !names[i][len])
			return i;
	return -1;
}

/* Begins a symbol if @text is one that is asked for. */
static bool begin(struct symbol *symbol, const char *const *names, const char *text, uint64_t start)
{
	size_t len = strcspn(text, ".\t\n");
	int name = find_name(names, text, len);

	*symbol = (struct symbol){ .name = name, .whole = text[len] != '.', .start = start };
	return name >= 0;
}

int symbols_read(FILE *file, const char *const *names, symbol_fn fn, void *ctx)
{
	uint64_t address = 0, seen = 0;
	char *line = NULL, *at;
	struct symbol symbol;
	bool open = false;
	size_t room = 0;

	while (getline(&line, &room, file) > 0) {
		address = strtoull(line, &at, 16);
		/* "ADDRESS T NAME" */
		if (at[0] != ' ' || !at[1] || at[2] != ' ')
			continue;
		seen |= address;
		if (open && address != symbol.start) {
			symbol.end = address > symbol.start ? address :
							      symbol.start + FALLBACK_BYTES;
			fn(ctx, &symbol);
			open = false;
		}
		if (!open)
			open = begin(&symbol, names, at + 3, address);
	}
	if (open) {
		symbol.end = symbol.start + FALLBACK_BYTES;
		fn(ctx, &symbol);
	}
	free(line);
	return seen ? 0 : -EACCES;
}

int symbols_find(const char *const *names, symbol_fn fn, void *ctx)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	int ret;

	if (!file)
		return -errno;
	ret = symbols_read(file, names, fn, ctx);
	fclose(file);
	return ret;
}
