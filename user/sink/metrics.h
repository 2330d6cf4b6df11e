/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that is counted, as Prometheus has it: text format 0.0.4 or OpenMetrics 1.0. The names
 * and their labels are a table; docs/metrics.md says what each means. Sets of labels are
 * bounded: no pid and no ephemeral port is one, and of remote hosts there are so many prefixes.
 */
#ifndef SINK_METRICS_H
#define SINK_METRICS_H

#include <stdint.h>
#include <stdio.h>

#include "base/self.h"
#include "model/model.h"
#include "sink/sink.h"

enum metrics_format {
	METRICS_TEXT,		/* text/plain; version=0.0.4; charset=utf-8 */
	METRICS_OPENMETRICS,	/* application/openmetrics-text; version=1.0.0; charset=utf-8 */
};

struct metrics_opts {
	uint32_t remotes;	/* so many prefixes of remote addresses; the rest is "other" */
	uint8_t prefix4, prefix6; /* their lengths, 0 to 32 and 0 to 128 */
};

#define METRICS_DEFAULTS ((struct metrics_opts){ .remotes = 20, .prefix4 = 32, .prefix6 = 64 })

/* What a scrape must remember for the next one: which prefixes have a label of their own. */
struct metrics;

/* What is told beside the model. */
struct metrics_site {
	const struct sink_opts *opts;	/* borrowed */
	const char *version;	/* of the program; NULL: not told */
	struct self_cost self;
	/* counters of others, e.g. of the HTTP server: written as they are; NULL: none */
	void (*more)(void *ctx, enum metrics_format format, FILE *out);
	void *ctx;
};

/* NULL: no memory. */
struct metrics *metrics_new(const struct metrics_opts *opts);
void metrics_free(struct metrics *metrics);
/* A whole exposition. Wants a model with leaks and ports. */
void metrics_write(struct metrics *metrics, const struct model *model,
		   const struct metrics_site *site, enum metrics_format format, FILE *out);
/* As HTTP's Content-Type. */
const char *metrics_type(enum metrics_format format);

#endif
