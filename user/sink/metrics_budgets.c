// SPDX-License-Identifier: GPL-2.0-or-later
/* Budgets of ephemeral ports: how many of each level, and figures of the worst ones. */
#include <math.h>
#include <string.h>

#include "base/addr.h"
#include "model/ports.h"
#include "sink/metrics_part.h"
#include "sink/ports.h"

#define MAX_BUDGETS 20
#define WORTH 10	/* a tenth is used */

static const struct metric budget_levels = {
	.name = "twtrace_port_budgets",
	.type = METRIC_GAUGE,
	.help = "Budgets of ephemeral ports, one a namespace, source and destination, by the worst "
		"level that each had in the last hour or two.",
};

/* Of one budget; false: not known. */
typedef bool (*budget_figure_fn)(const struct budget *budget, double *figure);

static bool budget_capacity(const struct budget *budget, double *figure)
{
	*figure = budget->capacity;
	return budget->low != 0;
}

static bool budget_used(const struct budget *budget, double *figure)
{
	*figure = budget->used;
	return true;
}

static bool budget_ratio(const struct budget *budget, double *figure)
{
	*figure = (double)budget->used / budget->capacity;
	return budget->low && budget->capacity;
}

static bool budget_peak(const struct budget *budget, double *figure)
{
	*figure = budget->peak;
	return true;
}

static bool budget_half(const struct budget *budget, double *figure)
{
	*figure = budget->half_ns / 1e9;
	return !budget_is_unexplained(budget) && budget->half_ns != TIME_UNKNOWN;
}

static bool budget_end(const struct budget *budget, double *figure)
{
	*figure = budget->end_ns / 1e9;
	return !budget_is_unexplained(budget) && budget->end_ns != TIME_UNKNOWN;
}

static bool budget_sustainable(const struct budget *budget, double *figure)
{
	*figure = budget->per_s / budget->sustainable_per_s;
	return isfinite(*figure);
}

static const struct {
	struct metric metric;
	budget_figure_fn figure;
} budget_figures[] = {
	{ { "twtrace_port_budget_capacity_ports", METRIC_GAUGE, "ports",
	    "Ephemeral ports that connect() may choose from towards a destination." },
	  budget_capacity },
	{ { "twtrace_port_budget_used_ports", METRIC_GAUGE, "ports", "How many of them are used." },
	  budget_used },
	{ { "twtrace_port_budget_peak_ports", METRIC_GAUGE, "ports",
	    "The most that were used at once while traced." },
	  budget_peak },
	{ { "twtrace_port_budget_used_ratio", METRIC_GAUGE, "ratio",
	    "The used part of them; from a half on connect() gets slow." },
	  budget_ratio },
	{ { "twtrace_port_budget_rate_ratio", METRIC_GAUGE, "ratio",
	    "Connects a second, as a part of what the ports last for for ever." },
	  budget_sustainable },
	{ { "twtrace_port_budget_half_seconds", METRIC_GAUGE, "seconds",
	    "Until half of the ports are used, at this rate." },
	  budget_half },
	{ { "twtrace_port_budget_exhaustion_seconds", METRIC_GAUGE, "seconds",
	    "Until no port is left, at this rate." },
	  budget_end },
};

static void budget_labels(const struct budget *budget, struct labels *labels)
{
	char netns[16], range[16], port[8], addr[ADDR_TEXT_LEN];

	snprintf(netns, sizeof(netns), "%u", budget->netns_ino);
	snprintf(range, sizeof(range), "%u-%u", budget->low, budget->high);
	snprintf(port, sizeof(port), "%u", budget->remote_port);
	labels_add(labels, "netns", budget->netns_name ? budget->netns_name : netns);
	labels_add(labels, "source", addr_format(budget->local_addr, addr));
	labels_add(labels, "destination", addr_format(budget->remote_addr, addr));
	labels_add(labels, "port", port);
	labels_add(labels, "range", budget->low ? range : NULL);
}

static bool is_worth_it(const struct budget *budget)
{
	return budget->level != BUDGET_FINE ||
	       (budget->capacity && budget->used >= budget->capacity / WORTH);
}

/* Who is shown; those that only their cookie tells apart are shown once. Returns how many. */
static size_t choose(const struct budget *budgets, size_t count,
		     const struct budget *chosen[static MAX_BUDGETS],
		     struct labels labels[static MAX_BUDGETS])
{
	size_t nr = 0;

	for (size_t i = 0; i < count && nr < MAX_BUDGETS; i++) {
		bool again = false;

		if (!is_worth_it(&budgets[i]))
			continue;
		labels[nr] = (struct labels){ 0 };
		budget_labels(&budgets[i], &labels[nr]);
		for (size_t at = 0; at < nr; at++)
			again |= !strcmp(labels[at].text, labels[nr].text);
		if (!again)
			chosen[nr++] = &budgets[i];
	}
	return nr;
}

void metrics_budgets(const struct model *model, const struct exposition *to)
{
	const struct budget *budgets, *chosen[MAX_BUDGETS];
	size_t count = model_budgets(model, &budgets), nr, i, at;
	uint64_t levels[NR_BUDGET_LEVELS] = { 0 };
	struct labels labels[MAX_BUDGETS];
	double figure;

	for (i = 0; i < count; i++)
		levels[budgets[i].level]++;
	metric_begin(to, &budget_levels);
	for (i = 0; i < NR_BUDGET_LEVELS; i++) {
		labels[0] = (struct labels){ 0 };
		labels_add(&labels[0], "level", budget_level_name(i));
		metric_u64(to, &budget_levels, labels[0].text, levels[i]);
	}
	nr = choose(budgets, count, chosen, labels);
	for (i = 0; i < COUNT_OF(budget_figures); i++) {
		metric_begin(to, &budget_figures[i].metric);
		for (at = 0; at < nr; at++)
			if (budget_figures[i].figure(chosen[at], &figure))
				metric_double(to, &budget_figures[i].metric, labels[at].text,
					      figure);
	}
}
