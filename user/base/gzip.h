/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes that become a gzip file as they come (zlib is known here only). */
#ifndef BASE_GZIP_H
#define BASE_GZIP_H

#include <stddef.h>
#include <stdio.h>

struct gzip;

/*
 * The same bytes make the same file: it says neither its name nor a time. @out stays the
 * caller's; that it could not be written shows in ferror(@out). NULL: no memory.
 */
struct gzip *gzip_new(FILE *out);
/* @len may be anything; little pieces are gathered first. */
void gzip_put(struct gzip *gzip, const void *bytes, size_t len);
/* The end of the file. Frees @gzip. */
void gzip_finish(struct gzip *gzip);
/* The same without an end: what was written is no whole file. NULL is fine. */
void gzip_free(struct gzip *gzip);

#endif
