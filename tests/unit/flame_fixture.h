/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flame-style summary that no format finds easy: names that mean something to each of them,
 * every kind of place where a stack ends, a fold, and a base to compare with.
 */
#ifndef FLAME_FIXTURE_H
#define FLAME_FIXTURE_H

#include <stdlib.h>

#include "sink/flame.h"

#define FIXTURE_SECOND 1000000000ULL
#define FIXTURE_NOW 1767225600123456789ULL	/* 2026-01-01T00:00:00.123456789Z */
#define FIXTURE_SHARE 0.001

/* Names. */
#define FIXTURE_SCRIPT "<script>alert(1)</script>&amp;"
#define FIXTURE_QUOTES "\"double\" and 'single' and \\back\\"
#define FIXTURE_SEMICOLONS "a;b; c:9"	/* no line of code, though it ends like one */
#define FIXTURE_NUMBER "proxy 443"	/* what comes after the blank is no count */
#define FIXTURE_ESCAPED "line\\x0abreak"	/* text_clean() has been there */
#define FIXTURE_SMILE "\xf0\x9f\x98\x80 smile"	/* beyond the BMP */
#define FIXTURE_NONCHARACTER "\xef\xbf\xbe non"	/* U+FFFE: XML has no such thing */
#define FIXTURE_CDATA "]]><!--"
#define FIXTURE_LIKE_FOLDED "(other)"
#define FIXTURE_IPV6 "2001:db8::1(x)<y>"
#define FIXTURE_LINE "handle<T>(int, char*) src/my.cc:42"
#define FIXTURE_SAME_LINE "handle<T>(int, char*) src/my.cc:77"
#define FIXTURE_SCRIPT_LINE "LazyCompile:~serve /srv/app.js:12:7"
#define FIXTURE_NO_LINE "libc.so.6+0x9f3c1 [5c1b2a]"
#define FIXTURE_GONE "gone.service"	/* in the base only */
#define FIXTURE_NEW "new.service"	/* not in the base */
#define FIXTURE_FOLDED 3	/* stacks, of services too small to be shown */

#define FIXTURE_MOST_PARTS 8

struct fixture_stack {
	struct flame_part parts[FIXTURE_MOST_PARTS];	/* up to a name that is NULL */
	uint64_t weights[NR_FLAME_SIDES][NR_FLAME_WEIGHTS];
};

/* clang-format off */
static const struct fixture_stack fixture_stacks[] = {
	{ { { FRAME_SERVICE, FIXTURE_SCRIPT }, { FRAME_PORT, ":443" }, { FRAME_REMOTE, FIXTURE_IPV6 },
	    { FRAME_STATE, "TIME_WAIT" }, { FRAME_STACK, "main src/my.cc:7" },
	    { FRAME_STACK, FIXTURE_LINE } },
	  { { 4000, 40, 40, 9 * FIXTURE_SECOND, 240000 * FIXTURE_SECOND, 0 },
	    { 1001, 10, 0, 2 * FIXTURE_SECOND, 60000 * FIXTURE_SECOND, 0 } } },
	{ { { FRAME_SERVICE, FIXTURE_SCRIPT }, { FRAME_PORT, ":443" }, { FRAME_REMOTE, FIXTURE_IPV6 },
	    { FRAME_STATE, "TIME_WAIT" }, { FRAME_STACK, "main src/my.cc:7" },
	    { FRAME_STACK, FIXTURE_SAME_LINE }, { FRAME_STACK, FIXTURE_NO_LINE } },
	  { { 2000, 20, 0, 5 * FIXTURE_SECOND, 0, 3 }, { 0, 0, 0, 0, 0, 0 } } },
	/* one ends where others go on */
	{ { { FRAME_SERVICE, FIXTURE_SCRIPT }, { FRAME_PORT, ":443" }, { FRAME_REMOTE, FIXTURE_IPV6 },
	    { FRAME_STATE, "TIME_WAIT" }, { FRAME_STACK, "main src/my.cc:7" } },
	  { { 7, 0, 0, 1, 0, 0 }, { 7, 0, 0, 1, 0, 0 } } },
	{ { { FRAME_SERVICE, FIXTURE_QUOTES }, { FRAME_PORT, ":443" }, { FRAME_REMOTE, "10.0.0.1" },
	    { FRAME_STATE, "CLOSE_WAIT" }, { FRAME_STACK, FIXTURE_SCRIPT_LINE } },
	  { { 300, 300, 0, 70000 * FIXTURE_SECOND, 0, 0 }, { 100, 100, 0, 9000 * FIXTURE_SECOND, 0, 0 } } },
	{ { { FRAME_SERVICE, FIXTURE_SEMICOLONS }, { FRAME_PORT, FIXTURE_NUMBER },
	    { FRAME_REMOTE, FIXTURE_ESCAPED }, { FRAME_STATE, "ESTABLISHED" } },
	  { { 250, 10, 0, 40 * FIXTURE_SECOND, 0, 0 }, { 260, 20, 0, 40 * FIXTURE_SECOND, 0, 0 } } },
	{ { { FRAME_SERVICE, FIXTURE_SMILE }, { FRAME_PORT, "443" }, { FRAME_REMOTE, "443" },
	    { FRAME_STATE, "ESTABLISHED" } },
	  { { 200, 10, 0, 30 * FIXTURE_SECOND, 0, 0 }, { 200, 10, 0, 30 * FIXTURE_SECOND, 0, 0 } } },
	{ { { FRAME_SERVICE, FIXTURE_NONCHARACTER }, { FRAME_PORT, "" },
	    { FRAME_REMOTE, FIXTURE_CDATA }, { FRAME_STATE, FIXTURE_LIKE_FOLDED } },
	  { { 150, 0, 0, 0, 9000 * FIXTURE_SECOND, 0 }, { 50, 0, 0, 0, 3000 * FIXTURE_SECOND, 0 } } },
	{ { { FRAME_SERVICE, FIXTURE_GONE }, { FRAME_PORT, ":80" }, { FRAME_REMOTE, "10.0.0.2" },
	    { FRAME_STATE, "FIN_WAIT2" } },
	  { { 0, 0, 0, 0, 0, 0 }, { 500, 5, 0, 50 * FIXTURE_SECOND, 0, 0 } } },
	{ { { FRAME_SERVICE, FIXTURE_NEW }, { FRAME_PORT, ":80" }, { FRAME_REMOTE, "10.0.0.2" },
	    { FRAME_STATE, "SYN_SENT" } },
	  { { 90, 0, 0, 3 * FIXTURE_SECOND, 0, 90 }, { 0, 0, 0, 0, 0, 0 } } },
	/* together they are one that is shown */
	{ { { FRAME_SERVICE, "small-1" }, { FRAME_PORT, ":1" } }, { { 1, 0, 0, 1, 0, 0 }, { 0 } } },
	{ { { FRAME_SERVICE, "small-2" }, { FRAME_PORT, ":2" } }, { { 2, 0, 0, 0, 2, 0 }, { 1 } } },
	{ { { FRAME_SERVICE, "small-3" }, { FRAME_PORT, ":3" } }, { { 1, 0, 0, 0, 0, 0 }, { 0 } } },
};
/* clang-format on */

#define FIXTURE_STACKS (sizeof(fixture_stacks) / sizeof(fixture_stacks[0]))

static const struct flame_head fixture_head = {
	.host = "web-1",
	.caveat = "3 events were lost",
	.by = { .frames = { FRAME_SERVICE, FRAME_PORT, FRAME_REMOTE, FRAME_STATE, FRAME_STACK },
		.count = 5 },
	.shown = 4,
	.weight = WEIGHT_TIME_WAIT_SECONDS,
	.from_ns = { FIXTURE_NOW, FIXTURE_NOW - 86400 * FIXTURE_SECOND },
	.to_ns = { FIXTURE_NOW + 60 * FIXTURE_SECOND, FIXTURE_NOW - 86280 * FIXTURE_SECOND },
};

static inline size_t fixture_parts(const struct fixture_stack *stack)
{
	size_t count = 0;

	while (count < FIXTURE_MOST_PARTS && stack->parts[count].name)
		count++;
	return count;
}

/* Of the window, and where @head has a base of that too; finished. NULL: no memory. */
static inline struct flame *fixture_flame(const struct flame_head *head)
{
	struct flame *flame = flame_new(head);
	unsigned int sides = head->base_name ? NR_FLAME_SIDES : FLAME_NOW + 1;
	int ret = flame ? 0 : -1;

	for (size_t i = 0; i < FIXTURE_STACKS && !ret; i++) {
		const struct fixture_stack *stack = &fixture_stacks[i];

		for (unsigned int side = 0; side < sides && !ret; side++)
			if (stack->weights[side][WEIGHT_CONNECTIONS])
				ret = flame_add(flame, side, stack->parts, fixture_parts(stack),
						stack->weights[side]);
	}
	if (!ret)
		ret = flame_finish(flame, FIXTURE_SHARE);
	if (!ret)
		return flame;
	flame_free(flame);
	return NULL;
}

/* What is compared: the same, and a file's name that is hard too. */
static inline struct flame *fixture_comparison(bool normalized)
{
	struct flame_head head = fixture_head;

	head.base_name = "yesterday's <file>.tw";
	head.normalized = normalized;
	return fixture_flame(&head);
}

#endif
