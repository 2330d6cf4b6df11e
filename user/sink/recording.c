// SPDX-License-Identifier: GPL-2.0-or-later
/* Compresses records into a file with zstd, behind a queue: where the file is slow. */
#include "sink/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define LEVEL 3
#define OUTPUT_BYTES (128 * 1024)
/* Records that may wait: about a second of the busiest host. */
#define QUEUE_BYTES (32 << 20)

/* The file. Once the outlet is started, its thread's. */
struct packer {
	int fd;			/* owned, but for standard output */
	int failed;		/* the first -errno */
	bool dirty;		/* something waits to be flushed */
	bool headed;		/* the head is in the file */
	struct tw_recording_head head;
	ZSTD_CCtx *zstd;	/* owned */
	char output[OUTPUT_BYTES];
};

struct recorder {
	struct packer *packer;	/* owned by the outlet, if there is one */
	struct outlet *outlet;	/* owned */
	char *path;		/* owned */
	uint64_t missing;	/* events dropped */
	uint64_t untold;	/* of them, since the last TW_LOSS */
	uint64_t missing_ns;	/* when the last of them happened */
	bool broken;		/* of the dumps that go on not everything is there */
	bool dump_ended;
};

/* -------------------------------------------------------------------------------- the file */

static int write_all(struct packer *packer, const char *data, size_t len)
{
	while (len && !packer->failed) {
		ssize_t done = write(packer->fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			packer->failed = -errno;
		} else {
			data += done;
			len -= done;
		}
	}
	return packer->failed;
}

static int compress(struct packer *packer, const void *data, size_t len, ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = { data, len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { packer->output, OUTPUT_BYTES, 0 };

		left = ZSTD_compressStream2(packer->zstd, &out, &in, how);
		if (ZSTD_isError(left) && !packer->failed)
			packer->failed = -ENOMEM;
		if (packer->failed || write_all(packer, packer->output, out.pos))
			return packer->failed;
	} while (how == ZSTD_e_continue ? in.pos < in.size : left > 0);
	return 0;
}

static ssize_t pack(void *ctx, const char *bytes, size_t len)
{
	struct packer *packer = ctx;

	packer->dirty = true;
	/* not before: it may have to wait, and opening must not */
	if (!packer->headed && write_all(packer, (const char *)&packer->head, sizeof(packer->head)))
		return packer->failed;
	packer->headed = true;
	return compress(packer, bytes, len, ZSTD_e_continue) ? packer->failed : (ssize_t)len;
}

static int pack_end(void *ctx)
{
	struct packer *packer = ctx;

	if (!packer->dirty)
		return 0;
	packer->dirty = false;
	/* a frame of its own, with a checksum at its end */
	return compress(packer, NULL, 0, ZSTD_e_end);
}

/* A network file system reports a full disk only here. */
static int close_file(struct packer *packer)
{
	if (packer->fd > STDERR_FILENO && close(packer->fd) && !packer->failed)
		packer->failed = -errno;
	packer->fd = -1;
	return packer->failed;
}

static void packer_free(void *ctx)
{
	struct packer *packer = ctx;

	if (!packer)
		return;
	close_file(packer);
	ZSTD_freeCCtx(packer->zstd);
	free(packer);
}

static const struct outlet_ops packer_ops = {
	.write = pack,
	.flush = pack_end,
	.release = packer_free,
};

static int packer_open(struct packer *packer, const char *path,
		       const struct tw_recording_head *head, struct error *err)
{
	packer->zstd = ZSTD_createCCtx();
	if (!packer->zstd)
		return error_set(err, -ENOMEM, "no memory to record");
	ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_checksumFlag, 1);
	packer->fd = strcmp(path, "-") ?
			     open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640) :
			     STDOUT_FILENO;
	if (packer->fd < 0)
		return error_set(err, -errno, "cannot write '%s': %s", path, strerror(errno));
	packer->head = *head;
	return 0;
}

/* ---------------------------------------------------------------------------- the recorder */

struct recorder *recorder_open(const char *path, const struct tw_recording_head *head,
			       struct error *err)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	struct packer *packer = calloc(1, sizeof(*packer));

	if (!recorder || !packer)
		goto no_memory;
	packer->fd = -1;
	recorder->dump_ended = true;
	recorder->path = strdup(path);
	if (!recorder->path)
		goto no_memory;
	if (packer_open(packer, path, head, err))
		goto fail;
	recorder->packer = packer;
	recorder->outlet = outlet_new(&packer_ops, packer, QUEUE_BYTES);
	if (recorder->outlet)
		return recorder;
no_memory:
	error_set(err, -ENOMEM, "no memory to record");
fail:
	packer_free(packer);
	if (recorder)
		free(recorder->path);
	free(recorder);
	return NULL;
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

static uint64_t count_events(const struct tw_record *record)
{
	if (is_needed(record) || is_of_a_dump(record) || record->kind == TW_TICK)
		return 0;
	if (record->kind == TW_SPILLED)
		return ((const struct tw_spilled *)record)->count;
	return 1;
}

static void miss(struct recorder *recorder, const struct tw_record *record)
{
	uint64_t events = count_events(record);

	recorder->missing += events;
	recorder->untold += events;
	recorder->missing_ns = record->ts_ns;
}

static void put(struct recorder *recorder, const struct tw_record *record)
{
	struct outlet_tally tally = { .events = count_events(record) };

	outlet_put(recorder->outlet, record, record->size);
	if (!outlet_end_unit(recorder->outlet, tally))
		miss(recorder, record);
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

int recorder_write(struct recorder *recorder, const struct tw_record *record)
{
	bool room = outlet_has_room(recorder->outlet);

	if (recorder->untold && (room || record->kind == TW_END))
		tell_missing(recorder);
	if (is_of_a_dump(record) ? keeps_dump(recorder, record, room) : room || is_needed(record))
		put(recorder, record);
	else
		miss(recorder, record);
	return outlet_error(recorder->outlet);
}

int recorder_flush(struct recorder *recorder)
{
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
	ret = outlet_await(recorder->outlet) ? 0 : close_file(recorder->packer);
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
