// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libmicrohttpd's loop inside ours, and the bounds that it does not have. It ends clients that
 * are silent; those that say a byte now and then are ended here, by shutdown(2): the library
 * finds the connection at its end and takes it down itself.
 */
#include "serve/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/gzip.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/accept.h"

/*
 * Places that are never taken for long: the library accepts ten in one go before it looks at
 * those that were ended.
 */
#define SPARE_CLIENTS 32
#define IDLE_S 10
/* What streams are told of together. */
#define WAKE_NS 100000000ULL
/* A client that is told of events and is gone without a word is known to be so after this. */
#define GONE_MS 30000
#define SMALLEST_PACKED 1024
#define SENTENCE_LEN 1024

enum client_state {
	CLIENT_ASKS,		/* or may: no request is known */
	CLIENT_TAKES,		/* its answer */
	CLIENT_STREAMS,
	CLIENT_ENDED,		/* by us: the library will notice */
};

struct client {
	struct client *prev,
		*next; /* the longest in its state first; streams are in another list */
	struct http *http;
	struct MHD_Connection *connection;
	int fd;
	enum client_state state;
	uint64_t since_ns;	/* of the state */
	/* of a stream */
	const struct http_stream_ops *ops;
	void *ctx;
	uint64_t said_ns;
	bool suspended;
};

struct clients {
	struct client *first, *last;
	unsigned int count;
};

struct http {
	struct MHD_Daemon *daemon;
	int epoll_fd, timer_fd;
	void (*answer)(void *ctx, struct http_request *request);
	void *ctx;
	struct clients clients, streams;
	uint64_t wake_ns, beat_ns; /* when streams are to be woken; 0: not */
	bool ending;
	struct http_counts counts;
};

struct http_request {
	struct http *http;
	struct MHD_Connection *connection;
	const char *method;
	char *path;		/* owned */
	const char *query;	/* in it */
	bool answered;
	enum MHD_Result result;
};

/* The bytes of an answer, for as long as anybody has them. */
struct bytes {
	struct http *http;
	char *text;
	size_t len;
};

struct http_body {
	struct http *http;
	struct MHD_Response *plain, *packed; /* packed is made for the first one who takes it */
	const struct bytes *bytes;	/* plain's */
	const char *type, *policy;
	bool unpackable;
};

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

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* ------------------------------------------------------------------------------- clients */

static void clients_remove(struct clients *clients, struct client *client)
{
	*(client->prev ? &client->prev->next : &clients->first) = client->next;
	*(client->next ? &client->next->prev : &clients->last) = client->prev;
	clients->count--;
}

static void clients_append(struct clients *clients, struct client *client)
{
	client->prev = clients->last;
	client->next = NULL;
	*(clients->last ? &clients->last->next : &clients->first) = client;
	clients->last = client;
	clients->count++;
}

static struct clients *list_of(struct client *client)
{
	return client->state == CLIENT_STREAMS ? &client->http->streams : &client->http->clients;
}

/* It comes last in the list of its new state. */
static void become(struct client *client, enum client_state state)
{
	clients_remove(list_of(client), client);
	client->state = state;
	client->since_ns = now_ns();
	clients_append(list_of(client), client);
}

static void end_client(struct client *client, enum http_refusal why)
{
	client->http->counts.refused[why]++;
	shutdown(client->fd, SHUT_RDWR);
	become(client, CLIENT_ENDED);
}

static uint64_t deadline(const struct client *client)
{
	if (client->state == CLIENT_ENDED)
		return UINT64_MAX;
	return client->since_ns +
	       (client->state == CLIENT_TAKES ? HTTP_ANSWER_NS : HTTP_REQUEST_NS);
}

static void end_late(struct http *http)
{
	uint64_t now = now_ns();

	for (struct client *client = http->clients.first, *next; client; client = next) {
		next = client->next;
		if (deadline(client) <= now)
			end_client(client, HTTP_TOO_SLOW);
	}
}

/* A place for one more is one that somebody has had for long: who asks at once is soon gone. */
static void displace(struct http *http)
{
	struct client *client = http->clients.first;

	if (http->clients.count + http->streams.count <= HTTP_CLIENTS - SPARE_CLIENTS)
		return;
	while (client && client->state == CLIENT_ENDED)
		client = client->next;
	if (client)
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
		.since_ns = now_ns(),
	};
	clients_append(&http->clients, client);
	displace(http);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_ctx,
			  enum MHD_ConnectionNotificationCode code)
{
	struct client *client = *socket_ctx;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		begin_client(ctx, connection, socket_ctx);
		return;
	}
	if (client)
		clients_remove(list_of(client), client);
	free(client);
	*socket_ctx = NULL;
}

/* NULL: there was no memory for it. */
static struct client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* ------------------------------------------------------------------------------- answers */

static void bytes_free(void *ctx)
{
	struct bytes *bytes = ctx;

	bytes->http->counts.body_bytes -= bytes->len;
	free(bytes->text);
	free(bytes);
}

/* Takes @text over. NULL: no memory. */
static struct bytes *bytes_new(struct http *http, char *text, size_t len)
{
	struct bytes *bytes = malloc(sizeof(*bytes));

	if (!bytes) {
		free(text);
		return NULL;
	}
	*bytes = (struct bytes){ http, text, len };
	http->counts.body_bytes += len;
	return bytes;
}

/* What every answer says of itself: a browser is to make nothing else of it. */
static void add_headers(struct MHD_Response *response, const char *type, const char *policy)
{
	static const char *const headers[][2] = {
		{ "Cache-Control", "no-store" },
		{ "Vary", "Accept, Accept-Encoding" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
	};

	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Content-Security-Policy",
				policy ? policy : "default-src 'none'; frame-ancestors 'none'");
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
}

/* Takes @bytes over. NULL: no memory. */
static struct MHD_Response *response_new(struct bytes *bytes, const char *type, const char *policy)
{
	struct MHD_Response *response;

	if (!bytes)
		return NULL;
	response = MHD_create_response_from_buffer_with_free_callback_cls(bytes->len, bytes->text,
									  bytes_free, bytes);
	if (!response)
		bytes_free(bytes);
	else
		add_headers(response, type, policy);
	return response;
}

struct http_body *http_body_new(struct http *http, struct http_content *content)
{
	struct bytes *bytes = bytes_new(http, content->bytes, content->len);
	struct http_body *body = calloc(1, sizeof(*body));

	content->bytes = NULL;
	if (!body && bytes)
		bytes_free(bytes);
	if (!body)
		return NULL;
	*body = (struct http_body){
		.http = http,
		.plain = response_new(bytes, content->type, content->policy),
		.bytes = bytes,
		.type = content->type,
		.policy = content->policy,
		.unpackable = content->packed || content->len < SMALLEST_PACKED,
	};
	if (body->plain)
		return body;
	free(body);
	return NULL;
}

void http_body_release(struct http_body *body)
{
	if (!body)
		return;
	MHD_destroy_response(body->plain);
	if (body->packed)
		MHD_destroy_response(body->packed);
	free(body);
}

bool http_has_room(const struct http *http)
{
	return http->counts.body_bytes < HTTP_BODY_BYTES;
}

/* NULL: no memory. */
static char *pack(const struct bytes *bytes, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	struct gzip *gzip = out ? gzip_new(out) : NULL;
	bool broken;

	if (!gzip) {
		if (out)
			fclose(out);
		free(text);
		return NULL;
	}
	gzip_put(gzip, bytes->text, bytes->len);
	gzip_finish(gzip);
	broken = ferror(out);
	if (!fclose(out) && !broken)
		return text;
	free(text);
	return NULL;
}

/* As the client takes it. */
static struct MHD_Response *choose_response(struct http_body *body, const char *accepted)
{
	size_t len = 0;
	char *text;

	if (body->unpackable || !accept_coding(accepted, "gzip"))
		return body->plain;
	if (body->packed)
		return body->packed;
	text = pack(body->bytes, &len);
	if (text)
		body->packed =
			response_new(bytes_new(body->http, text, len), body->type, body->policy);
	if (!body->packed)
		return body->plain;
	MHD_add_response_header(body->packed, "Content-Encoding", "gzip");
	return body->packed;
}

static void queue(struct http_request *request, unsigned int code, struct MHD_Response *response)
{
	struct http_counts *counts = &request->http->counts;

	request->answered = true;
	request->result = MHD_queue_response(request->connection, code, response);
	if (request->result == MHD_YES && code < sizeof(counts->requests) / sizeof(uint64_t))
		counts->requests[code]++;
}

void http_send(struct http_request *request, struct http_body *body)
{
	queue(request, MHD_HTTP_OK,
	      choose_response(body, http_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING)));
}

/* What an answer of that code must or may say beside its sentence. */
static void add_headers_of(struct MHD_Response *response, unsigned int code)
{
	if (code == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"twtrace\"");
	else if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	else if (code == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", "1");
}

void http_refuse(struct http_request *request, unsigned int code, enum http_refusal why,
		 const char *format, ...)
{
	struct MHD_Response *response;
	char text[SENTENCE_LEN + 1];
	va_list args;
	size_t len;

	va_start(args, format);
	vsnprintf(text, SENTENCE_LEN, format, args);
	va_end(args);
	len = strlen(text);
	text[len++] = '\n';
	response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_COPY);
	request->http->counts.refused[why]++;
	request->answered = true;
	request->result = MHD_NO;
	if (!response)
		return;
	add_headers(response, "text/plain; charset=utf-8", NULL);
	add_headers_of(response, code);
	queue(request, code, response);
	MHD_destroy_response(response);
}

/* ------------------------------------------------------------------------------- streams */

static ssize_t read_stream(void *ctx, uint64_t at, char *buf, size_t size)
{
	static const char beat[] = ":\n\n";
	struct client *client = ctx;
	uint64_t now = now_ns();
	size_t len;

	(void)at;
	if (client->http->ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	len = client->ops->read(client->ctx, buf, size);
	if (!len && now - client->said_ns >= HTTP_HEARTBEAT_NS && size >= sizeof(beat)) {
		len = sizeof(beat) - 1;
		memcpy(buf, beat, len);
	}
	if (len) {
		client->said_ns = now;
		return (ssize_t)len;
	}
	/* a 0 alone would be asked for again at once, for ever */
	client->suspended = true;
	MHD_suspend_connection(client->connection);
	return 0;
}

static void end_stream(struct client *client)
{
	if (!client->ops)
		return;
	client->ops->release(client->ctx);
	client->ops = NULL;
}

static void wake_streams(struct http *http)
{
	uint64_t now = now_ns();

	http->wake_ns = 0;
	http->beat_ns = 0;
	for (struct client *client = http->streams.first; client; client = client->next)
		if (client->suspended) {
			client->suspended = false;
			MHD_resume_connection(client->connection);
		}
	if (http->streams.count)
		http->beat_ns = now + HTTP_HEARTBEAT_NS;
}

void http_stream(struct http_request *request, const char *type, const struct http_stream_ops *ops,
		 void *ctx)
{
	struct client *client = client_of(request->connection);
	struct http *http = request->http;
	struct MHD_Response *response = NULL;
	unsigned int gone_ms = GONE_MS;

	if (client && http->streams.count < HTTP_STREAMS)
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream,
							     client, NULL);
	if (!response) {
		ops->release(ctx);
		http_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, HTTP_BUSY,
			    "%u clients are told of events already", http->streams.count);
		return;
	}
	add_headers(response, type, NULL);
	/* what stands between here and there is not to gather it */
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
	setsockopt(client->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms, sizeof(gone_ms));
	become(client, CLIENT_STREAMS);
	client->ops = ops;
	client->ctx = ctx;
	client->said_ns = now_ns();
	if (!http->beat_ns)
		http->beat_ns = client->said_ns + HTTP_HEARTBEAT_NS;
	queue(request, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
}

void http_wake(struct http *http)
{
	if (http->streams.count && !http->wake_ns)
		http->wake_ns = now_ns() + WAKE_NS;
}

unsigned int http_streams(const struct http *http)
{
	return http->streams.count;
}

/* ------------------------------------------------------------------------------ requests */

const char *http_method(const struct http_request *request)
{
	return request->method;
}

const char *http_path(const struct http_request *request)
{
	return request->path;
}

const char *http_query(const struct http_request *request)
{
	return request->query;
}

const char *http_header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* "http://host/path", as proxies are asked: the path. */
static const char *without_origin(const char *target)
{
	static const char scheme[] = "http://";

	if (strncasecmp(target, scheme, sizeof(scheme) - 1))
		return target;
	target = strchr(target + sizeof(scheme) - 1, '/');
	return target ? target : "/";
}

/* The library calls this with the target as it came, and decodes it afterwards. */
static void *begin_request(void *ctx, const char *target, struct MHD_Connection *connection)
{
	struct http_request *request = calloc(1, sizeof(*request));
	char *mark;

	if (!request)
		return NULL;
	request->http = ctx;
	request->connection = connection;
	request->path = strdup(without_origin(target));
	if (!request->path) {
		free(request);
		return NULL;
	}
	mark = strchrnul(request->path, '?');
	request->query = *mark ? mark + 1 : mark;
	*mark = '\0';
	return request;
}

static bool is_answered(const char *method)
{
	return !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD);
}

static bool has_body(const struct http_request *request)
{
	const char *length = http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return http_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
	       (length && length[strspn(length, "0")]);
}

/*
 * Called when the headers are there and, for a request that is not answered then, once more. An
 * answer at the first call ends the connection, as the library would not read a body.
 */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request_ctx)
{
	struct http_request *request = *request_ctx;
	struct client *client = client_of(connection);
	struct http *http = ctx;

	(void)url;
	(void)version;
	(void)upload;
	if (!request || !client || client->state == CLIENT_ENDED)
		return MHD_NO;
	*upload_size = 0;
	if (request->answered)
		return MHD_YES;
	request->result = MHD_YES;
	if (!request->method) {
		request->method = method;
		become(client, CLIENT_TAKES);
		if (!is_answered(method))
			http_refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, HTTP_METHOD,
				    "only GET and HEAD are answered here");
		else if (has_body(request))
			http_refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, HTTP_TOO_LARGE,
				    "no request has a body here");
	} else {
		http->answer(http->ctx, request);
	}
	return request->result;
}

static void end_request(void *ctx, struct MHD_Connection *connection, void **request_ctx,
			enum MHD_RequestTerminationCode code)
{
	struct http_request *request = *request_ctx;
	struct client *client = client_of(connection);
	struct http *http = ctx;

	if (request)
		free(request->path);
	free(request);
	*request_ctx = NULL;
	if (!client)
		return;
	end_stream(client);
	if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		http->counts.refused[HTTP_TOO_SLOW]++;
	if (client->state != CLIENT_ENDED)
		become(client, CLIENT_ASKS);
}

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

/* ---------------------------------------------------------------------------- the server */

static void set_timer(struct http *http)
{
	uint64_t at = http->wake_ns ? http->wake_ns : UINT64_MAX, now = now_ns();
	MHD_UNSIGNED_LONG_LONG patience_ms;
	struct itimerspec when = { 0 };

	if (MHD_get_timeout(http->daemon, &patience_ms) == MHD_YES &&
	    now + patience_ms * 1000000ULL < at)
		at = now + patience_ms * 1000000ULL;
	if (http->beat_ns && http->beat_ns < at)
		at = http->beat_ns;
	for (const struct client *client = http->clients.first; client; client = client->next)
		if (deadline(client) < at)
			at = deadline(client);
	if (at != UINT64_MAX) {
		/* 0 would be never */
		at = at > now ? at : now + 1;
		when.it_value = (struct timespec){ at / 1000000000, at % 1000000000 };
	}
	timerfd_settime(http->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void http_attend(struct http *http)
{
	uint64_t expirations, now = now_ns();

	while (read(http->timer_fd, &expirations, sizeof(expirations)) > 0)
		;
	end_late(http);
	if ((http->wake_ns && http->wake_ns <= now) || (http->beat_ns && http->beat_ns <= now))
		wake_streams(http);
	MHD_run(http->daemon);
	set_timer(http);
}

int http_fd(const struct http *http)
{
	return http->epoll_fd;
}

void http_counts(const struct http *http, struct http_counts *counts)
{
	*counts = http->counts;
	counts->clients = http->clients.count + http->streams.count;
	counts->streams = http->streams.count;
}

static struct MHD_Daemon *start_daemon(struct http *http, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
				NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, http,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned int)HTTP_CLIENTS, MHD_OPTION_CONNECTION_TIMEOUT,
				(unsigned int)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)HTTP_CLIENT_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_URI_LOG_CALLBACK,
				begin_request, http, MHD_OPTION_NOTIFY_COMPLETED, end_request, http,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
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
	wake_streams(http);
	MHD_run(http->daemon);
	MHD_stop_daemon(http->daemon);
	if (http->timer_fd >= 0)
		close(http->timer_fd);
	if (http->epoll_fd >= 0)
		close(http->epoll_fd);
	free(http);
}
