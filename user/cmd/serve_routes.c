// SPDX-License-Identifier: GPL-2.0-or-later
/* Who gets what: the Host, the token, the path. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cmd/serve.h"
#include "cmd/serve_documents.h"
#include "cmd/serve_events.h"

/* Of a path that there is not so much is quoted. */
#define QUOTED 64

struct route {
	const char *path;
	bool open;		/* to everybody: it tells nothing */
	void (*answer)(struct serve *serve, struct http_request *request);
};

static void send_text(struct serve *serve, struct http_request *request, const char *text)
{
	struct http_content content = {
		.type = "text/plain; charset=utf-8",
		.bytes = strdup(text),
		.len = strlen(text),
	};
	struct http_body *body = content.bytes ? http_body_new(serve->http, &content) : NULL;

	if (body)
		http_send(request, body);
	else
		http_refuse(request, 503, HTTP_BUSY, "there is no memory for it");
	http_body_release(body);
}

static void answer_alive(struct serve *serve, struct http_request *request)
{
	send_text(serve, request, "alive\n");
}

static void answer_ready(struct serve *serve, struct http_request *request)
{
	if (serve->ready)
		send_text(serve, request, "ready\n");
	else
		http_refuse(request, 503, HTTP_NOT_READY, "the tracing has not begun yet");
}

static const struct route routes[] = {
	{ "/healthz", true, answer_alive },
	{ "/readyz", true, answer_ready },
	{ "/events", false, events_answer },
};

static const struct route *find_route(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (!strcmp(routes[i].path, path))
			return &routes[i];
	return NULL;
}

/* NULL: there is none. A slash at the end of a list is nothing to go astray for. */
static const struct document *find_document(const char *path)
{
	for (const struct document *document = all_documents; document->path; document++) {
		size_t len = strlen(document->path);

		if (!strncmp(document->path, path, len) &&
		    (!path[len] || (path[len - 1] != '/' && !strcmp(path + len, "/"))))
			return document;
	}
	return NULL;
}

/* A page of somebody else's, in a browser that a name of his has led here, has no token to show. */
static bool is_ours(const struct serve *serve, const struct http_request *request)
{
	return serve->token || !addr_is_loopback(serve->at.addr) ||
	       listen_host_is_ours(http_header(request, "Host"));
}

static bool has_token(const struct serve *serve, const struct http_request *request)
{
	return !serve->token || token_is_shown(serve->token, http_header(request, "Authorization"));
}

static void refuse_path(struct http_request *request)
{
	const char *path = http_path(request);
	char quoted[4 * QUOTED + 1];
	size_t len = strlen(path);

	http_refuse(request, 404, HTTP_NOT_FOUND, "there is no '%s'; /api/v1 lists all",
		    text_clean(path, len < QUOTED ? len : QUOTED, quoted, sizeof(quoted)));
}

void serve_answer(void *ctx, struct http_request *request)
{
	const struct route *route = find_route(http_path(request));
	const struct document *document = find_document(http_path(request));
	bool open = (route && route->open) || (document && document->open);
	struct serve *serve = ctx;

	if ((!route || !route->open) && !is_ours(serve, request))
		http_refuse(request, 421, HTTP_FOREIGN_HOST,
			    "this is localhost: ask it by that name");
	else if (!open && !has_token(serve, request))
		http_refuse(request, 401, HTTP_UNAUTHORIZED,
			    "it wants the token: Authorization: Bearer TOKEN");
	else if (route)
		route->answer(serve, request);
	else if (document)
		documents_answer(serve, request, document);
	else
		refuse_path(request);
}

/* ------------------------------------------------------------------------------- metrics */

static void write_family(FILE *out, enum metrics_format format, const char *name, const char *type,
			 const char *help)
{
	bool total = format == METRICS_TEXT && !strcmp(type, "counter");

	fprintf(out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, total ? "_total" : "", help, name,
		total ? "_total" : "", type);
}

void serve_write_counts(void *ctx, enum metrics_format format, FILE *out)
{
	struct serve *serve = ctx;
	struct http_counts counts;

	if (!serve->http)
		return;
	http_counts(serve->http, &counts);
	write_family(out, format, "twtrace_http_requests", "counter",
		     "Requests that were answered, by status code.");
	for (unsigned int code = 0; code < 600; code++)
		if (counts.requests[code])
			fprintf(out, "twtrace_http_requests_total{code=\"%u\"} %" PRIu64 "\n", code,
				counts.requests[code]);
	write_family(out, format, "twtrace_http_refused", "counter",
		     "Requests and connections that were refused or ended, by reason.");
	for (unsigned int why = 0; why < NR_HTTP_REFUSALS; why++)
		fprintf(out, "twtrace_http_refused_total{reason=\"%s\"} %" PRIu64 "\n",
			http_refusal_name(why), counts.refused[why]);
	write_family(out, format, "twtrace_http_clients", "gauge",
		     "HTTP connections that are open.");
	fprintf(out, "twtrace_http_clients %u\n", counts.clients);
	write_family(out, format, "twtrace_http_event_streams", "gauge",
		     "Clients that are told of events.");
	fprintf(out, "twtrace_http_event_streams %u\n", counts.streams);
	write_family(out, format, "twtrace_http_answer_bytes", "gauge",
		     "Memory of answers that are kept or being sent.");
	fprintf(out, "twtrace_http_answer_bytes %zu\n", counts.body_bytes);
}

void serve_write_metrics(struct serve *serve, enum metrics_format format, FILE *out)
{
	struct metrics_site site = {
		.opts = &serve->opts,
		.version = TWTRACE_VERSION,
		.self = self_cost(),
		.more = serve_write_counts,
		.ctx = serve,
	};

	metrics_write(serve->metrics, serve->model, &site, format, out);
}
