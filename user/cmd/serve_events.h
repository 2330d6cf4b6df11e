/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `serve`'s /events: what `trace -o jsonl` prints, as server-sent events. */
#ifndef CMD_SERVE_EVENTS_H
#define CMD_SERVE_EVENTS_H

#include "cmd/serve.h"

struct events;

/* @opts: as front.start() got them. NULL: no memory. */
struct events *events_new(const struct sink_opts *opts);
/* After the last stream has ended. NULL is fine. */
void events_free(struct events *events);
/* As front.clock(). */
void events_clock(struct events *events, int64_t offset_ns);
/* Kept for those who are told; nothing where nobody is. */
void events_take(struct serve *serve, const struct model_event *event);
/* A stream of the kinds in the query (kind=loss,transition), or why there is none. */
void events_answer(struct serve *serve, struct http_request *request);

#endif
