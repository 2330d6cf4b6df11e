/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What work has cost (on a busy host wall time says nothing of it), and what time it is. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* The processor's time that the calling thread has used so far, in nanoseconds. */
uint64_t clock_thread_ns(void);
/*
 * CLOCK_MONOTONIC as bpf_ktime_get_ns() has it: without what a time namespace adds
 * (time_namespaces(7)), for that is no part of the times in the kernel's records.
 */
uint64_t clock_kernel_ns(void);
/* CLOCK_REALTIME less that, now: it changes when the clock is set. */
int64_t clock_realtime_offset_ns(void);

#endif
