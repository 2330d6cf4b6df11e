/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network namespaces of this host: those of processes and the named ones.
 * Nothing is held open between calls, because an open namespace or a socket in it
 * would keep a dead one alive.
 */
#ifndef SOURCE_NETNS_H
#define SOURCE_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct netns_entry {
	uint64_t cookie;	/* SO_NETNS_COOKIE: the identity */
	uint32_t ino;
	char name[64];		/* under /run/netns, "host" for init's; "" */
	char path[96];		/* how it was reached last */
	bool told;		/* for the caller, as the next one */
	uint64_t facts_ns;	/* when its files were told last; 0: never */
};

struct netns_list {
	struct netns_entry *entries;	/* owned */
	size_t count, room;
	uint32_t *inodes;	/* owned: every namespace the last scan came by */
	size_t nr_inodes, room_inodes;
	bool complete;		/* no process was hidden from that scan */
	int own_fd;		/* the tracer's own, to come back to */
	uint32_t own_ino;
	bool away;		/* between netns_enter() and netns_leave() */
};

int netns_list_init(struct netns_list *list, struct error *err);
void netns_list_release(struct netns_list *list);
/* Looks for namespaces that are not in the list yet. Returns how many were added, or -errno. */
int netns_list_scan(struct netns_list *list);
/*
 * Whether the namespace has certainly ended: the last scan saw every process and
 * came by none in it, nor by a name for it, or its inode number is another's now.
 */
bool netns_list_is_gone(const struct netns_list *list, uint64_t cookie, uint32_t ino);
const struct netns_entry *netns_list_find(const struct netns_list *list, uint64_t cookie);
void netns_list_remove(struct netns_list *list, size_t at);

/*
 * Moves this thread into the namespace; netns_leave() brings it back. Finds another
 * way in when the process that was the last one has ended. -ESRCH: it is gone;
 * -EPERM: not allowed.
 */
int netns_enter(struct netns_list *list, struct netns_entry *entry);
void netns_leave(struct netns_list *list);

#endif
