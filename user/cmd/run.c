// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace run -- COMMAND`: what becomes of the connections of one command. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/child.h"
#include "cmd/command.h"
#include "cmd/pipeline.h"
#include "source/scope.h"

/* 0 or -errno. */
static int open_report(struct pipeline *pipeline)
{
	const char *path = pipeline->options->report;

	/* a recording has no command whose output it could get in the way of */
	pipeline->report_fd = pipeline->options->nr_inputs ? 0 : STDERR_FILENO;
	if (path && !strcmp(path, "-"))
		pipeline->report_fd = STDOUT_FILENO;
	if (!path || pipeline->report_fd == STDOUT_FILENO)
		return 0;
	pipeline->report_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (pipeline->report_fd >= 0)
		return 0;
	log_msg(LOG_WARNING, "cannot write '%s': %s", path, strerror(errno));
	return -errno;
}

static void say_scope(const struct scope *scope, const struct error *why)
{
	if (scope->cgroup_id)
		log_msg(LOG_VERBOSE, "scope: the control group %s, and the process tree",
			scope->path);
	else
		log_msg(LOG_VERBOSE, "scope: the process tree (%s)", why->text);
}

/* @scope and @child are the caller's to end. */
static enum status trace(struct pipeline *pipeline, struct child *child, struct scope *scope)
{
	const struct options *options = pipeline->options;
	struct error err = { 0 };

	/* it is for whoever waits for us, not for the command */
	if (options->ready_fd >= 0)
		fcntl(options->ready_fd, F_SETFD, FD_CLOEXEC);
	if (child_fork(child, options->words, &err)) {
		log_msg(LOG_WARNING, "%s", err.text);
		return STATUS_FAILED;
	}
	scope_open(scope, child->pid, &err);
	say_scope(scope, &err);
	pipeline->child = child;
	pipeline->scope = scope;
	return pipeline_run(pipeline);
}

static int run_command(struct pipeline *pipeline)
{
	struct child child = { .signal_fd = -1 };
	struct scope scope = { 0 };
	enum status status = trace(pipeline, &child, &scope);
	bool ran;

	/* one that was told to begin has a status of its own, or one for why it could not */
	ran = child.begun;
	child_end(&child);
	if (!scope_close(&scope))
		log_msg(LOG_VERBOSE, "%s stays: processes of the command run on in it", scope.path);
	if (ran && child_exit_status(&child))
		return child_exit_status(&child);
	return status;
}

int cmd_run(int argc, char **argv)
{
	static const struct sink_ops *const formats[] = { &run_text_sink, &run_json_sink, NULL };
	static const struct option_spec spec = {
		.doc = "Runs COMMAND, traces it and its descendants only, and reports at its end what "
		       "became of their connections: opened, how each ended, who closed first, "
		       "TIME_WAIT left behind, sockets that nothing but the exit of a process closed.\v"
		       "Standard input and output are COMMAND's own; the report goes to standard error, "
		       "where COMMAND may write too: with -o json give a file by --report. "
		       "The exit status is COMMAND's (128 + N: killed by signal N; 126, 127: it could "
		       "not be run), with --fail 4 if that is 0 and sockets were leaked.",
		.operand = "[--] COMMAND [ARG...]",
		.words = true,
		.groups = GROUP_OUTPUT | GROUP_REPORT | GROUP_NAMES | GROUP_FAIL | GROUP_INPUT |
			  GROUP_FILTER | GROUP_LIVE | GROUP_STACKS,
		.formats = formats,
	};
	enum leak_level worst = LEVEL_NONE;
	struct options options;
	uint64_t leaked = 0;
	struct pipeline pipeline = {
		.options = &options,
		.leaks = true,
		.worst = &worst,
		.leaked = &leaked,
	};
	int status;

	options_init(&options);
	options_parse(&options, &spec, argc, argv);
	if (options.filter.pid || options.filter.service) {
		log_msg(LOG_WARNING, "--pid and --service are not for a command: its processes are "
				     "followed, all of them");
		return STATUS_USAGE;
	}
	pipeline.record_to = options.record_to;
	if (options.nr_inputs)
		options.written_later = options.record_to;
	if (open_report(&pipeline))
		return STATUS_FAILED;
	status = options.nr_inputs ? (int)pipeline_run(&pipeline) : run_command(&pipeline);
	if (status == STATUS_OK && options.fail && (leaked || worst == LEVEL_LEAK))
		return STATUS_FOUND;
	return status;
}
