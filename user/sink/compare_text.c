// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `report --compare` as text: what the two are, in what they differ besides, then the figures
 * of all, then those of the services that changed.
 */
#include <math.h>
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "sink/common.h"
#include "sink/compared.h"

#define DEFAULT_SERVICES 10
#define CELL_LEN 96

static const char *const side_words[NR_SIDES] = { "before", "after" };

static void print_side(const struct comparison *comparison, enum side which)
{
	const struct compared *side = comparison->side[which];
	uint32_t slices = compare_slices(side->samples);
	char lasted[TEXT_LEN], from[TIME_TEXT_LEN];

	fprintf(comparison->out, "%-7s %s: host %s, Linux %s, from %.19sZ for %s; %u %s\n",
		side_words[which], side->note.path, side->host[0] ? side->host : "unknown",
		side->kernel[0] ? side->kernel : "unknown",
		text_time(side->ready_ns + side->realtime_offset_ns, from),
		text_duration(side->now_ns - side->ready_ns, lasted), slices,
		slices == 1 ? "slice" : "slices");
}

static void print_caveats(const struct comparison *comparison)
{
	struct caveats caveats;

	comparison_caveats(comparison, &caveats);
	for (size_t i = 0; i < caveats.count; i++)
		fprintf(comparison->out, "%s%s: %s\n",
			i ? "  " : "\nNot alike, so compare with care:\n  ", caveats.what[i],
			caveats.text[i]);
}

struct settings_text {
	FILE *out;
	bool begun;
};

static void print_setting(void *ctx, const char *netns, const char *name, const char *before,
			  const char *after)
{
	struct settings_text *text = ctx;

	if (!text->begun)
		fputs("\nSettings that differ:\n", text->out);
	text->begun = true;
	fprintf(text->out, "  %s: %s before, %s after%s%s\n", name, before ? before : "not there",
		after ? after : "not there", netns ? ", in namespace " : "", netns ? netns : "");
}

/* As a number of the size it has: no more figures than it bears. */
static const char *number_text(double value, char text[static TEXT_LEN])
{
	if (isnan(value))
		snprintf(text, TEXT_LEN, "-");
	else if (value == 0 || fabs(value) >= 100)
		snprintf(text, TEXT_LEN, "%.0f", value);
	else
		snprintf(text, TEXT_LEN, "%.3g", value);
	return text;
}

static void add_side(struct table *table, const struct figure_side *side)
{
	char median[TEXT_LEN], low[TEXT_LEN], high[TEXT_LEN];

	table_cell(table, "%s", number_text(side->median, median));
	if (side->slices)
		table_cell(table, "%s..%s", number_text(side->low, low),
			   number_text(side->high, high));
	else
		table_cell(table, "-");
}

/* A relative change that says more as a factor is one. */
static void add_change(struct table *table, const struct figure *figure)
{
	double before = figure->side[SIDE_BEFORE].median, after = figure->side[SIDE_AFTER].median;

	if (isnan(figure->change) && before == 0 && after > 0)
		table_cell(table, "from none");
	else if (isnan(figure->change))
		table_cell(table, "-");
	else if (figure->change >= 9)
		table_cell(table, "x %.3g", figure->change + 1);
	else
		table_cell(table, "%+.1f %%", 100 * figure->change);
}

/* What was never there is no line of a table. */
static bool is_nothing(const struct figure *figure)
{
	for (unsigned int side = 0; side < NR_SIDES; side++)
		if (figure->side[side].slices && figure->side[side].high > 0)
			return false;
	return true;
}

static const char *unit_text(const char *unit)
{
	return strcmp(unit, "per_s") ? unit : "/s";
}

static const struct table_column columns[] = {
	{ .heading = "FIGURE" },
	{ .heading = "UNIT" },
	{ .heading = "BEFORE", .right = true },
	{ .heading = "LOW..HIGH" },
	{ .heading = "AFTER", .right = true },
	{ .heading = "LOW..HIGH" },
	{ .heading = "CHANGE", .right = true },
	{ .heading = "VERDICT" },
};

/* @all: what has not changed too. */
static void print_figures(const struct comparison *comparison, const struct figures *figures,
			  bool all)
{
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	if (!table)
		return;
	for (size_t i = 0; i < figures->count; i++) {
		const struct figure *figure = &figures->items[i];

		if (is_nothing(figure) || (!all && figure->verdict != FIGURE_CHANGED))
			continue;
		table_cell(table, "%s", figure->name);
		table_cell(table, "%s", unit_text(figure->unit));
		add_side(table, &figure->side[SIDE_BEFORE]);
		add_side(table, &figure->side[SIDE_AFTER]);
		add_change(table, figure);
		table_cell(table, "%s", figure_verdict_name(figure->verdict));
	}
	table_print(table, comparison->out, false);
	table_free(table);
}

static void print_services(const struct comparison *comparison)
{
	uint32_t limit = comparison->limit ? comparison->limit : DEFAULT_SERVICES;
	struct services_compared services;

	if (services_compare(comparison, &services))
		return;
	for (size_t i = 0; i < services.count && i < limit; i++) {
		fprintf(comparison->out, "\nService %s\n", services.items[i].service);
		print_figures(comparison, &services.items[i], false);
	}
	if (services.count > limit)
		fprintf(comparison->out, "\n%zu more services have changed (--limit)\n",
			services.count - limit);
	services_compared_release(&services);
}

static void print_gained(void *ctx, const struct compared_leak *leak)
{
	fprintf(ctx, "only after:  %s %s\n", leak->level, leak->name);
}

static void print_lost(void *ctx, const struct compared_leak *leak)
{
	fprintf(ctx, "only before: %s %s\n", leak->level, leak->name);
}

void comparison_print(const struct comparison *comparison)
{
	const struct samples *const samples[] = { comparison->side[SIDE_BEFORE]->samples,
						  comparison->side[SIDE_AFTER]->samples };
	struct settings_text settings = { .out = comparison->out };
	struct figures figures;

	print_side(comparison, SIDE_BEFORE);
	print_side(comparison, SIDE_AFTER);
	print_caveats(comparison);
	comparison_each_setting(comparison, print_setting, &settings);
	putc('\n', comparison->out);
	compare_whole(samples, &figures);
	print_figures(comparison, &figures, true);
	print_services(comparison);
	putc('\n', comparison->out);
	comparison_each_leak(comparison, SIDE_AFTER, print_gained, comparison->out);
	comparison_each_leak(comparison, SIDE_BEFORE, print_lost, comparison->out);
	fprintf(comparison->out,
		"BEFORE and AFTER are medians of the slices. Changed: by more than %.0f %%, and by the "
		"rank-sum\ntest of the slices it is chance in at most one of %.0f cases.\n",
		100 * COMPARE_LEAST, 1 / COMPARE_LEVEL);
}
