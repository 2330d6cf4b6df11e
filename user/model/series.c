// SPDX-License-Identifier: GPL-2.0-or-later
/* Points of a count, and the statistics of their course. */
#include "model/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define US_NS 1000ULL

/* How many times the longest pause between rises may pass before growth is over. */
#define PAUSES 1.5
/* And so many steps more: between two looks anything may happen. */
#define STEPS_MORE 2

static void thin_out(struct series *series)
{
	for (uint32_t i = 0; i < SERIES_POINTS / 2; i++) {
		series->point[i] = series->point[2 * i];
		series->late_us[i] = series->late_us[2 * i];
	}
	series->count = SERIES_POINTS / 2;
	series->step_ns *= 2;
}

/* More than a few at once: a pause is forgotten but for its end. */
static void drop_oldest(struct series *series)
{
	const uint32_t drop = SERIES_POINTS / 16;

	series->count -= drop;
	series->start_ns += drop * series->step_ns;
	memmove(series->point, series->point + drop, series->count * sizeof(*series->point));
	memmove(series->late_us, series->late_us + drop, series->count * sizeof(*series->late_us));
}

static void add(struct series *series, uint64_t now_ns, uint64_t step_ns, uint32_t value,
		void (*make_room)(struct series *series))
{
	/* no time that a clock tells */
	if (now_ns >> 62)
		return;
	if (!series->step_ns)
		*series = (struct series){ .start_ns = now_ns, .step_ns = step_ns };
	/* a pause in the records: nothing has changed meanwhile */
	while (now_ns >= series->start_ns + series->count * series->step_ns) {
		uint64_t due_ns = series->start_ns + series->count * series->step_ns;
		bool last = now_ns < due_ns + series->step_ns;
		uint32_t before = series->count ? series->point[series->count - 1] : value;
		uint64_t late_us = last ? (now_ns - due_ns) / US_NS : 0;

		series->late_us[series->count] = late_us < UINT32_MAX ? late_us : UINT32_MAX;
		series->point[series->count++] = last ? value : before;
		if (series->count == SERIES_POINTS)
			make_room(series);
	}
}

void series_add(struct series *series, uint64_t now_ns, uint64_t step_ns, uint32_t value)
{
	add(series, now_ns, step_ns, value, thin_out);
}

void series_add_recent(struct series *series, uint64_t now_ns, uint64_t step_ns, uint32_t value)
{
	uint64_t span_ns = step_ns * SERIES_POINTS;

	/* all that it has is too old by now */
	if (series->step_ns && now_ns > series->start_ns + series->count * step_ns + span_ns)
		series->step_ns = 0;
	add(series, now_ns, step_ns, value, drop_oldest);
}

uint64_t series_time(const struct series *series, uint32_t point)
{
	return series->start_ns + point * series->step_ns + series->late_us[point] * US_NS;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* H. Theil (1950), P. K. Sen (1968): robust against what does not belong to the trend. */
static double median_slope(const struct series *series)
{
	static const uint32_t pairs = SERIES_POINTS * (SERIES_POINTS - 1) / 2;
	double slopes[pairs];
	uint32_t count = 0;

	for (uint32_t i = 0; i < series->count; i++)
		for (uint32_t j = i + 1; j < series->count; j++)
			slopes[count++] =
				((double)series->point[j] - series->point[i]) / (double)(j - i);
	qsort(slopes, count, sizeof(*slopes), compare);
	return count ? slopes[count / 2] : 0;
}

static int compare_points(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* What equal points take from the variance of S. */
static double of_ties(const struct series *series)
{
	uint32_t sorted[SERIES_POINTS], alike = 1;
	double sum = 0;

	for (uint32_t i = 0; i < series->count; i++)
		sorted[i] = series->point[i];
	qsort(sorted, series->count, sizeof(*sorted), compare_points);
	for (uint32_t i = 1; i <= series->count; i++) {
		if (i < series->count && sorted[i] == sorted[i - 1]) {
			alike++;
			continue;
		}
		sum += (double)alike * (alike - 1) * (2 * alike + 5);
		alike = 1;
	}
	return sum;
}

/* H. B. Mann (1945), M. G. Kendall (1975): how many pairs rise and how many fall. */
static double rise_confidence(const struct series *series)
{
	double n = series->count, variance;
	int sum = 0;

	for (uint32_t i = 0; i < series->count; i++)
		for (uint32_t j = i + 1; j < series->count; j++)
			sum += (series->point[j] > series->point[i]) -
			       (series->point[j] < series->point[i]);
	variance = (n * (n - 1) * (2 * n + 5) - of_ties(series)) / 18;
	if (sum <= 0 || variance <= 0)
		return 0;
	return 0.5 * (1 + erf((sum - 1) / sqrt(variance) / M_SQRT2));
}

/* How often it rises; @growing: whether it does still. */
static uint32_t count_rises(const struct series *series, bool *growing)
{
	uint32_t highest = series->point[0], last = 0, longest = 0, rises = 0;

	for (uint32_t i = 1; i < series->count; i++) {
		if (series->point[i] <= highest)
			continue;
		highest = series->point[i];
		if (rises++ && i - last > longest)
			longest = i - last;
		last = i;
	}
	*growing = rises > 1 && series->count - 1 - last <= PAUSES * longest + STEPS_MORE;
	return rises;
}

bool series_grows(const struct series *series)
{
	bool growing = false;

	if (series->count >= 3)
		count_rises(series, &growing);
	return growing;
}

struct trend series_trend(const struct series *series)
{
	struct trend trend = { 0 };

	if (series->count < 3)
		return trend;
	trend.span_ns = (series->count - 1) * series->step_ns;
	trend.per_s = median_slope(series) * 1e9 / (double)series->step_ns;
	trend.confidence = rise_confidence(series);
	trend.rises = count_rises(series, &trend.growing);
	return trend;
}
