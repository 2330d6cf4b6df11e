// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What makes a class of sockets a leak, a suspect or worth watching: a table of kinds.
 * docs/leaks.md says it in words.
 */
#include <math.h>

#include "model/signs.h"

#define SECOND_NS 1000000000ULL
#define MINUTE_NS (60 * SECOND_NS)
/* A trend is one from this confidence on. */
#define SURE 0.95
/* Of what came, so many have stayed. */
#define STAYED 0.9
/* Nothing that ends by itself takes so long, or next to nothing. */
#define LONG_NS (30 * SECOND_NS)
/* A host that has answered in so many seconds is there. */
#define ANSWERED_POINTS 10
/* A pool may take so long to fill. */
#define FILLING_NS (50 * SECOND_NS)

double signs_stayed(const struct signs *signs)
{
	double stayed = signs->span->stayed, grown = signs->grown;

	if (!grown)
		return 0;
	/* one may have come at the very moment that was sampled */
	if (fabs(stayed - grown) <= 1)
		return 1;
	/* more have come than it has grown by: as many others have gone meanwhile */
	return stayed < grown ? stayed / grown : grown / stayed;
}

bool signs_grow(const struct signs *signs, uint64_t span_ns)
{
	const struct trend *trend = &signs->trend;

	return trend->span_ns >= span_ns && trend->growing && trend->confidence >= SURE &&
	       signs->span->stayed >= 3 && signs_stayed(signs) >= STAYED;
}

bool signs_stand_still(const struct signs *signs)
{
	uint32_t before = signs->span->before;

	return signs->first && before >= STAYED * signs->first &&
	       before >= STAYED * signs->members->count;
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

	if (level != LEVEL_NONE || signs->span->before < 5 || !signs_stand_still(signs) ||
	    signs->trend.span_ns < 2 * SECOND_NS)
		return level;
	return histogram_quantile(&members->idle, 100) >= MINUTE_NS ? LEVEL_SUSPECT : LEVEL_WATCH;
}

/* The minisock of our close(): its remote is to blame, unless that is here and judged itself. */
static enum leak_level level_orphan(const struct signs *signs)
{
	const struct members *members = signs->members;
	uint64_t orphans = members->count + signs->class->orphans_expired;
	/* some clients just go away: every public server has such */
	bool many = orphans * 5 >= signs->class->ended && members->old >= 2 * signs->pairs;

	if (members->old < 3)
		return LEVEL_NONE;
	if (members->other != POOL_NONE || !many)
		return LEVEL_WATCH;
	if (members->old >= 5 && (signs_grow(signs, LONG_NS) || signs->class->orphans_expired >= 5))
		return LEVEL_LEAK;
	return members->old >= 5 ? LEVEL_SUSPECT : LEVEL_WATCH;
}

/* It grows, and is in use: a pool without a bound, or more to do. */
static enum leak_level level_busy(const struct signs *signs)
{
	bool pool = signs->class->key.role == ROLE_CLIENT && signs->most >= 5;

	return pool && signs->trend.span_ns >= FILLING_NS && signs->members->count >= 10 ?
		       LEVEL_WATCH :
		       LEVEL_NONE;
}

static enum leak_level level_established(const struct signs *signs)
{
	bool client = signs->class->key.role == ROLE_CLIENT;

	if (!signs_grow(signs, LONG_NS) || signs->quiet < 0)
		return LEVEL_NONE;
	if (signs->quiet < STAYED)
		return level_busy(signs);
	/* a process for each connection: these pile up, not descriptors. And who accepts can't
	 * be blamed for who connects, least of all where that is here and judged itself */
	if (signs->most < 5 || (!client && signs->members->other != POOL_NONE))
		return LEVEL_WATCH;
	/* a pool that fills slowly looks like it until it is full */
	if (!client || signs->trend.span_ns < FILLING_NS || signs->members->count < 10 ||
	    /* a crawler, a scraper: one for each host */
	    signs->members->count < 3 * signs->pairs)
		return LEVEL_SUSPECT;
	return LEVEL_LEAK;
}

/* Connects to it have come about in the last seconds. */
static bool is_answered(const struct leak_class *class)
{
	const struct series *opened = &class->of[SPAN_RECENT][SAMPLED_OPENED];
	uint32_t back = opened->count > ANSWERED_POINTS ? ANSWERED_POINTS : opened->count;

	return back && class->now[SAMPLED_OPENED] > opened->point[opened->count - back];
}

static enum leak_level level_syn_sent(const struct signs *signs)
{
	const struct members *members = signs->members;

	if (members->waited < 3)
		return LEVEL_NONE;
	/* whoever doesn't accept is at fault, and judged itself */
	if (members->queue || is_answered(signs->class))
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
