// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What makes a class of sockets a leak, a suspect or worth watching: a table of kinds.
 * docs/leaks.md says it in words.
 */
#include "model/signs.h"

#define SECOND_NS 1000000000ULL
#define MINUTE_NS (60 * SECOND_NS)
/* A trend is one from this confidence on. */
#define SURE 0.95
/* Of what came, so many have stayed. */
#define STAYED 0.9
/* Nothing that ends by itself takes so long, or next to nothing. */
#define LONG_NS (30 * SECOND_NS)
/* A pool may take so long to fill. */
#define FILLING_NS (50 * SECOND_NS)

bool signs_grow(const struct signs *signs, uint64_t span_ns)
{
	const struct trend *trend = &signs->trend;

	return trend->span_ns >= span_ns && trend->growing && trend->confidence >= SURE &&
	       signs->members->stayed >= 3 && signs->stayed >= STAYED;
}

bool signs_stand_still(const struct signs *signs)
{
	return signs->first && signs->members->before >= STAYED * signs->first;
}

/* CLOSE_WAIT, FIN_WAIT2, CLOSE: the program has nothing left to wait for, or nearly so. */
static enum leak_level level_held(const struct signs *signs)
{
	const struct members *members = signs->members;

	if (members->old >= 5 && signs_grow(signs, LONG_NS))
		return LEVEL_LEAK;
	if (members->old >= 10 && signs->p50_ns >= MINUTE_NS && signs_stand_still(signs))
		return LEVEL_LEAK;
	if (members->old >= 10 && (signs->p50_ns >= MINUTE_NS / 2 || signs->trend.growing))
		return LEVEL_SUSPECT;
	return members->old >= 3 ? LEVEL_WATCH : LEVEL_NONE;
}

/*
 * The same, and where nothing was seen of their end: nobody knows when that was, but sockets in
 * CLOSE that have been idle for a minute, and stay, are of no use to anybody.
 */
static enum leak_level level_closed(const struct signs *signs)
{
	const struct members *members = signs->members;
	enum leak_level level = level_held(signs);

	if (level != LEVEL_NONE || members->before < 5 || !signs_stand_still(signs) ||
	    signs->trend.span_ns < 2 * SECOND_NS)
		return level;
	return histogram_quantile(&members->idle, 100) >= MINUTE_NS ? LEVEL_SUSPECT : LEVEL_WATCH;
}

/* The minisock of our close(): its remote is to blame, unless that is here and judged itself. */
static enum leak_level level_orphan(const struct signs *signs)
{
	const struct members *members = signs->members;

	if (members->old < 3)
		return LEVEL_NONE;
	if (members->other != POOL_NONE)
		return LEVEL_WATCH;
	if (members->old >= 5 && (signs_grow(signs, LONG_NS) || signs->class->orphans_expired >= 5))
		return LEVEL_LEAK;
	return members->old >= 5 ? LEVEL_SUSPECT : LEVEL_WATCH;
}

static enum leak_level level_established(const struct signs *signs)
{
	bool client = signs->class->key.role == ROLE_CLIENT;

	if (!signs_grow(signs, LONG_NS) || signs->quiet < 0 || signs->quiet < STAYED)
		return LEVEL_NONE;
	/* a process for each connection: these pile up, not descriptors. And who accepts can't
	 * be blamed for who connects, least of all where that is here and judged itself */
	if (signs->most < 5 || (!client && signs->members->other != POOL_NONE))
		return LEVEL_WATCH;
	/* a pool that fills slowly looks like it until it is full */
	if (!client || signs->trend.span_ns < FILLING_NS || signs->members->count < 10)
		return LEVEL_SUSPECT;
	return LEVEL_LEAK;
}

static enum leak_level level_syn_sent(const struct signs *signs)
{
	const struct members *members = signs->members;
	const struct series *opened = &signs->class->of[SAMPLED_OPENED];
	bool answered = opened->count && signs->class->now[SAMPLED_OPENED] > opened->point[0];

	if (members->waited < 3)
		return LEVEL_NONE;
	/* whoever doesn't accept is at fault, and judged itself */
	if (members->queue || answered)
		return LEVEL_WATCH;
	if (members->old >= 5 && signs_grow(signs, LONG_NS))
		return LEVEL_LEAK;
	return members->old >= 5 ? LEVEL_SUSPECT : LEVEL_WATCH;
}

const struct kind_rule kind_rules[NR_LEAK_KINDS] = {
	[LEAK_CLOSE_WAIT] = { SAMPLED_CLOSE_WAIT, 3, false, level_held },
	[LEAK_ESTABLISHED_GROWTH] = { SAMPLED_ESTABLISHED, 5, true, level_established },
	[LEAK_FIN_WAIT2_HELD] = { SAMPLED_FIN_WAIT2, 3, false, level_held },
	[LEAK_FIN_WAIT2_ORPHAN] = { SAMPLED_ORPHANS, 3, false, level_orphan },
	[LEAK_CLOSED_HELD] = { SAMPLED_CLOSED, 3, false, level_closed },
	[LEAK_SYN_SENT] = { SAMPLED_SYN_SENT, 3, false, level_syn_sent },
};
