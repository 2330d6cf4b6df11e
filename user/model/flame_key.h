/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The place of a connection in a flame-style summary, as values that compare quickly. Internal
 * to the model.
 */
#ifndef MODEL_FLAME_KEY_H
#define MODEL_FLAME_KEY_H

#include "model/conn.h"
#include "tw_record.h"

/* Who closed first. */
enum closer {
	CLOSER_UNKNOWN,
	CLOSER_NOBODY,		/* not closed yet */
	CLOSER_US,
	CLOSER_PEER,
	CLOSER_RESET,		/* a RST ended it before anybody had closed */
	CLOSER_FAILED,		/* it was never opened */
	NR_CLOSERS,
};

/* How its TIME_WAIT ended. */
enum fate {
	FATE_UNKNOWN,		/* whether it has one at all */
	FATE_OPEN,		/* not closed yet */
	FATE_NONE,		/* it has none */
	FATE_HELD,		/* it lasts */
	FATE_REFUSED,
	FATE_ENDED,		/* + enum end_reason */
	NR_FATES = FATE_ENDED + NR_END_REASONS,
};

/* Only what is asked for is set, the rest is zero, so keys compare as bytes. */
struct flame_key {
	uint8_t remote_addr[16];
	char comm[TW_COMM_LEN];
	uint32_t pid;
	uint32_t service;
	uint32_t netns;		/* number in flames->netns, + 1; FLAME_NETNS_OTHER; 0: unknown */
	uint32_t stack;		/* stacks_of_conn()'s place of the stack, + 1 */
	uint16_t port, local_port, remote_port;
	uint8_t role;
	uint8_t state;		/* enum tw_state; 0: unknown */
	uint8_t closer;		/* enum closer */
	uint8_t fate;		/* enum fate */
	uint8_t source;		/* whose host */
	uint8_t error;		/* errno, or ERROR_UNKNOWN's low byte; 0: none */
	uint8_t other;		/* of what there was no room for */
	uint8_t unconnected;	/* there is no other end: of a bind(), or a listen() */
	uint8_t unused[2];
};

_Static_assert(sizeof(struct flame_key) == 64, "a key has no gaps");

/* One of those that there was no room for. */
#define FLAME_NETNS_OTHER UINT32_MAX

/* A namespace outlives its connections here, for its name. */
struct flame_netns {
	uint64_t cookie;
	uint32_t ino;
	uint32_t source;
	char name[64];		/* clean; empty: none */
};

struct course;

/* The connection's place, but for its state. @course: what it has been through. */
struct flame_key flame_key_of(const struct model *model, uint32_t id, const struct course *course);
/* The same of a connection of which only its owner and tuple are known, and how it failed. */
struct flame_key flame_key_of_sum(const struct model *model, const struct conn *like,
				  uint8_t error);
/* The state that it is in, or was in last; 0: not known. */
uint8_t flame_state_of(const struct conn *conn);

#endif
