// SPDX-License-Identifier: GPL-2.0-or-later
/* A file beside the one that is to be, then rename(2). */
#include "base/file_put.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whose folder it is that is written into; root itself needs no other name. */
static uid_t owner;
static gid_t group;

void file_put_prepare(const char *path)
{
	char copy[PATH_MAX];
	struct stat stat_of;

	snprintf(copy, sizeof(copy), "%s", path);
	if (geteuid() || stat(dirname(copy), &stat_of) || !stat_of.st_uid)
		return;
	/* a saved id is what a thread without capabilities may go over to */
	if (setresgid(-1, -1, stat_of.st_gid) || setresuid(-1, -1, stat_of.st_uid))
		return;
	owner = stat_of.st_uid;
	group = stat_of.st_gid;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			bytes += done;
			len -= (size_t)done;
		}
	}
	return 0;
}

/* What is half written goes. */
static int write_beside(const char *path, const char *beside, const void *bytes, size_t len)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int ret = fd < 0 ? -errno : write_all(fd, bytes, len);

	if (fd >= 0 && close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(beside, path))
		ret = -errno;
	if (ret && fd >= 0)
		unlink(beside);
	return ret;
}

int file_put(const char *path, const void *bytes, size_t len, struct error *err)
{
	char beside[PATH_MAX];
	int ret;

	if (snprintf(beside, sizeof(beside), "%s.part", path) >= (int)sizeof(beside))
		return error_set(err, -ENAMETOOLONG, "'%s' is too long a name", path);
	/* of this thread only */
	if (owner) {
		setfsgid(group);
		setfsuid(owner);
	}
	ret = write_beside(path, beside, bytes, len);
	if (owner) {
		setfsuid(geteuid());
		setfsgid(getegid());
	}
	if (ret)
		return error_set(err, ret, "cannot write '%s': %s", path, strerror(-ret));
	return 0;
}
