// SPDX-License-Identifier: GPL-2.0-or-later
/* Owners by rank, and the lists of holders that look-ups give. */
#include "model/owner.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static struct holder_list *holders_of(const struct model *model, const struct conn *conn)
{
	return conn->holders == POOL_NONE ? NULL : pool_at(&model->holders, conn->holders);
}

static bool holds(const struct holder_list *list, uint32_t pid)
{
	for (uint32_t i = 0; list && i < list->count; i++)
		if (list->items[i].pid == pid)
			return true;
	return false;
}

void owner_drop_holders(struct model *model, struct conn *conn)
{
	struct holder_list *list = holders_of(model, conn);

	if (!list)
		return;
	free(list->items);
	pool_give(&model->holders, conn->holders);
	conn->holders = POOL_NONE;
}

static bool add_holder(struct holder_list *list, const struct tw_holder *holder)
{
	struct held_by *grown;

	if (list->count == MAX_HOLDERS || holds(list, holder->owner.tgid))
		return true;
	/* powers of two, so that the count tells the room */
	if (!(list->count & (list->count - 1))) {
		grown = realloc(list->items, (list->count ? 2 * list->count : 1) * sizeof(*grown));
		if (!grown)
			return false;
		list->items = grown;
	}
	list->items[list->count] = (struct held_by){ holder->owner.tgid, holder->fd_count, { 0 } };
	memcpy(list->items[list->count].comm, holder->owner.comm, TW_COMM_LEN);
	list->count++;
	return true;
}

bool owner_set(struct model *model, struct conn *conn, const struct tw_owner *owner,
	       enum owner_rank rank)
{
	if (rank < conn->owner_rank || !owner->comm[0])
		return false;
	conn->owner_rank = rank;
	if (conn->pid == owner->tgid && !memcmp(conn->comm, owner->comm, TW_COMM_LEN))
		return false;
	/* who acts on the socket holds it, though no look-up saw it yet */
	if (!holds(holders_of(model, conn), owner->tgid) && conn->holders != POOL_NONE)
		owner_drop_holders(model, conn);
	conn->pid = owner->tgid;
	memcpy(conn->comm, owner->comm, TW_COMM_LEN);
	return true;
}

/*
 * The owner is the latest holder known. Who acted last stays it as long as it is
 * among the holders; else the first of them is.
 */
static void choose_owner(struct conn *conn, struct holder_list *list,
			 const struct tw_holder *holder)
{
	const struct tw_owner *owner = &holder->owner;
	enum owner_rank rank = holder->head.flags & TW_H_ACCEPTED ? OWNER_ACTED : OWNER_HOLDER;

	if (holder->head.flags & TW_H_FIRST) {
		list->owner_before = conn->owner_rank >= OWNER_HOLDER ? conn->pid : PID_UNKNOWN;
	} else if (!list->owner_before || list->owner_before != owner->tgid) {
		return;
	}
	conn->owner_rank = rank;
	conn->pid = owner->tgid;
	memcpy(conn->comm, owner->comm, TW_COMM_LEN);
}

void owner_add_holder(struct model *model, struct conn *conn, const struct tw_holder *holder)
{
	struct holder_list *list;

	if (conn->holders == POOL_NONE)
		conn->holders = pool_take(&model->holders);
	list = holders_of(model, conn);
	if (!list) {
		model->loss[TW_LOSS_NO_MEMORY]++;
		return;
	}
	if (holder->head.flags & TW_H_FIRST) {
		free(list->items);
		list->items = NULL;
		list->count = 0;
		list->started_ns = holder->started_ns;
	}
	if (!add_holder(list, holder))
		model->loss[TW_LOSS_NO_MEMORY]++;
	choose_owner(conn, list, holder);
}

uint64_t owner_started_ns(const struct model *model, const struct conn *conn)
{
	const struct holder_list *list = holders_of(model, conn);

	return list ? list->started_ns : 0;
}

uint32_t owner_holders(const struct model *model, const struct conn *conn,
		       const struct holder **holders)
{
	const struct holder_list *list = holders_of(model, conn);
	struct holder *clean = model->view_holders;

	*holders = list ? clean : NULL;
	for (uint32_t i = 0; list && i < list->count; i++) {
		const struct held_by *item = &list->items[i];

		clean[i].pid = item->pid;
		clean[i].fds = item->fds;
		text_clean(item->comm, strnlen(item->comm, TW_COMM_LEN), clean[i].comm,
			   sizeof(clean[i].comm));
	}
	return list ? list->count : 0;
}
