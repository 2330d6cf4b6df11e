// SPDX-License-Identifier: GPL-2.0-or-later
/* How long a tick is, told from how many there have been, and how the timer wheel counts them. */
#include "source/jiffies.h"

#include <stddef.h>

/* TCP_TIMEWAIT_LEN (include/net/tcp.h) */
#define TIME_WAIT_S 60
/* LVL_SIZE - 1 and LVL_CLK_SHIFT (kernel/time/timer.c, the same since 4.8) */
#define FIRST_LEVEL 63U
#define LEVEL_SHIFT 3

uint32_t jiffies_per_second(uint64_t jiffies, uint64_t now_ns)
{
	static const uint32_t usual[] = { 100, 250, 300, 1000 };
	uint32_t found = 0;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		double boot = (double)jiffies - 4294967296.0 + 300.0 * usual[i];
		double expected = (double)now_ns / 1e9 * usual[i];

		if (boot < 0.95 * expected - usual[i] || boot > 1.05 * expected + usual[i])
			continue;
		if (found)
			return 0;
		found = usual[i];
	}
	return found;
}

uint32_t jiffies_ms(uint32_t jiffies, uint32_t hz)
{
	uint64_t ms = hz ? jiffies * 1000ULL / hz : UINT32_MAX;

	return jiffies == UINT32_MAX || ms > UINT32_MAX ? UINT32_MAX : ms;
}

/* In ticks: each level of the wheel turns eight times as slowly as the one before. */
static uint64_t granule_of(uint32_t ticks)
{
	unsigned int shift = 0;

	while (ticks >= FIRST_LEVEL << shift)
		shift += LEVEL_SHIFT;
	return 1ULL << shift;
}

void jiffies_wheel(struct tw_tier *tier, const struct tw_ticks *begun, uint32_t hz)
{
	/* TICK_NSEC, which is rounded */
	uint64_t tick_ns = hz ? (1000000000ULL + hz / 2) / hz : 0;
	uint64_t granule = granule_of(TIME_WAIT_S * hz);
	uint64_t granule_ns = granule * tick_ns;

	if (!hz)
		return;
	tier->wheel_granule_ns = granule_ns;
	/* a turn is a whole number of ticks, and begins with one */
	tier->wheel_phase_ns =
		(begun->ts_ns % granule_ns + granule_ns - begun->jiffies % granule * tick_ns) %
		granule_ns;
}
