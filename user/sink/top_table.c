/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One table of `top` for people. */
#include "sink/top_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "sink/common.h"

#define NAME_WIDTH 32
#define NAME_WIDTH_NARROW 22	/* on a terminal of less than NARROW columns */
#define NARROW 100
#define CELL_LEN 64

enum cell_kind {
	CELL_COUNT,
	CELL_RATE,
	CELL_LIFETIME,
	CELL_RESIDENCE,
	CELL_HELD,
};

struct top_column {
	const char *heading;
	enum cell_kind kind;
	enum field field;
	unsigned int permille;	/* of lifetimes, of residences */
	unsigned int rank;	/* the highest goes first when it gets narrow */
	unsigned int remote_rank;	/* the same among remote hosts; 0: no other */
	bool rare;		/* there only if it has something to say */
};

/* Where TIME_WAIT comes from goes before what is good to know of it. */
static const struct top_column columns[] = {
	{ .heading = "OPEN", .field = FIELD_OPEN, .rank = 1 },
	{ .heading = "ESTAB", .field = FIELD_ESTABLISHED, .rank = 9 },
	{ .heading = "CLOSE-WAIT", .field = FIELD_CLOSE_WAIT, .rank = 4 },
	{ .heading = "FIN-WAIT2", .field = FIELD_FIN_WAIT2, .rank = 10 },
	{ .heading = "FW2-ORPHANS",
	  .field = FIELD_FW2_ORPHANS,
	  .rank = 11,
	  .remote_rank = 5,
	  .rare = true },
	{ .heading = "TIME-WAIT", .field = FIELD_TIME_WAIT, .rank = 2 },
	{ .heading = "OPENED/s", .kind = CELL_RATE, .field = FIELD_OPENED, .rank = 3 },
	{ .heading = "CLOSED/s", .kind = CELL_RATE, .field = FIELD_CLOSED, .rank = 21 },
	{ .heading = "OPENED", .field = FIELD_OPENED, .rank = 8 },
	{ .heading = "CLOSED", .field = FIELD_CLOSED, .rank = 16 },
	{ .heading = "CLOSED-FIRST", .field = FIELD_CLOSED_FIRST, .rank = 6 },
	{ .heading = "FAILED", .field = FIELD_FAILED, .rank = 7 },
	{ .heading = "RESETS", .field = FIELD_RESETS, .rank = 15 },
	{ .heading = "LIFE-P50", .kind = CELL_LIFETIME, .permille = 500, .rank = 17 },
	{ .heading = "LIFE-P99", .kind = CELL_LIFETIME, .permille = 990, .rank = 20 },
	/* the ledger of minisocks, both substates */
	{ .heading = "TW-ENTERED", .field = FIELD_TW_ENTERED, .rank = 14 },
	{ .heading = "TW-REFUSED", .field = FIELD_TW_REFUSED, .rank = 12, .rare = true },
	{ .heading = "TW-EXPIRED", .field = FIELD_TW_EXPIRED, .rank = 18, .rare = true },
	{ .heading = "FW2-EXPIRED",
	  .field = FIELD_FW2_EXPIRED,
	  .rank = 19,
	  .remote_rank = 12,
	  .rare = true },
	{ .heading = "TW-REUSED", .field = FIELD_TW_REUSED, .rank = 22, .rare = true },
	{ .heading = "TW-REOPENED", .field = FIELD_TW_REOPENED, .rank = 25, .rare = true },
	{ .heading = "TW-RESET", .field = FIELD_TW_RESET, .rank = 23, .rare = true },
	{ .heading = "TW-DESTROYED", .field = FIELD_TW_DESTROYED, .rank = 27, .rare = true },
	{ .heading = "TW-PURGED", .field = FIELD_TW_PURGED, .rank = 28, .rare = true },
	{ .heading = "TW-UNKNOWN", .field = FIELD_TW_UNKNOWN, .rank = 29, .rare = true },
	{ .heading = "TW-P50", .kind = CELL_RESIDENCE, .permille = 500, .rank = 24, .rare = true },
	{ .heading = "TW-P99", .kind = CELL_RESIDENCE, .permille = 990, .rank = 26, .rare = true },
	{ .heading = "TW-HELD", .kind = CELL_HELD, .rank = 13 },
};

#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define MAX_COLUMNS (NR_KEY_PARTS + NR_COLUMNS)
#define MAX_RANK 32	/* or less */

static const char *const key_headings[NR_KEY_PARTS] = {
	[KEY_SERVICE] = "SERVICE",
	[KEY_PORT] = "PORT",
	[KEY_ROLE] = "ROLE",
	[KEY_REMOTE] = "REMOTE",
};

struct layout {
	enum key_part parts[NR_KEY_PARTS];
	size_t nr_parts;
	struct table_column columns[MAX_COLUMNS];
	const struct top_column *chosen[NR_COLUMNS];
	size_t nr_chosen;
};

static bool is_wanted(const struct top_column *column, enum dimension dimension,
		      unsigned int max_rank, const struct row *totals)
{
	/* one that waits for a FIN in vain is the remote host's fault */
	bool remote = dimension == DIM_REMOTE && column->remote_rank;

	if ((remote ? column->remote_rank : column->rank) > max_rank)
		return false;
	if (!column->rare)
		return true;
	return column->kind == CELL_RESIDENCE ? totals->residence.count :
						totals->count[column->field];
}

static void layout_init(struct layout *layout, const struct model *model, enum dimension dimension,
			unsigned int max_rank, unsigned int name_width)
{
	size_t i, count = 0;

	*layout = (struct layout){ 0 };
	layout->nr_parts = key_parts(dimension, layout->parts);
	for (i = 0; i < layout->nr_parts; i++)
		layout->columns[count++] = (struct table_column){
			.heading = key_headings[layout->parts[i]],
			/* an address is never cut; a name of a host can be as long as it likes */
			.max_width = layout->parts[i] == KEY_REMOTE ? ADDR_TEXT_LEN : name_width,
		};
	for (i = 0; i < NR_COLUMNS; i++) {
		if (!is_wanted(&columns[i], dimension, max_rank, model_totals(model)))
			continue;
		layout->chosen[layout->nr_chosen++] = &columns[i];
		layout->columns[count++] = (struct table_column){
			.heading = columns[i].heading,
			.right = true,
		};
	}
}

/* From integers, because printf's decimal point depends on the locale. */
static void format_rate(double rate, char text[static CELL_LEN])
{
	uint64_t tenths = (uint64_t)(rate * 10 + 0.5);

	if (rate > 0 && !tenths)
		snprintf(text, CELL_LEN, "<0.1");
	else if (tenths < 1000)
		snprintf(text, CELL_LEN, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
	else
		snprintf(text, CELL_LEN, "%" PRIu64, (tenths + 5) / 10);
}

static const char *format_cell(const struct top_column *column, const struct row *row,
			       const struct span *span, uint64_t now_ns, char text[static CELL_LEN])
{
	double rate;

	strcpy(text, "-");
	switch (column->kind) {
	case CELL_COUNT:
		snprintf(text, CELL_LEN, "%" PRIu64, row->count[column->field]);
		break;
	case CELL_RATE:
		if (span_rate(span, row, column->field, &rate))
			format_rate(rate, text);
		break;
	case CELL_LIFETIME:
		if (row->lifetime.count)
			text_duration(histogram_quantile(&row->lifetime, column->permille), text);
		break;
	case CELL_RESIDENCE:
		if (row->residence.count)
			residence_text(histogram_quantile(&row->residence, column->permille), text);
		break;
	case CELL_HELD:
		text_duration(row_held_ns(row, now_ns), text);
		break;
	}
	return text;
}

static void add_counts(struct table *table, const struct layout *layout, const struct row *row,
		       const struct span *span, uint64_t now_ns)
{
	char text[CELL_LEN];
	size_t i;

	for (i = 0; i < layout->nr_chosen; i++)
		table_cell(table, "%s", format_cell(layout->chosen[i], row, span, now_ns, text));
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

	if (!table)
		return;
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
	FILE *out = open_memstream(&text, &size);

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
	struct layout layout;

	if (!ranking->count && !ranking->other)
		return;
	layout_init(&layout, model, dimension, max_rank, name_width);
	while (opts->width && max_rank > 1 &&
	       layout_width(&layout, model, ranking, opts) > opts->width)
		layout_init(&layout, model, dimension, --max_rank, name_width);
	putc('\n', out);
	print_layout(&layout, model, ranking, opts, out);
	if (ranking->count > opts->limit)
		fprintf(out, "%zu more (--limit)\n", ranking->count - opts->limit);
}
