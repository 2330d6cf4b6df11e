/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `trace` says of an event, in words: also for the tab of events. */
#ifndef SINK_TRACE_LINE_H
#define SINK_TRACE_LINE_H

#include "model/event.h"

#define TRACE_EVENT_LEN 96
#define TRACE_DETAIL_LEN 400

enum trace_weight {
	TRACE_CALM,
	TRACE_NOTABLE,
	TRACE_ALARM,
};

struct trace_line {
	enum trace_weight weight;
	char event[TRACE_EVENT_LEN];	/* "ESTABLISHED -> FIN_WAIT1" */
	char detail[TRACE_DETAIL_LEN];	/* "expired after 61.4s"; may be empty */
};

void trace_line_init(struct trace_line *line, const struct model_event *event);
/* From who opened the connection: "->"; "--" where that is unknown. */
const char *trace_arrow(enum direction direction);

#endif
