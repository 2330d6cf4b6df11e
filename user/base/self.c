// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel has charged to this process. */
#include "base/self.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/procfs.h"

static uint64_t timeval_ns(struct timeval time)
{
	return time.tv_sec * 1000000000ULL + time.tv_usec * 1000ULL;
}

struct self_cost self_cost(void)
{
	struct self_cost cost = { 0 };
	unsigned long pages;
	struct rusage usage;
	char text[128];

	if (!getrusage(RUSAGE_SELF, &usage))
		cost.cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
	if (procfs_read("/proc/self/statm", text, sizeof(text)) > 0 &&
	    sscanf(text, "%*u %lu", &pages) == 1)
		cost.resident_bytes = (uint64_t)pages * sysconf(_SC_PAGESIZE);
	return cost;
}
