// SPDX-License-Identifier: GPL-2.0-or-later
/* Feeds what a reel holds, and ends intervals as they ended when it was live. */
#include "cmd/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "base/caps.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/confine.h"
#include "cmd/playback.h"
#include "sink/recordings.h"

/*
 * The time asked for is over, and all of it was traced if a recording that began within it
 * goes on: whatever happened last.
 */
static void pass_the_end(struct replay *replay)
{
	struct tw_record tick = {
		.size = sizeof(tick),
		.kind = TW_TICK,
		.ts_ns = replay->until_ns,
	};

	if (reel_goes_on(replay->reel, tick.ts_ns))
		stage_receive(&replay->stage, &tick);
}

/* Ends intervals of recorded time, as they ended when it was live. */
static bool pass_time(struct replay *replay, uint64_t now_ns)
{
	const struct options *options = replay->stage.pipeline->options;
	uint64_t ready_ns = model_ready_ns(replay->stage.model);

	if (!ready_ns)
		return true;
	if (!replay->interval_ends_ns) {
		replay->interval_ends_ns = ready_ns + options->interval_ns;
		if (options->for_ns)
			replay->until_ns = ready_ns + options->for_ns;
	}
	if (replay->until_ns && now_ns >= replay->until_ns) {
		pass_the_end(replay);
		return false;
	}
	if (now_ns < replay->interval_ends_ns)
		return true;
	/* what is left belongs to the last interval, where it is to be looked at */
	if (replay->end_ns && replay->end_ns < now_ns + options->interval_ns / 2)
		return true;
	replay->stage.nearly_over = replay->until_ns &&
				    replay->until_ns <
					    replay->interval_ends_ns + options->interval_ns / 2;
	/* a gap between recordings is one long interval, not thousands of empty ones */
	replay->interval_ends_ns +=
		((now_ns - replay->interval_ends_ns) / options->interval_ns + 1) *
		options->interval_ns;
	return stage_interval(&replay->stage);
}

static void look_ahead(struct replay *replay)
{
	const struct tw_record *record;

	while ((record = reel_ahead(replay->reel)))
		stage_expect(&replay->stage, record);
}

bool replay_feed(struct replay *replay, uint64_t ts_ns)
{
	const struct tw_record *record;
	uint64_t unknown;

	if (!pass_time(replay, ts_ns))
		return false;
	record = reel_record(replay->reel, &replay->stage.source);
	unknown = model_unknown(replay->stage.model);
	stage_receive(&replay->stage, record);
	replay->notes[reel_at(replay->reel)].unknown +=
		model_unknown(replay->stage.model) - unknown;
	reel_advance(replay->reel);
	look_ahead(replay);
	return true;
}

/* All of it, as fast as it goes. */
static int feed(struct replay *replay, struct error *err)
{
	uint64_t ts_ns;
	int ret;

	while ((ret = reel_next(replay->reel, &ts_ns, err)) > 0)
		if (!replay_feed(replay, ts_ns))
			return 0;
	return ret;
}

static struct filter filter_of(const struct tw_recording_head *head)
{
	return (struct filter){
		.kernel = head->filter,
		.service = head->service_filter[0] ? head->service_filter : NULL,
		.pid = head->pid_filter,
	};
}

static void say_what_is_missing(const struct recording_note *note)
{
	char number[TEXT_LEN];

	if (note->damage)
		log_msg(LOG_WARNING, "%s", note->damage);
	if (note->unknown)
		log_msg(LOG_WARNING,
			"'%.70s' has %s record%s of a kind that this version does not know: no figure "
			"counts %s, a newer twtrace does",
			note->path, text_count(note->unknown, number),
			note->unknown == 1 ? "" : "s", note->unknown == 1 ? "it" : "them");
}

/* What outputs say of the recordings, now that they have been read. */
static void note_recordings(struct replay *replay)
{
	for (size_t i = 0; i < reel_count(replay->reel); i++) {
		const struct reel_part part = reel_part(replay->reel, i);
		const struct tw_recording_head *head = recording_head(part.recording);

		replay->notes[i] = (struct recording_note){
			.path = recording_path(part.recording),
			.host = head->host,
			.kernel = head->kernel,
			.program = head->program,
			.damage = recording_damage(part.recording),
			.filter = filter_of(head),
			.evidence = head->evidence < NR_EVIDENCE ? head->evidence :
								   EVIDENCE_INFERRED,
			.from_ns = part.first_ns,
			.to_ns = part.last_ns,
			.left_out = part.left_out,
			.records = recording_records(part.recording),
			.unknown = replay->notes[i].unknown,
		};
		say_what_is_missing(&replay->notes[i]);
	}
}

static enum status finish(struct replay *replay, int ret, struct error *err)
{
	if (replay->reel)
		note_recordings(replay);
	if (ret)
		stage_abandon(&replay->stage);
	else
		ret = stage_close(&replay->stage, err);
	if (ret)
		log_msg(LOG_WARNING, "%s", err->text);
	reel_free(replay->reel);
	free(replay->notes);
	free(replay);
	return ret ? STATUS_FAILED : STATUS_OK;
}

/*
 * Which host it is of. And one made under a filter lacks what the kernel could turn down, and shows
 * what was meant only under the same filter; the audit has to know of it too.
 */
static void tell_heads(struct replay *replay)
{
	for (size_t i = 0; i < reel_count(replay->reel); i++) {
		const struct reel_part part = reel_part(replay->reel, i);
		const struct tw_recording_head *head = recording_head(part.recording);
		struct filter filter = filter_of(head);

		model_set_recorded_filter(replay->stage.model, part.source, &filter);
		model_set_host(replay->stage.model, part.source, head->host);
	}
}

static int open_stage(struct replay *replay, const struct pipeline *pipeline, struct error *err)
{
	struct origin origin = {
		.host = recording_head(reel_part(replay->reel, 0).recording)->host,
		.offset_ns = reel_offset_ns(replay->reel),
		.replay = true,
		.head = recording_head(reel_part(replay->reel, 0).recording),
		.recordings = replay->notes,
		.nr_recordings = reel_count(replay->reel),
	};
	int ret;

	caps_raise(CAPS_TO_WRITE);
	ret = stage_open(&replay->stage, pipeline, &origin, err);
	caps_lower();
	/* the copy was the only file to be made */
	if (!ret && pipeline->record_to)
		ret = caps_limit(NO_CAPS, err);
	if (!ret)
		ret = stage_start(&replay->stage, &origin, err);
	if (!ret)
		tell_heads(replay);
	return ret;
}

int replay_restart(struct replay *replay, struct error *err)
{
	if (reel_rewind(replay->reel, err))
		return err->code;
	if (stage_restart(&replay->stage, err))
		return err->code;
	replay->interval_ends_ns = 0;
	for (size_t i = 0; i < reel_count(replay->reel); i++)
		replay->notes[i].unknown = 0;
	tell_heads(replay);
	return 0;
}

/* A recording is of one boot and one filter. */
static int check_copy(const struct reel *reel, struct error *err)
{
	for (size_t i = 1; i < reel_count(reel); i++)
		if (reel_part(reel, i).source)
			return error_set(
				err, -EINVAL,
				"'%s' is of another boot, or was recorded under another filter, than "
				"the first one: copy it by itself",
				recording_path(reel_part(reel, i).recording));
	return 0;
}

static int run(struct replay *replay, const struct pipeline *pipeline, struct error *err)
{
	const struct options *options = pipeline->options;

	replay->notes = calloc(options->nr_inputs, sizeof(*replay->notes));
	if (!replay->notes)
		return error_set(err, -ENOMEM, "no memory");
	replay->reel = reel_open(options->inputs, options->input_fds, options->nr_inputs, err);
	if (replay->reel && pipeline->record_to && check_copy(replay->reel, err))
		return err->code;
	if (!replay->reel || open_stage(replay, pipeline, err))
		return err->code;
	return pipeline->pace ? playback(replay, pipeline->pace, err) : feed(replay, err);
}

enum status replay_run(const struct pipeline *pipeline)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	struct error err = { 0 };

	if (!replay) {
		log_msg(LOG_WARNING, "no memory");
		return STATUS_FAILED;
	}
	replay->stage.pipeline = pipeline;
	return finish(replay, run(replay, pipeline, &err), &err);
}
