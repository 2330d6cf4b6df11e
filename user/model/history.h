/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The course of the totals: a point at the end of an interval, a second apart or more, in
 * bounded memory. Of counters (see FIELD_FIRST_GAUGE) a point holds what they have come to since
 * ready, so that the difference of any two is what happened between them, whatever was dropped.
 */
#ifndef MODEL_HISTORY_H
#define MODEL_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "model/field.h"

struct model;

/* What is kept when there is no room for all of it. */
enum history_of {
	HISTORY_NONE,
	HISTORY_LAST,	/* the last HISTORY_POINTS: an hour, at a point a second */
	HISTORY_ALL,	/* all of the time: every other point goes, and they are twice as far apart */
};

#define HISTORY_POINTS 3600

/* The fields that have a history, in this order. */
#define HISTORY_FIELDS                                                                        \
	FIELD_OPENED, FIELD_CLOSED, FIELD_FAILED, FIELD_RESETS, FIELD_TW_ENTERED, FIELD_OPEN, \
		FIELD_ESTABLISHED, FIELD_CLOSE_WAIT, FIELD_FIN_WAIT2, FIELD_FW2_ORPHANS,      \
		FIELD_TIME_WAIT
#define NR_HISTORY_FIELDS 11

struct history_point {
	uint64_t ts_ns;
	uint64_t count[NR_HISTORY_FIELDS];
};

enum field history_field(unsigned int at);

/* How many points there are. Only with model_opts.history. */
size_t model_history(const struct model *model);
/* From 0, the oldest, on; valid until the next model_mark_interval(). */
const struct history_point *model_history_at(const struct model *model, size_t at);

/* For model.c. NULL: no memory. */
struct history;
struct history *history_new(enum history_of of);
void history_free(struct history *history);
/* @count: of the totals, by enum field. Points closer than a second to the last one are none. */
void history_add(struct history *history, uint64_t now_ns, const uint64_t *count);
size_t history_count(const struct history *history);
const struct history_point *history_at(const struct history *history, size_t at);

#endif
