/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lays cells out in columns for a reader, after all of them are known. */
#include "base/table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define GAP "  "

struct table {
	const struct table_column *columns;	/* borrowed */
	unsigned int count;
	char **cells;				/* owned, row by row */
	size_t nr_cells;
	size_t capacity;
	bool short_of_memory;			/* cells were dropped */
};

struct table *table_new(const struct table_column *columns, unsigned int count)
{
	struct table *table = calloc(1, sizeof(*table));

	assert(count > 0);
	if (!table)
		return NULL;
	table->columns = columns;
	table->count = count;
	return table;
}

void table_free(struct table *table)
{
	size_t i;

	if (!table)
		return;
	for (i = 0; i < table->nr_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

static bool make_room(struct table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : 64;
	char **cells;

	if (table->nr_cells < table->capacity)
		return true;
	cells = reallocarray(table->cells, capacity, sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->capacity = capacity;
	return true;
}

void table_cell(struct table *table, const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	/* A cell that follows a lost one would stand in the wrong column. */
	if (!table || table->short_of_memory)
		return;
	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0) {
		table->short_of_memory = true;
		return;
	}
	if (!make_room(table)) {
		free(text);
		table->short_of_memory = true;
		return;
	}
	table->cells[table->nr_cells++] = text;
}

/* The length in bytes of the UTF-8 character at @text, with stray continuation bytes after it. */
static size_t character_len(const char *text)
{
	size_t len = 1;

	while (((unsigned char)text[len] & 0xc0) == 0x80)
		len++;
	return len;
}

/* How many bytes of @text are at most @width columns wide. */
static size_t fitting_bytes(const char *text, size_t width)
{
	char character[16];
	size_t used = 0;

	while (text[used]) {
		size_t len = character_len(text + used);
		size_t needs;

		if (len >= sizeof(character))
			break;
		memcpy(character, text + used, len);
		character[len] = '\0';
		needs = text_width(character);
		if (needs > width)
			break;
		width -= needs;
		used += len;
	}
	return used;
}

static const char *cell_text(const struct table *table, size_t at)
{
	/* An empty cell would shift what follows it in the eyes of awk. */
	if (at >= table->nr_cells || !table->cells[at][0])
		return "-";
	return table->cells[at];
}

/* Prints @text as cell of @column, cut if need be, and returns nothing past its last letter. */
static void print_cell(const struct table *table, unsigned int column, const char *text,
		       size_t max_width, size_t column_width, FILE *file)
{
	const char *ellipsis = "";
	size_t width = text_width(text);
	size_t bytes = strlen(text);
	int padding;

	if (max_width && width > max_width) {
		char *cut;

		bytes = fitting_bytes(text, max_width - 1);
		ellipsis = "…";
		cut = strndup(text, bytes);
		width = (cut ? text_width(cut) : max_width - 1) + 1;
		free(cut);
	}
	padding = column_width > width ? (int)(column_width - width) : 0;

	if (column)
		fputs(GAP, file);
	if (table->columns[column].right)
		fprintf(file, "%*s", padding, "");
	fwrite(text, 1, bytes, file);
	fputs(ellipsis, file);
	if (!table->columns[column].right && column + 1 < table->count)
		fprintf(file, "%*s", padding, "");
}

static size_t column_width(const struct table *table, unsigned int column)
{
	size_t max_width = table->columns[column].max_width;
	size_t widest = text_width(table->columns[column].heading);
	size_t at;

	for (at = column; at < table->nr_cells; at += table->count) {
		size_t width = text_width(cell_text(table, at));

		if (max_width && width > max_width)
			width = max_width;
		if (width > widest)
			widest = width;
	}
	return widest;
}

static void print_rows(const struct table *table, const size_t *widths, FILE *file, bool bold)
{
	unsigned int column;
	size_t row;

	if (bold)
		fputs("\033[1m", file);
	for (column = 0; column < table->count; column++)
		print_cell(table, column, table->columns[column].heading, 0, widths[column], file);
	fputs(bold ? "\033[0m\n" : "\n", file);

	for (row = 0; row < table->nr_cells; row += table->count) {
		for (column = 0; column < table->count; column++)
			print_cell(table, column, cell_text(table, row + column),
				   table->columns[column].max_width, widths[column], file);
		fputc('\n', file);
	}
	if (table->short_of_memory)
		fputs("(no memory for further rows)\n", file);
}

void table_print(const struct table *table, FILE *file, bool bold)
{
	size_t *widths = table ? calloc(table->count, sizeof(*widths)) : NULL;
	unsigned int column;

	if (!widths) {
		fputs("(no memory for this table)\n", file);
		return;
	}
	for (column = 0; column < table->count; column++)
		widths[column] = column_width(table, column);
	print_rows(table, widths, file, bold);
	free(widths);
}
