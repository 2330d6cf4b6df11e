/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the table of budgets says of each, a column each. */
#ifndef SINK_BUDGET_COLUMNS_H
#define SINK_BUDGET_COLUMNS_H

#include "base/table.h"
#include "model/ports.h"
#include "sink/sink.h"

#define BUDGET_CELL_LEN 256
#define NR_BUDGET_COLUMNS 17
/* Terminals that are narrower are shown what matters most. */
#define BUDGETS_WIDE 120
#define BUDGETS_WIDEST 160

struct budget_column {
	struct table_column column;
	uint32_t width;			/* only on terminals that are so wide */
	/* NULL: of text; NAN: unknown */
	double (*figure)(const struct budget *budget);
	void (*text)(const struct budget *budget, struct names *names,
		     char text[static BUDGET_CELL_LEN]);
};

extern const struct budget_column budget_columns[NR_BUDGET_COLUMNS];

#endif
