// SPDX-License-Identifier: GPL-2.0-or-later
/* Storage of connections and namespaces, and how to find them. */
#include "model/tracker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/attempts.h"
#include "model/audit.h"
#include "model/budgets.h"
#include "model/flames.h"
#include "model/ledger.h"
#include "model/missed.h"
#include "model/owner.h"

#define DEFAULT_MAX_CONNS 4000000

struct cookie_key {
	uint64_t cookie;
	unsigned int source;
};

static bool cookie_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct conn *conn = conn_at(ctx, id);
	const struct cookie_key *want = key;

	return conn->cookie == want->cookie && conn->source == want->source;
}

static bool tuple_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct conn *conn = conn_at(ctx, id), *want = key;

	return (conn->phase == PHASE_MINI || conn->phase == PHASE_PENDING) &&
	       conn->netns == want->netns && conn->local_port == want->local_port &&
	       conn->remote_port == want->remote_port &&
	       !memcmp(conn->local_addr, want->local_addr, 16) &&
	       !memcmp(conn->remote_addr, want->remote_addr, 16);
}

static uint32_t tuple_hash(const struct conn *conn)
{
	uint8_t bytes[32];

	memcpy(bytes, conn->local_addr, 16);
	memcpy(bytes + 16, conn->remote_addr, 16);
	return hash_bytes(bytes, sizeof(bytes)) ^
	       hash_u64((uint64_t)conn->netns << 32 | (uint32_t)conn->local_port << 16 |
			conn->remote_port);
}

uint32_t tracker_find(const struct model *model, uint64_t cookie, unsigned int source)
{
	struct cookie_key key = { .cookie = cookie, .source = source };

	return index_find(&model->by_cookie, hash_u64(cookie), cookie_equal, model, &key);
}

void tracker_expect(struct model *model, uint64_t cookie)
{
	uint32_t *expected = &model->expected[model->nr_expected++ % EXPECTED];
	const struct index_slot *slot = index_search(&model->by_cookie, *expected);
	const char *conn;

	if (slot->hash == *expected && slot->id < model->conns.used) {
		conn = pool_at(&model->conns, slot->id);
		__builtin_prefetch(conn, 1);
		__builtin_prefetch(conn + 64, 1);
	}
	*expected = hash_u64(cookie);
	index_prefetch(&model->by_cookie, *expected);
}

uint32_t tracker_find_minisock(const struct model *model, const struct conn *like)
{
	return index_find(&model->by_tuple, tuple_hash(like), tuple_equal, model, like);
}

static void netns_link(struct model *model, uint32_t id, uint32_t netns_id)
{
	struct netns *netns = netns_at(model, netns_id);
	struct conn *conn = conn_at(model, id);

	conn->netns = netns_id;
	conn->prev = POOL_NONE;
	conn->next = netns->first;
	if (netns->first != POOL_NONE)
		conn_at(model, netns->first)->prev = id;
	netns->first = id;
}

static void netns_unlink(struct model *model, const struct conn *conn)
{
	if (conn->prev != POOL_NONE)
		conn_at(model, conn->prev)->next = conn->next;
	else
		netns_at(model, conn->netns)->first = conn->next;
	if (conn->next != POOL_NONE)
		conn_at(model, conn->next)->prev = conn->prev;
}

uint32_t tracker_add(struct model *model, uint64_t cookie, const struct tw_tuple *tuple,
		     unsigned int source)
{
	uint32_t max = model->opts.max_conns ? model->opts.max_conns : DEFAULT_MAX_CONNS;
	uint32_t netns = tracker_netns(model, tuple->netns_cookie, tuple->netns_ino, source);
	uint32_t id = POOL_NONE;
	struct conn *conn;

	if (netns != POOL_NONE && model->conns.count < max && ledger_make_room(model))
		id = pool_take(&model->conns);
	if (id == POOL_NONE)
		goto lost;
	conn = conn_at(model, id);
	conn->cookie = cookie;
	conn->source = source;
	conn->wanted = true;
	conn->since_ns = conn->seen_ns = model->now_ns;
	if (index_insert(&model->by_cookie, hash_u64(cookie), id)) {
		pool_give(&model->conns, id);
		goto lost;
	}
	netns_link(model, id, netns);
	tracker_set_tuple(conn, tuple);
	return id;
lost:
	model->loss[TW_LOSS_NO_MEMORY]++;
	return POOL_NONE;
}

/* Nothing is left of it, and it has ended or no survey ever saw it. */
static bool netns_is_over(const struct netns *netns)
{
	return netns->first == POOL_NONE &&
	       (netns->gone || (!netns->dumped && !netns->dumping && !netns->name));
}

void tracker_remove(struct model *model, uint32_t id)
{
	struct conn *conn = conn_at(model, id);

	if (model->flames)
		flames_leave(model, id);
	if (model->budgets)
		budgets_leave(model, id);
	if (model->attempts)
		attempts_leave(model, id);
	if (conn->rowed)
		for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
			rows_leave(&model->rows[dim], conn->row[dim]);
	if (conn->indexed)
		index_remove(&model->by_tuple, tuple_hash(conn), id);
	owner_drop_holders(model, conn);
	stacks_forget(&model->stacks, id);
	owners_leave(&model->owners, conn->owner);
	netns_unlink(model, conn);
	if (netns_is_over(netns_at(model, conn->netns)))
		tracker_netns_remove(model, conn->netns);
	index_remove(&model->by_cookie, hash_u64(conn->cookie), id);
	pool_give(&model->conns, id);
}

int tracker_recookie(struct model *model, uint32_t id, uint64_t cookie)
{
	struct conn *conn = conn_at(model, id);

	if (index_insert(&model->by_cookie, hash_u64(cookie), id)) {
		model->loss[TW_LOSS_NO_MEMORY]++;
		return -ENOMEM;
	}
	index_remove(&model->by_cookie, hash_u64(conn->cookie), id);
	conn->cookie = cookie;
	return 0;
}

int tracker_detach(struct model *model, uint32_t id)
{
	return tracker_recookie(model, id, conn_at(model, id)->cookie | DETACHED);
}

void tracker_index_tuple(struct model *model, uint32_t id)
{
	struct conn *conn = conn_at(model, id);

	/* without its port it would be taken for any other such one */
	if (conn->indexed || !conn->local_port)
		return;
	if (index_insert(&model->by_tuple, tuple_hash(conn), id))
		model->loss[TW_LOSS_NO_MEMORY]++;
	else
		conn->indexed = true;
}

static bool netns_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct netns *netns = netns_at(ctx, id);
	const struct cookie_key *want = key;

	return netns->cookie == want->cookie && netns->source == want->source;
}

uint32_t tracker_find_netns(const struct model *model, uint64_t cookie, unsigned int source)
{
	struct cookie_key key = { .cookie = cookie, .source = source };

	return index_find(&model->by_netns, hash_u64(cookie), netns_equal, model, &key);
}

uint32_t tracker_netns(struct model *model, uint64_t cookie, uint32_t ino, unsigned int source)
{
	struct netns *netns;
	uint32_t id;

	/* events come in runs of one namespace */
	if (pool_alive(&model->netns, model->netns_hit)) {
		netns = netns_at(model, model->netns_hit);
		if (netns->cookie == cookie && netns->source == source)
			return model->netns_hit;
	}
	id = tracker_find_netns(model, cookie, source);
	if (id != POOL_NONE)
		return model->netns_hit = id;
	id = pool_take(&model->netns);
	if (id == POOL_NONE)
		return id;
	/* connections have 16 bits for it */
	if (id > UINT16_MAX || index_insert(&model->by_netns, hash_u64(cookie), id)) {
		pool_give(&model->netns, id);
		return POOL_NONE;
	}
	netns = netns_at(model, id);
	netns->cookie = cookie;
	netns->ino = ino;
	netns->source = source;
	netns->first = POOL_NONE;
	return id;
}

const char *tracker_netns_name(const struct model *model, uint64_t cookie, unsigned int source)
{
	uint32_t id = tracker_find_netns(model, cookie, source);

	return id == POOL_NONE ? NULL : netns_at(model, id)->name;
}

void tracker_netns_remove(struct model *model, uint32_t id)
{
	struct netns *netns = netns_at(model, id);

	missed_forget(model, netns);
	/* a dump that was on its way may have told of it after it was gone */
	audit_remove(model, netns->cookie, netns->source);
	index_remove(&model->by_netns, hash_u64(netns->cookie), id);
	free(netns->births);
	free(netns->name);
	pool_give(&model->netns, id);
}

bool tracker_set_tuple(struct conn *conn, const struct tw_tuple *tuple)
{
	bool same = conn->local_port == tuple->local_port &&
		    conn->remote_port == tuple->remote_port &&
		    !memcmp(conn->local_addr, tuple->local_addr, 16) &&
		    !memcmp(conn->remote_addr, tuple->remote_addr, 16);

	/* a tuple without its port must not undo one that has it */
	if (same || conn->indexed || (conn->local_port && !tuple->local_port))
		return false;
	memcpy(conn->local_addr, tuple->local_addr, 16);
	memcpy(conn->remote_addr, tuple->remote_addr, 16);
	conn->local_port = tuple->local_port;
	conn->remote_port = tuple->remote_port;
	return true;
}

void tracker_bury(struct model *model, uint32_t id)
{
	if (model->nr_over == model->room_over) {
		size_t room = model->room_over ? 2 * model->room_over : 1024;
		struct grave *grown = realloc(model->over, room * sizeof(*grown));

		if (!grown) {
			model->loss[TW_LOSS_NO_MEMORY]++;
			return;
		}
		model->over = grown;
		model->room_over = room;
	}
	model->over[model->nr_over++] =
		(struct grave){ .id = id, .cookie = conn_at(model, id)->cookie };
}

void tracker_view(const struct model *model, const struct conn *conn, struct conn_view *view,
		  char comm[static TW_COMM_LEN * 4 + 1])
{
	const struct netns *netns = netns_at(model, conn->netns);
	const struct owner *owner = conn_owner(model, conn);
	bool full = conn->phase == PHASE_FULL;

	*view = (struct conn_view){
		.cookie = conn->cookie & ~DETACHED,
		.netns_cookie = netns->cookie,
		.netns_ino = netns->ino,
		.local_port = conn->local_port,
		.remote_port = conn->remote_port,
		.direction = conn->direction,
		.pid = owner->pid,
		.service = services_name(model->services, owner->service),
		.cgroup = services_cgroup_path(model->services,
					       cgroup_key(owner->cgroup_id, conn->source)),
		.state = conn->state,
		.minisock = conn->phase == PHASE_MINI,
		.since_ns = conn->since_ns,
		.since_bound = conn->since_bound,
		.expires_ns = full || !conn->expires_ns ? TIME_UNKNOWN : conn->expires_ns,
		.rqueue = full ? conn->rqueue : 0,
		.ours = conn->ours,
	};
	view->nr_holders = owner_holders(model, conn, &view->holders);
	memcpy(view->local_addr, conn->local_addr, 16);
	memcpy(view->remote_addr, conn->remote_addr, 16);
	if (owner->comm[0])
		view->comm = text_clean(owner->comm, strnlen(owner->comm, TW_COMM_LEN), comm,
					TW_COMM_LEN * 4 + 1);
}

void tracker_tell_event(struct model *model, const struct model_event *event)
{
	int saved = errno;

	if (model->event_fn)
		model->event_fn(model->event_ctx, event);
	errno = saved;
}

void tracker_tell(struct model *model, const struct conn *conn, struct model_event *event)
{
	char comm[TW_COMM_LEN * 4 + 1];
	struct conn_view view;

	if (!tracker_is_heard(model, conn))
		return;
	tracker_view(model, conn, &view, comm);
	event->conn = &view;
	tracker_tell_event(model, event);
}
