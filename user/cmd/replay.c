// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds recordings in order of wall time. Recordings of one boot under one filter
 * continue each other; any other gets a number of its own, so that its sockets and
 * its filter stay apart, and all are moved to one common clock.
 */
#include "cmd/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cmd/stage.h"
#include "sink/recordings.h"
#include "source/recording.h"

struct input {
	struct recording *recording;	/* owned */
	const struct tw_record *next;	/* NULL: at its end */
	int64_t shift_ns;		/* to the common clock */
	unsigned int source;
	size_t first;			/* the input that is the first one of its source */
	uint64_t first_ns, last_ns;	/* shifted */
	const struct input *before;	/* the part before; NULL: it is not there */
	bool passed;			/* what it begins with was known from the part before */
};

struct replay {
	struct input *inputs;		/* owned */
	struct recording_note *notes;	/* owned: what is told of each input */
	size_t count;
	unsigned int nr_sources;
	struct stage stage;
	uint64_t interval_ends_ns, until_ns;
	_Alignas(8) char moved[65536];	/* a record on the common clock */
};

static int64_t offset_of(const struct recording *recording)
{
	const struct tw_recording_head *head = recording_head(recording);

	return (int64_t)(head->realtime_ns - head->monotonic_ns);
}

static uint64_t next_ns(const struct input *input)
{
	return input->next->ts_ns + input->shift_ns;
}

/* Of the same boot, and of the same connections: one goes on where the other stopped. */
static bool is_continuation(const struct recording *first, const struct recording *second)
{
	const struct tw_recording_head *one = recording_head(first), *two = recording_head(second);

	return !strcmp(one->boot_id, two->boot_id) && one->pid_filter == two->pid_filter &&
	       !strcmp(one->service_filter, two->service_filter) &&
	       !memcmp(&one->filter, &two->filter, sizeof(one->filter));
}

/* Whether @second begins with what was known at the end of @first: parts of one run. */
static bool is_next_part(const struct recording *first, const struct recording *second)
{
	const struct tw_recording_head *one = recording_head(first), *two = recording_head(second);

	return one->run_ns && one->run_ns == two->run_ns && one->part + 1 == two->part &&
	       is_continuation(first, second);
}

/* Which part is before which, among those to be read. */
static void link_parts(struct replay *replay)
{
	for (size_t i = 0; i < replay->count; i++)
		for (size_t j = 0; j < replay->count; j++)
			if (is_next_part(replay->inputs[j].recording, replay->inputs[i].recording))
				replay->inputs[i].before = &replay->inputs[j];
}

static int open_input(struct replay *replay, const char *path, struct error *err)
{
	struct input *input = &replay->inputs[replay->count];
	input->recording = recording_open(path, err);
	if (!input->recording)
		return err->code;
	input->first = replay->count;
	for (size_t i = 0; i < replay->count && input->first == replay->count; i++)
		if (is_continuation(replay->inputs[i].recording, input->recording))
			input->first = i;
	input->source = input->first == replay->count ? replay->nr_sources++ :
							replay->inputs[input->first].source;
	if (replay->nr_sources > MODEL_MAX_SOURCES) {
		recording_free(input->recording);
		return error_set(err, -E2BIG, "'%s': of more than %d boots or filters", path,
				 MODEL_MAX_SOURCES);
	}
	input->next = recording_next(input->recording);
	replay->count++;
	return 0;
}

/*
 * Everything goes onto the clock of the host that booted first, so that no time
 * falls before its zero. Recordings of one boot keep one clock, though their heads
 * may tell a wall clock that was set meanwhile. Returns that clock's offset.
 */
static int64_t align_clocks(struct replay *replay)
{
	int64_t least = offset_of(replay->inputs[0].recording);

	for (size_t i = 0; i < replay->count; i++)
		if (offset_of(replay->inputs[i].recording) < least)
			least = offset_of(replay->inputs[i].recording);
	for (size_t i = 0; i < replay->count; i++) {
		struct input *input = &replay->inputs[i];

		input->shift_ns = offset_of(replay->inputs[input->first].recording) - least;
	}
	return least;
}

/*
 * A part waits for the one before it: what that has last may have happened before what was known
 * is told again. It knew all of it, unless it was cut.
 */
static bool is_to_wait(struct input *input)
{
	const struct input *before = input->first_ns ? NULL : input->before;

	if (!before || before->next)
		return before != NULL;
	while (!input->passed && input->next && !recording_damage(before->recording)) {
		input->passed = input->next->kind == TW_READY;
		input->next = recording_next(input->recording);
	}
	return false;
}

static struct input *earliest(struct replay *replay)
{
	struct input *found = NULL;

	for (size_t i = 0; i < replay->count; i++) {
		struct input *input = &replay->inputs[i];

		if (input->next && !is_to_wait(input) && input->next &&
		    (!found || next_ns(input) < next_ns(found)))
			found = input;
	}
	return found;
}

/* The same events twice would be counted twice. */
static int check_overlap(const struct replay *replay, const struct input *now, struct error *err)
{
	for (size_t i = 0; i < replay->count; i++) {
		const struct input *other = &replay->inputs[i];

		if (other != now && other->source == now->source && other->first_ns && other->next)
			return error_set(
				err, -EINVAL,
				"'%s' and '%s' cover the same time of the same boot: their "
				"events would count twice",
				recording_path(other->recording), recording_path(now->recording));
	}
	return 0;
}

static void shift_transition(struct tw_transition *record, int64_t shift_ns)
{
	if (record->born_ns)
		record->born_ns += shift_ns;
	if (record->head.from == TW_SYN_SENT && record->head.to == TW_ESTABLISHED && record->syn_ns)
		record->syn_ns += shift_ns;
}

static const struct tw_record *shifted(struct replay *replay, const struct input *input)
{
	struct tw_record *record = (struct tw_record *)replay->moved;

	if (!input->shift_ns)
		return input->next;
	memcpy(replay->moved, input->next, input->next->size);
	record->ts_ns += input->shift_ns;
	if (record->kind == TW_TRANSITION && record->size >= TW_TRANSITION_FULL)
		shift_transition((struct tw_transition *)record, input->shift_ns);
	if (record->kind == TW_HOLDER && record->size >= sizeof(struct tw_holder))
		((struct tw_holder *)record)->started_ns += input->shift_ns;
	return record;
}

/*
 * The time asked for is over, and all of it was traced if a recording that began within it
 * goes on: whatever happened last.
 */
static void pass_the_end(struct replay *replay)
{
	const struct input *input = replay->inputs, *last = input + replay->count;
	struct tw_record tick = {
		.size = sizeof(tick),
		.kind = TW_TICK,
		.ts_ns = replay->until_ns,
	};

	while (input < last && !(input->next && input->first_ns && input->first_ns < tick.ts_ns))
		input++;
	if (input < last)
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
	replay->stage.nearly_over = replay->until_ns &&
				    replay->until_ns <
					    replay->interval_ends_ns + options->interval_ns / 2;
	/* a gap between recordings is one long interval, not thousands of empty ones */
	replay->interval_ends_ns +=
		((now_ns - replay->interval_ends_ns) / options->interval_ns + 1) *
		options->interval_ns;
	return stage_interval(&replay->stage);
}

static void look_ahead(struct replay *replay, const struct input *input)
{
	const struct tw_record *record;

	while ((record = recording_ahead(input->recording)))
		stage_expect(&replay->stage, record);
}

static int feed(struct replay *replay, struct error *err)
{
	struct input *input;

	while ((input = earliest(replay))) {
		uint64_t now_ns = next_ns(input);

		if (!input->first_ns) {
			input->first_ns = now_ns;
			if (check_overlap(replay, input, err))
				return err->code;
		}
		if (!pass_time(replay, now_ns))
			return 0;
		replay->stage.source = input->source;
		stage_receive(&replay->stage, shifted(replay, input));
		input->last_ns = now_ns;
		input->next = recording_next(input->recording);
		look_ahead(replay, input);
	}
	return 0;
}

static struct filter filter_of(const struct input *input)
{
	const struct tw_recording_head *head = recording_head(input->recording);

	return (struct filter){
		.kernel = head->filter,
		.service = head->service_filter[0] ? head->service_filter : NULL,
		.pid = head->pid_filter,
	};
}

/* What outputs say of the recordings, now that they have been read. */
static void note_recordings(struct replay *replay)
{
	for (size_t i = 0; i < replay->count; i++) {
		const struct input *input = &replay->inputs[i];
		const struct tw_recording_head *head = recording_head(input->recording);

		replay->notes[i] = (struct recording_note){
			.path = recording_path(input->recording),
			.host = head->host,
			.kernel = head->kernel,
			.program = head->program,
			.damage = recording_damage(input->recording),
			.filter = filter_of(input),
			.evidence = head->evidence < NR_EVIDENCE ? head->evidence :
								   EVIDENCE_INFERRED,
			.from_ns = input->first_ns,
			.to_ns = input->last_ns,
			.records = recording_records(input->recording),
		};
	}
}

static enum status finish(struct replay *replay, int ret, struct error *err)
{
	note_recordings(replay);
	for (size_t i = 0; i < replay->count; i++)
		if (recording_damage(replay->inputs[i].recording))
			log_msg(LOG_WARNING, "%s", recording_damage(replay->inputs[i].recording));
	if (ret)
		stage_abandon(&replay->stage);
	else
		ret = stage_close(&replay->stage, err);
	if (ret)
		log_msg(LOG_WARNING, "%s", err->text);
	for (size_t i = 0; i < replay->count; i++)
		recording_free(replay->inputs[i].recording);
	free(replay->inputs);
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
	for (size_t i = 0; i < replay->count; i++) {
		const struct input *input = &replay->inputs[i];
		struct filter filter = filter_of(input);

		model_set_recorded_filter(replay->stage.model, input->source, &filter);
		model_set_host(replay->stage.model, input->source,
			       recording_head(input->recording)->host);
	}
}

static int open_stage(struct replay *replay, const struct pipeline *pipeline, struct error *err)
{
	struct origin origin = {
		.host = recording_head(replay->inputs[0].recording)->host,
		.offset_ns = align_clocks(replay),
		.replay = true,
		.recordings = replay->notes,
		.nr_recordings = replay->count,
	};

	if (stage_open(&replay->stage, pipeline, &origin, err))
		return err->code;
	return stage_start(&replay->stage, &origin, err);
}

enum status replay_run(const struct pipeline *pipeline)
{
	const struct options *options = pipeline->options;
	struct replay *replay = calloc(1, sizeof(*replay));
	struct error err = { 0 };
	int ret = 0;

	if (replay) {
		replay->inputs = calloc(options->nr_inputs, sizeof(*replay->inputs));
		replay->notes = calloc(options->nr_inputs, sizeof(*replay->notes));
	}
	if (!replay || !replay->inputs || !replay->notes) {
		if (replay) {
			free(replay->inputs);
			free(replay->notes);
		}
		free(replay);
		log_msg(LOG_WARNING, "no memory");
		return STATUS_FAILED;
	}
	replay->stage.pipeline = pipeline;
	for (uint32_t i = 0; !ret && i < options->nr_inputs; i++)
		ret = open_input(replay, options->inputs[i], &err);
	link_parts(replay);
	if (!ret)
		ret = open_stage(replay, pipeline, &err);
	if (!ret) {
		tell_heads(replay);
		ret = feed(replay, &err);
	}
	return finish(replay, ret, &err);
}
