/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model's figures over time, as samples of equal length: what a comparison of two
 * recordings is made of. Bounded: when there are too many samples, each two become one, and
 * from then on a sample is twice as long.
 */
#ifndef MODEL_SAMPLES_H
#define MODEL_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "model/field.h"
#include "model/histogram.h"

struct model;

#define SAMPLES_MOST 240
#define SAMPLE_NS 1000000000ULL	/* the length of a sample at first */
#define SAMPLE_ERRORS 16
#define SAMPLE_SERVICES 128

enum sample_time {
	SAMPLE_CONNECT,		/* SYN_SENT to ESTABLISHED */
	SAMPLE_LIFETIME,
	SAMPLE_RESIDENCE,	/* of minisocks */
	NR_SAMPLE_TIMES,
};

/* Counters by how far they went, gauges as the sum of all looks. */
struct sample_counts {
	uint64_t of[NR_FIELDS];
};

struct sample {
	uint64_t ns;		/* how long it is */
	uint32_t looks;
	struct sample_counts counts;
	uint64_t time_wait_peak; /* minisocks of both substates, the most that a look saw */
	double budget_peak;	/* share of the worst budget's ports; NAN: none is known */
	uint32_t errors[SAMPLE_ERRORS]; /* failed connects, by samples.errors */
	struct histogram times[NR_SAMPLE_TIMES]; /* owned */
};

struct service_samples {
	char *name;		/* owned */
	struct sample_counts before, now[SAMPLES_MOST];
};

struct samples {
	struct sample items[SAMPLES_MOST + 1]; /* the last one is being filled */
	uint32_t count;		/* full ones */
	uint64_t length_ns;	/* of a sample */
	uint64_t from_ns;	/* since when the last one is filled; 0: no look so far */
	uint64_t looked_ns;
	struct sample_counts before; /* at the last look */
	struct histogram lifetime; /* of all, at the beginning of the last one; owned */
	int errors[SAMPLE_ERRORS]; /* errno, as they were seen first; 0: no more */
	struct service_samples *services[SAMPLE_SERVICES]; /* owned, as they were seen first */
	uint32_t nr_services;
	uint32_t services_left_out;	/* rows that there was no room for, at the last look */
};

/* NULL: no memory. */
struct samples *samples_new(void);
void samples_free(struct samples *samples);
/* What the model says as it happens. */
void samples_event(struct samples *samples, const struct model_event *event);
/*
 * The figures as they are now: to be called some times a sample, by record time. The first
 * look is the beginning; what was before it is not told.
 */
void samples_look(struct samples *samples, const struct model *model);
/* No look will follow: of what was shorter than a sample there is one all the same. */
void samples_end(struct samples *samples, const struct model *model);

/*
 * Sums up the samples from @first up to @end into @sum, which is to be released. @service: its
 * counts instead of the totals, and no times; NULL: the totals.
 */
void samples_sum(const struct samples *samples, const struct service_samples *service,
		 uint32_t first, uint32_t end, struct sample *sum);
void sample_release(struct sample *sample);
/* NULL: that service has never been seen. */
const struct service_samples *samples_service(const struct samples *samples, const char *name);

#endif
