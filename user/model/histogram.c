// SPDX-License-Identifier: GPL-2.0-or-later
/* Sparse logarithmic histogram: the octaves in use, found by counting bits, not by search. */
#include "model/histogram.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SUB_COUNT (1U << HISTOGRAM_SUB_BITS)

/* Below 16 ns a bucket a nanosecond; above, 16 buckets an octave. */
static unsigned int bucket_of(uint64_t ns)
{
	unsigned int octave;

	if (ns < SUB_COUNT)
		return ns;
	octave = 63 - __builtin_clzll(ns) - HISTOGRAM_SUB_BITS;
	return (octave + 1) * SUB_COUNT + ((ns >> octave) & (SUB_COUNT - 1));
}

/* The middle of a bucket: at most half a bucket, 1/32, from any value in it. */
static uint64_t bucket_middle(unsigned int number)
{
	unsigned int octave;
	uint64_t low;

	if (number < SUB_COUNT)
		return number;
	octave = number / SUB_COUNT - 1;
	low = (uint64_t)(SUB_COUNT + number % SUB_COUNT) << octave;
	return low + ((1ULL << octave) >> 1);
}

void histogram_release(struct histogram *histogram)
{
	free(histogram->octaves);
	memset(histogram, 0, sizeof(*histogram));
}

/* What the compiler has for processors without the instruction is a call. */
static unsigned int count_bits(uint64_t bits)
{
	bits -= bits >> 1 & 0x5555555555555555ULL;
	bits = (bits & 0x3333333333333333ULL) + (bits >> 2 & 0x3333333333333333ULL);
	return ((bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fULL) * 0x0101010101010101ULL >> 56;
}

/* How many octaves in use are below @octave: where it is or belongs. */
static unsigned int position(const struct histogram *histogram, unsigned int octave)
{
	return count_bits(histogram->used & ((1ULL << octave) - 1));
}

static bool add_octave(struct histogram *histogram, unsigned int octave)
{
	unsigned int at = position(histogram, octave), nr = count_bits(histogram->used);
	struct histogram_octave *grown =
		realloc(histogram->octaves, (nr + 1) * sizeof(*histogram->octaves));

	if (!grown)
		return false;
	memmove(&grown[at + 1], &grown[at], (nr - at) * sizeof(*grown));
	memset(&grown[at], 0, sizeof(*grown));
	histogram->octaves = grown;
	histogram->used |= 1ULL << octave;
	return true;
}

void histogram_expect(const struct histogram *histogram, uint64_t ns)
{
	unsigned int number = bucket_of(ns);

	__builtin_prefetch(&histogram->octaves[position(histogram, number / SUB_COUNT)]
				    .count[number % SUB_COUNT],
			   1);
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
	unsigned int number = bucket_of(ns), octave = number / SUB_COUNT;

	if (ns > histogram->max_ns)
		histogram->max_ns = ns;
	if (!(histogram->used >> octave & 1) && !add_octave(histogram, octave)) {
		histogram->missed++;
		return;
	}
	histogram->octaves[position(histogram, octave)].count[number % SUB_COUNT]++;
	histogram->count++;
}

/* The buckets in order: @number is the one before; the count of the next one that has any, or 0. */
static uint32_t next_bucket(const struct histogram *histogram, unsigned int *number)
{
	while (++*number < 64 * SUB_COUNT) {
		unsigned int octave = *number / SUB_COUNT;
		uint32_t count;

		if (!(histogram->used >> octave & 1)) {
			*number = octave * SUB_COUNT + SUB_COUNT - 1;
			continue;
		}
		count = histogram->octaves[position(histogram, octave)].count[*number % SUB_COUNT];
		if (count)
			return count;
	}
	return 0;
}

static void merge_octave(struct histogram *histogram, unsigned int octave,
			 const struct histogram_octave *from)
{
	struct histogram_octave *to;
	uint32_t count = 0;

	for (unsigned int i = 0; i < SUB_COUNT; i++)
		count += from->count[i];
	if (!(histogram->used >> octave & 1) && !add_octave(histogram, octave)) {
		histogram->missed += count;
		return;
	}
	to = &histogram->octaves[position(histogram, octave)];
	for (unsigned int i = 0; i < SUB_COUNT; i++)
		to->count[i] += from->count[i];
	histogram->count += count;
}

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
	const struct histogram_octave *next = from->octaves;

	for (uint64_t left = from->used; left; left &= left - 1)
		merge_octave(histogram, __builtin_ctzll(left), next++);
	histogram->missed += from->missed;
	if (from->max_ns > histogram->max_ns)
		histogram->max_ns = from->max_ns;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned int permille)
{
	uint64_t rank = (histogram->count * permille + 999) / 1000, seen = 0, value = 0;
	unsigned int number = -1U;
	uint32_t count;

	if (!rank)
		rank = 1;
	while (seen < rank && (count = next_bucket(histogram, &number))) {
		seen += count;
		value = bucket_middle(number);
	}
	return value < histogram->max_ns ? value : histogram->max_ns;
}
