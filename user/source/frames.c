// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks a piece of a stack by rules, and along the chain where the piece ends. */
#include "source/frames.h"

#include <string.h>

#define NOWHERE SIZE_MAX
/* Where every compiler keeps them: the caller's frame pointer, then the return address. */
#define CHAINED_CFA 16
#define CHAINED_RET (-8)

struct walk {
	struct frames *frames;
	const struct tw_stack_seen *seen;
	const __u64 *chain;
	size_t nr_chain;
	frame_rule_fn rule_at;
	void *ctx;
	uint64_t ip, sp, bp;
	bool sp_known, bp_known;
	/* the frame pointer is the one that the kernel found chain[at + 1] by */
	size_t at;
};

/* A word of the stack, if the piece has it. */
static bool word_at(const struct tw_stack_seen *seen, uint64_t address, uint64_t *word)
{
	uint64_t offset = address - seen->sp;

	if (seen->piece_len < sizeof(*word) || offset > seen->piece_len - sizeof(*word))
		return false;
	memcpy(word, seen->piece + offset, sizeof(*word));
	return true;
}

static void push(struct walk *walk)
{
	if (walk->frames->count < FRAMES_MAX)
		walk->frames->ip[walk->frames->count++] = walk->ip;
}

/* Where in the chain a frame pointer stands: it was followed from the registers' on. */
static size_t place_of(const struct walk *walk, uint64_t bp)
{
	uint64_t link = walk->seen->bp;

	for (size_t at = 0; at < walk->nr_chain; at++) {
		if (link == bp)
			return at;
		if (!word_at(walk->seen, link, &link))
			break;
	}
	return NOWHERE;
}

/* What is left of the chain, though a frame before it is missing. */
static void push_rest(struct walk *walk)
{
	size_t next = walk->at == NOWHERE ? walk->nr_chain : walk->at + 1;

	/* it is known by its address alone: the chain goes on after it */
	for (size_t i = 1; walk->at == NOWHERE && i < walk->nr_chain; i++)
		if (walk->chain[i] == walk->ip)
			next = i + 1;
	/* nothing was found but where it began */
	if (walk->frames->count == 1)
		next = 1;
	walk->frames->gap = true;
	for (; next < walk->nr_chain; next++) {
		struct frame_rule rule = { .base = FRAME_UNKNOWN };

		walk->ip = walk->chain[next];
		walk->rule_at(walk->ctx, walk->ip, true, &rule);
		if (rule.base == FRAME_NO_CODE)
			return;
		push(walk);
		if (rule.base == FRAME_OUTERMOST) {
			walk->frames->ended = true;
			return;
		}
	}
}

/* The caller, by the frame pointer that the kernel went by. False: its chain ends here. */
static bool step_along_chain(struct walk *walk)
{
	if (walk->at == NOWHERE || walk->at + 1 >= walk->nr_chain)
		return false;
	walk->sp = walk->bp + CHAINED_CFA;
	walk->sp_known = walk->bp_known;
	walk->bp_known = walk->bp_known && word_at(walk->seen, walk->bp, &walk->bp);
	walk->ip = walk->chain[++walk->at];
	return true;
}

/* The caller, by what the piece holds. False: it lies outside. */
static bool step_in_piece(struct walk *walk, const struct frame_rule *rule)
{
	bool by_sp = rule->base == FRAME_BY_SP;
	uint64_t cfa = (by_sp ? walk->sp : walk->bp) + rule->cfa, ip;

	if (by_sp ? !walk->sp_known : !walk->bp_known)
		return false;
	if (rule->ret_in_link && walk->frames->count == 1)
		ip = walk->seen->link;
	else if (rule->ret_in_link || !word_at(walk->seen, cfa + rule->ret, &ip))
		return false;
	/* stacks grow down: what is not outside of its callee is no caller */
	if (!ip || (walk->sp_known && cfa < walk->sp))
		return false;
	walk->ip = ip;
	walk->sp = cfa;
	walk->sp_known = true;
	if (rule->loose && walk->at != NOWHERE && walk->at + 1 < walk->nr_chain &&
	    ip == walk->chain[walk->at + 1]) {
		walk->at++;
		walk->bp_known = false;
	}
	if (!rule->bp_kept)
		return true;
	walk->bp_known = word_at(walk->seen, cfa + rule->bp, &walk->bp);
	if (walk->bp_known)
		walk->at = place_of(walk, walk->bp);
	else if (rule->base == FRAME_BY_BP && rule->cfa == CHAINED_CFA && walk->at != NOWHERE)
		walk->at++;
	else
		walk->at = NOWHERE;
	return true;
}

static bool is_chained(const struct frame_rule *rule)
{
	return rule->base == FRAME_UNKNOWN || rule->base == FRAME_NO_CODE || rule->loose ||
	       (rule->base == FRAME_BY_BP && rule->cfa == CHAINED_CFA && rule->ret == CHAINED_RET);
}

void frames_find(struct frames *frames, const struct tw_stack_seen *seen, const __u64 *chain,
		 size_t nr_chain, frame_rule_fn rule_at, void *ctx)
{
	struct walk walk = {
		.frames = frames,
		.seen = seen,
		.chain = chain,
		.nr_chain = nr_chain,
		.rule_at = rule_at,
		.ctx = ctx,
		.ip = nr_chain ? chain[0] : seen->ip,
		.sp = seen->sp,
		.bp = seen->bp,
	};

	/* without registers, or with another place's: the chain alone */
	walk.sp_known = walk.bp_known = seen->ip && seen->ip == walk.ip;
	frames->count = 0;
	frames->ended = frames->gap = false;
	while (frames->count < FRAMES_MAX) {
		struct frame_rule rule = { .base = FRAME_UNKNOWN };

		rule_at(ctx, walk.ip, frames->count > 0, &rule);
		if (rule.base == FRAME_NO_CODE && frames->count) {
			frames->gap = true;
			return;
		}
		push(&walk);
		if (rule.base == FRAME_OUTERMOST) {
			frames->ended = true;
			return;
		}
		if ((rule.base == FRAME_BY_SP || rule.base == FRAME_BY_BP) &&
		    step_in_piece(&walk, &rule))
			continue;
		if (is_chained(&rule) && step_along_chain(&walk))
			continue;
		/* it ended, and so does the chain, or it goes on elsewhere */
		if (!is_chained(&rule) || walk.at == NOWHERE)
			push_rest(&walk);
		return;
	}
}
