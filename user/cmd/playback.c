// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loop: what is due is fed, in slices between which keys are taken; then the next record is
 * waited for. Where the recording ends is found out by a second reader, in pauses.
 */
#include "cmd/playback.h"

#include "cmd/front.h"
#include "cmd/signals.h"
#include "source/live.h"

/* So long nobody's key has to wait. */
#define SLICE_NS 10000000ULL
/* So many records between two looks at the clock. */
#define SLICE_RECORDS 256
/* Recordings have something to tell every second: where they do not, they were not made. */
#define GAP_NS 10000000000ULL

enum fed { FED_ALL, FED_SLICE, FED_TO_END };

struct playback {
	struct replay *replay;
	struct pace *pace;
	struct reel *scout;	/* owned; NULL: the end is known */
	uint64_t fed_ns;	/* the time of the last record that was fed */
	uint64_t next_ns;	/* of the one that is not due yet */
	bool began;		/* the first moment has been shown */
	bool ended;
};

static void show(const struct playback *playback)
{
	const struct front *front = playback->replay->stage.front;

	front->interval(front->ctx, playback->replay->stage.model);
}

/* Once, and anew after a seek back: what was there at ready is there at once. */
static void begin_if_ready(struct playback *playback)
{
	const struct stage *stage = &playback->replay->stage;
	uint64_t ready_ns = model_ready_ns(stage->model);

	if (playback->began || !ready_ns)
		return;
	playback->began = true;
	pace_begin(playback->pace, ready_ns, live_now_ns());
	if (!playback->pace->seeking)
		stage->front->ready(stage->front->ctx, stage->model);
}

/*
 * A moment that is sought is shown with the whole interval that it lies in, since rates are those
 * of the running one: they would tell nothing right after one has begun.
 */
static bool is_due(const struct playback *playback, uint64_t due_ns)
{
	if (!playback->began || playback->next_ns <= due_ns)
		return true;
	return playback->pace->seeking && playback->next_ns < playback->replay->interval_ends_ns;
}

/* Negative: see @err. */
static int feed_due(struct playback *playback, struct error *err)
{
	uint64_t begin_ns = live_now_ns(), due_ns = pace_due_ns(playback->pace, begin_ns);
	unsigned int count = 0;
	int ret;

	while ((ret = reel_next(playback->replay->reel, &playback->next_ns, err)) > 0) {
		if (!is_due(playback, due_ns))
			return FED_ALL;
		if (!replay_feed(playback->replay, playback->next_ns))
			return FED_TO_END;
		playback->fed_ns = playback->next_ns;
		begin_if_ready(playback);
		if (++count % SLICE_RECORDS == 0 && live_now_ns() - begin_ns > SLICE_NS)
			return FED_SLICE;
	}
	return ret < 0 ? ret : FED_TO_END;
}

static int seek_back(struct playback *playback, struct error *err)
{
	playback->began = false;
	playback->ended = false;
	playback->fed_ns = 0;
	playback->pace->back = false;
	return replay_restart(playback->replay, err);
}

/* What was sought is there. */
static void arrive(struct playback *playback, uint64_t at_ns)
{
	pace_arrive(playback->pace, at_ns, live_now_ns());
	show(playback);
}

static void stand_still(struct playback *playback)
{
	struct pace *pace = playback->pace;
	bool news = !playback->ended || pace->seeking || !pace->paused;

	playback->ended = true;
	pace->paused = true;
	if (pace->to_ns < playback->fed_ns)
		pace->to_ns = playback->fed_ns;
	if (news)
		arrive(playback, playback->fed_ns);
}

static void skip_gap(struct playback *playback)
{
	struct pace *pace = playback->pace;
	uint64_t now_ns = live_now_ns(), due_ns = pace_due_ns(pace, now_ns);

	if (!pace->paused && playback->next_ns > due_ns + GAP_NS)
		pace_arrive(pace, playback->next_ns, now_ns);
}

/* A slice of the way to the end. */
static void look_for_end(struct playback *playback)
{
	uint64_t begin_ns = live_now_ns(), ts_ns;
	struct error unused;
	int ret = 1;

	for (unsigned int count = 1; ret > 0; count++) {
		ret = reel_next(playback->scout, &ts_ns, &unused);
		if (ret > 0) {
			reel_advance(playback->scout);
			playback->pace->to_ns = ts_ns;
		}
		if (count % SLICE_RECORDS == 0 && live_now_ns() - begin_ns > SLICE_NS)
			return;
	}
	playback->replay->end_ns = playback->pace->to_ns;
	reel_free(playback->scout);
	playback->scout = NULL;
}

/* How long there is nothing to do but for keys; -1: as long as nobody presses any. */
static int patience_ms(const struct playback *playback, enum fed fed)
{
	uint64_t due_ns, now_ns = live_now_ns();

	if (playback->scout || fed == FED_SLICE || playback->pace->seeking)
		return 0;
	if (fed == FED_TO_END)
		return -1;
	due_ns = pace_wall_ns(playback->pace, playback->next_ns);
	if (due_ns == UINT64_MAX)
		return -1;
	if (due_ns <= now_ns)
		return 0;
	return due_ns - now_ns > 60000000000ULL ? 60000 : (int)((due_ns - now_ns) / 1000000) + 1;
}

/* A step, and what keys there are. False: it is over; with @err if that is set. */
static bool step(struct playback *playback, struct error *err)
{
	const struct front *front = playback->replay->stage.front;
	struct pace *pace = playback->pace;
	int fed;

	if (pace->back && seek_back(playback, err))
		return false;
	fed = feed_due(playback, err);
	if (fed < 0)
		return false;
	if (fed == FED_TO_END)
		stand_still(playback);
	else if (fed == FED_ALL && pace->seeking)
		arrive(playback, playback->fed_ns);
	else if (fed == FED_ALL)
		skip_gap(playback);
	if (playback->scout && !pace->seeking)
		look_for_end(playback);
	if (signals_wait(front->fd(front->ctx), patience_ms(playback, fed), false) > 0 &&
	    !front->attend(front->ctx, playback->replay->stage.model))
		return false;
	return !signals_came();
}

int playback(struct replay *replay, struct pace *pace, struct error *err)
{
	const struct options *options = replay->stage.pipeline->options;
	struct playback playback = { .replay = replay, .pace = pace };

	signals_catch();
	playback.scout = reel_open(options->inputs, options->input_fds, options->nr_inputs, err);
	if (!playback.scout)
		return err->code;
	while (step(&playback, err))
		continue;
	reel_free(playback.scout);
	return err->code;
}
