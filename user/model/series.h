/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A count over time in bounded memory, and what its course says: whether it grows, how fast,
 * and how sure that is. Points are a step apart; when there is no room for another one, every
 * other is dropped and the step doubles, so that a series always spans all of its time.
 */
#ifndef MODEL_SERIES_H
#define MODEL_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#define SERIES_POINTS 64

struct series {
	uint64_t start_ns;	/* of the first point */
	uint64_t step_ns;	/* 0: there is no point yet */
	uint32_t count;
	uint32_t point[SERIES_POINTS];
	uint32_t late_us[SERIES_POINTS]; /* each was taken so long after its time */
};

struct trend {
	uint64_t span_ns;	/* from the first point to the last */
	double per_s;		/* growth: the median of all slopes (Theil-Sen) */
	double confidence;	/* that it grows: one-sided Mann-Kendall, 0 to 1 */
	uint32_t rises;		/* points above all before them */
	bool growing;		/* still: the last rise is not longer ago than rises were apart */
};

/* Adds the value of @now_ns, unless the step is not over yet. @step_ns: of the first points. */
void series_add(struct series *series, uint64_t now_ns, uint64_t step_ns, uint32_t value);
/* The same, but when there is no room the oldest points go: the step stays what it is. */
void series_add_recent(struct series *series, uint64_t now_ns, uint64_t step_ns, uint32_t value);
/* When that point was taken. */
uint64_t series_time(const struct series *series, uint32_t point);
/* Whether it rises, still: struct trend's growing, at little cost. */
bool series_grows(const struct series *series);
/* Takes about 100 us. With less than three points nothing is known: all zero. */
struct trend series_trend(const struct series *series);

#endif
