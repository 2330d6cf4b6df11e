/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables for people: rows of cells under headings, columns as wide as their
 * widest cell (by text_width), numbers to the right. Cells past @max_width are
 * cut with "…", empty ones are shown as "-". No drawing characters, so that awk
 * reads it too.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stdbool.h>
#include <stdio.h>

struct table;

struct table_column {
	const char *heading;
	bool right;		/* numbers */
	unsigned int max_width;	/* 0: no bound */
};

/* @columns is borrowed and must outlive the table. NULL when there is no memory. */
/*
 * NULL: no memory. It may be given to all of these all the same: what is printed says that there
 * was none for rows, or for the table.
 */
struct table *table_new(const struct table_column *columns, unsigned int count);
void table_free(struct table *table);
/* Adds a cell to the current row; the row ends by itself after the last column. */
void table_cell(struct table *table, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* @bold: headings in bold (the caller knows that @file is a terminal). */
void table_print(const struct table *table, FILE *file, bool bold);

#endif
