/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives every frame of a flame its size and its colour. */
#include "sink/flame_shape.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "model/event.h"

/* So much of a frame's weight must lie in one state for its colour. */
#define NEARLY_ALL 0.95

unsigned int flame_hue(const char *service)
{
	return hash_bytes(service, strlen(service)) % NR_FLAME_HUES;
}

/* Where that kind of frame stands in head.by; by.count: nowhere. */
static unsigned int position(const struct flame_head *head, unsigned int frame)
{
	unsigned int at = 0;

	while (at < head->by.count && head->by.frames[at] != frame)
		at++;
	return at;
}

/* Folded, or there was no room for what it stands for. */
static bool is_other(const struct flame_node *node)
{
	return node->frame >= NR_FLAME_FRAMES && node->parent != FLAME_NONE;
}

/* Such a one hides frames of the kind that its parent's children have. */
static bool other_is_shown(const struct flame *flame, const struct flame_node *node)
{
	const struct flame_node *parent = &flame->nodes[node->parent];
	const struct flame_head *head = &flame->head;

	for (uint32_t id = parent->child; id != FLAME_NONE; id = flame->nodes[id].next)
		if (!is_other(&flame->nodes[id]))
			return position(head, flame->nodes[id].frame) < head->shown;
	if (node->parent == FLAME_ROOT)
		return head->shown > 0;
	return parent->frame == FRAME_STACK || position(head, parent->frame) + 1 < head->shown;
}

static void mark_shown(struct flame_shape *shape, const struct flame *flame)
{
	shape->nodes[FLAME_ROOT].shown = true;
	for (uint32_t id = 1; id < flame->count; id++) {
		const struct flame_node *node = &flame->nodes[id];
		bool shown = is_other(node) ?
				     other_is_shown(flame, node) :
				     position(&flame->head, node->frame) < flame->head.shown;

		shape->nodes[id].shown = shown && shape->nodes[node->parent].shown;
	}
}

/* ------------------------------------------------------------------------------- sizes */

static double larger(uint64_t a, uint64_t b)
{
	return (double)(a > b ? a : b);
}

static void find_own(struct flame_shape *shape, const struct flame *flame, uint32_t id)
{
	enum flame_weight weight = flame->head.weight;
	uint64_t *own = shape->nodes[id].own, part;

	own[FLAME_NOW] = flame->nodes[id].total[FLAME_NOW][weight];
	own[FLAME_BASE] = flame_base(flame, id, weight);
	for (id = flame->nodes[id].child; id != FLAME_NONE; id = flame->nodes[id].next) {
		if (!shape->nodes[id].shown)
			continue;
		own[FLAME_NOW] -= flame->nodes[id].total[FLAME_NOW][weight];
		/* each is rounded by itself when it is scaled */
		part = flame_base(flame, id, weight);
		own[FLAME_BASE] -= part < own[FLAME_BASE] ? part : own[FLAME_BASE];
	}
}

static void measure(struct flame_shape *shape, const struct flame *flame)
{
	double all;

	for (uint32_t id = flame->count; id-- > 0;) {
		struct shape_node *node = &shape->nodes[id];

		if (!node->shown)
			continue;
		find_own(shape, flame, id);
		node->size += flame->head.base_name ?
				      larger(node->own[FLAME_NOW], node->own[FLAME_BASE]) :
				      (double)node->own[FLAME_NOW];
		if (id)
			shape->nodes[flame->nodes[id].parent].size += node->size;
	}
	all = shape->nodes[FLAME_ROOT].size;
	for (uint32_t id = 0; all > 0 && id < flame->count; id++)
		shape->nodes[id].size /= all;
}

/* ------------------------------------------------------------------------------- tones */

static unsigned int state_of(const struct flame_node *node)
{
	for (unsigned int state = 1; node->frame == FRAME_STATE && state < TW_NR_STATES; state++)
		if (!strcmp(node->name, state_name(state)))
			return state;
	return 0;
}

/*
 * One pass for each state: what of every node's weight lies in it. @states: the state that a
 * node is in because of itself or of one above.
 */
static void tone_state(struct flame_shape *shape, const struct flame *flame, unsigned int state,
		       const uint8_t *states, uint64_t *within)
{
	enum flame_weight weight = flame->head.weight;

	memset(within, 0, flame->count * sizeof(*within));
	for (uint32_t id = flame->count; id-- > 0;) {
		uint64_t total = flame->nodes[id].total[FLAME_NOW][weight];

		if (states[id] == state)
			within[id] = total;
		if (total && (double)within[id] >= NEARLY_ALL * (double)total)
			shape->nodes[id].tone = TONE_STATE + state;
		if (id)
			within[flame->nodes[id].parent] += within[id];
	}
}

static int tone_by_state(struct flame_shape *shape, const struct flame *flame)
{
	uint8_t *states = calloc(flame->count, sizeof(*states));
	uint64_t *within = malloc(flame->count * sizeof(*within));
	bool seen[TW_NR_STATES] = { 0 };

	for (uint32_t id = 1; states && id < flame->count; id++) {
		const struct flame_node *node = &flame->nodes[id];

		states[id] = node->frame == FRAME_STATE ? state_of(node) : states[node->parent];
		seen[states[id]] = true;
	}
	for (unsigned int state = 1; states && within && state < TW_NR_STATES; state++)
		if (seen[state])
			tone_state(shape, flame, state, states, within);
	free(states);
	free(within);
	return states && within ? 0 : -ENOMEM;
}

static void tone_by_service(struct flame_shape *shape, const struct flame *flame)
{
	for (uint32_t id = 1; id < flame->count; id++) {
		const struct flame_node *node = &flame->nodes[id];

		shape->nodes[id].tone = node->frame == FRAME_SERVICE ?
						TONE_SERVICE + flame_hue(node->name) :
						shape->nodes[node->parent].tone;
	}
}

/* The change, relative to the larger side, in five steps. */
static unsigned int tone_of_change(uint64_t now, uint64_t base)
{
	double change = now == base ? 0 : ((double)now - (double)base) / larger(now, base);
	double most = change < 0 ? -change : change;
	unsigned int step = most >= 0.8 ? 4 : (unsigned int)(most * 5);

	if (most < 0.02)
		return TONE_SAME;
	return (change > 0 ? TONE_GROWN : TONE_SHRUNK) + step;
}

static void tone_by_change(struct flame_shape *shape, const struct flame *flame)
{
	enum flame_weight weight = flame->head.weight;

	for (uint32_t id = 0; id < flame->count; id++)
		shape->nodes[id].tone = tone_of_change(flame->nodes[id].total[FLAME_NOW][weight],
						       flame_base(flame, id, weight));
}

static int give_tones(struct flame_shape *shape, const struct flame *flame)
{
	int ret = 0;

	if (flame->head.base_name) {
		tone_by_change(shape, flame);
		return 0;
	}
	if (flame->head.color == FLAME_BY_STATE)
		ret = tone_by_state(shape, flame);
	else
		tone_by_service(shape, flame);
	for (uint32_t id = 1; id < flame->count; id++)
		if (is_other(&flame->nodes[id]))
			shape->nodes[id].tone = TONE_FOLDED;
	return ret;
}

int flame_shape_init(struct flame_shape *shape, const struct flame *flame)
{
	shape->count = flame->count;
	shape->nodes = calloc(flame->count, sizeof(*shape->nodes));
	if (!shape->nodes)
		return -ENOMEM;
	mark_shown(shape, flame);
	measure(shape, flame);
	return give_tones(shape, flame);
}

void flame_shape_release(struct flame_shape *shape)
{
	free(shape->nodes);
}

const char *flame_tone_class(unsigned int tone, char text[static TONE_CLASS_LEN])
{
	static const char *const plain[] = {
		[TONE_MIXED] = "mixed",
		[TONE_FOLDED] = "folded",
		[TONE_SAME] = "same",
	};

	if (tone >= TONE_SERVICE)
		snprintf(text, TONE_CLASS_LEN, "service-%u", tone - TONE_SERVICE);
	else if (tone >= TONE_STATE)
		snprintf(text, TONE_CLASS_LEN, "state-%s", state_name(tone - TONE_STATE));
	else if (tone >= TONE_SHRUNK)
		snprintf(text, TONE_CLASS_LEN, "shrunk-%u", tone - TONE_SHRUNK + 1);
	else if (tone >= TONE_GROWN)
		snprintf(text, TONE_CLASS_LEN, "grown-%u", tone - TONE_GROWN + 1);
	else
		return plain[tone];
	return text;
}

const char *flame_tone_label(unsigned int tone)
{
	static const char *const plain[TONE_STATE] = {
		[TONE_MIXED] = "several states",    [TONE_FOLDED] = "(other)",
		[TONE_SAME] = "as before",	    [TONE_SHRUNK] = "shrunk, or gone",
		[TONE_GROWN + 4] = "grown, or new",
	};

	if (tone < TONE_STATE)
		return plain[tone];
	return tone < TONE_SERVICE ? state_name(tone - TONE_STATE) : NULL;
}

/* ---------------------------------------------------------------------------- services */

static int by_name(const void *left, const void *right)
{
	const struct flame_service *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static int by_weight(const void *left, const void *right)
{
	const struct flame_service *a = left, *b = right;

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Each name once: they are in order. How many are left. */
static uint32_t merge(struct flame_service *services, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		if (kept && !strcmp(services[kept - 1].name, services[i].name))
			services[kept - 1].total += services[i].total;
		else
			services[kept++] = services[i];
	return kept;
}

uint32_t flame_services(const struct flame *flame, const struct flame_shape *shape,
			struct flame_service heaviest[static FLAME_HEAVIEST])
{
	struct flame_service *services = malloc(flame->count * sizeof(*services));
	uint32_t count = 0;

	if (!services)
		return 0;
	for (uint32_t id = 1; shape->nodes && id < flame->count; id++) {
		const struct flame_node *node = &flame->nodes[id];
		uint64_t total = node->total[FLAME_NOW][flame->head.weight];

		if (node->frame == FRAME_SERVICE && shape->nodes[id].shown && total)
			services[count++] = (struct flame_service){ node->name, total };
	}
	qsort(services, count, sizeof(*services), by_name);
	count = merge(services, count);
	qsort(services, count, sizeof(*services), by_weight);
	memcpy(heaviest, services,
	       (count < FLAME_HEAVIEST ? count : FLAME_HEAVIEST) * sizeof(*services));
	free(services);
	return count;
}
