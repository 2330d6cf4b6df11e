// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of services: numbered, and kept while they are in use. */
#include "model/service.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "base/pool.h"
#include "base/text.h"
#include "model/model.h"
#include "model/service_path.h"

#define SERVICE_NAME_LEN 128
/* So few names, or cgroups, are no reason to forget any. */
#define NAMES_FEW (2 * TW_CGROUPS_REMEMBERED)

struct service {
	char *name;	/* owned */
	uint32_t number;
	bool used;
};

struct cgroup {
	uint64_t id;
	char *path;	/* owned */
	uint32_t service;	/* SERVICE_UNKNOWN: the path names none, the command decides */
	uint32_t told;	/* how many its source had told by then */
	uint8_t source;
	bool used;
};

/* A command's name costs a cleaning only once. */
struct command {
	char comm[TW_COMM_LEN];
	uint32_t service;
};

struct services {
	struct pool services, cgroups, commands;
	struct index by_name, by_number, by_cgroup, by_command;
	uint32_t numbers;	/* given out */
	uint32_t age;	/* how often a cgroup was learned */
	uint32_t told[MODEL_MAX_SOURCES]; /* of that by each source */
	uint32_t many_names, many_cgroups; /* from so many on some are forgotten */
	char **gone;	/* owned, and so are they: names forgotten the last time */
	uint32_t nr_gone;
};

static struct service *service_at(const struct services *services, uint32_t id)
{
	return pool_at_sized(&services->services, id, sizeof(struct service));
}

static bool service_equal(const void *ctx, uint32_t id, const void *key)
{
	return !strcmp(service_at(ctx, id)->name, key);
}

static bool number_equal(const void *ctx, uint32_t id, const void *key)
{
	return service_at(ctx, id)->number == *(const uint32_t *)key;
}

static bool cgroup_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct services *services = ctx;

	return ((struct cgroup *)pool_at(&services->cgroups, id))->id == *(const uint64_t *)key;
}

static bool command_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct services *services = ctx;

	return !memcmp(((struct command *)pool_at(&services->commands, id))->comm, key,
		       TW_COMM_LEN);
}

struct services *services_new(void)
{
	struct services *services = calloc(1, sizeof(*services));

	if (!services)
		return NULL;
	pool_init(&services->services, sizeof(struct service));
	pool_init(&services->cgroups, sizeof(struct cgroup));
	pool_init(&services->commands, sizeof(struct command));
	services->many_names = services->many_cgroups = NAMES_FEW;
	if (index_init(&services->by_name) || index_init(&services->by_number) ||
	    index_init(&services->by_cgroup) || index_init(&services->by_command)) {
		services_free(services);
		return NULL;
	}
	return services;
}

static void free_gone(struct services *services)
{
	for (uint32_t i = 0; i < services->nr_gone; i++)
		free(services->gone[i]);
	free(services->gone);
	services->gone = NULL;
	services->nr_gone = 0;
}

void services_free(struct services *services)
{
	uint32_t id;

	if (!services)
		return;
	for (id = pool_next(&services->services, 0); id != POOL_NONE;
	     id = pool_next(&services->services, id + 1))
		free(service_at(services, id)->name);
	for (id = pool_next(&services->cgroups, 0); id != POOL_NONE;
	     id = pool_next(&services->cgroups, id + 1))
		free(((struct cgroup *)pool_at(&services->cgroups, id))->path);
	free_gone(services);
	index_release(&services->by_name);
	index_release(&services->by_number);
	index_release(&services->by_cgroup);
	index_release(&services->by_command);
	pool_release(&services->services);
	pool_release(&services->cgroups);
	pool_release(&services->commands);
	free(services);
}

static struct service *find_number(const struct services *services, uint32_t number)
{
	uint32_t id =
		index_find(&services->by_number, hash_u64(number), number_equal, services, &number);

	return id == INDEX_NONE ? NULL : service_at(services, id);
}

/* Into both indexes, or into none. */
static int insert(struct services *services, uint32_t id, uint32_t hash)
{
	uint32_t number_hash = hash_u64(service_at(services, id)->number);

	if (index_insert(&services->by_name, hash, id))
		return -ENOMEM;
	if (!index_insert(&services->by_number, number_hash, id))
		return 0;
	index_remove(&services->by_name, hash, id);
	return -ENOMEM;
}

/* The number of a name, made if need be; SERVICE_UNKNOWN when there is no memory. */
static uint32_t intern(struct services *services, const char *name)
{
	uint32_t hash = hash_bytes(name, strlen(name));
	uint32_t id = index_find(&services->by_name, hash, service_equal, services, name);
	struct service *service;

	if (id != INDEX_NONE)
		return service_at(services, id)->number;
	id = pool_take(&services->services);
	if (id == POOL_NONE)
		return SERVICE_UNKNOWN;
	service = service_at(services, id);
	service->name = strdup(name);
	service->number = services->numbers + 1;
	if (!service->name || insert(services, id, hash)) {
		free(service->name);
		pool_give(&services->services, id);
		return SERVICE_UNKNOWN;
	}
	return ++services->numbers;
}

static struct cgroup *cgroup_find(const struct services *services, uint64_t id)
{
	uint32_t at = index_find(&services->by_cgroup, hash_u64(id), cgroup_equal, services, &id);

	return at == INDEX_NONE ? NULL : pool_at(&services->cgroups, at);
}

static struct cgroup *cgroup_make(struct services *services, uint64_t id)
{
	uint32_t at = pool_take(&services->cgroups);
	struct cgroup *cgroup;

	if (at == POOL_NONE)
		return NULL;
	cgroup = pool_at(&services->cgroups, at);
	cgroup->id = id;
	if (index_insert(&services->by_cgroup, hash_u64(id), at)) {
		pool_give(&services->cgroups, at);
		return NULL;
	}
	return cgroup;
}

int services_learn_cgroup(struct services *services, uint64_t cgroup_id, unsigned int source,
			  const char *path)
{
	struct cgroup *cgroup = cgroup_find(services, cgroup_id);
	char clean[4096], name[SERVICE_NAME_LEN];

	if (!cgroup)
		cgroup = cgroup_make(services, cgroup_id);
	if (!cgroup)
		return -ENOMEM;
	services->age++;
	cgroup->source = source;
	cgroup->told = ++services->told[source];
	text_clean(path, strlen(path), clean, sizeof(clean));
	free(cgroup->path);
	cgroup->path = strdup(clean);
	cgroup->service = SERVICE_UNKNOWN;
	if (service_from_path(clean, name, sizeof(name)) > 0)
		cgroup->service = intern(services, name);
	return cgroup->path ? 0 : -ENOMEM;
}

uint32_t services_age(const struct services *services)
{
	return services->age;
}

static uint32_t service_of_command(struct services *services, const char comm[static TW_COMM_LEN])
{
	uint32_t hash = hash_bytes(comm, TW_COMM_LEN);
	uint32_t at = index_find(&services->by_command, hash, command_equal, services, comm);
	struct command *command;
	char clean[TW_COMM_LEN * 4 + 1];

	if (at != INDEX_NONE)
		return ((struct command *)pool_at(&services->commands, at))->service;
	text_clean(comm, strnlen(comm, TW_COMM_LEN), clean, sizeof(clean));
	at = pool_take(&services->commands);
	if (at == POOL_NONE)
		return SERVICE_UNKNOWN;
	command = pool_at(&services->commands, at);
	memcpy(command->comm, comm, TW_COMM_LEN);
	command->service = intern(services, clean);
	if (index_insert(&services->by_command, hash, at))
		pool_give(&services->commands, at);
	return intern(services, clean);
}

uint32_t services_resolve(struct services *services, uint64_t cgroup_id,
			  const char comm[static TW_COMM_LEN])
{
	struct cgroup *cgroup = cgroup_id ? cgroup_find(services, cgroup_id) : NULL;

	if (cgroup && cgroup->service != SERVICE_UNKNOWN)
		return cgroup->service;
	return comm[0] ? service_of_command(services, comm) : SERVICE_UNKNOWN;
}

const char *services_name(const struct services *services, uint32_t service)
{
	const struct service *found = find_number(services, service);

	return found ? found->name : NULL;
}

const char *services_cgroup_path(const struct services *services, uint64_t cgroup_id)
{
	struct cgroup *cgroup = cgroup_id ? cgroup_find(services, cgroup_id) : NULL;

	return cgroup ? cgroup->path : NULL;
}

void services_each_cgroup(const struct services *services,
			  void (*fn)(void *ctx, uint64_t cgroup_id, const char *path), void *ctx)
{
	const struct pool *cgroups = &services->cgroups;

	for (uint32_t id = pool_next(cgroups, 0); id != POOL_NONE;
	     id = pool_next(cgroups, id + 1)) {
		const struct cgroup *cgroup = pool_at(cgroups, id);

		if (cgroup->path)
			fn(ctx, cgroup->id, cgroup->path);
	}
}

bool services_are_many(const struct services *services)
{
	/* no command is remembered without its name */
	return services->services.count >= services->many_names ||
	       services->cgroups.count >= services->many_cgroups;
}

void services_use(struct services *services, uint32_t number)
{
	struct service *service = find_number(services, number);

	if (service)
		service->used = true;
}

void services_use_cgroup(struct services *services, uint64_t cgroup_id)
{
	struct cgroup *cgroup = cgroup_id ? cgroup_find(services, cgroup_id) : NULL;

	if (cgroup)
		cgroup->used = true;
}

/* Those that stay have a use for their names. */
static void forget_cgroups(struct services *services)
{
	for (uint32_t id = pool_next(&services->cgroups, 0); id != POOL_NONE;
	     id = pool_next(&services->cgroups, id + 1)) {
		struct cgroup *cgroup = pool_at(&services->cgroups, id);

		if (cgroup->used ||
		    services->told[cgroup->source] - cgroup->told < TW_CGROUPS_REMEMBERED) {
			cgroup->used = false;
			services_use(services, cgroup->service);
			continue;
		}
		index_remove(&services->by_cgroup, hash_u64(cgroup->id), id);
		free(cgroup->path);
		pool_give(&services->cgroups, id);
	}
}

/* They are no more than a short cut. */
static void forget_commands(struct services *services)
{
	for (uint32_t id = pool_next(&services->commands, 0); id != POOL_NONE;
	     id = pool_next(&services->commands, id + 1)) {
		const struct command *command = pool_at(&services->commands, id);

		index_remove(&services->by_command, hash_bytes(command->comm, TW_COMM_LEN), id);
		pool_give(&services->commands, id);
	}
}

static void forget_names(struct services *services)
{
	free_gone(services);
	services->gone = calloc(services->services.count, sizeof(*services->gone));
	for (uint32_t id = pool_next(&services->services, 0); id != POOL_NONE && services->gone;
	     id = pool_next(&services->services, id + 1)) {
		struct service *service = service_at(services, id);

		if (service->used) {
			service->used = false;
			continue;
		}
		index_remove(&services->by_name, hash_bytes(service->name, strlen(service->name)),
			     id);
		index_remove(&services->by_number, hash_u64(service->number), id);
		services->gone[services->nr_gone++] = service->name;
		pool_give(&services->services, id);
	}
}

/* The next time it is worth the while. */
static uint32_t many_after(uint32_t left)
{
	return left < NAMES_FEW / 2 ? NAMES_FEW : 2 * left;
}

void services_forget(struct services *services)
{
	forget_cgroups(services);
	forget_commands(services);
	forget_names(services);
	services->many_names = many_after(services->services.count);
	services->many_cgroups = many_after(services->cgroups.count);
}
