/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a profile of pprof refers to by number: texts, functions, locations, each of them once.
 * Private to flame_pprof.c.
 */
#ifndef SINK_PPROF_TABLE_H
#define SINK_PPROF_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/index.h"

#define PPROF_NONE UINT32_MAX

struct pprof_text {
	const char *bytes;	/* borrowed; its end is where @len says */
	uint32_t len;
};

struct pprof_function {
	uint32_t kind;		/* enum flame_frame; it is not written: alike names stay apart */
	uint32_t name, file;	/* texts; file 0: it has none */
};

struct pprof_location {
	uint32_t function;	/* from 0 on, as in the list */
	uint32_t line;		/* 0: none */
};

struct pprof_tables {
	struct index by_text, by_function, by_location;
	struct pprof_text *texts;		/* owned; the first one is "" */
	struct pprof_function *functions;	/* owned */
	struct pprof_location *locations;	/* owned */
	uint32_t nr_texts, nr_functions, nr_locations;
	uint32_t text_room, function_room, location_room;
};

/* 0 or -ENOMEM; to be released either way. */
int pprof_tables_init(struct pprof_tables *tables);
void pprof_tables_release(struct pprof_tables *tables);

/* Places in the lists; PPROF_NONE: no memory. @bytes must outlive the tables. */
uint32_t pprof_text(struct pprof_tables *tables, const char *bytes, size_t len);
/*
 * @name: what a frame of @kind (enum flame_frame, or NR_FLAME_FRAMES) is called. Of a line of a
 * stack, "function file.c:34", function, file and line are taken apart.
 */
uint32_t pprof_location(struct pprof_tables *tables, uint32_t kind, const char *name);

#endif
