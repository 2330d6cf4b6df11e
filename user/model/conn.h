/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection, both of its lives: the full socket, then perhaps the minisock
 * that the kernel keeps in its place. Internal to the model.
 */
#ifndef MODEL_CONN_H
#define MODEL_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "model/outcome.h"
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

/* It is asked so often who holds a connection. */
#define HOLDER_LOOKS 4

/* in conn->announced, beside the substate: there was no room for it */
#define REFUSED 0x8

/* How good the owner is; a better one replaces a worse one, an equal one the older. */
enum owner_rank {
	OWNER_NONE,
	OWNER_LISTENER,	/* its listener's */
	OWNER_HOLDER,	/* found among the holders of its descriptor */
	OWNER_ACTED,	/* connected, listened, accepted or closed */
};

/*
 * Two cache lines. The first one is all that a state change needs, which names nothing
 * but the cookie; who and where it is are in the second one.
 */
struct conn {
	uint64_t cookie;
	uint64_t since_ns;	/* of the state */
	uint64_t seen_ns;	/* newest evidence: event or snapshot */
	uint64_t born_ns;	/* SYN_SENT or SYN_RECV; minisock: its birth; 0: before us */
	uint32_t row[NR_DIMENSIONS];
	uint32_t mask;		/* what it contributes to the rows now, FIELD_BIT()s */
	uint16_t netns;		/* number in model->netns */
	uint16_t dump : 15;	/* the last dump of its namespace that listed it; 0: none */
	uint16_t second : 1;	/* its last change was told by another look than the first */
	uint8_t state;		/* enum tw_state; minisock: its substate */
	uint8_t elsewhere;	/* what is true of it but counted in sum, FIELD_BIT()s */
	uint16_t source : 6;	/* which recording's boot */
	uint16_t ours : 1;	/* the command's that is traced (farewell.h) */
	uint16_t announced : 4;	/* full: the substate of the minisock already made or REFUSED */
	uint16_t phase : 2;	/* enum phase */
	uint16_t direction : 2;	/* enum direction */
	uint16_t wanted : 1;	/* by the filter */
	/* what happened to it, in the order of enum field, whose bits these are */
	union {
		uint8_t happened;
		struct {
			uint8_t preexisting : 1; /* ESTABLISHED or later at ready */
			uint8_t opened : 1;
			uint8_t closed : 1;
			uint8_t closed_first : 1;
			uint8_t failed : 1;
			uint8_t reset : 1;
			uint8_t entered : 1; /* its minisock's birth happened while traced */
			uint8_t refused : 1; /* the minisock that never was */
		};
	};
	uint32_t owner_rank : 2;
	uint32_t evidence : 3;	/* minisock: enum evidence of its birth */
	uint32_t end : 3;	/* minisock: enum end_reason, once OVER */
	uint32_t absent : 2;	/* dumps in a row that did not list it */
	uint32_t looks : 3;	/* look-ups of holders that did not name it, up to HOLDER_LOOKS */
	uint32_t held : 1;	/* by its owner, who has one descriptor of it, and by nobody else */
	uint32_t held_more : 1;	/* by others or more: in model->holders */
	uint32_t rowed : 1;	/* row[] is valid */
	uint32_t rekeyed : 1;	/* but the keys have changed since */
	uint32_t since_bound : 1; /* older than since_ns says */
	uint32_t rst : 1; /* full: sent by us, in the state it is in; minisock: one came,
				 * and no dump has listed it since */
	uint32_t untold : 1;	/* its birth, by an evidence tier: counted as loss */
	uint32_t ended_mini : 1; /* a minisock was here and ended for the reason in end */
	uint32_t listed : 1;	/* a dump has listed the minisock */
	uint32_t indexed : 1;	/* in the tuple index (minisocks) */
	uint32_t in_sum : 1;	/* its changes may be told in sum, until one is told of it */
	/* the second line */
	uint8_t local_addr[16];
	uint8_t remote_addr[16];
	uint16_t local_port, remote_port;
	uint32_t owner : 31;	/* number in model->owners */
	uint32_t bound : 1;	/* it had a port before its connect() */
	uint32_t prev, next;	/* others of the same namespace */
	uint64_t held_ns;	/* what its minisock adds to struct row's held_ns now */
	union {
		uint64_t expires_ns;	/* minisock: from the last snapshot; 0: not told yet */
		struct {		/* full */
			uint32_t rqueue;
			uint32_t active_ds; /* when data were last sent or received; 0: unknown */
		};
	};
};

_Static_assert(sizeof(struct conn) == 128 && offsetof(struct conn, local_addr) == 64,
	       "a connection is two cache lines");

/* The fields that a living minisock counts in, and no full socket does. */
#define MINISOCK_MASK (FIELD_BIT(FIELD_TIME_WAIT) | FIELD_BIT(FIELD_FW2_ORPHANS))

/* What a change told in sum may count for (outcome_mask()), and so a connection elsewhere. */
#define COUNTED_IN_SUM                                                                       \
	(FIELD_BIT(FIELD_CONNECTIONS) | FIELD_BIT(FIELD_OPENED) | FIELD_BIT(FIELD_CLOSED) |  \
	 FIELD_BIT(FIELD_CLOSED_FIRST) | FIELD_BIT(FIELD_FAILED) | FIELD_BIT(FIELD_RESETS) | \
	 FIELD_BIT(FIELD_TW_ENTERED))

_Static_assert(COUNTED_IN_SUM <= UINT8_MAX, "they fit into conn->elsewhere");

/* What is true of @conn, as FIELD_BIT()s: a pure function of its facts. */
uint32_t conn_facts(const struct conn *conn);
/* What it contributes to its rows: that, but for what was counted in sum. */
uint32_t conn_mask(const struct conn *conn);
/* The key of its row in @dimension. */
struct row_key conn_key(const struct conn *conn, uint32_t service, enum dimension dimension);
enum role conn_role(const struct conn *conn);
/* Why its connect() ended in the change @head: outcome_connect_error(). */
int conn_connect_error(const struct conn *conn, const struct tw_record *head);

#endif
