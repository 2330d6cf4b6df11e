// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace list`: the sockets themselves, once. */
#include <stddef.h>

#include "cmd/command.h"
#include "cmd/pipeline.h"
#include "sink/list.h"

static int set_state(struct options *options, const char *arg, struct error *err)
{
	struct list_only *only = options->own;

	return list_parse_states(arg, &only->states, err);
}

static const struct option_row own_rows[] = {
	{ GROUP_COMMON,
	  set_state,
	  { "state", KEY_OWN, "STATES", 0,
	    "only sockets in these states (TIME_WAIT,CLOSE_WAIT), as they are named in the table or by ss",
	    1 } },
	{ 0, NULL, { 0 } },
};

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
		.own = own_rows,
	};
	struct list_only only = { 0 };
	struct pipeline pipeline = { .once = true, .only = &only };
	struct options options;

	options_init(&options);
	options.own = &only;
	options_parse(&options, &spec, argc, argv);
	pipeline.options = &options;
	return pipeline_run(&pipeline);
}
