/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expositions, line by line. The two formats differ in little: OpenMetrics names the family of
 * a counter without its _total, says units, knows info, and ends with "# EOF".
 */
#ifndef SINK_METRICS_TEXT_H
#define SINK_METRICS_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "model/histogram.h"
#include "sink/metrics.h"

enum metric_type {
	METRIC_COUNTER,		/* its name ends in _total */
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
	METRIC_INFO,		/* its name ends in _info; always 1 */
	NR_METRIC_TYPES,
};

/* A family of series. */
struct metric {
	const char *name;
	enum metric_type type;
	const char *unit;	/* NULL: none; else the name ends in it (and _total) */
	const char *help;	/* one line; no backslash */
};

struct exposition {
	FILE *out;
	enum metrics_format format;
};

/* HELP, TYPE and UNIT: before all lines of a family, which stand together. */
void metric_begin(const struct exposition *to, const struct metric *metric);
/* @labels: as labels_text() has them, NULL: none. */
void metric_u64(const struct exposition *to, const struct metric *metric, const char *labels,
		uint64_t value);
void metric_double(const struct exposition *to, const struct metric *metric, const char *labels,
		   double value);
/* Nanoseconds, shown as seconds. */
void metric_seconds(const struct exposition *to, const struct metric *metric, const char *labels,
		    uint64_t ns);

/* An upper bound: its text is the float that both formats have in common ("1.0"). */
struct metric_bucket {
	const char *le;
	uint64_t ns;
};

/* All of the family but its head: buckets, the one of all, sum and count. */
void metric_histogram(const struct exposition *to, const struct metric *metric,
		      const struct histogram *histogram, const struct metric_bucket *buckets,
		      size_t count);

#define LABELS_LEN 1024
#define LABEL_OTHER "other"	/* what has no label of its own */

/* A set of labels as it stands between the braces. */
struct labels {
	size_t len;
	char text[LABELS_LEN];
};

/* NULL or "": not known; for Prometheus the same as no such label. One that is too long is cut. */
void labels_add(struct labels *labels, const char *name, const char *value);

#endif
