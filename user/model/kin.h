/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes of a command, by their numbers, while those are theirs. Internal to the
 * model.
 */
#ifndef MODEL_KIN_H
#define MODEL_KIN_H

#include "base/index.h"
#include "base/pool.h"
#include "tw_record.h"

struct relative {
	uint64_t started_ns;	/* 0: not told */
	uint32_t pid;
	bool exiting;
};

struct kin {
	struct pool pool;	/* struct relative */
	struct index by_pid;
};

/* 0 or -ENOMEM. */
int kin_init(struct kin *kin);
void kin_release(struct kin *kin);
/* 0 or -ENOMEM. One that had the number before is gone. */
int kin_add(struct kin *kin, uint32_t pid, uint64_t started_ns);
/* NULL: it is none of them. */
struct relative *kin_find(const struct kin *kin, uint32_t pid);
/* Only the one that began then. */
void kin_remove(struct kin *kin, uint32_t pid, uint64_t started_ns);
/* Those that run. */
uint32_t kin_alive(const struct kin *kin);

#endif
