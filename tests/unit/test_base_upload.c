/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uploads to a server of our own, which answers as it is told and keeps what it is sent. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/upload.h"

#define PATIENCE_MS 60000	/* for what must happen; never waited out when it does */
#define BODY "\x1f\x8b\0body\xff"
#define BIG (2 << 20)	/* from 1 MB on libcurl would ask first */
#define MOST_REQUESTS 8
#define REQUEST_BYTES 4096
#define SILENCE NULL	/* as an answer: none, until the client goes */

struct server {
	int fd;
	unsigned int port;
	pthread_t thread;
	const char *answers[MOST_REQUESTS]; /* to one request each; "%u" is the port */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int requests;
	char request[MOST_REQUESTS][REQUEST_BYTES];
	size_t len[MOST_REQUESTS]; /* of all of it; what is too much is not kept */
};

/* Whether all of it is there: the head, and as much as that says. */
static bool is_whole(const char *request, size_t len)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *length = end ? strcasestr(request, "\r\nContent-Length:") : NULL;

	if (!end)
		return false;
	return !length || length > end || len >= end + 4 - request + strtoul(length + 17, NULL, 10);
}

static ssize_t read_some(int fd, char request[static REQUEST_BYTES], size_t *len)
{
	char spare[REQUEST_BYTES];
	size_t room = *len < REQUEST_BYTES - 1 ? REQUEST_BYTES - 1 - *len : 0;
	ssize_t got = read(fd, room ? request + *len : spare, room ? room : sizeof(spare));

	*len += got > 0 ? (size_t)got : 0;
	return got;
}

static void answer(struct server *server, int fd, const char *text)
{
	char bytes[1024];
	int len;

	if (text == SILENCE) {
		while (read(fd, bytes, sizeof(bytes)) > 0)
			;
		return;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	len = snprintf(bytes, sizeof(bytes), text, server->port);
#pragma GCC diagnostic pop
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static void *serve(void *arg)
{
	struct server *server = arg;
	unsigned int i;
	int fd;

	while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
		ssize_t got = 1;

		i = server->requests;
		while (i < MOST_REQUESTS && got > 0 &&
		       !is_whole(server->request[i], server->len[i]))
			got = read_some(fd, server->request[i], &server->len[i]);
		pthread_mutex_lock(&server->lock);
		server->requests++;
		pthread_cond_broadcast(&server->changed);
		pthread_mutex_unlock(&server->lock);
		if (i < MOST_REQUESTS && got > 0)
			answer(server, fd, server->answers[i]);
		close(fd);
	}
	return NULL;
}

static struct server *server_new(const char *const *answers, size_t count)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct server *server = calloc(1, sizeof(*server));
	socklen_t len = sizeof(addr);

	assert_non_null(server);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(server->answers, answers, count * sizeof(*answers));
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->changed, NULL);
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&addr, &len), 0);
	server->port = ntohs(addr.sin_port);
	assert_int_equal(listen(server->fd, 8), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
	return server;
}

static void server_stop(struct server *server)
{
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->fd);
	server->fd = -1;
}

static void server_free(struct server *server)
{
	if (server->fd >= 0)
		server_stop(server);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

/* To http://@before127.0.0.1:PORT@after. */
static struct upload *upload_to(const char *before, unsigned int port, const char *after,
				unsigned int timeout_ms)
{
	static const char *const headers[] = { "Content-Type: application/proto",
					       "X-Scope-OrgID: a tenant", NULL };
	struct error err = { 0 };
	struct upload *upload;
	char url[256];

	snprintf(url, sizeof(url), "%s127.0.0.1:%u%s", before, port, after);
	upload = upload_new(&(const struct upload_config){ .url = url,
							   .headers = headers,
							   .version = "1.2",
							   .timeout_ms = timeout_ms },
			    &err);
	if (!upload)
		fail_msg("%s", err.text);
	return upload;
}

static enum upload_result post(struct upload *upload, struct upload_failure *failure)
{
	return upload_post(upload, BODY, sizeof(BODY), failure);
}

/* One upload to a server that gives these answers. */
static enum upload_result post_to(const char *const *answers, size_t count,
				  struct upload_failure *failure, unsigned int *requests)
{
	struct server *server = server_new(answers, count);
	struct upload *upload = upload_to("http://", server->port, "/push", PATIENCE_MS);
	enum upload_result result = post(upload, failure);

	upload_free(upload);
	server_stop(server);
	*requests = server->requests;
	server_free(server);
	return result;
}

static void expect_in(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in '%s'", part, text);
}

static void sends_bytes_and_headers(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
		"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
	};
	struct server *server = server_new(answers, 2);
	struct upload *upload =
		upload_to("http://", server->port, "/push.v1.PusherService/Push", PATIENCE_MS);
	struct upload_failure failure;

	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(post(upload, &failure), UPLOAD_DONE);
	upload_free(upload);
	server_stop(server);
	assert_int_equal(server->requests, 2);
	for (unsigned int i = 0; i < 2; i++) {
		const char *request = server->request[i];

		assert_ptr_equal(strstr(request, "POST /push.v1.PusherService/Push HTTP/1.1\r\n"),
				 request);
		expect_in(request, "\r\nUser-Agent: twtrace/1.2\r\n");
		expect_in(request, "\r\nContent-Type: application/proto\r\n");
		expect_in(request, "\r\nX-Scope-OrgID: a tenant\r\n");
		assert_memory_equal(request + server->len[i] - sizeof(BODY), BODY, sizeof(BODY));
	}
	server_free(server);
}

static void does_not_ask_before_it_sends_much(void **state)
{
	static const char *const answers[] = { "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" };
	struct server *server = server_new(answers, 1);
	struct upload *upload = upload_to("http://", server->port, "/", PATIENCE_MS);
	struct upload_failure failure;
	char *bytes = calloc(1, BIG);

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(upload_post(upload, bytes, BIG, &failure), UPLOAD_DONE);
	free(bytes);
	upload_free(upload);
	server_stop(server);
	assert_true(server->len[0] > BIG);
	assert_null(strcasestr(server->request[0], "\r\nExpect:"));
	server_free(server);
}

static void judges_each_answer_by_itself(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nthis",
		"HTTP/1.1 503 Later\r\nRetry-After: 7\r\nConnection: close\r\n\r\nthat",
		"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
	};
	static const char *const says[] = { "/ answers 400: this", "/ answers 503: that",
					    "/ answers 404" };
	struct server *server = server_new(answers, 4);
	struct upload *upload = upload_to("http://", server->port, "/", PATIENCE_MS);
	struct upload_failure failure;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(post(upload, &failure), i == 1 ? UPLOAD_AGAIN : UPLOAD_REFUSED);
		assert_string_equal(strstr(failure.err.text, "/ answers"), says[i]);
		assert_int_equal(failure.retry_after_ms, i == 1 ? 7000 : 0);
	}
	assert_int_equal(post(upload, &failure), UPLOAD_DONE);
	assert_string_equal(failure.err.text, "");
	upload_free(upload);
	server_free(server);
}

static void judges_answers(void **state)
{
	static const struct {
		const char *answer;
		enum upload_result result;
		unsigned int status;
		uint64_t retry_after_ms;
		const char *says;
	} cases[] = {
		{ "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nno \033[31mlabel\nmore",
		  UPLOAD_REFUSED, 400, 0, "/push answers 400: no \\x1b[31mlabel" },
		{ "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n", UPLOAD_REFUSED, 401, 0,
		  "/push answers 401" },
		{ "HTTP/1.1 408 Timeout\r\nConnection: close\r\n\r\n", UPLOAD_AGAIN, 408, 0,
		  "408" },
		{ "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nConnection: close\r\n\r\nslow down",
		  UPLOAD_AGAIN, 429, 7000, "429: slow down" },
		{ "HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n", UPLOAD_AGAIN, 500, 0, "500" },
		{ "HTTP/1.1 503 Later\r\nRetry-After: 1\r\nConnection: close\r\n\r\n", UPLOAD_AGAIN,
		  503, 1000, "503" },
		{ "HTTP/1.1 304 Same\r\nConnection: close\r\n\r\n", UPLOAD_REFUSED, 304, 0, "304" },
		{ "SSH-2.0-OpenSSH_9.2\r\n", UPLOAD_REFUSED, 0, 0, "cannot send to http://" },
		{ "", UPLOAD_AGAIN, 0, 0, "cannot send to http://" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct upload_failure failure;
		unsigned int requests;

		if (post_to(&cases[i].answer, 1, &failure, &requests) != cases[i].result)
			fail_msg("%s: %s", cases[i].answer, failure.err.text);
		assert_int_equal(failure.status, cases[i].status);
		assert_int_equal(failure.retry_after_ms, cases[i].retry_after_ms);
		expect_in(failure.err.text, cases[i].says);
		assert_null(strstr(failure.err.text, "more"));
	}
}

static void follows_within_the_scheme_only(void **state)
{
	static const struct {
		const char *answers[MOST_REQUESTS];
		size_t count;
		enum upload_result result;
		unsigned int requests;
	} cases[] = {
		{ { "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/new\r\nConnection: close\r\n\r\n",
		    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" },
		  2,
		  UPLOAD_DONE,
		  2 },
		{ { "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:%u/\r\nConnection: close\r\n\r\n" },
		  1,
		  UPLOAD_REFUSED,
		  1 },
		{ { "HTTP/1.1 302 Found\r\nLocation: file:///etc/hosts\r\nConnection: close\r\n\r\n" },
		  1,
		  UPLOAD_REFUSED,
		  1 },
		{ { "HTTP/1.1 307 Found\r\nLocation: /1\r\nConnection: close\r\n\r\n",
		    "HTTP/1.1 307 Found\r\nLocation: /2\r\nConnection: close\r\n\r\n",
		    "HTTP/1.1 307 Found\r\nLocation: /3\r\nConnection: close\r\n\r\n",
		    "HTTP/1.1 307 Found\r\nLocation: /4\r\nConnection: close\r\n\r\n",
		    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" },
		  5,
		  UPLOAD_REFUSED,
		  4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct upload_failure failure;
		unsigned int requests;

		if (post_to(cases[i].answers, cases[i].count, &failure, &requests) !=
		    cases[i].result)
			fail_msg("%s: %s", cases[i].answers[0], failure.err.text);
		assert_int_equal(requests, cases[i].requests);
	}
}

static void posts_where_it_was_pointed_to(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 301 Moved\r\nLocation: /new\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
	};
	struct server *server = server_new(answers, 2);
	struct upload *upload = upload_to("http://", server->port, "/old", PATIENCE_MS);
	struct upload_failure failure;

	(void)state;
	assert_int_equal(post(upload, &failure), UPLOAD_DONE);
	upload_free(upload);
	server_stop(server);
	expect_in(server->request[1], "POST /new HTTP/1.1\r\n");
	assert_memory_equal(server->request[1] + server->len[1] - sizeof(BODY), BODY, sizeof(BODY));
	server_free(server);
}

static void keeps_credentials_to_itself(void **state)
{
	static const char *const answers[] = { "HTTP/1.1 403 No\r\nConnection: close\r\n\r\n" };
	struct server *server = server_new(answers, 1);
	struct upload *upload = upload_to("http://me:secret@", server->port,
					  "/push?token=secret#secret", PATIENCE_MS);
	struct upload_failure failure;
	char shown[64];

	(void)state;
	assert_int_equal(post(upload, &failure), UPLOAD_REFUSED);
	snprintf(shown, sizeof(shown), "http://127.0.0.1:%u/push", server->port);
	assert_string_equal(upload_url(upload), shown);
	assert_ptr_equal(strstr(failure.err.text, shown), failure.err.text);
	assert_null(strstr(failure.err.text, "secret"));
	server_stop(server);
	expect_in(server->request[0], "POST /push?token=secret HTTP/1.1\r\n");
	expect_in(server->request[0], "\r\nAuthorization: Basic bWU6c2VjcmV0\r\n");
	/* nobody is there any more */
	assert_int_equal(post(upload, &failure), UPLOAD_AGAIN);
	expect_in(failure.err.text, shown);
	assert_null(strstr(failure.err.text, "secret"));
	assert_int_equal(failure.status, 0);
	upload_free(upload);
	server_free(server);
}

static void takes_urls_of_http_only(void **state)
{
	static const char *const urls[] = { "",
					    "x y",
					    "http://",
					    "ftp://me:secret@host/",
					    "file:///etc/passwd",
					    "gopher://host/",
					    "host:4040/",
					    "http://me:secret@host:99999/" };

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct upload_config config = { .url = urls[i], .version = "1.2" };
		struct error err = { 0 };

		if (upload_new(&config, &err))
			fail_msg("'%s' is taken", urls[i]);
		assert_int_equal(err.code, -EINVAL);
		expect_in(err.text, "URL");
		assert_null(strstr(err.text, "secret"));
	}
}

static void gives_up_in_time(void **state)
{
	static const char *const answers[] = { SILENCE };
	struct server *server = server_new(answers, 1);
	struct upload *upload = upload_to("http://", server->port, "/", 20);
	struct upload_failure failure;

	(void)state;
	assert_int_equal(post(upload, &failure), UPLOAD_AGAIN);
	expect_in(failure.err.text, "timed out");
	upload_free(upload);
	server_free(server);
}

static void *post_in_background(void *upload)
{
	struct upload_failure *failure = malloc(sizeof(*failure));

	assert_non_null(failure);
	return post(upload, failure) == UPLOAD_AGAIN ? failure : NULL;
}

static void can_be_interrupted(void **state)
{
	static const char *const answers[] = { SILENCE };
	struct server *server = server_new(answers, 1);
	struct upload *upload = upload_to("http://", server->port, "/", PATIENCE_MS);
	struct upload_failure *failure;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, post_in_background, upload), 0);
	pthread_mutex_lock(&server->lock);
	while (!server->requests)
		pthread_cond_wait(&server->changed, &server->lock);
	pthread_mutex_unlock(&server->lock);
	upload_interrupt(upload);
	pthread_join(thread, (void **)&failure);
	assert_non_null(failure);
	expect_in(failure->err.text, "interrupted");
	assert_int_equal(post(upload, failure), UPLOAD_AGAIN);
	free(failure);
	upload_free(upload);
	server_free(server);
}

/*
 * A server with a certificate that nobody has signed: two connections, and it ends. Says its
 * port on standard output, or why there is none.
 */
static const char tls_server[] =
	"d=$(mktemp -d) && trap 'rm -rf \"$d\"' EXIT && cd \"$d\" || exit\n"
	"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1 -keyout key -out cert 2>err ||\n"
	"	{ echo \"no certificate: $(tail -n 1 err)\"; exit; }\n"
	"python3 - 2>err <<'EOF' || echo \"no server: $(tail -n 1 err)\"\n"
	"import http.server, ssl, sys\n"
	"class Handler(http.server.BaseHTTPRequestHandler):\n"
	"    def do_POST(self):\n"
	"        self.rfile.read(int(self.headers['Content-Length']))\n"
	"        self.send_response(200)\n"
	"        self.end_headers()\n"
	"    def log_message(self, *args): pass\n"
	"server = http.server.HTTPServer(('127.0.0.1', 0), Handler)\n"
	"context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
	"context.load_cert_chain('cert', 'key')\n"
	"server.socket = context.wrap_socket(server.socket, server_side=True)\n"
	"server.timeout = 60\n"
	"print(server.server_address[1], flush=True)\n"
	"server.handle_request()\n"
	"server.handle_request()\n"
	"EOF\n";

static void verifies_certificates(void **state)
{
	FILE *server = popen(tls_server, "r");
	struct upload_config config = { .version = "1.2", .timeout_ms = PATIENCE_MS };
	char said[256] = "the shell says nothing", url[64];
	struct upload_failure failure;
	struct upload *upload;
	struct error err;

	(void)state;
	assert_non_null(server);
	if (!fgets(said, sizeof(said), server) || !atoi(said)) {
		pclose(server);
		print_message("%.*s\n", (int)strcspn(said, "\n"), said);
		skip();
	}
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", atoi(said));
	config.url = url;
	upload = upload_new(&config, &err);
	assert_non_null(upload);
	assert_int_equal(post(upload, &failure), UPLOAD_REFUSED);
	expect_in(failure.err.text, "certificate");
	upload_free(upload);
	config.insecure = true;
	upload = upload_new(&config, &err);
	assert_non_null(upload);
	if (post(upload, &failure) != UPLOAD_DONE)
		fail_msg("%s", failure.err.text);
	upload_free(upload);
	pclose(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_bytes_and_headers),
		cmocka_unit_test(does_not_ask_before_it_sends_much),
		cmocka_unit_test(judges_answers),
		cmocka_unit_test(judges_each_answer_by_itself),
		cmocka_unit_test(follows_within_the_scheme_only),
		cmocka_unit_test(posts_where_it_was_pointed_to),
		cmocka_unit_test(keeps_credentials_to_itself),
		cmocka_unit_test(takes_urls_of_http_only),
		cmocka_unit_test(gives_up_in_time),
		cmocka_unit_test(can_be_interrupted),
		cmocka_unit_test(verifies_certificates),
	};

	/* the server is here, whatever the environment says of proxies */
	setenv("no_proxy", "*", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
