/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that runs out for a while: allocations of the whole test go by here. */
#ifndef SCARCITY_H
#define SCARCITY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "next.h"

/* While it is now one allocation in so many fails, or only the first such one; 0: none. */
static struct scarcity {
	unsigned int one_in, calls, failed;
	bool now, once;
} memory;

static bool is_refused(void)
{
	bool refused = memory.now && memory.one_in && ++memory.calls % memory.one_in == 0 &&
		       !(memory.once && memory.failed);

	memory.failed += refused;
	if (refused)
		errno = ENOMEM;
	return refused;
}

__attribute__((noinline)) void *malloc(size_t size)
{
	return is_refused() ? NULL : NEXT(malloc)(size);
}

__attribute__((noinline)) void *calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : NEXT(calloc)(count, size);
}

__attribute__((noinline)) void *realloc(void *old, size_t size)
{
	return is_refused() ? NULL : NEXT(realloc)(old, size);
}

#endif
