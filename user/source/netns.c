// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of namespaces, and who is asked what is in them. */
#include "source/netns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OWN_PATH "/proc/self/ns/net"

int netns_list_init(struct netns_list *list, struct keeper *keeper, struct error *err)
{
	struct stat st;

	*list = (struct netns_list){ .keeper = keeper };
	if (stat(OWN_PATH, &st))
		return error_set(err, -errno, "cannot look at " OWN_PATH ": %s; is /proc mounted?",
				 strerror(errno));
	list->own_ino = st.st_ino;
	return 0;
}

void netns_list_release(struct netns_list *list)
{
	free(list->entries);
	free(list->inodes);
	*list = (struct netns_list){ .count = 0 };
}

const struct netns_entry *netns_list_find(const struct netns_list *list, uint64_t cookie)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].cookie == cookie)
			return &list->entries[i];
	return NULL;
}

void netns_list_remove(struct netns_list *list, size_t at)
{
	list->count--;
	memmove(&list->entries[at], &list->entries[at + 1],
		(list->count - at) * sizeof(list->entries[0]));
}

static bool has_inode(const struct netns_list *list, uint32_t ino)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].ino == ino)
			return true;
	return false;
}

static int append(struct netns_list *list, const struct netns_entry *entry)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct netns_entry *grown = realloc(list->entries, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		list->entries = grown;
		list->room = room;
	}
	list->entries[list->count++] = *entry;
	return 0;
}

static bool saw(const struct netns_list *list, uint32_t ino)
{
	for (size_t i = 0; i < list->nr_inodes; i++)
		if (list->inodes[i] == ino)
			return true;
	return false;
}

bool netns_list_is_gone(const struct netns_list *list, uint64_t cookie, uint32_t ino)
{
	if (netns_list_find(list, cookie))
		return false;
	return has_inode(list, ino) || (list->complete && !saw(list, ino));
}

static void note_inode(struct netns_list *list, uint32_t ino)
{
	/* the processes of one namespace come in runs */
	if (saw(list, ino))
		return;
	if (list->nr_inodes == list->room_inodes) {
		size_t room = list->room_inodes ? 2 * list->room_inodes : 16;
		uint32_t *grown = realloc(list->inodes, room * sizeof(*grown));

		if (!grown) {
			/* one that is there must not pass for one that is gone */
			list->complete = false;
			return;
		}
		list->inodes = grown;
		list->room_inodes = room;
	}
	list->inodes[list->nr_inodes++] = ino;
}

bool netns_is_open(const struct netns_list *list, const struct netns_entry *entry)
{
	return entry->ino == list->own_ino || (!list->own_only && !keeper_is_gone(list->keeper));
}

int netns_ask(const struct netns_list *list, struct netns_entry *entry, enum act_number act, int fd,
	      struct answer *answer)
{
	struct netns_way way = { .cookie = entry->cookie, .ino = entry->ino };
	int ret;

	*answer = ANSWER_NONE;
	if (!netns_is_open(list, entry))
		return -ENOTCONN;
	snprintf(way.path, sizeof(way.path), "%s", entry->path);
	/* we are there: needs no privilege */
	ret = acts_ask(entry->ino == list->own_ino ? NULL : list->keeper, act, &way, sizeof(way),
		       fd, answer);
	if (!ret && answer->size < sizeof(way))
		ret = -EBADMSG;
	if (ret)
		return ret;
	memcpy(&way, answer->data, sizeof(way));
	entry->cookie = way.cookie;
	snprintf(entry->path, sizeof(entry->path), "%.*s", (int)sizeof(way.path) - 1, way.path);
	return 0;
}

static void consider(struct netns_list *list, const struct netns_seen *seen)
{
	struct netns_entry entry = { .ino = seen->ino };
	struct answer answer = ANSWER_NONE;
	int ret = 0;

	for (size_t i = 0; seen->name[0] && i < list->count; i++)
		if (list->entries[i].ino == entry.ino && !list->entries[i].name[0])
			memcpy(list->entries[i].name, seen->name, sizeof(entry.name));
	if (!has_inode(list, entry.ino)) {
		memcpy(entry.path, seen->path, sizeof(entry.path));
		memcpy(entry.name, seen->name, sizeof(entry.name));
		ret = netns_ask(list, &entry, ACT_NETNS_COOKIE, -1, &answer);
		if (!ret && entry.cookie)
			append(list, &entry);
		answer_release(&answer);
	}
	/* it has ended since it was seen */
	if (ret != -ESRCH)
		note_inode(list, entry.ino);
}

void netns_list_scan(struct netns_list *list)
{
	struct netns_seen own = { .ino = list->own_ino, .path = OWN_PATH }, seen;
	struct netns_scan scan = { .count = 0 };
	struct answer answer = ANSWER_NONE;

	list->nr_inodes = 0;
	if (!list->own_only && !acts_ask(list->keeper, ACT_NETNS_SCAN, NULL, 0, -1, &answer) &&
	    answer.size >= sizeof(scan))
		memcpy(&scan, answer.data, sizeof(scan));
	list->complete = scan.complete;
	for (uint32_t i = 0; i < scan.count; i++) {
		if (sizeof(scan) + (i + 1) * sizeof(seen) > answer.size)
			break;
		memcpy(&seen, answer.data + sizeof(scan) + i * sizeof(seen), sizeof(seen));
		consider(list, &seen);
	}
	answer_release(&answer);
	/* it is there, whoever was asked */
	consider(list, &own);
}
