// SPDX-License-Identifier: GPL-2.0-or-later
/* What a connection counts for, and under which keys. Pure functions of its facts. */
#include "model/conn.h"

#include <string.h>

#include "model/outcome.h"

static uint32_t gauge_mask(const struct conn *conn)
{
	static const uint32_t of_state[TW_NR_STATES] = {
		[TW_SYN_SENT] = FIELD_BIT(FIELD_SYN_SENT),
		[TW_SYN_RECV] = FIELD_BIT(FIELD_SYN_RECV),
		[TW_ESTABLISHED] = FIELD_BIT(FIELD_ESTABLISHED),
		[TW_FIN_WAIT1] = FIELD_BIT(FIELD_FIN_WAIT1),
		[TW_FIN_WAIT2] = FIELD_BIT(FIELD_FIN_WAIT2),
		[TW_CLOSE_WAIT] = FIELD_BIT(FIELD_CLOSE_WAIT),
		[TW_LAST_ACK] = FIELD_BIT(FIELD_LAST_ACK),
		[TW_CLOSING] = FIELD_BIT(FIELD_CLOSING),
		[TW_TIME_WAIT] = FIELD_BIT(FIELD_TIME_WAIT),
	};

	switch (conn->phase) {
	case PHASE_FULL:
		return conn->state == TW_CLOSE ? 0 : FIELD_BIT(FIELD_OPEN) | of_state[conn->state];
	case PHASE_MINI:
		return of_state[conn->state] |
		       (conn->state == TW_FIN_WAIT2 ? FIELD_BIT(FIELD_FW2_ORPHANS) : 0);
	default:
		return 0;
	}
}

static uint32_t end_mask(const struct conn *conn)
{
	static const uint32_t of_reason[NR_END_REASONS] = {
		[END_EXPIRED] = FIELD_BIT(FIELD_TW_EXPIRED),
		[END_REUSED] = FIELD_BIT(FIELD_TW_REUSED),
		[END_REOPENED] = FIELD_BIT(FIELD_TW_REOPENED) | FIELD_BIT(FIELD_TW_OTHER),
		[END_RESET] = FIELD_BIT(FIELD_TW_RESET) | FIELD_BIT(FIELD_TW_OTHER),
		[END_DESTROYED] = FIELD_BIT(FIELD_TW_DESTROYED) | FIELD_BIT(FIELD_TW_OTHER),
		[END_PURGED] = FIELD_BIT(FIELD_TW_PURGED) | FIELD_BIT(FIELD_TW_OTHER),
		[END_UNKNOWN] = FIELD_BIT(FIELD_TW_UNKNOWN) | FIELD_BIT(FIELD_TW_OTHER),
	};
	bool orphan = conn->end == END_EXPIRED && conn->state == TW_FIN_WAIT2;

	return of_reason[conn->end] | (orphan ? FIELD_BIT(FIELD_FW2_EXPIRED) : 0);
}

uint32_t conn_facts(const struct conn *conn)
{
	uint32_t mask;

	/* listeners are never counted */
	if (!conn->wanted || conn->state == TW_LISTEN)
		return 0;
	mask = gauge_mask(conn) | conn->happened;
	if (conn->opened)
		mask |= FIELD_BIT(FIELD_CONNECTIONS);
	if (!(mask & FIELD_BIT(FIELD_CONNECTIONS)))
		mask &= ~FIELD_BIT(FIELD_CLOSED);
	if (conn->phase == PHASE_OVER && conn->ended_mini)
		mask |= end_mask(conn);
	return mask;
}

uint32_t conn_mask(const struct conn *conn)
{
	return conn_facts(conn) & ~(uint32_t)conn->elsewhere;
}

enum role direction_role(enum direction direction)
{
	static const uint8_t roles[] = {
		[DIRECTION_UNKNOWN] = ROLE_UNKNOWN,
		[DIRECTION_OUTGOING] = ROLE_CLIENT,
		[DIRECTION_INCOMING] = ROLE_SERVER,
	};

	return roles[direction];
}

enum role conn_role(const struct conn *conn)
{
	return direction_role(conn->direction);
}

uint16_t service_port(enum direction direction, uint16_t local_port, uint16_t remote_port)
{
	switch (direction) {
	case DIRECTION_INCOMING:
		return local_port;
	case DIRECTION_OUTGOING:
		return remote_port;
	default:
		/* servers listen below the ephemeral range: the lower one, so that
		 * ephemeral ports make no rows; the role says that it is not known */
		return local_port < remote_port ? local_port : remote_port;
	}
}

struct row_key conn_key(const struct conn *conn, uint32_t service, enum dimension dimension)
{
	struct row_key key = {
		.service = service,
		.port = service_port(conn->direction, conn->local_port, conn->remote_port),
		.role = conn_role(conn),
	};

	memcpy(key.remote_addr, conn->remote_addr, sizeof(key.remote_addr));
	return row_key_in(&key, dimension);
}

int conn_connect_error(const struct conn *conn, const struct tw_record *head)
{
	enum port_origin port = conn->bound ? PORT_BOUND : PORT_CHOSEN;

	/* of a connect() from before nobody knows */
	if (!conn->born_ns)
		port = PORT_UNTOLD;
	return outcome_connect_error(head, conn->local_port ? port : PORT_NONE);
}
