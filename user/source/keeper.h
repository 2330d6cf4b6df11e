/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process beside the tracer that keeps privileges for it: it looks into other processes and
 * namespaces, and hands over descriptors and bytes. So the tracer, which reads what others have
 * written and talks to the network, can give them up and be confined: Landlock alone would
 * forbid it every such look (hook_ptrace_access_check(), security/landlock/task.c).
 *
 * It does one act at a time, out of a table that it was started with; what it keeps is permitted
 * and raised for that time only. What others have chosen it passes on, to the kernel or to the
 * tracer, and makes sense of as little as it can.
 *
 * Belongs to one thread of the tracer, but for its start.
 */
#ifndef SOURCE_KEEPER_H
#define SOURCE_KEEPER_H

#include <stddef.h>
#include <stdint.h>

#include "base/caps.h"
#include "base/error.h"
#include "base/parcel.h"

/* Descriptors of one answer; bytes of one request, and of an answer. */
#define KEEPER_FDS PARCEL_FDS
#define KEEPER_REQUEST_BYTES 8192
#define KEEPER_ANSWER_BYTES (16U * 1024 * 1024)
/* So long it may take for an answer. */
#define KEEPER_LIMIT_MS 10000

struct request {
	const void *data;	/* aligned for any type */
	size_t size;
	int fd;			/* -1: none came with it */
};

/* Begin with ANSWER_NONE; answer_release() in the end. */
struct answer {
	char *data;		/* owned */
	size_t size;
	int fds[KEEPER_FDS];	/* owned, each in its place; -1: none */
};

#define ANSWER_NONE ((struct answer){ .fds = { -1, -1, -1, -1 } })

/* 0 or -errno: -ENOMEM, -EMSGSIZE where it would grow too large. */
int answer_add(struct answer *answer, const void *data, size_t size);
/* The descriptor in that place, the caller's from now on. */
int answer_take_fd(struct answer *answer, unsigned int place);
void answer_release(struct answer *answer);

/* What can be asked for. */
struct act {
	/* 0 or -errno; what is in @answer then is sent in any case */
	int (*run)(const struct request *request, struct answer *answer);
	size_t size;		/* of its requests: no other is let through */
	uint32_t caps;		/* raised meanwhile */
};

struct keeper_opts {
	const struct act *acts;
	unsigned int nr_acts;
	uint32_t caps;		/* what it keeps, as far as there is any */
	const char *name;	/* of the process, 15 characters at most */
	const char *gone;	/* what can't be done any more without it, for a warning */
	unsigned int limit_ms;	/* 0: KEEPER_LIMIT_MS */
};

struct keeper;

/*
 * Before anything is open or mapped that it must not have: it closes and never touches it, but
 * the memory is copied as it is. NULL with @err.
 */
struct keeper *keeper_start(const struct keeper_opts *opts, struct error *err);
/* Ends it and waits for its end; NULL: nothing. */
void keeper_end(struct keeper *keeper);
/*
 * Has it do acts[@act]; @fd goes along and stays the caller's, -1: none. What the act has
 * returned; or -ENOMEM, without an answer: there is no memory for it here; or -ENOTCONN: it is
 * gone, which is warned of once. @answer: to be released.
 */
int keeper_ask(struct keeper *keeper, unsigned int act, const void *data, size_t size, int fd,
	       struct answer *answer);
/*
 * Makes it give up for good all but these. 0 or -errno: then it is gone, which is warned of, and so
 * is what it had.
 */
int keeper_limit(struct keeper *keeper, uint32_t caps);
/* Whether it has that to raise; false when it is gone. */
bool keeper_has(const struct keeper *keeper, enum cap cap);
/* The processor's time that it has used so far, in nanoseconds. */
uint64_t keeper_cost_ns(const struct keeper *keeper);
bool keeper_is_gone(const struct keeper *keeper);

#endif
