/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the evidence tier `timer`, which is never chosen by itself, would cost on this host now. */
#ifndef SOURCE_ESTIMATE_H
#define SOURCE_ESTIMATE_H

#include <stdint.h>

struct estimate {
	double events_per_s;	/* armed, cancelled and expired timers of the whole host */
	double ns;		/* of one, as BPF statistics count it */
};

/*
 * Attaches the tier's programs, aimed at no timer, for a fifth of a second. 0 or -errno
 * where they can't be loaded, attached or timed.
 */
int estimate_timer_tier(struct estimate *estimate);

#endif
