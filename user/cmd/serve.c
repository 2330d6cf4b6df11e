// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace serve`: what is traced, over HTTP and for node_exporter's textfile collector. */
#include "cmd/serve.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "cmd/command.h"
#include "cmd/doctor_view.h"
#include "cmd/front.h"
#include "cmd/pipeline.h"
#include "cmd/serve_documents.h"
#include "cmd/serve_events.h"
#include "cmd/serve_file.h"
#include "sink/page.h"

#define DEFAULT_LISTEN "127.0.0.1:9435"
#define NOWHERE "none"
#define SECOND_NS 1000000000ULL
/* Of --metrics-file; Prometheus asks so often, too. */
#define FILE_NS (15 * SECOND_NS)
/* A prefix each is a series for every one of its figures. */
#define MOST_REMOTES 10000

enum key {
	KEY_LISTEN = KEY_OWN,
	KEY_TOKEN,
	KEY_INSECURE,
	KEY_METRICS_FILE,
	KEY_REMOTES,
	KEY_PREFIX,
};

/* ------------------------------------------------------------------------------- options */

static int set_listen(struct options *options, const char *arg, struct error *err)
{
	struct serve *serve = options->own;

	serve->listen = arg;
	return strcmp(arg, NOWHERE) ? listen_parse(arg, &serve->at, err) : 0;
}

static int set_token(struct options *options, const char *arg, struct error *err)
{
	struct serve *serve = options->own;

	(void)err;
	serve->token_file = arg;
	return 0;
}

static int set_insecure(struct options *options, const char *arg, struct error *err)
{
	struct serve *serve = options->own;

	(void)arg;
	(void)err;
	serve->insecure = true;
	return 0;
}

static int set_metrics_file(struct options *options, const char *arg, struct error *err)
{
	struct serve *serve = options->own;

	(void)err;
	serve->metrics_path = arg;
	return 0;
}

static int set_remotes(struct options *options, const char *arg, struct error *err)
{
	struct serve *serve = options->own;
	uint64_t count;

	if (parse_u64(arg, 0, MOST_REMOTES, &count, err))
		return err->code;
	serve->metrics_opts.remotes = (uint32_t)count;
	return 0;
}

/* "24,64", or of IPv4 alone: "24". */
static int set_prefix(struct options *options, const char *arg, struct error *err)
{
	struct serve *serve = options->own;
	size_t len = strcspn(arg, ",");
	uint64_t prefix4, prefix6 = serve->metrics_opts.prefix6;
	char first[8] = "";

	if (len < sizeof(first))
		memcpy(first, arg, len);
	if (parse_u64(first, 0, 32, &prefix4, NULL) ||
	    (arg[len] && parse_u64(arg + len + 1, 0, 128, &prefix6, NULL)))
		return error_set(err, -EINVAL,
				 "'%s' is not the length of an IPv4 and of an IPv6 prefix, as in "
				 "24,64",
				 arg);
	serve->metrics_opts.prefix4 = (uint8_t)prefix4;
	serve->metrics_opts.prefix6 = (uint8_t)prefix6;
	return 0;
}

static const struct option_row own_rows[] = {
	{ 0,
	  set_listen,
	  { "listen", KEY_LISTEN, "ADDR:PORT", 0,
	    "answer there (default " DEFAULT_LISTEN "; port 0: any; none: nowhere)", 1 } },
	{ 0,
	  set_token,
	  { "auth-token-file", KEY_TOKEN, "FILE", 0,
	    "answer only who sends the line in FILE (Authorization: Bearer TOKEN)", 1 } },
	{ 0,
	  set_insecure,
	  { "insecure", KEY_INSECURE, NULL, 0,
	    "answer other hosts without a token: they can read all that is traced", 1 } },
	{ 0,
	  set_metrics_file,
	  { "metrics-file", KEY_METRICS_FILE, "FILE", 0,
	    "write the metrics into FILE, too, every 15 s unless an interval is given (for the textfile collector)",
	    1 } },
	{ 0,
	  set_remotes,
	  { "remotes", KEY_REMOTES, "N", 0,
	    "metrics: so many networks of remote hosts by themselves (default 20)", 1 } },
	{ 0,
	  set_prefix,
	  { "remote-prefix", KEY_PREFIX, "N4[,N6]", 0,
	    "metrics: how long their prefixes are (default 32,64)", 1 } },
	{ 0, NULL, { 0 } },
};

/* Whether what was asked for goes together; if not, somebody is told. */
static bool is_fine(const struct serve *serve)
{
	bool nowhere = !strcmp(serve->listen, NOWHERE);

	if (nowhere && !serve->metrics_path)
		log_msg(LOG_WARNING, "--listen none leaves nothing to do: name a --metrics-file");
	else if (nowhere && serve->token_file)
		log_msg(LOG_WARNING,
			"--auth-token-file '%s' is for who asks, and with --listen none "
			"nobody can",
			serve->token_file);
	else if (!nowhere && !addr_is_loopback(serve->at.addr) && !serve->token_file &&
		 !serve->insecure)
		log_msg(LOG_WARNING,
			"--listen '%s': other hosts could read who this one talks to: give "
			"--auth-token-file FILE, or --insecure if that is meant",
			serve->listen);
	else
		return true;
	return false;
}

/* --------------------------------------------------------------------------------- front */

static int open_listen(struct serve *serve, struct error *err)
{
	if (!strcmp(serve->listen, NOWHERE))
		return 0;
	if (serve->token_file) {
		serve->token = token_open(serve->token_file, err);
		if (!serve->token)
			return err->code;
	}
	serve->listen_fd = listen_open(&serve->at, err);
	return serve->listen_fd < 0 ? err->code : 0;
}

static int front_open(void *ctx, struct error *err)
{
	struct serve *serve = ctx;

	if (open_listen(serve, err))
		return err->code;
	if (!serve->metrics_path)
		return 0;
	serve->file = metrics_file_open(serve->metrics_path, err);
	return serve->file ? 0 : err->code;
}

static int start_http(struct serve *serve, struct error *err)
{
	const struct http_config config = {
		.fd = serve->listen_fd,
		.answer = serve_answer,
		.ctx = serve,
	};
	char url[LISTEN_URL_LEN];

	serve->http = http_new(&config, err);
	if (!serve->http)
		return err->code;
	serve->listen_fd = -1;
	log_msg(LOG_WARNING, "listening on %s", listen_url(&serve->at, url));
	return 0;
}

static int front_start(void *ctx, const struct sink_opts *opts, struct error *err)
{
	struct serve *serve = ctx;

	serve->opts = *opts;
	serve->metrics = metrics_new(&serve->metrics_opts);
	serve->documents = documents_new();
	serve->events = events_new(opts);
	if (!serve->metrics || !serve->documents || !serve->events)
		return error_set(err, -ENOMEM, "no memory");
	return serve->listen_fd >= 0 ? start_http(serve, err) : 0;
}

static int front_fd(void *ctx)
{
	const struct serve *serve = ctx;

	return serve->http ? http_fd(serve->http) : metrics_file_fd(serve->file);
}

static bool front_attend(void *ctx, struct model *model)
{
	struct serve *serve = ctx;

	serve->model = model;
	if (serve->http)
		http_attend(serve->http);
	return true;
}

static void front_event(void *ctx, const struct model_event *event)
{
	events_take(ctx, event);
}

static void front_ready(void *ctx, struct model *model)
{
	struct serve *serve = ctx;

	serve->ready = true;
	serve->model = model;
	if (serve->file)
		metrics_file_write(serve->file, serve);
}

static bool front_interval(void *ctx, struct model *model)
{
	struct serve *serve = ctx;

	serve->model = model;
	documents_interval(serve);
	if (serve->file)
		metrics_file_interval(serve->file, serve);
	return true;
}

static void front_clock(void *ctx, int64_t offset_ns)
{
	struct serve *serve = ctx;

	serve->opts.realtime_offset_ns = offset_ns;
	events_clock(serve->events, offset_ns);
}

static void front_close(void *ctx, struct model *model)
{
	struct serve *serve = ctx;

	serve->model = model;
	serve->ready = false;
	if (serve->file && model && serve->metrics)
		metrics_file_write(serve->file, serve);
	metrics_file_close(serve->file);
	documents_free(serve->documents);
	http_free(serve->http);
	events_free(serve->events);
	metrics_free(serve->metrics);
	token_free(serve->token);
	if (serve->listen_fd >= 0)
		close(serve->listen_fd);
}

/* ------------------------------------------------------------------------------- command */

static enum status run(struct serve *serve)
{
	const struct front front = {
		.ctx = serve,
		.open = front_open,
		.start = front_start,
		.fd = front_fd,
		.attend = front_attend,
		.event = front_event,
		.ready = front_ready,
		.interval = front_interval,
		.clock = front_clock,
		.close = front_close,
	};
	/* what is drawn is not a window's, but of all since the start */
	const struct flame_opts flame = { .by = *page_flame_by() };
	const struct pipeline pipeline = {
		.options = &serve->options,
		.front = &front,
		.flame = &flame,
		.leaks = true,
		.ports = true,
		.facts = true,
		.history = HISTORY_LAST,
	};

	return pipeline_run(&pipeline);
}

int cmd_serve(int argc, char **argv)
{
	static const struct option_spec spec = {
		.doc = "Traces this host and answers over HTTP: metrics for Prometheus, JSON, profiles "
		       "in pprof's format, events as they happen, and a web page with all of it.\v"
		       "  twtrace serve                        then open http://" DEFAULT_LISTEN
		       "/\n"
		       "  curl -s http://" DEFAULT_LISTEN "/metrics\n"
		       "  twtrace serve --listen none --metrics-file "
		       "/var/lib/prometheus/node-exporter/twtrace.prom\n"
		       "It changes nothing on the host and takes nothing but GET and HEAD.",
		.groups = GROUP_WINDOW | GROUP_NAMES | GROUP_FILTER | GROUP_LIVE | GROUP_STACKS,
		.own = own_rows,
	};
	struct serve serve = {
		.listen = DEFAULT_LISTEN,
		.listen_fd = -1,
		.metrics_opts = METRICS_DEFAULTS,
	};
	struct error err = { 0 };

	options_init(&serve.options);
	serve.options.own = &serve;
	serve.options.interval_ns = 0;
	listen_parse(serve.listen, &serve.at, &err);
	options_parse(&serve.options, &spec, argc, argv);
	serve.doctor = doctor_part(&serve.options);
	serve.file_ns = serve.options.interval_ns ? serve.options.interval_ns : FILE_NS;
	if (!serve.options.interval_ns)
		serve.options.interval_ns = SECOND_NS;
	if (!is_fine(&serve))
		return STATUS_USAGE;
	if (serve.token_file)
		serve.options.read_later[serve.options.nr_read_later++] = serve.token_file;
	return run(&serve);
}
