// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace ports`: ephemeral ports by destination, until when they last, and what failed. */
#include <stddef.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/pipeline.h"
#include "cmd/whatif_args.h"

static int set_what_if(struct options *options, const char *arg, struct error *err)
{
	return whatif_args_add(options->own, arg, err);
}

static const struct option_row ports_rows[] = {
	{ 0,
	  set_what_if,
	  { "what-if", KEY_OWN, "NAME=VALUE", 0,
	    "play the connections again with this setting (repeatable): a sysctl, as in tcp_tw_reuse=1 or ip_local_port_range=\"15000 64999\", or destinations=N, sources=N, keepalive=N, close_first=server, bind_address_no_port=1",
	    1 } },
	{ 0, NULL, { 0 } },
};

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
		       "  twtrace ports --for 60s\n"
		       "What another setting would have made of it:\n"
		       "  twtrace ports -i FILE --what-if tcp_tw_reuse=1",
		.groups = GROUP_WINDOW | GROUP_OUTPUT | GROUP_NAMES | GROUP_INPUT | GROUP_FILTER |
			  GROUP_LIVE | GROUP_TABLE,
		.formats = formats,
		.own = ports_rows,
	};
	struct whatif_ask ask;
	struct options options;
	struct pipeline pipeline = { .options = &options, .ports = true, .facts = true };

	options_init(&options);
	memset(&ask, 0, sizeof(ask));
	options.own = &ask;
	options_parse(&options, &spec, argc, argv);
	if (ask.count)
		pipeline.what_if = &ask;
	return pipeline_run(&pipeline);
}
