// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace record FILE`: the event stream into a file, for replay anywhere. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/command.h"
#include "cmd/pipeline.h"

int cmd_record(int argc, char **argv)
{
	static const struct option_spec spec = {
		.doc = "Records what happens to TCP connections into FILE (- for standard output). "
		       "`top`, `trace`, `list` and `leaks` read it with -i FILE, without privilege.\v"
		       "Without --for it runs until Ctrl-C. What was recorded is written out at least "
		       "every second.",
		.operand = "FILE",
		.groups = GROUP_WINDOW | GROUP_FILTER | GROUP_LIVE | GROUP_STACKS,
	};
	struct pipeline pipeline = { .quiet = true, .leaks = true, .facts = true };
	struct options options;

	options_init(&options);
	options_parse(&options, &spec, argc, argv);
	if (!strcmp(options.operand, "-") && isatty(STDOUT_FILENO)) {
		log_msg(LOG_WARNING, "a recording is not for a terminal; name a file");
		return STATUS_USAGE;
	}
	if (options.interval_ns > 1000000000)
		options.interval_ns = 1000000000;
	pipeline.options = &options;
	pipeline.record_to = options.operand;
	return pipeline_run(&pipeline);
}
