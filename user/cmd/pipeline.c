// SPDX-License-Identifier: GPL-2.0-or-later
/* Live or replayed: opens the source, runs it into the stage, and says what failed. */
#include "cmd/pipeline.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/text.h"
#include "cmd/child.h"
#include "cmd/confine.h"
#include "cmd/replay.h"
#include "cmd/signals.h"
#include "cmd/stage.h"
#include "cmd/watch.h"
#include "source/live.h"
#include "source/scope.h"

/* Where the supervisor can't be told, tracing goes on: it may not be waiting for it. */
static void meet_supervisor(struct notify *notify)
{
	struct error err = { 0 };

	if (notify_open(notify, &err))
		log_msg(LOG_WARNING, "%s", err.text);
}

static void say_ready(const struct pipeline *pipeline, const struct notify *notify)
{
	static const char line[] = "ready\n";
	const struct options *options = pipeline->options;
	char text[TEXT_LEN];

	if (pipeline->announces && isatty(STDERR_FILENO) && options->for_ns)
		log_msg(LOG_WARNING, "tracing for %s; Ctrl-C ends it sooner",
			text_duration(options->for_ns, text));
	else if (pipeline->announces && isatty(STDERR_FILENO))
		log_msg(LOG_WARNING, "tracing; Ctrl-C ends it");

	log_msg(LOG_VERBOSE, "ready");
	notify_say(notify, "READY=1");
	if (options->ready_fd >= 0 &&
	    write(options->ready_fd, line, sizeof(line) - 1) != sizeof(line) - 1)
		log_msg(LOG_VERBOSE, "--ready-fd %d cannot be written: %s", options->ready_fd,
			strerror(errno));
}

static enum status complain(const struct error *err, enum status status)
{
	log_msg(LOG_WARNING, "%s", err->text);
	return status;
}

/* A command may have become another user: signals are passed on to it all the same. */
static uint32_t kept_caps(const struct pipeline *pipeline, const struct live *live)
{
	return live_kept_caps(live) | (pipeline->child ? CAPS(KILL) : NO_CAPS);
}

/* Frees @live. */
static enum status trace_live(const struct pipeline *pipeline, struct live *live, struct error *err)
{
	struct utsname uts;
	struct origin origin = {
		.host = uts.nodename,
		.offset_ns = clock_realtime_offset_ns(),
		.evidence = live_evidence(live),
	};
	struct stage stage;
	struct receiver to = stage_receiver(&stage);
	struct notify notify;
	enum status status = STATUS_FAILED;
	int ret;

	uname(&uts);
	meet_supervisor(&notify);
	/* before anything is written: who reads may be slow, and a signal ends the wait */
	if (!pipeline->child)
		signals_catch();
	if (pipeline->record_max_bytes)
		signals_catch_save();
	caps_raise(ALL_CAPS);
	ret = stage_open(&stage, pipeline, &origin, err);
	if (!ret)
		ret = confine_live(pipeline->options, kept_caps(pipeline, live), err);
	if (!ret)
		ret = stage_start(&stage, &origin, err);
	if (!ret && pipeline->scope)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is a child's */
		scope_tell(pipeline->scope, pipeline->child->words, live_now_ns(), &to);
	if (!ret && live_start(live, &to, err)) {
		ret = err->code;
		status = STATUS_CANNOT_TRACE;
	}
	if (!ret) {
		stage_ready(&stage);
		say_ready(pipeline, &notify);
		if (pipeline->child)
			ret = child_begin(pipeline->child, err);
		if (!ret && !pipeline->once)
			ret = watch(&stage, live, &notify, err);
	}
	notify_say(&notify, "STOPPING=1");
	notify_close(&notify);
	/* nothing is traced any more while the output takes its time */
	live_free(live);
	/* nor is there anybody to pass signals on to */
	if (pipeline->child) {
		child_end(pipeline->child);
		signals_catch();
	}
	if (ret) {
		stage_abandon(&stage);
		return complain(err, status);
	}
	if (stage_close(&stage, err))
		return complain(err, STATUS_FAILED);
	return STATUS_OK;
}

static enum status replay(const struct pipeline *pipeline)
{
	struct options options = *pipeline->options;
	struct pipeline own = *pipeline;
	struct error err = { 0 };

	own.options = &options;
	if (confine_offline(&options, &err))
		return complain(&err, STATUS_FAILED);
	return replay_run(&own);
}

enum status pipeline_run(const struct pipeline *pipeline)
{
	const struct options *options = pipeline->options;
	struct live_opts opts = {
		.filter = options->filter.kernel,
		.ring_bytes = options->ring_bytes,
		.pid = options->filter.pid,
		.syscalls = options->syscalls,
		.ages = true,
		.leaks = pipeline->leaks,
		/* of what is there at ready nothing has failed */
		.failures = !pipeline->once,
		.binds = options->kinds >> EVENT_BIND_FAILED & 1,
		.facts = pipeline->facts,
		.evidence = options->evidence,
		.stacks = options->stacks,
		.debuginfod = options->debuginfod,
		.no_audit = options->no_audit,
		.scope_pid = pipeline->scope ? pipeline->scope->pid : 0,
		.scope_cgroup = pipeline->scope ? pipeline->scope->cgroup_id : 0,
	};
	struct error err = { 0 };
	struct live *live;

	signal(SIGPIPE, SIG_IGN);
	if (options->nr_inputs)
		return replay(pipeline);
	if (confine_user(options, &err))
		return complain(&err, STATUS_FAILED);
	live = live_new(&opts, &err);
	if (!live && pipeline->untraceable) {
		*pipeline->untraceable = err;
		return STATUS_CANNOT_TRACE;
	}
	if (!live)
		return complain(&err, STATUS_CANNOT_TRACE);
	return trace_live(pipeline, live, &err);
}
