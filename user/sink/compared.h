/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One of two recordings that are compared: kept while it is replayed, so that it can be set
 * beside the other when the model is gone.
 */
#ifndef SINK_COMPARED_H
#define SINK_COMPARED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model/compare.h"
#include "sink/recordings.h"

struct compared_leak {
	char *name;		/* owned: "close_wait: shop, port 7000" */
	const char *level;
};

struct compared_facts {
	char *name;		/* owned; NULL: the namespace has none */
	char *text;		/* owned: its files (base/facts.h), as they were last */
};

struct compared {
	struct recording_note note;	/* its texts are in what follows */
	char *path;		/* owned */
	char host[64], kernel[64], program[32], filters[FILTER_TEXT_LEN];
	bool damaged;
	int64_t realtime_offset_ns;
	uint64_t ready_ns, now_ns; /* 0: tracing never began */
	uint64_t lost;		/* events, by any cause but a slow output */
	struct samples *samples; /* owned */
	struct compared_leak *leaks; /* owned */
	size_t nr_leaks;
	struct compared_facts *facts; /* owned */
	size_t nr_facts;
	bool short_of_memory;
};

/* Frees what is in it. */
void compared_release(struct compared *compared);
/* Keeps what it sees in opts.compared; prints nothing. */
extern const struct sink_ops compared_sink;

struct comparison {
	const struct compared *side[NR_SIDES];
	uint32_t limit;		/* of services; 0: all that have changed, in text ten */
	FILE *out;
	bool colour;
};

void comparison_print(const struct comparison *comparison);
void comparison_write_json(const struct comparison *comparison);

/* What both outputs go by. */

/* In what the two differ that a comparison rests on, a sentence each; how many. */
#define COMPARED_CAVEATS 10
#define CAVEAT_LEN (2 * FILTER_TEXT_LEN + 64)

struct caveats {
	const char *what[COMPARED_CAVEATS]; /* "filters" */
	char text[COMPARED_CAVEATS][CAVEAT_LEN];
	size_t count;
};

void comparison_caveats(const struct comparison *comparison, struct caveats *caveats);

/* A sysctl that is not the same; the values are in @before and @after, NULL: not there. */
typedef void (*setting_fn)(void *ctx, const char *netns, const char *name, const char *before,
			   const char *after);
void comparison_each_setting(const struct comparison *comparison, setting_fn fn, void *ctx);

/* The leaks that @side has and the other has not. */
typedef void (*leak_fn)(void *ctx, const struct compared_leak *leak);
void comparison_each_leak(const struct comparison *comparison, enum side side, leak_fn fn,
			  void *ctx);

/* Services in which anything has changed, that with the largest change first. */
struct services_compared {
	struct figures *items;	/* owned */
	size_t count;
	size_t same;		/* services in which nothing has */
};

/* 0 or -ENOMEM. */
int services_compare(const struct comparison *comparison, struct services_compared *services);
void services_compared_release(struct services_compared *services);

#endif
