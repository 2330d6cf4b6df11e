// SPDX-License-Identifier: GPL-2.0-or-later
/* Names first, then sockets, then who owns them: in the order in which the model needs them. */
#include "model/restate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/ledger.h"
#include "model/netns_facts.h"
#include "model/owner.h"
#include "model/ports.h"
#include "model/tracker.h"

#define MS_NS 1000000ULL
#define LIVE_SOURCE 0

struct restating {
	const struct model *model;
	restate_fn fn;
	void *ctx;
};

static struct tw_record head_of(const struct restating *to, enum tw_kind kind, size_t size)
{
	return (struct tw_record){ .size = size, .kind = kind, .ts_ns = to->model->now_ns };
}

static void tell_plain(const struct restating *to, enum tw_kind kind)
{
	struct tw_record record = head_of(to, kind, sizeof(record));

	to->fn(to->ctx, &record);
}

static void tell_tier(const struct restating *to)
{
	struct tw_tier tier = { .head = head_of(to, TW_TIER, sizeof(tier)) };
	const struct wheel *wheel = &to->model->wheel[LIVE_SOURCE];

	tier.head.from = to->model->tier[LIVE_SOURCE];
	tier.head.to = to->model->binds[LIVE_SOURCE];
	tier.wheel_granule_ns = wheel->granule_ns;
	tier.wheel_phase_ns = wheel->phase_ns;
	to->fn(to->ctx, &tier.head);
}

/* A record of @fixed bytes with @text behind them; what is too long for a record is left out. */
static void tell_text(const struct restating *to, void *record, size_t fixed, const char *text)
{
	size_t size = (fixed + strlen(text) + 1 + 7) & ~7UL;
	struct tw_record *whole = size <= UINT16_MAX ? calloc(1, size) : NULL;

	if (!whole)
		return;
	memcpy(whole, record, fixed);
	memcpy((char *)whole + fixed, text, strlen(text));
	whole->size = size;
	to->fn(to->ctx, whole);
	free(whole);
}

static void tell_name(const struct restating *to, enum tw_kind kind, uint64_t id, uint32_t ino,
		      const char *text)
{
	struct tw_name name = { .head = head_of(to, kind, 0), .id = id, .ino = ino };

	tell_text(to, &name, sizeof(name), text);
}

static void tell_cgroup(void *ctx, uint64_t id, const char *path)
{
	tell_name(ctx, TW_CGROUP, id, 0, path);
}

static void tell_dumps(const struct restating *to, enum tw_kind kind)
{
	const struct model *model = to->model;
	struct tw_snapshot snapshot;
	uint32_t id;

	for (id = pool_next(&model->netns, 0); id != POOL_NONE;
	     id = pool_next(&model->netns, id + 1)) {
		const struct netns *netns = netns_at(model, id);

		if (netns->gone)
			continue;
		if (kind == TW_SNAPSHOT_BEGIN)
			tell_name(to, TW_NETNS, netns->cookie, netns->ino,
				  netns->name ? netns->name : "");
		snapshot = (struct tw_snapshot){
			.head = head_of(to, kind, sizeof(snapshot)),
			.netns_cookie = netns->cookie,
			.netns_ino = netns->ino,
		};
		/* the kernel was not asked */
		if (kind == TW_SNAPSHOT_END)
			snapshot.head.error = EAGAIN;
		to->fn(to->ctx, &snapshot.head);
	}
}

static uint32_t ms_between(uint64_t from_ns, uint64_t to_ns)
{
	uint64_t ms = to_ns > from_ns ? (to_ns - from_ns) / MS_NS : 0;

	return ms < UINT32_MAX ? ms : UINT32_MAX - 1;
}

static struct tw_tuple tuple_of(const struct model *model, const struct conn *conn)
{
	const struct netns *netns = netns_at(model, conn->netns);
	struct tw_tuple tuple = {
		.local_port = conn->local_port,
		.remote_port = conn->remote_port,
		.netns_ino = netns->ino,
		.netns_cookie = netns->cookie,
	};

	memcpy(tuple.local_addr, conn->local_addr, sizeof(tuple.local_addr));
	memcpy(tuple.remote_addr, conn->remote_addr, sizeof(tuple.remote_addr));
	return tuple;
}

static void tell_socket(const struct restating *to, const struct conn *conn)
{
	const struct model *model = to->model;
	uint64_t now_ns = model->now_ns;
	struct tw_socket record = {
		.head = head_of(to, TW_SOCKET, sizeof(record)),
		.cookie = conn->cookie & ~DETACHED,
		.tuple = tuple_of(model, conn),
		.cgroup_id = conn_owner(model, conn)->cgroup_id,
		.idle_ms = ms_between(conn->since_ns, now_ns),
		.data_idle_ms = ~0U,
	};

	record.head.from = conn->state;
	record.head.flags = conn->direction == DIRECTION_OUTGOING ? TW_K_OUTGOING :
			    conn->direction == DIRECTION_INCOMING ? TW_K_INCOMING :
								    0;
	if (conn->phase == PHASE_MINI) {
		record.head.to = TW_TIMER_MINISOCK;
		record.expires_ms = ms_between(now_ns, conn->expires_ns ?
							       conn->expires_ns :
							       conn->since_ns + TIME_WAIT_NS);
	} else if (conn->state != TW_LISTEN) {
		record.rqueue = conn->rqueue;
		if (conn->active_ds)
			record.data_idle_ms = ms_between(conn->active_ds * (100 * MS_NS), now_ns);
	}
	to->fn(to->ctx, &record.head);
}

/*
 * Whether it has acted; else it was found among the holders, or it is its listener's owner, which
 * matters to a full socket only. What a look-up says of a minisock would be no news to a replay.
 */
static bool is_certain(const struct conn *conn, const struct held_by *held)
{
	if (held->fds)
		return conn->owner_rank == OWNER_ACTED;
	return conn->owner_rank != OWNER_LISTENER || conn->phase == PHASE_MINI;
}

static void tell_holder(const struct restating *to, const struct conn *conn,
			const struct held_by *held, bool first)
{
	struct tw_holder record = {
		.head = head_of(to, TW_HOLDER, sizeof(record)),
		.cookie = conn->cookie & ~DETACHED,
		.owner.tgid = held->pid,
		.cgroup_id = conn_owner(to->model, conn)->cgroup_id,
		.fd_count = held->fds,
		.started_ns = owner_started_ns(to->model, conn),
	};

	memcpy(record.owner.comm, held->comm, TW_COMM_LEN);
	record.head.flags = (held->fds ? 0 : TW_H_OWNER) | (first ? TW_H_FIRST : 0) |
			    (is_certain(conn, held) ? TW_H_ACCEPTED : 0);
	if (conn->direction == DIRECTION_OUTGOING)
		record.head.flags |= conn->bound ? TW_H_BOUND : TW_H_AUTOBOUND;
	to->fn(to->ctx, &record.head);
}

static void tell_owner(const struct restating *to, const struct conn *conn)
{
	const struct owner *owner = conn_owner(to->model, conn);
	struct held_by acted = { .pid = owner->pid };
	const struct held_by *held;
	/* no descriptor leads to a minisock */
	bool mini = conn->phase == PHASE_MINI;
	uint32_t count = mini ? 0 : owner_held_by(to->model, conn, &held);

	if (conn->owner_rank == OWNER_NONE || !owner->comm[0])
		return;
	memcpy(acted.comm, owner->comm, TW_COMM_LEN);
	acted.fds = conn->held && !mini;
	if (acted.fds) {
		tell_holder(to, conn, &acted, true);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		tell_holder(to, conn, &held[i], i == 0);
	/* last: whoever holds it, this one is the owner */
	tell_holder(to, conn, &acted, false);
}

static void tell_openings(const struct restating *to, uint32_t id)
{
	const struct stacks *stacks = &to->model->stacks;

	for (unsigned int end = 0; end < NR_STACK_ENDS; end++) {
		uint32_t number = stacks_of_conn(to->model, id, end);
		struct tw_stack record = {
			.head = head_of(to, TW_STACK, sizeof(record)),
			.cookie = conn_at(to->model, id)->cookie,
		};
		const struct opening *opening;

		if (!number || conn_at(to->model, id)->cookie & DETACHED)
			continue;
		opening = stacks_opening(stacks, number);
		record.head.from = opening->deed;
		record.stack = stacks_stack(stacks, number)->number;
		memcpy(record.thread, opening->name, TW_COMM_LEN);
		to->fn(to->ctx, &record.head);
	}
}

static void tell_stack_texts(const struct restating *to)
{
	const struct stacks *stacks = &to->model->stacks;
	uint32_t id;

	for (id = pool_next(&stacks->pool, 0); id != POOL_NONE;
	     id = pool_next(&stacks->pool, id + 1)) {
		const struct stack *stack = pool_at(&stacks->pool, id);
		struct tw_stack_text record = {
			.head = head_of(to, TW_STACK_TEXT, 0),
			.stack = stack->number,
		};

		record.head.flags = stack->incomplete ? TW_STACK_INCOMPLETE : 0;
		if (stack->text)
			tell_text(to, &record, sizeof(record), stack->text);
	}
}

static void tell_facts(const struct restating *to)
{
	const struct netns_facts *facts;
	size_t count = model_facts(to->model, &facts);

	for (size_t i = 0; i < count; i++)
		if (!facts[i].gone_ns)
			tell_name(to, TW_FACTS, facts[i].netns_cookie, facts[i].netns_ino,
				  facts[i].last);
}

/* A full socket and a minisock may have one cookie: the full one is told first. */
static void tell_phase(const struct restating *to, enum phase phase,
		       void (*tell)(const struct restating *to, const struct conn *conn))
{
	const struct pool *conns = &to->model->conns;

	for (uint32_t id = pool_next(conns, 0); id != POOL_NONE; id = pool_next(conns, id + 1)) {
		const struct conn *conn = conn_at(to->model, id);

		/* no dump lists one in CLOSE: what it does next is told in full */
		if (conn->phase == phase && conn->cookie && conn->state != TW_CLOSE &&
		    !netns_at(to->model, conn->netns)->gone)
			tell(to, conn);
	}
}

void model_restate(const struct model *model, restate_fn fn, void *ctx)
{
	struct restating to = { model, fn, ctx };
	const struct pool *conns = &model->conns;

	tell_tier(&to);
	services_each_cgroup(model->services, tell_cgroup, &to);
	tell_dumps(&to, TW_SNAPSHOT_BEGIN);
	tell_phase(&to, PHASE_FULL, tell_socket);
	tell_phase(&to, PHASE_MINI, tell_socket);
	tell_phase(&to, PHASE_FULL, tell_owner);
	tell_phase(&to, PHASE_MINI, tell_owner);
	tell_dumps(&to, TW_SNAPSHOT_END);
	tell_stack_texts(&to);
	for (uint32_t id = pool_next(conns, 0); model->stacks.room && id != POOL_NONE;
	     id = pool_next(conns, id + 1))
		tell_openings(&to, id);
	tell_facts(&to);
	tell_plain(&to, TW_READY);
}
