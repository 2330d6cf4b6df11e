// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tables of `top` say of a row. */
#include "sink/top_columns.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sink/common.h"

/* Where TIME_WAIT comes from goes before what is good to know of it. */
const struct top_column top_columns[NR_TOP_COLUMNS] = {
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
	{ .heading = "OPENED/s", .kind = TOP_RATE, .field = FIELD_OPENED, .rank = 3 },
	{ .heading = "CLOSED/s", .kind = TOP_RATE, .field = FIELD_CLOSED, .rank = 21 },
	{ .heading = "OPENED", .field = FIELD_OPENED, .rank = 8 },
	{ .heading = "CLOSED", .field = FIELD_CLOSED, .rank = 16 },
	{ .heading = "CLOSED-FIRST", .field = FIELD_CLOSED_FIRST, .rank = 6 },
	{ .heading = "FAILED", .field = FIELD_FAILED, .rank = 7 },
	{ .heading = "RESETS", .field = FIELD_RESETS, .rank = 15 },
	{ .heading = "LIFE-P50", .kind = TOP_LIFETIME, .permille = 500, .rank = 17 },
	{ .heading = "LIFE-P99", .kind = TOP_LIFETIME, .permille = 990, .rank = 20 },
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
	{ .heading = "TW-P50", .kind = TOP_RESIDENCE, .permille = 500, .rank = 24, .rare = true },
	{ .heading = "TW-P99", .kind = TOP_RESIDENCE, .permille = 990, .rank = 26, .rare = true },
	{ .heading = "TW-HELD", .kind = TOP_HELD, .rank = 13 },
};

unsigned int top_column_rank(const struct top_column *column, enum dimension dimension)
{
	/* one that waits for a FIN in vain is the remote host's fault */
	return dimension == DIM_REMOTE && column->remote_rank ? column->remote_rank : column->rank;
}

bool top_column_says(const struct top_column *column, const struct row *totals)
{
	if (!column->rare)
		return true;
	return column->kind == TOP_RESIDENCE ? totals->residence.count :
					       totals->count[column->field];
}

static double quantile(const struct histogram *histogram, unsigned int permille)
{
	return histogram->count ? (double)histogram_quantile(histogram, permille) : NAN;
}

double top_figure(const struct top_column *column, const struct row *row, const struct span *span,
		  uint64_t now_ns)
{
	double rate;

	switch (column->kind) {
	case TOP_COUNT:
		return (double)row->count[column->field];
	case TOP_RATE:
		return span_rate(span, row, column->field, &rate) ? rate : NAN;
	case TOP_LIFETIME:
		return quantile(&row->lifetime, column->permille);
	case TOP_RESIDENCE:
		return quantile(&row->residence, column->permille);
	case TOP_HELD:
		return (double)row_held_ns(row, now_ns);
	}
	return NAN;
}

/* From integers, because printf's decimal point depends on the locale. */
static void format_rate(double rate, char text[static TEXT_LEN])
{
	uint64_t tenths = (uint64_t)(rate * 10 + 0.5);

	if (rate > 0 && !tenths)
		snprintf(text, TEXT_LEN, "<0.1");
	else if (tenths < 1000)
		snprintf(text, TEXT_LEN, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
	else
		snprintf(text, TEXT_LEN, "%" PRIu64, (tenths + 5) / 10);
}

const char *top_figure_text(const struct top_column *column, double figure,
			    char text[static TEXT_LEN])
{
	if (isnan(figure))
		return strcpy(text, "-");
	switch (column->kind) {
	case TOP_COUNT:
		snprintf(text, TEXT_LEN, "%" PRIu64, (uint64_t)figure);
		break;
	case TOP_RATE:
		format_rate(figure, text);
		break;
	case TOP_LIFETIME:
	case TOP_HELD:
		text_duration((uint64_t)figure, text);
		break;
	case TOP_RESIDENCE:
		residence_text((uint64_t)figure, text);
		break;
	}
	return text;
}

const char *key_part_heading(enum key_part part)
{
	static const char *const headings[NR_KEY_PARTS] = {
		[KEY_SERVICE] = "SERVICE",
		[KEY_PORT] = "PORT",
		[KEY_ROLE] = "ROLE",
		[KEY_REMOTE] = "REMOTE",
	};

	return headings[part];
}
