/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a recording that goes on in parts. FILE is always the one being written; when the
 * next part begins it gets a name with the time of its own beginning, which stays:
 *
 *   friday.twr                        the newest
 *   friday.20261121T080000.123Z.twr   one before, in UTC
 *
 * Only files of such names are ever removed, and what is left of earlier runs counts among them.
 * Every function but parts_init() is the writing thread's.
 */
#ifndef SINK_PARTS_H
#define SINK_PARTS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file_put.h"

struct parts {
	char path[PATH_MAX];	/* of the file being written, behind every link */
	struct file_put put;	/* whose the files are */
	uint32_t keep;		/* so many files at most, with the one being written; 0: all */
	uint64_t last_ms;	/* of the last name given: a clock that is set back breaks no order */
};

/* 0, or -errno with a sentence: what stands at @path is neither a recording nor empty. */
int parts_init(struct parts *parts, const char *path, uint32_t keep, struct error *err);
/*
 * What is there gets its own name, the oldest are removed, and FILE is a new one: its descriptor,
 * the caller's, locked against another recorder. Or -errno, -EWOULDBLOCK of such a one.
 */
int parts_next(struct parts *parts);

/* "dir/friday.twr" of that moment. False: too long. */
bool parts_name(const char *path, uint64_t realtime_ms, char name[static PATH_MAX]);
/* Whether @name, in the same folder, is one that parts_name() gives to @path. */
bool parts_is_named(const char *path, const char *name);

#endif
