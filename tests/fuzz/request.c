// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What clients of `serve` send, up to what they get: a server of its own for each input, which
 * comes over a local socket, in pieces that end with a byte of 0xff. The first byte chooses
 * whether a token is asked for and whether the tracing has begun.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/doctor_view.h"
#include "cmd/serve.h"
#include "cmd/serve_documents.h"
#include "cmd/serve_events.h"
#include "fuzz.h"
#include "model/model.h"
#include "serve/http_inside.h"
#include "sink/page.h"

#define PIECE_END 0xff
#define TURNS 6
/* Told at once: more than one block of an answer that goes on. */
#define EVENTS 50
/* An answer is taken no further. */
#define MOST_TAKEN (256 * 1024)

static const uint8_t loopback[ADDR_LEN] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };
static char token_path[64];
static struct model *model;

static void remove_token(void)
{
	unlink(token_path);
	model_free(model);
}

/* Some sockets, so that documents have something to say. */
static void feed_model(void)
{
	struct tw_record ready = { .size = sizeof(ready), .kind = TW_READY, .ts_ns = 2 };

	for (unsigned int i = 1; i < 4; i++) {
		struct tw_transition record = {
			.head = { .size = sizeof(record),
				  .kind = TW_TRANSITION,
				  .from = TW_SYN_SENT,
				  .to = TW_ESTABLISHED,
				  .flags = TW_F_OUTGOING | TW_F_OWNER,
				  .ts_ns = i },
			.cookie = i,
			.owner = { .tgid = i, .comm = "<a>\"\\" },
			.tuple = { .local_port = 40000 + i, .remote_port = 443, .netns_cookie = 1 },
		};

		memcpy(record.tuple.local_addr, loopback, ADDR_LEN);
		memcpy(record.tuple.remote_addr, loopback, ADDR_LEN);
		model_feed(model, &record.head, sizeof(record), 0);
	}
	model_feed(model, &ready, sizeof(ready), 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *tmp = getenv("TMPDIR");
	int fd;

	(void)argc;
	(void)argv;
	snprintf(token_path, sizeof(token_path), "%.40s/fuzz.XXXXXX", tmp ? tmp : "/tmp");
	fd = mkstemp(token_path);
	if (fd < 0 || write(fd, "secret\n", 7) != 7)
		abort();
	close(fd);
	model = model_new(&(struct model_opts){ .leaks = true,
						.ports = true,
						.history = HISTORY_LAST,
						.flame = page_flame_by() });
	if (!model)
		abort();
	feed_model();
	atexit(remove_token);
	return 0;
}

static int must(int ret)
{
	if (ret < 0)
		abort();
	return ret;
}

static void start(struct serve *serve, uint8_t choice)
{
	const struct http_config config = { serve->listen_fd, serve_answer, serve };
	struct error err = { 0 };

	options_init(&serve->options);
	memcpy(serve->at.addr, loopback, ADDR_LEN);
	serve->opts = (struct sink_opts){ .host = "host", .flame = page_flame() };
	serve->metrics_opts = METRICS_DEFAULTS;
	serve->doctor = doctor_part(&serve->options);
	serve->opts.extra = &serve->doctor;
	serve->ready = !(choice & 1);
	if (choice & 2)
		serve->token = token_open(token_path, &err);
	serve->model = model;
	serve->metrics = metrics_new(&serve->metrics_opts);
	serve->documents = documents_new();
	serve->events = events_new(&serve->opts);
	serve->http = http_new(&config, &err);
	if (!serve->http || !serve->events)
		abort();
}

static void stop(struct serve *serve)
{
	documents_free(serve->documents);
	http_free(serve->http);
	events_free(serve->events);
	metrics_free(serve->metrics);
	token_free(serve->token);
}

/* What is sent so far is answered, and taken. */
static void turn(struct serve *serve, int client)
{
	static char answer[65536];
	size_t taken = 0;

	for (unsigned int i = 0; i < TURNS; i++) {
		ssize_t len;

		http_attend(serve->http);
		while (taken < MOST_TAKEN &&
		       (len = recv(client, answer, sizeof(answer), MSG_DONTWAIT)) > 0)
			taken += (size_t)len;
	}
}

static void tell_events(struct serve *serve)
{
	const struct model_event loss = { .kind = EVENT_LOSS, .ts_ns = 3, .count = 1 };

	for (unsigned int i = 0; i < EVENTS; i++)
		events_take(serve, &loss);
	/* nobody waits for the timer by which they are told */
	http_wake_streams(serve->http);
}

static void converse(struct serve *serve, int client, const uint8_t *data, size_t size)
{
	while (size) {
		const uint8_t *end = memchr(data, PIECE_END, size);
		size_t len = end ? (size_t)(end - data) : size;

		if (send(client, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
		turn(serve, client);
		tell_events(serve);
		len += end != NULL;
		data += len;
		size -= len;
	}
	documents_interval(serve);
	turn(serve, client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(addr);
	struct serve serve = { .listen = "" };
	int client;

	if (!size)
		return 0;
	/* a name that the kernel finds, in no folder */
	serve.listen_fd = must(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	must(bind(serve.listen_fd, (struct sockaddr *)&addr, sizeof(sa_family_t)));
	must(listen(serve.listen_fd, 1));
	must(getsockname(serve.listen_fd, (struct sockaddr *)&addr, &len));
	start(&serve, data[0]);
	client = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	must(connect(client, (struct sockaddr *)&addr, len));
	converse(&serve, client, data + 1, size - 1);
	close(client);
	http_attend(serve.http);
	stop(&serve);
	return 0;
}
