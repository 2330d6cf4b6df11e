// SPDX-License-Identifier: GPL-2.0-or-later
/* One record in, three ways out, in the same order everywhere. */
#include "cmd/stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/procfs.h"
#include "cmd/front.h"
#include "cmd/signals.h"
#include "model/flame.h"
#include "sink/common.h"
#include "sink/flame_sink.h"

/* So much output may wait: a few seconds of a busy host's events. */
#define QUEUE_BYTES (8 << 20)

bool stage_output_is_fine(struct stage *stage)
{
	if (!stage->output_errno && stage->output)
		stage->output_errno = -outlet_error(stage->output);
	return !stage->output_errno;
}

static void miss(struct stage *stage, uint64_t count)
{
	stage->missing += count;
	stage->untold += count;
}

void stage_tell_missing(struct stage *stage, uint64_t ts_ns)
{
	struct model_event loss = {
		.kind = EVENT_LOSS,
		.ts_ns = ts_ns,
		.cause = TW_LOSS_OUTPUT_FULL,
		.count = stage->untold,
	};

	stage->sink->ops->event(stage->sink, &loss);
	if (outlet_end_unit(stage->output, (struct outlet_tally){ .missing = loss.count }))
		stage->untold = 0;
}

static void on_event(void *ctx, const struct model_event *event)
{
	struct stage *stage = ctx;

	if (stage->front) {
		stage->front->event(stage->front->ctx, event);
		return;
	}
	/* after a failed write there is nobody to write for */
	if (stage->ending || !stage_output_is_fine(stage) || !sink_wants(stage->sink, event))
		return;
	if (!outlet_has_room(stage->output)) {
		miss(stage, 1);
		return;
	}
	if (stage->untold)
		stage_tell_missing(stage, event->ts_ns);
	stage->sink->ops->event(stage->sink, event);
	if (!outlet_end_unit(stage->output, (struct outlet_tally){ .events = 1 }))
		miss(stage, 1);
}

static int output_fd(const struct pipeline *pipeline)
{
	return pipeline->report_fd ? pipeline->report_fd : STDOUT_FILENO;
}

static struct sink_opts sink_opts_of(const struct stage *stage, const struct origin *origin)
{
	const struct pipeline *pipeline = stage->pipeline;
	const struct options *options = pipeline->options;
	struct winsize size = { 0 };
	struct sink_opts opts = {
		.host = origin->host,
		.realtime_offset_ns = origin->offset_ns,
		.kinds = options->kinds,
		.limit = options->limit,
		.sort = options->sort,
		.names = stage->names,
		.terminal = isatty(output_fd(pipeline)),
		.replay = origin->replay,
		.once = options->for_ns != 0,
		.filtered = !filter_is_empty(&options->filter),
		.filtered_within = !filter_is_by_netns(&options->filter),
		.flame = pipeline->flame,
		.recordings = origin->recordings,
		.nr_recordings = origin->nr_recordings,
		.compared = pipeline->compared,
		.extra = pipeline->extra,
		.stacks = options->stacks != 0,
		.what_if = pipeline->what_if,
		.only = pipeline->only,
	};

	if (opts.terminal && !ioctl(output_fd(pipeline), TIOCGWINSZ, &size)) {
		opts.width = size.ws_col;
		opts.height = size.ws_row;
	}
	return opts;
}

static struct model *new_model(const struct pipeline *pipeline)
{
	struct model_opts opts = {
		.filter = pipeline->options->filter,
		.leaks = pipeline->leaks,
		.ports = pipeline->ports,
		.flame = pipeline->flame ? &pipeline->flame->by : NULL,
		.stacks = pipeline->options->stacks != 0,
		.what_if = pipeline->what_if != NULL,
		.history = pipeline->history,
	};

	return model_new(&opts);
}

int stage_open(struct stage *stage, const struct pipeline *pipeline, const struct origin *origin,
	       struct error *err)
{
	*stage = (struct stage){ .pipeline = pipeline };
	stage->model = new_model(pipeline);
	if (pipeline->options->names)
		stage->names = names_new();
	if (!pipeline->quiet && !pipeline->front)
		stage->output = outlet_new_fd(output_fd(pipeline), QUEUE_BYTES);
	if (stage->model)
		model_set_host(stage->model, 0, origin->host);
	if (!stage->model || (!pipeline->quiet && !pipeline->front && !stage->output))
		return error_set(err, -ENOMEM, "no memory");
	if (pipeline->front) {
		if (pipeline->front->open && pipeline->front->open(pipeline->front->ctx, err))
			return err->code;
		stage->front = pipeline->front;
	}
	if (pipeline->record_to) {
		stage_open_recorder(stage, origin, err);
		if (!stage->recorder)
			return err->code;
	}
	return 0;
}

int stage_start(struct stage *stage, const struct origin *origin, struct error *err)
{
	const struct sink_ops *format = stage->pipeline->options->format;
	struct sink_opts opts = sink_opts_of(stage, origin);

	stage->starting = stage->live = !origin->replay;
	stage->offset_ns = origin->offset_ns;
	if (stage->starting && stage->output && outlet_start(stage->output, err))
		return err->code;
	if (stage->starting && stage->recorder && recorder_start(stage->recorder, err))
		return err->code;
	if (stage->front) {
		if (stage->front->event)
			model_subscribe(stage->model, on_event, stage);
		return stage->front->start(stage->front->ctx, &opts, err);
	}
	if (!stage->output)
		return 0;
	opts.out = outlet_file(stage->output);
	if (opts.out)
		stage->sink = format->open(format, &opts);
	if (!stage->sink)
		return error_set(err, -ENOMEM, "no memory");
	if (stage->sink->ops->event)
		model_subscribe(stage->model, on_event, stage);
	return 0;
}

int stage_restart(struct stage *stage, struct error *err)
{
	struct model *model = new_model(stage->pipeline);

	if (!model)
		return error_set(err, -ENOMEM, "no memory");
	model_free(stage->model);
	stage->model = model;
	stage->intervals = 0;
	if (stage->front->event)
		model_subscribe(model, on_event, stage);
	if (stage->front->restart)
		stage->front->restart(stage->front->ctx);
	return 0;
}

void stage_ready(struct stage *stage)
{
	stage->starting = false;
	/* whatever becomes of twtrace, there is a recording */
	if (stage->recorder)
		recorder_flush(stage->recorder);
	if (stage->front && stage->front->ready)
		stage->front->ready(stage->front->ctx, stage->model);
}

int stage_outlet_fd(const struct stage *stage, unsigned int which)
{
	if (which == 0)
		return stage->output ? outlet_fd(stage->output) : -1;
	return stage->recorder ? outlet_fd(recorder_outlet(stage->recorder)) : -1;
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
		stage_record(stage, record);
	model_feed(stage->model, record, record->size, stage->source);
}

bool stage_flush(struct stage *stage)
{
	if (!stage->output || !stage_output_is_fine(stage))
		return !stage->output_errno;
	if (stage->sink && stage->untold && outlet_has_room(stage->output))
		stage_tell_missing(stage, model_now_ns(stage->model));
	outlet_flush(stage->output);
	return stage_output_is_fine(stage);
}

static void pause_for_output(void *ctx)
{
	stage_flush(ctx);
}

void stage_expect(void *ctx, const struct tw_record *record)
{
	struct stage *stage = ctx;

	model_expect(stage->model, record, record->size);
}

struct receiver stage_receiver(struct stage *stage)
{
	return (struct receiver){
		.receive = stage_receive,
		.expect = stage_expect,
		.pause = pause_for_output,
		.ctx = stage,
	};
}

/*
 * Tables that were drawn before and still wait are not waited for: these are left out, the
 * next ones will be newer. On a terminal the old ones are of no use at all.
 */
static bool has_room_for_tables(struct stage *stage)
{
	size_t most = stage->sink->opts.terminal ? 0 : QUEUE_BYTES / 2;

	return outlet_left(stage->output) <= most;
}

/* Whether the outputs are to be told of the end of this interval. */
static bool ends_window(struct stage *stage)
{
	uint32_t window = stage->pipeline->window;

	stage->intervals++;
	if (stage->intervals < window || (stage->pipeline->flame && !window))
		return false;
	if (window && stage->nearly_over)
		return false;
	stage->intervals = 0;
	return true;
}

/* Two readings of one clock never agree to the nanosecond: less is no change. */
#define CLOCK_SET_NS 1000000

/* Times are shown by the clock as it is: early after boot it is often set, by hours. */
static void follow_clock(struct stage *stage)
{
	int64_t offset_ns = clock_realtime_offset_ns();

	if (llabs(offset_ns - stage->offset_ns) < CLOCK_SET_NS)
		return;
	stage->offset_ns = offset_ns;
	if (stage->sink)
		stage->sink->opts.realtime_offset_ns = offset_ns;
	if (stage->front)
		stage->front->clock(stage->front->ctx, offset_ns);
}

bool stage_interval(struct stage *stage)
{
	bool fine = true, ends = ends_window(stage);

	if (stage->live)
		follow_clock(stage);
	if (ends && stage->sink && stage->sink->ops->interval && stage_output_is_fine(stage) &&
	    has_room_for_tables(stage)) {
		stage->sink->ops->interval(stage->sink, stage->model);
		if (!outlet_end_unit(stage->output, (struct outlet_tally){ 0 }))
			stage->unmade++;
	}
	if (stage->front)
		fine = stage->front->interval(stage->front->ctx, stage->model);
	model_mark_interval(stage->model, model_now_ns(stage->model));
	if (ends && stage->pipeline->flame)
		model_flame_restart(stage->model);
	if (stage->recorder)
		fine = recorder_flush(stage->recorder) == 0 && fine;
	return stage_flush(stage) && fine;
}
