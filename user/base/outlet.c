// SPDX-License-Identifier: GPL-2.0-or-later
/* The near side: units are made in a chunk, which goes to the writer when it is full. */
#include "base/outlet.h"

#include <assert.h>
#include <errno.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "base/chunk.h"
#include "base/outlet_writer.h"

#define STDIO_BYTES 16384	/* what a chunk has room for beyond CHUNK_BYTES */

struct outlet {
	struct writer *writer;	/* owned */
	size_t capacity;
	FILE *file;		/* owned; NULL: nobody has asked for it */
	struct chunk *filling;	/* owned; NULL: none */
	/* Of it, with what waits in the file: where the last unit ended. Less than CHUNK_BYTES,
	 * or all of it is in the chunk. */
	size_t whole;
	bool spoilt;		/* the unit being made does not fit into memory */
	bool full;
	bool wants_flush;	/* what is behind it, even when nothing is new */
};

struct outlet *outlet_new(const struct outlet_ops *ops, void *ctx, size_t capacity)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));

	if (!outlet)
		return NULL;
	outlet->capacity = capacity;
	outlet->wants_flush = ops->flush != NULL;
	outlet->writer = writer_new(ops, ctx);
	if (outlet->writer)
		return outlet;
	free(outlet);
	return NULL;
}

void outlet_free(struct outlet *outlet)
{
	if (!outlet)
		return;
	if (outlet->file) {
		__fpurge(outlet->file);
		fclose(outlet->file);
	}
	chunk_free(outlet->filling);
	writer_free(outlet->writer);
	free(outlet);
}

int outlet_start(struct outlet *outlet, struct error *err)
{
	/* the file goes on into the queue */
	if (outlet->file)
		fflush(outlet->file);
	return writer_start(outlet->writer, err);
}

static ssize_t put_bytes(void *cookie, const char *bytes, size_t len)
{
	outlet_put(cookie, bytes, len);
	/* what went wrong is known already, and said where it can be told */
	return (ssize_t)len;
}

FILE *outlet_file(struct outlet *outlet)
{
	static const cookie_io_functions_t functions = { .write = put_bytes };

	if (outlet->file)
		return outlet->file;
	outlet->file = fopencookie(outlet, "w", functions);
	if (!outlet->file)
		return NULL;
	setvbuf(outlet->file, NULL, _IOFBF, STDIO_BYTES);
	/* one thread has it: no lock for every character */
	__fsetlocking(outlet->file, FSETLOCKING_BYCALLER);
	return outlet->file;
}

/* The chunk to fill; NULL when there is no memory. */
static struct chunk *filling(struct outlet *outlet)
{
	if (!outlet->filling)
		outlet->filling = writer_new_chunk(outlet->writer);
	return outlet->filling;
}

void outlet_put(struct outlet *outlet, const void *bytes, size_t len)
{
	struct chunk *chunk;

	if (!writer_is_started(outlet->writer)) {
		writer_write(outlet->writer, bytes, len);
		return;
	}
	chunk = outlet->spoilt ? NULL : filling(outlet);
	if (!chunk) {
		outlet->spoilt = true;
		return;
	}
	if (!chunk_grow(chunk, len)) {
		/* units that have ended may come out of the file only now: for them there is room */
		len = outlet->whole > chunk->len ? outlet->whole - chunk->len : 0;
		outlet->spoilt = true;
	}
	memcpy(chunk->bytes + chunk->len, bytes, len);
	chunk->len += len;
}

/* Hands over the units that have ended. */
static void hand_over(struct outlet *outlet, bool flush)
{
	struct chunk *chunk;

	if (outlet->file)
		fflush(outlet->file);
	chunk = outlet->filling;
	assert(chunk && chunk->len == outlet->whole);
	chunk->flush = flush;
	outlet->filling = NULL;
	outlet->whole = 0;
	writer_push(outlet->writer, chunk);
}

/*
 * What there is of the unit being made is forgotten. Those before it go, so that the next one
 * has a chunk of its own.
 */
static void forget_unit(struct outlet *outlet)
{
	if (outlet->file)
		__fpurge(outlet->file);
	if (outlet->filling)
		outlet->filling->len = outlet->whole;
	outlet->spoilt = false;
	if (outlet->whole)
		hand_over(outlet, false);
}

/* Whether the unit's maker could not make it (base/stream.h): the file itself takes everything. */
static bool is_broken(struct outlet *outlet)
{
	bool broken = outlet->file && ferror(outlet->file);

	if (broken) {
		clearerr(outlet->file);
		/* units that have ended may wait in there with it */
		fflush(outlet->file);
	}
	return broken;
}

bool outlet_end_unit(struct outlet *outlet, struct outlet_tally tally)
{
	bool broken = is_broken(outlet);
	struct chunk *chunk;
	size_t end;

	/* some of it may have been written */
	if (broken && !writer_is_started(outlet->writer))
		writer_fail(outlet->writer, -ENOMEM);
	if (!writer_is_started(outlet->writer))
		return !broken;
	outlet->spoilt |= broken;
	chunk = outlet->spoilt ? NULL : filling(outlet);
	end = chunk ? chunk->len + (outlet->file ? __fpending(outlet->file) : 0) : 0;
	/* out of the file, and into the chunk, while it can still be dropped */
	if (end >= CHUNK_BYTES && outlet->file)
		fflush(outlet->file);
	if (!chunk || outlet->spoilt) {
		forget_unit(outlet);
		return false;
	}
	if (end == outlet->whole)
		return true;
	outlet->whole = end;
	chunk_end_unit(chunk, end, tally);
	if (end >= CHUNK_BYTES || chunk->nr_units == CHUNK_UNITS)
		hand_over(outlet, false);
	return true;
}

void outlet_flush(struct outlet *outlet)
{
	if (!writer_is_started(outlet->writer)) {
		if (outlet->file)
			fflush(outlet->file);
		writer_flush(outlet->writer);
		return;
	}
	/* without memory for it the next time will do */
	if (outlet->whole || (outlet->wants_flush && filling(outlet)))
		hand_over(outlet, outlet->wants_flush);
}

bool outlet_has_room(struct outlet *outlet)
{
	size_t left = outlet_left(outlet);

	if (left >= outlet->capacity)
		outlet->full = true;
	else if (left <= outlet->capacity / 2)
		outlet->full = false;
	return !outlet->full;
}

size_t outlet_left(struct outlet *outlet)
{
	return writer_left(outlet->writer) + outlet->whole;
}

struct outlet_tally outlet_left_tally(struct outlet *outlet)
{
	struct outlet_tally tally = writer_left_tally(outlet->writer);

	if (outlet->filling)
		chunk_tally(outlet->filling, 0, &tally);
	return tally;
}

struct outlet_tally outlet_discard(struct outlet *outlet)
{
	if (outlet->whole)
		hand_over(outlet, false);
	return writer_discard(outlet->writer);
}

int outlet_error(struct outlet *outlet)
{
	return writer_error(outlet->writer);
}

int outlet_fd(const struct outlet *outlet)
{
	return writer_fd(outlet->writer);
}

bool outlet_await(struct outlet *outlet)
{
	return writer_await(outlet->writer);
}
