// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace report`: all that recordings say as one document, or two of them side by side. */
#include <stddef.h>

#include "cmd/command.h"
#include "cmd/pipeline.h"

int cmd_report(int argc, char **argv)
{
	static const struct sink_ops *const formats[] = { &report_text_sink, &report_json_sink,
							  NULL };
	static const struct option_spec spec = {
		.doc = "Says all that recordings tell, as one document: tables, open connections, "
		       "ports, failures, leaks.\v"
		       "  twtrace record monday.twr --for 10m ; twtrace report monday.twr",
		.operand = "FILE...",
		.recordings = true,
		.groups = GROUP_OUTPUT | GROUP_NAMES | GROUP_FILTER | GROUP_TABLE,
		.formats = formats,
	};
	struct options options;
	struct pipeline pipeline = { .options = &options, .leaks = true, .ports = true };

	options_init(&options);
	options_parse(&options, &spec, argc, argv);
	return pipeline_run(&pipeline);
}
