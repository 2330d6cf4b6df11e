/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of an event as machines read them: `trace -o jsonl` shows those
 * that its kind has, `trace -o csv` a column for each.
 */
#ifndef SINK_EVENT_FIELD_H
#define SINK_EVENT_FIELD_H

#include "sink/sink.h"
#include "sink/value.h"

/* @has: whether the kind of this event has the field at all. */
typedef void (*event_field_fn)(void *ctx, const char *name, const struct value *value, bool has);

/*
 * Calls @fn for every field of every kind, always the same ones in the same
 * order. @event may be NULL, for the names alone: no field is had then.
 */
void event_each_field(const struct model_event *event, const struct sink_opts *opts,
		      event_field_fn fn, void *ctx);

#endif
