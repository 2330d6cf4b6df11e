// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks by their names, and who opened what with which of them. */
#include "model/stacks.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/leaks.h"
#include "model/tracker.h"

#define MAX_STACKS 16384
#define MAX_OPENINGS 32768

struct number_key {
	uint64_t number;
	unsigned int source;
};

static struct stack *at(const struct stacks *stacks, uint32_t id)
{
	return pool_at_sized(&stacks->pool, id, sizeof(struct stack));
}

static bool number_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct stack *stack = at(ctx, id);
	const struct number_key *want = key;

	return stack->number == want->number && stack->source == want->source;
}

static uint32_t find(const struct stacks *stacks, uint64_t number, unsigned int source)
{
	struct number_key key = { number, source };

	return index_find(&stacks->by_number, hash_u64(number), number_equal, stacks, &key);
}

int stacks_init(struct stacks *stacks)
{
	pool_init(&stacks->pool, sizeof(struct stack));
	pool_init(&stacks->openings, sizeof(struct opening));
	if (index_init(&stacks->by_number))
		return -ENOMEM;
	return index_init(&stacks->by_opening);
}

void stacks_release(struct stacks *stacks)
{
	for (uint32_t id = pool_next(&stacks->pool, 0); id != POOL_NONE;
	     id = pool_next(&stacks->pool, id + 1))
		free(at(stacks, id)->text);
	pool_release(&stacks->pool);
	pool_release(&stacks->openings);
	index_release(&stacks->by_number);
	index_release(&stacks->by_opening);
	free(stacks->of_conn);
}

/* Line by line: the ends of lines are ours, what stands between is a stranger's. */
static char *clean_lines(const char *text)
{
	size_t room = 4 * strlen(text) + 1;
	char *clean = malloc(room), *to = clean;

	while (clean && *text) {
		size_t len = strcspn(text, "\n");

		text_clean(text, len, to, room - (size_t)(to - clean));
		to += strlen(to);
		text += len;
		if (*text == '\n') {
			*to++ = '\n';
			text++;
		}
	}
	if (clean)
		*to = '\0';
	return clean;
}

void stacks_learn(struct model *model, const struct tw_stack_text *record, unsigned int source)
{
	struct stacks *stacks = &model->stacks;
	struct stack *stack;
	uint32_t id;

	if (!record->stack || find(stacks, record->stack, source) != INDEX_NONE)
		return;
	id = stacks->pool.count < MAX_STACKS ? pool_take(&stacks->pool) : POOL_NONE;
	if (id == POOL_NONE || index_insert(&stacks->by_number, hash_u64(record->stack), id)) {
		if (id != POOL_NONE)
			pool_give(&stacks->pool, id);
		stacks->unkept++;
		return;
	}
	stack = at(stacks, id);
	stack->number = record->stack;
	stack->source = source;
	stack->incomplete = record->head.flags & TW_STACK_INCOMPLETE;
	stack->text = clean_lines(record->text);
}

static bool make_room(struct stacks *stacks, uint32_t conns)
{
	uint32_t room = conns + POOL_CHUNK;
	uint32_t(*grown)[NR_STACK_ENDS];

	if (conns <= stacks->room)
		return true;
	grown = realloc(stacks->of_conn, room * sizeof(*grown));
	if (!grown)
		return false;
	memset(grown + stacks->room, 0, (room - stacks->room) * sizeof(*grown));
	stacks->of_conn = grown;
	stacks->room = room;
	return true;
}

static struct opening *opening_at(const struct stacks *stacks, uint32_t id)
{
	return pool_at_sized(&stacks->openings, id, sizeof(struct opening));
}

static bool opening_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct opening *opening = opening_at(ctx, id), *want = key;

	return opening->stack == want->stack && opening->deed == want->deed &&
	       !memcmp(opening->name, want->name, TW_COMM_LEN);
}

/* The opening that is like that, made if need be; POOL_NONE: no room. */
static uint32_t find_opening(struct stacks *stacks, uint32_t stack, const struct tw_stack *record)
{
	struct opening like = { .stack = stack, .deed = record->head.from };
	uint32_t hash, id;

	memcpy(like.name, record->thread, TW_COMM_LEN);
	hash = hash_bytes(&like, offsetof(struct opening, thread));
	id = index_find(&stacks->by_opening, hash, opening_equal, stacks, &like);
	if (id != INDEX_NONE)
		return id;
	id = stacks->openings.count < MAX_OPENINGS ? pool_take(&stacks->openings) : POOL_NONE;
	if (id == POOL_NONE || index_insert(&stacks->by_opening, hash, id)) {
		if (id != POOL_NONE)
			pool_give(&stacks->openings, id);
		stacks->unkept++;
		return POOL_NONE;
	}
	text_clean(record->thread, strnlen(record->thread, TW_COMM_LEN), like.thread,
		   sizeof(like.thread));
	*opening_at(stacks, id) = like;
	return id;
}

void stacks_acted(struct model *model, const struct tw_stack *record, unsigned int source)
{
	struct stacks *stacks = &model->stacks;
	uint32_t conn = tracker_find(model, record->cookie, source);
	uint32_t stack = find(stacks, record->stack, source), opening;

	enum stack_end end = record->head.from == TW_CLOSED ? STACK_CLOSED : STACK_OPENED;

	if (stack == INDEX_NONE)
		return;
	opening = find_opening(stacks, stack, record);
	if (opening == POOL_NONE)
		return;
	if (end == STACK_OPENED)
		closed_opened_by(model, record->cookie, source, opening + 1);
	if (conn != POOL_NONE && make_room(stacks, model->conns.used))
		stacks->of_conn[conn][end] = opening + 1;
}

uint32_t stacks_of_conn(const struct model *model, uint32_t conn, enum stack_end end)
{
	return conn < model->stacks.room ? model->stacks.of_conn[conn][end] : 0;
}

const struct opening *stacks_opening(const struct stacks *stacks, uint32_t number)
{
	return opening_at(stacks, number - 1);
}

const struct stack *stacks_stack(const struct stacks *stacks, uint32_t number)
{
	return at(stacks, stacks_opening(stacks, number)->stack);
}

void stacks_forget(struct stacks *stacks, uint32_t conn)
{
	if (conn < stacks->room)
		memset(stacks->of_conn[conn], 0, sizeof(stacks->of_conn[conn]));
}
