// SPDX-License-Identifier: GPL-2.0-or-later
/* The three system calls, with the newest interface that the kernel has. */
#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Which versions have them; the header may be older than the kernel. */
#define FS_1 ((1ULL << 13) - 1)
#define FS_REFER (1ULL << 13)		/* 2: b91c3e4ea756, Linux 5.19 */
#define FS_TRUNCATE (1ULL << 14)	/* 3: b9f5ce27c8f8, Linux 6.2 */
#define FS_IOCTL_DEV (1ULL << 15)	/* 5: b25f7415eb41, Linux 6.10 */
#define NET_BIND (1ULL << 0)		/* 4: fff69fb03dde, Linux 6.7 */
#define NET_CONNECT (1ULL << 1)
#define SCOPE_ABSTRACT (1ULL << 0)	/* 6: 21d52e295ad2, Linux 6.12 */

/* struct landlock_ruleset_attr of version 6: an older kernel takes what follows if it is 0. */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_REPLACE                                                                             \
	(FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define FS_GROW (FS_REPLACE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR)
/* Of these alone a rule for a file may be. */
#define FS_OF_FILE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)

static const uint64_t rights[] = {
	[LANDLOCK_READ] = FS_READ,
	[LANDLOCK_REPLACE] = FS_REPLACE,
	[LANDLOCK_GROW] = FS_GROW,
};

int landlock_version(void)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version < 0 ? 0 : (int)version;
}

static struct ruleset handled(int version, const struct landlock_net *net)
{
	return (struct ruleset){
		.fs = FS_1 | (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0) |
		      (version >= 5 ? FS_IOCTL_DEV : 0),
		.net = version < 4   ? 0 :
		       net->connects ? NET_BIND :
				       NET_BIND | NET_CONNECT,
		.scoped = version >= 6 && !net->abstract ? SCOPE_ABSTRACT : 0,
	};
}

static int add(int fd, const struct landlock_rule *rule, uint64_t known, struct error *err)
{
	struct landlock_path_beneath_attr beneath = {
		.allowed_access = rights[rule->access] & known,
		.parent_fd = open(rule->path, O_PATH | O_CLOEXEC),
	};
	struct stat is;
	int ret = 0;

	/* what can't be reached now can't be read later either */
	if (beneath.parent_fd < 0)
		return 0;
	if (!fstat(beneath.parent_fd, &is) && !S_ISDIR(is.st_mode))
		beneath.allowed_access &= FS_OF_FILE;
	if (syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0))
		ret = error_set(err, -errno, "no rule can be made for '%s': %s", rule->path,
				strerror(errno));
	close(beneath.parent_fd);
	return ret;
}

static int restrict_self(int fd, struct error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_set(err, -errno, "no_new_privs cannot be set: %s", strerror(errno));
	if (syscall(SYS_landlock_restrict_self, fd, 0))
		return error_set(err, -errno, "landlock_restrict_self(): %s", strerror(errno));
	return 0;
}

int landlock_limit(const struct landlock_rule *rules, size_t count, const struct landlock_net *net,
		   struct error *err)
{
	int version = landlock_version(), fd, ret = 0;
	struct ruleset ruleset = handled(version, net);

	if (!version)
		return error_set(err, -EOPNOTSUPP, "this kernel has no Landlock, or it is off");
	fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd < 0)
		return error_set(err, -errno, "landlock_create_ruleset(): %s", strerror(errno));
	for (size_t i = 0; i < count && !ret; i++)
		ret = add(fd, &rules[i], ruleset.fs, err);
	if (!ret)
		ret = restrict_self(fd, err);
	close(fd);
	return ret;
}
