// SPDX-License-Identifier: GPL-2.0-or-later
/* How long a tick is, told from how many there have been. */
#include "source/jiffies.h"

#include <stddef.h>

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
