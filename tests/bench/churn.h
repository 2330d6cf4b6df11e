/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections opened and closed as fast as possible, counted exactly at both ends.
 *
 * A process of clients and one of servers, with as many threads each: thread t of the
 * clients meets thread t of the servers only, on ports of their own. So no counter has
 * two writers, and everything is added up at the end.
 */
#ifndef CHURN_H
#define CHURN_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { MAX_THREADS = 64, MAX_PORTS = 20000, MAX_REMOTES = 1 << 16, MAX_ERRNO = 256 };

struct churn_opts {
	unsigned int threads, first_port, ports, remotes;
	uint64_t count;		/* connections; 0: until it is stopped */
	uint64_t time_ns;	/* 0: until it is stopped */
	bool server_first;
	bool bind_source;	/* connect from the address that is connected to */
	bool here, json;
	int ready_fd, control_fd;
};

/* Written by one side, which is one process; read by all when it has ended. */
struct churn_side {
	uint64_t ports[MAX_PORTS];
	uint64_t remotes[MAX_THREADS][MAX_REMOTES]; /* by the address of the other end */
	uint64_t odd_remotes[MAX_THREADS];	/* of none of the addresses that are used */
	uint64_t total[MAX_THREADS];
	uint64_t cut[MAX_THREADS];		/* ended otherwise than by the peer's FIN */
};

/* What a pair of threads tells each other while it runs. */
struct churn_pair {
	_Alignas(64) int credit_fd;	/* so many more may be connected */
	int over_fd;			/* the client has finished, and connected so many: */
	uint64_t connected;
};

/* Shared by all processes of a run. */
struct churn {
	struct churn_opts opts;
	int start_fd;			/* a client thread starts when it can read here */
	int listening[2];		/* the servers write a byte when all ports listen */
	_Atomic bool stop;
	struct churn_pair pairs[MAX_THREADS];
	struct churn_side clients, servers;
	uint64_t failed[MAX_THREADS][MAX_ERRNO]; /* connects */
	uint64_t begun_ns[MAX_THREADS], ended_ns[MAX_THREADS];
	int listeners[MAX_PORTS];
};

/* The address of remote number @remote: 127.0.0.1 and up. */
static inline struct in_addr churn_remote(unsigned int remote)
{
	return (struct in_addr){ htonl(INADDR_LOOPBACK + remote) };
}

/* Never return: each is a process of its own. */
_Noreturn void churn_clients(struct churn *churn);
_Noreturn void churn_servers(struct churn *churn);
/* One thread for each pair; returns when all have ended. */
void churn_threads(struct churn *churn, void *(*run)(void *job));

struct churn_job {
	struct churn *churn;
	unsigned int number;
};

/* Reads to the end; what comes is not looked at. False: it was cut. */
bool churn_drain(int fd);

/* Prints what happened. False when it is not what should have: it says so on stderr. */
bool churn_report(const struct churn *churn);

#endif
