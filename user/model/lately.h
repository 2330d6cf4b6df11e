/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is of late for somebody who looks now and then: of the hour under way and of the one
 * before it, by the clock that began with the boot. So what happens is of late for one to two
 * hours, and a trace that is shorter forgets nothing.
 */
#ifndef MODEL_LATELY_H
#define MODEL_LATELY_H

#include <stdbool.h>
#include <stdint.h>

#define LATELY_SPAN_NS (3600 * 1000000000ULL)

/* Two of everything are kept, [span % 2] for the one under way and the other for that before. */
struct lately {
	uint64_t span;
};

enum lately_turn {
	LATELY_SAME,	/* still the same hour */
	LATELY_NEXT,	/* the one under way has become the one before */
	LATELY_PAUSE,	/* for longer than that nobody asked */
};

/* To be called before what is kept is looked at or changed; time does not go back. */
static inline enum lately_turn lately_turn(struct lately *lately, uint64_t now_ns)
{
	uint64_t span = now_ns / LATELY_SPAN_NS, before = lately->span;

	if (span <= before)
		return LATELY_SAME;
	lately->span = span;
	return span == before + 1 ? LATELY_NEXT : LATELY_PAUSE;
}

static inline unsigned int lately_now(const struct lately *lately)
{
	return lately->span % 2;
}

#endif
