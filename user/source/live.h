/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live host as a source: loads and attaches the programs, reads the ring,
 * takes snapshots, and delivers all of it as wire records in an order that the
 * model may rely on:
 *
 *   TIER | events ... | NETNS | SNAPSHOT_BEGIN SOCKET... HOLDER... SNAPSHOT_END | READY
 *   events TICK, events TICK, ... at each interval SPILLED..., LOSS and snapshots as above
 *
 * A snapshot is delivered after every event older than its end, be it told in sum.
 */
#ifndef SOURCE_LIVE_H
#define SOURCE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/caps.h"
#include "base/error.h"
#include "source/source.h"
#include "tw_config.h"

/*
 * All that live_new() makes use of, in this process and those that it starts (source/acts.h);
 * what is not permitted switches something off.
 */
#define LIVE_CAPS                                                                        \
	(CAPS(BPF) | CAPS(PERFMON) | CAPS(SYS_ADMIN) | CAPS(SYS_PTRACE) | CAPS(SYSLOG) | \
	 CAPS(DAC_READ_SEARCH) | CAPS(CHECKPOINT_RESTORE))

struct live;

struct live_opts {
	struct tw_filter filter;
	uint64_t ring_bytes;		/* of all buffers together; 0: by the machine */
	uint32_t pid;			/* whose sockets are wanted; 0: everybody's */
	bool syscalls;			/* trace accept() and bind() as system calls */
	bool ages;			/* ask how long sockets found at start have been idle */
	bool leaks;			/* tell what tells of leaks, too */
	bool failures;			/* tell of bind() and listen() that fail, and who has the port */
	bool binds;			/* of them bind() is asked for by name: warn where it is unseen */
	bool facts;			/* tell the files of each namespace (base/facts.h) */
	uint32_t scope_pid;		/* only what this process and those below it do; 0: all */
	uint64_t scope_cgroup;		/* and what is done in this control group; 0: none */
	enum tw_evidence evidence;	/* the tier wanted; TW_NR_EVIDENCE: the best there is */
	uint32_t stacks;		/* tell stacks of one socket in so many; 0: none */
	bool debuginfod;		/* and ask the network for debug information */
	bool no_audit;			/* of other namespaces the first snapshot is the only one */
};

/*
 * Loads and attaches. NULL with @err where this host cannot be traced: its code is
 * what the kernel said, its text what is missing and what to do.
 */
struct live *live_new(const struct live_opts *opts, struct error *err);
void live_free(struct live *live);
/* The evidence tier in use. */
enum tw_evidence live_evidence(const struct live *live);
/*
 * What the calling process must keep permitted from here on (base/caps.h); it is raised here
 * where it is needed. Whatever else it has may be given up before live_start().
 */
uint32_t live_kept_caps(const struct live *live);

/* First snapshot of every namespace and its holders, then READY. 0 or -errno. */
int live_start(struct live *live, const struct receiver *to, struct error *err);
/* Becomes readable when records wait. */
int live_fd(const struct live *live);
/* Delivers what waits, then a TICK if there was anything. True if there was. */
bool live_drain(struct live *live, const struct receiver *to);
/*
 * Once an interval: loss, new and ended namespaces, and a snapshot of each if the
 * last ones were cheap enough (@budget: at most this share of the time, in
 * thousandths; 0: at any cost) or something was lost; with @ages, when data passed last.
 */
void live_interval(struct live *live, unsigned int budget, bool ages, const struct receiver *to);
/* Whether the last look for holders was cheap enough for another one. */
bool live_may_look_for_holders(const struct live *live);
/* Looks for the holders of sockets now; @budget, in thousandths of the time, is the next one's. */
void live_look_for_holders(struct live *live, unsigned int budget, const struct receiver *to);
/*
 * Looks for sockets in CLOSE that are held, if the last look was cheap enough (@budget as
 * above). Only with live_opts.leaks.
 */
void live_look_for_closed(struct live *live, unsigned int budget, const struct receiver *to);
/* Tells of these processes; those that are gone are left out. */
void live_tell_processes(struct live *live, const uint32_t *pids, size_t count,
			 const struct receiver *to);
/* The counts of every (from, to), and END. */
void live_end(struct live *live, const struct receiver *to);

uint64_t live_now_ns(void);

#endif
