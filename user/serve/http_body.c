// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers: bytes that many get, plain or compressed, and sentences for who gets nothing. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "base/stream.h"
#include "serve/accept.h"
#include "serve/http_inside.h"

/* Smaller ones gain nothing by compression. */
#define SMALLEST_PACKED 1024
#define SENTENCE_LEN 1024

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

void http_add_headers(struct MHD_Response *response, const char *type, const char *policy)
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
		http_add_headers(response, type, policy);
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

bool http_has_room(const struct http *http, unsigned int share)
{
	return http->counts.body_bytes < HTTP_BODY_BYTES / share;
}

/* NULL: no memory. */
static char *pack(const struct bytes *bytes, size_t *len)
{
	char *text = NULL;
	FILE *out = stream_memory(&text, len);
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

void http_queue(struct http_request *request, unsigned int code, struct MHD_Response *response)
{
	struct http_counts *counts = &request->http->counts;

	request->answered = true;
	request->result = MHD_queue_response(request->connection, code, response);
	if (request->result == MHD_YES && code < sizeof(counts->requests) / sizeof(uint64_t))
		counts->requests[code]++;
}

bool http_send(struct http_request *request, struct http_body *body)
{
	const struct MHD_Response *packed = body->packed;

	http_queue(request, MHD_HTTP_OK,
		   choose_response(body, http_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING)));
	return body->packed != packed;
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
	http_add_headers(response, "text/plain; charset=utf-8", NULL);
	add_headers_of(response, code);
	http_queue(request, code, response);
	MHD_destroy_response(response);
}
