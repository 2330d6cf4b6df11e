/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths of control groups by their id, each told once. */
#ifndef SOURCE_CGROUPS_H
#define SOURCE_CGROUPS_H

#include <stdint.h>

#include "source/source.h"

struct cgroups;
struct keeper;

/* The id of the control group at @path, of a mounted v2 hierarchy; 0: unknown. */
uint64_t cgroups_id(const char *path);
/*
 * @keeper: borrowed; it finds them. NULL: no memory. Works without a cgroup2 mount, then nothing
 * is ever told.
 */
struct cgroups *cgroups_new(struct keeper *keeper);
void cgroups_free(struct cgroups *cgroups);
/* Delivers a TW_CGROUP record if the id is new and its path can be found. */
void cgroups_tell(struct cgroups *cgroups, uint64_t cgroup_id, uint64_t ts_ns,
		  const struct receiver *to);
/*
 * On a host with v1 hierarchies sockets carry the v2 root only: the process's own
 * cgroup then names its service. Returns an id for it (told like any other), or
 * @cgroup_id where that says more; 0 (unknown) for the root without a process, so
 * that a connection takes its listener's.
 */
uint64_t cgroups_of_process(struct cgroups *cgroups, uint64_t cgroup_id, uint32_t pid,
			    uint64_t ts_ns, const struct receiver *to);
/* Processes come and go: forgets what was learnt of them. Once an interval. */
void cgroups_forget_processes(struct cgroups *cgroups);

#endif
