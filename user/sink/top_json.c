/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `top -o json`: the document once, indented, at the end. `top -o jsonl`: one
 * line for every interval (kind "interval") and a last one for everything (kind
 * "summary"). Rates are over the interval in the former, over it all in the latter.
 */
#include "base/json.h"
#include "sink/common.h"
#include "sink/document.h"

static void top_json_end(struct sink *sink, const struct model *model)
{
	struct json *json = document_new(model, &sink->opts, NULL, span_whole(model));

	json_write_pretty(json, sink->opts.out);
	json_free(json);
	fflush(sink->opts.out);
}

static void top_jsonl_interval(struct sink *sink, const struct model *model)
{
	document_write_line(model, &sink->opts, "interval", span_interval(model));
}

static void top_jsonl_end(struct sink *sink, const struct model *model)
{
	document_write_line(model, &sink->opts, "summary", span_whole(model));
}

const struct sink_ops top_json_sink = {
	.name = "json",
	.open = sink_open,
	.end = top_json_end,
	.free = sink_free,
};

const struct sink_ops top_jsonl_sink = {
	.name = "jsonl",
	.open = sink_open,
	.interval = top_jsonl_interval,
	.end = top_jsonl_end,
	.free = sink_free,
};
