// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests from their first line on: what is none is turned down here, the rest is answered. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "serve/http_inside.h"

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
void *http_begin_request(void *ctx, const char *target, struct MHD_Connection *connection)
{
	struct http_request *request = calloc(1, sizeof(*request));
	char *mark;

	if (!request)
		return NULL;
	request->http = ctx;
	request->connection = connection;
	request->target_end = strchr(target, '\0') + 1;
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

/* The version stands right behind the target, unless a NUL in that has hidden the rest of it. */
static bool has_nul(const struct http_request *request, const char *version)
{
	return version > request->target_end && version < request->target_end + HTTP_CLIENT_BYTES;
}

static bool has_body(const struct http_request *request)
{
	const char *length = http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return http_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
	       (length && length[strspn(length, "0")]);
}

/* Its headers are there. An answer now ends the connection: the library would not read a body. */
static void look_at(struct http_request *request, const char *version)
{
	if (!is_answered(request->method))
		http_refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, HTTP_METHOD,
			    "only GET and HEAD are answered here");
	else if (has_nul(request, version))
		http_refuse(request, MHD_HTTP_BAD_REQUEST, HTTP_MALFORMED,
			    "no path has a NUL in it");
	else if (has_body(request))
		http_refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, HTTP_TOO_LARGE,
			    "no request has a body here");
}

/* Called once for the headers, and once more if there was no answer then. */
enum MHD_Result http_on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				const char *method, const char *version, const char *upload,
				size_t *upload_size, void **request_ctx)
{
	struct http_request *request = *request_ctx;
	struct client *client = http_client_of(connection);
	struct http *http = ctx;

	(void)url;
	(void)upload;
	*upload_size = 0;
	if (!request || !client || client->state == CLIENT_ENDED)
		return MHD_NO;
	if (request->answered)
		return MHD_YES;
	request->result = MHD_YES;
	if (request->method) {
		http->answer(http->ctx, request);
		return request->result;
	}
	request->method = method;
	clients_become(&http->clients, client, CLIENT_TAKES, http_now_ns());
	look_at(request, version);
	return request->result;
}

void http_end_request(void *ctx, struct MHD_Connection *connection, void **request_ctx,
		      enum MHD_RequestTerminationCode code)
{
	struct http_request *request = *request_ctx;
	struct client *client = http_client_of(connection);

	(void)ctx;
	(void)code;
	if (request)
		free(request->path);
	free(request);
	*request_ctx = NULL;
	if (!client)
		return;
	http_end_stream(client);
	if (client->state != CLIENT_ENDED)
		clients_become(&client->http->clients, client, CLIENT_IDLES, http_now_ns());
}
