// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One ring of text for all streams: an event is written once, whoever is told of it. Of more
 * than so many events a moment the rest is only counted, as nobody reads so fast: the host pays
 * for what is written, and tracing has its thread.
 */
#include "cmd/serve_events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"
#include "serve/query.h"
#include "serve/ring.h"

#define RING_BYTES (1 << 20)
#define MOMENT_NS 100000000ULL
#define MOST_A_MOMENT 1000

_Static_assert((int)NR_EVENT_KINDS <= RING_KINDS, "the ring tells all kinds apart");

struct events {
	struct ring *ring;	/* owned */
	struct sink *sink;	/* owned: writes into text */
	FILE *out;		/* owned */
	char *text;		/* out's */
	size_t len;
	uint64_t moment_ns;	/* when it began, in the time of events */
	unsigned int written;	/* in this moment */
	uint64_t now_ns;	/* of the last event */
};

struct stream {
	struct events *events;
	struct ring_place place;
	uint32_t kinds;
	char *pending;		/* owned: what has been begun */
	size_t len, at, room;
};

/* ------------------------------------------------------------------------------- writing */

struct events *events_new(const struct sink_opts *opts)
{
	struct events *events = calloc(1, sizeof(*events));
	struct sink_opts own = *opts;

	if (!events)
		return NULL;
	own.kinds = 0;
	events->ring = ring_new(RING_BYTES);
	own.out = events->out = stream_memory(&events->text, &events->len);
	if (events->out)
		events->sink = trace_jsonl_sink.open(&trace_jsonl_sink, &own);
	if (events->ring && events->sink)
		return events;
	events_free(events);
	return NULL;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	if (events->sink)
		events->sink->ops->free(events->sink);
	if (events->out)
		fclose(events->out);
	free(events->text);
	ring_free(events->ring);
	free(events);
}

void events_clock(struct events *events, int64_t offset_ns)
{
	events->sink->opts.realtime_offset_ns = offset_ns;
}

/* The line of `trace -o jsonl`, in events->text; its length. 0: no memory. */
static size_t write_event(struct events *events, const struct model_event *event)
{
	rewind(events->out);
	events->sink->ops->event(events->sink, event);
	if (fflush(events->out) || ferror(events->out)) {
		clearerr(events->out);
		return 0;
	}
	return (size_t)ftell(events->out);
}

/* Whether one more may be written in this moment. */
static bool has_time(struct events *events, uint64_t ts_ns)
{
	/* what is learned of late is of an earlier moment, and begins none */
	if (ts_ns >= events->moment_ns + MOMENT_NS) {
		events->moment_ns = ts_ns;
		events->written = 0;
	}
	return events->written++ < MOST_A_MOMENT;
}

void events_take(struct serve *serve, const struct model_event *event)
{
	struct events *events = serve->events;
	size_t len = 0;

	if (!serve->http || !http_streams(serve->http))
		return;
	events->now_ns = event->ts_ns;
	if (has_time(events, event->ts_ns))
		len = write_event(events, event);
	if (len)
		ring_put(events->ring, event->kind, events->text, len);
	else
		ring_put_missing(events->ring, event->kind, 1);
	http_wake(serve->http);
}

/* ------------------------------------------------------------------------------- reading */

/* "event: KIND", "data: LINE": what is sent next. */
static void prepare(struct stream *stream, const char *kind, const char *line, size_t len)
{
	size_t size = len + strlen(kind) + 32;

	stream->len = stream->at = 0;
	if (size > stream->room) {
		free(stream->pending);
		stream->pending = malloc(size);
		stream->room = stream->pending ? size : 0;
	}
	if (stream->pending)
		stream->len = (size_t)snprintf(stream->pending, stream->room,
					       "event: %s\ndata: %.*s\n", kind, (int)len, line);
}

/* In the place of events that a client was too slow for, or nobody had time to write. */
static void prepare_loss(struct stream *stream, uint64_t missed)
{
	struct model_event loss = {
		.kind = EVENT_LOSS,
		.ts_ns = stream->events->now_ns,
		.cause = TW_LOSS_OUTPUT_FULL,
		.count = missed,
	};
	size_t len = write_event(stream->events, &loss);

	prepare(stream, event_kind_name(EVENT_LOSS), stream->events->text, len);
}

/* False: there is nothing. */
static bool prepare_next(struct stream *stream)
{
	unsigned int kind = 0;
	uint64_t missed;
	const char *line;
	size_t len = ring_next(stream->events->ring, &stream->place, stream->kinds, &line, &kind,
			       &missed);

	if (missed)
		prepare_loss(stream, missed);
	else if (len)
		prepare(stream, event_kind_name(kind), line, len);
	return missed || len;
}

static size_t read_stream(void *ctx, char *buf, size_t size)
{
	struct stream *stream = ctx;
	size_t done = 0, part;

	while (done < size && (stream->at < stream->len || prepare_next(stream))) {
		part = stream->len - stream->at;
		if (part > size - done)
			part = size - done;
		memcpy(buf + done, stream->pending + stream->at, part);
		stream->at += part;
		done += part;
	}
	return done;
}

static void release_stream(void *ctx)
{
	struct stream *stream = ctx;

	free(stream->pending);
	free(stream);
}

/* 0: they can't be told. */
static uint32_t read_kinds(const char *text, struct error *err)
{
	struct options options;
	struct query query;
	uint32_t kinds = 0;

	options_init(&options);
	if (query_parse(&query, text, err))
		kinds = 0;
	else if (!query.count)
		kinds = (1U << NR_EVENT_KINDS) - 1;
	else if (query.count > 1 || strcmp(query.args[0].name, "kind"))
		error_set(err, -EINVAL, "'%s' is no parameter of /events", query.args[0].name);
	else if (!options_set(&options, GROUP_KIND, "kind", query.args[0].value, err))
		kinds = options.kinds;
	query_release(&query);
	return kinds;
}

void events_answer(struct serve *serve, struct http_request *request)
{
	static const struct http_stream_ops ops = { read_stream, release_stream };
	struct error err = { 0 };
	uint32_t kinds = read_kinds(http_query(request), &err);
	struct stream *stream;

	if (!kinds) {
		http_refuse(request, 400, HTTP_MALFORMED, "%s", err.text);
		return;
	}
	stream = calloc(1, sizeof(*stream));
	if (!stream) {
		http_refuse(request, 503, HTTP_BUSY, "there is no memory for it");
		return;
	}
	stream->events = serve->events;
	stream->kinds = kinds;
	ring_join(serve->events->ring, &stream->place);
	http_stream(request, "text/event-stream; charset=utf-8", &ops, stream);
}
