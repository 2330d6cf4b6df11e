/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Durations by logarithmic buckets, 16 an octave: a quantile is within 3.2 % of
 * the true value (half a bucket), the maximum is exact. Sparse: memory follows
 * the number of different octaves, 64 bytes each, few of them for most rows, and
 * as much again for those that had more samples than 32 bits count.
 */
#ifndef MODEL_HISTOGRAM_H
#define MODEL_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAM_SUB_BITS 4
#define HISTOGRAM_SUB_COUNT (1U << HISTOGRAM_SUB_BITS)

/* The buckets of one octave. */
struct histogram_octave {
	uint32_t count[HISTOGRAM_SUB_COUNT];
};

struct histogram {
	/* owned: those in use, in order; behind them the upper halves of counts, in order */
	struct histogram_octave *octaves;
	uint64_t used; /* which those are, a bit each */
	uint64_t wide; /* those of them that have an upper half */
	uint64_t count; /* but for samples that there was no memory for */
	uint64_t max_ns;
};

void histogram_release(struct histogram *histogram);
/* Makes room for @octave; false: no memory. */
bool histogram_grow(struct histogram *histogram, unsigned int octave);
/*
 * The lower half of a bucket's count has begun again at 0: the upper one has one more. False:
 * no memory, and the sample that did it is taken back.
 */
bool histogram_carry(struct histogram *histogram, unsigned int bucket);
/* Adds all samples of @from, as if they had been added here. */
void histogram_merge(struct histogram *histogram, const struct histogram *from);
/*
 * Adds what @now has more than @before, an earlier state of it. The maximum is @now's: of the
 * time between the two it is a bound.
 */
void histogram_add_since(struct histogram *histogram, const struct histogram *now,
			 const struct histogram *before);
/*
 * How many samples are not above @ns, and the sum of all: each counts as the middle of its
 * bucket, so that both are within 3.2 % of the value, and never decrease.
 */
uint64_t histogram_at_most(const struct histogram *histogram, uint64_t ns);
double histogram_sum_ns(const struct histogram *histogram);
/* The value at @permille (500: the median); 0 when empty, so ask count first. */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned int permille);

/* Below 16 ns a bucket a nanosecond; above, 16 buckets an octave. */
static inline unsigned int histogram_bucket(uint64_t ns)
{
	unsigned int octave;

	if (ns < HISTOGRAM_SUB_COUNT)
		return ns;
	octave = 63 - __builtin_clzll(ns) - HISTOGRAM_SUB_BITS;
	return (octave + 1) * HISTOGRAM_SUB_COUNT + ((ns >> octave) & (HISTOGRAM_SUB_COUNT - 1));
}

/* What the compiler has for processors without the instruction is a call. */
static inline unsigned int histogram_count_bits(uint64_t bits)
{
	bits -= bits >> 1 & 0x5555555555555555ULL;
	bits = (bits & 0x3333333333333333ULL) + (bits >> 2 & 0x3333333333333333ULL);
	return ((bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fULL) * 0x0101010101010101ULL >> 56;
}

/*
 * The lower half of a bucket's count, or where it would be: as many octaves are before it as are
 * in use.
 */
static inline uint32_t *histogram_count(const struct histogram *histogram, unsigned int bucket)
{
	uint64_t below = (1ULL << bucket / HISTOGRAM_SUB_COUNT) - 1;

	return &histogram->octaves[histogram_count_bits(histogram->used & below)]
			.count[bucket % HISTOGRAM_SUB_COUNT];
}

/* Lets the memory come near that histogram_add() will need. */
static inline void histogram_expect(const struct histogram *histogram, uint64_t ns)
{
	if (histogram->used)
		__builtin_prefetch(histogram_count(histogram, histogram_bucket(ns)), 1);
}

/* In line: the same duration goes into several, and is looked at once. */
static inline void histogram_add(struct histogram *histogram, uint64_t ns)
{
	unsigned int bucket = histogram_bucket(ns), octave = bucket / HISTOGRAM_SUB_COUNT;

	if (ns > histogram->max_ns)
		histogram->max_ns = ns;
	if (!(histogram->used >> octave & 1) && !histogram_grow(histogram, octave))
		return;
	if (!++*histogram_count(histogram, bucket) && !histogram_carry(histogram, bucket))
		return;
	histogram->count++;
}

#endif
