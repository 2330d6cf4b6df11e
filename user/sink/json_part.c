// SPDX-License-Identifier: GPL-2.0-or-later
/* Parts that several JSON documents have alike. */
#include "sink/json_part.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sink/common.h"
#include "sink/value.h"

/* More than a source makes a frame of: a line is never cut, and no character within it. */
#define FRAME_LEN 4096

void json_add_time(struct json *json, const char *key, const struct sink_opts *opts, uint64_t ts_ns)
{
	char text[TIME_TEXT_LEN];

	json_add_text(json, key, ts_ns ? text_time(sink_realtime(opts, ts_ns), text) : NULL);
}

void json_add_known(struct json *json, const char *key, bool known, uint64_t count)
{
	if (known)
		json_add_u64(json, key, count);
	else
		json_add_null(json, key);
}

void json_add_port_holder(struct json *json, const char *key, const struct port_holder *holder)
{
	struct json *object;
	struct value reuse;

	if (!holder || holder->kind == HELD_UNKNOWN) {
		json_add_null(json, key);
		return;
	}
	object = json_object();
	value_reuse(&reuse, holder->reuse);
	json_add_text(object, "kind", port_holder_name(holder->kind));
	json_add_u64(object, "sockets", holder->sockets);
	json_add_text(object, "state", holder->state ? state_name(holder->state) : NULL);
	json_add_value(object, "reuse_addr", &reuse);
	json_add_text(object, "service", holder->service);
	json_add_known(object, "pid", holder->pid != PID_UNKNOWN, holder->pid);
	json_add_text(object, "comm", holder->comm);
	json_add_known(object, "left_ms", holder->left_ns != TIME_UNKNOWN,
		       holder->left_ns / 1000000);
	json_add(json, key, object);
}

struct json *json_frames(const char *text)
{
	struct json *frames = json_array();
	char line[FRAME_LEN];

	while (text && *text) {
		size_t len = strcspn(text, "\n");
		/* a recording may hold anything */
		size_t most = len < sizeof(line) ? len : sizeof(line) - 1;

		json_add_text(frames, NULL, text_clean(text, most, line, sizeof(line)));
		text += len + (text[len] == '\n');
	}
	return frames;
}

const char *json_deed(unsigned int deed)
{
	static const char *const names[TW_NR_DEEDS] = {
		[TW_CONNECTED] = "connect",
		[TW_ACCEPTED] = "accept",
		[TW_CLOSED] = "close",
	};

	return deed < TW_NR_DEEDS ? names[deed] : NULL;
}
