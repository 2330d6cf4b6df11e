/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel chooses a port for connect(): __inet_hash_connect(), net/ipv4/inet_hashtables.c.
 * It begins behind where it was last time and takes every second port, all of one parity
 * before the first of the other one. Internal to the model.
 */
#ifndef MODEL_PORT_SPACE_H
#define MODEL_PORT_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/port_settings.h"

/* The kernel's steps through ip_local_port_range: every second port (since 4.2). */
#define PORT_STEP 2
/* And through a socket's own IP_LOCAL_PORT_RANGE (6.8). */
#define PORT_STEP_OWN 1

/*
 * How many of the ports from @low on connect() chooses from. By steps of two it goes through an
 * even number, unless there is just one: the last port of an odd range is never taken.
 */
uint32_t port_range_count(uint16_t low, uint16_t high, unsigned int step);

/* The ports of a namespace. */
struct port_range {
	uint16_t low;
	uint32_t count;		/* even, unless 1: connect() never takes the last one of an odd range */
	uint32_t open;		/* neither reserved nor blocked */
	uint32_t words;		/* of a bitmap of one parity */
	uint64_t *may[2];	/* owned, by parity (of the distance from @low): the open ones */
	uint16_t *blocks;	/* owned, by distance: explicit binds, and one for each listener */
	uint16_t *users;	/* owned, by distance: that connect() has chosen it for */
};

/* @reserved may be NULL. 0 or -ENOMEM. */
int port_range_init(struct port_range *range, uint16_t low, uint16_t high,
		    const struct port_set *reserved);
void port_range_release(struct port_range *range);
/* Ports outside the range are none of it: nothing happens. */
void port_range_block(struct port_range *range, uint16_t port);
void port_range_unblock(struct port_range *range, uint16_t port);
/* One more (1), or one less (-1), has it towards some destination. */
void port_range_use(struct port_range *range, uint16_t port, int sign);
/*
 * Whether bind() may have it: no connect() has chosen it, towards any destination. Another
 * bind() may have, as two with SO_REUSEADDR do.
 */
bool port_range_is_idle(const struct port_range *range, uint16_t port);
/*
 * What bind() to port 0 gets (inet_csk_find_open_port()): the parity that connect() tries
 * last, from @start on; 0: none is idle.
 */
uint16_t port_range_find_idle(const struct port_range *range, uint32_t start);

/* The ports towards one destination from one address. */
struct port_space {
	uint64_t *may[2];	/* owned, by parity: free, or in a TIME_WAIT that may be taken over */
	uint32_t offset;	/* table_perturb[] and the secret hash, together */
};

/* 0 or -ENOMEM. */
int port_space_init(struct port_space *space, const struct port_range *range, uint32_t offset);
void port_space_release(struct port_space *space);
/*
 * The port that connect() gets, and where the next search begins; 0: EADDRNOTAVAIL. @random:
 * by up to seven ports more the kernel goes on, as long as there are many free ones.
 */
uint16_t port_space_choose(struct port_space *space, const struct port_range *range,
			   uint32_t random);
/* Whether connect() may take the port from now on. */
void port_space_set(struct port_space *space, const struct port_range *range, uint16_t port,
		    bool may);

#endif
