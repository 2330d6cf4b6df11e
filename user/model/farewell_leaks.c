// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets that the processes of a command left to the kernel, by where they led. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/farewells.h"

/* What leads to more places is told of in one sum each process, direction and state. */
#define MAX_LEAKS 4096

static bool is_place(const struct farewell_leak *leak, const struct farewell_leak *like)
{
	return leak->pid == like->pid && leak->direction == like->direction &&
	       leak->port == like->port && leak->state == like->state &&
	       leak->service == like->service &&
	       !memcmp(leak->remote_addr, like->remote_addr, sizeof(leak->remote_addr));
}

/* The place of leaks like this one; NULL: no memory. */
static struct farewell_leak *find_place(struct farewell *farewell, struct farewell_leak *like)
{
	struct farewell_leak *grown;

	if (farewell->nr_leaks >= MAX_LEAKS) {
		like->port = 0;
		memset(like->remote_addr, 0, sizeof(like->remote_addr));
	}
	for (uint32_t i = farewell->nr_leaks; i-- > 0;)
		if (is_place(&farewell->leaks[i], like))
			return &farewell->leaks[i];
	if (farewell->nr_leaks == farewell->room_leaks) {
		uint32_t room = farewell->room_leaks ? 2 * farewell->room_leaks : 16;

		grown = realloc(farewell->leaks, room * sizeof(*grown));
		if (!grown)
			return NULL;
		farewell->leaks = grown;
		farewell->room_leaks = room;
	}
	farewell->leaks[farewell->nr_leaks] = *like;
	return &farewell->leaks[farewell->nr_leaks++];
}

static void count_stack(struct farewell_leak *leak, uint32_t number)
{
	uint32_t i = 0;

	if (!number)
		return;
	while (i < leak->nr_stacks && leak->stacks[i].number != number)
		i++;
	if (i == FAREWELL_STACKS)
		return;
	leak->nr_stacks += i == leak->nr_stacks;
	leak->stacks[i].number = number;
	leak->stacks[i].count++;
}

static void leak(struct model *model, uint32_t id, const struct tw_transition *record)
{
	const struct conn *conn = conn_at(model, id);
	bool incoming = conn->direction == DIRECTION_INCOMING;
	struct farewell_leak like = {
		.pid = record->owner.tgid,
		.service = conn_owner(model, conn)->service,
		.direction = conn->direction,
		.port = incoming ? conn->local_port : conn->remote_port,
		.state = record->head.from,
	};
	struct farewell_leak *place;

	model->farewell->counts.leaked++;
	if (!incoming)
		memcpy(like.remote_addr, conn->remote_addr, sizeof(like.remote_addr));
	text_clean(record->owner.comm, strnlen(record->owner.comm, TW_COMM_LEN), like.comm,
		   sizeof(like.comm));
	place = find_place(model->farewell, &like);
	if (!place) {
		model->loss[TW_LOSS_NO_MEMORY]++;
		return;
	}
	place->count++;
	if (conn->born_ns && record->head.ts_ns >= conn->born_ns)
		histogram_add(&place->ages, record->head.ts_ns - conn->born_ns);
	count_stack(place, stacks_of_conn(model, id, STACK_OPENED));
}

void farewell_acted(struct model *model, uint32_t id, const struct tw_transition *record)
{
	const struct farewell *farewell = model->farewell;
	const struct relative *relative;
	uint8_t from = record->head.from;

	/* what was shut down before has been let go of by the program */
	if (!farewell || !farewell_counts_it(conn_at(model, id)) ||
	    (from != TW_ESTABLISHED && from != TW_CLOSE_WAIT))
		return;
	relative = kin_find(&farewell->kin, record->owner.tgid);
	if (relative && relative->exiting)
		leak(model, id, record);
}

static int compare_leaks(const void *left, const void *right)
{
	const struct farewell_leak *a = left, *b = right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (a->state > b->state) - (a->state < b->state);
}

size_t model_farewell_leaks(const struct model *model, const struct farewell_leak **leaks)
{
	struct farewell *farewell = model->farewell;

	if (!farewell || !farewell->nr_leaks)
		return 0;
	qsort(farewell->leaks, farewell->nr_leaks, sizeof(*farewell->leaks), compare_leaks);
	*leaks = farewell->leaks;
	return farewell->nr_leaks;
}

struct farewell_stack model_farewell_stack(const struct model *model, uint32_t number)
{
	const struct opening *opening = stacks_opening(&model->stacks, number);
	const struct stack *stack = stacks_stack(&model->stacks, number);

	return (struct farewell_stack){
		.text = stack->text,
		.thread = opening->thread[0] ? opening->thread : NULL,
		.deed = opening->deed,
		.incomplete = stack->incomplete,
	};
}
