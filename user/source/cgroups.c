// SPDX-License-Identifier: GPL-2.0-or-later
/* A cgroup's id is its kernfs file handle: open_by_handle_at() finds it without a walk. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "source/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/index.h"
#include "base/pool.h"
#include "base/procfs.h"
#include "source/acts.h"
#include "source/process.h"

#define FILEID_KERNFS 0xfe	/* linux/exportfs.h */
/* Ids of our own for v1 paths; kernfs ids never have the top bit. */
#define OWN_ID (1ULL << 63)
#define CGROUP_PATH_LEN 4096
#define NS_PER_S 1000000000ULL

struct seen {
	uint64_t key;	/* a cgroup id, or a pid */
	/* of a pid only: */
	uint64_t value;	/* its cgroup's id, 0: none better */
	uint64_t started;	/* procfs_started() of whose number it was, 0: nobody's, ... */
	uint64_t started_ns, looked_ns;	/* ... from then until then, by CLOCK_MONOTONIC */
};

struct seen_set {
	struct pool pool;
	struct index index;
};

struct cgroups {
	struct keeper *keeper;	/* borrowed */
	int mount_fd;		/* of cgroup2, -1: none */
	char mount[256];
	uint64_t root_id;
	bool has_v1;
	struct seen_set ids, pids;
};

static bool seen_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct seen_set *set = ctx;

	return ((struct seen *)pool_at(&set->pool, id))->key == *(const uint64_t *)key;
}

static struct seen *seen_find(const struct seen_set *set, uint64_t key)
{
	uint32_t id = index_find(&set->index, hash_u64(key), seen_equal, set, &key);

	return id == INDEX_NONE ? NULL : pool_at(&set->pool, id);
}

static struct seen *seen_add(struct seen_set *set, uint64_t key)
{
	uint32_t id = pool_take(&set->pool);
	struct seen *seen;

	if (id == POOL_NONE)
		return NULL;
	if (index_insert(&set->index, hash_u64(key), id)) {
		pool_give(&set->pool, id);
		return NULL;
	}
	seen = pool_at(&set->pool, id);
	seen->key = key;
	return seen;
}

static int seen_init(struct seen_set *set)
{
	pool_init(&set->pool, sizeof(struct seen));
	return index_init(&set->index);
}

static void seen_release(struct seen_set *set)
{
	index_release(&set->index);
	pool_release(&set->pool);
}

/*
 * That it is told: once, while there are not many. Then all are forgotten, and told again as they
 * come up; before the model may forget them (TW_CGROUPS_REMEMBERED).
 */
static void note_told(struct seen_set *ids, uint64_t id)
{
	struct seen_set none;

	if (ids->pool.count >= TW_CGROUPS_REMEMBERED / 2) {
		/* without memory it is told each time */
		if (seen_init(&none))
			return;
		seen_release(ids);
		*ids = none;
	}
	seen_add(ids, id);
}

uint64_t cgroups_id(const char *path)
{
	char buf[sizeof(struct file_handle) + 128];
	struct file_handle *handle = (struct file_handle *)buf;
	uint64_t id = 0;
	int mount_id;

	handle->handle_bytes = 128;
	if (!name_to_handle_at(AT_FDCWD, path, handle, &mount_id, 0) && handle->handle_bytes >= 8)
		memcpy(&id, handle->f_handle, sizeof(id));
	return id;
}

static void find_mount(struct cgroups *cgroups)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;

	while (mounts && (entry = getmntent(mounts))) {
		if (!strcmp(entry->mnt_type, "cgroup"))
			cgroups->has_v1 = true;
		if (strcmp(entry->mnt_type, "cgroup2") || cgroups->mount_fd >= 0)
			continue;
		cgroups->mount_fd = open(entry->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		snprintf(cgroups->mount, sizeof(cgroups->mount), "%s", entry->mnt_dir);
		cgroups->root_id = cgroups_id(entry->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
}

struct cgroups *cgroups_new(struct keeper *keeper)
{
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));

	if (!cgroups)
		return NULL;
	cgroups->keeper = keeper;
	cgroups->mount_fd = -1;
	if (seen_init(&cgroups->ids) || seen_init(&cgroups->pids)) {
		cgroups_free(cgroups);
		return NULL;
	}
	find_mount(cgroups);
	return cgroups;
}

void cgroups_free(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	if (cgroups->mount_fd >= 0)
		close(cgroups->mount_fd);
	seen_release(&cgroups->ids);
	seen_release(&cgroups->pids);
	free(cgroups);
}

static void tell_path(uint64_t id, const char *path, uint64_t ts_ns, const struct receiver *to)
{
	struct {
		struct tw_name name;
		char text[CGROUP_PATH_LEN];
	} record = {
		.name.head = { .size = (sizeof(struct tw_name) + strlen(path) + 1 + 7) & ~7UL,
			       .kind = TW_CGROUP,
			       .ts_ns = ts_ns },
		.name.id = id,
	};

	memcpy(record.text, path, strlen(path) + 1);
	deliver(to, &record);
}

int act_cgroup_path(const struct request *request, struct answer *answer)
{
	char buf[sizeof(struct file_handle) + sizeof(uint64_t)], link[64], path[CGROUP_PATH_LEN];
	struct file_handle *handle = (struct file_handle *)buf;
	ssize_t len;
	int fd;

	handle->handle_bytes = sizeof(uint64_t);
	handle->handle_type = FILEID_KERNFS;
	memcpy(handle->f_handle, request->data, sizeof(uint64_t));
	fd = open_by_handle_at(request->fd, handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		len = -errno;
	close(fd);
	return len < 0 ? (int)len : answer_add(answer, path, len);
}

/* The path below the mount, "/" for its root. 0 or -errno: the cgroup is gone, or -ENOMEM. */
static int path_of(const struct cgroups *cgroups, uint64_t id, char *path, size_t size)
{
	size_t skip = strlen(cgroups->mount);
	struct answer answer = ANSWER_NONE;
	int ret = -ENOENT;

	if (cgroups->mount_fd >= 0)
		ret = acts_ask(cgroups->keeper, ACT_CGROUP_PATH, &id, sizeof(id), cgroups->mount_fd,
			       &answer);
	if (!ret && (answer.size < skip || answer.size - skip >= size))
		ret = -EBADMSG;
	if (!ret)
		snprintf(path, size, "%s", answer.size > skip ? answer.data + skip : "/");
	answer_release(&answer);
	return ret;
}

void cgroups_tell(struct cgroups *cgroups, uint64_t cgroup_id, uint64_t ts_ns,
		  const struct receiver *to)
{
	char path[CGROUP_PATH_LEN];
	int ret;

	if (!cgroup_id || seen_find(&cgroups->ids, cgroup_id))
		return;
	ret = path_of(cgroups, cgroup_id, path, sizeof(path));
	/* the next one that is seen in it may find memory */
	if (ret == -ENOMEM)
		return;
	note_told(&cgroups->ids, cgroup_id);
	if (!ret)
		tell_path(cgroup_id, path, ts_ns, to);
}

static uint64_t boottime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* The id of the v1 cgroup that /proc/PID/cgroup names, told if it is new; 0: none but the root. */
static uint64_t v1_of(struct cgroups *cgroups, const char *text, uint64_t ts_ns,
		      const struct receiver *to)
{
	char path[CGROUP_PATH_LEN];
	uint64_t id;

	if (procfs_cgroup_path(text, path, sizeof(path)))
		return 0;
	id = OWN_ID | hash_bytes(path, strlen(path));
	if (!seen_find(&cgroups->ids, id)) {
		note_told(&cgroups->ids, id);
		tell_path(id, path, ts_ns, to);
	}
	return id;
}

/*
 * Whose number it is now, and where. What was seen of one that is gone stays: most often it is
 * the one that goes, and its last events come in.
 */
static void look_at(struct cgroups *cgroups, struct seen *seen, uint64_t ts_ns,
		    const struct receiver *to)
{
	uint64_t looked_ns = clock_kernel_ns(), asleep_ns = boottime_ns() - looked_ns, ticks = 0;
	struct process_look look;

	if (!process_look(cgroups->keeper, (uint32_t)seen->key,
			  1 << PROCESS_STAT | 1 << PROCESS_CGROUP, false, &look))
		ticks = procfs_started(look.text[PROCESS_STAT]);
	if (ticks && ticks != seen->started) {
		seen->value = v1_of(cgroups, look.text[PROCESS_CGROUP], ts_ns, to);
		seen->started = ticks;
		/* a tick is cut off: it may be as much later */
		seen->started_ns = ticks * (NS_PER_S / sysconf(_SC_CLK_TCK)) - asleep_ns;
	}
	seen->looked_ns = looked_ns;
	process_look_release(&look);
}

uint64_t cgroups_of_process(struct cgroups *cgroups, uint64_t cgroup_id, uint32_t pid,
			    uint64_t ts_ns, const struct receiver *to)
{
	struct seen *seen;

	/* where v1 rules, the v2 root says nothing; unmounted, all sockets are in it */
	if (!cgroups->has_v1 ||
	    (cgroup_id && cgroup_id != cgroups->root_id && cgroups->mount_fd >= 0))
		return cgroup_id;
	if (!pid)
		return 0;
	seen = seen_find(&cgroups->pids, pid);
	if (!seen)
		seen = seen_add(&cgroups->pids, pid);
	if (!seen)
		return 0;
	/* its number may have become another one's since */
	if (seen->looked_ns < ts_ns)
		look_at(cgroups, seen, ts_ns, to);
	return seen->started_ns <= ts_ns ? seen->value : 0;
}

void cgroups_forget_processes(struct cgroups *cgroups)
{
	if (!cgroups->pids.pool.count)
		return;
	seen_release(&cgroups->pids);
	/* without memory nothing is known of processes from here on: the command names them */
	if (seen_init(&cgroups->pids))
		cgroups->has_v1 = false;
}
