// SPDX-License-Identifier: GPL-2.0-or-later
/* The documents that there are, and what each is made of. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/self.h"
#include "cmd/flame_args.h"
#include "cmd/serve_documents.h"
#include "sink/document.h"
#include "sink/flame_sink.h"
#include "sink/list.h"
#include "sink/page.h"
#include "sink/ports.h"
#include "sink/ranking.h"

#define JSON_TYPE "application/json"
#define HTML_TYPE "text/html; charset=utf-8"
#define PROFILE_TYPE "application/octet-stream"
/* Frames of less than so much of a profile are folded: remote hosts may be many. */
#define PROFILE_SHARE 0.0005

static struct sink_opts opts_of(const struct serve *serve, const struct document_ask *ask)
{
	struct sink_opts opts = serve->opts;

	opts.limit = ask->options.limit;
	opts.sort = ask->options.sort;
	return opts;
}

static int write_json(struct json *json, FILE *out)
{
	if (!json)
		return -ENOMEM;
	json_write_line(json, out);
	json_free(json);
	return 0;
}

/* --------------------------------------------------------------------------------- JSON */

/* Rates over the interval that has just ended, where there is one; else over all. */
static int write_top(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	struct sink_opts opts = opts_of(serve, ask);
	struct span span = ask->fresh ? span_interval(serve->model) : span_whole(serve->model);

	return write_json(document_new(serve->model, &opts, NULL, span), out);
}

static int write_list(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	struct list_only only = { ask->options.filter, ask->states };
	struct sink_opts opts = opts_of(serve, ask);

	opts.only = &only;
	return write_json(list_document(serve->model, &opts, NULL), out);
}

static int write_leaks(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	struct sink_opts opts = opts_of(serve, ask);

	return write_json(leaks_document(serve->model, &opts, NULL), out);
}

static int write_ports(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	struct sink_opts opts = opts_of(serve, ask);

	return write_json(ports_document(serve->model, &opts, NULL), out);
}

static int write_doctor(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	struct sink_opts opts = opts_of(serve, ask);

	opts.extra = &serve->doctor;
	return write_json(serve->doctor.document(serve->model, &opts), out);
}

static int write_history(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	struct sink_opts opts = opts_of(serve, ask);

	return write_json(history_document(serve->model, &opts), out);
}

static int write_flame(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	struct sink_opts opts = opts_of(serve, ask);

	return write_json(flame_document(serve->model, &opts), out);
}

static int write_host(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	const struct options *options = &serve->options;
	struct json *json = json_object();
	struct self_cost self = self_cost();
	char time[TIME_TEXT_LEN];
	struct utsname uts;

	(void)ask;
	uname(&uts);
	json_add_text(json, "host", serve->opts.host);
	json_add_text(json, "kernel", uts.release);
	json_add_text(json, "version", TWTRACE_VERSION);
	json_add_text(json, "evidence", evidence_name(model_evidence(serve->model)));
	json_add_text(json, "from",
		      text_time(model_ready_ns(serve->model) + serve->opts.realtime_offset_ns,
				time));
	json_add_text(json, "to",
		      text_time(model_now_ns(serve->model) + serve->opts.realtime_offset_ns, time));
	json_add_double(json, "interval_s", options->interval_ns / 1e9);
	json_add_bool(json, "filtered", serve->opts.filtered);
	json_add_bool(json, "stacks", serve->opts.stacks);
	json_add_double(json, "cpu_s", self.cpu_ns / 1e9);
	if (self.resident_bytes)
		json_add_u64(json, "resident_bytes", self.resident_bytes);
	else
		json_add_null(json, "resident_bytes");
	return write_json(json, out);
}

/* ------------------------------------------------------------------------------ profiles */

static int write_profile(struct serve *serve, enum flame_weight weight, const struct flame_by *by,
			 FILE *out)
{
	const struct flame_by *had = page_flame_by();
	struct flame_opts flame = { .weight = weight, .share = PROFILE_SHARE };
	struct sink_opts opts = serve->opts;

	for (unsigned int i = 0; i < had->count; i++)
		if (flame_by_has(by, had->frames[i]))
			flame_by_append(&flame.by, had->frames[i]);
	flame.shown = flame.by.count;
	opts.flame = &flame;
	opts.out = out;
	return flame_profile_write(serve->model, &opts);
}

static int write_connections(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	(void)ask;
	return write_profile(serve, WEIGHT_OPEN, &flame_view_of(WEIGHT_CONNECTIONS)->by, out);
}

static int write_time_wait(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	(void)ask;
	return write_profile(serve, WEIGHT_TIME_WAIT, &flame_view_of(WEIGHT_TIME_WAIT)->by, out);
}

static int write_leaking(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	(void)ask;
	return write_profile(serve, WEIGHT_OPEN, &flame_view_of(WEIGHT_OPEN)->by, out);
}

/* ------------------------------------------------------------------------------- the rest */

static int write_metrics(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	serve_write_metrics(serve, ask->format, out);
	return 0;
}

static int write_page(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	(void)serve;
	(void)ask;
	page_write(out);
	return 0;
}

static int write_api_index(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	struct json *json = json_object(), *array = json_array();

	(void)serve;
	(void)ask;
	for (const struct document *document = all_documents; document->path; document++) {
		struct json *child = json_object();

		json_add_text(child, "path", document->path);
		json_add_text(child, "what", document->what);
		json_add(array, NULL, child);
	}
	json_add(json, "documents", array);
	return write_json(json, out);
}

/* As net/http/pprof of Go has it: a list to follow by hand. */
static int write_pprof_index(struct serve *serve, const struct document_ask *ask, FILE *out)
{
	static const char folder[] = "/debug/pprof/";
	const size_t len = sizeof(folder) - 1;

	(void)serve;
	(void)ask;
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><title>twtrace: profiles</title>\n<ul>\n", out);
	for (const struct document *document = all_documents; document->path; document++)
		if (!strncmp(document->path, folder, len) && document->path[len])
			fprintf(out, "<li><a href=\"%s\">%s</a>: %s</li>\n", document->path + len,
				document->path + len, document->what);
	fputs("</ul>\n<p>go tool pprof -http : http://ADDR:PORT/debug/pprof/NAME</p></html>\n",
	      out);
	return 0;
}

const struct document all_documents[] = {
	{ .path = "/",
	  .what = "the page",
	  .type = HTML_TYPE,
	  .policy = page_policy,
	  .constant = true,
	  .open = true,
	  .write = write_page },
	{ .path = "/metrics",
	  .what = "all that is counted, for Prometheus (OpenMetrics where that is accepted)",
	  .write = write_metrics },
	{ .path = "/debug/pprof/",
	  .what = "the profiles",
	  .type = HTML_TYPE,
	  .constant = true,
	  .write = write_pprof_index },
	{ .path = "/debug/pprof/connections",
	  .what = "where open connections are, by service, port, remote host and state",
	  .type = PROFILE_TYPE,
	  .takes = TAKES_SECONDS,
	  .packed = true,
	  .write = write_connections },
	{ .path = "/debug/pprof/time_wait",
	  .what = "where sockets in TIME_WAIT are, and how they ended",
	  .type = PROFILE_TYPE,
	  .takes = TAKES_SECONDS,
	  .packed = true,
	  .write = write_time_wait },
	{ .path = "/debug/pprof/leaks",
	  .what = "where open connections are, by process and state",
	  .type = PROFILE_TYPE,
	  .takes = TAKES_SECONDS,
	  .packed = true,
	  .write = write_leaking },
	{ .path = "/api/v1",
	  .what = "this list",
	  .type = JSON_TYPE,
	  .constant = true,
	  .write = write_api_index },
	{ .path = "/api/v1/top",
	  .what = "the tables of services, ports, remote hosts and pairs",
	  .type = JSON_TYPE,
	  .takes = TAKES_LIMIT,
	  .kept_warm = true,
	  .write = write_top },
	{ .path = "/api/v1/list",
	  .what = "the sockets themselves",
	  .type = JSON_TYPE,
	  .takes = TAKES_LIMIT | TAKES_FILTER,
	  .write = write_list },
	{ .path = "/api/v1/leaks",
	  .what = "the services that leak connections, with the evidence",
	  .type = JSON_TYPE,
	  .write = write_leaks },
	{ .path = "/api/v1/ports",
	  .what = "budgets of ephemeral ports, and what failed",
	  .type = JSON_TYPE,
	  .takes = TAKES_LIMIT,
	  .write = write_ports },
	{ .path = "/api/v1/doctor",
	  .what = "findings on settings and counters",
	  .type = JSON_TYPE,
	  .write = write_doctor },
	{ .path = "/api/v1/history",
	  .what = "the course of the totals over the last hour",
	  .type = JSON_TYPE,
	  .write = write_history },
	{ .path = "/api/v1/flame",
	  .what = "where connections and their time are, as the page's flame graph has it",
	  .type = JSON_TYPE,
	  .write = write_flame },
	{ .path = "/api/v1/host",
	  .what = "the host, the tracer and what it costs",
	  .type = JSON_TYPE,
	  .write = write_host },
	{ .path = NULL },
};
