// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace report --compare`. */
#include "cmd/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/confine.h"
#include "cmd/pipeline.h"
#include "sink/compared.h"

/* So often it is looked at how many there are. */
#define LOOK_NS 200000000

static enum status read_side(const struct options *options, unsigned int side,
			     struct compared *compared)
{
	const char *path = options->inputs[side];
	struct options own = *options;
	struct pipeline pipeline = {
		.options = &own,
		.leaks = true,
		.ports = true,
		.facts = true,
		.compared = compared,
	};
	enum status status;

	own.inputs[0] = path;
	own.input_fds[0] = options->input_fds[side];
	own.nr_inputs = 1;
	own.interval_ns = LOOK_NS;
	own.format = &compared_sink;
	own.names = false;
	status = pipeline_run(&pipeline);
	if (status != STATUS_OK)
		return status;
	if (compared->short_of_memory) {
		log_msg(LOG_WARNING, "no memory");
		return STATUS_FAILED;
	}
	if (!compared->ready_ns) {
		log_msg(LOG_WARNING,
			"'%s' ends before tracing had begun: there is nothing to compare", path);
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

static bool is_same_file(const char *one, const char *two)
{
	struct stat left, right;

	if (!strcmp(one, two))
		return true;
	return !stat(one, &left) && !stat(two, &right) && left.st_dev == right.st_dev &&
	       left.st_ino == right.st_ino;
}

static enum status write_out(const struct options *options, const struct compared *sides)
{
	const struct comparison comparison = {
		.side = { &sides[SIDE_BEFORE], &sides[SIDE_AFTER] },
		.limit = options->limit,
		.out = stdout,
		.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
	};

	errno = 0;
	if (options->format == &report_json_sink)
		comparison_write_json(&comparison);
	else
		comparison_print(&comparison);
	if (errno != ENOMEM)
		return STATUS_OK;
	log_msg(LOG_WARNING, "there was no memory for all of the comparison: it may lack figures");
	return STATUS_FAILED;
}

enum status compare_run(struct options *options)
{
	struct compared sides[NR_SIDES] = { 0 };
	enum status status = STATUS_OK;
	struct error err = { 0 };

	if (options->nr_inputs != NR_SIDES) {
		log_msg(LOG_WARNING,
			"--compare takes two recordings, BEFORE and AFTER; here are %u",
			options->nr_inputs);
		return STATUS_USAGE;
	}
	if (is_same_file(options->inputs[0], options->inputs[1])) {
		log_msg(LOG_WARNING, "'%s' is '%s': name two recordings to compare",
			options->inputs[1], options->inputs[0]);
		return STATUS_USAGE;
	}
	if (confine_offline(options, &err)) {
		log_msg(LOG_WARNING, "%s", err.text);
		return STATUS_FAILED;
	}
	for (unsigned int side = 0; status == STATUS_OK && side < NR_SIDES; side++)
		status = read_side(options, side, &sides[side]);
	if (status == STATUS_OK)
		status = write_out(options, sides);
	for (unsigned int side = 0; side < NR_SIDES; side++)
		compared_release(&sides[side]);
	return status;
}
