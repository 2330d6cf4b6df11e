/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the model says as it happens, one struct for every kind, and the view of
 * a connection that goes with it. Outputs read these and nothing deeper.
 */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/rows.h"
#include "tw_record.h"

enum event_kind {
	EVENT_TRANSITION,
	EVENT_TIME_WAIT_ENTER,
	EVENT_TIME_WAIT_EXIT,
	EVENT_TIME_WAIT_SUBSTATE,
	EVENT_TIME_WAIT_REFUSED,
	EVENT_CONNECT_FAILED,
	EVENT_BIND_FAILED,
	EVENT_RESET_SENT,
	EVENT_LOSS,
	NR_EVENT_KINDS,
};

/* What a statement about a minisock rests on; better ones have higher numbers. */
enum evidence {
	EVIDENCE_INFERRED = TW_BY_INFERENCE,
	EVIDENCE_SNAPSHOT = TW_BY_SNAPSHOT,
	EVIDENCE_TIMER = TW_BY_TIMER,
	EVIDENCE_KPROBE = TW_BY_KPROBE,
	EVIDENCE_FENTRY = TW_BY_FENTRY,
	NR_EVIDENCE = TW_NR_EVIDENCE,
};

enum end_reason {
	END_UNKNOWN = TW_END_UNKNOWN,
	END_EXPIRED = TW_END_EXPIRED,
	END_REUSED = TW_END_REUSED,
	END_REOPENED = TW_END_REOPENED,
	END_RESET = TW_END_RESET,
	END_DESTROYED = TW_END_DESTROYED,
	END_PURGED = TW_END_PURGED,
	NR_END_REASONS = TW_NR_END_REASONS,
};

enum direction {
	DIRECTION_UNKNOWN,
	DIRECTION_OUTGOING,
	DIRECTION_INCOMING,
};

/* Whether a RST ended the connection, and whose it was. */
enum reset {
	RESET_NONE,
	RESET_RECEIVED,
	RESET_SENT,
};

/* Whether SO_REUSEADDR was set: of what is not known nothing is said. */
enum reuse {
	REUSE_UNKNOWN,
	REUSE_NO,
	REUSE_YES,
};

#define PID_UNKNOWN 0
/* It failed, and nobody has said why: text_errno() has no name for it. */
#define ERROR_UNKNOWN (-1)
#define TIME_UNKNOWN UINT64_MAX

struct holder {
	uint32_t pid;		/* PID_UNKNOWN: in another pid namespace */
	uint32_t fds;
	char comm[16 * 4 + 1];	/* clean UTF-8 */
};

/* A connection as outputs see it. Pointers are valid during the call only. */
struct conn_view {
	uint64_t cookie;
	uint64_t netns_cookie;
	uint32_t netns_ino;
	uint8_t local_addr[16];
	uint8_t remote_addr[16];
	uint16_t local_port;		/* 0: not known (yet) */
	uint16_t remote_port;
	enum direction direction;
	uint32_t pid;
	const char *comm;		/* clean UTF-8; NULL: unknown */
	const char *service;		/* NULL: unknown */
	const char *cgroup;		/* path; NULL: unknown */
	/* for `list` */
	uint8_t state;			/* enum tw_state: minisocks show their substate */
	bool minisock;
	uint64_t since_ns;		/* when it entered this state */
	bool since_bound;		/* it is at least so old: that moment was not seen */
	uint64_t expires_ns;		/* minisock: when it will end; TIME_UNKNOWN */
	const struct holder *holders;
	uint32_t nr_holders;
	uint32_t rqueue;
	bool ours;			/* the command's that is traced */
};

struct port_holder;

struct model_event {
	enum event_kind kind;
	uint64_t ts_ns;
	const struct conn_view *conn;	/* NULL for EVENT_LOSS */
	uint8_t from, to;		/* TRANSITION, SUBSTATE: enum tw_state */
	uint64_t in_state_ns;		/* TRANSITION: TIME_UNKNOWN where it would be a guess */
	int error;			/* TRANSITION, *_FAILED: errno, 0: none, ERROR_UNKNOWN */
	enum reset reset;		/* TRANSITION to CLOSE */
	uint8_t reset_reason;		/* RESET_SENT: enum tw_reset_reason */
	uint8_t substate;		/* TIME_WAIT_*: TW_TIME_WAIT or TW_FIN_WAIT2 */
	enum evidence evidence;		/* TIME_WAIT_* */
	enum end_reason reason;		/* TIME_WAIT_EXIT */
	uint64_t residence_ns;		/* TIME_WAIT_EXIT: TIME_UNKNOWN where it would be a guess */
	uint8_t cause;			/* LOSS: enum tw_loss_cause */
	uint64_t count;			/* LOSS, REFUSED */
	/* BIND_FAILED, and CONNECT_FAILED of a bound port; NULL: not known (model/ports.h) */
	const struct port_holder *holder;
	enum reuse reuse;		/* BIND_FAILED: of the socket that asked */
	bool listening;			/* BIND_FAILED: listen() failed, not bind() */
};

/* The port that names the service: the listener's, on either side. */
uint16_t service_port(enum direction direction, uint16_t local_port, uint16_t remote_port);
enum role direction_role(enum direction direction);

const char *event_kind_name(enum event_kind kind);	/* "transition" */
const char *evidence_name(enum evidence evidence);
const char *end_reason_name(enum end_reason reason);
const char *direction_name(enum direction direction);	/* "outgoing" */
const char *role_name(enum role role);			/* "server" */
const char *reset_name(enum reset reset);		/* "sent"; NULL: none */
const char *reset_reason_name(unsigned int reason);	/* "abort_on_close"; NULL: unknown */
const char *loss_cause_name(unsigned int cause);	/* "ring_full" */
const char *state_name(unsigned int state);		/* as ss's long form: "FIN_WAIT1" */

#endif
