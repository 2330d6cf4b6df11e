/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Durations by logarithmic buckets, 16 an octave: a quantile is within 3.2 % of
 * the true value (half a bucket), the maximum is exact. Sparse: memory follows
 * the number of different octaves, 64 bytes each, few of them for most rows.
 */
#ifndef MODEL_HISTOGRAM_H
#define MODEL_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 4

/* The buckets of one octave. */
struct histogram_octave {
	uint32_t count[1U << HISTOGRAM_SUB_BITS];
};

struct histogram {
	struct histogram_octave *octaves; /* owned, those in use, in order */
	uint64_t used; /* which those are, a bit each */
	uint32_t missed;	/* samples dropped for want of memory */
	uint64_t count;
	uint64_t max_ns;
};

void histogram_release(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t ns);
/* Lets the memory come near that histogram_add() will need. */
void histogram_expect(const struct histogram *histogram, uint64_t ns);
/* Adds all samples of @from, as if they had been added here. */
void histogram_merge(struct histogram *histogram, const struct histogram *from);
/* The value at @permille (500: the median); 0 when empty, so ask count first. */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned int permille);

#endif
