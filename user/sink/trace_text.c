/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `trace` as text, one line an event:
 *
 *   14:03:22.118  ESTABLISHED -> FIN_WAIT1  nginx[812]  10.0.0.1:443 <- 10.0.0.9:51234  1.25s
 *   14:04:22.120  TIME_WAIT exit (fentry)   nginx[812]  ...  expired after 61.4s
 *
 * The arrow points from who opened the connection; "--" where that is unknown.
 * Columns widen as the text does, because lines are out before all is known.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "sink/common.h"
#include "sink/conn_text.h"
#include "sink/summary.h"
#include "sink/trace_line.h"

#define WIDEST_COLUMN 36	/* what is wider stands out of line alone */
#define COLUMN_STEP 4

enum { COLUMN_EVENT, COLUMN_OWNER, COLUMN_LOCAL, COLUMN_REMOTE, NR_COLUMNS };

struct trace_text {
	struct sink sink;
	size_t width[NR_COLUMNS];
};

static void print_cell(struct trace_text *trace, unsigned int column, const char *text, bool right)
{
	FILE *out = trace->sink.opts.out;
	size_t width = text_width(text);
	int padding;

	if (width > trace->width[column] && width <= WIDEST_COLUMN)
		trace->width[column] = (width + COLUMN_STEP - 1) / COLUMN_STEP * COLUMN_STEP;
	padding = width < trace->width[column] ? (int)(trace->width[column] - width) : 0;
	if (right)
		fprintf(out, "%*s%s", padding, "", text);
	else
		fprintf(out, "%s%*s", text, padding, "");
}

static void print_conn(struct trace_text *trace, const struct conn_view *conn, const char *detail)
{
	char local[ENDPOINT_TEXT_LEN], remote[ENDPOINT_TEXT_LEN], owner[OWNER_TEXT_LEN];
	FILE *out = trace->sink.opts.out;

	conn_owner_text(conn, owner);
	print_cell(trace, COLUMN_OWNER, owner, false);
	fputs("  ", out);
	print_cell(trace, COLUMN_LOCAL, conn_local_text(conn, local), true);
	fprintf(out, " %s ", trace_arrow(conn->direction));
	conn_remote_text(conn, trace->sink.opts.names, remote);
	if (*detail) {
		print_cell(trace, COLUMN_REMOTE, remote, false);
		fprintf(out, "  %s", detail);
	} else {
		fputs(remote, out);
	}
}

static void trace_text_event(struct sink *sink, const struct model_event *event)
{
	static const char *const colours[] = {
		[TRACE_CALM] = "",
		[TRACE_NOTABLE] = "\033[36m",
		[TRACE_ALARM] = "\033[31m",
	};
	struct trace_text *trace = (struct trace_text *)sink;
	FILE *out = sink->opts.out;
	struct trace_line line;
	char clock[TIME_TEXT_LEN];
	const char *colour;

	if (!sink_wants(sink, event))
		return;
	trace_line_init(&line, event);
	colour = sink->opts.terminal ? colours[line.weight] : "";
	fprintf(out, "%s  %s", text_clock(sink_realtime(&sink->opts, event->ts_ns), clock), colour);
	if (event->kind == EVENT_LOSS) {
		fprintf(out, "%s, %s", line.event, line.detail);
	} else {
		print_cell(trace, COLUMN_EVENT, line.event, false);
		fputs("  ", out);
		if (event->conn)
			print_conn(trace, event->conn, line.detail);
		else
			fputs(line.detail, out);
	}
	fputs(*colour ? "\033[0m\n" : "\n", out);
}

static struct sink *trace_text_open(const struct sink_ops *ops, const struct sink_opts *opts)
{
	struct trace_text *trace = sink_new(ops, opts, sizeof(*trace));

	if (!trace)
		return NULL;
	/* the longest of all, but for rare errors */
	trace->width[COLUMN_EVENT] = strlen("RST sent: disconnect_with_data");
	trace->width[COLUMN_OWNER] = strlen("nginx.service nginx[812]");
	trace->width[COLUMN_LOCAL] = strlen("127.0.0.1:12345");
	trace->width[COLUMN_REMOTE] = strlen("127.0.0.1:12345");
	fprintf(opts->out, "%s%-12s  ", opts->terminal ? "\033[1m" : "", "TIME");
	print_cell(trace, COLUMN_EVENT, "EVENT", false);
	fputs("  ", opts->out);
	print_cell(trace, COLUMN_OWNER, "OWNER", false);
	fputs("  ", opts->out);
	print_cell(trace, COLUMN_LOCAL, "LOCAL", true);
	fputs("    ", opts->out);
	print_cell(trace, COLUMN_REMOTE, "REMOTE", false);
	fprintf(opts->out, "  DETAIL%s\n", opts->terminal ? "\033[0m" : "");
	return &trace->sink;
}

static void trace_text_end(struct sink *sink, const struct model *model)
{
	FILE *out = sink->opts.out;

	putc('\n', out);
	summary_print_head(model, &sink->opts, span_whole(model), out);
	summary_print_foot(model, &sink->opts, out);
	fflush(out);
}

const struct sink_ops trace_text_sink = {
	.name = "text",
	.open = trace_text_open,
	.event = trace_text_event,
	.interval = sink_flush,
	.end = trace_text_end,
	.free = sink_free,
};
