/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tables of `top` say of a row: a figure a column, and how it is written. */
#ifndef SINK_TOP_COLUMNS_H
#define SINK_TOP_COLUMNS_H

#include <stdbool.h>

#include "base/text.h"
#include "sink/ranking.h"

enum top_kind {
	TOP_COUNT,
	TOP_RATE,
	TOP_LIFETIME,
	TOP_RESIDENCE,
	TOP_HELD,
};

struct top_column {
	const char *heading;
	enum top_kind kind;
	enum field field;
	unsigned int permille;	/* of lifetimes, of residences */
	unsigned int rank;	/* the highest goes first when it gets narrow */
	unsigned int remote_rank;	/* the same among remote hosts; 0: no other */
	bool rare;		/* there only if it has something to say */
};

#define NR_TOP_COLUMNS 28

extern const struct top_column top_columns[NR_TOP_COLUMNS];

unsigned int top_column_rank(const struct top_column *column, enum dimension dimension);
/* Whether it has anything to say of what has come to @totals. */
bool top_column_says(const struct top_column *column, const struct row *totals);
/* Durations in nanoseconds, rates a second; NAN: unknown. */
double top_figure(const struct top_column *column, const struct row *row, const struct span *span,
		  uint64_t now_ns);
/* "-" for what is unknown. Returns @text. */
const char *top_figure_text(const struct top_column *column, double figure,
			    char text[static TEXT_LEN]);

/* "SERVICE" */
const char *key_part_heading(enum key_part part);

#endif
