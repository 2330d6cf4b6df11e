// SPDX-License-Identifier: GPL-2.0-or-later
/* A command, its processes, and its connections by how they ended. */
#include "model/farewell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/farewells.h"
#include "model/outcome.h"
#include "model/owner.h"

void farewell_free(struct farewell *farewell)
{
	if (!farewell)
		return;
	for (uint32_t i = 0; i < farewell->nr_leaks; i++)
		histogram_release(&farewell->leaks[i].ages);
	kin_release(&farewell->kin);
	free(farewell->leaks);
	free(farewell->words);
	free(farewell);
}

/* The words one after the other, made fit for output. */
static void learn_words(struct farewell *farewell, const struct tw_scope *record)
{
	const char *from = record->text;
	const char *end = (const char *)record + record->head.size;
	size_t room = 4 * (size_t)(end - from) + 1;
	char *to;

	farewell->words = to = malloc(room);
	for (uint32_t i = 0; to && i < record->words && memchr(from, '\0', end - from); i++) {
		text_clean(from, strlen(from), to, room - (size_t)(to - farewell->words));
		to += strlen(to) + 1;
		from += strlen(from) + 1;
		farewell->nr_words++;
	}
}

void farewell_scope(struct model *model, const struct tw_scope *record, unsigned int source)
{
	struct farewell *farewell;

	/* of several recordings the first command's */
	if (model->farewell)
		return;
	farewell = calloc(1, sizeof(*farewell));
	if (!farewell || kin_init(&farewell->kin)) {
		free(farewell);
		model->loss[TW_LOSS_NO_MEMORY]++;
		return;
	}
	model->farewell = farewell;
	farewell->source = source;
	farewell->pid = record->pid;
	farewell->cgroup_id = record->cgroup_id;
	learn_words(farewell, record);
	if (kin_add(&farewell->kin, record->pid, 0))
		model->loss[TW_LOSS_NO_MEMORY]++;
	/* what others do was not recorded, or not wholly */
	model->recorded[source].tree = true;
	model->filtered = true;
}

static struct farewell *of_source(const struct model *model, unsigned int source)
{
	return model->farewell && model->farewell->source == source ? model->farewell : NULL;
}

void farewell_fork(struct model *model, const struct tw_fork *record, unsigned int source)
{
	struct farewell *farewell = of_source(model, source);

	if (farewell && record->pid && kin_add(&farewell->kin, record->pid, record->started_ns))
		model->loss[TW_LOSS_NO_MEMORY]++;
}

void farewell_exit(struct model *model, const struct tw_exit *record, unsigned int source)
{
	struct farewell *farewell = of_source(model, source);
	struct relative *relative = farewell ? kin_find(&farewell->kin, record->pid) : NULL;

	if (!farewell)
		return;
	switch (record->head.from) {
	case TW_EXIT_BEGINS:
		/* one that has joined its control group is told of by its end alone */
		if (!relative && !kin_add(&farewell->kin, record->pid, record->started_ns))
			relative = kin_find(&farewell->kin, record->pid);
		if (relative)
			relative->exiting = true;
		break;
	case TW_EXIT_REAPED:
		kin_remove(&farewell->kin, record->pid, record->started_ns);
		break;
	case TW_EXIT_WAITED:
		if (relative)
			relative->exiting = true;
		farewell->ended = true;
		farewell->status = record->status;
		break;
	}
}

bool farewell_notice(struct model *model, struct conn *conn, uint32_t pid, uint64_t cgroup_id)
{
	const struct farewell *farewell = of_source(model, conn->source);

	if (!farewell || conn->ours)
		return false;
	conn->ours = kin_find(&farewell->kin, pid) ||
		     (farewell->cgroup_id && cgroup_id == farewell->cgroup_id);
	return conn->ours;
}

static enum farewell_end end_of(bool closed_first, int error, enum reset reset)
{
	if (reset == RESET_SENT)
		return FAREWELL_RESET_SENT;
	if (reset == RESET_RECEIVED)
		return FAREWELL_RESET_RECEIVED;
	if (error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH)
		return FAREWELL_TIMED_OUT;
	return closed_first ? FAREWELL_BY_US : FAREWELL_BY_PEER;
}

/* What is true of it, but for what was counted in sum. */
static void count_opened(struct farewell_counts *counts, const struct conn *conn)
{
	if (!conn->opened)
		return;
	if (!(conn->elsewhere & FIELD_BIT(FIELD_OPENED)))
		counts->opened[conn->direction]++;
	if (conn->closed_first && !(conn->elsewhere & FIELD_BIT(FIELD_CLOSED_FIRST)))
		counts->closed_first++;
}

void farewell_ended(struct model *model, const struct conn *conn,
		    const struct tw_transition *record, enum reset reset)
{
	struct farewell *farewell = of_source(model, conn->source);
	enum farewell_end end = FAREWELL_UNSEEN;

	if (!farewell || !farewell_counts_it(conn) || (record && record->head.from == TW_LISTEN))
		return;
	count_opened(&farewell->counts, conn);
	if (conn->opened) {
		if (record)
			end = end_of(conn->closed_first, record->head.error, reset);
		if (!(conn->elsewhere & FIELD_BIT(FIELD_CLOSED)))
			farewell->counts.ended[end]++;
	} else if (record && conn->failed && !(conn->elsewhere & FIELD_BIT(FIELD_FAILED))) {
		int error = conn_connect_error(conn, &record->head);

		farewell->counts.failed[error & (FAREWELL_ERRNOS - 1)]++;
	} else if (record && record->head.from == TW_SYN_SENT) {
		farewell->counts.given_up++;
	}
}

void farewell_sum(struct model *model, const struct conn *like, const struct tw_record *head,
		  uint64_t count)
{
	struct farewell *farewell = of_source(model, like->source);
	uint32_t mask = outcome_mask(head);
	bool first = head->from == TW_CLOSING || state_is_active_close(head->from);

	if (!farewell || !like->ours)
		return;
	if (mask & FIELD_BIT(FIELD_OPENED))
		farewell->counts.opened[like->direction] += count;
	if (mask & FIELD_BIT(FIELD_CLOSED_FIRST))
		farewell->counts.closed_first += count;
	if (mask & FIELD_BIT(FIELD_CLOSED))
		farewell->counts.ended[end_of(first, head->error, outcome_reset(head))] += count;
	if (mask & FIELD_BIT(FIELD_FAILED))
		farewell->counts
			.failed[outcome_connect_error(head, PORT_UNTOLD) & (FAREWELL_ERRNOS - 1)] +=
			count;
}

bool model_farewell_command(const struct model *model, struct farewell_command *command)
{
	const struct farewell *farewell = model->farewell;

	if (!farewell)
		return false;
	*command = (struct farewell_command){
		.words = farewell->words,
		.nr_words = farewell->nr_words,
		.pid = farewell->pid,
		.by_cgroup = farewell->cgroup_id != 0,
		.ended = farewell->ended,
		.status = farewell->status,
		.processes = kin_alive(&farewell->kin),
	};
	return true;
}

/* The program has done with it, the kernel has not. */
static bool is_closing(const struct conn *conn)
{
	return conn->state == TW_FIN_WAIT1 || conn->state == TW_CLOSING ||
	       conn->state == TW_LAST_ACK;
}

void model_farewell_counts(const struct model *model, struct farewell_counts *counts)
{
	uint32_t id;

	memset(counts, 0, sizeof(*counts));
	if (!model->farewell)
		return;
	*counts = model->farewell->counts;
	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		const struct conn *conn = conn_at(model, id);

		if (!farewell_counts_it(conn))
			continue;
		counts->time_wait += conn->phase == PHASE_MINI && conn->state == TW_TIME_WAIT;
		counts->fin_wait2 += conn->phase == PHASE_MINI && conn->state == TW_FIN_WAIT2;
		if (conn->phase != PHASE_FULL)
			continue;
		count_opened(counts, conn);
		if (conn->opened && is_closing(conn))
			counts->closing++;
		else if (conn->opened && conn->state != TW_CLOSE)
			counts->open++;
	}
}

bool model_farewell_settling(const struct model *model)
{
	uint32_t id;

	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		const struct conn *conn = conn_at(model, id);

		if (farewell_counts_it(conn) && (conn->phase == PHASE_PENDING ||
						 (conn->phase == PHASE_FULL && is_closing(conn))))
			return true;
	}
	return false;
}

static void add_holder(struct farewell_holder *holders, size_t *count, size_t room,
		       const struct holder *holder, bool listener)
{
	size_t i = 0;

	while (i < *count && holders[i].pid != holder->pid)
		i++;
	if (i == room)
		return;
	if (i == *count) {
		(*count)++;
		holders[i] = (struct farewell_holder){ .pid = holder->pid };
		memcpy(holders[i].comm, holder->comm, sizeof(holders[i].comm));
	}
	holders[i].sockets++;
	holders[i].listeners += listener;
}

static int compare_holders(const void *left, const void *right)
{
	const struct farewell_holder *a = left, *b = right;

	if (a->sockets != b->sockets)
		return a->sockets < b->sockets ? 1 : -1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

size_t model_farewell_holders(const struct model *model, struct farewell_holder *holders,
			      size_t room)
{
	size_t count = 0;
	uint32_t id;

	for (id = pool_next(&model->conns, 0); id != POOL_NONE && model->farewell;
	     id = pool_next(&model->conns, id + 1)) {
		const struct conn *conn = conn_at(model, id);
		const struct holder *held;
		uint32_t nr;

		if (!conn->ours || conn->preexisting || conn->phase != PHASE_FULL)
			continue;
		nr = owner_holders(model, conn, &held);
		for (uint32_t i = 0; i < nr; i++) {
			const struct relative *relative =
				kin_find(&model->farewell->kin, held[i].pid);

			if (!relative || !relative->exiting)
				add_holder(holders, &count, room, &held[i],
					   conn->state == TW_LISTEN);
		}
	}
	qsort(holders, count, sizeof(*holders), compare_holders);
	return count;
}
