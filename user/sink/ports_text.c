/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `ports` as text: a row a destination, the worst first, what is at half or at its end in
 * words, and what has failed. On a terminal it refreshes; elsewhere a warning is printed when
 * it is due, and all of it at the end.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "sink/common.h"
#include "sink/conn_text.h"
#include "sink/holder_text.h"
#include "sink/ports.h"
#include "sink/whatif.h"
#include "sink/wrap.h"

#define CLEAR "\033[H\033[J"
#define DEFAULT_ROWS 20
/* Terminals that are narrower are shown what matters most. */
#define WIDE 120
#define WIDEST 160
#define BAR_WIDTH 10
#define MAX_WARNINGS 5
/* No host connects so fast: ports that come back at once are no limit. */
#define MOST_PER_S 100000

struct ports_text {
	struct sink sink;
	size_t told[NR_BUDGET_LEVELS];	/* so many were of this level or worse */
};

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
	add_until(table, budget->half_ns);
}

static void add_end(struct table *table, const struct budget *budget, const struct sink_opts *opts)
{
	(void)opts;
	add_until(table, budget->end_ns);
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
	{ { .heading = "NEW/S", .right = true }, 0, add_new },
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

static uint32_t limit_of(const struct sink_opts *opts)
{
	return opts->limit ? opts->limit : DEFAULT_ROWS;
}

static void print_table(const struct budget *budgets, size_t count, const struct sink_opts *opts)
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
	for (size_t i = 0; i < count && i < limit_of(opts); i++)
		for (size_t cell = 0; cell < NR_CELLS; cell++)
			if (is_shown(&cells[cell], opts))
				cells[cell].add(table, &budgets[i], opts);
	table_print(table, opts->out, opts->terminal);
	table_free(table);
	if (count > limit_of(opts))
		fprintf(opts->out, "(%zu more; --limit shows them)\n", count - limit_of(opts));
}

static size_t count_level(const struct budget *budgets, size_t count, enum budget_level level)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += budgets[i].level == level;
	return found;
}

static void print_head(const struct model *model, const struct sink_opts *opts,
		       const struct budget *budgets, size_t count)
{
	uint64_t ready_ns = model_ready_ns(model), now_ns = model_now_ns(model);
	size_t exhausted = count_level(budgets, count, BUDGET_EXHAUSTED);
	size_t half = count_level(budgets, count, BUDGET_HALF);
	size_t nearing = count_level(budgets, count, BUDGET_NEARING);
	char clock[TIME_TEXT_LEN], watched[TEXT_LEN];

	fprintf(opts->out, "%s%s%s", opts->terminal ? "\033[1m" : "",
		opts->host ? opts->host : "unknown host", opts->terminal ? "\033[0m" : "");
	if (now_ns)
		fprintf(opts->out, "  %.8s", text_clock(sink_realtime(opts, now_ns), clock));
	if (ready_ns && now_ns > ready_ns)
		fprintf(opts->out, "  watched for %s", text_duration(now_ns - ready_ns, watched));
	fprintf(opts->out, ": %zu destination%s", count, count == 1 ? "" : "s");
	if (exhausted)
		fprintf(opts->out, ", %zu without a port left", exhausted);
	if (half)
		fprintf(opts->out, ", %zu at half of the ports", half);
	if (nearing)
		fprintf(opts->out, ", %zu at half within a minute", nearing);
	putc('\n', opts->out);
	if (opts->filtered && count)
		fputs("(only what the filters let through is counted: others may have more)\n",
		      opts->out);
}

static void print_left_out(const struct model *model, FILE *out)
{
	uint64_t budgets = model_budgets_left_out(model);
	char number[TEXT_LEN];

	if (budgets)
		fprintf(out, "\nnot followed: %s connections, their destinations had no room\n",
			text_count(budgets, number));
}

/* What is not there may have happened all the same. */
static void print_unseen(const struct model *model, const struct sink_opts *opts)
{
	if (model_binds(model) != TW_BINDS_UNSEEN)
		return;
	putc('\n', opts->out);
	print_wrapped(
		opts->out, wrap_width(opts), 0,
		"bind() calls that fail are not seen: this kernel lets no function be traced. "
		"--syscalls sees them, at some 30 ns for each system call of the host.");
}

void ports_print(const struct model *model, const struct sink_opts *opts)
{
	const struct failure *failures;
	const struct budget *budgets;
	size_t count = model_budgets(model, &budgets), warned = 0;

	print_head(model, opts, budgets, count);
	if (count) {
		putc('\n', opts->out);
		print_table(budgets, count, opts);
	} else if (!model_failures(model, &failures)) {
		fputs("\nNo outgoing TCP connection so far, so no ephemeral port is in use. "
		      "To see some: twtrace demo\n",
		      opts->out);
	}
	for (size_t i = 0; i < count && warned < MAX_WARNINGS; i++) {
		if (budgets[i].level == BUDGET_FINE)
			continue;
		putc('\n', opts->out);
		budget_print_warning(&budgets[i], opts);
		warned++;
	}
	failures_print(model, opts, limit_of(opts));
	print_unseen(model, opts);
	print_left_out(model, opts->out);
	fflush(opts->out);
}

static struct sink *ports_text_open(const struct sink_ops *ops, const struct sink_opts *opts)
{
	struct ports_text *ports = sink_new(ops, opts, sizeof(*ports));

	return ports ? &ports->sink : NULL;
}

/* Where nobody looks at a screen, a warning comes when it is due, with its time. */
static void warn(struct ports_text *ports, const struct model *model)
{
	const struct sink_opts *opts = &ports->sink.opts;
	const struct budget *budgets;
	size_t count = model_budgets(model, &budgets);
	size_t worse[NR_BUDGET_LEVELS + 1] = { 0 };
	char clock[TIME_TEXT_LEN];

	for (unsigned int level = NR_BUDGET_LEVELS; level-- > 0;)
		worse[level] = worse[level + 1] + count_level(budgets, count, level);
	/* the worst come first */
	for (size_t i = 0; i < worse[BUDGET_NEARING] && i < MAX_WARNINGS; i++) {
		if (worse[budgets[i].level] <= ports->told[budgets[i].level])
			continue;
		fprintf(opts->out, "%s  ",
			text_clock(sink_realtime(opts, model_now_ns(model)), clock));
		budget_print_warning(&budgets[i], opts);
		putc('\n', opts->out);
	}
	memcpy(ports->told, worse, sizeof(ports->told));
	fflush(opts->out);
}

static void ports_text_interval(struct sink *sink, const struct model *model)
{
	if (sink->opts.replay)
		return;
	if (!sink->opts.terminal) {
		warn((struct ports_text *)sink, model);
		return;
	}
	fputs(CLEAR, sink->opts.out);
	ports_print(model, &sink->opts);
}

static void ports_text_end(struct sink *sink, const struct model *model)
{
	if (sink->opts.terminal && !sink->opts.replay)
		fputs(CLEAR, sink->opts.out);
	ports_print(model, &sink->opts);
	if (sink->opts.what_if) {
		putc('\n', sink->opts.out);
		whatif_print(model, &sink->opts);
		fflush(sink->opts.out);
	}
}

const struct sink_ops ports_text_sink = {
	.name = "text",
	.open = ports_text_open,
	.interval = ports_text_interval,
	.end = ports_text_end,
	.free = sink_free,
};
