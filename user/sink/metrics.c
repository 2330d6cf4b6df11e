// SPDX-License-Identifier: GPL-2.0-or-later
/* An exposition from its first line to its last; the parts are in files of their own. */
#include "sink/metrics.h"

#include <stdlib.h>

#include "sink/common.h"
#include "sink/metrics_part.h"

/* Few hosts have more services on more ports: what one would look at one by one. */
#define MAX_PLACES 100
#define MAX_FAILURES 50

/* From a request on loopback to a connection that is held for a day. */
static const struct metric_bucket lifetimes[] = {
	{ "0.001", 1000000 },
	{ "0.005", 5000000 },
	{ "0.01", 10000000 },
	{ "0.05", 50000000 },
	{ "0.1", 100000000 },
	{ "0.5", 500000000 },
	{ "1.0", NS_PER_SECOND },
	{ "5.0", 5 * NS_PER_SECOND },
	{ "10.0", 10 * NS_PER_SECOND },
	{ "30.0", 30 * NS_PER_SECOND },
	{ "60.0", 60 * NS_PER_SECOND },
	{ "300.0", 300 * NS_PER_SECOND },
	{ "900.0", 900 * NS_PER_SECOND },
	{ "3600.0", 3600 * NS_PER_SECOND },
	{ "21600.0", 21600 * NS_PER_SECOND },
	{ "86400.0", 86400 * NS_PER_SECOND },
};

/*
 * TCP_TIMEWAIT_LEN is 60 s, and the timer may be an eighth of its wheel's level late
 * (kernel/time/timer.c): what is below was ended by something else.
 */
static const struct metric_bucket residences[] = {
	{ "0.1", 100000000 },		{ "1.0", NS_PER_SECOND },
	{ "2.0", 2 * NS_PER_SECOND },	{ "5.0", 5 * NS_PER_SECOND },
	{ "10.0", 10 * NS_PER_SECOND }, { "20.0", 20 * NS_PER_SECOND },
	{ "30.0", 30 * NS_PER_SECOND }, { "45.0", 45 * NS_PER_SECOND },
	{ "55.0", 55 * NS_PER_SECOND }, { "65.0", 65 * NS_PER_SECOND },
	{ "75.0", 75 * NS_PER_SECOND }, { "120.0", 120 * NS_PER_SECOND },
};

static const struct metric lifetime = {
	.name = "twtrace_connection_lifetime_seconds",
	.type = METRIC_HISTOGRAM,
	.unit = "seconds",
	.help = "How long connections were open whose beginning and end were seen. Buckets and sum "
		"are within 3.2 %.",
};

static const struct metric residence = {
	.name = "twtrace_time_wait_residence_seconds",
	.type = METRIC_HISTOGRAM,
	.unit = "seconds",
	.help = "How long minisocks lived whose birth and end were seen. Buckets and sum are within "
		"3.2 %.",
};

static const struct metric held = {
	.name = "twtrace_time_wait_held_seconds_total",
	.type = METRIC_COUNTER,
	.unit = "seconds",
	.help = "How long minisocks have held their ports while traced, all together.",
};

static const struct metric build = {
	.name = "twtrace_build_info",
	.type = METRIC_INFO,
	.help = "The version of twtrace.",
};

static const struct metric evidence = {
	.name = "twtrace_evidence_info",
	.type = METRIC_INFO,
	.help = "What counts of minisocks rest on: fentry, kprobe, timer, snapshot or inferred.",
};

static const struct metric ready = {
	.name = "twtrace_ready_timestamp_seconds",
	.type = METRIC_GAUGE,
	.unit = "seconds",
	.help = "Since when connections are traced.",
};

static const struct metric cpu = {
	.name = "twtrace_process_cpu_seconds_total",
	.type = METRIC_COUNTER,
	.unit = "seconds",
	.help = "User and system time of twtrace itself.",
};

static const struct metric memory = {
	.name = "twtrace_process_resident_memory_bytes",
	.type = METRIC_GAUGE,
	.unit = "bytes",
	.help = "Resident memory of twtrace itself.",
};

struct metrics *metrics_new(const struct metrics_opts *opts)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return NULL;
	metrics->opts = *opts;
	if (shelf_init(&metrics->places, MAX_PLACES, false) ||
	    shelf_init(&metrics->remotes, opts->remotes, true) ||
	    shelf_init(&metrics->failures, MAX_FAILURES, false)) {
		metrics_free(metrics);
		return NULL;
	}
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	shelf_release(&metrics->places);
	shelf_release(&metrics->remotes);
	shelf_release(&metrics->failures);
	free(metrics);
}

static void write_info(const struct model *model, const struct metrics_site *site,
		       const struct exposition *to)
{
	struct labels labels = { 0 };

	metric_begin(to, &build);
	if (site->version) {
		labels_add(&labels, "version", site->version);
		metric_u64(to, &build, labels.text, 1);
	}
	labels = (struct labels){ 0 };
	labels_add(&labels, "evidence", evidence_name(model_evidence(model)));
	metric_begin(to, &evidence);
	metric_u64(to, &evidence, labels.text, 1);
	metric_begin(to, &ready);
	if (model_ready_ns(model))
		metric_seconds(to, &ready, NULL, sink_realtime(site->opts, model_ready_ns(model)));
}

static void write_times(struct metrics *metrics, const struct model *model,
			const struct exposition *to)
{
	const struct row *totals = model_totals(model);
	uint64_t held_ns = row_held_ns(totals, model_now_ns(model));
	bool is_ready = model_ready_ns(model) != 0;

	metric_begin(to, &lifetime);
	if (is_ready)
		metric_histogram(to, &lifetime, &totals->lifetime, lifetimes, COUNT_OF(lifetimes));
	metric_begin(to, &residence);
	if (is_ready)
		metric_histogram(to, &residence, &totals->residence, residences,
				 COUNT_OF(residences));
	metric_begin(to, &held);
	if (!is_ready)
		return;
	/* an end that is learned of late takes back what was held since */
	if (held_ns > metrics->held_ns)
		metrics->held_ns = held_ns;
	metric_seconds(to, &held, NULL, metrics->held_ns);
}

static void write_self(const struct self_cost *self, const struct exposition *to)
{
	metric_begin(to, &cpu);
	metric_seconds(to, &cpu, NULL, self->cpu_ns);
	metric_begin(to, &memory);
	if (self->resident_bytes)
		metric_u64(to, &memory, NULL, self->resident_bytes);
}

void metrics_write(struct metrics *metrics, const struct model *model,
		   const struct metrics_site *site, enum metrics_format format, FILE *out)
{
	struct exposition to = { .out = out, .format = format };

	write_info(model, site, &to);
	metrics_rows(metrics, model, &to);
	write_times(metrics, model, &to);
	metrics_failures(metrics, model, &to);
	metrics_leaks(model, &to);
	metrics_budgets(model, &to);
	metrics_trust(model, &to);
	write_self(&site->self, &to);
	if (site->more)
		site->more(site->ctx, format, out);
	if (format == METRICS_OPENMETRICS)
		fputs("# EOF\n", out);
}

const char *metrics_type(enum metrics_format format)
{
	return format == METRICS_OPENMETRICS ?
		       "application/openmetrics-text; version=1.0.0; charset=utf-8" :
		       "text/plain; version=0.0.4; charset=utf-8";
}
