// SPDX-License-Identifier: GPL-2.0-or-later
/* Owners by rank, and the lists of holders that look-ups give. */
#include "model/owner.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool list_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct model *model = ctx;

	return ((struct holder_list *)pool_at(&model->holders, id))->conn == key;
}

static uint32_t list_hash(const struct conn *conn)
{
	return hash_u64((uintptr_t)conn);
}

static uint32_t find_list(const struct model *model, const struct conn *conn)
{
	return index_find(&model->by_holders, list_hash(conn), list_equal, model, conn);
}

static struct holder_list *holders_of(const struct model *model, const struct conn *conn)
{
	return conn->held_more ? pool_at(&model->holders, find_list(model, conn)) : NULL;
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
	uint32_t id;

	conn->held = false;
	if (!conn->held_more)
		return;
	id = find_list(model, conn);
	free(((struct holder_list *)pool_at(&model->holders, id))->items);
	index_remove(&model->by_holders, list_hash(conn), id);
	pool_give(&model->holders, id);
	conn->held_more = false;
}

/* NULL: no memory. */
static struct holder_list *add_list(struct model *model, struct conn *conn)
{
	uint32_t id = pool_take(&model->holders);
	struct holder_list *list;

	if (id == POOL_NONE)
		return NULL;
	if (index_insert(&model->by_holders, list_hash(conn), id)) {
		pool_give(&model->holders, id);
		return NULL;
	}
	list = pool_at(&model->holders, id);
	list->conn = conn;
	conn->held_more = true;
	return list;
}

static bool add_holder(struct holder_list *list, const struct tw_owner *owner, uint32_t fds)
{
	struct held_by *grown;

	if (list->count == MAX_HOLDERS || holds(list, owner->tgid))
		return true;
	/* powers of two, so that the count tells the room */
	if (!(list->count & (list->count - 1))) {
		grown = realloc(list->items, (list->count ? 2 * list->count : 1) * sizeof(*grown));
		if (!grown)
			return false;
		list->items = grown;
	}
	list->items[list->count] = (struct held_by){ owner->tgid, fds, { 0 } };
	memcpy(list->items[list->count].comm, owner->comm, TW_COMM_LEN);
	list->count++;
	return true;
}

/* Replaces the key of its owner. */
static void become(struct model *model, struct conn *conn, const struct owner *like)
{
	uint32_t id = owners_enter(&model->owners, model->services, like);

	if (id == OWNERS_NOBODY && like->comm[0])
		model->loss[TW_LOSS_NO_MEMORY]++;
	owners_leave(&model->owners, conn->owner);
	conn->owner = id;
}

void owner_renew(struct model *model, struct conn *conn)
{
	struct owner now;

	if (!owners_outdated(&model->owners, model->services, conn->owner))
		return;
	now = *conn_owner(model, conn);
	become(model, conn, &now);
}

static bool is(const struct owner *owner, const struct tw_owner *other)
{
	return owner->pid == other->tgid && !memcmp(owner->comm, other->comm, TW_COMM_LEN);
}

static void set(struct model *model, struct conn *conn, const struct tw_owner *owner)
{
	struct owner now = *conn_owner(model, conn);

	now.pid = owner->tgid;
	now.source = conn->source;
	memcpy(now.comm, owner->comm, TW_COMM_LEN);
	become(model, conn, &now);
}

/* What its one holder is, in so many words, before there are more; NULL: no memory. */
static struct holder_list *spell_out(struct model *model, struct conn *conn)
{
	const struct owner *owner = conn_owner(model, conn);
	struct holder_list *list = holders_of(model, conn);
	struct tw_owner holder = { .tgid = owner->pid };

	if (list)
		return list;
	list = add_list(model, conn);
	if (!list || !conn->held)
		return list;
	memcpy(holder.comm, owner->comm, TW_COMM_LEN);
	if (!add_holder(list, &holder, 1))
		model->loss[TW_LOSS_NO_MEMORY]++;
	conn->held = false;
	return list;
}

/* Who acts on the socket holds it, though no look-up saw it yet. */
static void check_holders(struct model *model, struct conn *conn, const struct tw_owner *owner)
{
	if (conn->held ? conn_owner(model, conn)->pid != owner->tgid :
			 !holds(holders_of(model, conn), owner->tgid))
		owner_drop_holders(model, conn);
	/* under another name now, the holder as it was seen */
	if (conn->held)
		spell_out(model, conn);
}

bool owner_learn(struct model *model, struct conn *conn, uint64_t cgroup_id,
		 const struct tw_owner *owner, enum owner_rank rank)
{
	const struct owner *known = conn_owner(model, conn);
	struct owner now;

	if (owner && (rank < conn->owner_rank || !owner->comm[0]))
		owner = NULL;
	if (owner)
		conn->owner_rank = rank;
	if (owner && is(known, owner))
		owner = NULL;
	if (!owner && (!cgroup_id || cgroup_id == known->cgroup_id))
		return false;
	now = *known;
	now.source = conn->source;
	if (cgroup_id)
		now.cgroup_id = cgroup_id;
	if (owner) {
		check_holders(model, conn, owner);
		now.pid = owner->tgid;
		memcpy(now.comm, owner->comm, TW_COMM_LEN);
	}
	become(model, conn, &now);
	return true;
}

/*
 * The owner is the latest holder known. Who acted last stays it as long as it is
 * among the holders; else the first of them is.
 */
static bool is_chosen(const struct holder_list *list, const struct tw_holder *holder)
{
	return holder->head.flags & TW_H_FIRST ||
	       (list->owner_before && list->owner_before == holder->owner.tgid);
}

static enum owner_rank rank_of(const struct tw_holder *holder)
{
	return holder->head.flags & TW_H_ACCEPTED ? OWNER_ACTED : OWNER_HOLDER;
}

/* Most sockets are held once, by their owner, and nothing else is to be remembered of it. */
static bool is_plain(const struct conn *conn, uint32_t owner_before, const struct tw_holder *holder)
{
	/* of a listener's holder it matters when it began: place.c */
	return holder->head.flags & TW_H_FIRST && holder->fd_count == 1 &&
	       conn->state != TW_LISTEN && (!owner_before || owner_before == holder->owner.tgid);
}

void owner_add_holder(struct model *model, struct conn *conn, const struct tw_holder *holder)
{
	bool first = holder->head.flags & TW_H_FIRST;
	uint32_t owner_before = conn->owner_rank >= OWNER_HOLDER ? conn_owner(model, conn)->pid :
								   PID_UNKNOWN;
	struct holder_list *list = NULL;

	if (first)
		owner_drop_holders(model, conn);
	if (is_plain(conn, owner_before, holder)) {
		conn->held = true;
	} else {
		list = spell_out(model, conn);
		if (!list) {
			model->loss[TW_LOSS_NO_MEMORY]++;
			return;
		}
		if (first) {
			list->owner_before = owner_before;
			list->started_ns = holder->started_ns;
		}
		if (!add_holder(list, &holder->owner, holder->fd_count))
			model->loss[TW_LOSS_NO_MEMORY]++;
		if (!is_chosen(list, holder))
			return;
	}
	conn->owner_rank = rank_of(holder);
	if (!is(conn_owner(model, conn), &holder->owner))
		set(model, conn, &holder->owner);
}

uint32_t owner_held_by(const struct model *model, const struct conn *conn,
		       const struct held_by **held)
{
	const struct holder_list *list = holders_of(model, conn);

	*held = list ? list->items : NULL;
	return list ? list->count : 0;
}

uint64_t owner_started_ns(const struct model *model, const struct conn *conn)
{
	const struct holder_list *list = holders_of(model, conn);

	return list ? list->started_ns : 0;
}

uint32_t owner_holders(const struct model *model, const struct conn *conn,
		       const struct holder **holders)
{
	const struct owner *owner = conn_owner(model, conn);
	const struct holder_list *list = holders_of(model, conn);
	struct held_by alone = { .pid = owner->pid, .fds = 1 };
	const struct held_by *items = list ? list->items : &alone;
	uint32_t count = list ? list->count : conn->held;
	struct holder *clean = model->view_holders;

	memcpy(alone.comm, owner->comm, TW_COMM_LEN);
	*holders = list || conn->held ? clean : NULL;
	for (uint32_t i = 0; i < count; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): without a list, one at most */
		clean[i].pid = items[i].pid;
		clean[i].fds = items[i].fds;
		text_clean(items[i].comm, strnlen(items[i].comm, TW_COMM_LEN), clean[i].comm,
			   sizeof(clean[i].comm));
	}
	return count;
}
