/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What belongs to a command: a control group made for it, where one may be made, and the
 * tree of its processes in any case. Tells the receiver of it, in wire records.
 */
#ifndef SOURCE_SCOPE_H
#define SOURCE_SCOPE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "source/source.h"

struct scope {
	pid_t pid;		/* of the command */
	uint64_t cgroup_id;	/* 0: none */
	char path[PATH_MAX];	/* of the control group, "" if there is none */
	pid_t keeper;		/* the process that removes it, 0: none */
	int keeper_fd;		/* closed: it is to */
};

/*
 * For the process @pid, which does nothing yet: puts it into a control group of its own,
 * below that of the caller. Where that can't be, @why says so and the process tree is the
 * scope. scope_close() in any case.
 */
void scope_open(struct scope *scope, pid_t pid, struct error *why);
/*
 * Removes the control group, unless something runs in it still: then it stays, and false.
 * That needs privileges which are dropped meanwhile, so a process of its own keeps them; it
 * removes it too when we are killed.
 */
bool scope_close(struct scope *scope);

/* The command's words, NULL at their end, before anything else is told. */
void scope_tell(const struct scope *scope, char *const *words, uint64_t ts_ns,
		const struct receiver *to);
/* It has ended: @status as wait() gives it. */
void scope_tell_end(const struct scope *scope, int status, uint64_t ts_ns,
		    const struct receiver *to);

#endif
