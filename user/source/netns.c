// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds network namespaces by walking /proc and the places where named ones are mounted. */
#include "source/netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/procfs.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71	/* 5.14 */
#endif

/* of the initial pid namespace, from where all processes show (linux/proc_ns.h) */
#define PROC_PID_INIT_INO 0xEFFFFFFCU

/* iproute2, Docker, CRI: where they mount what they name */
static const char *const named_dirs[] = { "/run/netns", "/run/docker/netns" };

static uint32_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

int netns_list_init(struct netns_list *list, struct error *err)
{
	*list = (struct netns_list){ .own_fd = -1 };
	list->own_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (list->own_fd < 0)
		return error_set(err, -errno,
				 "cannot open /proc/self/ns/net: %s; is /proc mounted?",
				 strerror(errno));
	list->own_ino = inode_of("/proc/self/ns/net");
	return 0;
}

void netns_list_release(struct netns_list *list)
{
	free(list->entries);
	free(list->inodes);
	if (list->own_fd >= 0)
		close(list->own_fd);
	*list = (struct netns_list){ .own_fd = -1 };
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

/* The cookie of the namespace this thread is in; 0 where the kernel has none to give. */
static uint64_t current_cookie(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		cookie = 0;
	close(fd);
	return cookie;
}

/* Enters the namespace at @path if it is still the one with inode @ino. */
static int enter_path(struct netns_list *list, const char *path, uint32_t ino)
{
	struct stat st;
	int fd, ret = 0;

	/* we are there: needs no privilege */
	if (ino == list->own_ino)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || st.st_ino != ino)
		ret = -ESRCH;
	else if (setns(fd, CLONE_NEWNET))
		ret = -errno;
	else
		list->away = true;
	close(fd);
	return ret;
}

void netns_leave(struct netns_list *list)
{
	if (!list->away)
		return;
	list->away = false;
	/* it was ours a moment ago: the kernel has no reason to refuse, and going on
	 * in a foreign namespace would mix up everything */
	if (setns(list->own_fd, CLONE_NEWNET))
		abort();
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

		if (!grown)
			return;
		list->inodes = grown;
		list->room_inodes = room;
	}
	list->inodes[list->nr_inodes++] = ino;
}

static void consider(struct netns_list *list, const char *path, const char *name)
{
	struct netns_entry entry = { .ino = inode_of(path) };

	if (!entry.ino) {
		/* pid 1 may be shielded even from root: its namespace is the host's */
		list->complete &= errno == ENOENT || errno == ESRCH || !strcmp(name, "host");
		return;
	}
	note_inode(list, entry.ino);
	for (size_t i = 0; name[0] && i < list->count; i++)
		if (list->entries[i].ino == entry.ino && !list->entries[i].name[0])
			snprintf(list->entries[i].name, sizeof(entry.name), "%s", name);
	if (has_inode(list, entry.ino) || enter_path(list, path, entry.ino))
		return;
	entry.cookie = current_cookie();
	netns_leave(list);
	snprintf(entry.path, sizeof(entry.path), "%s", path);
	snprintf(entry.name, sizeof(entry.name), "%s", name);
	if (entry.cookie)
		append(list, &entry);
}

static int consider_pid(void *ctx, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	consider(ctx, path, pid == 1 ? "host" : "");
	return 0;
}

/* Where an `ip netns add` failed half-way, a plain file is left. */
static bool is_namespace(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) || fs.f_type == NSFS_MAGIC;
}

static void consider_dir(struct netns_list *list, const char *dir)
{
	DIR *handle = opendir(dir);
	struct dirent *entry;
	char path[sizeof(list->entries->path)];

	while (handle && (entry = readdir(handle)))
		if (entry->d_name[0] != '.' &&
		    snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) < (int)sizeof(path) &&
		    is_namespace(path))
			consider(list, path, entry->d_name);
	if (handle)
		closedir(handle);
}

int netns_list_scan(struct netns_list *list)
{
	size_t before = list->count;

	list->nr_inodes = 0;
	list->complete = inode_of("/proc/self/ns/pid") == PROC_PID_INIT_INO;

	for (size_t i = 0; i < sizeof(named_dirs) / sizeof(named_dirs[0]); i++)
		consider_dir(list, named_dirs[i]);
	/* our own first: where other processes are hidden from us it is still there */
	consider(list, "/proc/self/ns/net", "");
	procfs_each_pid("", consider_pid, list);
	return (int)(list->count - before);
}

struct search {
	uint32_t ino;
	char *path;
	size_t size;
};

static int match_pid(void *ctx, pid_t pid)
{
	struct search *search = ctx;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	if (inode_of(path) != search->ino)
		return 0;
	snprintf(search->path, search->size, "%s", path);
	return 1;
}

/* A name that leads to the namespace sought: true, and its path. */
static bool match_named(struct search *search)
{
	for (size_t i = 0; i < sizeof(named_dirs) / sizeof(named_dirs[0]); i++) {
		DIR *handle = opendir(named_dirs[i]);
		struct dirent *entry;
		char path[96];
		bool found = false;

		while (handle && !found && (entry = readdir(handle)))
			found = snprintf(path, sizeof(path), "%s/%s", named_dirs[i],
					 entry->d_name) < (int)sizeof(path) &&
				inode_of(path) == search->ino;
		if (handle)
			closedir(handle);
		if (found) {
			snprintf(search->path, search->size, "%s", path);
			return true;
		}
	}
	return false;
}

int netns_enter(struct netns_list *list, struct netns_entry *entry)
{
	struct search search = { entry->ino, entry->path, sizeof(entry->path) };
	int ret = enter_path(list, entry->path, entry->ino);

	/* the process that led there has ended: another one, or a name, may lead there */
	if ((ret == -ENOENT || ret == -ESRCH) &&
	    (match_named(&search) || procfs_each_pid("", match_pid, &search) == 1))
		ret = enter_path(list, entry->path, entry->ino);
	if (ret)
		return ret == -ENOENT ? -ESRCH : ret;
	/* inode numbers are used again at once: the cookie has the last word */
	if (current_cookie() != entry->cookie) {
		netns_leave(list);
		return -ESRCH;
	}
	return 0;
}
