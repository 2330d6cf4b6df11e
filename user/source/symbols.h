/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of kernel functions by name, from /proc/kallsyms: one pass for all of them. */
#ifndef SOURCE_SYMBOLS_H
#define SOURCE_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A piece of a function that is in the list of names. */
struct symbol {
	unsigned int name;	/* its number there */
	bool whole;		/* no ".cold" or the like, which compilers split off */
	uint64_t start, end;	/* where the next symbol begins */
};

typedef void (*symbol_fn)(void *ctx, const struct symbol *symbol);

/* @names ends with NULL. 0; -errno when the file can't be read; -EACCES when it hides its addresses (kptr_restrict). */
int symbols_find(const char *const *names, symbol_fn fn, void *ctx);
/* The same of a file of that form. */
int symbols_read(FILE *file, const char *const *names, symbol_fn fn, void *ctx);

#endif
