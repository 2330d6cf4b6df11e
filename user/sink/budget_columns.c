// SPDX-License-Identifier: GPL-2.0-or-later
/* What the table of budgets says of each. */
#include "sink/budget_columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sink/conn_text.h"
#include "sink/ports.h"

#define BAR_WIDTH 10
/* No host connects so fast: ports that come back at once are no limit. */
#define MOST_PER_S 100000

static void put_count(double figure, char *text)
{
	char number[TEXT_LEN];

	strcpy(text, isnan(figure) ? "-" : text_count((uint64_t)figure, number));
}

static void put_rate(double per_s, char *text)
{
	char number[TEXT_LEN];

	if (!isfinite(per_s))
		strcpy(text, "-");
	else if (per_s > MOST_PER_S)
		strcpy(text, ">100,000");
	else if (per_s < 9.95)
		sprintf(text, "%u.%u", (unsigned int)(per_s * 10 + 0.5) / 10,
			(unsigned int)(per_s * 10 + 0.5) % 10);
	else
		strcpy(text, text_count((uint64_t)(per_s + 0.5), number));
}

static void put_until(double ns, char *text)
{
	char duration[TEXT_LEN];

	if (isnan(ns))
		strcpy(text, "-");
	else
		strcpy(text, ns > 0 ? text_duration((uint64_t)ns, duration) : "now");
}

static double until(const struct budget *budget, uint64_t ns)
{
	return budget_is_unexplained(budget) || ns == TIME_UNKNOWN ? NAN : (double)ns;
}

static void text_of_to(const struct budget *budget, struct names *names,
		       char text[static BUDGET_CELL_LEN])
{
	struct conn_view view = { .remote_port = budget->remote_port };

	memcpy(view.remote_addr, budget->remote_addr, ADDR_LEN);
	conn_remote_text(&view, names, text);
}

static void text_of_from(const struct budget *budget, struct names *names,
			 char text[static BUDGET_CELL_LEN])
{
	(void)names;
	addr_format(budget->local_addr, text);
}

static void text_of_netns(const struct budget *budget, struct names *names,
			  char text[static BUDGET_CELL_LEN])
{
	(void)names;
	if (budget->netns_name)
		snprintf(text, BUDGET_CELL_LEN, "%s", budget->netns_name);
	else
		snprintf(text, BUDGET_CELL_LEN, "%u", budget->netns_ino);
}

static void text_of_service(const struct budget *budget, struct names *names,
			    char text[static BUDGET_CELL_LEN])
{
	(void)names;
	snprintf(text, BUDGET_CELL_LEN, "%s", budget->service ? budget->service : "-");
}

static double figure_of_used(const struct budget *budget)
{
	return budget->used;
}

static void text_of_used(const struct budget *budget, struct names *names,
			 char text[static BUDGET_CELL_LEN])
{
	(void)names;
	put_count(figure_of_used(budget), text);
}

static double figure_of_of(const struct budget *budget)
{
	return budget->low ? budget->capacity : NAN;
}

static void text_of_of(const struct budget *budget, struct names *names,
		       char text[static BUDGET_CELL_LEN])
{
	(void)names;
	put_count(figure_of_of(budget), text);
}

static unsigned int percent(const struct budget *budget)
{
	return budget->capacity ? 100ULL * budget->used / budget->capacity : 100;
}

static double figure_of_share(const struct budget *budget)
{
	return budget->low ? percent(budget) : NAN;
}

static void text_of_share(const struct budget *budget, struct names *names,
			  char text[static BUDGET_CELL_LEN])
{
	(void)names;
	if (budget->low)
		sprintf(text, "%u%%", percent(budget));
	else
		strcpy(text, "-");
}

static void text_of_bar(const struct budget *budget, struct names *names,
			char text[static BUDGET_CELL_LEN])
{
	unsigned int filled = percent(budget) * BAR_WIDTH / 100;

	(void)names;
	memset(text, '.', BAR_WIDTH);
	memset(text, '#', filled < BAR_WIDTH ? filled : BAR_WIDTH);
	text[BAR_WIDTH] = '\0';
	if (!budget->low)
		strcpy(text, "-");
}

static double figure_of_established(const struct budget *budget)
{
	return budget->established;
}

static void text_of_established(const struct budget *budget, struct names *names,
				char text[static BUDGET_CELL_LEN])
{
	(void)names;
	put_count(figure_of_established(budget), text);
}

static double figure_of_time_wait(const struct budget *budget)
{
	return budget->time_wait;
}

static void text_of_time_wait(const struct budget *budget, struct names *names,
			      char text[static BUDGET_CELL_LEN])
{
	(void)names;
	put_count(figure_of_time_wait(budget), text);
}

static double figure_of_other(const struct budget *budget)
{
	return budget->fin_wait2 + budget->other;
}

static void text_of_other(const struct budget *budget, struct names *names,
			  char text[static BUDGET_CELL_LEN])
{
	(void)names;
	put_count(figure_of_other(budget), text);
}

static double figure_of_new(const struct budget *budget)
{
	return budget->per_s;
}

static void text_of_new(const struct budget *budget, struct names *names,
			char text[static BUDGET_CELL_LEN])
{
	(void)names;
	put_rate(figure_of_new(budget), text);
}

static double figure_of_lasts(const struct budget *budget)
{
	return budget->sustainable_per_s;
}

static void text_of_lasts(const struct budget *budget, struct names *names,
			  char text[static BUDGET_CELL_LEN])
{
	(void)names;
	put_rate(figure_of_lasts(budget), text);
}

static double figure_of_half(const struct budget *budget)
{
	return until(budget, budget->half_ns);
}

static void text_of_half(const struct budget *budget, struct names *names,
			 char text[static BUDGET_CELL_LEN])
{
	(void)names;
	put_until(figure_of_half(budget), text);
}

static double figure_of_end(const struct budget *budget)
{
	return until(budget, budget->end_ns);
}

static void text_of_end(const struct budget *budget, struct names *names,
			char text[static BUDGET_CELL_LEN])
{
	(void)names;
	put_until(figure_of_end(budget), text);
}

static double figure_of_search(const struct budget *budget)
{
	const struct histogram *search = &budget->search_late;

	return search->count ? (double)histogram_quantile(search, 500) : NAN;
}

static void text_of_search(const struct budget *budget, struct names *names,
			   char text[static BUDGET_CELL_LEN])
{
	double ns = figure_of_search(budget);
	char duration[TEXT_LEN];

	(void)names;
	strcpy(text, isnan(ns) ? "-" : text_duration((uint64_t)ns, duration));
}

static double figure_of_failed(const struct budget *budget)
{
	return budget->failures;
}

static void text_of_failed(const struct budget *budget, struct names *names,
			   char text[static BUDGET_CELL_LEN])
{
	(void)names;
	put_count(figure_of_failed(budget), text);
}

const struct budget_column budget_columns[NR_BUDGET_COLUMNS] = {
	{ { .heading = "TO", .max_width = 28 }, 0, NULL, text_of_to },
	{ { .heading = "FROM", .max_width = 24 }, BUDGETS_WIDEST, NULL, text_of_from },
	{ { .heading = "NETNS", .max_width = 12 }, BUDGETS_WIDEST, NULL, text_of_netns },
	{ { .heading = "USED", .right = true }, 0, figure_of_used, text_of_used },
	{ { .heading = "OF", .right = true }, 0, figure_of_of, text_of_of },
	{ { .heading = "SHARE", .right = true }, 0, figure_of_share, text_of_share },
	{ { .heading = "" }, BUDGETS_WIDEST, NULL, text_of_bar },
	{ { .heading = "ESTAB", .right = true },
	  BUDGETS_WIDE,
	  figure_of_established,
	  text_of_established },
	{ { .heading = "TIME_WAIT", .right = true },
	  BUDGETS_WIDE,
	  figure_of_time_wait,
	  text_of_time_wait },
	{ { .heading = "OTHER", .right = true }, BUDGETS_WIDE, figure_of_other, text_of_other },
	{ { .heading = "TRY/S", .right = true }, 0, figure_of_new, text_of_new },
	{ { .heading = "LASTING/S", .right = true }, BUDGETS_WIDE, figure_of_lasts, text_of_lasts },
	{ { .heading = "HALF IN", .right = true }, BUDGETS_WIDE, figure_of_half, text_of_half },
	{ { .heading = "NONE IN", .right = true }, 0, figure_of_end, text_of_end },
	{ { .heading = "SEARCH", .right = true }, BUDGETS_WIDEST, figure_of_search, text_of_search },
	{ { .heading = "FAILED", .right = true }, 0, figure_of_failed, text_of_failed },
	{ { .heading = "SERVICE", .max_width = 24 }, 0, NULL, text_of_service },
};
