/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root directories of processes, held open for when these are gone: one descriptor for each
 * directory, however many processes have it. The table is one thread's own; what is in it may
 * be given back by any.
 */
#ifndef SOURCE_ROOTS_H
#define SOURCE_ROOTS_H

#include <stdint.h>

/*
 * Which directory it is, and of which mount, as long as a descriptor of it is open: no other has
 * its numbers meanwhile (cleanup_mnt(), fs/namespace.c).
 */
struct root_id {
	uint64_t dev, ino;	/* ino 0: not known, which is like no other */
	uint64_t mnt_id;
};

struct root {
	unsigned int refs;	/* atomic */
	int fd;			/* owned */
	struct root_id id;
	struct root *next;	/* the table's */
};

/* Empty as zeros; roots_release() in the end. */
struct roots {
	struct root *first;	/* a reference to each */
};

/*
 * That directory, of which @fd, owned from now on, is a descriptor: a reference, root_put() in the
 * end. NULL: @fd is none, or no memory. What nobody else refers to any more leaves the table.
 */
struct root *roots_share(struct roots *roots, int fd, const struct root_id *id);
/* What others refer to remains theirs. */
void roots_release(struct roots *roots);

/* In no table. Else as roots_share(). */
struct root *root_new(int fd);
/* NULL: nothing. */
void root_put(struct root *root);

#endif
