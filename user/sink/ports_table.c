// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of budgets: one row a destination, as many columns as there is room for. */
#include <math.h>
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "sink/conn_text.h"
#include "sink/ports.h"

#define DEFAULT_ROWS 20
/* Terminals that are narrower are shown what matters most. */
#define WIDE 120
#define WIDEST 160
#define BAR_WIDTH 10
/* No host connects so fast: ports that come back at once are no limit. */
#define MOST_PER_S 100000

struct budget_cell {
	struct table_column column;
	uint32_t width;			/* only on terminals that are so wide */
	void (*add)(struct table *table, const struct budget *budget, const struct sink_opts *opts);
};

static void add_count(struct table *table, bool known, uint64_t count)
{
	char text[TEXT_LEN];

	table_cell(table, "%s", known ? text_count(count, text) : "-");
}

static void add_to(struct table *table, const struct budget *budget, const struct sink_opts *opts)
{
	struct conn_view view = { .remote_port = budget->remote_port };
	char text[ENDPOINT_TEXT_LEN];

	memcpy(view.remote_addr, budget->remote_addr, ADDR_LEN);
	table_cell(table, "%s", conn_remote_text(&view, opts->names, text));
}

static void add_from(struct table *table, const struct budget *budget, const struct sink_opts *opts)
{
	char text[ADDR_TEXT_LEN];

	(void)opts;
	table_cell(table, "%s", addr_format(budget->local_addr, text));
}

static void add_netns(struct table *table, const struct budget *budget,
		      const struct sink_opts *opts)
{
	(void)opts;
	if (budget->netns_name)
		table_cell(table, "%s", budget->netns_name);
	else
		table_cell(table, "%u", budget->netns_ino);
}

static void add_used(struct table *table, const struct budget *budget, const struct sink_opts *opts)
{
	(void)opts;
	add_count(table, true, budget->used);
}

static void add_of(struct table *table, const struct budget *budget, const struct sink_opts *opts)
{
	(void)opts;
	add_count(table, budget->low, budget->capacity);
}

static unsigned int percent(const struct budget *budget)
{
	return budget->capacity ? 100ULL * budget->used / budget->capacity : 100;
}

static void add_share(struct table *table, const struct budget *budget,
		      const struct sink_opts *opts)
{
	(void)opts;
	if (budget->low)
		table_cell(table, "%u%%", percent(budget));
	else
		table_cell(table, "-");
}

static void add_bar(struct table *table, const struct budget *budget, const struct sink_opts *opts)
{
	unsigned int filled = percent(budget) * BAR_WIDTH / 100;
	char bar[BAR_WIDTH + 1];

	(void)opts;
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', filled < BAR_WIDTH ? filled : BAR_WIDTH);
	bar[BAR_WIDTH] = '\0';
	table_cell(table, "%s", budget->low ? bar : "-");
}

static void add_established(struct table *table, const struct budget *budget,
			    const struct sink_opts *opts)
{
	(void)opts;
	add_count(table, true, budget->established);
}

static void add_time_wait(struct table *table, const struct budget *budget,
			  const struct sink_opts *opts)
{
	(void)opts;
	add_count(table, true, budget->time_wait);
}

static void add_other(struct table *table, const struct budget *budget,
		      const struct sink_opts *opts)
{
	(void)opts;
	add_count(table, true, budget->fin_wait2 + budget->other);
}

static void add_rate(struct table *table, double per_s)
{
	char text[TEXT_LEN];

	if (!isfinite(per_s))
		table_cell(table, "-");
	else if (per_s > MOST_PER_S)
		table_cell(table, ">100,000");
	else if (per_s < 9.95)
		table_cell(table, "%u.%u", (unsigned int)(per_s * 10 + 0.5) / 10,
			   (unsigned int)(per_s * 10 + 0.5) % 10);
	else
		table_cell(table, "%s", text_count((uint64_t)(per_s + 0.5), text));
}

static void add_new(struct table *table, const struct budget *budget, const struct sink_opts *opts)
{
	(void)opts;
	add_rate(table, budget->per_s);
}

static void add_lasts(struct table *table, const struct budget *budget,
		      const struct sink_opts *opts)
{
	(void)opts;
	add_rate(table, budget->sustainable_per_s);
}

static void add_until(struct table *table, uint64_t ns)
{
	char text[TEXT_LEN];

	if (ns == TIME_UNKNOWN)
		table_cell(table, "-");
	else
		table_cell(table, "%s", ns ? text_duration(ns, text) : "now");
}

static void add_half(struct table *table, const struct budget *budget, const struct sink_opts *opts)
{
	(void)opts;
	add_until(table, budget_is_unexplained(budget) ? TIME_UNKNOWN : budget->half_ns);
}

static void add_end(struct table *table, const struct budget *budget, const struct sink_opts *opts)
{
	(void)opts;
	add_until(table, budget_is_unexplained(budget) ? TIME_UNKNOWN : budget->end_ns);
}

static void add_search(struct table *table, const struct budget *budget,
		       const struct sink_opts *opts)
{
	char text[TEXT_LEN];

	(void)opts;
	table_cell(table, "%s",
		   budget->search_late.count ?
			   text_duration(histogram_quantile(&budget->search_late, 500), text) :
			   "-");
}

static void add_failed(struct table *table, const struct budget *budget,
		       const struct sink_opts *opts)
{
	(void)opts;
	add_count(table, true, budget->failures);
}

static void add_service(struct table *table, const struct budget *budget,
			const struct sink_opts *opts)
{
	(void)opts;
	table_cell(table, "%s", budget->service ? budget->service : "-");
}

static const struct budget_cell cells[] = {
	{ { .heading = "TO", .max_width = 28 }, 0, add_to },
	{ { .heading = "FROM", .max_width = 24 }, WIDEST, add_from },
	{ { .heading = "NETNS", .max_width = 12 }, WIDEST, add_netns },
	{ { .heading = "USED", .right = true }, 0, add_used },
	{ { .heading = "OF", .right = true }, 0, add_of },
	{ { .heading = "SHARE", .right = true }, 0, add_share },
	{ { .heading = "" }, WIDEST, add_bar },
	{ { .heading = "ESTAB", .right = true }, WIDE, add_established },
	{ { .heading = "TIME_WAIT", .right = true }, WIDE, add_time_wait },
	{ { .heading = "OTHER", .right = true }, WIDE, add_other },
	{ { .heading = "TRY/S", .right = true }, 0, add_new },
	{ { .heading = "LASTING/S", .right = true }, WIDE, add_lasts },
	{ { .heading = "HALF IN", .right = true }, WIDE, add_half },
	{ { .heading = "NONE IN", .right = true }, 0, add_end },
	{ { .heading = "SEARCH", .right = true }, WIDEST, add_search },
	{ { .heading = "FAILED", .right = true }, 0, add_failed },
	{ { .heading = "SERVICE", .max_width = 24 }, 0, add_service },
};

#define NR_CELLS (sizeof(cells) / sizeof(cells[0]))

static bool is_shown(const struct budget_cell *cell, const struct sink_opts *opts)
{
	return !opts->width || opts->width >= cell->width;
}

uint32_t ports_limit(const struct sink_opts *opts)
{
	return opts->limit ? opts->limit : DEFAULT_ROWS;
}

void ports_print_table(const struct budget *budgets, size_t count, const struct sink_opts *opts)
{
	struct table_column columns[NR_CELLS];
	unsigned int shown = 0;
	struct table *table;

	for (size_t cell = 0; cell < NR_CELLS; cell++)
		if (is_shown(&cells[cell], opts))
			columns[shown++] = cells[cell].column;
	table = table_new(columns, shown);
	if (!table)
		return;
	for (size_t i = 0; i < count && i < ports_limit(opts); i++)
		for (size_t cell = 0; cell < NR_CELLS; cell++)
			if (is_shown(&cells[cell], opts))
				cells[cell].add(table, &budgets[i], opts);
	table_print(table, opts->out, opts->terminal);
	table_free(table);
	if (count > ports_limit(opts))
		fprintf(opts->out, "(%zu more; --limit shows them)\n", count - ports_limit(opts));
}
