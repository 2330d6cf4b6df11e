/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The far side of an outlet: a queue of chunks, and the thread that empties it. Private to
 * the outlet, whose filler's thread calls every function here.
 */
#ifndef BASE_OUTLET_WRITER_H
#define BASE_OUTLET_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/chunk.h"
#include "base/error.h"
#include "base/outlet.h"

struct writer;

/* NULL when there is no memory; @ctx is the caller's then. */
struct writer *writer_new(const struct outlet_ops *ops, void *ctx);
/* What waits is lost; a thread in a call that does not return is left alone. NULL is fine. */
void writer_free(struct writer *writer);

/* Until writer_start(): written at once, by who calls. */
void writer_write(struct writer *writer, const char *bytes, size_t len);
void writer_flush(struct writer *writer);

/* 0 or -errno. From now on chunks are written as they are pushed, by a thread. */
int writer_start(struct writer *writer, struct error *err);
bool writer_is_started(const struct writer *writer);
/* An empty one, the caller's; NULL when there is no memory. */
struct chunk *writer_new_chunk(struct writer *writer);
/* Takes it; after a failure only so that it is not lost. */
void writer_push(struct writer *writer, struct chunk *chunk);

/* The rest is what struct outlet's functions say of it, but for what is not pushed yet. */
size_t writer_left(const struct writer *writer);
struct outlet_tally writer_left_tally(struct writer *writer);
struct outlet_tally writer_discard(struct writer *writer);
int writer_error(const struct writer *writer);
/* As if a write had failed with @error, a negative errno. */
void writer_fail(struct writer *writer, int error);
int writer_fd(const struct writer *writer);
bool writer_await(struct writer *writer);

#endif
