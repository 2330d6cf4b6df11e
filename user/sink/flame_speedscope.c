// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file format of speedscope.app: a table of frames, and a profile of kind `sampled` for
 * each weight that anything has, the one that was asked for first; with a base, its profiles
 * stand behind. Its schema: https://www.speedscope.app/file-format-schema.json
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "base/json.h"
#include "sink/flame.h"

/* Numbers of frames: nodes of one name share one. */
struct frames {
	const struct flame *flame;
	struct index index;	/* of those that stand for others, by name */
	uint32_t *of_node;	/* owned: a number for each node */
	struct json *list;
	uint32_t count;
};

static bool name_equal(const void *ctx, uint32_t id, const void *key)
{
	char name[FLAME_NAME_LEN];

	return !strcmp(flame_name(&((const struct flame *)ctx)->nodes[id], name), key);
}

static int add_frame(struct frames *frames, uint32_t id)
{
	char text[FLAME_NAME_LEN];
	const char *name = flame_name(&frames->flame->nodes[id], text);
	uint32_t hash = hash_bytes(name, strlen(name));
	uint32_t first = index_find(&frames->index, hash, name_equal, frames->flame, name);
	struct json *frame;

	if (first != INDEX_NONE) {
		frames->of_node[id] = frames->of_node[first];
		return 0;
	}
	if (index_insert(&frames->index, hash, id))
		return -ENOMEM;
	frames->of_node[id] = frames->count++;
	frame = json_object();
	json_add_text(frame, "name", name[0] ? name : "(empty)");
	json_add(frames->list, NULL, frame);
	return 0;
}

static int frames_init(struct frames *frames, const struct flame *flame)
{
	int ret;

	*frames = (struct frames){ .flame = flame, .list = json_array() };
	frames->of_node = calloc(flame->count, sizeof(*frames->of_node));
	ret = frames->of_node ? index_init(&frames->index) : -ENOMEM;
	/* the root is no frame of theirs */
	for (uint32_t id = FLAME_ROOT + 1; id < flame->count && !ret; id++)
		ret = add_frame(frames, id);
	return ret;
}

static void frames_release(struct frames *frames)
{
	index_release(&frames->index);
	free(frames->of_node);
}

/* Outermost first. */
static void add_stack(struct json *samples, const struct frames *frames, uint32_t id)
{
	uint32_t path[FLAME_MOST_PARTS + 1];
	struct json *stack = json_array();
	size_t count = 0;

	for (; id != FLAME_ROOT && count < sizeof(path) / sizeof(path[0]);
	     id = frames->flame->nodes[id].parent)
		path[count++] = id;
	while (count)
		json_add_u64(stack, NULL, frames->of_node[path[--count]]);
	json_add(samples, NULL, stack);
}

static struct json *new_profile(const struct frames *frames, enum flame_side side,
				enum flame_weight weight)
{
	const struct flame *flame = frames->flame;
	struct json *profile = json_object(), *samples = json_array(), *weights = json_array();
	bool scaled = side == FLAME_BASE && flame->head.normalized;
	uint64_t before = 0, self;
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", flame_weight_name(weight),
		 side == FLAME_BASE ? " (base)" : "", scaled ? ", scaled" : "");
	json_add_text(profile, "type", "sampled");
	json_add_text(profile, "name", name);
	json_add_text(profile, "unit", flame_weight_is_time(weight) ? "nanoseconds" : "none");
	json_add_u64(profile, "startValue", 0);
	json_add_u64(profile, "endValue",
		     side == FLAME_BASE ? flame_base(flame, FLAME_ROOT, weight) :
					  flame->nodes[FLAME_ROOT].total[side][weight]);
	for (uint32_t id = FLAME_ROOT; id < flame->count; id++) {
		self = side == FLAME_BASE ? flame_base_self(flame, id, weight, &before) :
					    flame_self(flame, id, side, weight);
		if (!self)
			continue;
		add_stack(samples, frames, id);
		json_add_u64(weights, NULL, self);
	}
	json_add(profile, "samples", samples);
	json_add(profile, "weights", weights);
	return profile;
}

static struct json *new_profiles(const struct frames *frames)
{
	const struct flame *flame = frames->flame;
	enum flame_weight first = flame->head.weight;
	struct json *profiles = json_array();

	json_add(profiles, NULL, new_profile(frames, FLAME_NOW, first));
	if (flame->head.base_name)
		json_add(profiles, NULL, new_profile(frames, FLAME_BASE, first));
	for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
		for (unsigned int side = 0; side < NR_FLAME_SIDES; side++)
			if (weight != first && flame->nodes[FLAME_ROOT].total[side][weight])
				json_add(profiles, NULL, new_profile(frames, side, weight));
	return profiles;
}

void flame_speedscope_write(const struct flame *flame, FILE *out)
{
	struct json *file = json_object(), *shared = json_object();
	char name[256], from[TIME_TEXT_LEN];
	struct frames frames;
	int ret = frames_init(&frames, flame);

	snprintf(name, sizeof(name), "twtrace %s%s%s", flame->head.host ? flame->head.host : "",
		 flame->head.host ? " " : "", text_time(flame->head.from_ns[FLAME_NOW], from));
	json_add_text(file, "$schema", "https://www.speedscope.app/file-format-schema.json");
	json_add_text(file, "name", name);
	json_add_text(file, "exporter", "twtrace");
	json_add_u64(file, "activeProfileIndex", 0);
	json_add(shared, "frames", frames.list);
	json_add(file, "shared", shared);
	json_add(file, "profiles", ret ? NULL : new_profiles(&frames));
	json_write_line(file, out);
	json_free(file);
	frames_release(&frames);
}
