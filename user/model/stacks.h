/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which code opened which connection: stacks by their names, each once; openings, which are
 * what a thread does with a stack; and the number of its opening for each connection. Nothing
 * is kept where no stack was ever told. Internal to the model.
 */
#ifndef MODEL_STACKS_H
#define MODEL_STACKS_H

#include "base/index.h"
#include "base/pool.h"
#include "tw_record.h"

struct model;

/* What is kept of a connection: who opened it, and who closed or shut it down. */
enum stack_end {
	STACK_OPENED,
	STACK_CLOSED,
	NR_STACK_ENDS,
};

struct stack {
	uint64_t number;	/* the source's */
	uint32_t source;
	bool incomplete;
	char *text;		/* owned, clean */
};

struct opening {
	uint32_t stack;		/* its place in the pool */
	uint32_t deed;		/* enum tw_deed */
	char name[TW_COMM_LEN];	/* of the thread, as it came */
	char thread[TW_COMM_LEN * 4 + 1]; /* clean */
};

struct stacks {
	struct pool pool, openings; /* struct stack, struct opening */
	struct index by_number, by_opening;
	uint32_t (*of_conn)[NR_STACK_ENDS]; /* owned: place + 1 of an opening, by connection */
	uint32_t room;
	uint64_t unkept;	/* stacks and openings for which there was no room */
};

int stacks_init(struct stacks *stacks);
void stacks_release(struct stacks *stacks);
void stacks_learn(struct model *model, const struct tw_stack_text *record, unsigned int source);
void stacks_acted(struct model *model, const struct tw_stack *record, unsigned int source);
/* A number for the next two; 0: unknown. */
uint32_t stacks_of_conn(const struct model *model, uint32_t conn, enum stack_end end);
const struct opening *stacks_opening(const struct stacks *stacks, uint32_t number);
const struct stack *stacks_stack(const struct stacks *stacks, uint32_t number);
/* The connection is gone, its number will be another one's. */
void stacks_forget(struct stacks *stacks, uint32_t conn);

#endif
