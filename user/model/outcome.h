/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a change of state says by itself, whatever came before it: who reset, why a
 * connect() failed, what a change counts for. Pure. Internal to the model.
 */
#ifndef MODEL_OUTCOME_H
#define MODEL_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "model/event.h"
#include "tw_record.h"

/* Whether the connection is past the handshake: ESTABLISHED or any later state. */
static inline bool state_is_synchronized(uint8_t state)
{
	return state != TW_SYN_SENT && state != TW_SYN_RECV && state != TW_CLOSE &&
	       state != TW_LISTEN;
}

/* The states of the active closer. */
static inline bool state_is_active_close(uint8_t state)
{
	return state == TW_FIN_WAIT1 || state == TW_FIN_WAIT2 || state == TW_CLOSING;
}

/* Whether the record has all parts, as the first one of a connection has. */
static inline bool transition_is_full(const struct tw_transition *record)
{
	return record->head.size >= TW_TRANSITION_FULL;
}

/* Whether it says which process acted. */
static inline bool transition_has_owner(const struct tw_transition *record)
{
	return (record->head.flags & TW_F_OWNER) && record->head.size >= TW_TRANSITION_OWNER;
}

/* Whose RST ended the connection with this change; RESET_NONE: no RST did. */
enum reset outcome_reset(const struct tw_record *head);
/* Where the port of a connect() came from. */
enum port_origin {
	PORT_NONE,		/* it has none */
	PORT_CHOSEN,		/* connect() has found it */
	PORT_BOUND,		/* it was there before: bind() */
	PORT_UNTOLD,		/* one of the latter two, or nobody knows */
};

/*
 * Why a connect() ended in this change to CLOSE: sk_err where the network said it. Else no
 * SYN was ever written: no port was found, or the bound one is taken (EADDRNOTAVAIL). With a
 * port of its own choice it was refused a route after that (ip_route_newports() in
 * tcp_v4_connect(): a rule on the port), or by a filter: ERROR_UNKNOWN, for only connect()
 * says why. 0: the program itself closed the socket.
 */
int outcome_connect_error(const struct tw_record *head, enum port_origin port);
/* The counting fields of one change, as FIELD_BIT()s; one socket, its birth not seen. */
uint32_t outcome_mask(const struct tw_record *head);

#endif
