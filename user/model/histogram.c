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

/* How many octaves of @set are below @octave. */
static unsigned int position(uint64_t set, unsigned int octave)
{
	return histogram_count_bits(set & ((1ULL << octave) - 1));
}

/* Room for one more octave @at there; NULL: no memory. */
static struct histogram_octave *insert(struct histogram *histogram, unsigned int at)
{
	unsigned int nr =
		histogram_count_bits(histogram->used) + histogram_count_bits(histogram->wide);
	struct histogram_octave *grown =
		realloc(histogram->octaves, (nr + 1) * sizeof(*histogram->octaves));

	if (!grown)
		return NULL;
	memmove(&grown[at + 1], &grown[at], (nr - at) * sizeof(*grown));
	memset(&grown[at], 0, sizeof(*grown));
	histogram->octaves = grown;
	return &grown[at];
}

bool histogram_grow(struct histogram *histogram, unsigned int octave)
{
	if (!insert(histogram, position(histogram->used, octave)))
		return false;
	histogram->used |= 1ULL << octave;
	return true;
}

/* Where the upper half of a bucket's count is, or would be. */
static uint32_t *upper_half(const struct histogram *histogram, unsigned int bucket)
{
	unsigned int octave = bucket / HISTOGRAM_SUB_COUNT;
	unsigned int at = histogram_count_bits(histogram->used) + position(histogram->wide, octave);

	return &histogram->octaves[at].count[bucket % HISTOGRAM_SUB_COUNT];
}

static bool is_wide(const struct histogram *histogram, unsigned int bucket)
{
	return histogram->wide >> bucket / HISTOGRAM_SUB_COUNT & 1;
}

static bool widen(struct histogram *histogram, unsigned int bucket)
{
	unsigned int octave = bucket / HISTOGRAM_SUB_COUNT;

	if (is_wide(histogram, bucket))
		return true;
	if (!insert(histogram,
		    histogram_count_bits(histogram->used) + position(histogram->wide, octave)))
		return false;
	histogram->wide |= 1ULL << octave;
	return true;
}

bool histogram_carry(struct histogram *histogram, unsigned int bucket)
{
	if (!widen(histogram, bucket)) {
		*histogram_count(histogram, bucket) = UINT32_MAX;
		return false;
	}
	++*upper_half(histogram, bucket);
	return true;
}

static uint64_t count_of(const struct histogram *histogram, unsigned int bucket)
{
	uint64_t upper = is_wide(histogram, bucket) ? *upper_half(histogram, bucket) : 0;

	return upper << 32 | *histogram_count(histogram, bucket);
}

/* Of an octave in use. What there is no memory for is left out, here and in the sum of all. */
static void set_count(struct histogram *histogram, unsigned int bucket, uint64_t count)
{
	uint64_t before = count_of(histogram, bucket);

	if (count > UINT32_MAX && !widen(histogram, bucket))
		count = UINT32_MAX;
	*histogram_count(histogram, bucket) = (uint32_t)count;
	if (is_wide(histogram, bucket))
		*upper_half(histogram, bucket) = count >> 32;
	histogram->count += count - before;
}

/* The buckets in order: @number is the one before; the count of the next one that has any, or 0. */
static uint64_t next_bucket(const struct histogram *histogram, unsigned int *number)
{
	while (++*number < 64 * HISTOGRAM_SUB_COUNT) {
		unsigned int octave = *number / HISTOGRAM_SUB_COUNT;
		uint64_t count;

		if (!(histogram->used >> octave & 1)) {
			*number = octave * HISTOGRAM_SUB_COUNT + HISTOGRAM_SUB_COUNT - 1;
			continue;
		}
		count = count_of(histogram, *number);
		if (count)
			return count;
	}
	return 0;
}

/* Lower halves (@shift 0) or upper ones (32), all of them of @octave. */
static void merge_octave(struct histogram *histogram, unsigned int octave,
			 const struct histogram_octave *from, unsigned int shift)
{
	unsigned int at = position(histogram->used, octave);

	if (!(histogram->used >> octave & 1) && !histogram_grow(histogram, octave))
		return;
	for (unsigned int i = 0; i < HISTOGRAM_SUB_COUNT; i++) {
		uint32_t *lower = &histogram->octaves[at].count[i];
		unsigned int bucket = octave * HISTOGRAM_SUB_COUNT + i;
		uint64_t count = (uint64_t)from->count[i] << shift;

		if (*lower + count > UINT32_MAX) {
			set_count(histogram, bucket, count_of(histogram, bucket) + count);
		} else {
			*lower += count;
			histogram->count += count;
		}
	}
}

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
	const struct histogram_octave *next = from->octaves;

	for (uint64_t left = from->used; left; left &= left - 1)
		merge_octave(histogram, __builtin_ctzll(left), next++, 0);
	for (uint64_t left = from->wide; left; left &= left - 1)
		merge_octave(histogram, __builtin_ctzll(left), next++, 32);
	if (from->max_ns > histogram->max_ns)
		histogram->max_ns = from->max_ns;
}

void histogram_add_since(struct histogram *histogram, const struct histogram *now,
			 const struct histogram *before)
{
	unsigned int number = -1U;
	uint64_t count;

	histogram_merge(histogram, now);
	while ((count = next_bucket(before, &number))) {
		uint64_t mine;

		/* no room was made for it: then it is not in the count either */
		if (!(histogram->used >> number / HISTOGRAM_SUB_COUNT & 1))
			continue;
		mine = count_of(histogram, number);
		set_count(histogram, number, mine - (count < mine ? count : mine));
	}
}

uint64_t histogram_at_most(const struct histogram *histogram, uint64_t ns)
{
	unsigned int number = -1U;
	uint64_t seen = 0;
	uint64_t count;

	while ((count = next_bucket(histogram, &number)) && bucket_middle(number) <= ns)
		seen += count;
	return seen;
}

double histogram_sum_ns(const struct histogram *histogram)
{
	unsigned int number = -1U;
	double sum = 0;
	uint64_t count;

	while ((count = next_bucket(histogram, &number)))
		sum += (double)count * (double)bucket_middle(number);
	return sum;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned int permille)
{
	uint64_t rank = (histogram->count * permille + 999) / 1000, seen = 0, value = 0;
	unsigned int number = -1U;
	uint64_t count;

	if (!rank)
		rank = 1;
	while (seen < rank && (count = next_bucket(histogram, &number))) {
		seen += count;
		value = bucket_middle(number);
	}
	return value < histogram->max_ns ? value : histogram->max_ns;
}
