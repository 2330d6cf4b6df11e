/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts that several JSON documents have alike. Private to this room. */
#ifndef SINK_JSON_PART_H
#define SINK_JSON_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "model/ports.h"
#include "sink/sink.h"

/* A moment of the traced host's monotonic clock, in RFC 3339; 0: null. */
void json_add_time(struct json *json, const char *key, const struct sink_opts *opts,
		   uint64_t ts_ns);
/* Null unless it is @known. */
void json_add_known(struct json *json, const char *key, bool known, uint64_t count);
/* What has a port; null where that is not known. */
void json_add_port_holder(struct json *json, const char *key, const struct port_holder *holder);
/* The frames of a stack as an array, from a text with a line for each; NULL: none. */
struct json *json_frames(const char *text);
/* "connect"; NULL: none that is known. */
const char *json_deed(unsigned int deed);

#endif
