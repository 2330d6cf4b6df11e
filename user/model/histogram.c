// SPDX-License-Identifier: GPL-2.0-or-later
/* Sparse logarithmic histogram: the octaves in use, found by counting bits, not by search. */
#include "model/histogram.h"

#include <stdlib.h>
#include <string.h>

/* The middle of a bucket: at most half a bucket, 1/32, from any value in it. */
static uint64_t bucket_middle(unsigned int number)
{
	unsigned int octave;
	uint64_t low;

	if (number < HISTOGRAM_SUB_COUNT)
		return number;
	octave = number / HISTOGRAM_SUB_COUNT - 1;
	low = (uint64_t)(HISTOGRAM_SUB_COUNT + number % HISTOGRAM_SUB_COUNT) << octave;
	return low + ((1ULL << octave) >> 1);
}

void histogram_release(struct histogram *histogram)
{
	free(histogram->octaves);
	memset(histogram, 0, sizeof(*histogram));
}

/* How many octaves in use are below @octave: where it is or belongs. */
static unsigned int position(const struct histogram *histogram, unsigned int octave)
{
	return histogram_count_bits(histogram->used & ((1ULL << octave) - 1));
}

bool histogram_grow(struct histogram *histogram, unsigned int octave)
{
	unsigned int at = position(histogram, octave), nr = histogram_count_bits(histogram->used);
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

/* The buckets in order: @number is the one before; the count of the next one that has any, or 0. */
static uint32_t next_bucket(const struct histogram *histogram, unsigned int *number)
{
	while (++*number < 64 * HISTOGRAM_SUB_COUNT) {
		unsigned int octave = *number / HISTOGRAM_SUB_COUNT;
		uint32_t count;

		if (!(histogram->used >> octave & 1)) {
			*number = octave * HISTOGRAM_SUB_COUNT + HISTOGRAM_SUB_COUNT - 1;
			continue;
		}
		count = *histogram_count(histogram, *number);
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

	for (unsigned int i = 0; i < HISTOGRAM_SUB_COUNT; i++)
		count += from->count[i];
	if (!(histogram->used >> octave & 1) && !histogram_grow(histogram, octave)) {
		histogram->missed += count;
		return;
	}
	to = &histogram->octaves[position(histogram, octave)];
	for (unsigned int i = 0; i < HISTOGRAM_SUB_COUNT; i++)
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

void histogram_add_since(struct histogram *histogram, const struct histogram *now,
			 const struct histogram *before)
{
	unsigned int number = -1U;
	uint32_t count;

	histogram_merge(histogram, now);
	while ((count = next_bucket(before, &number))) {
		uint32_t *mine;

		/* no room was made for it: then it is not in the count either */
		if (!(histogram->used >> number / HISTOGRAM_SUB_COUNT & 1))
			continue;
		mine = histogram_count(histogram, number);
		count = count < *mine ? count : *mine;
		*mine -= count;
		histogram->count -= count;
	}
}

uint64_t histogram_at_most(const struct histogram *histogram, uint64_t ns)
{
	unsigned int number = -1U;
	uint64_t seen = 0;
	uint32_t count;

	while ((count = next_bucket(histogram, &number)) && bucket_middle(number) <= ns)
		seen += count;
	return seen;
}

double histogram_sum_ns(const struct histogram *histogram)
{
	unsigned int number = -1U;
	double sum = 0;
	uint32_t count;

	while ((count = next_bucket(histogram, &number)))
		sum += (double)count * (double)bucket_middle(number);
	return sum;
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
