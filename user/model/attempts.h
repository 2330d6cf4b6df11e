/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What programs asked for while traced: each connect() with what became of it, from its port's
 * first moment to its last, kept after the connection has gone. The ground that whatif.h
 * replays. Internal to the model.
 */
#ifndef MODEL_ATTEMPTS_H
#define MODEL_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/index.h"

struct model;

#define MAX_ATTEMPTS 4000000
#define MAX_ATTEMPT_PATHS 20000

enum attempt_outcome {
	ATTEMPT_PENDING,	/* SYN_SENT until the window ended */
	ATTEMPT_OPENED,
	ATTEMPT_NO_PORT,	/* EADDRNOTAVAIL: connect() found none */
	ATTEMPT_FAILED,		/* refused, timed out, given up; its bound port was taken */
};

/* Who closed first, which says whose minisock it is. */
enum attempt_close {
	CLOSE_UNKNOWN,		/* open when the window ended */
	CLOSE_BY_US,		/* a minisock of ours follows */
	CLOSE_BY_PEER,
	CLOSE_BY_RESET,		/* or otherwise without a minisock on either side */
};

/*
 *   start_ns           close_ns          turned_ms later        end_ns
 *      |-- full socket ----|-- FIN_WAIT2 minisock --|-- TIME_WAIT --|
 */
struct attempt {
	uint64_t start_ns;	/* SYN_SENT; 0: before the window */
	uint64_t close_ns;	/* of the full socket; 0: not yet */
	uint64_t end_ns;	/* of the minisock; 0: not yet, or none */
	uint32_t path;		/* number in struct attempts */
	uint32_t service;
	uint32_t turned_ms;	/* how long the minisock was in FIN_WAIT2; ~0: to its end, or now */
	uint16_t port;		/* 0: none was found, or not known yet */
	uint8_t outcome : 3;	/* enum attempt_outcome */
	uint8_t close : 3;	/* enum attempt_close */
	uint8_t bound : 1;	/* its port was chosen before connect() */
	uint8_t mini : 1;	/* a minisock was born */
	uint8_t reason : 4;	/* of the minisock's end: enum end_reason */
	uint8_t exact : 1;	/* end_ns was told by an evidence tier */
	uint8_t refused : 1;	/* the minisock never was: tcp_max_tw_buckets; mini is not set */
};

_Static_assert(sizeof(struct attempt) == 40, "there are millions");

/* The kernel looks for a port once for each of these (__inet_hash_connect()). */
struct attempt_path {
	uint64_t netns_cookie;
	uint8_t local_addr[16], remote_addr[16];
	uint32_t netns_ino;
	uint16_t remote_port;
	uint8_t source;
};

struct attempts {
	struct attempt *items;	/* owned, in order of their starts */
	size_t count, room;
	struct attempt_path *paths; /* owned */
	uint32_t nr_paths;
	struct index by_path;
	uint32_t *of_conn;	/* owned: number + 1 by connection; 0: none */
	uint32_t room_conns;
	uint64_t left_out;	/* there was no room for */
	uint64_t until_ns;	/* of the first one left out; 0: none was */
};

/* NULL: no memory. */
struct attempts *attempts_new(void);
void attempts_free(struct attempts *attempts);
/* To be called after every change of a connection's facts. */
void attempts_follow(struct model *model, uint32_t id);
/* The connection is about to be forgotten. */
void attempts_leave(struct model *model, uint32_t id);
/* The window begins: what lives is there at its start, what has ended never was. */
void attempts_restart(struct model *model);

#endif
