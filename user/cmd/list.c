// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace list`: the sockets themselves, once. */
#include <stddef.h>

#include "cmd/command.h"
#include "cmd/pipeline.h"

int cmd_list(int argc, char **argv)
{
	static const struct sink_ops *const formats[] = { &list_text_sink, &list_json_sink, NULL };
	static const struct option_spec spec = {
		.doc = "Lists sockets with their state, age, owner and holders; TIME_WAIT sockets with "
		       "the time they have left.\v"
		       "What holds port 8080, and until when:  twtrace list --local-port 8080",
		.groups = GROUP_OUTPUT | GROUP_NAMES | GROUP_INPUT | GROUP_FILTER | GROUP_LIVE |
			  GROUP_TABLE | GROUP_SORT,
		.formats = formats,
	};
	struct pipeline pipeline = { .once = true };
	struct options options;

	options_init(&options);
	options_parse(&options, &spec, argc, argv);
	pipeline.options = &options;
	return pipeline_run(&pipeline);
}
