// SPDX-License-Identifier: GPL-2.0-or-later
/* Two recordings side by side. */
#include "model/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rank_test.h"
#include "base/text.h"

#define NS_PER_MS 1e6

struct figure_kind {
	const char *name, *unit;
	double (*get)(const struct figure_kind *kind, const struct sample *slice);
	unsigned int what;	/* enum field, enum sample_time, a place among errors */
	unsigned int of;	/* share: of which field; time: permille */
	bool of_service;	/* services have it too */
};

static double get_rate(const struct figure_kind *kind, const struct sample *slice)
{
	return slice->ns ? slice->counts.of[kind->what] / (slice->ns / 1e9) : NAN;
}

static double get_mean(const struct figure_kind *kind, const struct sample *slice)
{
	return slice->looks ? (double)slice->counts.of[kind->what] / slice->looks : NAN;
}

/* Minisocks of both substates, as sockstat has them. */
static double get_minisocks(const struct figure_kind *kind, const struct sample *slice)
{
	uint64_t sum = slice->counts.of[FIELD_TIME_WAIT] + slice->counts.of[FIELD_FW2_ORPHANS];

	(void)kind;
	return slice->looks ? (double)sum / slice->looks : NAN;
}

static double get_peak(const struct figure_kind *kind, const struct sample *slice)
{
	(void)kind;
	return slice->looks ? (double)slice->time_wait_peak : NAN;
}

static double get_share(const struct figure_kind *kind, const struct sample *slice)
{
	uint64_t all = slice->counts.of[kind->of];

	return all ? (double)slice->counts.of[kind->what] / (double)all : NAN;
}

static double get_time(const struct figure_kind *kind, const struct sample *slice)
{
	const struct histogram *times = &slice->times[kind->what];

	return times->count ? (double)histogram_quantile(times, kind->of) / NS_PER_MS : NAN;
}

static double get_budget(const struct figure_kind *kind, const struct sample *slice)
{
	(void)kind;
	return slice->budget_peak;
}

static double get_errors(const struct figure_kind *kind, const struct sample *slice)
{
	uint64_t count = kind->what < SAMPLE_ERRORS ? slice->errors[kind->what] : 0;

	return slice->ns ? count / (slice->ns / 1e9) : NAN;
}

static const struct figure_kind kinds[] = {
	{ "opened", "per_s", get_rate, FIELD_OPENED, 0, true },
	{ "closed", "per_s", get_rate, FIELD_CLOSED, 0, true },
	{ "failed", "per_s", get_rate, FIELD_FAILED, 0, true },
	{ "resets", "per_s", get_rate, FIELD_RESETS, 0, true },
	{ "closed_first_share", "share", get_share, FIELD_CLOSED_FIRST, FIELD_CLOSED, true },
	{ "connect_time_p50", "ms", get_time, SAMPLE_CONNECT, 500, false },
	{ "connect_time_p90", "ms", get_time, SAMPLE_CONNECT, 900, false },
	{ "connect_time_p99", "ms", get_time, SAMPLE_CONNECT, 990, false },
	{ "lifetime_p50", "ms", get_time, SAMPLE_LIFETIME, 500, false },
	{ "lifetime_p90", "ms", get_time, SAMPLE_LIFETIME, 900, false },
	{ "lifetime_p99", "ms", get_time, SAMPLE_LIFETIME, 990, false },
	{ "open", "sockets", get_mean, FIELD_OPEN, 0, true },
	{ "close_wait", "sockets", get_mean, FIELD_CLOSE_WAIT, 0, true },
	{ "time_wait_mean", "sockets", get_minisocks, 0, 0, true },
	{ "time_wait_peak", "sockets", get_peak, 0, 0, false },
	{ "time_wait_entered", "per_s", get_rate, FIELD_TW_ENTERED, 0, true },
	{ "time_wait_refused", "per_s", get_rate, FIELD_TW_REFUSED, 0, false },
	{ "time_wait_expired", "per_s", get_rate, FIELD_TW_EXPIRED, 0, false },
	{ "time_wait_reused", "per_s", get_rate, FIELD_TW_REUSED, 0, false },
	{ "time_wait_reopened", "per_s", get_rate, FIELD_TW_REOPENED, 0, false },
	{ "time_wait_reset", "per_s", get_rate, FIELD_TW_RESET, 0, false },
	{ "time_wait_destroyed", "per_s", get_rate, FIELD_TW_DESTROYED, 0, false },
	{ "time_wait_purged", "per_s", get_rate, FIELD_TW_PURGED, 0, false },
	{ "time_wait_unknown", "per_s", get_rate, FIELD_TW_UNKNOWN, 0, false },
	{ "residence_p50", "ms", get_time, SAMPLE_RESIDENCE, 500, false },
	{ "residence_p99", "ms", get_time, SAMPLE_RESIDENCE, 990, false },
	{ "ports_used_share", "share", get_budget, 0, 0, false },
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const char *const verdict_names[NR_FIGURE_VERDICTS] = {
	[FIGURE_WITHIN] = "within spread",
	[FIGURE_CHANGED] = "changed",
	[FIGURE_TOO_SHORT] = "too short to tell",
};

const char *figure_verdict_name(enum figure_verdict verdict)
{
	return verdict_names[verdict];
}

uint32_t compare_slices(const struct samples *samples)
{
	return samples->count < COMPARE_SLICES ? samples->count : COMPARE_SLICES;
}

/* The slices of one side. */
struct slices {
	uint32_t count;
	struct sample of[COMPARE_SLICES];
};

static void cut(const struct samples *samples, const struct service_samples *service,
		struct slices *slices)
{
	slices->count = compare_slices(samples);
	for (uint32_t i = 0; i < slices->count; i++)
		samples_sum(samples, service, i * samples->count / slices->count,
			    (i + 1) * samples->count / slices->count, &slices->of[i]);
}

static void release(struct slices *slices)
{
	for (uint32_t i = 0; i < slices->count; i++)
		sample_release(&slices->of[i]);
}

/* Returns how many slices have the figure; their values in @values, in order of size. */
static uint32_t take(const struct figure_kind *kind, const struct slices *slices,
		     struct figure_side *side, double values[static COMPARE_SLICES])
{
	bool rate = !strcmp(kind->unit, "per_s");
	uint32_t count = 0;
	double total = 0;

	for (uint32_t i = 0; i < slices->count; i++) {
		double value = kind->get(kind, &slices->of[i]);

		if (isnan(value))
			continue;
		values[count++] = value;
		total += value * (double)slices->of[i].ns / 1e9;
	}
	*side = (struct figure_side){ count, NAN, NAN, NAN, rate ? round(total) : NAN };
	if (!count)
		return 0;
	side->median = median_of(values, count);
	side->low = values[0];
	side->high = values[count - 1];
	return count;
}

/* By the larger of the two, so that it is the same in either direction. */
static bool is_large(const struct figure_kind *kind, double before, double after)
{
	double off = fabs(after - before);

	if (kind->get == get_time && off < COMPARE_LEAST_MS)
		return false;
	return off > COMPARE_LEAST * fmax(fabs(before), fabs(after));
}

static void judge(struct figure *figure, const struct figure_kind *kind, const double *before,
		  const double *after)
{
	const struct figure_side *side = figure->side;
	uint32_t left = side[SIDE_BEFORE].slices, right = side[SIDE_AFTER].slices;

	figure->change = NAN;
	figure->chance = NAN;
	figure->verdict = FIGURE_TOO_SHORT;
	if (left && right && side[SIDE_BEFORE].median != 0)
		figure->change = side[SIDE_AFTER].median / side[SIDE_BEFORE].median - 1;
	if (rank_test_least(left, right) > COMPARE_LEVEL)
		return;
	figure->chance = rank_test(before, left, after, right);
	figure->verdict = FIGURE_WITHIN;
	if (figure->chance <= COMPARE_LEVEL &&
	    is_large(kind, side[SIDE_BEFORE].median, side[SIDE_AFTER].median))
		figure->verdict = FIGURE_CHANGED;
}

static void add(struct figures *figures, const char *name,
		const struct figure_kind *const kind[static NR_SIDES],
		const struct slices slices[static NR_SIDES])
{
	double values[NR_SIDES][COMPARE_SLICES];
	struct figure *figure = &figures->items[figures->count];

	if (figures->count == COMPARE_FIGURES)
		return;
	figures->count++;
	snprintf(figure->name, sizeof(figure->name), "%s", name);
	figure->unit = kind[SIDE_BEFORE]->unit;
	for (unsigned int side = 0; side < NR_SIDES; side++)
		take(kind[side], &slices[side], &figure->side[side], values[side]);
	judge(figure, kind[SIDE_BEFORE], values[SIDE_BEFORE], values[SIDE_AFTER]);
}

/* Where the errno has its count on that side; SAMPLE_ERRORS: it has none. */
static struct figure_kind error_kind(const struct samples *samples, int error)
{
	struct figure_kind kind = { .unit = "per_s", .get = get_errors };

	while (kind.what < SAMPLE_ERRORS && samples->errors[kind.what] != error)
		kind.what++;
	return kind;
}

static void add_error(struct figures *figures, const struct samples *const samples[NR_SIDES],
		      int error, const struct slices *slices)
{
	const struct figure_kind before = error_kind(samples[SIDE_BEFORE], error);
	const struct figure_kind after = error_kind(samples[SIDE_AFTER], error);
	const struct figure_kind *const kind[] = { &before, &after };
	const char *word = text_errno(error);
	char name[48];

	if (word)
		snprintf(name, sizeof(name), "failed_%s", word);
	else
		snprintf(name, sizeof(name), "failed_errno_%d", error);
	add(figures, name, kind, slices);
}

static void add_errors(struct figures *figures, const struct samples *const samples[NR_SIDES],
		       const struct slices *slices)
{
	for (int error = 1; error < 256; error++)
		for (unsigned int i = 0; i < SAMPLE_ERRORS; i++)
			if (samples[SIDE_BEFORE]->errors[i] == error ||
			    samples[SIDE_AFTER]->errors[i] == error) {
				add_error(figures, samples, error, slices);
				break;
			}
}

void compare_whole(const struct samples *const samples[static NR_SIDES], struct figures *figures)
{
	struct slices slices[NR_SIDES];

	*figures = (struct figures){ 0 };
	for (unsigned int side = 0; side < NR_SIDES; side++)
		cut(samples[side], NULL, &slices[side]);
	for (size_t i = 0; i < NR_KINDS; i++) {
		const struct figure_kind *const kind[] = { &kinds[i], &kinds[i] };

		add(figures, kinds[i].name, kind, slices);
	}
	add_errors(figures, samples, slices);
	for (unsigned int side = 0; side < NR_SIDES; side++)
		release(&slices[side]);
}

void compare_service(const struct samples *const samples[static NR_SIDES], const char *service,
		     struct figures *figures)
{
	/* one that was never there has counted nothing */
	static const struct service_samples none;
	struct slices slices[NR_SIDES];

	*figures = (struct figures){ .service = service };
	for (unsigned int side = 0; side < NR_SIDES; side++) {
		const struct service_samples *found = samples_service(samples[side], service);

		cut(samples[side], found ? found : &none, &slices[side]);
	}
	for (size_t i = 0; i < NR_KINDS; i++) {
		const struct figure_kind *const kind[] = { &kinds[i], &kinds[i] };

		if (kinds[i].of_service)
			add(figures, kinds[i].name, kind, slices);
	}
	for (unsigned int side = 0; side < NR_SIDES; side++)
		release(&slices[side]);
}

static bool differs(const struct figure_kind *kind, const struct slices *slices,
		    struct unsteady *unsteady)
{
	const struct slices *const half[NR_SIDES] = { &slices[0], &slices[1] };
	double values[NR_SIDES][COMPARE_SLICES];
	struct figure figure = { 0 };

	for (unsigned int side = 0; side < NR_SIDES; side++)
		take(kind, half[side], &figure.side[side], values[side]);
	judge(&figure, kind, values[SIDE_BEFORE], values[SIDE_AFTER]);
	*unsteady = (struct unsteady){ kind->name, figure.side[SIDE_BEFORE].median,
				       figure.side[SIDE_AFTER].median };
	return figure.verdict == FIGURE_CHANGED;
}

bool compare_unsteady(const struct samples *samples, struct unsteady *unsteady)
{
	/* populations climb for a minute on their own: only what drives them */
	static const enum field drives[] = { FIELD_OPENED, FIELD_FAILED };
	struct slices all, half[NR_SIDES];
	bool found = false;

	cut(samples, NULL, &all);
	for (unsigned int side = 0; side < NR_SIDES; side++) {
		half[side].count = all.count / 2;
		memcpy(half[side].of, &all.of[side * (all.count - all.count / 2)],
		       half[side].count * sizeof(all.of[0]));
	}
	for (size_t i = 0; i < NR_KINDS && !found; i++)
		for (size_t j = 0; j < sizeof(drives) / sizeof(drives[0]) && !found; j++)
			found = kinds[i].get == get_rate && kinds[i].what == drives[j] &&
				differs(&kinds[i], half, unsteady);
	release(&all);
	return found;
}

double figures_weight(const struct figures *figures)
{
	double most = 0;

	for (size_t i = 0; i < figures->count; i++) {
		const struct figure *figure = &figures->items[i];
		double before = figure->side[SIDE_BEFORE].median;
		double after = figure->side[SIDE_AFTER].median;

		if (figure->verdict == FIGURE_CHANGED)
			most = fmax(most, fabs(after - before) / fmax(fabs(before), fabs(after)));
	}
	return most;
}
