// SPDX-License-Identifier: GPL-2.0-or-later
/* One record in, three ways out, in the same order everywhere. */
#include "cmd/stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/procfs.h"

#define NAMES_PATIENCE_MS 2000

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void fill_head(struct tw_recording_head *head, const struct options *options,
		      enum tw_evidence evidence)
{
	struct utsname uts;

	memset(head, 0, sizeof(*head));
	memcpy(head->magic, TW_RECORDING_MAGIC, sizeof(head->magic));
	head->version = TW_RECORDING_VERSION;
	head->size = sizeof(*head);
	head->monotonic_ns = clock_ns(CLOCK_MONOTONIC);
	head->realtime_ns = clock_ns(CLOCK_REALTIME);
	if (procfs_read("/proc/sys/kernel/random/boot_id", head->boot_id, sizeof(head->boot_id)) >
	    0)
		head->boot_id[strcspn(head->boot_id, "\n")] = '\0';
	uname(&uts);
	snprintf(head->host, sizeof(head->host), "%.63s", uts.nodename);
	snprintf(head->kernel, sizeof(head->kernel), "%.63s", uts.release);
	snprintf(head->program, sizeof(head->program), "%s", TWTRACE_VERSION);
	head->evidence = evidence;
	head->filter = options->filter.kernel;
	head->pid_filter = options->filter.pid;
	snprintf(head->service_filter, sizeof(head->service_filter), "%.127s",
		 options->filter.service ? options->filter.service : "");
}

/* Remembers why standard output failed, the first time it did. */
static void note_output(struct stage *stage)
{
	if (ferror(stdout) && !stage->output_errno)
		stage->output_errno = errno ? errno : EIO;
}

static void on_event(void *ctx, const struct model_event *event)
{
	struct stage *stage = ctx;

	/* after a failed write there is nobody to write for, and the next one might wait */
	if (!stage->output_errno)
		stage->sink->ops->event(stage->sink, event);
	note_output(stage);
}

static struct sink *open_sink(const struct options *options, const struct origin *origin,
			      struct names *names)
{
	struct winsize size = { 0 };
	struct sink_opts opts = {
		.out = stdout,
		.host = origin->host,
		.realtime_offset_ns = origin->offset_ns,
		.kinds = options->kinds,
		.limit = options->limit,
		.sort = options->sort,
		.names = names,
		.terminal = isatty(STDOUT_FILENO),
		.replay = origin->replay,
		.once = options->for_ns != 0,
	};

	if (opts.terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size)) {
		opts.width = size.ws_col;
		opts.height = size.ws_row;
	}
	return options->format->open(&opts);
}

int stage_open(struct stage *stage, const struct pipeline *pipeline, const struct origin *origin,
	       struct error *err)
{
	struct model_opts opts = { .filter = pipeline->options->filter };
	struct tw_recording_head head;

	*stage = (struct stage){ .pipeline = pipeline };
	stage->model = model_new(&opts);
	if (pipeline->options->names)
		stage->names = names_new();
	if (stage->model && !pipeline->quiet)
		stage->sink = open_sink(pipeline->options, origin, stage->names);
	if (!stage->model || (!pipeline->quiet && !stage->sink))
		return error_set(err, -ENOMEM, "no memory");
	if (stage->sink && stage->sink->ops->event)
		model_subscribe(stage->model, on_event, stage);
	if (pipeline->record_to) {
		fill_head(&head, pipeline->options, origin->evidence);
		stage->recorder = recorder_open(pipeline->record_to, &head, err);
		if (!stage->recorder)
			return err->code;
	}
	return 0;
}

void stage_receive(void *ctx, const struct tw_record *record)
{
	struct stage *stage = ctx;

	/* a look-up names every socket of the host: only what is news goes on */
	if (record->kind == TW_HOLDER && !(record->flags & TW_H_ACCEPTED) &&
	    !model_wants_holder(stage->model, ((const struct tw_holder *)record)->cookie,
				stage->source))
		return;
	if (stage->recorder)
		recorder_write(stage->recorder, record);
	model_feed(stage->model, record, record->size, stage->source);
}

bool stage_flush(struct stage *stage)
{
	if (stage->sink && !stage->output_errno && fflush(stdout))
		note_output(stage);
	return !stage->output_errno;
}

static void pause_for_output(void *ctx)
{
	stage_flush(ctx);
}

struct receiver stage_receiver(struct stage *stage)
{
	return (struct receiver){ stage_receive, pause_for_output, stage };
}

bool stage_interval(struct stage *stage)
{
	bool fine = true;

	if (stage->sink && stage->sink->ops->interval && !stage->output_errno)
		stage->sink->ops->interval(stage->sink, stage->model);
	note_output(stage);
	model_mark_interval(stage->model, model_now_ns(stage->model));
	if (stage->recorder)
		fine = recorder_flush(stage->recorder) == 0;
	return stage_flush(stage) && fine;
}

/* What is printed last is printed once: the resolver gets a moment to name the remotes. */
static void wait_for_names(const struct stage *stage)
{
	const struct rows *remotes = model_rows(stage->model, DIM_REMOTE);
	uint32_t id = ROW_OTHER;

	while (stage->names && (id = pool_next(&remotes->pool, id + 1)) != POOL_NONE)
		names_of(stage->names, rows_at(remotes, id)->key.remote_addr);
	if (stage->names)
		names_wait(stage->names, NAMES_PATIENCE_MS);
}

int stage_close(struct stage *stage, struct error *err)
{
	int ret, output_errno;

	if (stage->sink && !stage->output_errno) {
		wait_for_names(stage);
		if (stage->sink->ops->end)
			stage->sink->ops->end(stage->sink, stage->model);
		note_output(stage);
		stage_flush(stage);
	}
	if (stage->sink)
		stage->sink->ops->free(stage->sink);
	output_errno = stage->output_errno;
	/* what is left in the buffer would be tried once more at exit */
	if (output_errno)
		__fpurge(stdout);
	names_free(stage->names);
	ret = recorder_close(stage->recorder, err);
	model_free(stage->model);
	*stage = (struct stage){ 0 };
	/* a reader that has gone is no failure, nor is a signal that ended the wait for it */
	if (!ret && output_errno && output_errno != EPIPE && output_errno != EINTR &&
	    output_errno != EBADF)
		ret = error_set(err, -output_errno, "cannot write standard output: %s",
				strerror(output_errno));
	return ret;
}

void stage_abandon(struct stage *stage)
{
	struct error unused;

	/* whatever the sink would still say is of no use now */
	stage->output_errno = EPIPE;
	stage_close(stage, &unused);
}
