// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel has charged to this process. */
#include "base/self.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/procfs.h"

static uint64_t timeval_ns(struct timeval time)
{
	return time.tv_sec * 1000000000ULL + time.tv_usec * 1000ULL;
}

/* 0: this place is free. They come and go in one thread and are read in any. */
#define HELPERS 4
static pid_t helpers[HELPERS];

static void replace(pid_t old, pid_t now)
{
	for (size_t i = 0; i < HELPERS; i++) {
		pid_t expected = old;

		if (__atomic_compare_exchange_n(&helpers[i], &expected, now, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return;
	}
}

void self_helps(pid_t pid)
{
	replace(0, pid);
}

void self_helps_no_more(pid_t pid)
{
	replace(pid, 0);
}

static uint64_t resident_bytes(const char *statm)
{
	unsigned long pages;
	char text[128];

	if (procfs_read(statm, text, sizeof(text)) <= 0 || sscanf(text, "%*u %lu", &pages) != 1)
		return 0;
	return (uint64_t)pages * sysconf(_SC_PAGESIZE);
}

static void add_helper(pid_t pid, struct self_cost *cost)
{
	struct timespec used;
	clockid_t clock;
	char path[64];

	if (!clock_getcpuclockid(pid, &clock) && !clock_gettime(clock, &used))
		cost->cpu_ns += used.tv_sec * 1000000000ULL + used.tv_nsec;
	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	cost->resident_bytes += resident_bytes(path);
}

struct self_cost self_cost(void)
{
	struct self_cost cost = { .resident_bytes = resident_bytes("/proc/self/statm") };
	struct rusage usage;

	if (!getrusage(RUSAGE_SELF, &usage))
		cost.cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
	for (size_t i = 0; i < HELPERS; i++) {
		pid_t pid = __atomic_load_n(&helpers[i], __ATOMIC_RELAXED);

		if (pid)
			add_helper(pid, &cost);
	}
	return cost;
}
