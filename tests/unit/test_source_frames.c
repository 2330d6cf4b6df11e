// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames from a chain, a piece of stack and rules. Functions are letters: 'a' lies at
 * 0xa00 and so on, upper case ones keep frame pointers, and the texts name the frames.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "source/frames.h"

#define SP 0x7ff0000ULL
#define NO_FUNCTION 0x1000000ULL
/* where a word of the piece lies, from its beginning on */
#define WORD(n) (SP + 8 * (n))

static uint64_t code_of(char function)
{
	return function == '?' ? NO_FUNCTION : (uint64_t)function << 8;
}

/*
 * What the functions of the tests are:
 *   a..f  keep nothing: three words, then the return address
 *   g     saves and uses the frame pointer for its own ends: one word, bp, return address
 *   A..F  the usual frame pointer
 *   M     outermost       j  nothing is known of it        o  Go's: its rule is loose
 *   l     returns by the link register
 */
static void rule_at(void *ctx, uint64_t ip, bool is_return, struct frame_rule *rule)
{
	char function = ip >> 8;

	(void)ctx;
	/* what a call returns to may be the beginning of the next function */
	if (is_return && ip < NO_FUNCTION)
		function = (ip - 1) >> 8;
	*rule = (struct frame_rule){ .base = FRAME_UNKNOWN };
	if (ip >= NO_FUNCTION)
		rule->base = FRAME_NO_CODE;
	else if (function == 'M')
		rule->base = FRAME_OUTERMOST;
	else if (function == 'l')
		*rule = (struct frame_rule){ .base = FRAME_BY_SP, .ret_in_link = true };
	else if (function == 'g')
		*rule = (struct frame_rule){ .base = FRAME_BY_SP,
					     .cfa = 24,
					     .ret = -8,
					     .bp = -16,
					     .bp_kept = true };
	else if (function == 'o')
		*rule = (struct frame_rule){ .base = FRAME_BY_SP,
					     .cfa = 32,
					     .ret = -8,
					     .loose = true };
	else if (function >= 'a' && function <= 'f')
		*rule = (struct frame_rule){ .base = FRAME_BY_SP, .cfa = 32, .ret = -8 };
	else if (function >= 'A' && function <= 'F')
		*rule = (struct frame_rule){ .base = FRAME_BY_BP,
					     .cfa = 16,
					     .ret = -8,
					     .bp = -16,
					     .bp_kept = true };
}

struct word {
	unsigned int at;
	uint64_t value; /* a letter: the place where it is returned to */
};

struct test_case {
	const char *why;
	const char *chain;	/* as the kernel found it */
	const char *expected;	/* "..." at the end: incomplete; "+" at the end: a gap too */
	uint64_t bp;
	unsigned int words;	/* of the piece */
	struct word stack[8];
	bool no_registers;
	char link;
};

static const struct test_case cases[] = {
	{ .why = "the caller of a leaf without a frame pointer comes back",
	  .chain = "aBM",
	  .bp = WORD(10),
	  .words = 8,
	  .stack = { { 3, 'A' } },
	  .expected = "aABM" },
	{ .why = "the chain goes on beyond the piece",
	  .chain = "aBCDM",
	  .bp = WORD(100),
	  .words = 8,
	  .stack = { { 3, 'A' } },
	  .expected = "aABCDM" },
	{ .why = "several in a row come back, and a frame pointer is followed within the piece",
	  .chain = "aBM",
	  .bp = WORD(12),
	  .words = 16,
	  .stack = { { 3, 'b' }, { 7, 'A' }, { 12, WORD(40) }, { 13, 'B' } },
	  .expected = "abABM" },
	{ .why = "without any frame pointer the piece alone tells",
	  .chain = "a",
	  .bp = 1,
	  .words = 16,
	  .stack = { { 3, 'b' }, { 7, 'c' }, { 11, 'M' } },
	  .expected = "abcM" },
	{ .why = "a frame pointer used for something else is found again where it was saved",
	  .chain = "g",
	  .bp = 42,
	  .words = 16,
	  .stack = { { 1, WORD(8) },
		     { 2, 'A' },
		     { 8, WORD(12) },
		     { 9, 'B' },
		     { 12, 0 },
		     { 13, 'M' } },
	  .expected = "gABM" },
	{ .why = "one in the middle, beyond the piece, is missed: its caller has no frame",
	  .chain = "aBcDM",
	  .bp = WORD(100),
	  .words = 8,
	  .stack = { { 3, 'A' } },
	  .expected = "aABcDM+" },
	{ .why = "what is no code is no frame, and the chain that led there none",
	  .chain = "a?B",
	  .bp = 7,
	  .words = 4,
	  .stack = { { 3, 'c' } },
	  .expected = "ac+..." },
	{ .why = "where the chain just ends the outer frames are missing",
	  .chain = "aB",
	  .bp = WORD(100),
	  .words = 8,
	  .stack = { { 3, 'A' } },
	  .expected = "aAB..." },
	{ .why = "without registers the chain is told as it is, and that there is a gap",
	  .chain = "aBM",
	  .no_registers = true,
	  .expected = "aBM+" },
	{ .why = "without a piece too", .chain = "aBM", .bp = WORD(10), .expected = "aBM+" },
	{ .why = "of what nothing is known the chain is believed",
	  .chain = "jjjM",
	  .bp = WORD(10),
	  .words = 8,
	  .expected = "jjjM" },
	{ .why = "a rule that tells nothing of frame pointers falls in with the chain",
	  .chain = "oooM",
	  .bp = WORD(7),
	  .words = 8,
	  .stack = { { 3, 'o' }, { 7, 'o' } },
	  .expected = "oooM" },
	{ .why = "the innermost return address may be in a register",
	  .chain = "lBM",
	  .bp = WORD(10),
	  .words = 8,
	  .link = 'A',
	  .expected = "lABM" },
	{ .why = "a caller that lies inside of its callee is none",
	  .chain = "A",
	  .bp = SP - 64,
	  .words = 8,
	  .expected = "A..." },
};

/* A return address: behind the call. The first one of a chain is no return address. */
static uint64_t place(char function, size_t index)
{
	return code_of(function) + (index ? 0x100 : 0x10);
}

/* Returns how many frames the chain has. */
static size_t fill(struct tw_stack_seen *seen, __u64 *chain, const struct test_case *row)
{
	size_t count = strlen(row->chain);

	memset(seen, 0, sizeof(*seen));
	for (size_t i = 0; i < count; i++)
		chain[i] = place(row->chain[i], i);
	if (row->no_registers)
		return count;
	seen->ip = place(row->chain[0], 0);
	seen->sp = SP;
	seen->bp = row->bp;
	seen->link = row->link ? place(row->link, 1) : 0;
	seen->piece_len = 8 * row->words;
	for (size_t i = 0; i < 8; i++) {
		uint64_t value = row->stack[i].value;

		if (value >= 'A' && value <= 'z')
			value = place(value, 1);
		if (row->stack[i].at || value)
			memcpy(seen->piece + 8 * row->stack[i].at, &value, sizeof(value));
	}
	return count;
}

static void finds_the_frames(void **state)
{
	static struct frames frames;
	__u64 chain[TW_STACK_FRAMES];
	struct tw_stack_seen seen;
	size_t len, count;
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		count = fill(&seen, chain, &cases[i]);
		frames_find(&frames, &seen, chain, count, rule_at, NULL);
		for (len = 0; len < frames.count; len++)
			text[len] = (frames.ip[len] - (len ? 1 : 0)) >> 8;
		snprintf(text + len, sizeof(text) - len, "%s%s", frames.gap ? "+" : "",
			 frames.ended ? "" : "...");
		if (strcmp(text, cases[i].expected))
			fail_msg("%s: %s, not %s", cases[i].why, text, cases[i].expected);
	}
}

/* Whatever a process has on its stack, the walk ends and stays within its bounds. */
static void ends_on_any_stack(void **state)
{
	static const char functions[] = "abgABMjol?";
	static struct frames frames;
	__u64 chain[TW_STACK_FRAMES];
	struct tw_stack_seen seen;
	uint64_t random = 1;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		memset(&seen, 0, sizeof(seen));
		seen.sp = SP;
		/* whatever the kernel could read of it */
		seen.piece_len = round % (TW_STACK_PIECE + 1);
		for (unsigned int i = 0; i < TW_STACK_FRAMES; i++) {
			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			chain[i] = place(functions[(random >> 33) % 10], i);
		}
		for (unsigned int i = 0; i < TW_STACK_PIECE / 8; i++) {
			uint64_t word;

			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			word = random >> 63 ? WORD((random >> 40) % 70) :
					      place(functions[(random >> 33) % 10], 1);
			memcpy(seen.piece + 8 * i, &word, sizeof(word));
		}
		seen.ip = chain[0];
		seen.bp = WORD((random >> 40) % 70);
		frames_find(&frames, &seen, chain, round % (TW_STACK_FRAMES + 1), rule_at, NULL);
		assert_in_range(frames.count, 1, FRAMES_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_frames),
		cmocka_unit_test(ends_on_any_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
