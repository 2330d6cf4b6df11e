// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace leaks`: which services don't let go of connections, with the evidence. */
#include <stddef.h>

#include "cmd/command.h"
#include "cmd/pipeline.h"

int cmd_leaks(int argc, char **argv)
{
	static const struct sink_ops *const formats[] = { &leaks_text_sink, &leaks_json_sink,
							  &leaks_jsonl_sink, NULL };
	static const struct option_spec spec = {
		.doc = "Names the services that leak connections: in which way, how many, how fast, "
		       "since when, how sure that is, and which processes hold them.\v"
		       "A trend takes some time to be one: run it for a minute, as in\n"
		       "  twtrace leaks --for 60s --fail   (exit status 4 when something leaks)\n"
		       "What has been leaked for long is named at once.",
		.groups = GROUP_WINDOW | GROUP_OUTPUT | GROUP_NAMES | GROUP_INPUT | GROUP_FILTER |
			  GROUP_LIVE | GROUP_STACKS | GROUP_FAIL,
		.formats = formats,
	};
	enum leak_level worst = LEVEL_NONE;
	struct options options;
	struct pipeline pipeline = { .options = &options, .leaks = true, .worst = &worst };
	enum status status;

	options_init(&options);
	options_parse(&options, &spec, argc, argv);
	status = pipeline_run(&pipeline);
	if (status == STATUS_OK && options.fail && worst == LEVEL_LEAK)
		return STATUS_FOUND;
	return status;
}
