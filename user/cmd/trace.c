// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace trace`: one line an event. */
#include <stddef.h>

#include "cmd/command.h"
#include "cmd/pipeline.h"

int cmd_trace(int argc, char **argv)
{
	static const struct sink_ops *const formats[] = { &trace_text_sink, &trace_jsonl_sink,
							  &trace_csv_sink, NULL };
	static const struct option_spec spec = {
		.doc = "Prints state changes of TCP connections as they happen, the births and ends of "
		       "TIME_WAIT sockets, and connects that fail.\v"
		       "Without --for it runs until Ctrl-C.",
		.groups = GROUP_WINDOW | GROUP_OUTPUT | GROUP_NAMES | GROUP_INPUT | GROUP_FILTER |
			  GROUP_LIVE | GROUP_KIND,
		.formats = formats,
	};
	struct options options;
	struct pipeline pipeline = { .options = &options };

	options_init(&options);
	options_parse(&options, &spec, argc, argv);
	return pipeline_run(&pipeline);
}
