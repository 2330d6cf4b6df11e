// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers that go on. Who has nothing to read is suspended, and woken with all others. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "serve/http_inside.h"

/* What streams are told of together. */
#define WAKE_NS 100000000ULL
/* A client that is gone without a word is known to be so after this. */
#define GONE_MS 30000
#define BLOCK_BYTES 4096

static ssize_t read_stream(void *ctx, uint64_t at, char *buf, size_t size)
{
	static const char beat[] = ":\n\n";
	struct client *client = ctx;
	uint64_t now = http_now_ns();
	size_t len;

	(void)at;
	if (client->http->ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (client->gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	len = client->ops->read(client->ctx, buf, size);
	if (!len && now - client->said_ns >= HTTP_HEARTBEAT_NS && size >= sizeof(beat)) {
		len = sizeof(beat) - 1;
		memcpy(buf, beat, len);
	}
	if (len) {
		client->said_ns = client->owed_ns = now;
		return (ssize_t)len;
	}
	/* a 0 alone would be asked for again at once, for ever */
	client->suspended = true;
	MHD_suspend_connection(client->connection);
	return 0;
}

void http_end_stream(struct client *client)
{
	if (!client->ops)
		return;
	client->ops->release(client->ctx);
	client->ops = NULL;
}

void http_wake_stream(struct client *client)
{
	if (!client->suspended)
		return;
	client->suspended = false;
	client->owed_ns = http_now_ns();
	MHD_resume_connection(client->connection);
}

void http_wake_streams(struct http *http)
{
	http->wake_ns = 0;
	http->beat_ns = 0;
	for (struct client *client = http->clients.streams.first; client; client = client->next)
		http_wake_stream(client);
	if (http->clients.streams.count)
		http->beat_ns = http_now_ns() + HTTP_HEARTBEAT_NS;
}

/* Whether it will be known when the client goes. */
static bool watch(struct client *client)
{
	struct epoll_event event = { .events = EPOLLRDHUP | EPOLLONESHOT, .data.ptr = client };
	unsigned int gone_ms = GONE_MS;

	setsockopt(client->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms, sizeof(gone_ms));
	return !epoll_ctl(client->http->epoll_fd, EPOLL_CTL_ADD, client->fd, &event);
}

static void add_stream_headers(struct MHD_Response *response, const char *type)
{
	http_add_headers(response, type, NULL);
	/* what stands between here and there is not to gather it */
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
}

/* The library would end a body that HEAD does not have, and the next answer would begin with that. */
static void answer_head(struct http_request *request, const char *type)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

	if (!response) {
		http_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, HTTP_BUSY,
			    "there is no memory for it");
		return;
	}
	add_stream_headers(response, type);
	http_queue(request, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
}

void http_stream(struct http_request *request, const char *type, const struct http_stream_ops *ops,
		 void *ctx)
{
	struct client *client = http_client_of(request->connection);
	struct http *http = request->http;
	struct MHD_Response *response = NULL;

	if (!strcmp(request->method, MHD_HTTP_METHOD_HEAD)) {
		ops->release(ctx);
		answer_head(request, type);
		return;
	}
	if (client && http->clients.streams.count < HTTP_STREAMS && watch(client))
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES,
							     read_stream, client, NULL);
	if (!response) {
		ops->release(ctx);
		http_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, HTTP_BUSY,
			    "%u clients are told of events already", http->clients.streams.count);
		return;
	}
	add_stream_headers(response, type);
	clients_become(&http->clients, client, CLIENT_STREAMS, http_now_ns());
	client->ops = ops;
	client->ctx = ctx;
	if (!http->beat_ns)
		http->beat_ns = client->said_ns + HTTP_HEARTBEAT_NS;
	http_queue(request, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
}

void http_wake(struct http *http)
{
	if (http->clients.streams.count && !http->wake_ns) {
		http->wake_ns = http_now_ns() + WAKE_NS;
		http_set_timer(http);
	}
}

unsigned int http_streams(const struct http *http)
{
	return http->clients.streams.count;
}
