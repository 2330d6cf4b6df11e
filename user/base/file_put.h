/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole files: a reader finds the file of before or the new one, never half of it. What is a
 * device, a pipe, a folder is left alone; of a link it is the file behind it that is replaced.
 */
#ifndef BASE_FILE_PUT_H
#define BASE_FILE_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* What new files are like. */
struct file_put {
	mode_t mode;
	uid_t uid;		/* of root's files in somebody's folder; 0: who it runs as */
	gid_t gid;		/* with uid only */
};

/* For files beside @path. To be called while no other thread makes files: asks for the umask. */
void file_put_init(struct file_put *put, const char *path);
/*
 * The calling thread alone makes files as put->uid from now on, and may no more than that one
 * may. To be called before it drops its capabilities. No other uid of its changes, so that
 * whose folder it is may not signal this process.
 */
void file_put_as_owner(const struct file_put *put);
/* Whether file_put() could do it, as far as can be told. 0, or -errno with a sentence. */
int file_put_check(const char *path, struct error *err);
/* Replaces the file at @path, keeping its mode, or makes it. 0, or -errno with a sentence. */
int file_put(const struct file_put *put, const char *path, const void *bytes, size_t len,
	     struct error *err);
/* Whether another try could end otherwise, after @code of file_put(). */
bool file_put_may_pass(int code);

#endif
