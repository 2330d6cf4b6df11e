// SPDX-License-Identifier: GPL-2.0-or-later
/* A listener's inode from /proc/net/tcp and tcp6, then the process that has it open. */
#include "serve/port_holder.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/procfs.h"
#include "base/text.h"

#define STATE_LISTEN 0xA	/* include/net/tcp_states.h */
#define LINK_LEN 64

struct search {
	const char *root;
	char link[LINK_LEN];	/* what its descriptors lead to */
	char *text;
};

/* 0: none. */
static unsigned long find_inode(const char *root, const char *file, uint16_t port)
{
	unsigned int local, state;
	unsigned long inode, found = 0;
	char path[PATH_MAX], line[512];
	FILE *in;

	snprintf(path, sizeof(path), "%s/proc/net/%s", root, file);
	in = fopen(path, "re");
	while (in && !found && fgets(line, sizeof(line), in))
		if (sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*u %*u %lu",
			   &local, &state, &inode) == 3 &&
		    local == port && state == STATE_LISTEN)
			found = inode;
	if (in)
		fclose(in);
	return found;
}

static bool has_open(const struct search *search, pid_t pid)
{
	char path[PATH_MAX], link[LINK_LEN];
	struct dirent *entry;
	bool found = false;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc/%d/fd", search->root, (int)pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		link[len > 0 ? len : 0] = '\0';
		found = !strcmp(link, search->link);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Returns whether it is found. */
static int look_at(void *ctx, pid_t pid)
{
	char path[PATH_MAX], comm[64], clean[4 * sizeof(comm)];
	struct search *search = ctx;

	if (!has_open(search, pid))
		return 0;
	snprintf(path, sizeof(path), "%s/proc/%d/comm", search->root, (int)pid);
	if (procfs_read(path, comm, sizeof(comm)) <= 0)
		return 0;
	text_clean(comm, strcspn(comm, "\n"), clean, sizeof(clean));
	snprintf(search->text, PORT_HOLDER_LEN, "%.90s (pid %d)", clean, (int)pid);
	return 1;
}

bool port_holder(const char *root, uint16_t port, char text[static PORT_HOLDER_LEN])
{
	unsigned long inode = find_inode(root, "tcp", port);
	struct search search = { .root = root, .text = text };

	if (!inode)
		inode = find_inode(root, "tcp6", port);
	if (!inode)
		return false;
	snprintf(search.link, sizeof(search.link), "socket:[%lu]", inode);
	return procfs_each_pid(root, look_at, &search) == 1;
}
