// SPDX-License-Identifier: GPL-2.0-or-later
/* Single changes of state against what the kernel's sources say of them. */
#include "model/outcome.h"

#include <errno.h>

#include "model/field.h"
#include "model/ledger.h"

/* sk_err of a RST that came in: tcp_reset() */
static bool error_is_reset(uint8_t error)
{
	return error == ECONNRESET || error == ECONNREFUSED || error == EPIPE;
}

/*
 * Whether the end is an abort of our own, which sends a RST: close() with unread
 * data, SO_LINGER 0, connect(AF_UNSPEC), TCP_LINGER2 < 0, a listener closed over
 * children it has not given out. The event comes before the RST, with no error set
 * and the socket not yet orphaned (__tcp_close(), tcp_disconnect(),
 * inet_csk_listen_stop()); the network's own ends set an error or need a FIN.
 */
static bool end_is_abort(uint8_t from, uint8_t error, uint16_t flags)
{
	bool orphan = flags & TW_F_ORPHAN;

	if (error)
		return false;
	switch (from) {
	case TW_ESTABLISHED:
	case TW_SYN_RECV:
	case TW_CLOSE_WAIT:
	case TW_FIN_WAIT1:
		return !orphan;
	case TW_FIN_WAIT2:
		return !(flags & TW_F_DONE) && (!orphan || (flags & TW_F_LINGER2_NEG));
	case TW_CLOSING:
	case TW_LAST_ACK:
		return !orphan && !(flags & TW_F_ALL_ACKED);
	default:
		return false;
	}
}

enum reset outcome_reset(const struct tw_record *head)
{
	if (head->to != TW_CLOSE)
		return RESET_NONE;
	if (error_is_reset(head->error))
		return RESET_RECEIVED;
	return end_is_abort(head->from, head->error, head->flags) ? RESET_SENT : RESET_NONE;
}

int outcome_connect_error(const struct tw_record *head, enum port_origin port)
{
	if (head->error)
		return head->error;
	if (head->flags & TW_F_SHUT_BOTH)
		return 0;
	if (port != PORT_NONE && !(head->flags & TW_F_UNSENT))
		return 0;
	return port == PORT_CHOSEN ? ERROR_UNKNOWN : EADDRNOTAVAIL;
}

static bool is_failed_connect(const struct tw_record *head)
{
	bool connecting = head->from == TW_SYN_SENT ||
			  (head->from == TW_SYN_RECV && (head->flags & TW_F_OUTGOING));

	return head->to == TW_CLOSE && connecting && outcome_connect_error(head, PORT_UNTOLD);
}

uint32_t outcome_mask(const struct tw_record *head)
{
	bool opened = state_is_synchronized(head->to) && !state_is_synchronized(head->from);
	bool closed = state_is_synchronized(head->from) && head->to == TW_CLOSE;
	bool entered = head->to == TW_CLOSE &&
		       ledger_remains(head->from, head->error, head->flags) != REMAINS_NOTHING;

	return (opened ? FIELD_BIT(FIELD_OPENED) | FIELD_BIT(FIELD_CONNECTIONS) : 0) |
	       (closed ? FIELD_BIT(FIELD_CLOSED) : 0) |
	       (head->to == TW_FIN_WAIT1 ? FIELD_BIT(FIELD_CLOSED_FIRST) : 0) |
	       (is_failed_connect(head) ? FIELD_BIT(FIELD_FAILED) : 0) |
	       (outcome_reset(head) != RESET_NONE ? FIELD_BIT(FIELD_RESETS) : 0) |
	       (entered ? FIELD_BIT(FIELD_TW_ENTERED) : 0);
}
