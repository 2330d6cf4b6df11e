// SPDX-License-Identifier: GPL-2.0-or-later
/* Clocks. */
#include "base/clock.h"

#include <time.h>

uint64_t clock_thread_ns(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
	return spent.tv_sec * 1000000000ULL + spent.tv_nsec;
}
