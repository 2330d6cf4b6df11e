// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace top`: the tables, refreshing or once. */
#include <stddef.h>

#include "cmd/command.h"
#include "cmd/pipeline.h"
#include "cmd/screen.h"

int cmd_top(int argc, char **argv)
{
	static const struct sink_ops *const formats[] = { &top_text_sink, &top_json_sink,
							  &top_jsonl_sink, NULL };
	static const struct option_spec spec = {
		.doc = "Counts connections per service, port and remote host: how many there are, in "
		       "which state, who closed first, how each TIME_WAIT ended.\v"
		       "On a terminal, without --for and --output, it is the full screen: ? lists its keys, q "
		       "ends it. Else without --for it runs until Ctrl-C and then prints the final tables.",
		.groups = GROUP_WINDOW | GROUP_OUTPUT | GROUP_NAMES | GROUP_INPUT | GROUP_FILTER |
			  GROUP_LIVE | GROUP_TABLE,
		.formats = formats,
	};
	struct options options;
	struct pipeline pipeline = { .options = &options };

	options_init(&options);
	options_parse(&options, &spec, argc, argv);
	if (screen_fits(&options))
		return screen_run(&options);
	return pipeline_run(&pipeline);
}
