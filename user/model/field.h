/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is counted: one table of fields that rows, totals and every output share.
 *
 * A connection contributes to a field or does not, so its whole contribution is
 * one bit mask: rows are updated by the difference of two masks, and moving a
 * connection to another row (its owner became known) is exact by construction.
 */
#ifndef MODEL_FIELD_H
#define MODEL_FIELD_H

#include <stdbool.h>
#include <stdint.h>

enum field {
	/* counters: what happened while traced */
	FIELD_CONNECTIONS,	/* open at ready (ESTABLISHED and later) or opened since */
	FIELD_OPENED,		/* reached ESTABLISHED */
	FIELD_CLOSED,		/* reached CLOSE after having been opened */
	FIELD_CLOSED_FIRST,	/* went to FIN_WAIT1: the active closer */
	FIELD_FAILED,		/* connects that never reached ESTABLISHED */
	FIELD_RESETS,		/* ended by a RST, sent or received */
	FIELD_TW_ENTERED,	/* minisocks born, both substates */
	FIELD_TW_REFUSED,	/* births that bucket overflow prevented */
	FIELD_TW_EXPIRED,
	FIELD_TW_REUSED,
	FIELD_TW_OTHER,		/* every other or unknown end: the sum of the next five */
	FIELD_TW_REOPENED,	/* by the peer's SYN */
	FIELD_TW_RESET,
	FIELD_TW_DESTROYED,	/* by ss -K */
	FIELD_TW_PURGED,	/* with their namespace */
	FIELD_TW_UNKNOWN,
	FIELD_FW2_EXPIRED,	/* of the expired ones those whose peer never sent its FIN */
	/* gauges: what is there now */
	FIELD_OPEN,		/* full sockets not yet CLOSE */
	FIELD_SYN_SENT,
	FIELD_SYN_RECV,
	FIELD_ESTABLISHED,
	FIELD_FIN_WAIT1,
	FIELD_FIN_WAIT2,	/* minisocks of that substate included */
	FIELD_FW2_ORPHANS,	/* only those minisocks: no process holds them any more */
	FIELD_CLOSE_WAIT,
	FIELD_LAST_ACK,
	FIELD_CLOSING,
	FIELD_TIME_WAIT,	/* true TIME_WAIT minisocks */
	NR_FIELDS,
};

#define FIELD_FIRST_GAUGE FIELD_OPEN
#define FIELD_BIT(field) (1U << (field))
#define GAUGES (-FIELD_BIT(FIELD_FIRST_GAUGE))

/* The name in JSON ("time_wait_entered"). */
const char *field_name(enum field field);
static inline bool field_is_gauge(enum field field)
{
	return field >= FIELD_FIRST_GAUGE;
}

#endif
