// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace report`: all that recordings say as one document, or two of them side by side. */
#include <stddef.h>

#include "cmd/command.h"
#include "cmd/compare.h"
#include "cmd/doctor_view.h"
#include "cmd/pipeline.h"

enum key {
	KEY_COMPARE = KEY_OWN,
};

static int set_compare(struct options *options, const char *arg, struct error *err)
{
	(void)arg;
	(void)err;
	*(bool *)options->own = true;
	return 0;
}

static const struct option_row report_rows[] = {
	{ 0,
	  set_compare,
	  { "compare", KEY_COMPARE, NULL, 0,
	    "set two recordings side by side: what has changed by more than either varies", 1 } },
	{ 0 },
};

int cmd_report(int argc, char **argv)
{
	static const struct sink_ops *const formats[] = { &report_text_sink, &report_json_sink,
							  NULL };
	static const struct option_spec spec = {
		.doc = "Says all that recordings tell, as one document: tables, open connections, "
		       "ports, failures, leaks, findings.\v"
		       "  twtrace record monday.twr --for 10m ; twtrace report monday.twr\n"
		       "  twtrace report --compare before.twr after.twr   (is it the setting?)",
		.operand = "FILE...",
		.recordings = true,
		.groups = GROUP_OUTPUT | GROUP_NAMES | GROUP_FILTER | GROUP_TABLE,
		.formats = formats,
		.own = report_rows,
	};
	struct options options;
	struct part doctor;
	struct pipeline pipeline = {
		.options = &options,
		.extra = &doctor,
		.leaks = true,
		.ports = true,
		.facts = true,
	};
	bool compare = false;

	options_init(&options);
	options.own = &compare;
	doctor = doctor_part(&options);
	options_parse(&options, &spec, argc, argv);
	return compare ? compare_run(&options) : pipeline_run(&pipeline);
}
