/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TCP sockets of one network namespace as sock_diag lists them, minisocks
 * included, and the kernel's own figures beside. Dumping gives every socket a
 * cookie, which is what lets events and dumps be merged.
 */
#ifndef SOURCE_SNAPSHOT_H
#define SOURCE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "source/netns.h"
#include "tw_record.h"

/* Called between two reads of a dump: whoever must not wait for its end works there. */
struct pause {
	void (*run)(void *ctx);
	void *ctx;
};

struct snapshot {
	struct tw_snapshot begin, end;
	struct tw_socket *sockets;	/* owned */
	size_t count, room;
};

/* Frees the sockets; what was read beside them stays. */
void snapshot_release(struct snapshot *snapshot);
/*
 * Reads the namespace into @snapshot (which may be used again). @ages: ask for
 * tcp_info too, for how long sockets have been idle. -ESRCH: the namespace is gone.
 * A dump that fails half-way keeps what it has; its errno is in end.head.error.
 */
int snapshot_take(struct snapshot *snapshot, const struct netns_list *list,
		  struct netns_entry *entry, bool ages, const struct pause *pause,
		  struct error *err);

#endif
