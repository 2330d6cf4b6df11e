/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files a process runs code of, and where: read once, then kept unchanged, so that
 * it may be asked long after the process has ended and from another thread.
 */
#ifndef SOURCE_MAPS_H
#define SOURCE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/acts.h"

/* A stretch of memory that may be executed. */
struct maps_region {
	uint64_t start, end;
	uint64_t offset;	/* in the file */
	uint64_t inode;		/* 0: no file: what a compiler made at run time, or the kernel's */
	uint32_t dev;
	uint32_t path;		/* where its name begins in names */
};

struct maps {
	unsigned int refs;	/* atomic */
	uint64_t serial;	/* the reader's own: no two have the same */
	uint32_t pid;
	struct maps_owner who;
	struct root *root;	/* a reference, for when it is gone; NULL: none */
	char *names;		/* owned */
	struct maps_region *regions; /* owned; in the order of addresses */
	size_t count;
};

/*
 * What can be executed, of a /proc/PID/maps text; beyond 8,192 regions, and a MiB of names, nothing
 * is. NULL: no memory. maps_put() in the end.
 */
struct maps *maps_parse(const char *text);
/*
 * Of a process that lives, which must be the program that has its stack at @stack_start: it
 * may have become another one. Its root is shared in @roots. NULL with -errno in @ret.
 */
struct maps *maps_read(struct keeper *keeper, struct roots *roots, uint32_t pid,
		       uint64_t stack_start, int *ret);
struct maps *maps_get(struct maps *maps);
void maps_put(struct maps *maps);

/* The region with the address, or NULL. */
const struct maps_region *maps_find(const struct maps *maps, uint64_t address);
/* The descriptor of the root directory, which remains theirs; -1: none. */
int maps_root(const struct maps *maps);
/* "/usr/bin/x", "[vdso]", "" for nothing. */
const char *maps_path(const struct maps *maps, const struct maps_region *region);
/*
 * Its file, be the process in a container or gone; @opener opens it. A descriptor or -errno;
 * -ENOEXEC: it is no program, and never will be; -ESTALE: another file has its name. @surely:
 * device and inode are the region's, else only the inode is, which another file may have, too.
 */
int maps_open(struct keeper *opener, const struct maps *maps, const struct maps_region *region,
	      bool *surely);

#endif
