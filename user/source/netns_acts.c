// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds network namespaces by walking /proc and the places where named ones are mounted, and
 * enters them for as long as it takes to open what is needed of them. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/facts.h"
#include "base/procfs.h"
#include "source/acts.h"
#include "source/netns.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71	/* 5.14 */
#endif

#define OWN_PATH "/proc/self/ns/net"

/* iproute2, Docker, CRI: where they mount what they name */
static const char *const named_dirs[] = { "/run/netns", "/run/docker/netns" };

/*
 * A process that ends while the link to its namespace is followed is answered EACCES
 * (proc_ns_get_link(), fs/proc/namespaces.c), as one that may not be looked at; asked once
 * more, it is not there.
 */
static bool may_have_ended(void)
{
	return errno == EACCES;
}

/* 0: errno says why. */
static uint32_t inode_of(const char *path)
{
	struct stat st;
	int ret = stat(path, &st);

	if (ret && may_have_ended())
		ret = stat(path, &st);
	return ret ? 0 : st.st_ino;
}

/* Its place alone, as fit for what may be no namespace. */
static int find(const char *path)
{
	int found = open(path, O_PATH | O_CLOEXEC);

	if (found < 0 && may_have_ended())
		found = open(path, O_PATH | O_CLOEXEC);
	return found;
}

/* ------------------------------------------------------------------------------- search */

/* What is done with each path that may lead to a namespace; stops when it is not 0. */
typedef int (*path_fn)(void *ctx, const char *path, const char *name);

/* Where an `ip netns add` failed half-way, a plain file is left. */
static bool is_namespace(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) || fs.f_type == NSFS_MAGIC;
}

static int each_named(path_fn fn, void *ctx)
{
	char path[sizeof(((struct netns_seen *)NULL)->path)];
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(named_dirs) / sizeof(named_dirs[0]); i++) {
		DIR *handle = opendir(named_dirs[i]);
		struct dirent *entry;

		while (handle && !ret && (entry = readdir(handle)))
			if (entry->d_name[0] != '.' &&
			    snprintf(path, sizeof(path), "%s/%s", named_dirs[i], entry->d_name) <
				    (int)sizeof(path) &&
			    is_namespace(path))
				ret = fn(ctx, path, entry->d_name);
		if (handle)
			closedir(handle);
	}
	return ret;
}

struct path_call {
	path_fn fn;
	void *ctx;
};

static int call_for_pid(void *ctx, pid_t pid)
{
	const struct path_call *call = ctx;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return call->fn(call->ctx, path, pid == 1 ? "host" : "");
}

static int each_process(path_fn fn, void *ctx)
{
	struct path_call call = { fn, ctx };

	return procfs_each_pid("", call_for_pid, &call);
}

/* --------------------------------------------------------------------------------- scan */

/* Behind the head of the answer. */
static struct netns_seen *seen_of(const struct answer *answer)
{
	return (struct netns_seen *)(answer->data + sizeof(struct netns_scan));
}

static int note(void *ctx, const char *path, const char *name)
{
	struct answer *answer = ctx;
	struct netns_scan *scan = (struct netns_scan *)answer->data;
	struct netns_seen one = { .ino = inode_of(path) }, *seen = seen_of(answer);

	if (!one.ino) {
		/* pid 1 may be shielded even from root: its namespace is the host's */
		scan->complete &= errno == ENOENT || errno == ESRCH || !strcmp(name, "host");
		return 0;
	}
	/* the processes of one namespace come in runs */
	for (uint32_t i = scan->count; i-- > 0;)
		if (seen[i].ino == one.ino) {
			if (name[0] && !seen[i].name[0])
				snprintf(seen[i].name, sizeof(one.name), "%s", name);
			return 0;
		}
	snprintf(one.name, sizeof(one.name), "%s", name);
	snprintf(one.path, sizeof(one.path), "%s", path);
	scan->count++;
	return answer_add(answer, &one, sizeof(one));
}

int act_netns_scan(const struct request *request, struct answer *answer)
{
	/* from the host's all processes show */
	struct netns_scan scan = { .complete = procfs_in_hosts("pid") == 1 };
	int ret = answer_add(answer, &scan, sizeof(scan));

	(void)request;
	if (!ret)
		ret = each_named(note, answer);
	/* our own first: where other processes are hidden from us it is still there */
	if (!ret)
		ret = note(answer, OWN_PATH, "");
	if (!ret)
		ret = each_process(note, answer);
	return ret;
}

/* -------------------------------------------------------------------------------- visit */

uint64_t netns_current_cookie(void)
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

/* Opens the namespace that was found there if it is still the one with that inode number. */
static int open_found(int found, uint32_t ino)
{
	struct statfs fs;
	struct stat st;

	/* nothing else is opened: who asks for a device must not set it off */
	if (fstatfs(found, &fs) || fs.f_type != NSFS_MAGIC)
		return -ESRCH;
	if (fstat(found, &st) || st.st_ino != ino)
		return -ESRCH;
	return procfs_reopen(found, O_RDONLY | O_CLOEXEC);
}

static int enter_path(const struct netns_way *way)
{
	int found = find(way->path), fd, ret;

	if (found < 0)
		return -errno;
	fd = open_found(found, way->ino);
	close(found);
	if (fd < 0)
		return fd;
	ret = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	return ret;
}

static int match(void *ctx, const char *path, const char *name)
{
	struct netns_way *way = ctx;

	(void)name;
	if (inode_of(path) != way->ino)
		return 0;
	snprintf(way->path, sizeof(way->path), "%s", path);
	return 1;
}

static int enter(struct netns_way *way)
{
	int ret = enter_path(way);

	/* the process that led there has ended: another one, or a name, may lead there */
	if ((ret == -ENOENT || ret == -ESRCH) &&
	    (each_named(match, way) == 1 || each_process(match, way) == 1))
		ret = enter_path(way);
	return ret == -ENOENT ? -ESRCH : ret;
}

/* It was ours a moment ago: going on in a foreign namespace would mix up everything. */
static void go_home(int home)
{
	if (setns(home, CLONE_NEWNET))
		abort();
}

typedef int (*visit_fn)(const struct request *request, struct answer *answer);

/* Where we are already: what is asked for is in @way, what is found goes there. */
static int look_around(struct netns_way *way, const struct request *request, struct answer *answer,
		       visit_fn fn)
{
	uint64_t cookie = netns_current_cookie();
	int ret;

	/* inode numbers are used again at once: the cookie has the last word */
	if (way->cookie && way->cookie != cookie)
		return -ESRCH;
	way->cookie = cookie;
	ret = answer_add(answer, way, sizeof(*way));
	return ret || !fn ? ret : fn(request, answer);
}

/* In the namespace and at home again, so that nothing else ever runs in a foreign one. */
static int visit(const struct request *request, struct answer *answer, visit_fn fn)
{
	struct netns_way way = *(const struct netns_way *)request->data;
	int home, ret;

	way.path[sizeof(way.path) - 1] = '\0';
	if (way.ino == inode_of(OWN_PATH))
		return look_around(&way, request, answer, fn);
	home = open(OWN_PATH, O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	ret = enter(&way);
	if (!ret) {
		ret = look_around(&way, request, answer, fn);
		go_home(home);
	}
	close(home);
	return ret;
}

int act_netns_cookie(const struct request *request, struct answer *answer)
{
	return visit(request, answer, NULL);
}

/* What is opened inside the namespace stays of it. A file that is missing is no error. */
static int open_all(const struct request *request, struct answer *answer)
{
	static const char *const paths[] = {
		[NETNS_SOCKSTAT] = "/proc/thread-self/net/sockstat",
		[NETNS_NETSTAT] = "/proc/thread-self/net/netstat",
		[NETNS_PORT_RANGE] = "/proc/sys/net/ipv4/ip_local_port_range",
	};

	(void)request;
	answer->fds[NETNS_DIAG] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (answer->fds[NETNS_DIAG] < 0)
		return -errno;
	for (unsigned int i = NETNS_SOCKSTAT; i <= NETNS_PORT_RANGE; i++)
		answer->fds[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
	return 0;
}

int act_netns_open(const struct request *request, struct answer *answer)
{
	return visit(request, answer, open_all);
}

static int read_facts(const struct request *request, struct answer *answer)
{
	char *text = malloc(FACTS_SIZE);
	int len = text ? facts_read("", text) : -ENOMEM;

	(void)request;
	if (len >= 0)
		len = answer_add(answer, text, len);
	free(text);
	return len;
}

int act_netns_facts(const struct request *request, struct answer *answer)
{
	return visit(request, answer, read_facts);
}

/* An iterator is of the namespace that it is made in (bpf_iter_init_seq_net(), fs/proc/proc_net.c). */
static int make_iterator(const struct request *request, struct answer *answer)
{
	answer->fds[0] = bpf_iter_create(request->fd);
	return answer->fds[0] < 0 ? -errno : 0;
}

int act_netns_walk(const struct request *request, struct answer *answer)
{
	return visit(request, answer, make_iterator);
}
