// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long connect() looks for a port: in all, and of late, since it is with half of the ports
 * used that it gets slow, whatever it was before.
 */
#include "model/budgets.h"

#define SPAN_NS (RATE_SECONDS * 1000000000ULL)

static void clear(struct histogram *histogram)
{
	histogram_release(histogram);
	*histogram = (struct histogram){ 0 };
}

/* What is of neither this span nor the one before it is not of late any more. */
static void move_on(struct budget_row *row, uint64_t now_ns)
{
	uint64_t span = now_ns / SPAN_NS;

	if (span <= row->search_span)
		return;
	clear(&row->search_of[span % 2]);
	if (span - row->search_span > 1)
		clear(&row->search_of[(span + 1) % 2]);
	row->search_span = span;
}

void budget_searched(struct budget_row *row, uint64_t now_ns, uint64_t took_ns)
{
	move_on(row, now_ns);
	histogram_add(&row->search, took_ns);
	histogram_add(&row->search_of[row->search_span % 2], took_ns);
}

const struct histogram *budget_search_late(struct budget_row *row, uint64_t now_ns)
{
	move_on(row, now_ns);
	clear(&row->search_late);
	for (unsigned int i = 0; i < 2; i++)
		histogram_merge(&row->search_late, &row->search_of[i]);
	return &row->search_late;
}

void budget_forget_searches(struct budget_row *row)
{
	clear(&row->search);
	clear(&row->search_of[0]);
	clear(&row->search_of[1]);
	clear(&row->search_late);
}
