/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What user space tells the kernel programs before they load, and what they
 * count: configuration, filters, per-CPU counters.
 */
#ifndef TW_CONFIG_H
#define TW_CONFIG_H

#include "tw_record.h"

#define TW_MAX_PORT_RANGES 16
#define TW_MAX_CIDRS 8

struct tw_port_range {
	__u16 low, high;	/* inclusive */
};

struct tw_cidr {
	__u8 addr[16];		/* IPv4-mapped for IPv4 */
	__u32 bits;		/* of the 128: an IPv4 /24 is 120 */
};

/* An empty list lets everything pass. */
struct tw_filter {
	__u32 nr_ports;		/* either end */
	__u32 nr_local_ports;
	__u32 nr_remotes;
	__u32 netns_ino;	/* 0: all */
	__u32 family;		/* 0, 4 or 6; IPv4-mapped counts as 4 */
	struct tw_port_range ports[TW_MAX_PORT_RANGES];
	struct tw_port_range local_ports[TW_MAX_PORT_RANGES];
	struct tw_cidr remotes[TW_MAX_CIDRS];
};

struct tw_config {
	__u32 pidns_ino;	/* the tracer's pid namespace: owners are numbered in it */
	__u32 wakeup_bytes;	/* wake the reader when so much waits in the shared ring */
	__u64 wakeup_ns;	/* or when that ring last woke it so long ago */
	__u32 has_filter;
	__u32 lane_bytes;	/* the data of a lane, a power of two */
	__u32 has_tier;		/* an evidence tier tells of minisocks */
	__u32 cpus;		/* so many lanes */
	__u32 pid;		/* told with what is told in sum, if it is this one's; 0: none */
	__u32 leaks;		/* leaks are looked for: tell what tells of them */
	__u32 stacks;		/* stacks of one socket in so many; 0: none */
	__u32 infer_listen;	/* no probe tells of a listen() that fails */
	__u32 exit_accept;	/* accept() is seen as a system call */
	__u32 exit_bind;	/* and so is a bind() to an address that is not there */
	__u32 exit_bind_in_use;	/* and one that finds its port taken: no function tells of it */
	__u32 scope_pid;	/* only what it and its descendants do is told; 0: everybody's */
	__u64 scope_cgroup;	/* and what is done in this control group; 0: none */
};

/* What the kernel's ticks were, and when. */
struct tw_ticks {
	__u64 jiffies;
	__u64 ts_ns;
};

/* What the walk after sockets in CLOSE finds: their idle_ms in ticks, by this clock. */
struct tw_closed_found {
	struct tw_closed_held held;
	__u64 jiffies;
};

/* Whose holders a look at a port is to find. */
struct tw_bound_wanted {
	__u64 netns_cookie;
	__u16 port;
	__u16 pad;
	__u32 room;		/* so many are wanted at most; 0 in the end: not all were told */
};

/* What it finds: expires_ms in ticks. */
struct tw_bound_found {
	struct tw_bound bound;
	__u64 jiffies;
};

/* So many processes of a command may live at once. */
#define TW_SCOPE_MEMBERS (64 * 1024)

/* A piece of the kernel's code. */
struct tw_code {
	__u64 start, end;
};

/* So many pieces run timers that are due; the evidence tier `timer` is told where. */
#define TW_EXPIRING 8

/* So many different changes of so many different connections are added up at overload. */
#define TW_SPILL_ENTRIES (128 * 1024)

/* One a CPU. */
struct tw_counters {
	__u64 pairs[TW_NR_STATES * TW_NR_STATES]; /* of changes that no lane has */
	__u64 lost_ring;	/* records that the ring had no room for, other than changes */
	__u64 lost_sum;		/* changes that could not even be added up */
	__u64 spilled;		/* changes that are told in sum, or only by the next snapshot */
	__u64 caught;		/* by the second and third program */
};

#endif
