/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether two sets of figures differ by more than either of them varies: the rank-sum test of
 * Wilcoxon, Mann and Whitney. It asks nothing of how figures are spread, only of their order,
 * so that one wild figure counts for no more than any other.
 */
#ifndef BASE_RANK_TEST_H
#define BASE_RANK_TEST_H

#include <stddef.h>

#define RANK_TEST_MOST 32	/* figures of one set */

/*
 * The chance that, were the two of one kind, their ranks would lie as far apart as they do or
 * farther, either way: exact, ties have their mean rank. 1 where one of them is empty. No
 * figure may be NAN. Each count is RANK_TEST_MOST at most.
 */
double rank_test(const double *left, size_t left_count, const double *right, size_t right_count);
/* The least that rank_test() can say of so many figures: where all of one are above the other. */
double rank_test_least(size_t left_count, size_t right_count);
/* The middle one, or the mean of both. Sorts @figures; @count is not 0. */
double median_of(double *figures, size_t count);

#endif
