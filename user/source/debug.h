/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an ELF file and its debug information say of places in its code: function, file
 * and line, and how a frame is left. Built without libdw they say nothing.
 *
 * Not for several threads at a time.
 */
#ifndef SOURCE_DEBUG_H
#define SOURCE_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

#include "source/frames.h"

struct debug;

/* All of it lives as long as the file is open; NULL, 0: not known. */
struct debug_site {
	const char *function;
	const char *file;
	int line;
};

/* Whether anything can be known: built with libdw. */
bool debug_is_there(void);
/*
 * @fd is taken over in any case, and mapped (base/sealed.h). NULL: it is no such file, or there is
 * no memory.
 */
struct debug *debug_open(int fd, const char *name);
void debug_free(struct debug *debug);
/*
 * The functions at @address (as in the file), innermost first: those that the compiler has put
 * into another one, each with the line that calls the one before it, and at last that other
 * one. How many: at least 1, at most @room.
 */
unsigned int debug_sites(struct debug *debug, uint64_t address, struct debug_site *sites,
			 unsigned int room);
/* FRAME_UNKNOWN where the file has no rule or one of a kind that is not understood. */
void debug_rule(struct debug *debug, uint64_t address, struct frame_rule *rule);

#endif
