// SPDX-License-Identifier: GPL-2.0-or-later
/* The tab of port budgets, and the whole of what is said of one. */
#include <math.h>
#include <string.h>

#include "model/ports.h"
#include "screen/id.h"
#include "screen/page.h"
#include "sink/budget_columns.h"
#include "sink/ports.h"

/* They come worst first: the others have ports in plenty. */
#define MOST_BUDGETS 1000

static const enum style level_styles[NR_BUDGET_LEVELS] = {
	[BUDGET_FINE] = STYLE_PLAIN,
	[BUDGET_NEARING] = STYLE_WARN,
	[BUDGET_HALF] = STYLE_WARN,
	[BUDGET_EXHAUSTED] = STYLE_BAD,
};

static void open_budgets(struct page *page)
{
	for (unsigned int i = 0; i < NR_BUDGET_COLUMNS; i++) {
		const struct budget_column *column = &budget_columns[i];
		bool wide = column->width != 0;

		page->columns[i] = (struct grid_column){
			.heading = column->column.heading,
			.right = column->column.right,
			.most = column->column.max_width,
			.rank = wide ? column->width + 20 - NR_BUDGET_COLUMNS + i : i,
			/* a destination by its level */
			.styled = i == 0,
			.greatest = column->figure != NULL,
		};
	}
	grid_init(&page->grid, page->columns, NR_BUDGET_COLUMNS, GRID_UNSORTED);
}

static uint64_t budget_id(const struct budget *budget)
{
	uint64_t id = id_number(id_number(ID_BEGIN, budget->netns_cookie), budget->source);

	id = id_bytes(id, budget->local_addr, sizeof(budget->local_addr));
	id = id_bytes(id, budget->remote_addr, sizeof(budget->remote_addr));
	id = id_number(id, budget->remote_port);
	return id_number(id_number(id, budget->low), budget->high);
}

static void add_budget(struct page *page, const struct site *site, const struct budget *budget)
{
	uint64_t id = budget_id(budget);
	struct names *names = names_for(site, page, id);
	struct grid *grid = &page->grid;
	char text[BUDGET_CELL_LEN];

	if (!grid_add(grid, id))
		return;
	grid_last(grid)->style = level_styles[budget->level];
	for (unsigned int i = 0; i < NR_BUDGET_COLUMNS; i++) {
		budget_columns[i].text(budget, names, text);
		grid_text(grid, i, text);
		if (budget_columns[i].figure)
			grid_figure(grid, i, budget_columns[i].figure(budget));
	}
}

static void build_budgets(struct page *page, const struct site *site, const struct model *model)
{
	uint64_t left_out = model_budgets_left_out(model);
	const struct budget *budgets;
	size_t count = model_budgets(model, &budgets);
	char number[TEXT_LEN];

	for (size_t i = 0; i < count && i < MOST_BUDGETS; i++)
		add_budget(page, site, &budgets[i]);
	if (count > MOST_BUDGETS)
		snprintf(page->note, sizeof(page->note), "%s more, which are better off",
			 text_count(count - MOST_BUDGETS, number));
	else if (left_out)
		snprintf(page->note, sizeof(page->note),
			 "not followed: %s connections, their destinations had no room",
			 text_count(left_out, number));
}

static const char *no_budgets(const struct site *site, const struct model *model)
{
	(void)model;
	return site->opts.filtered ? "No outgoing TCP connection that the filters let through: "
				     "without them there may be some." :
				     "No outgoing TCP connection so far, so no ephemeral port is "
				     "in use. To see some: twtrace demo";
}

static void print_budget(struct page *page, const struct site *site, const struct model *model,
			 FILE *out)
{
	struct sink_opts opts = site->opts;
	const struct budget *budgets;
	size_t count = model_budgets(model, &budgets), at = 0;
	char place[DESTINATION_LEN];

	opts.out = out;
	while (at < count && budget_id(&budgets[at]) != page->subject)
		at++;
	if (at == count) {
		fputs("No connection goes there any more.\n", out);
		return;
	}
	if (budgets[at].level == BUDGET_FINE)
		fprintf(out, "%s: there are ports enough.\n", budget_place(&budgets[at], place));
	else
		budget_print_warning(budgets, count, at, &opts);
	putc('\n', out);
	for (unsigned int i = 0; i < NR_BUDGET_COLUMNS; i++) {
		char text[BUDGET_CELL_LEN];

		budget_columns[i].text(&budgets[at], opts.names, text);
		if (*budget_columns[i].column.heading)
			fprintf(out, "  %-10s %s\n", budget_columns[i].column.heading, text);
	}
}

const struct page_ops budgets_page = {
	.name = "budgets",
	.open = open_budgets,
	.build = build_budgets,
	.details = &budget_page,
	.empty = no_budgets,
};

const struct page_ops budget_page = {
	.name = "budget",
	.print = print_budget,
};
