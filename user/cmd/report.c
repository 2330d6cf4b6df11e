// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace report`: all that recordings say as one document, or two of them side by side. */
#include <stddef.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/command.h"
#include "cmd/compare.h"
#include "cmd/doctor_view.h"
#include "cmd/pipeline.h"
#include "sink/page.h"

enum key {
	KEY_COMPARE = KEY_OWN,
	KEY_HTML,
};

static int set_compare(struct options *options, const char *arg, struct error *err)
{
	(void)arg;
	(void)err;
	*(bool *)options->own = true;
	return 0;
}

static int set_html(struct options *options, const char *arg, struct error *err)
{
	(void)arg;
	(void)err;
	options->format = &report_html_sink;
	options->format_named = true;
	return 0;
}

static const struct option_row report_rows[] = {
	{ 0,
	  set_compare,
	  { "compare", KEY_COMPARE, NULL, 0,
	    "set two recordings side by side: what has changed by more than either varies", 1 } },
	{ 0,
	  set_html,
	  { "html", KEY_HTML, NULL, 0,
	    "the same as --output=html: one page that needs nothing else, to be kept or sent",
	    1 } },
	{ 0 },
};

/* What does not go together, as a sentence; NULL: it is fine. */
static const char *objection(const struct options *options, bool compare)
{
	if (options->format != &report_html_sink)
		return NULL;
	if (compare)
		return "--compare prints text and JSON: leave --html out";
	if (isatty(STDOUT_FILENO))
		return "this format is for a file, and standard output is a terminal: name one, as in "
		       "'twtrace report monday.twr --html >monday.html'";
	return NULL;
}

int cmd_report(int argc, char **argv)
{
	static const struct sink_ops *const formats[] = { &report_text_sink, &report_json_sink,
							  &report_html_sink, NULL };
	static const struct option_spec spec = {
		.doc = "Says all that recordings tell, as one document: tables, open connections, "
		       "ports, failures, leaks, findings.\v"
		       "  twtrace record monday.twr --for 10m ; twtrace report monday.twr\n"
		       "  twtrace report monday.twr --html >monday.html   (for a browser)\n"
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
		.history = HISTORY_ALL,
	};
	bool compare = false;
	const char *why;

	options_init(&options);
	options.own = &compare;
	doctor = doctor_part(&options);
	options_parse(&options, &spec, argc, argv);
	why = objection(&options, compare);
	if (why) {
		log_msg(LOG_WARNING, "%s", why);
		return STATUS_USAGE;
	}
	if (options.format == &report_html_sink)
		pipeline.flame = page_flame();
	return compare ? compare_run(&options) : pipeline_run(&pipeline);
}
