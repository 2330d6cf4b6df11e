// SPDX-License-Identifier: GPL-2.0-or-later
/* A socket on a listener's port is the listener's child; one on an ephemeral port connected. */
#include "model/place.h"

#include <stdlib.h>

#include "model/attribution.h"
#include "model/owner.h"

/*
 * Whether the listener may have been there when the connection was: a minisock may
 * be older than the process that listens on its port now, say after a restart. Full
 * sockets are looked up by their holders besides.
 */
static bool could_be_child(const struct model *model, const struct conn *conn,
			   const struct conn *listener)
{
	uint64_t started_ns = owner_started_ns(model, listener);

	if (conn->phase == PHASE_FULL)
		return true;
	return started_ns && conn->state == TW_TIME_WAIT && started_ns < conn->since_ns;
}

void place_socket(struct model *model, uint32_t id, const uint32_t *listener_of,
		  const struct tw_snapshot *record)
{
	struct conn *conn = conn_at(model, id);
	uint32_t listener = listener_of[conn->local_port];
	bool orphaned = conn->direction == DIRECTION_INCOMING && conn->owner_rank == OWNER_NONE;

	if (conn->state == TW_LISTEN || !conn->local_port ||
	    (conn->direction != DIRECTION_UNKNOWN && !(orphaned && listener)))
		return;
	if (listener) {
		conn->direction = DIRECTION_INCOMING;
		if (conn->owner_rank == OWNER_NONE &&
		    could_be_child(model, conn, conn_at(model, listener - 1)))
			attribution_inherit(model, conn, conn_at(model, listener - 1), 0);
	} else if (record->port_low && conn->local_port >= record->port_low &&
		   conn->local_port <= record->port_high) {
		conn->direction = DIRECTION_OUTGOING;
	} else {
		return;
	}
	tracker_update(model, id, true);
}

uint32_t *place_listeners(const struct model *model, const struct netns *netns)
{
	uint32_t *listener_of = calloc(65536, sizeof(*listener_of));

	for (uint32_t id = netns->first; listener_of && id != POOL_NONE;
	     id = conn_at(model, id)->next) {
		const struct conn *conn = conn_at(model, id);

		if (conn->state == TW_LISTEN && conn->phase == PHASE_FULL)
			listener_of[conn->local_port] = id + 1;
	}
	return listener_of;
}
