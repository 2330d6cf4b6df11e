// SPDX-License-Identifier: GPL-2.0-or-later
/* What a verdict tells: whose the sockets are, how old, how near the limit, opened where. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/signs.h"

void verdict_place(struct model *model, struct verdict *verdict, const struct row_key *key,
		   uint32_t remotes)
{
	verdict->service = services_name(model->services, key->service);
	verdict->direction = key->role == ROLE_CLIENT ? DIRECTION_OUTGOING :
			     key->role == ROLE_SERVER ? DIRECTION_INCOMING :
							DIRECTION_UNKNOWN;
	if (key->role == ROLE_CLIENT)
		verdict->remote_port = key->port;
	else
		verdict->local_port = key->port;
	memcpy(verdict->remote_addr, key->remote_addr, 16);
	verdict->remotes = remotes;
}

static int by_count(const void *left, const void *right)
{
	const struct member_count *a = left, *b = right;

	return a->count != b->count ? (a->count < b->count ? 1 : -1) :
				      (a->of > b->of) - (a->of < b->of);
}

void verdict_holder(struct model *model, struct verdict *verdict, uint32_t id, uint32_t count)
{
	const struct owner *owner = owners_at(&model->owners, id);
	const struct process *process = processes_find(model->leaks, owner->pid, owner->source);
	struct verdict_holder *holder = &verdict->holders[verdict->nr_holders];

	if (verdict->nr_holders == VERDICT_HOLDERS || (!owner->pid && !owner->comm[0])) {
		verdict->more_holders += owner->pid != 0;
		return;
	}
	verdict->nr_holders++;
	*holder = (struct verdict_holder){ .pid = owner->pid,
					   .source = owner->source,
					   .sockets = count };
	text_clean(owner->comm, strnlen(owner->comm, TW_COMM_LEN), holder->comm,
		   sizeof(holder->comm));
	processes_want(model, owner->pid, owner->source);
	if (!process)
		return;
	if (process->script)
		snprintf(holder->script, sizeof(holder->script), "%s", process->script);
	holder->fds = process->fds;
	holder->fd_limit = process->fd_limit;
}

static void set_holders(struct model *model, struct verdict *verdict, struct members *members)
{
	verdict->unlisted = members->unlisted;
	qsort(members->owners, members->nr_owners, sizeof(*members->owners), by_count);
	for (uint32_t i = 0; i < members->nr_owners; i++)
		verdict_holder(model, verdict, members->owners[i].of, members->owners[i].count);
}

static void set_stacks(struct model *model, struct verdict *verdict, struct members *members)
{
	qsort(members->stacks, members->nr_stacks, sizeof(*members->stacks), by_count);
	verdict->stacked = members->stacked;
	verdict->unstacked = members->unstacked;
	for (uint32_t i = 0; i < members->nr_stacks; i++) {
		uint32_t number = members->stacks[i].of;
		const struct stack *stack = stacks_stack(&model->stacks, number);
		const struct opening *opening = stacks_opening(&model->stacks, number);

		if (stack->incomplete && opening->deed != TW_CLOSED)
			verdict->cut_short += members->stacks[i].count;
		if (verdict->nr_stacks == VERDICT_STACKS)
			continue;
		verdict->stacks[verdict->nr_stacks++] = (struct verdict_stack){
			.text = stack->text,
			.thread = opening->thread[0] ? opening->thread : NULL,
			.deed = opening->deed,
			.sockets = members->stacks[i].count,
			.incomplete = stack->incomplete,
		};
	}
}

void verdict_opened_by(struct model *model, struct verdict *verdict, struct members *members)
{
	set_holders(model, verdict, members);
	set_stacks(model, verdict, members);
}

static void set_other(struct model *model, struct verdict *verdict, const struct members *members)
{
	const struct owner *owner;

	if (members->queue) {
		owner = owners_at(&model->owners, members->queue->owner);
		verdict->other_state = TW_LISTEN;
	} else if (members->other != POOL_NONE) {
		owner = conn_owner(model, conn_at(model, members->other));
		verdict->other_state = conn_at(model, members->other)->state;
	} else {
		return;
	}
	verdict->other_here = true;
	verdict->other_service = services_name(model->services, owner->service);
	verdict->other_pid = owner->pid;
}

/* How sure: of growth, that it grows and that nothing of it goes; of a stock, its size. */
static double confidence_of(const struct signs *signs)
{
	if (signs_grow(signs, 0))
		return signs->trend.confidence * signs_stayed(signs);
	if (signs_stand_still(signs))
		return 1 - exp(-(double)signs->members->old / 10);
	return signs->trend.confidence * signs_stayed(signs);
}

void verdict_fill(struct model *model, struct verdict *verdict, const struct signs *signs,
		  struct members *members)
{
	verdict_place(model, verdict, &signs->class->key, signs->pairs);
	verdict->count = members->count;
	verdict->per_minute = signs->trend.per_s * 60;
	verdict->confidence = confidence_of(signs);
	verdict->aged = true;
	verdict->age_p50_ns = signs->p50_ns;
	verdict->age_max_ns = members->ages.max_ns;
	verdict->since_ns = members->oldest_ns;
	verdict->idle_p50_ns = histogram_quantile(&members->idle, 500);
	verdict->at_least = members->bound > 0;
	verdict->half_at_least = members->bound > members->count / 2;
	verdict->grown = signs->grown;
	verdict->stayed = signs->span->stayed < signs->grown ? signs->span->stayed : signs->grown;
	verdict->watched_ns = signs->trend.span_ns;
	verdict->quiet_percent = signs->quiet < 0 || members->what != SAMPLED_ESTABLISHED ?
					 -1 :
					 (int)(signs->quiet * 100);
	verdict->one_segment_percent = -1;
	verdict_opened_by(model, verdict, members);
	set_other(model, verdict, members);
}
