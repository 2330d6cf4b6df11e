/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a class of sockets shows of one kind of leak, and the verdict that tells it. Internal
 * to the model.
 */
#ifndef MODEL_SIGNS_H
#define MODEL_SIGNS_H

#include "model/members.h"

/* What a class shows of one kind. */
struct signs {
	const struct leak_class *class;
	const struct members *members;
	const struct member_span *span; /* of the members */
	struct trend trend;
	uint32_t first;		/* at the first point */
	uint32_t grown;		/* since, up to span->ref_ns */
	double quiet;		/* share of the stayed without data; -1: not known */
	uint64_t p50_ns;
	uint32_t most;		/* that one process has */
	uint32_t pairs;		/* a site's, that have any of these; else 1 */
};

/* How a kind is judged by the sockets of a class; without level(): by something else. */
struct kind_rule {
	enum sampled what;
	uint32_t least;		/* sockets that give cause to look at them */
	bool rising;		/* and only where their number rises */
	enum leak_level (*level)(const struct signs *signs);
};

extern const struct kind_rule kind_rules[NR_LEAK_KINDS];

/* Share of what it has grown by that is still there: 1, unless some of it has gone again. */
double signs_stayed(const struct signs *signs);
/* Whether its number grows, still, over @span_ns at least, and nothing of it goes again. */
bool signs_grow(const struct signs *signs, uint64_t span_ns);
/* Whether it was there from the start, and (nearly) all of it still is. */
bool signs_stand_still(const struct signs *signs);

/* Who and where, by the key of a pair. */
void verdict_place(struct model *model, struct verdict *verdict, const struct row_key *key,
		   uint32_t remotes);
/* One more process, which has @count of the sockets; @id: an owner. */
void verdict_holder(struct model *model, struct verdict *verdict, uint32_t id, uint32_t count);
/* The processes and the code that opened these sockets. */
void verdict_opened_by(struct model *model, struct verdict *verdict, struct members *members);
/* All that the signs say, but for level, kind and advice. */
void verdict_fill(struct model *model, struct verdict *verdict, const struct signs *signs,
		  struct members *members);
/* One sentence on what to do, tied to what the verdict rests on. */
const char *verdict_advice(const struct verdict *verdict);

#endif
