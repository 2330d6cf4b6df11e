/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the test runs under valgrind's memcheck, which is then what /proc shows of the process. */
#ifndef TESTS_UNIT_MEMCHECK_H
#define TESTS_UNIT_MEMCHECK_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool under_memcheck(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload_memcheck");
}

#endif
