// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wheel.h"

/* Longer than any turn is: 5.12 s, at HZ=100. */
#define LONGEST_NS (6 * 1000000000ULL)

struct wheel wheel_told(const struct tw_record *record)
{
	const struct tw_tier *tier = (const struct tw_tier *)record;

	if (record->size < sizeof(*tier) || tier->wheel_phase_ns >= tier->wheel_granule_ns ||
	    tier->wheel_granule_ns > LONGEST_NS)
		return (struct wheel){ .known = false };
	return (struct wheel){ tier->wheel_granule_ns, tier->wheel_phase_ns, true };
}

uint64_t wheel_fires(const struct wheel *wheel, uint64_t due_ns)
{
	/* its bucket is rounded up, also where it is due at a turn */
	uint64_t turns = (due_ns - wheel->phase_ns) / wheel->granule_ns + 1;

	return turns * wheel->granule_ns + wheel->phase_ns;
}
