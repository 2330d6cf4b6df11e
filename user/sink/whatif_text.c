// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `ports --what-if` for people: each destination as it was, as the model has it, and as it
 * would be.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/table.h"
#include "base/text.h"
#include "base/wrap.h"
#include "model/event.h"
#include "sink/common.h"
#include "sink/whatif.h"

#define DEFAULT_LIMIT 10
/* Terminals that are narrower are shown what matters most. */
#define WIDE 120
#define WIDEST 160
#define PARAGRAPH_LEN 2048
#define ASKED_LEN 1024
/* So near the model comes to real workloads (docs/what-if.md); a few are chance. */
#define MISFIT 0.05
#define FEW_FAILURES 5
#define FEW_PORTS 3

static const char *const runs[NR_WHATIF_RUNS] = { "observed", "model", "what if" };

/* A destination, or all of them (NULL), in one of the runs. */
struct whatif_row {
	const struct whatif_path *path;
	const struct whatif_use *use;
	unsigned int run;
};

struct whatif_cell {
	struct table_column column;
	uint32_t width;			/* only on terminals that are so wide */
	void (*add)(struct table *table, const struct whatif_row *row);
};

static void add_count(struct table *table, uint64_t count)
{
	char text[TEXT_LEN];

	table_cell(table, "%s", text_count(count, text));
}

static void add_to(struct table *table, const struct whatif_row *row)
{
	char text[ENDPOINT_TEXT_LEN];

	if (row->run)
		table_cell(table, "%s", "");
	else if (!row->path)
		table_cell(table, "all");
	else
		table_cell(table, "%s",
			   endpoint_format(row->path->path.remote_addr, row->path->path.remote_port,
					   text));
}

static void add_from(struct table *table, const struct whatif_row *row)
{
	char text[ADDR_TEXT_LEN];

	if (row->run || !row->path)
		table_cell(table, "%s", "");
	else
		table_cell(table, "%s", addr_format(row->path->path.local_addr, text));
}

static void add_netns(struct table *table, const struct whatif_row *row)
{
	if (row->run || !row->path)
		table_cell(table, "%s", "");
	else if (row->path->netns_name)
		table_cell(table, "%s", row->path->netns_name);
	else
		table_cell(table, "%" PRIu32, row->path->path.netns_ino);
}

static void add_run(struct table *table, const struct whatif_row *row)
{
	table_cell(table, "%s", runs[row->run]);
}

static void add_connects(struct table *table, const struct whatif_row *row)
{
	add_count(table, row->use->connects);
}

static void add_failures(struct table *table, const struct whatif_row *row)
{
	add_count(table, row->use->failures);
}

static void add_first(struct table *table, const struct whatif_row *row)
{
	uint64_t ns = row->use->first_failure_ns;
	char text[TEXT_LEN];

	table_cell(table, "%s", ns == TIME_UNKNOWN ? "" : text_duration(ns, text));
}

static void add_peak(struct table *table, const struct whatif_row *row)
{
	add_count(table, row->use->peak);
}

static void add_mean(struct table *table, const struct whatif_row *row)
{
	add_count(table, (uint64_t)(row->use->mean + 0.5));
}

static void add_end(struct table *table, const struct whatif_row *row)
{
	add_count(table, row->use->end);
}

static void add_time_wait(struct table *table, const struct whatif_row *row)
{
	add_count(table, row->use->time_wait_peak);
}

static void add_over_half(struct table *table, const struct whatif_row *row)
{
	char text[TEXT_LEN];

	table_cell(table, "%s",
		   row->use->over_half_ns ? text_duration(row->use->over_half_ns, text) : "");
}

static void add_capacity(struct table *table, const struct whatif_row *row)
{
	if (row->path)
		add_count(table, row->use->capacity);
	else
		table_cell(table, "%s", "");
}

static const struct whatif_cell cells[] = {
	{ { .heading = "TO" }, 0, add_to },
	{ { .heading = "FROM" }, WIDE, add_from },
	{ { .heading = "NETNS", .max_width = 12 }, WIDEST, add_netns },
	{ { .heading = "RUN" }, 0, add_run },
	{ { .heading = "CONNECTS", .right = true }, 0, add_connects },
	{ { .heading = "NO PORT", .right = true }, 0, add_failures },
	{ { .heading = "FIRST AT", .right = true }, WIDE, add_first },
	{ { .heading = "PEAK", .right = true }, 0, add_peak },
	{ { .heading = "MEAN", .right = true }, 0, add_mean },
	{ { .heading = "END", .right = true }, 0, add_end },
	{ { .heading = "TIME_WAIT", .right = true }, WIDE, add_time_wait },
	{ { .heading = "OVER HALF", .right = true }, 0, add_over_half },
	{ { .heading = "OF", .right = true }, 0, add_capacity },
};

#define NR_CELLS (sizeof(cells) / sizeof(cells[0]))

static void add_rows(struct table *table, const struct whatif_path *path,
		     const struct whatif_use uses[NR_WHATIF_RUNS], bool changed,
		     const struct sink_opts *opts)
{
	for (unsigned int run = 0; run < NR_WHATIF_RUNS; run++) {
		struct whatif_row row = { .path = path, .use = &uses[run], .run = run };

		for (size_t i = 0; i < NR_CELLS && (run != RUN_CHANGED || changed); i++)
			if (!opts->width || opts->width >= cells[i].width)
				cells[i].add(table, &row);
	}
}

static void print_table(const struct whatif_result *result, const struct sink_opts *opts)
{
	size_t limit = opts->limit ? opts->limit : DEFAULT_LIMIT;
	struct table_column columns[NR_CELLS];
	unsigned int count = 0;
	struct table *table;

	for (size_t i = 0; i < NR_CELLS; i++)
		if (!opts->width || opts->width >= cells[i].width)
			columns[count++] = cells[i].column;
	table = table_new(columns, count);
	/* of one destination alone the sum says nothing more */
	if (result->nr_paths != 1)
		add_rows(table, NULL, result->total, result->changed, opts);
	for (size_t i = 0; i < result->nr_paths && i < limit; i++)
		add_rows(table, &result->paths[i], result->paths[i].use, result->changed, opts);
	table_print(table, opts->out, opts->terminal);
	table_free(table);
	if (result->nr_paths > limit)
		fprintf(opts->out, "%zu more destinations: --limit shows them\n",
			result->nr_paths - limit);
}

/* A paragraph, as wide as the terminal. */
__attribute__((__format__(__printf__, 2, 3))) static void say(const struct sink_opts *opts,
							      const char *format, ...)
{
	char text[PARAGRAPH_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_wrapped(opts->out, wrap_width(opts), 0, text);
}

/* "tcp_tw_reuse=1, keepalive=4" */
static const char *asked_text(const struct whatif_ask *ask, char text[static ASKED_LEN])
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < ask->count && len < ASKED_LEN; i++)
		len += snprintf(text + len, ASKED_LEN - len, "%s%s", i ? ", " : "", ask->asked[i]);
	return text;
}

static void print_title(const struct whatif_result *result, const struct sink_opts *opts)
{
	char count[TEXT_LEN], stock[TEXT_LEN], duration[TEXT_LEN], asked[ASKED_LEN];

	say(opts,
	    "What if %s? %s connect() calls over %s are replayed, %s ports were in use before.",
	    asked_text(opts->what_if, asked), text_count(result->attempts, count),
	    text_duration(result->to_ns - result->from_ns, duration),
	    text_count(result->stock, stock));
	say(opts, "Programs are taken to connect when they did, whatever becomes of it.");
}

/* By what is counted: means that differ by rounding alone are the same. */
static bool is_same(const struct whatif_use *one, const struct whatif_use *other)
{
	return one->connects == other->connects && one->failures == other->failures &&
	       one->peak == other->peak && one->end == other->end &&
	       one->time_wait_peak == other->time_wait_peak && fabs(one->mean - other->mean) < 0.05;
}

static void print_verdict(const struct whatif_result *result, const struct sink_opts *opts)
{
	const struct whatif_use *was = &result->total[RUN_OBSERVED];
	const struct whatif_use *would = &result->total[RUN_CHANGED];
	char asked[ASKED_LEN], failed[TEXT_LEN], all[TEXT_LEN], before[TEXT_LEN];

	asked_text(opts->what_if, asked);
	putc('\n', opts->out);
	if (!result->changed || is_same(would, &result->total[RUN_BASELINE]))
		say(opts, "With %s nothing would have been different.", asked);
	else
		say(opts,
		    "With %s, %s of %s connects would have failed for want of a port (%s did).",
		    asked, text_count(would->failures, failed), text_count(would->connects, all),
		    text_count(was->failures, before));
}

static bool is_far(double says, double was, double at_least)
{
	return fabs(says - was) > at_least && fabs(says - was) > MISFIT * was;
}

/* What the model is worth, by what is known: how far its word for what was is off. */
static void print_trust(const struct whatif_result *result, const struct sink_opts *opts)
{
	const struct whatif_use *was = &result->total[RUN_OBSERVED];
	const struct whatif_use *says = &result->total[RUN_BASELINE];
	char one[TEXT_LEN], other[TEXT_LEN], off[TEXT_LEN * 2] = "";

	if (was->mean > 0)
		snprintf(off, sizeof(off), "%.1f %% off in ports used on average, ",
			 100 * fabs(says->mean - was->mean) / was->mean);
	say(opts, "How well the model repeats what happened: %s%s failures where there were %s.",
	    off, text_count(says->failures, one), text_count(was->failures, other));
	if (is_far(says->failures, was->failures, FEW_FAILURES) ||
	    is_far(says->mean, was->mean, FEW_PORTS))
		say(opts,
		    "That is far off: what it says of other settings is not to be relied on.");
}

static void print_remarks(const struct whatif_result *result, const struct sink_opts *opts)
{
	const struct whatif_ask *ask = opts->what_if;
	char count[TEXT_LEN];

	for (unsigned int i = 0; i < ask->count; i++)
		if (ask->remarks[i])
			say(opts, "%s: %s.", ask->asked[i], ask->remarks[i]);
	for (unsigned int bit = 0; bit < NR_WHATIF_ASSUMED; bit++)
		if (result->assumed & 1U << bit)
			say(opts, "%s was not told: the kernel's default is assumed.",
			    whatif_assumed_name(1U << bit));
	if (result->binds_failed)
		say(opts,
		    "%s bind() calls got no port: where they would have connected to is not known, "
		    "they are not replayed.",
		    text_count(result->binds_failed, count));
	if (result->left_out)
		say(opts,
		    "There was no room for %s more: the replay ends before the first of them.",
		    text_count(result->left_out, count));
	if (result->told_in_sum)
		say(opts, "%s state changes were told in sum: their connections are not replayed.",
		    text_count(result->told_in_sum, count));
}

void whatif_print(const struct model *model, const struct sink_opts *opts)
{
	struct whatif_result result;
	int err = model_what_if(model, &opts->what_if->changes, &result);

	if (err) {
		say(opts, "What if: %s.",
		    err == -ENODATA ? "no connect() was seen, so there is nothing to replay" :
				      "no memory for a replay");
		return;
	}
	print_title(&result, opts);
	print_table(&result, opts);
	print_verdict(&result, opts);
	print_trust(&result, opts);
	print_remarks(&result, opts);
	whatif_result_release(&result);
}
