// SPDX-License-Identifier: GPL-2.0-or-later
/* A control group v2 below our own, by its files. */
#include "source/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/procfs.h"
#include "source/cgroups.h"

#define CGROUP_TEXT_LEN 8192
/* Of the words of the command so much is told: a record's size is 16 bits. */
#define WORDS_LEN 32768
/* The kernel lets go of a group a moment after its last process has ended. */
#define REMOVE_TRIES 20
#define REMOVE_STEP_NS 10000000

/* Where the v2 hierarchy is mounted. 0 or -ENOENT. */
static int find_mount(char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;
	int ret = -ENOENT;

	while (ret && mounts && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "cgroup2") && strlen(entry->mnt_dir) < size) {
			strcpy(path, entry->mnt_dir);
			ret = 0;
		}
	if (mounts)
		endmntent(mounts);
	return ret;
}

/* Our own group, as the line "0::/path" of /proc/self/cgroup names it. */
static int find_own(char *path, size_t size)
{
	char text[CGROUP_TEXT_LEN];
	const char *line;
	size_t len;

	if (procfs_read("/proc/self/cgroup", text, sizeof(text)) <= 0)
		return -ENOENT;
	line = !strncmp(text, "0::", 3) ? text : strstr(text, "\n0::");
	if (!line)
		return -ENOENT;
	line += *line == '\n' ? 4 : 3;
	len = strcspn(line, "\n");
	/* outside of what this namespace shows */
	if (!strncmp(line, "/..", 3) || len >= size)
		return -ENOENT;
	memcpy(path, line, len);
	/* "/" is the mount itself */
	path[len > 1 ? len : 0] = '\0';
	return 0;
}

static int enter(const struct scope *scope)
{
	char path[PATH_MAX + 16], number[16];
	int fd, len, ret = 0;

	snprintf(path, sizeof(path), "%s/cgroup.procs", scope->path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = snprintf(number, sizeof(number), "%d", scope->pid);
	if (write(fd, number, len) != len)
		ret = -errno;
	close(fd);
	return ret;
}

static bool remove_group(const char *path)
{
	struct timespec step = { .tv_nsec = REMOVE_STEP_NS };

	for (int tries = REMOVE_TRIES; rmdir(path); tries--) {
		if (errno != EBUSY || !tries)
			return errno == ENOENT;
		nanosleep(&step, NULL);
	}
	return true;
}

/* It waits for our end, and nothing but that ends it; what we have open it has not. */
static void keep(const char *path, int end_fd)
{
	sigset_t all;
	char unused;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "twtrace-scope");
	/* nobody may write in the root of the hierarchy, not even who owns it (0555) */
	if (caps_limit(CAPS(DAC_OVERRIDE), NULL))
		_exit(1);
	dup2(end_fd, STDIN_FILENO);
	syscall(SYS_close_range, STDIN_FILENO + 1, ~0U, 0);
	while (read(STDIN_FILENO, &unused, 1) < 0 && errno == EINTR)
		;
	caps_raise(CAPS(DAC_OVERRIDE));
	_exit(!remove_group(path));
}

static int start_keeper(struct scope *scope)
{
	int end[2], ret = 0;

	if (pipe2(end, O_CLOEXEC))
		return -errno;
	scope->keeper = fork();
	if (!scope->keeper) {
		close(end[1]);
		keep(scope->path, end[0]);
	}
	if (scope->keeper < 0) {
		ret = -errno;
		scope->keeper = 0;
		close(end[1]);
	} else {
		scope->keeper_fd = end[1];
	}
	close(end[0]);
	return ret;
}

void scope_open(struct scope *scope, pid_t pid, struct error *why)
{
	char mount[PATH_MAX / 2], own[PATH_MAX / 4];
	int ret;

	*scope = (struct scope){ .pid = pid };
	if (find_mount(mount, sizeof(mount)) || find_own(own, sizeof(own))) {
		error_set(why, -ENOENT, "no cgroup v2 is mounted");
		return;
	}
	snprintf(scope->path, sizeof(scope->path), "%s%s/twtrace-run-%d", mount, own, pid);
	if (mkdir(scope->path, 0755)) {
		error_set(why, -errno, "'%s' cannot be made: %s", scope->path, strerror(errno));
		scope->path[0] = '\0';
		return;
	}
	scope->cgroup_id = cgroups_id(scope->path);
	ret = scope->cgroup_id ? enter(scope) : -ENOTSUP;
	if (!ret)
		ret = start_keeper(scope);
	if (ret) {
		error_set(why, ret, "the command cannot be put into '%s': %s", scope->path,
			  strerror(-ret));
		scope_close(scope);
	}
}

bool scope_close(struct scope *scope)
{
	bool removed = true;
	int status = 0;

	if (scope->keeper) {
		close(scope->keeper_fd);
		while (waitpid(scope->keeper, &status, 0) < 0 && errno == EINTR)
			;
		removed = status == 0;
	} else if (scope->path[0]) {
		removed = remove_group(scope->path);
	}
	scope->keeper = 0;
	if (!removed)
		return false;
	scope->path[0] = '\0';
	scope->cgroup_id = 0;
	return true;
}

void scope_tell(const struct scope *scope, char *const *words, uint64_t ts_ns,
		const struct receiver *to)
{
	struct tw_scope *record = calloc(1, sizeof(*record) + WORDS_LEN + 8);
	size_t len = 0;

	if (!record)
		return;
	for (; *words && len + strlen(*words) + 1 <= WORDS_LEN; words++) {
		memcpy(record->text + len, *words, strlen(*words) + 1);
		len += strlen(*words) + 1;
		record->words++;
	}
	record->head = (struct tw_record){
		.size = (sizeof(*record) + len + 1 + 7) & ~7UL,
		.kind = TW_SCOPE,
		.ts_ns = ts_ns,
	};
	record->cgroup_id = scope->cgroup_id;
	record->pid = scope->pid;
	deliver(to, record);
	free(record);
}

void scope_tell_end(const struct scope *scope, int status, uint64_t ts_ns,
		    const struct receiver *to)
{
	struct tw_exit record = {
		.head = { .size = sizeof(record),
			  .kind = TW_EXIT,
			  .from = TW_EXIT_WAITED,
			  .ts_ns = ts_ns },
		.pid = scope->pid,
		.status = status,
	};

	deliver(to, &record);
}
