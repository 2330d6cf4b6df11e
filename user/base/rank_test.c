// SPDX-License-Identifier: GPL-2.0-or-later
/* The rank-sum test, exactly: every way to choose as many of all ranks is counted. */
#include "base/rank_test.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ALL (2 * RANK_TEST_MOST)
/* Ranks are doubled, so that the mean rank of a tie is whole: the sum of all. */
#define MOST_SUM (ALL * (ALL + 1))

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double median_of(double *figures, size_t count)
{
	qsort(figures, count, sizeof(*figures), compare);
	return count % 2 ? figures[count / 2] : (figures[count / 2 - 1] + figures[count / 2]) / 2;
}

/* Twice the rank of @figure among all: from 1 on, of equal ones their mean. */
static unsigned int doubled_rank(double figure, const double *all, size_t count)
{
	unsigned int below = 0, equal = 0;

	for (size_t i = 0; i < count; i++) {
		below += all[i] < figure;
		equal += all[i] == figure;
	}
	return 2 * below + equal + 1;
}

/* ways[k][sum]: in how many ways k of the ranks have that sum. */
static void count_ways(const unsigned int *ranks, size_t count, size_t most,
		       double (*ways)[MOST_SUM + 1])
{
	ways[0][0] = 1;
	for (size_t i = 0; i < count; i++)
		for (size_t k = most < i + 1 ? most : i + 1; k; k--)
			for (unsigned int sum = MOST_SUM; sum >= ranks[i]; sum--)
				ways[k][sum] += ways[k - 1][sum - ranks[i]];
}

double rank_test(const double *left, size_t left_count, const double *right, size_t right_count)
{
	size_t count = left_count + right_count;
	unsigned int ranks[ALL], sum = 0, all = 0;
	double(*ways)[MOST_SUM + 1];
	double figures[ALL], total = 0, as_far = 0, off;

	assert(left_count <= RANK_TEST_MOST && right_count <= RANK_TEST_MOST);
	if (!left_count || !right_count)
		return 1;
	ways = calloc(left_count + 1, sizeof(*ways));
	if (!ways)
		return 1;
	memcpy(figures, left, left_count * sizeof(*left));
	memcpy(figures + left_count, right, right_count * sizeof(*right));
	for (size_t i = 0; i < count; i++) {
		ranks[i] = doubled_rank(figures[i], figures, count);
		sum += i < left_count ? ranks[i] : 0;
		all += ranks[i];
	}
	count_ways(ranks, count, left_count, ways);
	/* how far from what is to be expected, which need not be whole: times count */
	off = fabs((double)sum * count - (double)all * left_count);
	for (unsigned int i = 0; i <= MOST_SUM; i++) {
		total += ways[left_count][i];
		if (fabs((double)i * count - (double)all * left_count) >= off)
			as_far += ways[left_count][i];
	}
	free(ways);
	return as_far / total;
}

double rank_test_least(size_t left_count, size_t right_count)
{
	double ways = 1;

	if (!left_count || !right_count)
		return 1;
	for (size_t i = 1; i <= left_count; i++)
		ways *= (double)(right_count + i) / (double)i;
	return ways > 2 ? 2 / ways : 1;
}
