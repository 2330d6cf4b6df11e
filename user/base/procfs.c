/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what the kernel says of itself in files, and finds single figures in them. */
#include "base/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t procfs_read_fd(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t ret;

	if (!size)
		return -EFBIG;

	/* One byte more than may stay tells a file that just fits from one that does not. */
	for (;;) {
		ret = read(fd, buf + len, size - len);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0)
			break;
		len += (size_t)ret;
		if (len == size) {
			ret = -1;
			errno = EFBIG;
			break;
		}
	}
	if (ret < 0) {
		ret = -errno;
		buf[0] = '\0';
	} else {
		ret = (ssize_t)len;
		buf[len] = '\0';
	}
	return ret;
}

ssize_t procfs_read(const char *path, char *buf, size_t size)
{
	int fd = size ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t ret;

	if (!size)
		return -EFBIG;
	if (fd < 0)
		return -errno;
	ret = procfs_read_fd(fd, buf, size);
	close(fd);
	return ret;
}

int procfs_open_plain(const char *path)
{
	struct stat is;
	int fd;

	if (stat(path, &is))
		return -errno;
	if (!S_ISREG(is.st_mode))
		return -EINVAL;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int procfs_reopen(int found, int flags)
{
	char link[64];
	int fd;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", found);
	fd = open(link, flags);
	return fd < 0 ? -errno : fd;
}

/* The process that a directory of /proc is of, or 0. */
static pid_t entry_pid(const struct dirent *entry)
{
	const char *at = entry->d_name;
	long pid = 0;

	if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
		return 0;
	if (*at == '0')
		return 0;
	for (; *at >= '0' && *at <= '9'; at++) {
		pid = pid * 10 + (*at - '0');
		if (pid > INT_MAX)
			return 0;
	}
	return *at ? 0 : (pid_t)pid;
}

int procfs_each_pid(const char *root, int (*fn)(void *ctx, pid_t pid), void *ctx)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	if ((size_t)snprintf(path, sizeof(path), "%s/proc", root) >= sizeof(path))
		return -ENAMETOOLONG;
	dir = opendir(path);
	if (!dir)
		return -errno;

	while (!ret) {
		pid_t pid;

		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			ret = -errno;
			break;
		}
		pid = entry_pid(entry);
		if (pid)
			ret = fn(ctx, pid);
	}
	closedir(dir);
	return ret;
}

static const char *next_line(const char *line)
{
	line = strchrnul(line, '\n');
	return *line ? line + 1 : line;
}

/* What follows "@name:" if @line begins with it, or NULL. */
static const char *after_name(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncmp(line, name, len) == 0 && line[len] == ':' ? line + len + 1 : NULL;
}

/* The length of the next word of the line, which *@at is moved to; 0 at the end of the line. */
static size_t next_word(const char **at)
{
	*at += strspn(*at, " \t");
	return strcspn(*at, " \t\n");
}

static bool is_word(const char *at, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(at, word, len) == 0;
}

/* Figures that are negative (MaxConn is -1) have no place in a counter. */
static int word_value(const char *at, size_t len, uint64_t *value)
{
	uint64_t number = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (at[i] < '0' || at[i] > '9' || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(at[i] - '0'), &number))
			return -ENOENT;
	}
	if (!len)
		return -ENOENT;
	*value = number;
	return 0;
}

/* Each block is a line of names and a line of as many values, both beginning with @proto. */
int procfs_netstat_field(const char *text, const char *proto, const char *field, uint64_t *value)
{
	for (; *text; text = next_line(text)) {
		const char *name = after_name(text, proto);
		const char *figure = name ? after_name(next_line(text), proto) : NULL;
		size_t len, figure_len;

		if (!figure)
			continue;
		for (; (len = next_word(&name)) && (figure_len = next_word(&figure));
		     name += len, figure += figure_len) {
			if (is_word(name, len, field))
				return word_value(figure, figure_len, value);
		}
	}
	return -ENOENT;
}

int procfs_sockstat_field(const char *text, const char *line, const char *field, uint64_t *value)
{
	for (; *text; text = next_line(text)) {
		const char *at = after_name(text, line);
		size_t len;

		if (!at)
			continue;
		while ((len = next_word(&at))) {
			bool found = is_word(at, len, field);

			at += len;
			len = next_word(&at);
			if (found)
				return word_value(at, len, value);
			at += len;
		}
	}
	return -ENOENT;
}

/* Whether @name is in the comma-separated list. */
static bool list_has(const char *list, size_t len, const char *name)
{
	const char *end = list + len;

	for (;;) {
		const char *comma = memchr(list, ',', (size_t)(end - list));

		if (is_word(list, (size_t)((comma ? comma : end) - list), name))
			return true;
		if (!comma)
			return false;
		list = comma + 1;
	}
}

/* How much the hierarchy of a line "id:controllers:path" tells; less is more. */
static unsigned int hierarchy_rank(const char *controllers, size_t len)
{
	if (!len)
		return 0;	/* v2 has no controllers in its line */
	if (list_has(controllers, len, "name=systemd"))
		return 1;
	if (list_has(controllers, len, "memory"))
		return 2;
	return 3;
}

int procfs_cgroup_path(const char *text, char *path, size_t size)
{
	unsigned int best_rank = UINT_MAX;
	const char *best = NULL;
	size_t best_len = 0;

	for (; *text; text = next_line(text)) {
		const char *end = strchrnul(text, '\n');
		const char *controllers = memchr(text, ':', (size_t)(end - text));
		const char *colon, *at;
		unsigned int rank;

		if (!controllers)
			continue;
		controllers++;
		colon = memchr(controllers, ':', (size_t)(end - controllers));
		if (!colon)
			continue;
		at = colon + 1;	/* the path may hold colons of its own */
		rank = hierarchy_rank(controllers, (size_t)(colon - controllers));
		if (rank >= best_rank || at == end || is_word(at, (size_t)(end - at), "/"))
			continue;
		best_rank = rank;
		best = at;
		best_len = (size_t)(end - at);
	}
	if (!best)
		return -ENOENT;
	if (best_len >= size)
		return -ENAMETOOLONG;
	memcpy(path, best, best_len);
	path[best_len] = '\0';
	return 0;
}

/* Of the words behind the command, which may hold anything, the 20th: proc(5), (22) starttime. */
uint64_t procfs_started(const char *text)
{
	const char *at = strrchr(text, ')');

	for (unsigned int word = 0; at && word < 20; word++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}

int procfs_in_hosts(const char *kind)
{
	/* the same on every host (linux/proc_ns.h) */
	static const struct {
		const char *kind, *path;
		ino_t ino;
	} hosts[] = {
		{ "pid", "/proc/self/ns/pid", 0xEFFFFFFCU },
		{ "user", "/proc/self/ns/user", 0xEFFFFFFDU },
	};
	struct stat st;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (!strcmp(hosts[i].kind, kind))
			return stat(hosts[i].path, &st) ? -errno : st.st_ino == hosts[i].ino;
	return -EINVAL;
}
