// SPDX-License-Identifier: GPL-2.0-or-later
/* The last touch to a flame-style summary: children in order, and small ones folded into one. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sink/flame.h"
#include "sink/flame_tree.h"

static int by_name(const void *left, const void *right, void *ctx)
{
	const struct flame_node *nodes = ctx;
	const struct flame_node *a = &nodes[*(const uint32_t *)left];
	const struct flame_node *b = &nodes[*(const uint32_t *)right];
	int order = strcmp(a->name, b->name);

	return order ? order : (int)a->frame - b->frame;
}

/* What is finished, and what it is made of. */
struct finish {
	struct flame *flame;	/* as it was */
	struct flame done;	/* nodes and their number only */
	uint64_t large[NR_FLAME_SIDES][NR_FLAME_WEIGHTS];
	uint32_t *children;	/* owned: a stack of lists of numbers */
	uint32_t used, room;
};

static bool is_small(const struct finish *finish, const struct flame_node *node)
{
	for (unsigned int side = 0; side < NR_FLAME_SIDES; side++)
		for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
			if (node->total[side][weight] >= finish->large[side][weight])
				return false;
	return true;
}

/* The least whole number that is not below @limit; what is nothing is below any. */
static uint64_t least(double limit)
{
	/* a share of 10 % is not quite a tenth in binary */
	double up = ceil(limit - limit * 1e-12);

	return up < 1 ? 1 : (uint64_t)up;
}

/* From which weight on a node is not small. */
static void set_large(struct finish *finish, double share)
{
	const struct flame_node *root = &finish->flame->nodes[FLAME_ROOT];

	for (unsigned int side = 0; side < NR_FLAME_SIDES; side++)
		for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
			finish->large[side][weight] =
				least(share * (double)root->total[side][weight]);
}

static int push(struct finish *finish, uint32_t id)
{
	if (finish->used == finish->room) {
		uint32_t room = finish->room ? 2 * finish->room : 256;
		uint32_t *grown = realloc(finish->children, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		finish->children = grown;
		finish->room = room;
	}
	finish->children[finish->used++] = id;
	return 0;
}

/*
 * A node of the finished tree behind @last of the same parent, which moves on; FLAME_NONE.
 * Takes @name over.
 */
static uint32_t add_done(struct finish *finish, uint32_t parent, uint32_t *last, uint8_t frame,
			 char *name)
{
	struct flame *done = &finish->done;
	uint32_t id = flame_append(done, parent, frame, name);

	if (id == FLAME_NONE)
		return id;
	if (*last != FLAME_NONE)
		done->nodes[*last].next = id;
	else if (parent != FLAME_NONE)
		done->nodes[parent].child = id;
	return *last = id;
}

static void add_weights(struct flame_node *to, const struct flame_node *from)
{
	to->stacks += from->stacks;
	for (unsigned int side = 0; side < NR_FLAME_SIDES; side++)
		for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
			to->total[side][weight] += from->total[side][weight];
}

/* The small ones of children[first, first + count), as one node at the end. */
static int fold(struct finish *finish, uint32_t first, uint32_t count, uint32_t to, uint32_t *last)
{
	uint32_t id = add_done(finish, to, last, NR_FLAME_FRAMES, strdup("(other)"));

	if (id == FLAME_NONE)
		return -ENOMEM;
	finish->done.nodes[id].folded = finish->done.nodes[id].ends = true;
	for (uint32_t i = first; i < first + count; i++) {
		const struct flame_node *node = &finish->flame->nodes[finish->children[i]];

		if (is_small(finish, node))
			add_weights(&finish->done.nodes[id], node);
	}
	return 0;
}

static char *take_name(struct flame *flame, uint32_t id)
{
	char *name = (char *)flame->nodes[id].name;

	flame->nodes[id].name = NULL;
	return name;
}

/*
 * Moves the children of @from under @to. As deep as a stack has frames, which a recording
 * bounds (TW_MAX_FRAMES and a few).
 */
static int move_children(struct finish *finish, uint32_t from, uint32_t to)
{
	const struct flame_node *nodes = finish->flame->nodes;
	uint32_t first = finish->used, count, small = 0, last = FLAME_NONE;
	int ret = 0;

	for (uint32_t id = nodes[from].child; id != FLAME_NONE && !ret; id = nodes[id].next) {
		small += is_small(finish, &nodes[id]);
		ret = push(finish, id);
	}
	count = finish->used - first;
	if (count)
		qsort_r(finish->children + first, count, sizeof(uint32_t), by_name, (void *)nodes);
	for (uint32_t i = first; i < first + count && !ret; i++) {
		uint32_t id = finish->children[i], copy;

		if (small > 1 && is_small(finish, &nodes[id]))
			continue;
		copy = add_done(finish, to, &last, nodes[id].frame, take_name(finish->flame, id));
		if (copy == FLAME_NONE)
			return -ENOMEM;
		finish->done.nodes[copy].ends = nodes[id].ends;
		add_weights(&finish->done.nodes[copy], &nodes[id]);
		ret = move_children(finish, id, copy);
	}
	if (!ret && small > 1)
		ret = fold(finish, first, count, to, &last);
	finish->used = first;
	return ret;
}

int flame_finish(struct flame *flame, double share)
{
	struct finish finish = { .flame = flame };
	uint32_t last = FLAME_NONE;
	int ret = 0;

	set_large(&finish, share);
	if (add_done(&finish, FLAME_NONE, &last, NR_FLAME_FRAMES, strdup("all")) == FLAME_NONE)
		ret = -ENOMEM;
	if (!ret) {
		add_weights(finish.done.nodes, flame->nodes);
		finish.done.nodes[FLAME_ROOT].ends = flame->nodes[FLAME_ROOT].ends;
		ret = move_children(&finish, FLAME_ROOT, FLAME_ROOT);
	}
	free(finish.children);
	if (ret) {
		flame_free_nodes(finish.done.nodes, finish.done.count);
		return ret;
	}
	flame_free_nodes(flame->nodes, flame->count);
	flame->nodes = finish.done.nodes;
	flame->count = finish.done.count;
	flame->room = finish.done.room;
	flame_free_index(flame);
	return 0;
}
