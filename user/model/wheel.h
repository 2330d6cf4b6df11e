/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's timer wheel: timers of 60 s fire when it turns (512 or 4096 jiffies), all that are
 * due within one turn together (calc_wheel_index(), kernel/time/timer.c).
 */
#ifndef MODEL_WHEEL_H
#define MODEL_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "tw_record.h"

struct wheel {
	uint64_t granule_ns;	/* from one turn to the next */
	uint64_t phase_ns;	/* of one of the turns */
	bool known;
};

/* As the source tells it; unknown from an older recording, or where it makes no sense. */
struct wheel wheel_told(const struct tw_record *record);
/* When a timer that is due at @due_ns fires. The wheel is known. */
uint64_t wheel_fires(const struct wheel *wheel, uint64_t due_ns);

#endif
