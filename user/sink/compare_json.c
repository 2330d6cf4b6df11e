// SPDX-License-Identifier: GPL-2.0-or-later
/* `report --compare -o json`. */
#include <string.h>

#include "base/json.h"
#include "sink/common.h"
#include "sink/compared.h"
#include "sink/json_part.h"

static void add_side(struct json *json, const char *key, const struct compared *compared)
{
	const struct sink_opts opts = { .realtime_offset_ns = compared->realtime_offset_ns };
	struct json *child = recording_json(&compared->note, &opts);
	uint32_t slices = compare_slices(compared->samples);

	/* the glob of its filter has gone with the recording */
	json_add_text(child, "filters",
		      !strcmp(compared->filters, "none") ? NULL : compared->filters);
	json_add_u64(child, "lost", compared->lost);
	json_add_u64(child, "slices", slices);
	json_add(json, key, child);
}

static void add_figure_side(struct json *json, const char *key, const struct figure_side *side)
{
	struct json *child = json_object();

	json_add_u64(child, "slices", side->slices);
	json_add_double(child, "median", side->median);
	json_add_double(child, "low", side->low);
	json_add_double(child, "high", side->high);
	json_add_double(child, "total", side->total);
	json_add(json, key, child);
}

static struct json *figures_json(const struct figures *figures)
{
	struct json *array = json_array();

	for (size_t i = 0; i < figures->count; i++) {
		const struct figure *figure = &figures->items[i];
		struct json *json = json_object();

		json_add_text(json, "name", figure->name);
		json_add_text(json, "unit", figure->unit);
		add_figure_side(json, "before", &figure->side[SIDE_BEFORE]);
		add_figure_side(json, "after", &figure->side[SIDE_AFTER]);
		json_add_double(json, "change", figure->change);
		json_add_double(json, "chance", figure->chance);
		json_add_text(json, "verdict", figure_verdict_name(figure->verdict));
		json_add(array, NULL, json);
	}
	return array;
}

static void add_caveats(struct json *json, const struct comparison *comparison)
{
	struct json *array = json_array(), *child;
	struct caveats caveats;

	comparison_caveats(comparison, &caveats);
	for (size_t i = 0; i < caveats.count; i++) {
		child = json_object();
		json_add_text(child, "what", caveats.what[i]);
		json_add_text(child, "text", caveats.text[i]);
		json_add(array, NULL, child);
	}
	json_add(json, "caveats", array);
}

static void add_setting(void *ctx, const char *netns, const char *name, const char *before,
			const char *after)
{
	struct json *child = json_object();

	json_add_text(child, "netns", netns);
	json_add_text(child, "name", name);
	json_add_text(child, "before", before);
	json_add_text(child, "after", after);
	json_add(ctx, NULL, child);
}

static void add_leak(void *ctx, const struct compared_leak *leak)
{
	struct json *child = json_object();

	json_add_text(child, "level", leak->level);
	json_add_text(child, "name", leak->name);
	json_add(ctx, NULL, child);
}

static void add_leaks(struct json *json, const struct comparison *comparison)
{
	struct json *child = json_object(), *gained = json_array(), *lost = json_array();

	comparison_each_leak(comparison, SIDE_AFTER, add_leak, gained);
	comparison_each_leak(comparison, SIDE_BEFORE, add_leak, lost);
	json_add(child, "gained", gained);
	json_add(child, "lost", lost);
	json_add(json, "leaks", child);
}

static void add_services(struct json *json, const struct comparison *comparison)
{
	struct json *array = json_array(), *child;
	struct services_compared services;

	if (!services_compare(comparison, &services)) {
		for (size_t i = 0; i < services.count; i++) {
			if (comparison->limit && i == comparison->limit)
				break;
			child = json_object();
			json_add_text(child, "service", services.items[i].service);
			json_add(child, "figures", figures_json(&services.items[i]));
			json_add(array, NULL, child);
		}
		services_compared_release(&services);
	}
	json_add(json, "services", array);
}

void comparison_write_json(const struct comparison *comparison)
{
	const struct samples *const samples[] = { comparison->side[SIDE_BEFORE]->samples,
						  comparison->side[SIDE_AFTER]->samples };
	struct json *json = json_object(), *settings = json_array(), *test = json_object();
	struct figures figures;

	add_side(json, "before", comparison->side[SIDE_BEFORE]);
	add_side(json, "after", comparison->side[SIDE_AFTER]);
	json_add_text(test, "name", "rank sum");
	json_add_double(test, "level", COMPARE_LEVEL);
	json_add_double(test, "least_change", COMPARE_LEAST);
	json_add_double(test, "least_change_ms", COMPARE_LEAST_MS);
	json_add(json, "test", test);
	add_caveats(json, comparison);
	comparison_each_setting(comparison, add_setting, settings);
	json_add(json, "settings", settings);
	compare_whole(samples, &figures);
	json_add(json, "figures", figures_json(&figures));
	add_services(json, comparison);
	add_leaks(json, comparison);
	json_write_pretty(json, comparison->out);
	json_free(json);
}
