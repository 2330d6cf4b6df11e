// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree of a flame-style summary: how it grows, and what is read from it. */
#include "sink/flame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "sink/flame_tree.h"

struct flame_index {
	struct index index;	/* nodes by parent, frame and name */
	uint32_t last[FLAME_MOST_PARTS]; /* where the stack that was added last led to */
	size_t nr_last;
};

struct node_key {
	uint32_t parent;
	struct flame_part part;
};

static bool node_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct flame_node *node = &((const struct flame *)ctx)->nodes[id];
	const struct node_key *want = key;

	return node->parent == want->parent && node->frame == want->part.frame &&
	       !strcmp(node->name, want->part.name);
}

static uint32_t node_hash(const struct node_key *key)
{
	return hash_bytes(key->part.name, strlen(key->part.name)) ^
	       hash_u64((uint64_t)key->parent << 8 | key->part.frame);
}

uint32_t flame_append(struct flame *flame, uint32_t parent, uint8_t frame, char *name)
{
	if (name && flame->count == flame->room) {
		uint32_t room = flame->room ? 2 * flame->room : 256;
		struct flame_node *grown = realloc(flame->nodes, room * sizeof(*grown));

		if (grown) {
			flame->nodes = grown;
			flame->room = room;
		}
	}
	if (!name || flame->count == flame->room) {
		free(name);
		return FLAME_NONE;
	}
	flame->nodes[flame->count] = (struct flame_node){
		.name = name,
		.parent = parent,
		.child = FLAME_NONE,
		.next = FLAME_NONE,
		.frame = frame,
	};
	return flame->count++;
}

struct flame *flame_new(const struct flame_head *head)
{
	struct flame *flame = calloc(1, sizeof(*flame));

	if (!flame)
		return NULL;
	flame->head = *head;
	flame->index = calloc(1, sizeof(*flame->index));
	if (!flame->index || index_init(&flame->index->index) ||
	    flame_append(flame, FLAME_NONE, NR_FLAME_FRAMES, strdup("all")) == FLAME_NONE) {
		flame_free(flame);
		return NULL;
	}
	return flame;
}

void flame_free_nodes(struct flame_node *nodes, uint32_t count)
{
	for (uint32_t id = 0; id < count; id++)
		free((char *)nodes[id].name);
	free(nodes);
}

void flame_free_index(struct flame *flame)
{
	if (flame->index)
		index_release(&flame->index->index);
	free(flame->index);
	flame->index = NULL;
}

void flame_free(struct flame *flame)
{
	if (!flame)
		return;
	flame_free_index(flame);
	flame_free_nodes(flame->nodes, flame->count);
	free(flame);
}

/* The child of @parent for @part, made if need be; FLAME_NONE: no memory. */
static uint32_t enter(struct flame *flame, uint32_t parent, const struct flame_part *part)
{
	struct node_key key = { parent, *part };
	struct index *index = &flame->index->index;
	uint32_t hash = node_hash(&key);
	uint32_t id = index_find(index, hash, node_equal, flame, &key);

	if (id != INDEX_NONE)
		return id;
	id = flame_append(flame, parent, part->frame, strdup(part->name));
	if (id == FLAME_NONE || index_insert(index, hash, id))
		return FLAME_NONE;
	flame->nodes[id].next = flame->nodes[parent].child;
	flame->nodes[parent].child = id;
	return id;
}

/* A stack that was not there ends in @id. */
static void end_stack(struct flame *flame, uint32_t id)
{
	flame->nodes[id].ends = true;
	flame->stacks++;
	for (; id != FLAME_NONE; id = flame->nodes[id].parent)
		flame->nodes[id].stacks++;
}

/*
 * Where a stack leads to; FLAME_NONE: no memory. It mostly begins as the one before did, which
 * is nearer than the index.
 */
static uint32_t follow(struct flame *flame, const struct flame_part *parts, size_t count)
{
	struct flame_index *index = flame->index;
	uint32_t id = FLAME_ROOT;
	size_t same = 0;

	while (same < count && same < index->nr_last &&
	       flame->nodes[index->last[same]].frame == parts[same].frame &&
	       !strcmp(flame->nodes[index->last[same]].name, parts[same].name))
		id = index->last[same++];
	index->nr_last = same;
	for (size_t i = same; i < count && id != FLAME_NONE; i++) {
		id = enter(flame, id, &parts[i]);
		if (id != FLAME_NONE && i < FLAME_MOST_PARTS)
			index->last[index->nr_last++] = id;
	}
	return id;
}

int flame_add(struct flame *flame, enum flame_side side, const struct flame_part *parts,
	      size_t count, const uint64_t weights[static NR_FLAME_WEIGHTS])
{
	uint32_t id = follow(flame, parts, count);

	if (id == FLAME_NONE)
		return -ENOMEM;
	if (!flame->nodes[id].ends)
		end_stack(flame, id);
	for (; id != FLAME_NONE; id = flame->nodes[id].parent)
		for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
			flame->nodes[id].total[side][weight] += weights[weight];
	return 0;
}

/* The root and what there was no room for are everywhere. */
static bool has_frame(const struct flame_by *by, uint8_t frame)
{
	return frame >= NR_FLAME_FRAMES || flame_by_has(by, frame);
}

int flame_merge(struct flame *flame, enum flame_side side, const struct flame *other)
{
	uint32_t *to = calloc(other->count, sizeof(*to));
	int ret = to ? 0 : -ENOMEM;

	/* parents come before children: where each has come to is known */
	for (uint32_t id = FLAME_ROOT; id < other->count && !ret; id++) {
		const struct flame_node *node = &other->nodes[id];
		struct flame_part part = { node->frame, node->name };
		bool kept = has_frame(&flame->head.by, node->frame);

		/* a frame that this side goes without, that one does too */
		if (id != FLAME_ROOT)
			to[id] = kept ? enter(flame, to[node->parent], &part) : to[node->parent];
		if (to[id] == FLAME_NONE) {
			ret = -ENOMEM;
			continue;
		}
		for (unsigned int weight = 0; kept && weight < NR_FLAME_WEIGHTS; weight++)
			flame->nodes[to[id]].total[side][weight] += node->total[FLAME_NOW][weight];
		if (node->ends && !flame->nodes[to[id]].ends)
			end_stack(flame, to[id]);
	}
	free(to);
	return ret;
}

uint64_t flame_self(const struct flame *flame, uint32_t node, enum flame_side side,
		    enum flame_weight weight)
{
	uint64_t self = flame->nodes[node].total[side][weight];

	for (uint32_t id = flame->nodes[node].child; id != FLAME_NONE; id = flame->nodes[id].next)
		self -= flame->nodes[id].total[side][weight];
	return self;
}

uint64_t flame_base(const struct flame *flame, uint32_t node, enum flame_weight weight)
{
	const uint64_t(*all)[NR_FLAME_WEIGHTS] = flame->nodes[FLAME_ROOT].total;
	uint64_t value = flame->nodes[node].total[FLAME_BASE][weight];

	if (!flame->head.normalized || !all[FLAME_BASE][weight])
		return value;
	return (unsigned __int128)value * all[FLAME_NOW][weight] / all[FLAME_BASE][weight];
}

uint64_t flame_base_self(const struct flame *flame, uint32_t node, enum flame_weight weight,
			 uint64_t *before)
{
	const uint64_t(*all)[NR_FLAME_WEIGHTS] = flame->nodes[FLAME_ROOT].total;
	uint64_t own = flame_self(flame, node, FLAME_BASE, weight), was = *before;
	uint64_t from = all[FLAME_BASE][weight], to = all[FLAME_NOW][weight];

	if (!flame->head.normalized || !from)
		return own;
	*before += own;
	return (uint64_t)((unsigned __int128)*before * to / from) -
	       (uint64_t)((unsigned __int128)was * to / from);
}

const char *flame_name(const struct flame_node *node, char text[static FLAME_NAME_LEN])
{
	char count[TEXT_LEN];

	if (!node->folded)
		return node->name;
	snprintf(text, FLAME_NAME_LEN, "(other: %s stacks)", text_count(node->stacks, count));
	return text;
}

const char *flame_value_text(enum flame_weight weight, uint64_t value, char text[static TEXT_LEN])
{
	return flame_weight_is_time(weight) ? text_duration(value, text) : text_count(value, text);
}
