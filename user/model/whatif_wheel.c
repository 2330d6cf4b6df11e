// SPDX-License-Identifier: GPL-2.0-or-later
/* When TIME_WAIT really ends: 60 s, and on to the next turn of the timer wheel. */
#include <math.h>

#include "model/event.h"
#include "model/ledger.h"
#include "model/whatif_run.h"

#define MS_NS 1000000ULL
/* Fewer do not say how the wheel stands. */
#define ENOUGH 8
/* Of the ends' directions around the wheel: 1 is all at one moment, 0 is anywhere. */
#define SHARP 0.9
/* By so much a wheel must be the better one: a single turn fits all of them. */
#define SHARPER 0.02
/* What a softirq may be late. */
#define LATE_NS (100 * MS_NS)

/*
 * What 60 s are rounded up to, by HZ: 512 jiffies (HZ 100, 250, 300), 4096 (1000). The first
 * one is where nothing was seen: what Debian and Ubuntu have had longest.
 */
#define MAX_GRANULE_NS (5120 * MS_NS)
static const uint64_t granules_ns[] = { 2048 * MS_NS, 4096 * MS_NS, MAX_GRANULE_NS, 1706666667 };

struct turn {
	double sine, cosine;
	uint64_t count;
	uint64_t longest_ns;	/* beyond 60 s */
};

static bool has_expired(const struct attempt *attempt)
{
	/* one whose timer was armed anew tells nothing */
	return attempt->end_ns && attempt->exact && attempt->reason == END_EXPIRED &&
	       attempt->turned_ms == 0 && attempt->end_ns >= attempt->close_ns + TIME_WAIT_NS &&
	       attempt->end_ns <= attempt->close_ns + TIME_WAIT_NS + MAX_GRANULE_NS;
}

static struct turn turn_of(const struct attempt *attempts, size_t count, uint64_t granule_ns)
{
	struct turn turn = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct attempt *attempt = &attempts[i];
		double angle =
			2 * M_PI * (double)(attempt->end_ns % granule_ns) / (double)granule_ns;
		uint64_t beyond_ns = attempt->end_ns - attempt->close_ns - TIME_WAIT_NS;

		if (!has_expired(attempt))
			continue;
		if (beyond_ns > turn.longest_ns)
			turn.longest_ns = beyond_ns;
		turn.sine += sin(angle);
		turn.cosine += cos(angle);
		turn.count++;
	}
	return turn;
}

struct wheel wheel_of(const struct attempt *attempts, size_t count)
{
	struct wheel wheel = { .granule_ns = granules_ns[0] };
	double sharpest = SHARP;

	for (size_t i = 0; i < sizeof(granules_ns) / sizeof(granules_ns[0]); i++) {
		struct turn turn = turn_of(attempts, count, granules_ns[i]);
		double sharpness =
			hypot(turn.sine, turn.cosine) / (double)(turn.count + !turn.count);
		double angle = atan2(turn.sine, turn.cosine);

		if (turn.count < ENOUGH || sharpness <= sharpest ||
		    turn.longest_ns > granules_ns[i] + LATE_NS)
			continue;
		sharpest = sharpness + SHARPER;
		wheel.granule_ns = granules_ns[i];
		wheel.phase_ns = (uint64_t)((angle < 0 ? angle + 2 * M_PI : angle) / (2 * M_PI) *
					    (double)granules_ns[i]);
		wheel.known = true;
	}
	return wheel;
}

uint64_t wheel_round(const struct wheel *wheel, uint64_t ns, uint32_t salt)
{
	uint64_t due_ns = ns + TIME_WAIT_NS;

	if (!wheel->known)
		return due_ns + hash_u64(salt) % wheel->granule_ns;
	return ((due_ns - wheel->phase_ns) / wheel->granule_ns + 1) * wheel->granule_ns +
	       wheel->phase_ns;
}
