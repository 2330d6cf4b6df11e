// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libmicrohttpd's loop inside ours, and the bounds that it does not have: it would end clients
 * that are silent, but not those that say a byte now and then. Who is to go is ended by
 * shutdown(2): the library finds the connection at its end and takes it down itself.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "serve/http_inside.h"

/*
 * Places that are never taken for long: the library accepts ten in one go before it looks at
 * those that were ended.
 */
#define SPARE_CLIENTS 32
#define MOST_EVENTS 8

static const char *const refusal_names[NR_HTTP_REFUSALS] = {
	[HTTP_MALFORMED] = "malformed",
	[HTTP_TOO_LARGE] = "too_large",
	[HTTP_UNAUTHORIZED] = "unauthorized",
	[HTTP_FOREIGN_HOST] = "foreign_host",
	[HTTP_NOT_FOUND] = "not_found",
	[HTTP_METHOD] = "method",
	[HTTP_BUSY] = "busy",
	[HTTP_NOT_READY] = "not_ready",
	[HTTP_TOO_SLOW] = "too_slow",
	[HTTP_DISPLACED] = "displaced",
};

const char *http_refusal_name(enum http_refusal refusal)
{
	return refusal_names[refusal];
}

uint64_t http_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* ------------------------------------------------------------------------------- clients */

/* @why NR_HTTP_REFUSALS: it had what it wanted. */
static void end_client(struct client *client, enum http_refusal why)
{
	struct http *http = client->http;

	if (why < NR_HTTP_REFUSALS)
		http->counts.refused[why]++;
	shutdown(client->fd, SHUT_RDWR);
	clients_become(&http->clients, client, CLIENT_ENDED, http_now_ns());
}

static void end_late(struct http *http, uint64_t now_ns)
{
	struct client *client;

	while ((client = clients_late(&http->clients, now_ns)))
		end_client(client,
			   client->state == CLIENT_IDLES ? NR_HTTP_REFUSALS : HTTP_TOO_SLOW);
}

/* Who asks at once is soon gone: the place for him is that of one who was not. */
static void make_place(struct http *http)
{
	struct client *client = clients_surplus(&http->clients, HTTP_CLIENTS - SPARE_CLIENTS);

	if (client)
		end_client(client,
			   client->state == CLIENT_IDLES ? NR_HTTP_REFUSALS : HTTP_DISPLACED);
}

/* His answer may be one that nobody else has; if it is not, the next one goes in a moment. */
static void make_space(struct http *http)
{
	struct client *client = clients_slowest(&http->clients);

	if (client && http->counts.body_bytes > HTTP_BODY_BYTES / 4 * 3)
		end_client(client, HTTP_DISPLACED);
}

static void begin_client(struct http *http, struct MHD_Connection *connection, void **socket_ctx)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct client *client = calloc(1, sizeof(*client));

	*socket_ctx = client;
	if (!client)
		return;
	*client = (struct client){
		.http = http,
		.connection = connection,
		.fd = info->connect_fd,
	};
	clients_add(&http->clients, client, http_now_ns());
	make_place(http);
}

/* What the library could make nothing of, it closes without a word. */
static bool was_garbage(const struct client *client)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	/* a FIN is one of what was received */
	return client->state == CLIENT_ASKS &&
	       !getsockopt(client->fd, IPPROTO_TCP, TCP_INFO, &info, &len) &&
	       info.tcpi_bytes_received > 1 && !info.tcpi_bytes_sent;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_ctx,
			  enum MHD_ConnectionNotificationCode code)
{
	struct client *client = *socket_ctx;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		begin_client(ctx, connection, socket_ctx);
		return;
	}
	if (client) {
		client->http->counts.refused[HTTP_MALFORMED] += was_garbage(client);
		clients_remove(&client->http->clients, client);
	}
	free(client);
	*socket_ctx = NULL;
}

/* NULL: there was no memory for it. */
struct client *http_client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* ---------------------------------------------------------------------------- the server */

/*
 * What the library turns down before anybody here sees it (no HTTP, too large) it tells of in
 * its log only, in this sentence of transmit_error_response_len().
 */
static void on_log(void *ctx, const char *format, va_list args)
{
	static const char begins[] = "Error processing request (HTTP response code is %u";
	struct http *http = ctx;
	char line[512], clean[2048];
	unsigned int code;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(line, sizeof(line), format, args);
#pragma GCC diagnostic pop
	line[strcspn(line, "\n")] = '\0';
	log_msg(LOG_DEBUG, "http: %s", text_clean(line, strlen(line), clean, sizeof(clean)));
	if (sscanf(line, begins, &code) != 1 || code >= 600)
		return;
	http->counts.requests[code]++;
	http->counts.refused[code == MHD_HTTP_CONTENT_TOO_LARGE || code == MHD_HTTP_URI_TOO_LONG ||
					     code == MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE ?
				     HTTP_TOO_LARGE :
				     HTTP_MALFORMED]++;
}

void http_set_timer(struct http *http)
{
	uint64_t at = http->wake_ns ? http->wake_ns : UINT64_MAX, now = http_now_ns(), late;
	MHD_UNSIGNED_LONG_LONG patience_ms;
	struct itimerspec when = { 0 };

	if (MHD_get_timeout(http->daemon, &patience_ms) == MHD_YES &&
	    now + patience_ms * 1000000ULL < at)
		at = now + patience_ms * 1000000ULL;
	if (http->beat_ns && http->beat_ns < at)
		at = http->beat_ns;
	late = clients_deadline(&http->clients);
	at = late < at ? late : at;
	if (at != UINT64_MAX) {
		/* 0 would be never */
		at = at > now ? at : now + 1;
		when.it_value = (struct timespec){ at / 1000000000, at % 1000000000 };
	}
	timerfd_settime(http->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* The library does not look at streams that wait: whose client has gone is to end. */
static void wake_gone(struct http *http)
{
	struct epoll_event events[MOST_EVENTS];
	int count = epoll_wait(http->epoll_fd, events, MOST_EVENTS, 0);

	for (int i = 0; i < count; i++) {
		struct client *client = events[i].data.ptr;

		if (!client)
			continue;
		client->gone = true;
		http_wake_stream(client);
	}
}

void http_attend(struct http *http)
{
	uint64_t expirations, now = http_now_ns();

	wake_gone(http);
	while (read(http->timer_fd, &expirations, sizeof(expirations)) > 0)
		;
	if ((http->wake_ns && http->wake_ns <= now) || (http->beat_ns && http->beat_ns <= now))
		http_wake_streams(http);
	MHD_run(http->daemon);
	/* where the host has no time for us, what has come meanwhile was in time */
	end_late(http, http_now_ns());
	make_space(http);
	http_set_timer(http);
}

int http_fd(const struct http *http)
{
	return http->epoll_fd;
}

void http_counts(const struct http *http, struct http_counts *counts)
{
	*counts = http->counts;
	counts->clients = clients_count(&http->clients);
	counts->streams = http->clients.streams.count;
}

static struct MHD_Daemon *start_daemon(struct http *http, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
				NULL, http_on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log,
				http, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned int)HTTP_CLIENTS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)HTTP_CLIENT_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_URI_LOG_CALLBACK,
				http_begin_request, http, MHD_OPTION_NOTIFY_COMPLETED,
				http_end_request, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
				http, MHD_OPTION_END);
}

/* 0 or an errno. */
static int watch_daemon(struct http *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct epoll_event event = { .events = EPOLLIN };

	http->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	http->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (http->epoll_fd < 0 || http->timer_fd < 0 || !info ||
	    epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, info->epoll_fd, &event) ||
	    epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, http->timer_fd, &event))
		return errno;
	return 0;
}

struct http *http_new(const struct http_config *config, struct error *err)
{
	struct http *http = calloc(1, sizeof(*http));
	int number;

	if (!http) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	http->answer = config->answer;
	http->ctx = config->ctx;
	http->epoll_fd = http->timer_fd = -1;
	http->daemon = start_daemon(http, config->fd);
	if (!http->daemon) {
		free(http);
		error_set(err, -ENOMEM, "the HTTP server cannot start (libmicrohttpd %s)",
			  MHD_get_version());
		return NULL;
	}
	number = watch_daemon(http);
	if (!number)
		return http;
	http_free(http);
	error_set(err, -number, "cannot wait for requests: %s", strerror(number));
	return NULL;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	/* the library's own rule: nothing is suspended when it stops */
	http->ending = true;
	http_wake_streams(http);
	MHD_run(http->daemon);
	MHD_stop_daemon(http->daemon);
	if (http->timer_fd >= 0)
		close(http->timer_fd);
	if (http->epoll_fd >= 0)
		close(http->epoll_fd);
	free(http);
}
