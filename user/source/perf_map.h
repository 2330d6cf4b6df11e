/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of code made at run time, as its makers leave them in /tmp/perf-PID.map. */
#ifndef SOURCE_PERF_MAP_H
#define SOURCE_PERF_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "source/maps.h"

/* Of the process asked about last. Begin with zeroes but for the opener. */
struct perf_map {
	struct keeper *opener;	/* borrowed */
	uint64_t serial;	/* of its maps; 0: none yet */
	char *text;		/* owned */
	int64_t read_at;	/* seconds */
};

void perf_map_release(struct perf_map *map);
/* The function at @ip, ended by a line feed or NUL, its length in @len; NULL: not known. */
const char *perf_map_find(struct perf_map *map, const struct maps *maps, uint64_t ip, size_t *len);

#endif
