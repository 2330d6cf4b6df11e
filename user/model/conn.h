/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection, both of its lives: the full socket, then perhaps the minisock
 * that the kernel keeps in its place. Internal to the model.
 */
#ifndef MODEL_CONN_H
#define MODEL_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "model/event.h"
#include "model/rows.h"
#include "model/service.h"
#include "tw_record.h"

struct model;

/*
 *   FULL --CLOSE--> OVER                    no minisock
 *        --CLOSE--> MINI ----------> OVER   true TIME_WAIT, told by the fields
 *        --CLOSE--> PENDING --> MINI        FIN_WAIT2 minisock, unless a RST sent in the
 *                           --> OVER        same breath says that data came after close();
 *                                           never where an evidence tier tells of births
 * OVER is a tombstone until the next tick: for a trailing RST, and against a
 * snapshot that saw the socket just before it went.
 */
enum phase {
	PHASE_FULL,
	PHASE_PENDING,
	PHASE_MINI,
	PHASE_OVER,
};

/* in conn->announced, beside the substate: there was no room for it */
#define REFUSED 0x80

/* How good the owner is; a better one replaces a worse one, an equal one the older. */
enum owner_rank {
	OWNER_NONE,
	OWNER_LISTENER,	/* its listener's */
	OWNER_HOLDER,	/* found among the holders of its descriptor */
	OWNER_ACTED,	/* connected, listened, accepted or closed */
};

struct conn {
	uint64_t cookie;
	uint64_t cgroup_id;
	uint64_t born_ns;	/* SYN_SENT or SYN_RECV; minisock: its birth; 0: before us */
	uint64_t since_ns;	/* of the state */
	uint64_t seen_ns;	/* newest evidence: event or snapshot */
	uint64_t expires_ns;	/* minisock: from the last snapshot; 0: not told yet */
	uint64_t held_ns;	/* what its minisock adds to struct row's held_ns now */
	uint8_t local_addr[16];
	uint8_t remote_addr[16];
	uint16_t local_port, remote_port;
	uint32_t pid;
	char comm[TW_COMM_LEN];
	uint32_t row[NR_DIMENSIONS];
	uint32_t service;
	uint32_t mask;		/* what it contributes to the rows now, FIELD_BIT()s */
	uint32_t netns;		/* number in model->netns */
	uint32_t prev, next;	/* others of the same namespace */
	uint32_t holders;	/* number in model->holders, POOL_NONE */
	uint32_t dump;		/* the last dump that listed it */
	uint32_t rqueue;
	uint8_t state;		/* enum tw_state; minisock: its substate */
	uint8_t phase;		/* enum phase */
	uint8_t direction;	/* enum direction */
	uint8_t owner_rank;
	uint8_t evidence;	/* minisock: enum evidence of its birth */
	uint8_t announced;	/* full: the substate of the minisock already made or REFUSED */
	uint8_t end;		/* minisock: enum end_reason, once OVER */
	uint8_t source;		/* which recording's boot */
	uint8_t absent;		/* dumps in a row that did not list it */
	uint8_t looks;		/* look-ups of holders that did not name it */
	bool rowed : 1;		/* row[] is valid */
	bool rekeyed : 1;	/* but the keys have changed since */
	bool since_bound : 1;	/* older than since_ns says */
	bool preexisting : 1;	/* ESTABLISHED or later at ready */
	bool opened : 1;
	bool closed : 1;
	bool closed_first : 1;
	bool failed : 1;
	bool reset : 1;
	bool rst_sent : 1;	/* by us, in the state it is in */
	bool entered : 1;	/* its minisock's birth happened while traced */
	bool untold : 1;	/* its birth, by an evidence tier: counted as loss */
	bool refused : 1;	/* the minisock that never was */
	bool ended_mini : 1;	/* a minisock was here and ended for the reason in end */
	bool listed : 1;	/* a dump has listed the minisock */
	bool indexed : 1;	/* in the tuple index (minisocks) */
	bool wanted : 1;	/* by the filter */
};

/* Whether the connection is past the handshake: ESTABLISHED or any later state. */
static inline bool state_is_synchronized(uint8_t state)
{
	return state != TW_SYN_SENT && state != TW_SYN_RECV && state != TW_CLOSE &&
	       state != TW_LISTEN;
}

/* The fields that a living minisock counts in, and no full socket does. */
#define MINISOCK_MASK (FIELD_BIT(FIELD_TIME_WAIT) | FIELD_BIT(FIELD_FW2_ORPHANS))

/* What @conn contributes to its rows, as FIELD_BIT()s: a pure function of its facts. */
uint32_t conn_mask(const struct conn *conn);
/* The key of its row in @dimension. */
struct row_key conn_key(const struct conn *conn, enum dimension dimension);
enum role conn_role(const struct conn *conn);

#endif
