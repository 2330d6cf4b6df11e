/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every sink needs for itself. */
#include "sink/common.h"

#include <inttypes.h>
#include <stdlib.h>

#define TEXT_WIDTH 100

void *sink_new(const struct sink_ops *ops, const struct sink_opts *opts, size_t size)
{
	struct sink *sink = calloc(1, size);

	if (!sink)
		return NULL;
	sink->ops = ops;
	sink->opts = *opts;
	return sink;
}

struct sink *sink_open(const struct sink_ops *ops, const struct sink_opts *opts)
{
	return sink_new(ops, opts, sizeof(struct sink));
}

void sink_free(struct sink *sink)
{
	free(sink);
}

void sink_flush(struct sink *sink, const struct model *model)
{
	(void)model;
	fflush(sink->opts.out);
}

bool sink_wants(const struct sink *sink, const struct model_event *event)
{
	return !sink->opts.kinds || (sink->opts.kinds & (1U << event->kind));
}

uint64_t sink_realtime(const struct sink_opts *opts, uint64_t ts_ns)
{
	return ts_ns + (uint64_t)opts->realtime_offset_ns;
}

const char *residence_text(uint64_t ns, char text[static TEXT_LEN])
{
	uint64_t tenths = (ns + NS_PER_SECOND / 20) / (NS_PER_SECOND / 10);

	if (tenths < 600 || tenths >= 2 * 600)
		return text_duration(ns, text);
	snprintf(text, TEXT_LEN, "%" PRIu64 ".%" PRIu64 "s", tenths / 10, tenths % 10);
	return text;
}

int compare_u64(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

double ns_to_ms(uint64_t ns)
{
	return (double)((ns + 500) / 1000) / 1000.0;
}

static const char *const list_sort_names[NR_LIST_SORTS] = {
	[LIST_SORT_AGE] = "age",     [LIST_SORT_STATE] = "state",   [LIST_SORT_LEFT] = "left",
	[LIST_SORT_LOCAL] = "local", [LIST_SORT_REMOTE] = "remote", [LIST_SORT_SERVICE] = "service",
	[LIST_SORT_PID] = "pid",
};

const char *list_sort_name(enum list_sort sort)
{
	return list_sort_names[sort];
}

size_t wrap_width(const struct sink_opts *opts)
{
	return opts->terminal && opts->width ? opts->width : TEXT_WIDTH;
}
