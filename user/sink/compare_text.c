// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `report --compare` as text: what the two are, in what they differ besides, then the figures
 * of all, then those of the services that changed.
 */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "base/wrap.h"
#include "sink/common.h"
#include "sink/compared.h"

#define DEFAULT_SERVICES 10
#define WIDTH 80
#define INDENT 7
#define LINE_LEN 2048

static const char *const side_words[NR_SIDES] = { "before", "after" };

/* From column @at on, where the cursor is. */
static void say(const struct comparison *comparison, size_t at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(const struct comparison *comparison, size_t at, const char *format, ...)
{
	char text[LINE_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_wrapped(comparison->out, WIDTH, at, text);
}

static void print_side(const struct comparison *comparison, enum side which)
{
	const struct compared *side = comparison->side[which];
	uint32_t slices = compare_slices(side->samples);
	char lasted[TEXT_LEN], from[TIME_TEXT_LEN], path[LINE_LEN / 2];

	fprintf(comparison->out, "%-7s", side_words[which]);
	say(comparison, INDENT, "%s: host %s, Linux %s, from %.19sZ for %s; %u %s",
	    text_clean(side->note.path, strlen(side->note.path), path, sizeof(path)),
	    side->host[0] ? side->host : "unknown", side->kernel[0] ? side->kernel : "unknown",
	    text_time(side->ready_ns + side->realtime_offset_ns, from),
	    text_duration(side->now_ns - side->ready_ns, lasted), slices,
	    slices == 1 ? "slice" : "slices");
}

static void print_caveats(const struct comparison *comparison)
{
	struct caveats caveats;

	comparison_caveats(comparison, &caveats);
	for (size_t i = 0; i < caveats.count; i++) {
		fputs(i ? "  " : "\nNot alike, so compare with care:\n  ", comparison->out);
		say(comparison, 2, "%s: %s", caveats.what[i], caveats.text[i]);
	}
}

struct settings_text {
	const struct comparison *comparison;
	bool begun;
};

static void print_setting(void *ctx, const char *netns, const char *name, const char *before,
			  const char *after)
{
	struct settings_text *text = ctx;

	fputs(text->begun ? "  " : "\nSettings that differ:\n  ", text->comparison->out);
	text->begun = true;
	say(text->comparison, 2, "%s: %s before, %s after%s%s", name, before ? before : "not there",
	    after ? after : "not there", netns ? ", in namespace " : "", netns ? netns : "");
}

/* No more figures than it bears, nor more than five characters: a line has 80. */
static const char *number_text(double value, char text[static TEXT_LEN])
{
	if (isnan(value))
		snprintf(text, TEXT_LEN, "-");
	else if (value >= 999500)
		snprintf(text, TEXT_LEN, "%.3gM", value / 1e6);
	else if (value >= 9999.5)
		snprintf(text, TEXT_LEN, "%.*fk", value < 99950, value / 1000);
	else if (value == 0 || value >= 99.95)
		snprintf(text, TEXT_LEN, "%.0f", value);
	else if (value >= 1)
		snprintf(text, TEXT_LEN, "%.3g", value);
	else
		snprintf(text, TEXT_LEN, "%.3f", value);
	return text;
}

/* As people read it, with its unit but for @bare: of a range both ends have the same one. */
static const char *value_text(const struct figure *figure, double value, bool bare,
			      char text[static TEXT_LEN])
{
	bool share = !strcmp(figure->unit, "share"), rate = !strcmp(figure->unit, "per_s");
	char number[TEXT_LEN];

	/* from microseconds to minutes: no unit is that of all */
	if (!strcmp(figure->unit, "ms"))
		return text_duration((uint64_t)(value * 1e6), text);
	number_text(share ? 100 * value : value, number);
	snprintf(text, TEXT_LEN, "%.24s%s", number, bare ? "" : share ? "%" : rate ? "/s" : "");
	return text;
}

static void add_side(struct table *table, const struct figure *figure, enum side which)
{
	const struct figure_side *side = &figure->side[which];
	char median[TEXT_LEN], low[TEXT_LEN], high[TEXT_LEN];

	if (!side->slices) {
		table_cell(table, "-");
		table_cell(table, "-");
		return;
	}
	table_cell(table, "%s", value_text(figure, side->median, false, median));
	table_cell(table, "%s..%s", value_text(figure, side->low, true, low),
		   value_text(figure, side->high, true, high));
}

/* A relative change that says more as a factor is one. */
static void add_change(struct table *table, const struct figure *figure)
{
	double before = figure->side[SIDE_BEFORE].median, after = figure->side[SIDE_AFTER].median;
	char factor[TEXT_LEN];

	if (isnan(figure->change) && before == 0 && after > 0)
		table_cell(table, "new");
	else if (isnan(figure->change))
		table_cell(table, "-");
	else if (figure->change >= 9)
		table_cell(table, "x%s", number_text(figure->change + 1, factor));
	else
		table_cell(table, "%+.*f%%", fabs(figure->change) < 0.0995, 100 * figure->change);
}

/* What was never there is no line of a table. */
static bool is_nothing(const struct figure *figure)
{
	for (unsigned int side = 0; side < NR_SIDES; side++)
		if (figure->side[side].slices && figure->side[side].high > 0)
			return false;
	return true;
}

static const struct table_column columns[] = {
	{ .heading = "FIGURE" },    { .heading = "BEFORE", .right = true },
	{ .heading = "LOW..HIGH" }, { .heading = "AFTER", .right = true },
	{ .heading = "LOW..HIGH" }, { .heading = "CHANGE", .right = true },
};

static void add_figure(struct table *table, const struct figure *figure)
{
	table_cell(table, "%s", figure->name);
	add_side(table, figure, SIDE_BEFORE);
	add_side(table, figure, SIDE_AFTER);
	add_change(table, figure);
}

/* Those of one verdict, below @heading; nothing where there are none. */
static void print_figures(const struct comparison *comparison, const struct figures *figures,
			  enum figure_verdict verdict, const char *heading)
{
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	bool coloured = comparison->colour && verdict == FIGURE_CHANGED, any = false;

	for (size_t i = 0; i < figures->count; i++) {
		const struct figure *figure = &figures->items[i];

		if (figure->verdict != verdict || is_nothing(figure))
			continue;
		any = true;
		add_figure(table, figure);
	}
	if (any) {
		fprintf(comparison->out, "\n%s%s%s\n", coloured ? "\033[1;33m" : "", heading,
			coloured ? "\033[0m" : "");
		table_print(table, comparison->out, false);
	}
	table_free(table);
}

/* Medians say little of what happened now and then: rates as what they come to. */
static void print_totals(const struct comparison *comparison, const struct figures *figures)
{
	static const struct table_column total_columns[] = {
		{ .heading = "IN ALL" },
		{ .heading = "BEFORE", .right = true },
		{ .heading = "AFTER", .right = true },
	};
	struct table *table = table_new(total_columns, 3);
	char text[TEXT_LEN];
	bool any = false;

	for (size_t i = 0; i < figures->count; i++) {
		const struct figure *figure = &figures->items[i];

		if (isnan(figure->side[SIDE_BEFORE].total) || is_nothing(figure))
			continue;
		any = true;
		table_cell(table, "%s", figure->name);
		for (unsigned int side = 0; side < NR_SIDES; side++)
			table_cell(table, "%s",
				   text_count((uint64_t)figure->side[side].total, text));
	}
	if (any) {
		putc('\n', comparison->out);
		table_print(table, comparison->out, false);
	}
	table_free(table);
}

static void print_whole(const struct comparison *comparison)
{
	static const struct {
		enum figure_verdict verdict;
		const char *heading;
	} parts[] = {
		{ FIGURE_CHANGED, "Changed" },
		{ FIGURE_WITHIN, "Within spread" },
		{ FIGURE_TOO_SHORT, "Too short to tell" },
	};
	const struct samples *const samples[] = { comparison->side[SIDE_BEFORE]->samples,
						  comparison->side[SIDE_AFTER]->samples };
	struct figures figures;

	compare_whole(samples, &figures);
	if (!(figures_weight(&figures) > 0))
		fputs("\nNo figure of the whole has changed.\n", comparison->out);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		print_figures(comparison, &figures, parts[i].verdict, parts[i].heading);
	print_totals(comparison, &figures);
}

static void print_services(const struct comparison *comparison)
{
	uint32_t limit = comparison->limit ? comparison->limit : DEFAULT_SERVICES;
	struct services_compared services;
	char heading[LINE_LEN];

	if (services_compare(comparison, &services))
		return;
	for (size_t i = 0; i < services.count && i < limit; i++) {
		snprintf(heading, sizeof(heading), "Changed in service %s",
			 services.items[i].service);
		print_figures(comparison, &services.items[i], FIGURE_CHANGED, heading);
	}
	if (services.count > limit)
		fprintf(comparison->out, "\n%zu more services have changed (--limit)\n",
			services.count - limit);
	services_compared_release(&services);
}

struct leaks_text {
	const struct comparison *comparison;
	enum side side;
	bool begun;
};

static void print_leak(void *ctx, const struct compared_leak *leak)
{
	struct leaks_text *text = ctx;

	if (!text->begun)
		fprintf(text->comparison->out, "\nLeaks only %s\n", side_words[text->side]);
	text->begun = true;
	fputs("  ", text->comparison->out);
	say(text->comparison, 2, "%s %s", leak->level, leak->name);
}

static void print_leaks(const struct comparison *comparison, enum side side)
{
	struct leaks_text text = { .comparison = comparison, .side = side };

	comparison_each_leak(comparison, side, print_leak, &text);
}

void comparison_print(const struct comparison *comparison)
{
	struct settings_text settings = { .comparison = comparison };

	print_side(comparison, SIDE_BEFORE);
	print_side(comparison, SIDE_AFTER);
	print_caveats(comparison);
	comparison_each_setting(comparison, print_setting, &settings);
	print_whole(comparison);
	print_services(comparison);
	print_leaks(comparison, SIDE_AFTER);
	print_leaks(comparison, SIDE_BEFORE);
	putc('\n', comparison->out);
	say(comparison, 0,
	    "BEFORE and AFTER are medians of the slices. Changed: by more than %.0f %% (a time also "
	    "by more than %.0f us), and by the rank-sum test of the slices it is chance in at most "
	    "one of %.0f cases.",
	    100 * COMPARE_LEAST, 1000 * COMPARE_LEAST_MS, 1 / COMPARE_LEVEL);
}
