/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that processes run code of, each opened once for all of them, and the places in
 * them that stacks have named so far. Bounded: what has not been asked for longest goes.
 *
 * Belongs to one thread.
 */
#ifndef SOURCE_IMAGES_H
#define SOURCE_IMAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "source/frames.h"
#include "source/maps.h"

struct images;

/* A place in code: valid until the next images_place(). */
struct image_place {
	uint64_t address;	/* in its file */
	struct frame_rule rule;	/* FRAME_OUTERMOST where nobody asks for its caller */
	bool startup;		/* it only starts programs or threads: no frame to show */
	/* "function file:line", "function", "module+0xoffset [build-id]"; a line for each inlined one */
	char text[];
};

/* @opener: borrowed; it opens the files. NULL: no memory. */
struct images *images_new(struct keeper *opener);
void images_free(struct images *images);
/*
 * What is at @ip of a process; @is_return: a call returns to it, so the place is the call's.
 * NULL: it is in no file, or there is no memory.
 */
const struct image_place *images_place(struct images *images, const struct maps *maps, uint64_t ip,
				       bool is_return);

#endif
