// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace ports`: ephemeral ports by destination, until when they last, and what failed. */
#include <stddef.h>

#include "cmd/command.h"
#include "cmd/pipeline.h"

int cmd_ports(int argc, char **argv)
{
	static const struct sink_ops *const formats[] = { &ports_text_sink, &ports_json_sink,
							  &ports_jsonl_sink, NULL };
	static const struct option_spec spec = {
		.doc = "Shows the ephemeral ports of each destination: how many there are, which are "
		       "used by what, how fast, until when they last, and which connect(), bind() and "
		       "listen() failed, with what held the port.\v"
		       "Without --for it runs until Ctrl-C and then prints the final tables. connect() "
		       "gets slow from half of the ports on, and fails with EADDRNOTAVAIL when none is "
		       "left. To watch a minute:\n"
		       "  twtrace ports --for 60s",
		.groups = GROUP_WINDOW | GROUP_OUTPUT | GROUP_NAMES | GROUP_INPUT | GROUP_FILTER |
			  GROUP_LIVE | GROUP_TABLE,
		.formats = formats,
	};
	struct options options;
	struct pipeline pipeline = { .options = &options, .ports = true, .facts = true };

	options_init(&options);
	options_parse(&options, &spec, argc, argv);
	return pipeline_run(&pipeline);
}
