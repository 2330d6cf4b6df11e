// SPDX-License-Identifier: GPL-2.0-or-later
/* A model with everything that it can be asked for, and one output for each input. */
#include "account.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/doctor_view.h"
#include "cmd/options.h"
#include "cmd/whatif_args.h"
#include "fuzz.h"
#include "model/leak.h"
#include "model/restate.h"
#include "sink/anonymize.h"
#include "sink/flame_sink.h"
#include "sink/list.h"
#include "sink/metrics.h"
#include "sink/page.h"
#include "sink/sink.h"

#define INTERVAL_NS 1000000000ULL
/* Of recorded time: it may be years. */
#define MOST_INTERVALS 2
/* Choices from here on are of no output: what is printed takes most of the time. */
#define QUIET 128
#define FEW_ROWS 4

struct account {
	struct model *model;
	struct sink *sink;		/* NULL: the metrics */
	struct metrics *metrics;
	struct anonymizer *anonymizer;
	struct options options;
	struct part doctor;
	struct whatif_ask ask;
	struct sink_opts opts;
	uint64_t interval_ends_ns;
	unsigned int intervals;
	bool quiet;
};

static const struct sink_ops *const outputs[] = {
	NULL, /* metrics */
	&trace_text_sink,
	&trace_jsonl_sink,
	&trace_csv_sink,
	&top_text_sink,
	&top_json_sink,
	&top_jsonl_sink,
	&list_text_sink,
	&list_json_sink,
	&leaks_text_sink,
	&leaks_json_sink,
	&leaks_jsonl_sink,
	&ports_text_sink,
	&ports_json_sink,
	&ports_jsonl_sink,
	&report_text_sink,
	&report_json_sink,
	&report_html_sink,
	&run_text_sink,
	&run_json_sink,
	&flame_folded_sink,
	&flame_svg_sink,
	&flame_html_sink,
	&flame_pprof_sink,
	&flame_speedscope_sink,
};

#define NR_OUTPUTS (sizeof(outputs) / sizeof(outputs[0]))

static void on_event(void *ctx, const struct model_event *event)
{
	struct account *account = ctx;

	account->sink->ops->event(account->sink, event);
}

static void ask_what_if(struct account *account)
{
	static const char *const asked[] = { "tcp_tw_reuse=1", "keepalive=10", "destinations=2" };
	struct error err;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		whatif_args_add(&account->ask, asked[i], &err);
}

static void open_output(struct account *account, const struct sink_ops *ops)
{
	account->metrics = metrics_new(&METRICS_DEFAULTS);
	if (!ops)
		return;
	account->sink = ops->open(ops, &account->opts);
	if (!account->sink)
		abort();
	if (ops->event)
		model_subscribe(account->model, on_event, account);
}

struct account *account_new(unsigned int choice, const struct recording_note *notes,
			    uint32_t nr_notes)
{
	static const uint8_t key[SIPHASH_KEY_LEN] = { 1 };
	struct account *account = calloc(1, sizeof(*account));
	unsigned int more = choice / NR_OUTPUTS;
	struct model_opts opts = {
		.max_rows = more & 1 ? FEW_ROWS : 0,
		.max_conns = more & 1 ? 2 * FEW_ROWS : 0,
		.leaks = true,
		.ports = true,
		.stacks = more & 2,
		.what_if = true,
		.history = HISTORY_ALL,
		.flame = page_flame_by(),
	};

	if (!account)
		abort();
	options_init(&account->options);
	account->doctor = doctor_part(&account->options);
	ask_what_if(account);
	account->model = model_new(&opts);
	account->anonymizer = anonymizer_new(key);
	account->opts = (struct sink_opts){
		.out = fuzz_nowhere(),
		.host = "host",
		.what_if = &account->ask,
		.replay = true,
		.terminal = more & 4,
		.width = 80,
		.flame = page_flame(),
		.extra = &account->doctor,
		.recordings = notes,
		.nr_recordings = nr_notes,
	};
	if (!account->model || !account->anonymizer)
		abort();
	account->quiet = choice >= QUIET;
	open_output(account, account->quiet ? NULL : outputs[choice % NR_OUTPUTS]);
	return account;
}

struct model *account_model(struct account *account)
{
	return account->model;
}

static void say_metrics(struct account *account, enum metrics_format format)
{
	const struct metrics_site site = { .opts = &account->opts, .version = "1" };

	if (!account->quiet)
		metrics_write(account->metrics, account->model, &site, format, account->opts.out);
}

/* Where recorded time says so, as of a recording. */
static void pass_time(struct account *account)
{
	uint64_t now_ns = model_now_ns(account->model);

	if (!model_ready_ns(account->model) || now_ns < account->interval_ends_ns ||
	    account->intervals == MOST_INTERVALS)
		return;
	account->intervals++;
	account->interval_ends_ns = now_ns + INTERVAL_NS;
	model_judge(account->model);
	if (!account->sink)
		say_metrics(account, METRICS_TEXT);
	else if (account->sink->ops->interval)
		account->sink->ops->interval(account->sink, account->model);
	model_mark_interval(account->model, now_ns);
}

void account_feed(struct account *account, const struct tw_record *record, size_t len,
		  unsigned int source)
{
	model_expect(account->model, record, len);
	model_feed(account->model, record, len, source);
	/* this one has its records whole, from a source of ours or from a reader that has looked */
	if (len >= sizeof(*record) && record->size >= sizeof(*record) && record->size <= len)
		anonymizer_record(account->anonymizer, record);
	pass_time(account);
}

static void feed_other(void *ctx, const struct tw_record *record)
{
	model_feed(ctx, record, record->size, 0);
}

/* What a further part of a recording would begin with, read as that would be. */
static void tell_again(struct account *account)
{
	struct model *other = model_new(&(struct model_opts){ .ports = true });

	model_restate(account->model, feed_other, other);
	model_free(other);
}

void account_end(struct account *account)
{
	model_judge(account->model);
	if (!account->sink)
		say_metrics(account, METRICS_OPENMETRICS);
	else if (account->sink->ops->end)
		account->sink->ops->end(account->sink, account->model);
	if (account->sink)
		account->sink->ops->free(account->sink);
	tell_again(account);
	model_free(account->model);
	metrics_free(account->metrics);
	anonymizer_free(account->anonymizer);
	free(account);
}
