/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP server without a thread (libmicrohttpd is known here only): requests are answered in
 * http_attend(), from memory, and nothing there waits. It bounds what clients may cost: how many
 * there are, how long each may take to ask and to take the answer, how much memory all answers
 * have. Whoever comes when all places are taken gets that of the one who is at it longest.
 *
 * Every function is one thread's.
 */
#ifndef SERVE_HTTP_H
#define SERVE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct http;
struct http_request;	/* valid during the call of answer() */
struct http_body;

/* Clients at once. */
#define HTTP_CLIENTS 256
/* Of them, those that are told of events. */
#define HTTP_STREAMS 32
/* Line and headers of a request, and the headers of an answer. */
#define HTTP_CLIENT_BYTES 16384
/*
 * Within this time the first request of a connection must have come, another one, as of
 * Prometheus, which asks every minute at most as a rule, and must an answer have been taken.
 */
#define HTTP_REQUEST_NS 10000000000ULL
#define HTTP_IDLE_NS 90000000000ULL
#define HTTP_ANSWER_NS 60000000000ULL
/* Somebody who is told of nothing is told so. */
#define HTTP_HEARTBEAT_NS 15000000000ULL
/*
 * All answers that are kept or still being sent. When three quarters are taken, who takes his
 * answer for longest is ended, so that those who take theirs at once find room.
 */
#define HTTP_BODY_BYTES (64UL << 20)

/* Why somebody did not get what he asked for. */
enum http_refusal {
	HTTP_MALFORMED,		/* no HTTP, or a query that makes no sense */
	HTTP_TOO_LARGE,		/* the request */
	HTTP_UNAUTHORIZED,	/* no token, or another one */
	HTTP_FOREIGN_HOST,	/* asked by a name that is not ours */
	HTTP_NOT_FOUND,
	HTTP_METHOD,		/* only GET and HEAD are answered */
	HTTP_BUSY,		/* too many streams, too much memory, too much to reckon */
	HTTP_NOT_READY,
	HTTP_TOO_SLOW,		/* to ask, or to take the answer */
	HTTP_DISPLACED,		/* by somebody who came later */
	NR_HTTP_REFUSALS,
};

const char *http_refusal_name(enum http_refusal refusal);

struct http_config {
	int fd;			/* listens; taken over when http_new() succeeds */
	/* Must call one of http_send(), http_refuse(), http_stream(). */
	void (*answer)(void *ctx, struct http_request *request);
	void *ctx;
};

/* NULL with @err. */
struct http *http_new(const struct http_config *config, struct error *err);
/* Streams end, what is half sent stays so. NULL is fine. */
void http_free(struct http *http);
/* Readable when http_attend() has something to do. */
int http_fd(const struct http *http);
void http_attend(struct http *http);

/* As they came: nothing of them is decoded; the query without its question mark, "": none. */
const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request);
const char *http_query(const struct http_request *request);
/* NULL: it was not sent. */
const char *http_header(const struct http_request *request, const char *name);

struct http_content {
	const char *type;	/* as Content-Type */
	const char *policy;	/* as Content-Security-Policy; NULL: it may do nothing */
	char *bytes;		/* of malloc(), taken over in any case */
	size_t len;
	bool packed;		/* it is compressed already, whatever it is */
};

/* An answer that any number of requests get. NULL: no memory. */
struct http_body *http_body_new(struct http *http, struct http_content *content);
/* Nobody gets it from now on but those who have it already. NULL is fine. */
void http_body_release(struct http_body *body);
/* Whether there is room for one more, in the first 1/@share of it. */
bool http_has_room(const struct http *http, unsigned int share);

/*
 * Compressed where the client takes it so. Whether that was done now, which takes a while: whoever
 * comes later gets what was compressed for this one.
 */
bool http_send(struct http_request *request, struct http_body *body);
/* With a sentence for people, which stands alone in the answer. */
void http_refuse(struct http_request *request, unsigned int code, enum http_refusal why,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

struct http_stream_ops {
	/* What there is to say, at most @size bytes; 0: nothing now. */
	size_t (*read)(void *ctx, char *buf, size_t size);
	/* The last call. */
	void (*release)(void *ctx);
};

/* An answer that goes on: @ctx is taken over, and released at once where there are too many. */
void http_stream(struct http_request *request, const char *type, const struct http_stream_ops *ops,
		 void *ctx);
/* There is something to read for streams; they are told of it in a moment, all at once. */
void http_wake(struct http *http);
/* How many streams there are. */
unsigned int http_streams(const struct http *http);

struct http_counts {
	uint64_t requests[600];	/* by status code: answers begun */
	uint64_t refused[NR_HTTP_REFUSALS];
	unsigned int clients, streams; /* now */
	size_t body_bytes;
};

void http_counts(const struct http *http, struct http_counts *counts);

#endif
