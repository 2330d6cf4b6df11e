/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `ports` as text: a row a destination, the worst first, what is at half or at its end in
 * words, and what has failed. On a terminal it refreshes; elsewhere a warning is printed when
 * it is due, and all of it at the end.
 */
#include <errno.h>
#include <string.h>

#include "base/stream.h"
#include "base/text.h"
#include "base/wrap.h"
#include "sink/common.h"
#include "sink/ports.h"
#include "sink/whatif.h"

#define CLEAR "\033[H\033[J"
#define MAX_WARNINGS 5

struct ports_text {
	struct sink sink;
	size_t told[NR_BUDGET_LEVELS];	/* so many were of this level or worse */
};

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
	/* a namespace that is looked at whole has its budgets whole */
	if (opts->filtered_within && count)
		print_wrapped(opts->out, wrap_width(opts), 0,
			      "(only what the filters let through is counted: others may have "
			      "more)");
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

	if (errno == ENOMEM)
		stream_fail(opts->out, ENOMEM);
	print_head(model, opts, budgets, count);
	if (count) {
		putc('\n', opts->out);
		ports_print_table(budgets, count, opts);
	} else if (!model_failures(model, &failures)) {
		putc('\n', opts->out);
		print_wrapped(opts->out, wrap_width(opts), 0,
			      opts->filtered ? "No outgoing TCP connection that the filters let "
					       "through: without them there may be some." :
					       "No outgoing TCP connection so far, so no ephemeral "
					       "port is in use. To see some: twtrace demo");
	}
	for (size_t i = 0; i < count && warned < MAX_WARNINGS; i++) {
		if (budgets[i].level == BUDGET_FINE)
			continue;
		putc('\n', opts->out);
		budget_print_warning(budgets, count, i, opts);
		warned++;
	}
	failures_print(model, opts, ports_limit(opts));
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

	if (errno == ENOMEM)
		stream_fail(opts->out, ENOMEM);
	for (unsigned int level = NR_BUDGET_LEVELS; level-- > 0;)
		worse[level] = worse[level + 1] + count_level(budgets, count, level);
	/* the worst come first */
	for (size_t i = 0; i < worse[BUDGET_NEARING] && i < MAX_WARNINGS; i++) {
		if (worse[budgets[i].level] <= ports->told[budgets[i].level])
			continue;
		fprintf(opts->out, "%s  ",
			text_clock(sink_realtime(opts, model_now_ns(model)), clock));
		budget_print_warning(budgets, count, i, opts);
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
