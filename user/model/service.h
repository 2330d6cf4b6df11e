/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a connection belongs to, by name: the systemd unit or the container of its
 * cgroup, else the command. Names are numbered, so that rows compare numbers.
 */
#ifndef MODEL_SERVICE_H
#define MODEL_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tw_record.h"

#define SERVICE_UNKNOWN 0

struct services;

struct services *services_new(void);
void services_free(struct services *services);
/* Cgroup ids count from boot: two hosts use the same ones. */
static inline uint64_t cgroup_key(uint64_t cgroup_id, unsigned int source)
{
	return cgroup_id ? cgroup_id ^ ((uint64_t)source << 48) : 0;
}

/*
 * The path of a cgroup id of @source (clean or not: it is cleaned here). Returns 0 or -ENOMEM.
 */
int services_learn_cgroup(struct services *services, uint64_t cgroup_id, unsigned int source,
			  const char *path);
/* The number of the service, SERVICE_UNKNOWN if neither cgroup nor command says. */
uint32_t services_resolve(struct services *services, uint64_t cgroup_id,
			  const char comm[static TW_COMM_LEN]);
/* Changes whenever something has been learned that services_resolve() may answer by. */
uint32_t services_age(const struct services *services);
/* NULL for SERVICE_UNKNOWN, and for one that was forgotten: a number is never another's. */
const char *services_name(const struct services *services, uint32_t service);
/* Every cgroup that has been learned. */
void services_each_cgroup(const struct services *services,
			  void (*fn)(void *ctx, uint64_t cgroup_id, const char *path), void *ctx);
/* NULL: not known. */
const char *services_cgroup_path(const struct services *services, uint64_t cgroup_id);

/*
 * A host may make containers for ever. When there are many names, who keeps numbers says which
 * ones are in use, and the rest is forgotten:
 *
 *   services_are_many | services_use, services_use_cgroup... | services_forget
 *
 * The text of a name that is forgotten lasts until the next time.
 */
bool services_are_many(const struct services *services);
void services_use(struct services *services, uint32_t service);
void services_use_cgroup(struct services *services, uint64_t cgroup_id);
void services_forget(struct services *services);

#endif
