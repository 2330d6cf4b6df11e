/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What work has cost: on a busy host wall time says nothing of it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* The processor's time that the calling thread has used so far, in nanoseconds. */
uint64_t clock_thread_ns(void);

#endif
