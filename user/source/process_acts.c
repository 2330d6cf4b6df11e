// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads and opens what is of other processes: files in /proc, and those that they run. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/procfs.h"
#include "source/acts.h"

#define PATH_LEN 96
#define STAT_FIELD_STACK_START 28
#define FIND_FLAGS (O_PATH | O_CLOEXEC)
/* Nothing is waited for, and nothing becomes our terminal. */
#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* From 6.2 on the size of the folder is their number (f1f1f2569901, proc: report open files). */
static uint32_t count_fds(int folder)
{
	int fd = openat(folder, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	uint32_t count = 0;
	struct stat st;
	DIR *dir;

	if (!fstatat(folder, "fd", &st, 0) && st.st_size)
		count = st.st_size;
	dir = count || fd < 0 ? NULL : fdopendir(fd);
	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return count;
}

/* The length of its beginning, or -errno. */
static ssize_t read_beginning(int folder, const char *name, char text[static PROCESS_FILE_BYTES])
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	do {
		got = read(fd, text + len, PROCESS_FILE_BYTES - len);
		len += got > 0 ? got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	got = got < 0 ? -errno : (ssize_t)len;
	close(fd);
	return got;
}

static int add_files(int folder, uint32_t files, struct answer *answer)
{
	static const char *const names[NR_PROCESS_FILES] = {
		[PROCESS_CMDLINE] = "cmdline",
		[PROCESS_LIMITS] = "limits",
		[PROCESS_CGROUP] = "cgroup",
		[PROCESS_STAT] = "stat",
	};
	char text[PROCESS_FILE_BYTES + 1];
	int ret = 0;

	for (unsigned int i = 0; !ret && i < NR_PROCESS_FILES; i++) {
		ssize_t len = files >> i & 1 ? read_beginning(folder, names[i], text) : 0;

		if (len < 0)
			return (int)len;
		text[len] = '\0';
		ret = answer_add(answer, text, len + 1);
		((struct process_found *)answer->data)->size[i] = len;
	}
	return ret;
}

int act_process(const struct request *request, struct answer *answer)
{
	const struct process_wanted *wanted = request->data;
	struct process_found found = { .fds = 0 };
	char path[PATH_LEN];
	int folder, ret;

	snprintf(path, sizeof(path), "/proc/%u", wanted->pid);
	/* of that process for good, whoever has its number later */
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	if (wanted->fds)
		found.fds = count_fds(folder);
	ret = answer_add(answer, &found, sizeof(found));
	if (!ret)
		ret = add_files(folder, wanted->files, answer);
	close(folder);
	return ret;
}

/* Whether the process is still, or already, the program whose stack begins there. */
static int check(uint32_t pid, uint64_t stack_start)
{
	char path[PATH_LEN], text[1024], *at;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	len = procfs_read(path, text, sizeof(text));
	if (len < 0)
		return len;
	/* the name in the second field may hold anything */
	at = strrchr(text, ')');
	for (int field = 2; at && field < STAT_FIELD_STACK_START; field++)
		at = strchr(at + 1, ' ');
	return at && strtoull(at, NULL, 10) == stack_start ? 0 : -ESTALE;
}

/* The last number on the line that begins with @field, of a /proc/PID/status text. */
static uint32_t last_number(const char *text, const char *field, uint32_t unknown)
{
	const char *at = strstr(text, field), *last = NULL;

	/* a line feed is before the field */
	for (at = at ? at + 1 : ""; *at && *at != '\n'; at++)
		if (*at == '\t')
			last = at;
	return last ? strtoul(last, NULL, 10) : unknown;
}

static struct maps_owner owner_of(uint32_t pid)
{
	char path[PATH_LEN], text[8192];

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	if (procfs_read(path, text, sizeof(text)) < 0)
		text[0] = '\0';
	return (struct maps_owner){
		.inner_pid = last_number(text, "\nNSpid:", pid),
		/* the last of four is the one of file systems (task_state(), fs/proc/array.c) */
		.uid = last_number(text, "\nUid:", UINT32_MAX),
	};
}

/*
 * Whoever serves the file system is not asked, be it a user's program, which may never answer
 * (fuse_update_get_attr(), fs/fuse/dir.c). Before 5.8 the mount is not told (fa2fcf4f1df1).
 */
static struct root_id root_id_of(int fd)
{
	const unsigned int needed = STATX_INO | STATX_MNT_ID;
	struct statx st;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, needed, &st) ||
	    (st.stx_mask & needed) != needed)
		return (struct root_id){ .ino = 0 };
	return (struct root_id){
		.dev = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor,
		.ino = st.stx_ino,
		.mnt_id = st.stx_mnt_id,
	};
}

int act_maps(const struct request *request, struct answer *answer)
{
	const struct maps_wanted *wanted = request->data;
	char path[PATH_LEN];
	struct maps_found found;
	int ret;

	/* it outlives the process, which may end between any two of these */
	snprintf(path, sizeof(path), "/proc/%u/root", wanted->pid);
	answer->fds[MAPS_ROOT] = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* of the memory as it is at this moment (proc_maps_open(), fs/proc/task_mmu.c) */
	snprintf(path, sizeof(path), "/proc/%u/maps", wanted->pid);
	answer->fds[MAPS_TEXT] = open(path, O_RDONLY | O_CLOEXEC);
	if (answer->fds[MAPS_TEXT] < 0)
		return -errno;
	ret = check(wanted->pid, wanted->stack_start);
	found = (struct maps_found){
		.who = owner_of(wanted->pid),
		.root = root_id_of(answer->fds[MAPS_ROOT]),
	};
	return ret ? ret : answer_add(answer, &found, sizeof(found));
}

/* ------------------------------------------------------------------------------- files */

/*
 * A plain file and nothing else: a process may have put anything at that name. So it is first
 * found (O_PATH), in @found, which is closed: to open a device can set it off (watchdog_open(),
 * drivers/watchdog/watchdog_dev.c).
 */
static int plain_file(int found)
{
	struct stat st;
	int fd = -ENOEXEC;

	if (found < 0)
		return -errno;
	if (!fstat(found, &st) && S_ISREG(st.st_mode))
		fd = procfs_reopen(found, READ_FLAGS);
	close(found);
	return fd;
}

/* What can be run or mapped to be run; a core dump can't, and holds what a process kept to itself. */
static bool is_program(int fd)
{
	/* so far 32 bits are as 64 are */
	const ssize_t len = offsetof(Elf64_Ehdr, e_type) + sizeof(Elf64_Half);
	Elf64_Ehdr head;

	return pread(fd, &head, len, 0) == len && !memcmp(head.e_ident, ELFMAG, SELFMAG) &&
	       (head.e_type == ET_EXEC || head.e_type == ET_DYN);
}

/* Nor is any other file handed over, whatever name was asked for. */
static int program_file(int found)
{
	int fd = plain_file(found);

	if (fd < 0 || is_program(fd))
		return fd;
	close(fd);
	return -ENOEXEC;
}

int act_image(const struct request *request, struct answer *answer)
{
	const struct image_wanted *wanted = request->data;
	struct open_how how = {
		.flags = FIND_FLAGS,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	char path[PATH_LEN], name[PATH_MAX];
	int fd;

	/* the very file, be it deleted, replaced or out of sight; as long as the process lives */
	snprintf(path, sizeof(path), "/proc/%u/map_files/%lx-%lx", wanted->pid, wanted->start,
		 wanted->end);
	fd = program_file(open(path, FIND_FLAGS));
	if (fd < 0 && request->fd >= 0) {
		snprintf(name, sizeof(name), "%.*s", PATH_MAX - 1, wanted->name);
		fd = program_file(syscall(SYS_openat2, request->fd, name, &how, sizeof(how)));
	}
	answer->fds[0] = fd;
	return fd < 0 ? fd : 0;
}

/*
 * The process's own, too: with a mount namespace of its own, anybody puts a file there that is not
 * theirs to read.
 */
int act_perf_map(const struct request *request, struct answer *answer)
{
	const struct maps_owner *whose = request->data;
	char name[PATH_LEN];
	int fd, folder;
	struct stat st;

	folder = openat(request->fd, "tmp", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	snprintf(name, sizeof(name), "perf-%u.map", whose->inner_pid);
	fd = plain_file(openat(folder, name, FIND_FLAGS | O_NOFOLLOW));
	close(folder);
	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != whose->uid)) {
		close(fd);
		fd = -EPERM;
	}
	answer->fds[0] = fd;
	return fd < 0 ? fd : 0;
}
