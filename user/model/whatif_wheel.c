// SPDX-License-Identifier: GPL-2.0-or-later
/* When TIME_WAIT really ends: 60 s, and on to the next turn of the timer wheel. */
#include "model/event.h"
#include "model/ledger.h"
#include "model/whatif_run.h"

#define MS_NS 1000000ULL
/* Fewer do not say how the wheel stands. */
#define ENOUGH 8
/* Of the ends, so many in a hundred must agree: some timers are armed anew. */
#define AGREED 90
/* By so many in a hundred a wheel must be the better one: a single turn fits all of them. */
#define BETTER 2
#define SLOTS 128
/* An end that is told was so long before, at most: a softirq may be late, dumps are rare. */
#define LATE_TOLD_NS (40 * MS_NS)
#define LATE_DUMPED_NS (1100 * MS_NS)

/*
 * What 60 s are rounded up to, by HZ: 512 jiffies (HZ 100, 250, 300), 4096 (1000). The first
 * one is where nothing was seen: what Debian and Ubuntu have had longest.
 */
#define MAX_GRANULE_NS (5120 * MS_NS)
static const uint64_t granules_ns[] = { 2048 * MS_NS, 4096 * MS_NS, MAX_GRANULE_NS, 1706666667 };

/* Where on the wheel each end may have been: slots that all agree on are where it turns. */
struct votes {
	uint32_t slots[SLOTS];
	uint32_t count;
	bool too_long;		/* one lasted longer than this wheel lets it */
};

static uint64_t late_ns(const struct attempt *attempt)
{
	return attempt->exact ? LATE_TOLD_NS : LATE_DUMPED_NS;
}

static bool has_expired(const struct attempt *attempt)
{
	/* one whose timer was armed anew tells nothing */
	return attempt->end_ns && attempt->reason == END_EXPIRED && attempt->turned_ms == 0 &&
	       attempt->end_ns >= attempt->close_ns + TIME_WAIT_NS &&
	       attempt->end_ns <=
		       attempt->close_ns + TIME_WAIT_NS + MAX_GRANULE_NS + late_ns(attempt);
}

static void vote(struct votes *votes, const struct attempt *attempt, uint64_t granule_ns)
{
	uint64_t beyond_ns = attempt->end_ns - attempt->close_ns - TIME_WAIT_NS;
	uint64_t slot_ns = granule_ns / SLOTS, late = late_ns(attempt) / slot_ns;
	uint64_t last = attempt->end_ns % granule_ns / slot_ns;

	for (uint64_t back = 0; back <= late && back < SLOTS; back++)
		votes->slots[(last + SLOTS - back) % SLOTS]++;
	votes->count++;
	votes->too_long |= beyond_ns > granule_ns + late_ns(attempt);
}

/* The best of its slots, or the middle of those that are as good; *agreed: in a hundred. */
static unsigned int winner(const struct votes *votes, uint32_t *agreed)
{
	unsigned int first = 0, run = 0;
	uint32_t most = 0;

	for (unsigned int slot = 0; slot < SLOTS; slot++)
		if (votes->slots[slot] > most)
			most = votes->slots[slot];
	while (first < SLOTS && votes->slots[first] == most)
		first++;
	/* from the first that is not, a run of the best is in one piece */
	while (votes->slots[first % SLOTS] != most)
		first++;
	while (run < SLOTS && votes->slots[(first + run) % SLOTS] == most)
		run++;
	*agreed = (uint64_t)most * 100 / votes->count;
	return (first + run / 2) % SLOTS;
}

struct wheel wheel_of(const struct attempt *attempts, size_t count)
{
	struct wheel wheel = { .granule_ns = granules_ns[0] };
	uint32_t best = AGREED, agreed;

	for (size_t i = 0; i < sizeof(granules_ns) / sizeof(granules_ns[0]); i++) {
		struct votes votes = { .count = 0 };
		unsigned int slot;

		for (size_t at = 0; at < count; at++)
			if (has_expired(&attempts[at]))
				vote(&votes, &attempts[at], granules_ns[i]);
		if (votes.count < ENOUGH || votes.too_long)
			continue;
		slot = winner(&votes, &agreed);
		if (agreed < best)
			continue;
		best = agreed + BETTER;
		wheel.granule_ns = granules_ns[i];
		wheel.phase_ns = slot * granules_ns[i] / SLOTS;
		wheel.known = true;
	}
	return wheel;
}

uint64_t wheel_round(const struct wheel *wheel, uint64_t ns, uint32_t salt)
{
	uint64_t due_ns = ns + TIME_WAIT_NS;

	if (!wheel->known)
		return due_ns + hash_u64(salt) % wheel->granule_ns;
	return wheel_fires(wheel, due_ns);
}
