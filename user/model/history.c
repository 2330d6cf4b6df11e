// SPDX-License-Identifier: GPL-2.0-or-later
/* A ring of points, or a line of them that is thinned out. */
#include "model/history.h"

#include <stdlib.h>

#include "model/tracker.h"

/* Timers are late now and then: a point that is nearly a second after the last one counts. */
#define LEAST_STEP_NS 900000000ULL

struct history {
	enum history_of of;
	uint64_t step_ns;	/* least, between points */
	size_t count, first;	/* first: of the ring */
	struct history_point points[HISTORY_POINTS];
};

static const enum field fields[NR_HISTORY_FIELDS] = { HISTORY_FIELDS };

enum field history_field(unsigned int at)
{
	return fields[at];
}

struct history *history_new(enum history_of of)
{
	struct history *history = calloc(1, sizeof(*history));

	if (history) {
		history->of = of;
		history->step_ns = LEAST_STEP_NS;
	}
	return history;
}

void history_free(struct history *history)
{
	free(history);
}

size_t history_count(const struct history *history)
{
	return history->count;
}

const struct history_point *history_at(const struct history *history, size_t at)
{
	return &history->points[(history->first + at) % HISTORY_POINTS];
}

static void thin_out(struct history *history)
{
	for (size_t i = 0; i < HISTORY_POINTS / 2; i++)
		history->points[i] = history->points[2 * i];
	history->count = HISTORY_POINTS / 2;
	history->step_ns *= 2;
}

void history_add(struct history *history, uint64_t now_ns, const uint64_t *count)
{
	struct history_point *point;

	if (history->count &&
	    now_ns < history_at(history, history->count - 1)->ts_ns + history->step_ns)
		return;
	if (history->count == HISTORY_POINTS && history->of == HISTORY_ALL)
		thin_out(history);
	if (history->count == HISTORY_POINTS) {
		history->first = (history->first + 1) % HISTORY_POINTS;
		history->count--;
	}
	point = &history->points[(history->first + history->count) % HISTORY_POINTS];
	point->ts_ns = now_ns;
	for (unsigned int i = 0; i < NR_HISTORY_FIELDS; i++)
		point->count[i] = count[fields[i]];
	history->count++;
}

size_t model_history(const struct model *model)
{
	return model->history ? history_count(model->history) : 0;
}

const struct history_point *model_history_at(const struct model *model, size_t at)
{
	return history_at(model->history, at);
}
