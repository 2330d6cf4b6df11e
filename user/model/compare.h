/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two recordings side by side: each figure taken from equal slices of either, and whether what
 * lies between the two is more than what lies within each. docs/report.md says how it is judged.
 */
#ifndef MODEL_COMPARE_H
#define MODEL_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/samples.h"

#define COMPARE_SLICES 20	/* of a recording, at most */
#define COMPARE_LEVEL 0.001	/* the chance (base/rank_test.h) from which on it is no chance */
#define COMPARE_LEAST 0.1	/* a smaller change of the median is not told, however sure */
#define COMPARE_LEAST_MS 0.1	/* nor is so little of a time: it is the machine's */

enum side {
	SIDE_BEFORE,
	SIDE_AFTER,
	NR_SIDES,
};

enum figure_verdict {
	FIGURE_WITHIN,		/* the slices of one vary as much */
	FIGURE_CHANGED,
	FIGURE_TOO_SHORT,	/* too few slices have it for any answer */
	NR_FIGURE_VERDICTS,
};

/* Of the slices that have the figure at all. */
struct figure_side {
	uint32_t slices;
	double median, low, high; /* NAN: none has it */
	double total;		/* a rate's: what was counted in all slices; NAN: of what is none */
};

struct figure {
	char name[48];		/* "connect_time_p50" */
	const char *unit;	/* "per_s", "ms", "share", "sockets" */
	struct figure_side side[NR_SIDES];
	double change;		/* of the median, relative to before; NAN: that is 0, or unknown */
	double chance;		/* of no difference; NAN: too short to tell */
	enum figure_verdict verdict;
};

#define COMPARE_FIGURES 64

struct figures {
	const char *service;	/* borrowed from the samples; NULL: of the whole */
	struct figure items[COMPARE_FIGURES];
	size_t count;
};

const char *figure_verdict_name(enum figure_verdict verdict);	/* "within spread" */

/* How many slices there are; each of them has the same number of samples, or one more. */
uint32_t compare_slices(const struct samples *samples);
void compare_whole(const struct samples *const samples[static NR_SIDES], struct figures *figures);
/* @service, which may be in one of them only. */
void compare_service(const struct samples *const samples[static NR_SIDES], const char *service,
		     struct figures *figures);
/*
 * Of one recording by itself: a rate whose first half of slices differs from the second as two
 * recordings have to. What is compared then depends on when it was recorded.
 */
struct unsteady {
	const char *name;	/* "failed" */
	double first, second;	/* a second, the medians of either half */
};

/* Whether there is one; the first of them. */
bool compare_unsteady(const struct samples *samples, struct unsteady *unsteady);
/* How much of it has changed, to order services by: the largest change of any figure. */
double figures_weight(const struct figures *figures);

#endif
