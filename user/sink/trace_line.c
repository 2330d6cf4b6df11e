// SPDX-License-Identifier: GPL-2.0-or-later
/* What `trace` says of an event. */
#include "sink/trace_line.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sink/common.h"
#include "sink/holder_text.h"
#include "sink/summary.h"

static void add_detail(struct trace_line *line, const char *text)
{
	size_t len = strlen(line->detail);

	if (text && *text)
		snprintf(line->detail + len, TRACE_DETAIL_LEN - len, "%s%s", len ? "  " : "", text);
}

static void tell_transition(const struct model_event *event, struct trace_line *line)
{
	const char *error = text_errno(event->error), *reset = reset_name(event->reset);
	char duration[TEXT_LEN] = "", rst[TEXT_LEN];

	/* one segment may bring two changes: they have its time */
	if (!event->in_state_ns)
		snprintf(duration, sizeof(duration), "at once");
	else if (event->in_state_ns != TIME_UNKNOWN)
		text_duration(event->in_state_ns, duration);
	snprintf(line->event, TRACE_EVENT_LEN, "%s -> %s", state_name(event->from),
		 state_name(event->to));
	add_detail(line, duration);
	add_detail(line, error);
	if (reset) {
		snprintf(rst, sizeof(rst), "RST %s", reset);
		add_detail(line, rst);
	}
}

static void tell_enter(const struct model_event *event, struct trace_line *line)
{
	snprintf(line->event, TRACE_EVENT_LEN, "%s enter (%s)", state_name(event->substate),
		 evidence_name(event->evidence));
}

/* A FIN_WAIT2 minisock waits for the peer's FIN: one that expires has waited in vain. */
static void tell_exit(const struct model_event *event, struct trace_line *line)
{
	bool known = event->residence_ns != TIME_UNKNOWN, unseen = event->reason == END_UNKNOWN;
	bool in_vain = event->reason == END_EXPIRED && event->substate == TW_FIN_WAIT2;
	char duration[TEXT_LEN] = "";

	if (known)
		residence_text(event->residence_ns, duration);
	snprintf(line->event, TRACE_EVENT_LEN, "%s exit (%s)", state_name(event->substate),
		 evidence_name(event->evidence));
	if (unseen && !known)
		snprintf(line->detail, TRACE_DETAIL_LEN, "unknown");
	else
		snprintf(line->detail, TRACE_DETAIL_LEN, "%s%s%s%s%s",
			 unseen ? "ended" : end_reason_name(event->reason), known ? " after " : "",
			 duration, in_vain ? " without the peer's FIN" : "",
			 unseen ? ", reason unknown" : "");
}

static void tell_substate(const struct model_event *event, struct trace_line *line)
{
	snprintf(line->event, TRACE_EVENT_LEN, "%s becomes %s", state_name(event->from),
		 state_name(event->to));
	snprintf(line->detail, TRACE_DETAIL_LEN, "%s(%s)",
		 event->to == TW_TIME_WAIT ? "the peer's FIN came " : "",
		 evidence_name(event->evidence));
}

static void tell_refused(const struct model_event *event, struct trace_line *line)
{
	char number[TEXT_LEN], times[TEXT_LEN + 8] = "";

	if (event->count > 1)
		snprintf(times, sizeof(times), ", %s times", text_count(event->count, number));
	snprintf(line->event, TRACE_EVENT_LEN, "TIME_WAIT refused");
	snprintf(line->detail, TRACE_DETAIL_LEN, "tcp_max_tw_buckets reached%s (%s)", times,
		 evidence_name(event->evidence));
}

/* Of both sockets, if known: whoever listens before, and whoever is to. */
static void tell_reuse(enum reuse before, enum reuse asking, struct trace_line *line)
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

static void tell_failed(const struct model_event *event, struct trace_line *line)
{
	const char *error = text_errno(event->error), *call = "connect";
	char holder[HOLDER_TEXT_LEN], held[HOLDER_TEXT_LEN + 8];

	if (event->kind == EVENT_BIND_FAILED)
		call = event->listening ? "listen" : "bind";
	snprintf(line->event, TRACE_EVENT_LEN, "%s failed%s%s", call, error ? ": " : "",
		 error ? error : "");
	if (*holder_brief(event->holder, holder)) {
		snprintf(held, sizeof(held), "held by %s", holder);
		add_detail(line, held);
	}
	if (event->kind == EVENT_BIND_FAILED)
		tell_reuse(event->holder ? event->holder->reuse : REUSE_UNKNOWN, event->reuse,
			   line);
}

static void tell_reset(const struct model_event *event, struct trace_line *line)
{
	const char *reason = reset_reason_name(event->reset_reason);

	snprintf(line->event, TRACE_EVENT_LEN, "RST sent%s%s", reason ? ": " : "",
		 reason ? reason : "");
}

static void tell_loss(const struct model_event *event, struct trace_line *line)
{
	char number[TEXT_LEN];

	snprintf(line->event, TRACE_EVENT_LEN, "lost events: %s", text_count(event->count, number));
	snprintf(line->detail, TRACE_DETAIL_LEN, "%s", loss_explanation(event->cause));
}

static const struct {
	void (*tell)(const struct model_event *event, struct trace_line *line);
	enum trace_weight weight;
} tellers[NR_EVENT_KINDS] = {
	[EVENT_TRANSITION] = { tell_transition, TRACE_CALM },
	[EVENT_TIME_WAIT_ENTER] = { tell_enter, TRACE_NOTABLE },
	[EVENT_TIME_WAIT_EXIT] = { tell_exit, TRACE_NOTABLE },
	[EVENT_TIME_WAIT_SUBSTATE] = { tell_substate, TRACE_NOTABLE },
	[EVENT_TIME_WAIT_REFUSED] = { tell_refused, TRACE_ALARM },
	[EVENT_CONNECT_FAILED] = { tell_failed, TRACE_ALARM },
	[EVENT_BIND_FAILED] = { tell_failed, TRACE_ALARM },
	[EVENT_RESET_SENT] = { tell_reset, TRACE_NOTABLE },
	[EVENT_LOSS] = { tell_loss, TRACE_ALARM },
};

void trace_line_init(struct trace_line *line, const struct model_event *event)
{
	*line = (struct trace_line){ .weight = tellers[event->kind].weight };
	tellers[event->kind].tell(event, line);
}

const char *trace_arrow(enum direction direction)
{
	static const char *const arrows[] = {
		[DIRECTION_UNKNOWN] = "--",
		[DIRECTION_OUTGOING] = "->",
		[DIRECTION_INCOMING] = "<-",
	};

	return arrows[direction];
}
