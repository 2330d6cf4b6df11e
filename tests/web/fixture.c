/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flame-fixture FORMAT [KIND]: writes a flame to standard output. KIND: `usual` services,
 * `compared` with another window (`raw`: not normalized), by `service`, `hostile` names, `big` with 100,000 stacks
 * (`whole`: not folded), `empty`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sink/flame.h"

#define SECOND 1000000000ULL
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct stack {
	const char *service, *port, *remote, *state;
	uint32_t now, base;
	bool traced;	/* its code is known */
};

static const struct stack usual[] = {
	{ "nginx.service", ":443", "192.0.2.10", "TIME_WAIT", 21000, 9000, false },
	{ "nginx.service", ":443", "192.0.2.10", "ESTABLISHED", 1200, 1190, false },
	{ "nginx.service", ":443", "198.51.100.7", "TIME_WAIT", 8000, 9500, false },
	{ "nginx.service", ":443", "2001:db8::8:800:200c:417a", "FIN_WAIT2", 3400, 0, false },
	{ "nginx.service", ":443", "2001:db8::8:800:200c:417a", "CLOSING", 700, 650, false },
	{ "nginx.service", ":80", "203.0.113.99", "FIN_WAIT1", 1800, 1800, false },
	{ "nginx.service", ":80", "203.0.113.99", "SYN_RECV", 1500, 300, false },
	{ "payments-api", ":8443", "10.0.4.17", "CLOSE_WAIT", 6200, 40, true },
	{ "payments-api", ":8443", "10.0.4.18", "CLOSE_WAIT", 2100, 35, true },
	{ "payments-api", ":8443", "10.0.4.18", "ESTABLISHED", 900, 1000, true },
	{ "payments-api", ":5432", "10.0.9.1", "SYN_SENT", 1600, 0, true },
	{ "docker:3f2a9c01b7de", ":6379", "127.0.0.1", "ESTABLISHED", 5000, 5200, false },
	{ "docker:3f2a9c01b7de", ":6379", "127.0.0.1", "CLOSE", 1100, 1100, false },
	{ "docker:3f2a9c01b7de", ":6379", "127.0.0.1", "LAST_ACK", 1300, 2600, false },
	{ "batch-export.timer", ":22", "10.77.0.3", "TIME_WAIT", 0, 4400, false },
	{ "\xe6\x94\xaf\xe6\x89\x95\xe3\x81\x84\xe3\x82\xb5\xe3\x83\xbc\xe3\x83\x93\xe3\x82\xb9"
	  "\xf0\x9f\x94\xa5.service",
	  ":9000", "192.0.2.200", "ESTABLISHED", 2600, 2500, false },
};

static const char *const hostile[] = {
	"<script>alert(1)</script>",
	"\"><img src=x onerror=alert(1)>",
	"]]>",
	"&amp;",
	"a;b;c 443",
	"-->",
	"</title></svg><script>alert(2)</script>",
	"\xef\xbf\xbe and \xef\xbf\xbf",
	"\xf0\x9f\x92\xa3 non-BMP \xf0\x90\x8d\x88",
	"\xff\xfe\xc3(",
	"\xe2\x80\xaegnp.exe",
	"' onload='alert(3)",
	"${alert(4)} `\\u003c`",
	"__proto__",
	"constructor",
	"",
	"\xd8\xa7\xd9\x84\xd8\xae\xd8\xaf\xd9\x85\xd8\xa9",
};

static void weigh(uint64_t count, const char *state, uint64_t weights[static NR_FLAME_WEIGHTS])
{
	bool waits = !strcmp(state, "TIME_WAIT");

	weights[WEIGHT_CONNECTIONS] = count;
	weights[WEIGHT_OPEN] = waits ? 0 : count / 3;
	weights[WEIGHT_TIME_WAIT] = waits ? count / 4 : 0;
	weights[WEIGHT_SECONDS] = waits ? 0 : count * 37 * SECOND;
	weights[WEIGHT_TIME_WAIT_SECONDS] = waits ? count * 60 * SECOND : 0;
	weights[WEIGHT_FAILURES] = !strcmp(state, "SYN_SENT") ? count : 0;
}

static void add(struct flame *flame, const struct stack *stack, enum flame_side side)
{
	static const char *const code[] = { "main", "serve(int)", "Pool::checkout<Connection&>()",
					    "tcp_connect" };
	uint64_t weights[NR_FLAME_WEIGHTS], count = side == FLAME_NOW ? stack->now : stack->base;
	struct flame_part parts[16];
	size_t n = 0;

	if (!count)
		return;
	parts[n++] = (struct flame_part){ FRAME_SERVICE, stack->service };
	parts[n++] = (struct flame_part){ FRAME_PORT, stack->port };
	parts[n++] = (struct flame_part){ FRAME_REMOTE, stack->remote };
	parts[n++] = (struct flame_part){ FRAME_STATE, stack->state };
	for (size_t i = 0; stack->traced && i < COUNT(code); i++)
		parts[n++] = (struct flame_part){ FRAME_STACK, code[i] };
	parts[n++] = (struct flame_part){ FRAME_CLOSE, stack->now % 200 ? "we" : "peer" };
	weigh(count, stack->state, weights);
	if (flame_add(flame, side, parts, n, weights))
		abort();
}

static void add_usual(struct flame *flame)
{
	for (size_t i = 0; i < COUNT(usual); i++) {
		add(flame, &usual[i], FLAME_NOW);
		if (flame->head.base_name)
			add(flame, &usual[i], FLAME_BASE);
	}
}

static void add_hostile(struct flame *flame)
{
	char names[COUNT(hostile)][256];

	for (size_t i = 0; i < COUNT(hostile); i++)
		text_clean(hostile[i], strlen(hostile[i]), names[i], sizeof(names[i]));
	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct stack stack = { .service = names[i],
				       .port = ":1",
				       .remote = names[(i + 1) % COUNT(hostile)],
				       .state = i % 2 ? "TIME_WAIT" : names[i],
				       .now = 100 + (uint32_t)i,
				       .base = 100 };

		add(flame, &stack, FLAME_NOW);
		add(flame, &stack, FLAME_BASE);
	}
}

/* What a model had no room for. */
static void add_unplaced(struct flame *flame)
{
	const struct flame_part part = { NR_FLAME_FRAMES, "(other)" };
	uint64_t weights[NR_FLAME_WEIGHTS];

	weigh(50000, "", weights);
	if (flame_add(flame, FLAME_NOW, &part, 1, weights))
		abort();
}

/* A few that are large and a long tail, always the same. */
static void add_big(struct flame *flame)
{
	static const char *const states[] = { "TIME_WAIT", "ESTABLISHED", "CLOSE_WAIT",
					      "FIN_WAIT2" };
	char service[32], port[16], remote[32];
	uint64_t random = 1;

	for (unsigned int i = 0; i < 100000; i++) {
		struct stack stack = { .service = service, .port = port, .remote = remote };

		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		snprintf(service, sizeof(service), "worker-%u.service",
			 (unsigned int)(random >> 60));
		snprintf(port, sizeof(port), ":%u", 8000 + (unsigned int)(random >> 40) % 20);
		snprintf(remote, sizeof(remote), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		stack.state = states[(random >> 50) % COUNT(states)];
		stack.now = i % 97 ? 1 + (uint32_t)(random >> 62) : 3000;
		stack.base = 1;
		stack.traced = i % 3 == 0;
		add(flame, &stack, FLAME_NOW);
	}
	add_unplaced(flame);
}

static void write_flame(const struct flame *flame, const char *format)
{
	if (!strcmp(format, "svg"))
		flame_svg_write(flame, stdout);
	else if (!strcmp(format, "html"))
		flame_html_write(flame, stdout);
	else
		exit(2);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 2 ? argv[2] : "usual";
	bool is_raw = !strcmp(kind, "raw"), is_compared = is_raw || !strcmp(kind, "compared");
	bool is_big = !strcmp(kind, "big") || !strcmp(kind, "whole");
	struct flame_head head = {
		.host = strcmp(kind, "hostile") ? "web-1" : "</title><script>alert(5)</script>",
		.base_name = is_compared ? "/var/lib/twtrace/monday.twr" : NULL,
		.caveat = strcmp(kind, "usual") ? NULL : "312 events were lost & made up for",
		.by = { { FRAME_SERVICE, FRAME_PORT, FRAME_REMOTE, FRAME_STATE, FRAME_STACK,
			  FRAME_CLOSE },
			6 },
		.shown = 5,
		.color = strcmp(kind, "service") ? FLAME_BY_STATE : FLAME_BY_SERVICE,
		.normalized = is_compared && !is_raw,
		.from_ns = { 1769860800 * SECOND + 123456789, 1769774400 * SECOND },
		.to_ns = { 1769861400 * SECOND + 500000000, 1769774700 * SECOND },
	};
	struct flame *flame = flame_new(&head);
	uint64_t begin;

	if (argc < 2 || !flame)
		return 2;
	if (!strcmp(kind, "hostile"))
		add_hostile(flame);
	else if (is_big)
		add_big(flame);
	else if (strcmp(kind, "empty"))
		add_usual(flame);
	begin = now_ns();
	if (flame_finish(flame, is_big && strcmp(kind, "whole") ? 0.001 : 0))
		return 1;
	write_flame(flame, argv[1]);
	if (fflush(stdout))
		return 1;
	fprintf(stderr, "%" PRIu32 " frames, %" PRIu64 " ms\n", flame->count,
		(now_ns() - begin) / 1000000);
	flame_free(flame);
	return 0;
}
