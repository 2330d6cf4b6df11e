/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `trace -o jsonl`: an object a line for every event, and at the end one of kind
 * "summary", which is the document of `top`.
 */
#include "base/json.h"
#include "sink/common.h"
#include "sink/document.h"
#include "sink/event_field.h"
#include "sink/json_part.h"

static void add_field(void *ctx, const char *name, const struct value *value, bool has)
{
	if (has)
		json_add_value(ctx, name, value);
}

static void add_holder(struct json *json, const struct model_event *event)
{
	if (event->kind == EVENT_CONNECT_FAILED || event->kind == EVENT_BIND_FAILED)
		json_add_port_holder(json, "holder", event->holder);
}

static void trace_jsonl_event(struct sink *sink, const struct model_event *event)
{
	struct json *json;

	if (!sink_wants(sink, event))
		return;
	json = json_object();
	event_each_field(event, &sink->opts, add_field, json);
	add_holder(json, event);
	if (sink->opts.names && event->conn)
		json_add_text(json, "remote_name",
			      names_of(sink->opts.names, event->conn->remote_addr));
	json_write_line(json, sink->opts.out);
	json_free(json);
}

static void trace_jsonl_end(struct sink *sink, const struct model *model)
{
	document_write_line(model, &sink->opts, "summary", span_whole(model));
}

const struct sink_ops trace_jsonl_sink = {
	.name = "jsonl",
	.open = sink_open,
	.event = trace_jsonl_event,
	.interval = sink_flush,
	.end = trace_jsonl_end,
	.free = sink_free,
};
