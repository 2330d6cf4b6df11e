/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this process itself costs the host, and those that it has made to help it. */
#ifndef BASE_SELF_H
#define BASE_SELF_H

#include <stdint.h>
#include <sys/types.h>

struct self_cost {
	uint64_t cpu_ns;	/* user and system time of all threads since they began */
	uint64_t resident_bytes; /* 0: not known */
};

/* getrusage(2) and /proc/self/statm, and as much of the helpers. */
struct self_cost self_cost(void);

/* This process helps from now on, until the other call: four at most count. */
void self_helps(pid_t pid);
void self_helps_no_more(pid_t pid);

#endif
