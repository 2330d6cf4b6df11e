// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace record FILE`: the event stream into a file, for replay anywhere. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "cmd/command.h"
#include "cmd/pipeline.h"

/* A file has to hold its head, what is known when it begins, and something that happens. */
#define LEAST_BYTES (256 * 1024)
/* One would keep nothing of what was before. */
#define LEAST_KEPT 2

static int set_max_size(struct options *options, const char *arg, struct error *err)
{
	struct pipeline *pipeline = options->own;

	if (parse_size(arg, &pipeline->record_max_bytes, err))
		return err->code;
	if (pipeline->record_max_bytes < LEAST_BYTES)
		return error_set(err, -EINVAL, "'%s' is too small a file; 256K is the least", arg);
	return 0;
}

static int set_keep(struct options *options, const char *arg, struct error *err)
{
	struct pipeline *pipeline = options->own;
	uint64_t keep;

	if (parse_u64(arg, LEAST_KEPT, UINT16_MAX, &keep, err))
		return err->code;
	pipeline->record_keep = keep;
	return 0;
}

static int set_anonymize(struct options *options, const char *arg, struct error *err)
{
	struct pipeline *pipeline = options->own;

	(void)arg;
	(void)err;
	pipeline->anonymize = true;
	return 0;
}

static const struct option_row own_rows[] = {
	{ GROUP_COMMON,
	  set_max_size,
	  { "max-size", KEY_OWN, "SIZE", 0,
	    "go on in a new file before FILE is larger than SIZE (64M, 1G; 256K is the least); the one before gets the time of its beginning as a part of its name",
	    1 } },
	{ GROUP_COMMON,
	  set_keep,
	  { "keep", KEY_OWN + 1, "N", 0,
	    "with --max-size, keep N files with the one being written, and remove older ones (default: keep all)",
	    1 } },
	{ GROUP_COMMON,
	  set_anonymize,
	  { "anonymize", KEY_OWN + 2, NULL, 0,
	    "replace addresses and names, the same ones by the same ones, to send it to others; with -i FILE those of a recording",
	    1 } },
	{ 0, NULL, { 0 } },
};

static bool is_same_file(const char *one, const char *two)
{
	struct stat a, b;

	return !stat(one, &a) && !stat(two, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* What can't be done with recordings; NULL: nothing. */
static const char *find_fault_of_copy(const struct pipeline *pipeline)
{
	const struct options *options = pipeline->options;

	if (pipeline->record_max_bytes)
		return "--max-size is for what is traced; a copy is one file";
	if (!filter_is_empty(&options->filter))
		return "a copy has all that is in the recording; give the filter to the command "
		       "that reads it";
	for (uint32_t i = 0; i < options->nr_inputs; i++)
		if (is_same_file(pipeline->record_to, options->inputs[i]))
			return "FILE is the recording to be read; name another one";
	return NULL;
}

/* What does not go together; NULL: it does. */
static const char *find_fault(const struct pipeline *pipeline)
{
	const struct options *options = pipeline->options;
	bool piped = !strcmp(pipeline->record_to, "-");

	if (piped && isatty(STDOUT_FILENO))
		return "a recording is not for a terminal; name a file";
	if (piped && pipeline->record_max_bytes)
		return "--max-size needs the name of a file, not '-'";
	if (pipeline->record_keep && !pipeline->record_max_bytes)
		return "--keep says how many files are kept: --max-size says when a new one begins";
	if (pipeline->anonymize && options->filter.service)
		return "--anonymize replaces names: --service, which is about names, would let "
		       "nothing pass afterwards";
	return options->nr_inputs ? find_fault_of_copy(pipeline) : NULL;
}

int cmd_record(int argc, char **argv)
{
	static const struct option_spec spec = {
		.doc = "Records what happens to TCP connections into FILE (- for standard output). "
		       "`top`, `trace`, `list` and `leaks` read it with -i FILE, without privilege.\v"
		       "Without --for it runs until Ctrl-C. What was recorded is written out at least "
		       "every second. As a flight recorder, always on and bounded:\n"
		       "  twtrace record /var/log/twtrace/tcp.twr --max-size 64M --keep 16\n"
		       "SIGUSR2 begins a new file at once. All of them together, or any one of them, "
		       "can be read.\n"
		       "With -i it copies recordings into FILE, several of one run into one:\n"
		       "  twtrace record public.twr --anonymize -i friday.twr",
		.operand = "FILE",
		.groups = GROUP_WINDOW | GROUP_INPUT | GROUP_FILTER | GROUP_LIVE | GROUP_STACKS,
		.own = own_rows,
	};
	struct pipeline pipeline = { .quiet = true, .leaks = true, .facts = true };
	struct options options;
	const char *fault;

	options_init(&options);
	options.own = &pipeline;
	options_parse(&options, &spec, argc, argv);
	pipeline.options = &options;
	pipeline.record_to = options.operand;
	fault = find_fault(&pipeline);
	if (fault) {
		log_msg(LOG_WARNING, "%s", fault);
		return STATUS_USAGE;
	}
	if (options.nr_inputs && strcmp(pipeline.record_to, "-"))
		options.written_later = pipeline.record_to;
	if (options.interval_ns > 1000000000)
		options.interval_ns = 1000000000;
	return pipeline_run(&pipeline);
}
