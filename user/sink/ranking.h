/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of a dimension in the order in which they are shown, and what their
 * counters did over a span of time.
 */
#ifndef SINK_RANKING_H
#define SINK_RANKING_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"
#include "sink/value.h"

/* What rates are taken over: the running interval, or all since ready. */
struct span {
	bool whole;
	double seconds;		/* 0: too short for any rate */
};

struct span span_interval(const struct model *model);
struct span span_whole(const struct model *model);
/* How far a counter went in the span. */
uint64_t span_delta(const struct span *span, const struct row *row, enum field field);
/* Per second; false where there is none. */
bool span_rate(const struct span *span, const struct row *row, enum field field, double *rate);

enum ranking_order {
	RANKING_BY_OPENED,
	RANKING_BY_ACTIVITY,	/* opened in the span, then sockets now, then opened */
	RANKING_NONE,		/* as they stand in the table */
};

struct ranking {
	const struct row **rows;	/* array owned, rows borrowed; "other" is not among them */
	size_t count;
	const struct row *other;	/* NULL: nothing was folded */
	uint64_t folded;
};

/* Rows where every count is zero are left out. Returns 0 or -ENOMEM. */
int ranking_init(struct ranking *ranking, const struct model *model, enum dimension dimension,
		 enum ranking_order order, struct span span);
void ranking_release(struct ranking *ranking);

/* What a key consists of. */
enum key_part {
	KEY_SERVICE,
	KEY_PORT,
	KEY_ROLE,
	KEY_REMOTE,
	NR_KEY_PARTS,
};

/* The parts of a dimension's key, the telling one first. Returns how many. */
size_t key_parts(enum dimension dimension, enum key_part parts[static NR_KEY_PARTS]);
/* As JSON names it: "remote_addr". */
const char *key_part_name(enum key_part part);
void key_part_get(enum key_part part, const struct model *model, const struct row_key *key,
		  struct value *value);

#endif
