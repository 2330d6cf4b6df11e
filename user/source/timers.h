/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the evidence tier `timer` needs in user space: where the kernel's handler of
 * minisocks' timers is, and who takes such a timer down.
 */
#ifndef SOURCE_TIMERS_H
#define SOURCE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tw_config.h"
#include "tw_record.h"

#define MAX_CALLERS 64

/* A piece of the kernel's code, and what it means when it takes the timer down. */
struct caller {
	uint64_t start, end;
	const struct calling *calling;
};

struct timers {
	uint64_t handler;	/* tw_timer_handler(); 0: the kernel hides its symbols */
	struct caller callers[MAX_CALLERS];
	size_t nr_callers;
};

/* Reads the kernel's symbols; where they are hidden everything stays 0. */
void timers_learn(struct timers *timers);
/* The code that runs timers which are due, for the kernel's side; the rest of @code stays. */
void timers_expiring(const struct timers *timers, struct tw_code code[static TW_EXPIRING]);
/*
 * Makes a MINI_ENDED of a cancelled timer, with its reason. False: the minisock lives
 * on, or expires just now, which is told apart; or nothing tells which.
 */
bool timers_judge(const struct timers *timers, const struct tw_cancelled *record,
		  struct tw_minisock *ended);

#endif
