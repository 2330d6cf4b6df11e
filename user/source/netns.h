/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network namespaces of this host: those of processes and the named ones. The tracer's own
 * it looks into itself, the others a keeper. Nothing is held open between calls, because an open
 * namespace or a socket in it would keep a dead one alive.
 */
#ifndef SOURCE_NETNS_H
#define SOURCE_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "source/acts.h"

struct netns_entry {
	uint64_t cookie;	/* SO_NETNS_COOKIE: the identity */
	uint32_t ino;
	char name[64];		/* under /run/netns, "host" for init's; "" */
	char path[96];		/* how it was reached last */
	bool told;		/* for the caller, as the next two */
	bool closed;		/* that it is not looked into any more */
	uint64_t facts_ns;	/* when its files were told last; 0: never */
};

struct netns_list {
	struct netns_entry *entries;	/* owned */
	size_t count, room;
	uint32_t *inodes;	/* owned: every namespace the last scan came by */
	size_t nr_inodes, room_inodes;
	bool complete;		/* no process was hidden from that scan */
	bool own_only;		/* the others are not looked into any more */
	uint32_t own_ino;
	struct keeper *keeper;	/* borrowed */
};

int netns_list_init(struct netns_list *list, struct keeper *keeper, struct error *err);
void netns_list_release(struct netns_list *list);
/* Looks for namespaces that are not in the list yet. */
void netns_list_scan(struct netns_list *list);
/*
 * Whether the namespace has certainly ended: the last scan saw every process and
 * came by none in it, nor by a name for it, or its inode number is another's now.
 */
bool netns_list_is_gone(const struct netns_list *list, uint64_t cookie, uint32_t ino);
/* The cookie of the namespace that this thread is in; 0: the kernel has none to give (before 5.14). */
uint64_t netns_current_cookie(void);
const struct netns_entry *netns_list_find(const struct netns_list *list, uint64_t cookie);
void netns_list_remove(struct netns_list *list, size_t at);

/* Whether it is looked into: it is the tracer's own, or the others are, too. */
bool netns_is_open(const struct netns_list *list, const struct netns_entry *entry);
/*
 * Has an act (ACT_NETNS_OPEN, ...) done in the namespace, with @fd (-1: none); what it answers
 * is behind a struct netns_way. Finds another way in when the process that was the last one has
 * ended. -ESRCH: it is gone; -EPERM: not allowed; -ENOTCONN: there is no keeper any more, or it
 * is not looked into. @answer: to be released in any case.
 */
int netns_ask(const struct netns_list *list, struct netns_entry *entry, enum act_number act, int fd,
	      struct answer *answer);

#endif
