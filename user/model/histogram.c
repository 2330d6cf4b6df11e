// SPDX-License-Identifier: GPL-2.0-or-later
/* Sparse logarithmic histogram: a sorted vector of the buckets in use. */
#include "model/histogram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUB_BITS 4
#define SUB_COUNT (1U << SUB_BITS)

struct histogram_bucket {
	uint32_t count;
	uint16_t number;
};

/* Below 16 ns a bucket a nanosecond; above, 16 buckets an octave. */
static uint16_t bucket_of(uint64_t ns)
{
	unsigned int octave;

	if (ns < SUB_COUNT)
		return ns;
	octave = 63 - __builtin_clzll(ns) - SUB_BITS;
	return (octave + 1) * SUB_COUNT + ((ns >> octave) & (SUB_COUNT - 1));
}

/* The middle of a bucket: at most half a bucket, 1/32, from any value in it. */
static uint64_t bucket_middle(uint16_t number)
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
	free(histogram->buckets);
	memset(histogram, 0, sizeof(*histogram));
}

/* Where @number is or belongs. */
static unsigned int position(const struct histogram *histogram, uint16_t number)
{
	unsigned int low = 0, high = histogram->used;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (histogram->buckets[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct histogram_bucket *bucket_get(struct histogram *histogram, uint16_t number)
{
	unsigned int at = position(histogram, number);
	struct histogram_bucket *grown;

	if (at < histogram->used && histogram->buckets[at].number == number)
		return &histogram->buckets[at];
	if (histogram->used == histogram->room) {
		unsigned int room = histogram->room ? 2U * histogram->room : 4;

		grown = realloc(histogram->buckets, room * sizeof(*grown));
		if (!grown)
			return NULL;
		histogram->buckets = grown;
		histogram->room = room;
	}
	memmove(&histogram->buckets[at + 1], &histogram->buckets[at],
		(histogram->used - at) * sizeof(histogram->buckets[0]));
	histogram->used++;
	histogram->buckets[at] = (struct histogram_bucket){ .number = number };
	return &histogram->buckets[at];
}

static void add_many(struct histogram *histogram, uint16_t number, uint32_t count)
{
	struct histogram_bucket *bucket = bucket_get(histogram, number);

	if (!bucket) {
		histogram->missed += count;
		return;
	}
	bucket->count += count;
	histogram->count += count;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
	add_many(histogram, bucket_of(ns), 1);
	if (ns > histogram->max_ns)
		histogram->max_ns = ns;
}

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
	for (unsigned int i = 0; i < from->used; i++)
		add_many(histogram, from->buckets[i].number, from->buckets[i].count);
	histogram->missed += from->missed;
	if (from->max_ns > histogram->max_ns)
		histogram->max_ns = from->max_ns;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned int permille)
{
	uint64_t rank = (histogram->count * permille + 999) / 1000, seen = 0, value = 0;

	if (!rank)
		rank = 1;
	for (unsigned int i = 0; i < histogram->used; i++) {
		seen += histogram->buckets[i].count;
		if (seen >= rank) {
			value = bucket_middle(histogram->buckets[i].number);
			break;
		}
	}
	return value < histogram->max_ns ? value : histogram->max_ns;
}
