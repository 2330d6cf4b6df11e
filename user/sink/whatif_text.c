// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `ports --what-if` for people: each destination as it was, as the model has it, and as it
 * would be.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/table.h"
#include "base/text.h"
#include "model/event.h"
#include "sink/common.h"
#include "sink/whatif.h"

#define DEFAULT_LIMIT 10

static const char *const runs[NR_WHATIF_RUNS] = { "observed", "model", "what if" };

static const struct table_column columns[] = {
	{ "TO", false, 0 },	  { "FROM", false, 0 },
	{ "RUN", false, 0 },	  { "CONNECTS", true, 0 },
	{ "NO PORT", true, 0 },	  { "FIRST AT", true, 0 },
	{ "PEAK", true, 0 },	  { "MEAN", true, 0 },
	{ "END", true, 0 },	  { "MOST TIME-WAIT", true, 0 },
	{ "OVER HALF", true, 0 }, { "OF", true, 0 },
};

static void add_row(struct table *table, const char *to, const char *from, unsigned int run,
		    const struct whatif_use *use)
{
	char text[TEXT_LEN];

	table_cell(table, "%s", to);
	table_cell(table, "%s", from);
	table_cell(table, "%s", runs[run]);
	table_cell(table, "%s", text_count(use->connects, text));
	table_cell(table, "%s", text_count(use->failures, text));
	table_cell(table, "%s",
		   use->first_failure_ns == TIME_UNKNOWN ?
			   "" :
			   text_duration(use->first_failure_ns, text));
	table_cell(table, "%s", text_count(use->peak, text));
	table_cell(table, "%s", text_count((uint64_t)(use->mean + 0.5), text));
	table_cell(table, "%s", text_count(use->end, text));
	table_cell(table, "%s", text_count(use->time_wait_peak, text));
	table_cell(table, "%s", use->over_half_ns ? text_duration(use->over_half_ns, text) : "");
	table_cell(table, "%s", use->capacity ? text_count(use->capacity, text) : "");
}

static void add_rows(struct table *table, const char *to, const char *from,
		     const struct whatif_use uses[NR_WHATIF_RUNS], bool changed)
{
	for (unsigned int run = 0; run < NR_WHATIF_RUNS; run++)
		if (run != RUN_CHANGED || changed)
			add_row(table, run ? "" : to, run ? "" : from, run, &uses[run]);
}

static void print_table(const struct whatif_result *result, const struct sink_opts *opts)
{
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	size_t limit = opts->limit ? opts->limit : DEFAULT_LIMIT;
	char to[ENDPOINT_TEXT_LEN], from[ADDR_TEXT_LEN];

	if (!table)
		return;
	/* of one destination alone the sum says nothing more */
	if (result->nr_paths != 1)
		add_rows(table, "all", "", result->total, result->changed);
	for (size_t i = 0; i < result->nr_paths && i < limit; i++) {
		const struct whatif_path *path = &result->paths[i];

		add_rows(table, endpoint_format(path->path.remote_addr, path->path.remote_port, to),
			 addr_format(path->path.local_addr, from), path->use, result->changed);
	}
	table_print(table, opts->out, opts->terminal);
	table_free(table);
	if (result->nr_paths > limit)
		fprintf(opts->out, "%zu more destinations: --limit shows them\n",
			result->nr_paths - limit);
}

static void print_title(const struct whatif_result *result, const struct sink_opts *opts)
{
	const struct whatif_ask *ask = opts->what_if;
	char count[TEXT_LEN], stock[TEXT_LEN], duration[TEXT_LEN];

	fprintf(opts->out, "What if");
	for (unsigned int i = 0; i < ask->count; i++)
		fprintf(opts->out, "%s %s", i ? "," : "", ask->asked[i]);
	fprintf(opts->out, "? %s connect() calls over %s are replayed, ",
		text_count(result->attempts, count),
		text_duration(result->to_ns - result->from_ns, duration));
	fprintf(opts->out, "%s ports were in use before.\n", text_count(result->stock, stock));
	fprintf(opts->out,
		"Programs are taken to connect when they did, whatever becomes of it.\n");
}

/* What the model is worth, by what is known: how far its word for what was is off. */
static void print_trust(const struct whatif_result *result, const struct sink_opts *opts)
{
	const struct whatif_use *was = &result->total[RUN_OBSERVED];
	const struct whatif_use *says = &result->total[RUN_BASELINE];
	char one[TEXT_LEN], other[TEXT_LEN];

	if (was->mean > 0)
		fprintf(opts->out,
			"The model's word for what was: %.1f %% off in ports used on average, ",
			100 * fabs(says->mean - was->mean) / was->mean);
	else
		fprintf(opts->out, "The model's word for what was: ");
	fprintf(opts->out, "%s failures where there were %s.\n", text_count(says->failures, one),
		text_count(was->failures, other));
}

static void print_remarks(const struct whatif_result *result, const struct sink_opts *opts)
{
	const struct whatif_ask *ask = opts->what_if;
	char count[TEXT_LEN];

	for (unsigned int i = 0; i < ask->count; i++)
		if (ask->remarks[i])
			fprintf(opts->out, "%s: %s.\n", ask->asked[i], ask->remarks[i]);
	for (unsigned int bit = 0; bit < NR_WHATIF_ASSUMED; bit++)
		if (result->assumed & 1U << bit)
			fprintf(opts->out, "%s was not told: the kernel's default is assumed.\n",
				whatif_assumed_name(1U << bit));
	if (result->left_out)
		fprintf(opts->out,
			"There was no room for %s more: the replay ends before the first of them.\n",
			text_count(result->left_out, count));
	if (result->told_in_sum)
		fprintf(opts->out,
			"%s state changes were told in sum: their connections are not replayed.\n",
			text_count(result->told_in_sum, count));
}

void whatif_print(const struct model *model, const struct sink_opts *opts)
{
	struct whatif_result result;
	int err = model_what_if(model, &opts->what_if->changes, &result);

	if (err) {
		fprintf(opts->out, "What if: %s.\n",
			err == -ENODATA ? "no connect() was seen, so there is nothing to replay" :
					  "no memory for a replay");
		return;
	}
	print_title(&result, opts);
	print_table(&result, opts);
	print_trust(&result, opts);
	print_remarks(&result, opts);
	whatif_result_release(&result);
}
