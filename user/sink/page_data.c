// SPDX-License-Identifier: GPL-2.0-or-later
/* The documents that the web page alone asks for: the course of the totals, and a flame. */
#include <stdlib.h>

#include "base/log.h"
#include "base/stream.h"
#include "sink/common.h"
#include "sink/flame_data.h"
#include "sink/flame_sink.h"
#include "sink/json_part.h"
#include "sink/page.h"

#define NS_PER_MS 1000000

/* As the page of `flame`: smaller frames could not be seen. */
#define LEAST_SHARE 0.0005

static const struct flame_opts page_opts = {
	.by = { { FRAME_HOST, FRAME_SERVICE, FRAME_ROLE, FRAME_PORT, FRAME_REMOTE, FRAME_STATE,
		  FRAME_STACK, FRAME_PROCESS, FRAME_CLOSE, FRAME_END },
		10 },
	.shown = 7,
	.weight = WEIGHT_CONNECTIONS,
	.color = FLAME_BY_STATE,
	.share = LEAST_SHARE,
	.host_if_several = true,
};

const struct flame_opts *page_flame(void)
{
	return &page_opts;
}

const struct flame_by *page_flame_by(void)
{
	return &page_opts.by;
}

static struct json *head(const struct model *model, const struct sink_opts *opts)
{
	struct json *json = json_object();

	json_add_text(json, "host", opts->host);
	json_add_time(json, "from", opts, model_ready_ns(model));
	json_add_time(json, "to", opts, model_now_ns(model));
	return json;
}

/* ------------------------------------------------------------------------------ history */

static void add_fields(struct json *json, const char *key, bool gauges)
{
	struct json *array = json_array();

	for (unsigned int i = 0; i < NR_HISTORY_FIELDS; i++)
		if (!gauges || field_is_gauge(history_field(i)))
			json_add_text(array, NULL, field_name(history_field(i)));
	json_add(json, key, array);
}

static struct json *point_json(const struct history_point *point, const struct sink_opts *opts)
{
	struct json *array = json_array();

	json_add_u64(array, NULL, sink_realtime(opts, point->ts_ns) / NS_PER_MS);
	for (unsigned int i = 0; i < NR_HISTORY_FIELDS; i++)
		json_add_u64(array, NULL, point->count[i]);
	return array;
}

struct json *history_document(const struct model *model, const struct sink_opts *opts)
{
	struct json *json = head(model, opts), *points = json_array();
	size_t count = model_history(model);

	add_fields(json, "fields", false);
	add_fields(json, "gauges", true);
	for (size_t i = 0; i < count; i++)
		json_add(points, NULL, point_json(model_history_at(model, i), opts));
	json_add(json, "points", points);
	return json;
}

/* -------------------------------------------------------------------------------- flame */

/* As JSON; NULL: no memory. */
static char *flame_text(const struct flame *flame)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = stream_memory(&text, &len);
	bool fine = out && !flame_data_write(flame, out) && !ferror(out);

	if (out && fclose(out))
		fine = false;
	if (fine)
		return text;
	log_msg(LOG_WARNING, "no memory for the summary");
	free(text);
	return NULL;
}

struct json *flame_document(const struct model *model, const struct sink_opts *opts)
{
	struct json *json = head(model, opts);
	struct sink_opts own = *opts;
	char caveat[CAVEAT_LEN];
	struct flame *flame;
	bool finished;
	char *text;

	own.flame = &page_opts;
	flame = flame_of_model(model, &own, caveat);
	finished = flame && !flame_finish(flame, page_opts.share);
	json_add_text(json, "caveat", flame ? flame->head.caveat : NULL);
	text = finished ? flame_text(flame) : NULL;
	json_add_ready(json, "flame", text);
	if (!text)
		json_spoil(json);
	flame_free(flame);
	return json;
}
