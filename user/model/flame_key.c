// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a connection stands: from its facts to values. */
#include "model/flame_key.h"

#include <string.h>

#include "base/text.h"
#include "model/flames.h"
#include "model/outcome.h"

/* A picture of so many can't be read, nor can one of more. */
#define MAX_NETNS 65536

static enum closer closer_of(const struct conn *conn, bool peer_closed)
{
	if (conn->closed_first)
		return CLOSER_US;
	if (peer_closed)
		return CLOSER_PEER;
	if (conn->phase == PHASE_FULL && state_is_synchronized(conn->state))
		return CLOSER_NOBODY;
	/* only who closes first leaves one (RFC 9293, 3.6) */
	if (conn->phase == PHASE_MINI || conn->ended_mini)
		return CLOSER_US;
	if (conn->failed || (conn->phase == PHASE_FULL && conn->state == TW_SYN_SENT))
		return CLOSER_FAILED;
	return conn->reset ? CLOSER_RESET : CLOSER_UNKNOWN;
}

static uint8_t fate_of(const struct conn *conn)
{
	if (conn->phase == PHASE_FULL)
		return FATE_OPEN;
	if (conn->phase == PHASE_MINI || conn->phase == PHASE_PENDING)
		return FATE_HELD;
	if (conn->ended_mini)
		return FATE_ENDED + conn->end;
	return conn->refused ? FATE_REFUSED : FATE_NONE;
}

uint8_t flame_state_of(const struct conn *conn)
{
	return conn->phase == PHASE_OVER ? TW_CLOSE : conn->state;
}

static bool netns_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct flame_netns *known = pool_at(&((const struct flames *)ctx)->netns, id);
	const struct netns *want = key;

	return known->cookie == want->cookie && known->source == want->source;
}

/* Remembers the namespace; 0: no memory. */
static uint32_t netns_of(const struct model *model, const struct conn *conn)
{
	const struct netns *netns = netns_at(model, conn->netns);
	uint32_t hash = hash_u64(netns->cookie), id;
	struct flames *flames = model->flames;
	struct flame_netns *known;

	id = index_find(&flames->by_netns, hash, netns_equal, flames, netns);
	if (id == INDEX_NONE) {
		if (flames->netns.count == MAX_NETNS)
			return FLAME_NETNS_OTHER;
		id = pool_take(&flames->netns);
		if (id == POOL_NONE)
			return 0;
		if (index_insert(&flames->by_netns, hash, id)) {
			pool_give(&flames->netns, id);
			return 0;
		}
		known = pool_at(&flames->netns, id);
		known->cookie = netns->cookie;
		known->ino = netns->ino;
		known->source = netns->source;
	}
	/* its name may have come since */
	known = pool_at(&flames->netns, id);
	if (netns->name)
		text_clean(netns->name, strlen(netns->name), known->name, sizeof(known->name));
	return id + 1;
}

/* What a connection and a sum of them have alike. */
static struct flame_key key_of(const struct model *model, const struct conn *conn, uint32_t asked)
{
	const struct owner *owner = conn_owner(model, conn);
	struct row_key pair = conn_key(conn, owner->service, DIM_PAIR);
	struct flame_key key = { 0 };

	if (asked & 1U << FRAME_REMOTE)
		memcpy(key.remote_addr, conn->remote_addr, sizeof(key.remote_addr));
	if (asked & (1U << FRAME_PROCESS | 1U << FRAME_COMM))
		memcpy(key.comm, owner->comm, sizeof(key.comm));
	if (asked & 1U << FRAME_PROCESS)
		key.pid = owner->pid;
	if (asked & 1U << FRAME_SERVICE)
		key.service = pair.service;
	if (asked & 1U << FRAME_NETNS)
		key.netns = netns_of(model, conn);
	if (asked & 1U << FRAME_PORT)
		key.port = pair.port;
	if (asked & 1U << FRAME_LOCAL_PORT)
		key.local_port = conn->local_port;
	if (asked & 1U << FRAME_REMOTE_PORT)
		key.remote_port = conn->remote_port;
	if (asked & 1U << FRAME_ROLE)
		key.role = pair.role;
	if (asked & 1U << FRAME_HOST)
		key.source = conn->source;
	return key;
}

struct flame_key flame_key_of(const struct model *model, uint32_t id, const struct course *course)
{
	const struct conn *conn = conn_at(model, id);
	uint32_t asked = model->flames->asked;
	struct flame_key key = key_of(model, conn, asked);
	uint32_t opening;

	if (asked & 1U << FRAME_CLOSE)
		key.closer = closer_of(conn, course->peer_closed);
	if (asked & 1U << FRAME_END)
		key.fate = fate_of(conn);
	if (asked & 1U << FRAME_ERROR)
		key.error = course->error;
	opening = asked & 1U << FRAME_STACK ? stacks_of_conn(model, id, STACK_OPENED) : 0;
	if (opening)
		key.stack = stacks_opening(&model->stacks, opening)->stack + 1;
	return key;
}

struct flame_key flame_key_of_sum(const struct model *model, const struct conn *like, uint8_t error)
{
	struct flame_key key = key_of(model, like, model->flames->asked);

	if (model->flames->asked & 1U << FRAME_ERROR)
		key.error = error;
	return key;
}
