// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets in CLOSE that a process still holds. They are in none of the kernel's tables, so
 * that no dump lists them: their last change tells of them, and the walk over open files
 * says whether somebody holds them still.
 */
#include <string.h>

#include "model/leaks.h"

#define MAX_CLOSED 65536
/* Who closes at all has closed by then; and so often a walk looks again. */
#define PATIENCE_NS 3000000000ULL
#define WALK_NS 5000000000ULL

struct closed_key {
	uint64_t cookie;
	unsigned int source;
};

static struct closed_socket *at(const struct leaks *leaks, uint32_t id)
{
	return pool_at_sized(&leaks->closed, id, sizeof(struct closed_socket));
}

static bool cookie_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct closed_socket *closed = at(ctx, id);
	const struct closed_key *want = key;

	return closed->cookie == want->cookie && closed->source == want->source;
}

static uint32_t find(const struct leaks *leaks, uint64_t cookie, unsigned int source)
{
	struct closed_key key = { cookie, source };

	return index_find(&leaks->by_cookie, hash_u64(cookie), cookie_equal, leaks, &key);
}

/* To the pair and the site of that class. */
static void count(struct leaks *leaks, uint32_t class, int sign)
{
	struct leak_class *pair = leaks_class_at(leaks, class);

	pair->closed += sign;
	if (pair->site != POOL_NONE)
		leaks_class_at(leaks, pair->site)->closed += sign;
}

static void drop(struct model *model, uint32_t id)
{
	struct leaks *leaks = model->leaks;
	struct closed_socket *closed = at(leaks, id);

	if (closed->walk_ns)
		count(leaks, closed->class, -1);
	owners_leave(&model->owners, closed->owner);
	index_remove(&leaks->by_cookie, hash_u64(closed->cookie), id);
	pool_give(&leaks->closed, id);
}

/* @like: what is known of its owner. NULL: no room. */
static struct closed_socket *add(struct model *model, uint64_t cookie, unsigned int source,
				 const struct owner *like, const struct row_key *key)
{
	struct leaks *leaks = model->leaks;
	uint32_t class, id = POOL_NONE;
	struct closed_socket *closed;

	class = leaks->closed.count < MAX_CLOSED ? leaks_class(leaks, key) : POOL_NONE;
	if (class != POOL_NONE)
		id = pool_take(&leaks->closed);
	if (id == POOL_NONE || index_insert(&leaks->by_cookie, hash_u64(cookie), id)) {
		if (id != POOL_NONE)
			pool_give(&leaks->closed, id);
		leaks->closed_unknown++;
		return NULL;
	}
	closed = at(leaks, id);
	*closed = (struct closed_socket){
		.cookie = cookie,
		.source = source,
		.since_ns = model->now_ns,
		.class = class,
		.owner = owners_enter(&model->owners, model->services, like),
	};
	return closed;
}

void closed_note(struct model *model, uint32_t id)
{
	const struct conn *conn = conn_at(model, id);
	struct row_key key = conn_key(conn, conn_owner(model, conn)->service, DIM_PAIR);
	struct closed_socket *closed;

	if (find(model->leaks, conn->cookie, conn->source) != INDEX_NONE)
		return;
	closed = add(model, conn->cookie, conn->source, conn_owner(model, conn), &key);
	if (closed)
		closed->stack = stacks_of_conn(model, id, STACK_OPENED);
}

void closed_opened_by(struct model *model, uint64_t cookie, unsigned int source, uint32_t stack)
{
	uint32_t id = model->leaks ? find(model->leaks, cookie, source) : INDEX_NONE;

	if (id != INDEX_NONE)
		at(model->leaks, id)->stack = stack;
}

void closed_forget(struct model *model, uint64_t cookie, unsigned int source)
{
	uint32_t id;

	if (!model->leaks || !model->leaks->closed.count)
		return;
	id = find(model->leaks, cookie, source);
	if (id != INDEX_NONE)
		drop(model, id);
}

static bool is_ephemeral(const struct leaks *leaks, uint16_t port)
{
	return leaks->port_low && port >= leaks->port_low && port <= leaks->port_high;
}

/* Who of the two has an ephemeral port has connected: nothing else is left that says so. */
static enum direction direction_of(const struct leaks *leaks, const struct tw_tuple *tuple)
{
	bool local = is_ephemeral(leaks, tuple->local_port);
	bool remote = is_ephemeral(leaks, tuple->remote_port);

	return local == remote ? DIRECTION_UNKNOWN :
	       local	       ? DIRECTION_OUTGOING :
				 DIRECTION_INCOMING;
}

/*
 * The key of a pair, for a socket of which no change was seen; false if the filter turns it
 * down.
 */
static bool find_key(struct model *model, const struct tw_closed_held *record,
		     const struct owner *owner, struct row_key *key)
{
	uint32_t id = owners_enter(&model->owners, model->services, owner);
	struct conn like = { .local_port = record->tuple.local_port,
			     .remote_port = record->tuple.remote_port,
			     .direction = direction_of(model->leaks, &record->tuple),
			     .state = TW_CLOSE,
			     .owner = id,
			     .source = owner->source };
	struct conn_view view = {
		.netns_ino = record->tuple.netns_ino,
		.local_port = like.local_port,
		.remote_port = like.remote_port,
		.pid = owner->pid,
		.state = TW_CLOSE,
		.service = services_name(model->services, owners_at(&model->owners, id)->service)
	};

	memcpy(like.remote_addr, record->tuple.remote_addr, 16);
	memcpy(view.local_addr, record->tuple.local_addr, 16);
	memcpy(view.remote_addr, record->tuple.remote_addr, 16);
	*key = conn_key(&like, owners_at(&model->owners, id)->service, DIM_PAIR);
	owners_leave(&model->owners, id);
	return filter_wants(&model->opts.filter, &view) &&
	       filter_wants(&model->recorded[owner->source], &view);
}

void closed_held(struct model *model, const struct tw_closed_held *record, unsigned int source)
{
	struct leaks *leaks = model->leaks;
	struct owner owner = { .cgroup_id = record->cgroup_id,
			       .pid = record->owner.tgid,
			       .source = source };
	struct closed_socket *closed;
	uint32_t id, before;

	if (!leaks)
		return;
	memcpy(owner.comm, record->owner.comm, TW_COMM_LEN);
	id = find(leaks, record->cookie, source);
	/* one that was never connected, or whose connect() failed unseen; of a command all is seen */
	if (id == INDEX_NONE && (!record->tuple.remote_port || model->farewell))
		return;
	if (id == INDEX_NONE) {
		struct row_key key;

		if (!find_key(model, record, &owner, &key))
			return;
		closed = add(model, record->cookie, source, &owner, &key);
		if (!closed)
			return;
		closed->at_least = true;
		closed->since_ns = record->head.ts_ns;
	} else {
		closed = at(leaks, id);
		before = closed->owner;
		closed->owner = owners_enter(&model->owners, model->services, &owner);
		owners_leave(&model->owners, before);
	}
	if (!closed->walk_ns) {
		count(leaks, closed->class, 1);
		closed->found_ns = record->head.ts_ns;
	}
	closed->walk_ns = record->head.ts_ns;
	closed->idle_ns = record->idle_ms == UINT32_MAX ? TIME_UNKNOWN :
							  record->idle_ms * 1000000ULL;
}

void closed_walked(struct model *model, uint64_t began_ns, unsigned int source)
{
	struct leaks *leaks = model->leaks;

	if (!leaks)
		return;
	leaks->walked_ns = model->now_ns;
	for (uint32_t id = pool_next(&leaks->closed, 0); id != POOL_NONE;
	     id = pool_next(&leaks->closed, id + 1)) {
		const struct closed_socket *closed = at(leaks, id);

		if (closed->source == source && closed->walk_ns < began_ns &&
		    closed->since_ns < began_ns)
			drop(model, id);
	}
}

/* A dump with ages costs more than one without. */
#define AGES_NS 10000000000ULL

bool model_wants_ages(const struct model *model)
{
	const struct leaks *leaks = model->leaks;

	return leaks && leaks->wants_ages && model->now_ns - leaks->ages_ns >= AGES_NS;
}

bool model_wants_closed(const struct model *model)
{
	const struct leaks *leaks = model->leaks;

	if (!leaks || model->now_ns - leaks->walked_ns < WALK_NS)
		return false;
	for (uint32_t id = pool_next(&leaks->closed, 0); id != POOL_NONE;
	     id = pool_next(&leaks->closed, id + 1))
		if (model->now_ns - at(leaks, id)->since_ns >= PATIENCE_NS)
			return true;
	return false;
}
