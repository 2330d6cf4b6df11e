// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many ports are used at a moment to come: those that are, and the new ones, less what
 * has ended by then. It grows by the rate until the first ones come back, and is level when as
 * many come back as are taken; so that it need be looked at for one life of a port only.
 */
#include "model/forecast.h"

#include <math.h>

/* A life of hours is looked at in as many steps as one of minutes. */
#define STEPS 1024

static double up_to(double value, double most)
{
	return value < 0 ? 0 : value < most ? value : most;
}

/* Minisocks that are there now and have ended @after_s from now: evenly within a second. */
static double minisocks_ended(const struct forecast *forecast, double after_s)
{
	double ended = 0;

	for (unsigned int i = 0; i < FORECAST_ENDS && i < after_s; i++)
		ended += forecast->ends[i] * up_to(after_s - i, 1);
	return ended;
}

/* For how long, up to @most, minisocks that begin evenly from now on have come back. */
static double minisocks_back(const struct forecast *forecast, double after_s, double most)
{
	return (1 - forecast->slow) * up_to(after_s - forecast->minisock_s, most) +
	       forecast->slow * up_to(after_s - forecast->slow_s, most);
}

/* Of the full sockets there are, and of those to come. */
static double given_back(const struct forecast *forecast, double after_s)
{
	double life = forecast->lifetime_s, stay = forecast->stay;
	double back = 0;

	if (isnan(life))
		return 0;
	if (life > 0)
		back = forecast->turning_over / life *
		       ((1 - stay) * up_to(after_s, life) +
			stay * minisocks_back(forecast, after_s, life));
	return back + forecast->per_s * ((1 - stay) * up_to(after_s - life, INFINITY) +
					 stay * minisocks_back(forecast, after_s - life, INFINITY));
}

static double used_after(const struct forecast *forecast, double after_s)
{
	return forecast->used + forecast->per_s * after_s - minisocks_ended(forecast, after_s) -
	       given_back(forecast, after_s);
}

double forecast_reach(const struct forecast *forecast, double limit)
{
	double span_s = FORECAST_ENDS, before = forecast->used, at_s = 0;
	unsigned int step = 1;

	if (forecast->used >= limit)
		return 0;
	if (isnan(forecast->per_s))
		return NAN;
	if (!isnan(forecast->lifetime_s))
		span_s += forecast->lifetime_s + fmax(forecast->minisock_s, forecast->slow_s);
	/* most have room for all that is to come, even if nothing came back: no need to look */
	if (forecast->used + forecast->per_s * span_s < limit) {
		at_s = span_s;
		before = used_after(forecast, span_s);
		step = STEPS + 1;
	}
	for (; step <= STEPS; step++) {
		double next_s = span_s * step / STEPS, after = used_after(forecast, next_s);

		if (after >= limit)
			return at_s + (next_s - at_s) * (limit - before) / (after - before);
		before = after;
		at_s = next_s;
	}
	/* nothing was seen to close: so it goes on */
	if (isnan(forecast->lifetime_s) && forecast->per_s > 0)
		return at_s + (limit - before) / forecast->per_s;
	return INFINITY;
}
