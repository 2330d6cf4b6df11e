/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's ticks, which programs read without knowing how long one is. */
#ifndef SOURCE_JIFFIES_H
#define SOURCE_JIFFIES_H

#include <stdint.h>

#include "tw_config.h"

/*
 * How many jiffies a second has: they have counted up from five minutes before 2^32 since boot
 * (INITIAL_JIFFIES, include/linux/jiffies.h), and were @jiffies at @now_ns. 0: no usual number
 * fits, or more than one, as it is five minutes after boot.
 */
uint32_t jiffies_per_second(uint64_t jiffies, uint64_t now_ns);
/* So many ticks in milliseconds; ~0, what is not known, stays so, as does any time of @hz 0. */
uint32_t jiffies_ms(uint32_t jiffies, uint32_t hz);
/*
 * Fills in when the timer wheel turns for timers of TIME_WAIT's 60 s, by a tick that began at
 * @begun. Of @hz 0 nothing is known.
 */
void jiffies_wheel(struct tw_tier *tier, const struct tw_ticks *begun, uint32_t hz);

#endif
