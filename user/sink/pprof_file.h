/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile in pprof's format, written in parts, so that it never stands in memory as a whole.
 * Every text, function and location is a place in a struct pprof_tables. Private to
 * flame_pprof.c. What goes wrong with the output shows in its ferror().
 */
#ifndef SINK_PPROF_FILE_H
#define SINK_PPROF_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sink/pprof_table.h"

struct pprof_file;

#define PPROF_MOST_TYPES 8
#define PPROF_MOST_LABELS 32

struct pprof_type {
	uint32_t name, unit;
};

struct pprof_head {
	const struct pprof_type *types; /* of each sample's values; the first is the period's too */
	size_t nr_types;	/* at most PPROF_MOST_TYPES */
	uint32_t default_type;	/* its name */
	uint64_t from_ns;	/* CLOCK_REALTIME */
	uint64_t duration_ns;
	const int64_t *comments; /* texts */
	size_t nr_comments;
};

struct pprof_label {
	uint32_t key;
	uint32_t text;		/* 0: it is a number */
	uint64_t number;
	uint32_t unit;		/* of the number */
};

struct pprof_sample {
	const uint32_t *locations; /* the leaf first */
	size_t nr_locations;
	const int64_t *values;
	size_t nr_values;	/* as many as there are types */
	const struct pprof_label *labels;
	size_t nr_labels;	/* at most PPROF_MOST_LABELS */
};

/* @out stays the caller's. NULL: no memory. */
struct pprof_file *pprof_file_new(FILE *out);
/* NULL is fine. Without pprof_file_finish() what was written is no whole file. */
void pprof_file_free(struct pprof_file *file);

void pprof_file_head(struct pprof_file *file, const struct pprof_head *head);
/* 0 or -ENOMEM. */
int pprof_file_sample(struct pprof_file *file, const struct pprof_sample *sample);
/* The last part: all that was referred to. 0 or -ENOMEM. */
int pprof_file_finish(struct pprof_file *file, const struct pprof_tables *tables);

#endif
