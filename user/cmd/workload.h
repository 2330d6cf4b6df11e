/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `demo` plays: five processes that talk TCP with each other, in a network
 * namespace of their own where that is allowed, else on this host's loopback.
 * They are in place when workload_start() returns, and begin to talk when a line
 * is written to @line; they end when it is closed, or with this process.
 */
#ifndef CMD_WORKLOAD_H
#define CMD_WORKLOAD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* The servers' ports. */
enum workload_port {
	WORKLOAD_CHURNED,	/* demo-db; its client demo-churn closes first */
	WORKLOAD_SERVED,	/* demo-server, which closes first */
	WORKLOAD_LEAKED,	/* demo-leaky, which never closes */
	NR_WORKLOAD_PORTS,
};

struct workload {
	uint16_t ports[NR_WORKLOAD_PORTS];
	uint32_t netns_ino;	/* of their own namespace; 0: this host's loopback */
	int line;
	pid_t pid;		/* the parent of the five */
};

/*
 * @ready_fd: gets the line too, once it is written; -1: nobody. 0 or -errno, with
 * nothing left behind. The caller blocks the signals that are not to reach the
 * processes before it calls.
 */
int workload_start(struct workload *workload, int ready_fd, struct error *err);
/* Ends the processes and waits for them; -errno if one of them failed on its way. */
int workload_stop(struct workload *workload, struct error *err);

#endif
