/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ephemeral ports: how many there are for each destination, who has them, how long they last;
 * and what failed for want of one. docs/ports.md says how each figure is come by.
 *
 * The kernel looks for a port per (namespace, source, destination, port): a port that is in
 * use towards one destination is free towards another, unless an explicit bind() has it
 * (__inet_hash_connect(), net/ipv4/inet_hashtables.c).
 */
#ifndef MODEL_PORTS_H
#define MODEL_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "model/histogram.h"

struct model;

/*
 * Of late: in the hour under way or in the one before it (model/lately.h), so that a level is seen
 * by who looks in now and then, and ends. From half of the ports on connect() searches all of one
 * parity first, and gets slow.
 */
enum budget_level {
	BUDGET_FINE,
	BUDGET_NEARING,		/* half will be used within a minute, at this rate */
	BUDGET_HALF,		/* half of the ports are used, or were of late */
	/*
	 * all are used, or were of late, or a connect() found none; with tcp_tw_reuse: all
	 * are used by what it can't take over
	 */
	BUDGET_EXHAUSTED,
	NR_BUDGET_LEVELS,
};

/* Text belongs to the model and lasts until the next record is fed. */
struct budget {
	enum budget_level level;
	uint64_t netns_cookie;
	uint32_t netns_ino;
	uint8_t source;		/* of the recording */
	const char *netns_name;	/* "host", a name under /run/netns, or NULL */
	uint8_t local_addr[16], remote_addr[16];
	uint16_t remote_port;
	/* ip_local_port_range, or the IP_LOCAL_PORT_RANGE of its sockets; 0, 0: unknown */
	uint16_t low, high;
	bool own_range;		/* the latter, and others have another budget towards there */
	uint32_t reserved;	/* of the range: ip_local_reserved_ports */
	bool reserved_known;	/* false: none are taken off */
	uint32_t blocked;	/* of the range, for every destination: listeners, explicit binds */
	bool blocked_by_bind;	/* by sockets that were bound and then connected, some of them */
	uint32_t capacity;	/* what is left for connect() to choose from */
	/* ports of the range that are used towards this destination, by what has them */
	uint32_t used;		/* the sum of the next four */
	uint32_t established, time_wait, fin_wait2 /* minisocks */, other;
	uint32_t bound;		/* of used: chosen by bind(), which blocks them elsewhere */
	uint32_t peak;		/* the most that were used at once while traced */
	uint64_t opened;	/* connect() calls while traced: also the failed ones */
	uint64_t failures;	/* that found no port */
	double per_s;		/* attempts: opened a second, of late; NAN: not known yet */
	double sustainable_per_s; /* what the ports last for, for ever; NAN: unknown */
	uint64_t hold_ns;	/* how long a connection has its port, TIME_WAIT included; 0: unknown */
	bool reusable;		/* tcp_tw_reuse: connect() takes TIME_WAITs over after a second */
	bool hold_measured;	/* by ends that were seen; else of TIME_WAIT's 60 s and the wheel */
	uint64_t half_ns;	/* until half are used; 0: they are; TIME_UNKNOWN: never, or unknown */
	uint64_t end_ns;	/* until none is left; likewise */
	struct histogram search; /* time in connect() before the SYN was sent */
	struct histogram search_late; /* the same of the last 10 to 20 s */
	const char *service;	/* that has most of the ports; NULL: unknown */
	uint32_t service_used;
	uint32_t pid;		/* the latest of it */
	const char *comm;
};

const char *budget_level_name(enum budget_level level);	/* "half" */

/*
 * The budgets as they are now, worst first: exhausted ones, then by the share that is used.
 * NULL, 0: none. Lasts until the next record is fed. errno is ENOMEM where there was no memory
 * for all that they tell, and 0 otherwise.
 */
size_t model_budgets(const struct model *model, const struct budget **budgets);
/* Budgets that there was no room for: of those nothing is known. */
uint64_t model_budgets_left_out(const struct model *model);

enum failure_kind {
	FAILURE_CONNECT,
	FAILURE_BIND,
	FAILURE_LISTEN,
	NR_FAILURE_KINDS,
};

const char *failure_kind_name(enum failure_kind kind);	/* "connect" */

/* What has the port that was asked for. */
enum port_holder_kind {
	HELD_UNKNOWN,		/* nobody looked, or nothing was there any more */
	HELD_BY_LISTENER,
	HELD_BY_CONNECTION,	/* any state of a full socket but LISTEN and CLOSE */
	HELD_BY_TIME_WAIT,	/* minisocks of either substate */
	HELD_BY_BOUND,		/* bound, neither listening nor connected */
	NR_PORT_HOLDERS,
};

const char *port_holder_name(enum port_holder_kind kind);	/* "time_wait"; NULL: unknown */

struct port_holder {
	enum port_holder_kind kind;	/* the strongest: a listener before a connection, ... */
	uint32_t sockets;	/* of that kind on that port */
	enum reuse reuse;	/* NO where any of them has it not */
	uint8_t state;		/* of HELD_BY_CONNECTION: enum tw_state of most of them */
	const char *service;	/* NULL: unknown */
	uint32_t pid;
	const char *comm;
	uint64_t left_ns;	/* minisocks: until the last of them ends; TIME_UNKNOWN */
};

/*
 * Failures that are alike: same namespace, service, process, kind, error, ends but for ephemeral
 * ports. Where they are of more than 16 processes, those of the later ones are in one row.
 */
struct failure {
	enum failure_kind kind;
	int error;		/* errno, ERROR_UNKNOWN */
	uint64_t netns_cookie;
	uint32_t netns_ino;
	uint8_t source;
	const char *netns_name;
	const char *service, *comm;	/* NULL: unknown */
	uint32_t pid;		/* PID_UNKNOWN also: several */
	uint8_t local_addr[16];	/* all zero: any, or unknown */
	uint16_t local_port;	/* 0: an ephemeral one */
	uint8_t remote_addr[16]; /* CONNECT */
	uint16_t remote_port;
	enum reuse reuse;	/* BIND, LISTEN: of the socket that failed */
	bool inferred;		/* LISTEN: from changes of state alone */
	uint64_t count;
	uint64_t first_ns, last_ns;
	uint64_t took_max_ns;	/* EADDRNOTAVAIL: the longest search that found nothing */
	struct port_holder holder; /* EADDRINUSE, EADDRNOTAVAIL of a bound port: of the last one */
};

/* Most frequent first; of those that found no room only model_failures_left_out() knows. */
size_t model_failures(const struct model *model, const struct failure **failures);
uint64_t model_failures_left_out(const struct model *model);
/*
 * Of all rows of model_failures(): how many failed that are like the one at @at, whatever the
 * process and its command. 0: a row before it is alike, and has said so. Pure.
 */
uint64_t failures_of_service(const struct failure *failures, size_t count, size_t at);

/*
 * Whether a bind() that failed would be among them: of all sources that were fed, unseen where
 * it is of one, unknown where it is of one.
 */
enum tw_binds model_binds(const struct model *model);

/* The files of a namespace (base/facts.h) as they were first and as they were last. */
struct netns_facts {
	uint64_t netns_cookie;
	uint32_t netns_ino;
	uint8_t source;
	const char *netns_name;
	const char *first, *last;	/* the same where they were told once */
	uint64_t first_ns, last_ns;
	uint64_t gone_ns;	/* when the namespace ended; 0: it has not */
};

/* In the order in which they were told; of those that have ended the oldest give way first. */
size_t model_facts(const struct model *model, const struct netns_facts **facts);
/* How often files of a namespace were told that there was no room for: of those nothing is known. */
uint64_t model_facts_left_out(const struct model *model);

#endif
