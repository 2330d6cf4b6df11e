// SPDX-License-Identifier: GPL-2.0-or-later
/* How a stage ends: what still waits goes out as far as it is taken, what is missing is said. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/front.h"
#include "cmd/signals.h"
#include "cmd/stage.h"
#include "model/farewell.h"
#include "sink/anonymize.h"
#include "source/live.h"

#define NAMES_PATIENCE_MS 2000
/* Once a signal asks to end, what is written to may be so slow. */
#define OUTPUT_PATIENCE_NS 1000000000ULL

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

/*
 * Until everything has been written. That takes as long as it takes, unless a signal asks to
 * end: then OUTPUT_PATIENCE_NS, if @renewed since the last of it was taken.
 */
static void settle(struct outlet *outlet, bool renewed)
{
	uint64_t since_ns = 0, passed_ns;
	size_t left = 0;

	while (outlet_await(outlet)) {
		bool came = signals_came();
		int timeout_ms = -1;

		if (came) {
			if (!since_ns || (renewed && outlet_left(outlet) != left))
				since_ns = live_now_ns();
			left = outlet_left(outlet);
			passed_ns = live_now_ns() - since_ns;
			if (passed_ns >= OUTPUT_PATIENCE_NS)
				return;
			timeout_ms = (int)((OUTPUT_PATIENCE_NS - passed_ns) / 1000000) + 1;
		}
		signals_wait(outlet_fd(outlet), timeout_ms, came);
	}
}

/* The model was told of every event: that the output was not is known to it only now. */
static void tell_model(struct stage *stage)
{
	struct tw_loss loss = {
		.head = { .size = sizeof(loss),
			  .kind = TW_LOSS,
			  .from = TW_LOSS_OUTPUT_FULL,
			  .ts_ns = model_now_ns(stage->model) },
		.count = stage->missing,
	};

	if (loss.count)
		model_feed(stage->model, &loss.head, loss.head.size, 0);
}

/* Not every format has a place for it. */
static void say_what_was_not_kept(const struct stage *stage)
{
	uint64_t count = stage->model ? model_loss(stage->model, TW_LOSS_NO_MEMORY) : 0;
	char number[TEXT_LEN];

	if (count)
		log_msg(LOG_WARNING,
			"there was no memory for all that %s record%s told: figures may be too low "
			"by as much",
			text_count(count, number), count == 1 ? "" : "s");
}

/* What is left of the events, then the summary: true if it was all taken. */
static bool end_output(struct stage *stage)
{
	struct outlet_tally dropped;

	stage->ending = true;
	outlet_flush(stage->output);
	settle(stage->output, false);
	/* who wants it to end wants to see its end, not everything that comes before */
	dropped = outlet_discard(stage->output);
	stage->missing += dropped.events;
	stage->untold += dropped.events + dropped.missing;
	wait_for_names(stage);
	if (stage->untold)
		stage_tell_missing(stage, model_now_ns(stage->model));
	tell_model(stage);
	if (stage->sink->ops->end)
		stage->sink->ops->end(stage->sink, stage->model);
	if (!outlet_end_unit(stage->output, (struct outlet_tally){ 0 }))
		stage->output_errno = ENOMEM;
	outlet_flush(stage->output);
	settle(stage->output, true);
	stage->missing += outlet_left_tally(stage->output).events;
	return !outlet_left(stage->output);
}

/* @whole: the end of what was printed has been taken too. */
static void say_what_is_missing(const struct stage *stage, bool whole)
{
	char number[TEXT_LEN];

	if (stage->unmade)
		log_msg(LOG_WARNING,
			"there was no memory to print what %s intervals had to tell; what comes "
			"after them is whole",
			text_count(stage->unmade, number));
	text_count(stage->missing, number);
	if (stage->missing && whole)
		log_msg(LOG_WARNING,
			"%s events were not printed, because standard output took them more slowly "
			"than they came, or there was no memory to print them; they are in all "
			"counts",
			number);
	else if (stage->missing)
		log_msg(LOG_WARNING,
			"%s events and the end were not printed, because nobody read standard "
			"output any more",
			number);
	else if (!whole)
		log_msg(LOG_WARNING,
			"the end was not printed, because nobody read standard output any more");
}

static int close_recorder(struct stage *stage, struct error *err)
{
	const char *path = stage->pipeline->record_to;
	char number[TEXT_LEN];
	uint64_t missing;
	bool whole;
	int ret;

	if (!stage->recorder)
		return 0;
	recorder_flush(stage->recorder);
	settle(recorder_outlet(stage->recorder), true);
	missing = recorder_missing(stage->recorder);
	/* compressed, the last of it is in the hands of the thread when nothing else is left */
	whole = !outlet_await(recorder_outlet(stage->recorder));
	ret = recorder_close(stage->recorder, err);
	if (!ret && missing && whole)
		log_msg(LOG_WARNING,
			"%s events were not recorded, because '%s' took them more slowly than they "
			"came; the recording says where",
			text_count(missing, number), path);
	else if (!ret && !whole)
		log_msg(LOG_WARNING,
			"the last events were not recorded (%s or more), because '%s' took no more; "
			"it is readable up to there",
			text_count(missing, number), path);
	return ret;
}

/* The verdicts of the end, and how bad the worst one is. */
static void judge(struct stage *stage)
{
	struct farewell_counts counts;
	const struct verdict *verdicts;
	size_t count;

	if (!stage->model || !stage->pipeline->leaks)
		return;
	if (stage->pipeline->leaked) {
		model_farewell_counts(stage->model, &counts);
		*stage->pipeline->leaked = counts.leaked;
	}
	model_judge(stage->model);
	count = model_verdicts(stage->model, &verdicts);
	if (stage->pipeline->worst)
		*stage->pipeline->worst = count ? verdicts[0].level : LEVEL_NONE;
}

int stage_close(struct stage *stage, struct error *err)
{
	bool report = stage->pipeline->report_fd != 0, whole;
	int ret, output_errno;

	judge(stage);
	if (stage->sink && stage_output_is_fine(stage)) {
		whole = end_output(stage);
		if (stage_output_is_fine(stage))
			say_what_is_missing(stage, whole);
	}
	if (stage_output_is_fine(stage))
		say_what_was_not_kept(stage);
	if (stage->sink)
		stage->sink->ops->free(stage->sink);
	if (stage->front)
		stage->front->close(stage->front->ctx, stage->output_errno ? NULL : stage->model);
	output_errno = stage->output_errno;
	outlet_free(stage->output);
	names_free(stage->names);
	ret = close_recorder(stage, err);
	anonymizer_free(stage->anonymizer);
	model_free(stage->model);
	*stage = (struct stage){ 0 };
	/* a reader that has gone is no failure, nor is a signal that ended the wait for it */
	if (!ret && output_errno == EBADF)
		ret = error_set(
			err, -EBADF,
			"standard output is closed or cannot be written to; >/dev/null wants "
			"none of it");
	else if (!ret && output_errno && output_errno != EPIPE && output_errno != EINTR)
		ret = error_set(err, -output_errno, "cannot write %s: %s",
				report ? "the report" : "standard output", strerror(output_errno));
	return ret;
}

void stage_abandon(struct stage *stage)
{
	struct error unused;

	/* whatever the sink would still say is of no use now */
	stage->output_errno = EPIPE;
	stage_close(stage, &unused);
}
