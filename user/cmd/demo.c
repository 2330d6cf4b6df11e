// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `twtrace demo`: a small workload, and beside it the tables of `top` for that
 * workload alone, with three sentences that say what they show.
 */
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "base/wrap.h"
#include "cmd/command.h"
#include "cmd/pipeline.h"
#include "cmd/workload.h"
#include "sink/common.h"

#define DEFAULT_FOR_NS (10ULL * 1000000000)
#define TEXT_WIDTH 100
#define SENTENCE_LEN 256
#define NR_SENTENCES 3
/* Of a screen, for the sentences under the tables: an empty line, two lines each. */
#define SENTENCE_LINES (1 + 2 * NR_SENTENCES)

/*
 * What is played: sink_ops.open() is told of a screen and a host, not of this, and
 * there is one workload a process.
 */
static struct workload workload;

struct demo_text {
	struct sink sink;
	struct sink *tables;	/* owned: top's */
};

static size_t text_columns(const struct sink_opts *opts)
{
	return opts->width && opts->width < TEXT_WIDTH ? opts->width : TEXT_WIDTH;
}

static void print_text(const struct sink_opts *opts, const char *text)
{
	print_wrapped(opts->out, text_columns(opts), 0, text);
}

static void print_promises(const struct sink_opts *opts)
{
	char text[NR_SENTENCES][SENTENCE_LEN];
	const uint16_t *ports = workload.ports;

	snprintf(text[0], SENTENCE_LEN,
		 "demo-churn opens about 100 connections a second to port %u and closes each one "
		 "first: the TIME-WAIT pile up on its side.",
		 ports[WORKLOAD_CHURNED]);
	snprintf(text[1], SENTENCE_LEN,
		 "demo-server closes first on port %u: there the server has the TIME-WAIT, and its "
		 "client demo-client has none.",
		 ports[WORKLOAD_SERVED]);
	snprintf(text[2], SENTENCE_LEN,
		 "demo-leaky never closes what its clients on port %u have closed: its CLOSE-WAIT "
		 "only grows.",
		 ports[WORKLOAD_LEAKED]);
	putc('\n', opts->out);
	for (unsigned int i = 0; i < NR_SENTENCES; i++)
		print_text(opts, text[i]);
}

static void print_purpose(const struct sink_opts *opts)
{
	char text[2 * SENTENCE_LEN];

	if (workload.netns_ino)
		snprintf(text, sizeof(text),
			 "Five processes named demo-... are about to open and close TCP "
			 "connections among themselves, in a network namespace of their own "
			 "(%u): nothing outside it is touched, and it is gone when they end.",
			 workload.netns_ino);
	else
		snprintf(text, sizeof(text),
			 "Five processes named demo-... are about to open and close TCP "
			 "connections among themselves, on this host's loopback because a "
			 "network namespace of their own is refused here: only ports %u, %u and "
			 "%u are touched, and TIME_WAIT sockets stay there for 60 s.",
			 workload.ports[WORKLOAD_CHURNED], workload.ports[WORKLOAD_SERVED],
			 workload.ports[WORKLOAD_LEAKED]);
	print_text(opts, text);
}

static const struct row *find_row(const struct model *model, enum dimension dimension,
				  enum workload_port port, enum role role)
{
	const struct rows *rows = model_rows(model, dimension);
	uint32_t id;

	for (id = pool_next(&rows->pool, 1); id != POOL_NONE; id = pool_next(&rows->pool, id + 1)) {
		const struct row *row = rows_at(rows, id);

		if (row->key.port == workload.ports[port] && row->key.role == role)
			return row;
	}
	return NULL;
}

/* As the tables call it: inside a container, all five have the container's name. */
static const char *name_of(const struct model *model, enum workload_port port, enum role role)
{
	static const char *const usual[NR_WORKLOAD_PORTS][2] = {
		[WORKLOAD_CHURNED] = { "demo-churn", "demo-db" },
		[WORKLOAD_SERVED] = { "demo-client", "demo-server" },
		[WORKLOAD_LEAKED] = { "demo-client", "demo-leaky" },
	};
	const struct row *row = find_row(model, DIM_PAIR, port, role);
	const char *name = row ? model_service_name(model, row->key.service) : NULL;

	return name ? name : usual[port][role == ROLE_SERVER];
}

struct figures {
	const char *name;
	char opened[TEXT_LEN], closed_first[TEXT_LEN], close_wait[TEXT_LEN];
	char fin_wait2[TEXT_LEN], time_wait[TEXT_LEN];
};

static void figures_get(struct figures *figures, const struct model *model, enum workload_port port,
			enum role role)
{
	static const struct row nothing;
	const struct row *row = find_row(model, DIM_PORT, port, role);

	if (!row)
		row = &nothing;
	figures->name = name_of(model, port, role);
	text_count(row->count[FIELD_OPENED], figures->opened);
	text_count(row->count[FIELD_CLOSED_FIRST], figures->closed_first);
	text_count(row->count[FIELD_CLOSE_WAIT], figures->close_wait);
	text_count(row->count[FIELD_FIN_WAIT2], figures->fin_wait2);
	text_count(row->count[FIELD_TIME_WAIT], figures->time_wait);
}

static void print_findings(const struct sink_opts *opts, const struct model *model)
{
	char text[NR_SENTENCES][SENTENCE_LEN];
	struct figures here, peer;

	figures_get(&here, model, WORKLOAD_CHURNED, ROLE_CLIENT);
	snprintf(text[0], SENTENCE_LEN,
		 "%s closed first %s of its %s connections to port %u, so the %s TIME-WAIT are its "
		 "own: each keeps one of its local ports for 60 s.",
		 here.name, here.closed_first, here.opened, workload.ports[WORKLOAD_CHURNED],
		 here.time_wait);
	figures_get(&here, model, WORKLOAD_SERVED, ROLE_SERVER);
	figures_get(&peer, model, WORKLOAD_SERVED, ROLE_CLIENT);
	snprintf(text[1], SENTENCE_LEN,
		 "%s closed first %s of the %s connections to its port %u: here the server has %s "
		 "TIME-WAIT, and its client %s has %s.",
		 here.name, here.closed_first, here.opened, workload.ports[WORKLOAD_SERVED],
		 here.time_wait, peer.name, peer.time_wait);
	figures_get(&here, model, WORKLOAD_LEAKED, ROLE_SERVER);
	figures_get(&peer, model, WORKLOAD_LEAKED, ROLE_CLIENT);
	snprintf(text[2], SENTENCE_LEN,
		 "%s has %s of %s connections in CLOSE-WAIT: its peers closed (%s of them wait in "
		 "FIN-WAIT2), it does not, and no timeout will do it instead.",
		 here.name, here.close_wait, here.opened, peer.fin_wait2);
	putc('\n', opts->out);
	for (unsigned int i = 0; i < NR_SENTENCES; i++)
		print_text(opts, text[i]);
}

static struct sink *demo_text_open(const struct sink_ops *ops, const struct sink_opts *opts);

static void demo_text_free(struct sink *sink)
{
	struct demo_text *demo = (struct demo_text *)sink;

	demo->tables->ops->free(demo->tables);
	sink_free(sink);
}

/* A file or a pipe gets the final tables only: the others would bury the sentences. */
static void demo_text_interval(struct sink *sink, const struct model *model)
{
	struct demo_text *demo = (struct demo_text *)sink;

	if (!sink->opts.terminal)
		return;
	demo->tables->ops->interval(demo->tables, model);
	print_promises(&sink->opts);
	fflush(sink->opts.out);
}

static void demo_text_end(struct sink *sink, const struct model *model)
{
	struct demo_text *demo = (struct demo_text *)sink;

	if (!sink->opts.terminal)
		putc('\n', sink->opts.out);
	demo->tables->ops->end(demo->tables, model);
	print_findings(&sink->opts, model);
	fflush(sink->opts.out);
}

static const struct sink_ops demo_text_sink = {
	.name = "text",
	.open = demo_text_open,
	.interval = demo_text_interval,
	.end = demo_text_end,
	.free = demo_text_free,
};

static struct sink *demo_text_open(const struct sink_ops *ops, const struct sink_opts *opts)
{
	struct demo_text *demo = sink_new(ops, opts, sizeof(*demo));
	struct sink_opts tables = *opts;

	if (!demo)
		return NULL;
	if (tables.height > 2 * SENTENCE_LINES)
		tables.height -= SENTENCE_LINES;
	demo->tables = top_text_sink.open(&top_text_sink, &tables);
	if (!demo->tables) {
		sink_free(&demo->sink);
		return NULL;
	}
	print_purpose(opts);
	print_promises(opts);
	fflush(opts->out);
	return &demo->sink;
}

/* Only what is played here: by its namespace, else by its ports. */
static void restrict_to_workload(struct options *options)
{
	struct tw_filter *filter = &options->filter.kernel;

	filter->netns_ino = workload.netns_ino;
	for (unsigned int i = 0; !workload.netns_ino && i < NR_WORKLOAD_PORTS; i++)
		filter->ports[filter->nr_ports++] =
			(struct tw_port_range){ workload.ports[i], workload.ports[i] };
}

static enum status play(struct options *options)
{
	struct pipeline pipeline = { .options = options };
	struct error err = { 0 };
	enum status status;

	if (workload_start(&workload, options->ready_fd, &err)) {
		log_msg(LOG_WARNING, "%s", err.text);
		return STATUS_FAILED;
	}
	restrict_to_workload(options);
	/* the processes begin when tracing has: the line that says so is theirs */
	options->ready_fd = workload.line;
	status = pipeline_run(&pipeline);
	if (workload_stop(&workload, &err) && status == STATUS_OK) {
		log_msg(LOG_WARNING, "%s", err.text);
		status = STATUS_FAILED;
	}
	return status;
}

int cmd_demo(int argc, char **argv)
{
	static const struct sink_ops *const formats[] = { &demo_text_sink, &top_json_sink,
							  &top_jsonl_sink, NULL };
	static const struct option_spec spec = {
		.doc = "Plays a small workload (a client that churns, a server that closes first, a "
		       "server that leaks) and shows what twtrace sees of it.\v"
		       "It plays for ten seconds unless --for says otherwise, in a network namespace of "
		       "its own (where that is refused, on free ports of this host's loopback), and "
		       "touches nothing else.",
		.groups = GROUP_WINDOW | GROUP_OUTPUT | GROUP_LIVE | GROUP_TABLE,
		.formats = formats,
	};
	struct options options;
	sigset_t ends;

	options_init(&options);
	options.for_ns = DEFAULT_FOR_NS;
	options_parse(&options, &spec, argc, argv);
	/* Ctrl-C reaches every process at the terminal: the processes are to end after us,
	 * and we not before them */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	return play(&options);
}
