// SPDX-License-Identifier: GPL-2.0-or-later
/* The object "what_if" of the document of `ports`. */
#include <errno.h>

#include "base/json.h"
#include "model/event.h"
#include "sink/common.h"
#include "sink/json_part.h"
#include "sink/value.h"
#include "sink/whatif.h"

#define NS_A_S 1e9

static const char *const runs[NR_WHATIF_RUNS] = { "observed", "baseline", "changed" };

static struct json *use_json(const struct whatif_use *use, bool of_all)
{
	struct json *json = json_object();

	json_add_u64(json, "connects", use->connects);
	json_add_u64(json, "failures", use->failures);
	if (use->first_failure_ns == TIME_UNKNOWN)
		json_add_null(json, "first_failure_s");
	else
		json_add_double(json, "first_failure_s", (double)use->first_failure_ns / NS_A_S);
	json_add_u64(json, "peak", use->peak);
	json_add_double(json, "mean", use->mean);
	json_add_u64(json, "end", use->end);
	json_add_u64(json, "time_wait_peak", use->time_wait_peak);
	json_add_double(json, "over_half_s", (double)use->over_half_ns / NS_A_S);
	json_add_u64(json, "time_wait_refused", use->refused);
	json_add_known(json, "capacity", !of_all, use->capacity);
	return json;
}

static void add_uses(struct json *json, const struct whatif_use uses[NR_WHATIF_RUNS], bool changed,
		     bool of_all)
{
	for (unsigned int run = 0; run < NR_WHATIF_RUNS; run++) {
		if (run == RUN_CHANGED && !changed)
			json_add_null(json, runs[run]);
		else
			json_add(json, runs[run], use_json(&uses[run], of_all));
	}
}

static struct json *path_json(const struct whatif_path *path, bool changed)
{
	struct json *json = json_object();
	struct value addr;

	json_add_known(json, "netns", path->path.netns_ino != 0, path->path.netns_ino);
	json_add_text(json, "netns_name", path->netns_name);
	value_addr(&addr, path->path.local_addr, false);
	json_add_value(json, "local_addr", &addr);
	value_addr(&addr, path->path.remote_addr, false);
	json_add_value(json, "remote_addr", &addr);
	json_add_u64(json, "remote_port", path->path.remote_port);
	json_add_text(json, "service", path->service);
	add_uses(json, path->use, changed, false);
	return json;
}

static void add_settings(struct json *json, const struct whatif_ask *ask)
{
	struct json *array = json_array();

	for (unsigned int i = 0; i < ask->count; i++) {
		struct json *child = json_object();

		json_add_text(child, "setting", ask->asked[i]);
		json_add_text(child, "remark", ask->remarks[i]);
		json_add(array, NULL, child);
	}
	json_add(json, "settings", array);
}

static void add_assumed(struct json *json, unsigned int assumed)
{
	struct json *array = json_array();

	for (unsigned int bit = 0; bit < NR_WHATIF_ASSUMED; bit++)
		if (assumed & 1U << bit)
			json_add_text(array, NULL, whatif_assumed_name(1U << bit));
	json_add(json, "assumed", array);
}

static void add_samples(struct json *json, const struct whatif_result *result)
{
	struct json *series = json_object();

	json_add_double(series, "step_s",
			(double)(result->to_ns - result->from_ns) / NS_A_S / WHATIF_SAMPLES);
	for (unsigned int run = 0; run < NR_WHATIF_RUNS; run++) {
		struct json *array = json_array();

		if (run == RUN_CHANGED && !result->changed) {
			json_free(array);
			json_add_null(series, runs[run]);
			continue;
		}
		for (unsigned int i = 0; i < WHATIF_SAMPLES; i++)
			json_add_u64(array, NULL, result->in_use[run][i]);
		json_add(series, runs[run], array);
	}
	json_add(json, "in_use", series);
}

void json_add_what_if(struct json *parent, const char *key, const struct model *model,
		      const struct sink_opts *opts)
{
	struct json *json, *total, *array;
	struct whatif_result result;
	int err = model_what_if(model, &opts->what_if->changes, &result);

	if (err == -ENOMEM)
		json_spoil(parent);
	if (err) {
		json_add_null(parent, key);
		return;
	}
	json = json_object();
	total = json_object();
	array = json_array();
	add_settings(json, opts->what_if);
	json_add_text(json, "replay", "open_loop");
	json_add_u64(json, "attempts", result.attempts);
	json_add_u64(json, "in_use_at_start", result.stock);
	json_add_u64(json, "left_out", result.left_out);
	json_add_u64(json, "told_in_sum", result.told_in_sum);
	json_add_known(json, "binds_failed", model_binds(model) == TW_BINDS_SEEN,
		       result.binds_failed);
	json_add_double(json, "replayed_s", (double)(result.to_ns - result.from_ns) / NS_A_S);
	add_assumed(json, result.assumed);
	add_uses(total, result.total, result.changed, true);
	json_add(json, "total", total);
	for (size_t i = 0; i < result.nr_paths && (!opts->limit || i < opts->limit); i++)
		json_add(array, NULL, path_json(&result.paths[i], result.changed));
	json_add(json, "destinations", array);
	add_samples(json, &result);
	json_add(parent, key, json);
	whatif_result_release(&result);
}
