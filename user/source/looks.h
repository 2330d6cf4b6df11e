/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which failures are worth a look at who has the port: a look walks all sockets of a namespace
 * and all open files of the host, and a program that tries again and again fails as often.
 */
#ifndef SOURCE_LOOKS_H
#define SOURCE_LOOKS_H

#include <stdbool.h>
#include <stdint.h>

/* Looks take at most so many thousandths of the time, */
#define LOOKS_BUDGET 20
/* of which so much may have been saved up; each counts as so much at least: 20 a second. */
#define LOOKS_SAVED_NS 50000000ULL
#define LOOKS_LEAST_NS 1000000ULL
/* What has been seen so lately is not looked at again. */
#define LOOKS_FRESH_NS 100000000ULL
#define LOOKS_PLACES 32

struct looks {
	int64_t credit_ns;	/* below zero: the last look was dear */
	uint64_t credited_ns;	/* when it was reckoned last */
	struct {
		uint64_t netns_cookie, ts_ns;
		uint16_t port;	/* 0: none */
	} places[LOOKS_PLACES];	/* looked at last, in a ring */
	unsigned int next;
};

void looks_init(struct looks *looks, uint64_t now_ns);
/* Whether to look at this port of this namespace; if so, looks_charge() is to follow. */
bool looks_allow(struct looks *looks, uint64_t netns_cookie, uint16_t port, uint64_t now_ns);
/* What the look has cost, of the processor's time. */
void looks_charge(struct looks *looks, uint64_t cost_ns);

#endif
