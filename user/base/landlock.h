/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calling thread, and those that it makes, open no file but those named, for good
 * (landlock(7)). What is open already stays as it is. Nothing is executed, no TCP port is bound.
 *
 * It takes away more than files: of other processes outside nothing can be read that
 * ptrace_may_access() guards, and no file system can be mounted.
 */
#ifndef BASE_LANDLOCK_H
#define BASE_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum landlock_access {
	LANDLOCK_READ,		/* the file, or all below the folder */
	LANDLOCK_REPLACE,	/* and files below the folder are made, written, renamed, removed */
	LANDLOCK_GROW,		/* and folders, too */
};

struct landlock_rule {
	const char *path;	/* links are followed; what is not there is left out */
	enum landlock_access access;
};

struct landlock_net {
	bool connects;		/* TCP connections may be opened */
	bool abstract;		/* AF_UNIX sockets without a file may be sent to */
};

/* What the kernel knows of it: the version of its interface; 0: nothing, or it is turned off. */
int landlock_version(void);
/*
 * Adds this limit to any that there is. Sets no_new_privs. 0 or -errno: -EOPNOTSUPP where the
 * kernel has none. What an older version does not know is not limited.
 */
int landlock_limit(const struct landlock_rule *rules, size_t count, const struct landlock_net *net,
		   struct error *err);

#endif
