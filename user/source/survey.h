/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's namespaces and what is in them: finds them, takes their snapshots,
 * says when one has ended, and keeps the cost of looking within a budget.
 */
#ifndef SOURCE_SURVEY_H
#define SOURCE_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "source/netns.h"
#include "source/snapshot.h"
#include "source/source.h"

/* Past this many new namespaces in one interval the rest are noticed in the next. */
#define MAX_UNKNOWN 1024
/* Settings rarely change, and of counters it is the first and the last that are wanted. */
#define FACTS_EVERY_NS 10000000000ULL

struct survey {
	struct netns_list netns;
	uint64_t next_ns;	/* no snapshot before, unless forced */
	/* namespaces that events named and the list lacks: short-lived, or not to be entered */
	struct tw_name unknown[MAX_UNKNOWN];
	size_t nr_unknown;
	bool rescan;		/* an entry left the list: look who is there now */
	uint64_t noticed;	/* the cookie noticed last */
	bool busy;		/* a survey is under way, which works with the list */
	bool ages;
	bool facts;		/* tell the files of each namespace, too */
	uint32_t flags;		/* enum tw_snapshot_flag of every snapshot */
	uint32_t only_ino;	/* the one namespace that is wanted; 0: all */
};

/* @keeper: borrowed; it looks into other namespaces. 0, or -errno with @err. */
int survey_init(struct survey *survey, struct keeper *keeper, bool ages, uint32_t only_ino,
		struct error *err);
void survey_release(struct survey *survey);
/* Tells the survey of a namespace that an event was in. */
void survey_notice(struct survey *survey, const struct tw_tuple *tuple);

/*
 * The namespace of an event, to be entered; where it is a new one all new ones are told of. NULL:
 * it is gone or out of sight, or a survey is under way that has not come by it. Valid until the
 * next call of any function here.
 */
struct netns_entry *survey_find(struct survey *survey, uint64_t cookie, const struct receiver *to);

/*
 * First look: snapshots of all namespaces. @before runs when they begin, @between after
 * all sockets have been delivered and before the snapshots end (holders go there); @settle
 * during and after a dump and before its delivery (the ring is read empty there).
 */
struct survey_steps {
	void (*settle)(void *ctx);
	void (*before)(void *ctx);
	void (*between)(void *ctx);
	void *ctx;
};

int survey_start(struct survey *survey, const struct survey_steps *steps, const struct receiver *to,
		 struct error *err);
/* From now on no namespace but the tracer's own is looked into. */
void survey_own_only(struct survey *survey);
/*
 * An interval: new namespaces, ended ones, and snapshots of all if the budget
 * (thousandths of the time) allows it or @force asks for it. @ages: ask when data passed last.
 */
void survey_interval(struct survey *survey, uint64_t now_ns, unsigned int budget, bool force,
		     bool ages, const struct survey_steps *steps, const struct receiver *to);

#endif
