// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of budgets: one row a destination, as many columns as there is room for. */
#include "base/table.h"
#include "sink/budget_columns.h"
#include "sink/ports.h"

#define DEFAULT_ROWS 20

static bool is_shown(const struct budget_column *cell, const struct sink_opts *opts)
{
	return !opts->width || opts->width >= cell->width;
}

uint32_t ports_limit(const struct sink_opts *opts)
{
	return opts->limit ? opts->limit : DEFAULT_ROWS;
}

void ports_print_table(const struct budget *budgets, size_t count, const struct sink_opts *opts)
{
	struct table_column columns[NR_BUDGET_COLUMNS];
	char text[BUDGET_CELL_LEN];
	unsigned int shown = 0;
	struct table *table;

	for (size_t cell = 0; cell < NR_BUDGET_COLUMNS; cell++)
		if (is_shown(&budget_columns[cell], opts))
			columns[shown++] = budget_columns[cell].column;
	table = table_new(columns, shown);
	for (size_t i = 0; i < count && i < ports_limit(opts); i++)
		for (size_t cell = 0; cell < NR_BUDGET_COLUMNS; cell++) {
			if (!is_shown(&budget_columns[cell], opts))
				continue;
			budget_columns[cell].text(&budgets[i], opts->names, text);
			table_cell(table, "%s", text);
		}
	table_print(table, opts->out, opts->terminal);
	table_free(table);
	if (count > ports_limit(opts))
		fprintf(opts->out, "(%zu more; --limit shows them)\n", count - ports_limit(opts));
}
