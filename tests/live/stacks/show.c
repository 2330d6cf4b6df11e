// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traces with stacks and prints each, with its frames, as one line, until standard input
 * ends; "ready" comes first:
 *
 *   DEED COOKIE PID TID THREAD whole|incomplete|none FRAME;FRAME;...
 *
 *   show [NETNS-INODE [N]]   one socket in N
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/log.h"
#include "source/live.h"

#define TEXTS 4096

struct texts {
	struct tw_stack_text *known[TEXTS];
	size_t count;
};

static void add_text(struct texts *texts, const struct tw_stack_text *text)
{
	struct tw_stack_text *copy = malloc(text->head.size);

	if (!copy || texts->count == TEXTS)
		exit(1);
	memcpy(copy, text, text->head.size);
	for (char *at = copy->text; *at; at++)
		if (*at == '\n')
			*at = ';';
	texts->known[texts->count++] = copy;
}

static void show(const struct texts *texts, const struct tw_stack *stack)
{
	static const char *const deeds[] = { "connected", "accepted", "closed" };
	const struct tw_stack_text *text = NULL;

	for (size_t i = 0; i < texts->count; i++)
		if (texts->known[i]->stack == stack->stack)
			text = texts->known[i];
	printf("%s %llu %u %u %.16s %s %s\n", deeds[stack->head.from % 3], stack->cookie,
	       stack->pid, stack->tid, stack->thread,
	       !text				      ? "none" :
	       text->head.flags & TW_STACK_INCOMPLETE ? "incomplete" :
							"whole",
	       text ? text->text : "");
	fflush(stdout);
}

static void receive(void *ctx, const struct tw_record *record)
{
	if (record->kind == TW_STACK_TEXT)
		add_text(ctx, (const void *)record);
	else if (record->kind == TW_STACK)
		show(ctx, (const void *)record);
}

int main(int argc, char **argv)
{
	struct live_opts opts = { .evidence = TW_NR_EVIDENCE, .stacks = 1 };
	struct texts texts = { .count = 0 };
	struct receiver to = { .receive = receive, .ctx = &texts };
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	struct error err = { 0 };
	struct live *live;

	if (argc > 1)
		opts.filter.netns_ino = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		opts.stacks = strtoul(argv[2], NULL, 10);
	log_set_level(getenv("SHOW_VERBOSE") ? LOG_VERBOSE : LOG_WARNING);
	live = live_new(&opts, &err);
	if (!live || caps_limit(live_kept_caps(live), &err) || live_start(live, &to, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 3;
	}
	puts("ready");
	fflush(stdout);
	fds[1] = (struct pollfd){ .fd = live_fd(live), .events = POLLIN };
	do {
		if (!poll(fds, 2, 100))
			live_interval(live, 50, false, &to);
		live_drain(live, &to);
	} while (!fds[0].revents);
	live_drain(live, &to);
	live_interval(live, 0, false, &to);
	live_end(live, &to);
	live_free(live);
	for (size_t i = 0; i < texts.count; i++)
		free(texts.known[i]);
	return 0;
}
