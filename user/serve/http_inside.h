/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the server know of each other; libmicrohttpd is theirs alone. */
#ifndef SERVE_HTTP_INSIDE_H
#define SERVE_HTTP_INSIDE_H

#include <microhttpd.h>

#include "serve/clients.h"
#include "serve/http.h"

struct http {
	struct MHD_Daemon *daemon;
	int epoll_fd, timer_fd;
	void (*answer)(void *ctx, struct http_request *request);
	void *ctx;
	struct clients clients;
	uint64_t wake_ns, beat_ns; /* when streams are to be woken; 0: not */
	bool ending;
	struct http_counts counts;
};

struct http_request {
	struct http *http;
	struct MHD_Connection *connection;
	const char *method;	/* NULL: its headers are not there yet */
	const char *target_end;	/* where the library had it, with its NUL */
	char *path;		/* owned */
	const char *query;	/* in it */
	bool answered;
	enum MHD_Result result;	/* what the library is told */
};

uint64_t http_now_ns(void);
/* NULL: there was no memory for it. */
struct client *http_client_of(struct MHD_Connection *connection);
/* http_request.c: libmicrohttpd's MHD_OPTION_URI_LOG_CALLBACK, access handler, NOTIFY_COMPLETED. */
void *http_begin_request(void *ctx, const char *target, struct MHD_Connection *connection);
enum MHD_Result http_on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				const char *method, const char *version, const char *upload,
				size_t *upload_size, void **request_ctx);
void http_end_request(void *ctx, struct MHD_Connection *connection, void **request_ctx,
		      enum MHD_RequestTerminationCode code);
/* http_body.c: what every answer says of itself: a browser is to make nothing else of it. */
void http_add_headers(struct MHD_Response *response, const char *type, const char *policy);
/* Answers, and counts that. */
void http_queue(struct http_request *request, unsigned int code, struct MHD_Response *response);
/* When the server is to be attended next has changed. */
void http_set_timer(struct http *http);
/* http_stream.c: those who wait are to look. */
void http_wake_streams(struct http *http);
void http_wake_stream(struct client *client);
/* There is no more to be read for @client. */
void http_end_stream(struct client *client);

#endif
