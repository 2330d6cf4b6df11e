// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue in front of the file, and what is done when it, or the file, is full. */
#include "sink/recording.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sink/packer.h"

/* Records that may wait: about a second of the busiest host. */
#define QUEUE_BYTES (32 << 20)
/*
 * What must fit into a part, whatever came before: that it is ready with what has been lost and
 * left out up to there, what is lost afterwards, and that it has ended.
 */
#define RESERVE (3 * sizeof(struct tw_loss) + sizeof(struct tw_record) + sizeof(struct tw_end))
/* Nothing is flushed, to know what has become of it, for less: small blocks hardly compress. */
#define LEAST_FLUSHED (16 << 10)

struct recorder {
	struct packer *packer;	/* owned by the outlet, if there is one */
	struct outlet *outlet;	/* owned */
	char *path;		/* owned */
	uint64_t missing;	/* events dropped */
	uint64_t untold;	/* of them, since the last TW_LOSS */
	uint64_t missing_ns;	/* when the last of them happened */
	bool broken;		/* of the dumps that go on not everything is there */
	bool dump_ended;
	bool started;
	uint64_t max_bytes;	/* of a part; 0: it is the only one */
	uint32_t part;		/* the one that is written, or will be when the queue is empty */
	bool under_way;		/* its READY has been written */
	uint64_t put, records;	/* bytes of records since it began; with their number */
	uint32_t flushes;
	uint64_t flushed;	/* of put */
	struct packed known;	/* of the file, as of some time ago */
	uint64_t restated;	/* bytes that tell what was known, with those left out */
	struct recorder_left_out left_out;	/* of this part */
};

struct recorder *recorder_open(const char *path, const struct tw_recording_head *head,
			       const struct recorder_opts *opts, struct error *err)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	struct packer *packer = NULL;

	if (recorder)
		recorder->path = strdup(path);
	if (!recorder || !recorder->path) {
		error_set(err, -ENOMEM, "no memory to record");
		goto fail;
	}
	recorder->dump_ended = true;
	recorder->max_bytes = opts->max_bytes;
	recorder->known.part = recorder->part = head->part;
	packer = packer_new(path, head, opts, err);
	if (!packer)
		goto fail;
	recorder->packer = packer;
	recorder->outlet = outlet_new(&packer_ops, packer, QUEUE_BYTES);
	if (!recorder->outlet) {
		error_set(err, -ENOMEM, "no memory to record");
		goto fail;
	}
	/* it goes on making files after privileges have been dropped */
	if (!opts->max_bytes || !opts->threaded || !recorder_start(recorder, err))
		return recorder;
	packer = NULL;
	outlet_free(recorder->outlet);
fail:
	packer_free(packer);
	if (recorder)
		free(recorder->path);
	free(recorder);
	return NULL;
}

int recorder_start(struct recorder *recorder, struct error *err)
{
	int ret = recorder->started ? 0 : outlet_start(recorder->outlet, err);

	recorder->started = !ret;
	return ret;
}

struct outlet *recorder_outlet(struct recorder *recorder)
{
	return recorder->outlet;
}

/*
 * What has to be there even if nothing else is: names, losses, the end. They are few, and
 * go into a queue that is full already.
 */
static bool is_needed(const struct tw_record *record)
{
	switch (record->kind) {
	case TW_NETNS:
	case TW_NETNS_GONE:
	case TW_CGROUP:
	case TW_LOSS:
	case TW_READY:
	case TW_PAIRS:
	case TW_END:
	case TW_HOLDERS_END:
	case TW_TIER:
		return true;
	default:
		return false;
	}
}

static bool is_of_a_dump(const struct tw_record *record)
{
	return record->kind == TW_SOCKET || record->kind == TW_SNAPSHOT_BEGIN ||
	       record->kind == TW_SNAPSHOT_END;
}

/*
 * What there is when tracing begins. Up to READY it is no event; every part tells it anew, so that
 * what the first one has no room for may be left out.
 */
static bool is_of_the_start(const struct tw_record *record)
{
	return is_of_a_dump(record) || record->kind == TW_TIER || record->kind == TW_NETNS ||
	       record->kind == TW_CGROUP || record->kind == TW_HOLDER || record->kind == TW_FACTS;
}

static uint64_t count_events(const struct tw_record *record)
{
	if (is_needed(record) || is_of_a_dump(record) || record->kind == TW_TICK)
		return 0;
	if (record->kind == TW_SPILLED)
		return ((const struct tw_spilled *)record)->count;
	return 1;
}

/* A loss that finds no room is told with what is lost after it. */
static uint64_t count_lost(const struct tw_record *record)
{
	return record->kind == TW_LOSS ? ((const struct tw_loss *)record)->count :
					 count_events(record);
}

static void miss(struct recorder *recorder, const struct tw_record *record)
{
	recorder->missing += count_events(record);
	recorder->untold += count_lost(record);
	recorder->missing_ns = record->ts_ns;
}

/* ---------------------------------------------------------------------------- how much fits */

/* The most that the part can be with @more bytes of records, by what is known. */
static uint64_t most_known(const struct recorder *recorder, size_t more)
{
	const struct packed *known = &recorder->known;
	bool begun = known->part == recorder->part && known->bytes;
	uint64_t taken = begun ? known->taken : 0, len = recorder->put - taken + more + RESERVE;
	uint32_t flushes = recorder->flushes - (begun ? known->flushes : 0);

	return (begun ? known->bytes : sizeof(struct tw_recording_head)) +
	       packer_most(len, flushes);
}

/* Whether it stays within @limit; what is known is asked for only where it matters. */
static bool fits(struct recorder *recorder, size_t more, uint64_t limit)
{
	if (!recorder->max_bytes || most_known(recorder, more) <= limit)
		return true;
	packer_progress(recorder->packer, &recorder->known);
	return most_known(recorder, more) <= limit;
}

bool recorder_is_full(struct recorder *recorder, const struct tw_record *next)
{
	return recorder->under_way && !fits(recorder, next->size, recorder->max_bytes);
}

/* Until a part is under way it can't be followed by another one: what does not fit is left out. */
static bool has_room(struct recorder *recorder, const struct tw_record *record)
{
	bool last = record->kind == TW_READY || record->kind == TW_END;
	uint64_t max = recorder->max_bytes;

	return recorder->under_way || last ||
	       fits(recorder, record->size, is_of_the_start(record) ? max / 2 : max);
}

bool recorder_is_slow(struct recorder *recorder, const struct tw_record *next)
{
	const struct packed *known = &recorder->known;
	uint64_t taken;

	if (!outlet_has_room(recorder->outlet))
		return true;
	if (has_room(recorder, next))
		return false;
	/* compressed, what waits may be much less */
	taken = known->part == recorder->part ? known->taken : 0;
	if (recorder->put - taken < LEAST_FLUSHED)
		return false;
	if (recorder->flushed < recorder->put)
		recorder_flush(recorder);
	return true;
}

/* False: there was no memory for it. */
static bool put(struct recorder *recorder, const struct tw_record *record)
{
	struct outlet_tally tally = { .events = count_events(record) };

	recorder->put += record->size;
	recorder->records++;
	recorder->under_way |= record->kind == TW_READY;
	outlet_put(recorder->outlet, record, record->size);
	if (outlet_end_unit(recorder->outlet, tally))
		return true;
	miss(recorder, record);
	return false;
}

static void tell_missing(struct recorder *recorder)
{
	struct tw_loss loss = {
		.head = { .size = sizeof(loss),
			  .kind = TW_LOSS,
			  .from = TW_LOSS_OUTPUT_FULL,
			  .ts_ns = recorder->missing_ns },
		.count = recorder->untold,
	};

	recorder->untold = 0;
	put(recorder, &loss.head);
}

/* Who reads this part alone is to know; who has read the one before passes over it. */
static void tell_left_out(struct recorder *recorder, uint64_t ts_ns)
{
	struct tw_loss loss = {
		.head = { .size = sizeof(loss),
			  .kind = TW_LOSS,
			  .from = TW_LOSS_LEFT_OUT,
			  .ts_ns = ts_ns },
		.count = recorder->left_out.sockets,
	};

	if (loss.count)
		put(recorder, &loss.head);
}

/*
 * A socket that a dump does not list counts as gone: half a dump must not pass for a whole
 * one. Without its end it says nothing of what it does not list.
 */
static bool keeps_dump(struct recorder *recorder, const struct tw_record *record, bool room)
{
	if (record->kind == TW_SNAPSHOT_BEGIN && recorder->dump_ended)
		recorder->broken = false;
	recorder->dump_ended = record->kind == TW_SNAPSHOT_END;
	recorder->broken |= !room;
	return !recorder->broken;
}

static void leave_out(struct recorder *recorder, const struct tw_record *record)
{
	recorder->left_out.records++;
	recorder->left_out.sockets += record->kind == TW_SOCKET;
}

/* It does not fit into this part, which can't be followed by another one yet. */
static void refuse(struct recorder *recorder, const struct tw_record *record)
{
	leave_out(recorder, record);
	if (is_of_the_start(record))
		return;
	recorder->left_out.events += count_events(record);
	recorder->untold += count_lost(record);
	recorder->missing_ns = record->ts_ns;
}

int recorder_write(struct recorder *recorder, const struct tw_record *record)
{
	bool fitting = has_room(recorder, record);
	bool room = outlet_has_room(recorder->outlet) && fitting;

	if (!recorder->under_way && is_of_the_start(record))
		recorder->restated += record->size;
	if (!fitting)
		refuse(recorder, record);

	if (recorder->untold && (room || record->kind == TW_END))
		tell_missing(recorder);
	if (record->kind == TW_READY)
		tell_left_out(recorder, record->ts_ns);
	if (is_of_a_dump(record))
		recorder->broken = !keeps_dump(recorder, record, room) || !put(recorder, record);
	else if (room || (fitting && is_needed(record)))
		put(recorder, record);
	else if (fitting)
		miss(recorder, record);
	return outlet_error(recorder->outlet);
}

/* What it goes on with is told by recorder_restate(). */
int recorder_next(struct recorder *recorder, const struct tw_recording_head *head)
{
	struct packer_next next = {
		.record = { .size = sizeof(next), .kind = PACKER_NEXT },
		.head = *head,
	};
	struct tw_end end = {
		.head = { .size = sizeof(end), .kind = TW_END, .ts_ns = head->monotonic_ns },
		.records = recorder->records,
	};

	if (recorder->untold)
		tell_missing(recorder);
	put(recorder, &end.head);
	put(recorder, &next.record);
	recorder->put = recorder->records = recorder->flushed = recorder->flushes = 0;
	recorder->part = head->part;
	recorder->under_way = false;
	recorder->restated = 0;
	recorder->left_out = (struct recorder_left_out){ 0 };
	return outlet_error(recorder->outlet);
}

void recorder_restate(struct recorder *recorder, const struct tw_record *record)
{
	bool last = record->kind == TW_READY;

	recorder->restated += record->size;
	if (last)
		tell_left_out(recorder, record->ts_ns);
	if (last || fits(recorder, record->size, recorder->max_bytes / 2)) {
		put(recorder, record);
		return;
	}
	leave_out(recorder, record);
}

struct recorder_left_out recorder_left_out(const struct recorder *recorder)
{
	struct recorder_left_out left_out = recorder->left_out;
	uint64_t most = sizeof(struct tw_recording_head) +
			packer_most(recorder->restated + RESERVE, recorder->flushes);

	left_out.max_bytes = recorder->max_bytes;
	while (left_out.records && left_out.max_bytes / 2 < most)
		left_out.max_bytes *= 2;
	return left_out;
}

int recorder_flush(struct recorder *recorder)
{
	recorder->flushes++;
	recorder->flushed = recorder->put;
	outlet_flush(recorder->outlet);
	return outlet_error(recorder->outlet);
}

uint64_t recorder_missing(struct recorder *recorder)
{
	return recorder->missing + outlet_left_tally(recorder->outlet).events;
}

int recorder_close(struct recorder *recorder, struct error *err)
{
	int ret;

	if (!recorder)
		return 0;
	/* where its thread is still at it, the file is closed when that returns, or never */
	ret = outlet_await(recorder->outlet) ? 0 : packer_close(recorder->packer);
	/* standard output's reader has gone: that ends any command quietly */
	if (ret == -EPIPE && !strcmp(recorder->path, "-"))
		ret = 0;
	if (ret)
		error_set(err, ret, "cannot write '%s': %s; it is readable up to there",
			  recorder->path, strerror(-ret));
	outlet_free(recorder->outlet);
	free(recorder->path);
	free(recorder);
	return ret;
}
