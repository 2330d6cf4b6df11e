/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has a port, asked right after a bind(), a listen() or the connect() of a bound socket has
 * found it taken: the walks of bpf/bound.bpf.c, no more often than looks.h allows.
 */
#ifndef SOURCE_BOUND_H
#define SOURCE_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "source/looks.h"
#include "source/source.h"
#include "source/survey.h"

struct twtrace_bpf;

struct bound {
	struct twtrace_bpf *skel;	/* borrowed, as the survey; NULL: nobody wants to know */
	struct survey *survey;
	struct looks looks;
};

/*
 * Whether a connect() has found the port taken that its socket was bound to: no SYN was sent,
 * nobody gave up, and there is a port (__inet_hash_connect(), net/ipv4/inet_hashtables.c).
 */
bool bound_collides(const struct tw_transition *full);
/* What failed for want of a port: at ts_ns, of the socket with that cookie, 0: it has none. */
struct bound_failure {
	const struct tw_tuple *tuple;
	uint64_t cookie, ts_ns;
};

/*
 * Delivers a TW_BOUND for each other socket that has the port in its namespace. False: nobody
 * has looked, or not at all of them, and none was delivered.
 */
bool bound_look(struct bound *bound, const struct bound_failure *failure,
		const struct receiver *to);

#endif
