/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts on connections that are not let go: which service, in which way, since when, how
 * sure that is, and what it rests on. docs/leaks.md says how each level is come by.
 */
#ifndef MODEL_LEAK_H
#define MODEL_LEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"

struct model;

enum leak_kind {
	LEAK_CLOSE_WAIT,	/* the peer has closed, the program has not */
	LEAK_ESTABLISHED_GROWTH, /* opened, used, and forgotten */
	LEAK_FIN_WAIT2_HELD,	/* half closed by us, and held */
	LEAK_FIN_WAIT2_ORPHAN,	/* closed by us; the peer never closes */
	LEAK_CLOSED_HELD,	/* ended, and the descriptor still open */
	LEAK_SYN_SENT,		/* connects to where nobody answers */
	LEAK_ACCEPT_QUEUE,	/* a listener that accepts nothing */
	LEAK_TIME_WAIT_CHURN,	/* short-lived connections that a pool would save */
	NR_LEAK_KINDS,
};

enum leak_level {
	LEVEL_NONE,
	LEVEL_WATCH,	/* worth a look, nothing is wrong with it so far */
	LEVEL_SUSPECT,	/* looks like a leak, and may be none */
	LEVEL_LEAK,
};

#define VERDICT_HOLDERS 8
#define VERDICT_STACKS 4

/* A process with sockets that the verdict counts. */
struct verdict_holder {
	uint32_t pid;
	uint32_t source;	/* of which recording */
	uint32_t sockets;	/* of the verdict's that belong to it */
	char comm[TW_COMM_LEN * 4 + 1];	/* clean UTF-8 */
	char script[128];	/* what an interpreter runs; empty: it is none, or unknown */
	uint32_t fds;		/* open descriptors, 0: not known */
	uint64_t fd_limit;	/* 0: not known */
};

/* The code that opened some of the sockets, or closed or shut them down. */
struct verdict_stack {
	const char *text;	/* a line a frame, innermost first; borrowed from the model */
	const char *thread;	/* NULL: unknown */
	enum tw_deed deed;
	uint32_t sockets;
	bool incomplete;
};

/* What text it has belongs to the model and lasts until the next record is fed. */
struct verdict {
	enum leak_level level;
	enum leak_kind kind;
	const char *service;	/* NULL: unknown */
	enum direction direction;
	uint16_t local_port;	/* of a server; 0: of no one port */
	uint16_t remote_port;	/* of a client's peer; 0: of no one port */
	uint8_t remote_addr[16]; /* zero: several */
	uint32_t remotes;	/* so many hosts */
	uint64_t count;		/* churn: connections that it opened while traced */
	double per_minute;	/* growth; churn: opened */
	double confidence;
	bool aged;		/* the next five are known */
	uint64_t age_p50_ns, age_max_ns;
	uint64_t since_ns;	/* of the oldest */
	uint64_t idle_p50_ns;	/* in CLOSE: without a segment; 0: not known */
	bool at_least;		/* at least so old: its beginning was not seen */
	bool half_at_least;	/* the same of the median */
	uint32_t grown;		/* of so many that came while traced and long enough ago */
	uint32_t stayed;	/* so many are still there */
	uint64_t watched_ns;
	int quiet_percent;	/* of those, without data since their beginning; -1: not known */
	uint64_t netns_cookie;	/* accept queue: of the listener, and */
	uint8_t source;		/* of which recording; of other kinds nothing is said */
	uint32_t limit;		/* accept queue: the backlog; churn: ephemeral ports there are */
	uint64_t time_wait;	/* churn: TIME_WAIT sockets of it now, on this side */
	uint64_t lifetime_p50_ns; /* churn */
	int one_segment_percent; /* churn: sent at most one segment of data; -1: not known */
	struct verdict_holder holders[VERDICT_HOLDERS];
	uint32_t nr_holders, more_holders;
	uint32_t unlisted;	/* sockets of further processes, which were not counted */
	uint32_t fds;		/* of the holder nearest to its limit; 0: not known */
	uint64_t fd_limit;
	uint64_t exhausted_ns;	/* until then, as all verdicts on it grow; 0: not known, or never */
	bool other_here;	/* the other end is on this host: */
	const char *other_service;
	uint32_t other_pid;
	uint8_t other_state;	/* of most of them */
	const char *advice;
	struct verdict_stack stacks[VERDICT_STACKS];
	uint32_t nr_stacks;
	uint32_t stacked, unstacked; /* sockets with and without a stack */
	uint32_t cut_short;	/* of the stacked: incomplete */
};

const char *leak_kind_name(enum leak_kind kind);	/* "close_wait" */
/* What the sockets are doing ("sockets in CLOSE-WAIT"). */
const char *leak_thing(enum leak_kind kind);
const char *leak_level_name(enum leak_level level);	/* "leak" */

/* Looks now, whenever it looked last. Only with model_opts.leaks. */
void model_judge(struct model *model);
/* The verdicts of the last look, worst first; NULL, 0: none. */
size_t model_verdicts(const struct model *model, const struct verdict **verdicts);
/* What there was no room for, and no verdict knows of. */
struct leaks_unkept {
	uint64_t classes;	/* rows whose course is not followed */
	uint64_t closed;	/* sockets in CLOSE */
	uint64_t stacks;
};

struct leaks_unkept model_leaks_unkept(const struct model *model);
/*
 * What the verdicts need and no record has told yet: processes by their descriptors, ages by
 * a dump that asks for them, sockets in CLOSE by a walk over open files.
 */
size_t model_wants_processes(const struct model *model, uint32_t *pids, size_t room);
bool model_wants_ages(const struct model *model);
bool model_wants_closed(const struct model *model);

#endif
