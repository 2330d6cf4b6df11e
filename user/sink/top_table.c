/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One table of `top` for people. */
#include "sink/top_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"
#include "base/table.h"
#include "base/text.h"
#include "sink/common.h"
#include "sink/top_columns.h"

#define NAME_WIDTH 32
#define NAME_WIDTH_NARROW 22	/* on a terminal of less than NARROW columns */
#define NARROW 100
#define MAX_COLUMNS (NR_KEY_PARTS + NR_TOP_COLUMNS)
#define MAX_RANK 32	/* or less */

struct layout {
	enum key_part parts[NR_KEY_PARTS];
	size_t nr_parts;
	struct table_column columns[MAX_COLUMNS];
	const struct top_column *chosen[NR_TOP_COLUMNS];
	size_t nr_chosen;
};

static bool is_wanted(const struct top_column *column, enum dimension dimension,
		      unsigned int max_rank, const struct row *totals)
{
	return top_column_rank(column, dimension) <= max_rank && top_column_says(column, totals);
}

static void layout_init(struct layout *layout, const struct model *model, enum dimension dimension,
			unsigned int max_rank, unsigned int name_width)
{
	size_t i, count = 0;

	*layout = (struct layout){ 0 };
	layout->nr_parts = key_parts(dimension, layout->parts);
	for (i = 0; i < layout->nr_parts; i++)
		layout->columns[count++] = (struct table_column){
			.heading = key_part_heading(layout->parts[i]),
			/* an address is never cut; a name of a host can be as long as it likes */
			.max_width = layout->parts[i] == KEY_REMOTE ? ADDR_TEXT_LEN : name_width,
		};
	for (i = 0; i < NR_TOP_COLUMNS; i++) {
		if (!is_wanted(&top_columns[i], dimension, max_rank, model_totals(model)))
			continue;
		layout->chosen[layout->nr_chosen++] = &top_columns[i];
		layout->columns[count++] = (struct table_column){
			.heading = top_columns[i].heading,
			.right = true,
		};
	}
}

static void add_counts(struct table *table, const struct layout *layout, const struct row *row,
		       const struct span *span, uint64_t now_ns)
{
	char text[TEXT_LEN];
	size_t i;

	for (i = 0; i < layout->nr_chosen; i++)
		table_cell(table, "%s",
			   top_figure_text(layout->chosen[i],
					   top_figure(layout->chosen[i], row, span, now_ns), text));
}

static void add_row(struct table *table, const struct layout *layout, const struct model *model,
		    const struct row *row, struct names *names, const struct span *span)
{
	struct value value;
	const char *name;
	size_t i;

	for (i = 0; i < layout->nr_parts; i++) {
		key_part_get(layout->parts[i], model, &row->key, &value);
		name = layout->parts[i] == KEY_REMOTE ? names_of(names, row->key.remote_addr) :
							NULL;
		if (name)
			value_text(&value, name);
		if (value.type == VALUE_COUNT)
			table_cell(table, "%" PRIu64, value.count);
		else
			table_cell(table, "%s", value.type == VALUE_TEXT ? value.text : "-");
	}
	add_counts(table, layout, row, span, model_now_ns(model));
}

static void add_other(struct table *table, const struct layout *layout,
		      const struct ranking *ranking, const struct span *span, uint64_t now_ns)
{
	size_t i;

	if (ranking->folded)
		table_cell(table, "other (%" PRIu64 " folded)", ranking->folded);
	else
		table_cell(table, "other");
	for (i = 1; i < layout->nr_parts; i++)
		table_cell(table, "-");
	add_counts(table, layout, ranking->other, span, now_ns);
}

static void print_layout(const struct layout *layout, const struct model *model,
			 const struct ranking *ranking, const struct top_table_opts *opts,
			 FILE *out)
{
	struct table *table =
		table_new(layout->columns, (unsigned int)(layout->nr_parts + layout->nr_chosen));
	size_t i;

	for (i = 0; i < ranking->count && i < opts->limit; i++)
		add_row(table, layout, model, ranking->rows[i], opts->names, &opts->span);
	if (ranking->other)
		add_other(table, layout, ranking, &opts->span, model_now_ns(model));
	table_print(table, out, opts->bold);
	table_free(table);
}

/* The columns that a table under this layout needs. */
static size_t layout_width(const struct layout *layout, const struct model *model,
			   const struct ranking *ranking, const struct top_table_opts *opts)
{
	struct top_table_opts plain = *opts;
	char *text = NULL, *line, *rest;
	size_t size, widest = 0;
	FILE *out = stream_memory(&text, &size);

	if (!out)
		return 0;
	plain.bold = false;
	print_layout(layout, model, ranking, &plain, out);
	fclose(out);
	for (line = rest = text; line && strsep(&rest, "\n"); line = rest)
		if (text_width(line) > widest)
			widest = text_width(line);
	free(text);
	return widest;
}

void top_table_print(const struct model *model, enum dimension dimension,
		     const struct ranking *ranking, const struct top_table_opts *opts, FILE *out)
{
	bool narrow = opts->width && opts->width < NARROW;
	unsigned int name_width = narrow ? NAME_WIDTH_NARROW : NAME_WIDTH;
	unsigned int max_rank = MAX_RANK;
	char number[TEXT_LEN];
	struct layout layout;

	if (!ranking->rows) {
		putc('\n', out);
		table_print(NULL, out, false);
		return;
	}
	if (!ranking->count && !ranking->other)
		return;
	layout_init(&layout, model, dimension, max_rank, name_width);
	errno = 0;
	while (opts->width && max_rank > 1 &&
	       layout_width(&layout, model, ranking, opts) > opts->width)
		layout_init(&layout, model, dimension, --max_rank, name_width);
	/* what could not be drawn to be measured */
	if (errno == ENOMEM)
		stream_fail(out, ENOMEM);
	putc('\n', out);
	print_layout(&layout, model, ranking, opts, out);
	if (ranking->count > opts->limit)
		fprintf(out, "%s more (--limit)\n",
			text_count(ranking->count - opts->limit, number));
}
