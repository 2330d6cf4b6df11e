/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every sink needs for itself: its birth and its end, and the few
 * conversions that all of them must do alike. Private to this room.
 */
#ifndef SINK_COMMON_H
#define SINK_COMMON_H

#include <stddef.h>

#include "base/text.h"
#include "sink/sink.h"

#define NS_PER_SECOND 1000000000ULL

/* A zeroed struct of @size that begins with a struct sink. NULL when there is no memory. */
void *sink_new(const struct sink_ops *ops, const struct sink_opts *opts, size_t size);
/* sink_ops.open of a sink that has nothing of its own */
struct sink *sink_open(const struct sink_ops *ops, const struct sink_opts *opts);
/* sink_ops.free of a sink that owns nothing else */
void sink_free(struct sink *sink);
/* sink_ops.interval of a sink that only writes out what it has */
void sink_flush(struct sink *sink, const struct model *model);

/* Whether --kind wants this event. */
bool sink_wants(const struct sink *sink, const struct model_event *event);
/* CLOCK_REALTIME of a moment of the traced host. */
uint64_t sink_realtime(const struct sink_opts *opts, uint64_t ts_ns);
/* A minisock's life, most often of a minute and a bit: "61.4s"; short and long ones as elsewhere. */
const char *residence_text(uint64_t ns, char text[static TEXT_LEN]);
/* Columns of paragraphs: the terminal's, or 100. */
size_t wrap_width(const struct sink_opts *opts);
/* For qsort: the sign of left - right. */
int compare_u64(uint64_t left, uint64_t right);
/* Milliseconds, to the microsecond. */
double ns_to_ms(uint64_t ns);

#endif
