// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of a connection, its listener and its holders into direction and owner. */
#include "model/attribution.h"

#include <string.h>

#include "model/budgets.h"
#include "model/farewells.h"
#include "model/outcome.h"
#include "model/owner.h"

void attribution_set_direction(struct conn *conn, uint16_t flags, uint8_t from)
{
	if (flags & TW_F_OUTGOING)
		conn->direction = DIRECTION_OUTGOING;
	else if (flags & TW_F_INCOMING)
		conn->direction = DIRECTION_INCOMING;
	else if (from == TW_SYN_SENT)
		conn->direction = DIRECTION_OUTGOING;
}

bool attribution_inherit(struct model *model, struct conn *conn, const struct conn *listener,
			 uint64_t cgroup_id)
{
	const struct owner *of_listener = conn_owner(model, listener);
	struct tw_owner owner = { .tgid = of_listener->pid };

	memcpy(owner.comm, of_listener->comm, TW_COMM_LEN);
	if (!cgroup_id && !conn_owner(model, conn)->cgroup_id)
		cgroup_id = of_listener->cgroup_id;
	/* no short cut: both are to be learnt */
	return farewell_inherit(conn, listener) |
	       owner_learn(model, conn, cgroup_id, &owner, OWNER_LISTENER);
}

/* Whose child it is; connect() tells something else there. */
static uint64_t listener_of(const struct tw_transition *record)
{
	uint8_t from = record->head.from, to = record->head.to;

	if (to == TW_SYN_SENT || (from == TW_SYN_SENT && to == TW_ESTABLISHED))
		return 0;
	return record->listener_cookie;
}

bool attribution_learn(struct model *model, struct conn *conn, const struct tw_transition *record)
{
	uint8_t direction = conn->direction;
	uint64_t cgroup_id = transition_is_full(record) ? record->cgroup_id : 0;
	uint32_t parent = POOL_NONE;
	bool changed = false;

	attribution_set_direction(conn, record->head.flags, record->head.from);
	if (transition_is_full(record)) {
		uint64_t listener = listener_of(record);

		changed |= tracker_set_tuple(conn, &record->tuple);
		if (conn->owner_rank == OWNER_NONE && listener && listener != conn->cookie)
			parent = tracker_find(model, listener, conn->source);
		if (parent != POOL_NONE)
			changed |=
				attribution_inherit(model, conn, conn_at(model, parent), cgroup_id);
	}
	if (cgroup_id || transition_has_owner(record))
		changed |= owner_learn(model, conn, cgroup_id,
				       transition_has_owner(record) ? &record->owner : NULL,
				       OWNER_ACTED);
	if (model->farewell)
		changed |= farewell_notice(
			model, conn,
			transition_has_owner(record) ? record->owner.tgid : PID_UNKNOWN, cgroup_id);
	return changed || direction != conn->direction;
}

void attribution_holder(struct model *model, const struct tw_holder *record, unsigned int source)
{
	uint32_t id = tracker_find(model, record->cookie, source);
	struct conn *conn;

	if (id == POOL_NONE)
		return;
	conn = conn_at(model, id);
	/* whose it was known to be, told again: minisocks have an owner too */
	if (record->head.flags & TW_H_OWNER) {
		owner_learn(model, conn, record->cgroup_id, &record->owner,
			    record->head.flags & TW_H_ACCEPTED ? OWNER_ACTED : OWNER_LISTENER);
		tracker_update(model, id, true);
		return;
	}
	/* a look-up says what was true when it ran; who acted since knows better */
	if (conn->phase != PHASE_FULL ||
	    (record->head.ts_ns < conn->seen_ns && conn->owner_rank == OWNER_ACTED))
		return;
	if (conn->direction == DIRECTION_UNKNOWN && conn->state != TW_LISTEN &&
	    (record->head.flags & (TW_H_AUTOBOUND | TW_H_BOUND)))
		conn->direction = DIRECTION_OUTGOING;
	owner_learn(model, conn, record->cgroup_id, NULL, OWNER_NONE);
	owner_add_holder(model, conn, record);
	farewell_notice(model, conn, record->owner.tgid, record->cgroup_id);
	/* connect() alone makes buckets that are its own (__inet_hash_connect()), in SYN_SENT */
	if (model->budgets && conn->direction == DIRECTION_OUTGOING &&
	    state_is_synchronized(conn->state) &&
	    !(record->head.flags & (TW_H_AUTOBOUND | TW_H_ACCEPTED)))
		budgets_bound(model, id);
	tracker_update(model, id, true);
}
