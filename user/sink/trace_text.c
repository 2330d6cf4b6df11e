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
#include "sink/holder_text.h"
#include "sink/summary.h"

#define EVENT_LEN 96
#define DETAIL_LEN 400
#define WIDEST_COLUMN 36	/* what is wider stands out of line alone */
#define COLUMN_STEP 4
#define CALM ""
#define NOTABLE "\033[36m"
#define ALARM "\033[31m"

enum { COLUMN_EVENT, COLUMN_OWNER, COLUMN_LOCAL, COLUMN_REMOTE, NR_COLUMNS };

struct trace_text {
	struct sink sink;
	size_t width[NR_COLUMNS];
};

struct line {
	char event[EVENT_LEN];
	char detail[DETAIL_LEN];
};

static void add_detail(struct line *line, const char *text)
{
	size_t len = strlen(line->detail);

	if (text && *text)
		snprintf(line->detail + len, DETAIL_LEN - len, "%s%s", len ? "  " : "", text);
}

static void tell_transition(const struct model_event *event, struct line *line)
{
	const char *error = text_errno(event->error), *reset = reset_name(event->reset);
	char duration[TEXT_LEN] = "", rst[TEXT_LEN];

	/* one segment may bring two changes: they have its time */
	if (!event->in_state_ns)
		snprintf(duration, sizeof(duration), "at once");
	else if (event->in_state_ns != TIME_UNKNOWN)
		text_duration(event->in_state_ns, duration);
	snprintf(line->event, EVENT_LEN, "%s -> %s", state_name(event->from),
		 state_name(event->to));
	add_detail(line, duration);
	add_detail(line, error);
	if (reset) {
		snprintf(rst, sizeof(rst), "RST %s", reset);
		add_detail(line, rst);
	}
}

static void tell_enter(const struct model_event *event, struct line *line)
{
	snprintf(line->event, EVENT_LEN, "%s enter (%s)", state_name(event->substate),
		 evidence_name(event->evidence));
}

/* A FIN_WAIT2 minisock waits for the peer's FIN: one that expires has waited in vain. */
static void tell_exit(const struct model_event *event, struct line *line)
{
	bool known = event->residence_ns != TIME_UNKNOWN, unseen = event->reason == END_UNKNOWN;
	bool in_vain = event->reason == END_EXPIRED && event->substate == TW_FIN_WAIT2;
	char duration[TEXT_LEN] = "";

	if (known)
		residence_text(event->residence_ns, duration);
	snprintf(line->event, EVENT_LEN, "%s exit (%s)", state_name(event->substate),
		 evidence_name(event->evidence));
	if (unseen && !known)
		snprintf(line->detail, DETAIL_LEN, "unknown");
	else
		snprintf(line->detail, DETAIL_LEN, "%s%s%s%s%s",
			 unseen ? "ended" : end_reason_name(event->reason), known ? " after " : "",
			 duration, in_vain ? " without the peer's FIN" : "",
			 unseen ? ", reason unknown" : "");
}

static void tell_substate(const struct model_event *event, struct line *line)
{
	snprintf(line->event, EVENT_LEN, "%s becomes %s", state_name(event->from),
		 state_name(event->to));
	snprintf(line->detail, DETAIL_LEN, "%s(%s)",
		 event->to == TW_TIME_WAIT ? "the peer's FIN came " : "",
		 evidence_name(event->evidence));
}

static void tell_refused(const struct model_event *event, struct line *line)
{
	char number[TEXT_LEN], times[TEXT_LEN + 8] = "";

	if (event->count > 1)
		snprintf(times, sizeof(times), ", %s times", text_count(event->count, number));
	snprintf(line->event, EVENT_LEN, "TIME_WAIT refused");
	snprintf(line->detail, DETAIL_LEN, "tcp_max_tw_buckets reached%s (%s)", times,
		 evidence_name(event->evidence));
}

/* Of both sockets, if known: whoever listens before, and whoever is to. */
static void tell_reuse(enum reuse before, enum reuse asking, struct line *line)
{
	static const char *const said[] = { [REUSE_NO] = "no", [REUSE_YES] = "yes" };
	char text[TEXT_LEN * 2];

	if (before == REUSE_UNKNOWN && asking == REUSE_UNKNOWN)
		return;
	snprintf(text, sizeof(text), "SO_REUSEADDR: %s%s%s%s%s",
		 before == REUSE_UNKNOWN ? "" : "old ", before == REUSE_UNKNOWN ? "" : said[before],
		 before == REUSE_UNKNOWN || asking == REUSE_UNKNOWN ? "" : ", ",
		 asking == REUSE_UNKNOWN ? "" : "new ",
		 asking == REUSE_UNKNOWN ? "" : said[asking]);
	add_detail(line, text);
}

static void tell_failed(const struct model_event *event, struct line *line)
{
	const char *error = text_errno(event->error), *call = "connect";
	char holder[HOLDER_TEXT_LEN], held[HOLDER_TEXT_LEN + 8];

	if (event->kind == EVENT_BIND_FAILED)
		call = event->listening ? "listen" : "bind";
	snprintf(line->event, EVENT_LEN, "%s failed%s%s", call, error ? ": " : "",
		 error ? error : "");
	if (*holder_brief(event->holder, holder)) {
		snprintf(held, sizeof(held), "held by %s", holder);
		add_detail(line, held);
	}
	if (event->kind == EVENT_BIND_FAILED)
		tell_reuse(event->holder ? event->holder->reuse : REUSE_UNKNOWN, event->reuse,
			   line);
}

static void tell_reset(const struct model_event *event, struct line *line)
{
	const char *reason = reset_reason_name(event->reset_reason);

	snprintf(line->event, EVENT_LEN, "RST sent%s%s", reason ? ": " : "", reason ? reason : "");
}

static const struct {
	void (*tell)(const struct model_event *event, struct line *line);
	const char *colour;
} tellers[NR_EVENT_KINDS] = {
	[EVENT_TRANSITION] = { tell_transition, CALM },
	[EVENT_TIME_WAIT_ENTER] = { tell_enter, NOTABLE },
	[EVENT_TIME_WAIT_EXIT] = { tell_exit, NOTABLE },
	[EVENT_TIME_WAIT_SUBSTATE] = { tell_substate, NOTABLE },
	[EVENT_TIME_WAIT_REFUSED] = { tell_refused, ALARM },
	[EVENT_CONNECT_FAILED] = { tell_failed, ALARM },
	[EVENT_BIND_FAILED] = { tell_failed, ALARM },
	[EVENT_RESET_SENT] = { tell_reset, NOTABLE },
};

static const char *arrow_of(enum direction direction)
{
	static const char *const arrows[] = {
		[DIRECTION_UNKNOWN] = "--",
		[DIRECTION_OUTGOING] = "->",
		[DIRECTION_INCOMING] = "<-",
	};

	return arrows[direction];
}

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
	fprintf(out, " %s ", arrow_of(conn->direction));
	conn_remote_text(conn, trace->sink.opts.names, remote);
	if (*detail) {
		print_cell(trace, COLUMN_REMOTE, remote, false);
		fprintf(out, "  %s", detail);
	} else {
		fputs(remote, out);
	}
}

static void print_loss(const struct sink *sink, const struct model_event *event)
{
	char number[TEXT_LEN];

	fprintf(sink->opts.out, "%slost events: %s, %s%s\n", sink->opts.terminal ? ALARM : "",
		text_count(event->count, number), loss_explanation(event->cause),
		sink->opts.terminal ? "\033[0m" : "");
}

static void trace_text_event(struct sink *sink, const struct model_event *event)
{
	struct trace_text *trace = (struct trace_text *)sink;
	FILE *out = sink->opts.out;
	struct line line = { 0 };
	char clock[TIME_TEXT_LEN];
	const char *colour;

	if (!sink_wants(sink, event))
		return;
	fprintf(out, "%s  ", text_clock(sink_realtime(&sink->opts, event->ts_ns), clock));
	if (event->kind == EVENT_LOSS) {
		print_loss(sink, event);
		return;
	}
	colour = sink->opts.terminal ? tellers[event->kind].colour : CALM;
	tellers[event->kind].tell(event, &line);
	fputs(colour, out);
	print_cell(trace, COLUMN_EVENT, line.event, false);
	fputs("  ", out);
	if (event->conn)
		print_conn(trace, event->conn, line.detail);
	else
		fputs(line.detail, out);
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
