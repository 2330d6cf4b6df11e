/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `leaks` as text: one paragraph a verdict, worst first.
 *
 *   web-1  14:03:22  watched for 1m00s: 1 leak, 1 to watch
 *
 *   LEAK     shop: 1,204 sockets in CLOSE-WAIT on port 8080, from 10.0.0.5
 *            +12.0 a minute, confidence 0.99: 40 came and all of them are still there
 *            ...
 */
#include "base/text.h"
#include "model/leak.h"
#include "sink/common.h"
#include "sink/leaks.h"
#include "sink/part.h"

#define CLEAR "\033[H\033[J"
/* No trend is one before. */
#define TREND_NS (30 * NS_PER_SECOND)

static void print_head(const struct sink_opts *opts, const struct model *model,
		       const struct verdict *verdicts, size_t count)
{
	static const struct {
		enum leak_level level;
		const char *one, *more;
	} words[] = {
		{ LEVEL_LEAK, "leak", "leaks" },
		{ LEVEL_SUSPECT, "suspect", "suspects" },
		{ LEVEL_WATCH, "to watch", "to watch" },
	};
	uint64_t ready_ns = model_ready_ns(model), now_ns = model_now_ns(model);
	const char *separator = ": ";
	char clock[TIME_TEXT_LEN], watched[TEXT_LEN];

	fprintf(opts->out, "%s%s%s", opts->terminal ? "\033[1m" : "",
		opts->host ? opts->host : "unknown host", opts->terminal ? "\033[0m" : "");
	if (now_ns)
		fprintf(opts->out, "  %.8s", text_clock(sink_realtime(opts, now_ns), clock));
	if (ready_ns && now_ns > ready_ns)
		fprintf(opts->out, "  watched for %s", text_duration(now_ns - ready_ns, watched));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t found = 0;

		for (size_t j = 0; j < count; j++)
			found += verdicts[j].level == words[i].level;
		if (!found)
			continue;
		fprintf(opts->out, "%s%zu %s", separator, found,
			found == 1 ? words[i].one : words[i].more);
		separator = ", ";
	}
	if (count)
		putc('\n', opts->out);
	else if (opts->filtered && !model_totals(model)->count[FIELD_CONNECTIONS])
		fputs(": no connection has matched the filters so far\n", opts->out);
	else
		fputs(": nothing leaks so far\n", opts->out);
	if (now_ns - ready_ns < TREND_NS)
		fputs("(what begins to leak only now needs half a minute to be told from what passes, "
		      "open connections 50 s)\n",
		      opts->out);
}

static void print_loss(const struct sink_opts *opts, const struct model *model)
{
	char number[TEXT_LEN];
	uint64_t lost = 0;

	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++)
		lost += cause == TW_LOSS_OUTPUT_FULL ? 0 : model_loss(model, cause);
	if (lost)
		fprintf(opts->out, "\nlost events: %s (twtrace top says why)\n",
			text_count(lost, number));
}

/* What verdicts can't know of, for want of room. */
static void print_unkept(const struct sink_opts *opts, const struct model *model)
{
	struct leaks_unkept unkept = model_leaks_unkept(model);
	char number[TEXT_LEN];

	if (unkept.classes)
		fprintf(opts->out,
			"\nnot followed: %s services, ports and hosts more than there is room for\n",
			text_count(unkept.classes, number));
	if (unkept.closed)
		fprintf(opts->out,
			"\nnot followed: %s sockets in CLOSE more than there is room for\n",
			text_count(unkept.closed, number));
	if (unkept.stacks)
		fprintf(opts->out, "\nnot kept: %s stacks more than there is room for\n",
			text_count(unkept.stacks, number));
}

void leaks_print(const struct model *model, const struct sink_opts *opts)
{
	const struct verdict *verdicts;
	size_t count = model_verdicts(model, &verdicts);

	print_head(opts, model, verdicts, count);
	for (size_t i = 0; i < count; i++) {
		putc('\n', opts->out);
		verdict_print(&verdicts[i], opts);
	}
	print_loss(opts, model);
	print_unkept(opts, model);
	fflush(opts->out);
}

static void leaks_text_interval(struct sink *sink, const struct model *model)
{
	if (sink->opts.replay || !sink->opts.terminal)
		return;
	fputs(CLEAR, sink->opts.out);
	leaks_print(model, &sink->opts);
}

static void leaks_text_end(struct sink *sink, const struct model *model)
{
	if (sink->opts.terminal && !sink->opts.replay)
		fputs(CLEAR, sink->opts.out);
	leaks_print(model, &sink->opts);
}

const struct sink_ops leaks_text_sink = {
	.name = "text",
	.open = sink_open,
	.interval = leaks_text_interval,
	.end = leaks_text_end,
	.free = sink_free,
};
