/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who connections belong to: each process in its cgroup once, however many connections
 * it has. Internal to the model.
 */
#ifndef MODEL_OWNERS_H
#define MODEL_OWNERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/index.h"
#include "base/pool.h"
#include "model/service.h"
#include "tw_record.h"

/* The owner of those that have none: unknown process, command, cgroup and service. */
#define OWNERS_NOBODY 0

struct owner {
	/* the key */
	uint64_t cgroup_id;	/* of the connection's socket; 0: unknown */
	uint32_t pid;
	uint32_t source;	/* which recording's boot */
	char comm[TW_COMM_LEN];
	/* as of @asked: a cgroup's name may come later, and what has been counted stays */
	uint32_t service;
	uint32_t asked;		/* services_age() */
	uint32_t conns;		/* connections that point here */
	bool found;		/* in the index; else outdated, for those who have it already */
};

struct owners {
	struct pool pool;	/* struct owner */
	struct index index;
};

int owners_init(struct owners *owners);
void owners_release(struct owners *owners);
static inline const struct owner *owners_at(const struct owners *owners, uint32_t id)
{
	return pool_at_sized(&owners->pool, id, sizeof(struct owner));
}

/*
 * The number of who has the key of @like, made if need be, with the service that it has
 * now. Takes a reference. OWNERS_NOBODY also when there is no memory.
 */
uint32_t owners_enter(struct owners *owners, struct services *services, const struct owner *like);
void owners_leave(struct owners *owners, uint32_t id);
/* Whether its service may have another name by now: enter again, then leave. */
bool owners_outdated(struct owners *owners, struct services *services, uint32_t id);

#endif
