/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the JSON of a flame's page. */
#include "sink/flame_data.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "base/stream.h"
#include "model/event.h"
#include "sink/flame_shape.h"
#include "sink/flame_words.h"

#define NS_PER_US 1000

/* Names, each once, numbered as they come. */
struct strings {
	struct index index;
	const char **names;	/* owned; what they point to is the flame's */
	uint32_t count;
};

struct data {
	const struct flame *flame;
	FILE *out;
	struct strings strings;
	uint32_t *string_of;	/* each node's; owned */
	uint8_t weights[NR_FLAME_WEIGHTS];
	unsigned int nr_weights;
	unsigned int nr_sides;
};

static void write_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '<' || byte < 0x20)	/* no end of the script, no comment */
			fprintf(out, "\\u%04x", byte);
		else if (byte == '"' || byte == '\\')
			fprintf(out, "\\%c", byte);
		else
			fputc(byte, out);
	}
	fputc('"', out);
}

static bool name_equal(const void *ctx, uint32_t id, const void *key)
{
	return !strcmp(((const struct strings *)ctx)->names[id], key);
}

/* INDEX_NONE: no memory. */
static uint32_t string_number(struct strings *strings, const char *name)
{
	uint32_t hash = hash_bytes(name, strlen(name));
	uint32_t id = index_find(&strings->index, hash, name_equal, strings, name);

	if (id != INDEX_NONE)
		return id;
	if (index_insert(&strings->index, hash, strings->count))
		return INDEX_NONE;
	strings->names[strings->count] = name;
	return strings->count++;
}

static int number_names(struct data *data)
{
	const struct flame *flame = data->flame;

	data->strings.names = malloc(flame->count * sizeof(*data->strings.names));
	data->string_of = malloc(flame->count * sizeof(*data->string_of));
	if (!data->strings.names || !data->string_of)
		return -ENOMEM;
	for (uint32_t id = 1; id < flame->count; id++) {
		if (flame->nodes[id].folded)
			continue;
		data->string_of[id] = string_number(&data->strings, flame->nodes[id].name);
		if (data->string_of[id] == INDEX_NONE)
			return -ENOMEM;
	}
	return 0;
}

/* ------------------------------------------------------------------------------- parts */

static void write_weights(struct data *data)
{
	const struct flame *flame = data->flame;

	fputs("\"weights\":[", data->out);
	for (unsigned int i = 0; i < NR_FLAME_WEIGHTS; i++) {
		if (i != flame->head.weight && !flame_weight_used(flame, i))
			continue;
		fprintf(data->out, "%s{\"name\":\"%s\",\"label\":\"%s\",\"time\":%s}",
			data->nr_weights ? "," : "", flame_weight_name(i), flame_weight_label(i),
			flame_weight_is_time(i) ? "true" : "false");
		data->weights[data->nr_weights++] = i;
	}
	fputs("],\n\"weight\":", data->out);
	for (unsigned int i = 0; i < data->nr_weights; i++)
		if (data->weights[i] == flame->head.weight)
			fprintf(data->out, "%u", i);
}

static void write_optional(const char *key, const char *text, FILE *out)
{
	fprintf(out, ",\n\"%s\":", key);
	if (text)
		write_text(text, out);
	else
		fputs("null", out);
}

static void write_head(struct data *data)
{
	const struct flame_head *head = &data->flame->head;

	write_weights(data);
	fprintf(data->out, ",\n\"color\":\"%s\"",
		head->color == FLAME_BY_SERVICE ? "service" : "state");
	write_optional("host", head->host, data->out);
	write_optional("base", head->base_name, data->out);
	fprintf(data->out, ",\n\"normalized\":%s,\n\"frames\":[",
		head->normalized ? "true" : "false");
	for (unsigned int i = 0; i < head->by.count; i++)
		fprintf(data->out, "%s\"%s\"", i ? "," : "", flame_frame_name(head->by.frames[i]));
	fprintf(data->out, "],\n\"shown\":%u,\n\"states\":[", head->shown);
	for (unsigned int state = 1; state < TW_NR_STATES; state++)
		fprintf(data->out, "%s\"%s\"", state > 1 ? "," : "", state_name(state));
	fputc(']', data->out);
}

/* A name that is a service somewhere is in the table once: its first node stands for it. */
static void write_hues(const struct data *data)
{
	bool *done = calloc(data->strings.count + 1, sizeof(*done));
	const char *comma = "";

	if (!done)
		stream_fail(data->out, ENOMEM);
	fputs(",\n\"hues\":{", data->out);
	for (uint32_t id = 1; done && id < data->flame->count; id++) {
		const struct flame_node *node = &data->flame->nodes[id];

		if (node->folded || node->frame != FRAME_SERVICE || done[data->string_of[id]])
			continue;
		done[data->string_of[id]] = true;
		fprintf(data->out, "%s\"%" PRIu32 "\":%u", comma, data->string_of[id],
			flame_hue(node->name));
		comma = ",";
	}
	fputs("},\n\"strings\":[", data->out);
	for (uint32_t i = 0; i < data->strings.count; i++) {
		fputs(i ? ",\n" : "\n", data->out);
		write_text(data->strings.names[i], data->out);
	}
	fputc(']', data->out);
	free(done);
}

/* -------------------------------------------------------------------------------- rows */

static void write_path(const struct data *data, uint32_t id)
{
	const struct flame_node *node = &data->flame->nodes[id];
	const struct flame_by *by = &data->flame->head.by;
	unsigned int position = 0;

	if (id == FLAME_ROOT)
		return;
	write_path(data, node->parent);
	if (node->frame >= NR_FLAME_FRAMES)
		return;
	while (position < by->count && by->frames[position] != node->frame)
		position++;
	fprintf(data->out, "%s%u,%" PRIu32, node->parent == FLAME_ROOT ? "" : ",", position,
		data->string_of[id]);
}

/* How many stacks it stands for, as flame_data.h tells it. */
static int64_t folded_stacks(const struct flame_node *node)
{
	if (node->folded)
		return node->stacks;
	return node->frame >= NR_FLAME_FRAMES && node->parent != FLAME_NONE ? -1 : 0;
}

/* The node's own weights; false: there are none. */
static bool own_weights(const struct data *data, uint32_t id,
			uint64_t own[NR_FLAME_SIDES][NR_FLAME_WEIGHTS])
{
	const struct flame_node *nodes = data->flame->nodes;
	bool any = false;

	memcpy(own, nodes[id].total, sizeof(nodes[id].total));
	for (uint32_t child = nodes[id].child; child != FLAME_NONE; child = nodes[child].next)
		for (unsigned int side = 0; side < data->nr_sides; side++)
			for (unsigned int i = 0; i < NR_FLAME_WEIGHTS; i++)
				own[side][i] -= nodes[child].total[side][i];
	for (unsigned int side = 0; side < data->nr_sides; side++)
		for (unsigned int i = 0; i < NR_FLAME_WEIGHTS; i++)
			any |= own[side][i] != 0;
	return any;
}

/* Rounded, so that the rows' sum is that of the exact ones, which @sum is of those before. */
static uint64_t rounded(enum flame_weight weight, uint64_t value, uint64_t *sum)
{
	uint64_t before = *sum;

	*sum += value;
	if (!flame_weight_is_time(weight))
		return value;
	return (*sum + NS_PER_US / 2) / NS_PER_US - (before + NS_PER_US / 2) / NS_PER_US;
}

static void write_values(const struct data *data, uint64_t own[NR_FLAME_SIDES][NR_FLAME_WEIGHTS],
			 uint64_t sums[NR_FLAME_SIDES][NR_FLAME_WEIGHTS])
{
	for (unsigned int side = 0; side < data->nr_sides; side++)
		for (unsigned int i = 0; i < data->nr_weights; i++) {
			unsigned int weight = data->weights[i];

			fprintf(data->out, ",%" PRIu64,
				rounded(weight, own[side][weight], &sums[side][weight]));
		}
}

static void write_rows(const struct data *data)
{
	uint64_t own[NR_FLAME_SIDES][NR_FLAME_WEIGHTS];
	uint64_t sums[NR_FLAME_SIDES][NR_FLAME_WEIGHTS] = { 0 };
	const char *comma = "\n";

	fputs(",\n\"rows\":[", data->out);
	for (uint32_t id = 0; id < data->flame->count; id++) {
		const struct flame_node *node = &data->flame->nodes[id];

		if (!own_weights(data, id, own))
			continue;
		fprintf(data->out, "%s[[", comma);
		write_path(data, id);
		fprintf(data->out, "],%" PRId64, folded_stacks(node));
		write_values(data, own, sums);
		fputc(']', data->out);
		comma = ",\n";
	}
	fputc(']', data->out);
}

int flame_data_write(const struct flame *flame, FILE *out)
{
	struct data data = { .flame = flame, .out = out };
	int ret;

	data.nr_sides = flame->head.base_name ? NR_FLAME_SIDES : 1;
	ret = index_init(&data.strings.index);
	if (ret)
		return ret;
	ret = number_names(&data);
	if (!ret) {
		fputc('{', out);
		write_head(&data);
		write_hues(&data);
		write_rows(&data);
		fputs("}\n", out);
	}
	index_release(&data.strings.index);
	free(data.strings.names);
	free(data.string_of);
	return ret;
}
