/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this process itself costs the host. */
#ifndef BASE_SELF_H
#define BASE_SELF_H

#include <stdint.h>

struct self_cost {
	uint64_t cpu_ns;	/* user and system time of all threads since it began */
	uint64_t resident_bytes; /* 0: not known */
};

/* getrusage(2) and /proc/self/statm. */
struct self_cost self_cost(void);

#endif
