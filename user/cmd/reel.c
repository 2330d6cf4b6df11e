// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Recordings of one boot under one filter continue each other; any other gets a number of its
 * own, so that its sockets and its filter stay apart, and all are moved to one common clock.
 */
#include "cmd/reel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

struct input {
	struct recording *recording;	/* owned */
	const struct tw_record *next;	/* NULL: at its end */
	int64_t shift_ns;		/* to the common clock */
	unsigned int source;
	size_t first;			/* the input that is the first one of its source */
	uint64_t first_ns, last_ns;	/* shifted; 0: not come to yet */
	const struct input *before;	/* the part before; NULL: it is not there */
	uint64_t left_out;		/* sockets that it lacks from its beginning */
	bool passed;			/* what it begins with was known from the part before */
};

struct reel {
	struct input *inputs;		/* owned */
	size_t count;
	unsigned int nr_sources;
	int64_t offset_ns;
	struct input *now;		/* whose record is next, or was the last one */
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
static void link_parts(struct reel *reel)
{
	for (size_t i = 0; i < reel->count; i++)
		for (size_t j = 0; j < reel->count; j++)
			if (is_next_part(reel->inputs[j].recording, reel->inputs[i].recording))
				reel->inputs[i].before = &reel->inputs[j];
}

static int open_input(struct reel *reel, const char *path, int fd, struct error *err)
{
	struct input *input = &reel->inputs[reel->count];

	input->recording = recording_read(path, fd, err);
	if (!input->recording)
		return err->code;
	input->first = reel->count;
	for (size_t i = 0; i < reel->count && input->first == reel->count; i++)
		if (is_continuation(reel->inputs[i].recording, input->recording))
			input->first = i;
	input->source = input->first == reel->count ? reel->nr_sources++ :
						      reel->inputs[input->first].source;
	if (reel->nr_sources > MODEL_MAX_SOURCES) {
		recording_free(input->recording);
		return error_set(err, -E2BIG, "'%s': of more than %d boots or filters", path,
				 MODEL_MAX_SOURCES);
	}
	input->next = recording_next(input->recording);
	reel->count++;
	return 0;
}

/*
 * Everything goes onto the clock of the host that booted first, so that no time
 * falls before its zero. Recordings of one boot keep one clock, though their heads
 * may tell a wall clock that was set meanwhile. Returns that clock's offset.
 */
static int64_t align_clocks(struct reel *reel)
{
	int64_t least = offset_of(reel->inputs[0].recording);

	for (size_t i = 0; i < reel->count; i++)
		if (offset_of(reel->inputs[i].recording) < least)
			least = offset_of(reel->inputs[i].recording);
	for (size_t i = 0; i < reel->count; i++) {
		struct input *input = &reel->inputs[i];

		input->shift_ns = offset_of(reel->inputs[input->first].recording) - least;
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

static struct input *earliest(struct reel *reel)
{
	struct input *found = NULL;

	for (size_t i = 0; i < reel->count; i++) {
		struct input *input = &reel->inputs[i];

		if (input->next && !is_to_wait(input) && input->next &&
		    (!found || next_ns(input) < next_ns(found)))
			found = input;
	}
	return found;
}

/* The same events twice would be counted twice. */
static int check_overlap(const struct reel *reel, const struct input *now, struct error *err)
{
	for (size_t i = 0; i < reel->count; i++) {
		const struct input *other = &reel->inputs[i];

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

/* One of the turns may as well be one before the common clock's zero: they are all alike. */
static void shift_wheel(struct tw_tier *record, int64_t shift_ns)
{
	uint64_t granule_ns = record->wheel_granule_ns, by_ns = shift_ns;

	if (!granule_ns || record->wheel_phase_ns >= granule_ns)
		return;
	if (shift_ns < 0)
		by_ns = -by_ns;
	by_ns %= granule_ns;
	record->wheel_phase_ns =
		(record->wheel_phase_ns + (shift_ns < 0 ? granule_ns - by_ns : by_ns)) % granule_ns;
}

static const struct tw_record *shifted(struct reel *reel, const struct input *input)
{
	struct tw_record *record = (struct tw_record *)reel->moved;

	if (!input->shift_ns)
		return input->next;
	memcpy(reel->moved, input->next, input->next->size);
	record->ts_ns += input->shift_ns;
	if (record->kind == TW_TRANSITION && record->size >= TW_TRANSITION_FULL)
		shift_transition((struct tw_transition *)record, input->shift_ns);
	if (record->kind == TW_TIER && record->size >= sizeof(struct tw_tier))
		shift_wheel((struct tw_tier *)record, input->shift_ns);
	if (record->kind == TW_HOLDER && record->size >= sizeof(struct tw_holder))
		((struct tw_holder *)record)->started_ns += input->shift_ns;
	return record;
}

struct reel *reel_open(const char *const *paths, const int *fds, uint32_t count, struct error *err)
{
	struct reel *reel = calloc(1, sizeof(*reel));

	if (reel)
		reel->inputs = calloc(count, sizeof(*reel->inputs));
	if (!reel || !reel->inputs) {
		error_set(err, -ENOMEM, "no memory");
		free(reel);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		if (open_input(reel, paths[i], fds[i], err)) {
			reel_free(reel);
			return NULL;
		}
	link_parts(reel);
	reel->offset_ns = align_clocks(reel);
	return reel;
}

void reel_free(struct reel *reel)
{
	if (!reel)
		return;
	for (size_t i = 0; i < reel->count; i++)
		recording_free(reel->inputs[i].recording);
	free(reel->inputs);
	free(reel);
}

int reel_rewind(struct reel *reel, struct error *err)
{
	for (size_t i = 0; i < reel->count; i++) {
		struct input *input = &reel->inputs[i];

		if (recording_rewind(input->recording, err))
			return err->code;
		input->next = recording_next(input->recording);
		input->first_ns = 0;
		input->last_ns = 0;
		input->left_out = 0;
		input->passed = false;
	}
	return 0;
}

int64_t reel_offset_ns(const struct reel *reel)
{
	return reel->offset_ns;
}

size_t reel_count(const struct reel *reel)
{
	return reel->count;
}

struct reel_part reel_part(const struct reel *reel, size_t at)
{
	const struct input *input = &reel->inputs[at];

	return (struct reel_part){
		.recording = input->recording,
		.source = input->source,
		.first_ns = input->first_ns,
		.last_ns = input->last_ns,
		.left_out = input->left_out,
	};
}

int reel_next(struct reel *reel, uint64_t *ts_ns, struct error *err)
{
	struct input *input = earliest(reel);

	if (!input)
		return 0;
	reel->now = input;
	*ts_ns = next_ns(input);
	if (input->first_ns)
		return 1;
	input->first_ns = *ts_ns;
	return check_overlap(reel, input, err) ? err->code : 1;
}

const struct tw_record *reel_record(struct reel *reel, unsigned int *source)
{
	*source = reel->now->source;
	return shifted(reel, reel->now);
}

size_t reel_at(const struct reel *reel)
{
	return reel->now - reel->inputs;
}

void reel_advance(struct reel *reel)
{
	struct input *input = reel->now;

	input->last_ns = next_ns(input);
	if (input->next->kind == TW_LOSS && input->next->from == TW_LOSS_LEFT_OUT &&
	    input->next->size >= sizeof(struct tw_loss))
		input->left_out += ((const struct tw_loss *)input->next)->count;
	input->next = recording_next(input->recording);
}

const struct tw_record *reel_ahead(const struct reel *reel)
{
	return recording_ahead(reel->now->recording);
}

bool reel_goes_on(const struct reel *reel, uint64_t ts_ns)
{
	for (size_t i = 0; i < reel->count; i++) {
		const struct input *input = &reel->inputs[i];

		if (input->next && input->first_ns && input->first_ns < ts_ns)
			return true;
	}
	return false;
}
