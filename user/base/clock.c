// SPDX-License-Identifier: GPL-2.0-or-later
/* Clocks. */
#include "base/clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/procfs.h"

#define NS_PER_S 1000000000LL

static int64_t added_ns;	/* to CLOCK_MONOTONIC, by the time namespace */

static int64_t read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

uint64_t clock_thread_ns(void)
{
	return (uint64_t)read_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* The offsets that /proc tells are those of processes to come, until there is one. */
static bool is_in_its_namespace(void)
{
	struct stat own, children;

	return !stat("/proc/self/ns/time", &own) &&
	       !stat("/proc/self/ns/time_for_children", &children) && own.st_ino == children.st_ino;
}

static void find_added(void)
{
	int64_t seconds, ns;
	char text[256];

	if (is_in_its_namespace() &&
	    procfs_read("/proc/self/timens_offsets", text, sizeof(text)) > 0 &&
	    sscanf(text, "monotonic %" SCNd64 " %" SCNd64, &seconds, &ns) == 2)
		added_ns = seconds * NS_PER_S + ns;
}

uint64_t clock_kernel_ns(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_added);
	return (uint64_t)(read_ns(CLOCK_MONOTONIC) - added_ns);
}

int64_t clock_realtime_offset_ns(void)
{
	return read_ns(CLOCK_REALTIME) - (int64_t)clock_kernel_ns();
}
