// SPDX-License-Identifier: GPL-2.0-or-later
/* A table of owners, counted by their connections: gone with the last of them. */
#include "model/owners.h"

#include <errno.h>
#include <string.h>

#define KEY_SIZE offsetof(struct owner, service)

static uint32_t resolve(struct services *services, const struct owner *owner)
{
	return services_resolve(services, cgroup_key(owner->cgroup_id, owner->source), owner->comm);
}

static bool owner_equal(const void *ctx, uint32_t id, const void *key)
{
	return !memcmp(owners_at(ctx, id), key, KEY_SIZE);
}

int owners_init(struct owners *owners)
{
	pool_init(&owners->pool, sizeof(struct owner));
	if (index_init(&owners->index))
		return -ENOMEM;
	/* nobody is in no index, and stays */
	return pool_take(&owners->pool) == OWNERS_NOBODY ? 0 : -ENOMEM;
}

void owners_release(struct owners *owners)
{
	index_release(&owners->index);
	pool_release(&owners->pool);
}

/* No new connection finds it any more. */
static void hide(struct owners *owners, uint32_t id, struct owner *owner)
{
	index_remove(&owners->index, hash_bytes(owner, KEY_SIZE), id);
	owner->found = false;
}

bool owners_outdated(struct owners *owners, struct services *services, uint32_t id)
{
	struct owner *owner = pool_at(&owners->pool, id);
	uint32_t age = services_age(services);

	if (id == OWNERS_NOBODY || owner->asked == age)
		return false;
	if (resolve(services, owner) != owner->service)
		return true;
	owner->asked = age;
	return false;
}

uint32_t owners_enter(struct owners *owners, struct services *services, const struct owner *like)
{
	static const struct owner nobody;
	uint32_t hash = hash_bytes(like, KEY_SIZE), id;
	struct owner *owner;

	if (!memcmp(like, &nobody, offsetof(struct owner, source)) && !like->comm[0])
		return OWNERS_NOBODY;
	id = index_find(&owners->index, hash, owner_equal, owners, like);
	if (id != INDEX_NONE && owners_outdated(owners, services, id)) {
		hide(owners, id, pool_at(&owners->pool, id));
		id = INDEX_NONE;
	}
	if (id == INDEX_NONE) {
		id = pool_take(&owners->pool);
		if (id == POOL_NONE)
			return OWNERS_NOBODY;
		if (index_insert(&owners->index, hash, id)) {
			pool_give(&owners->pool, id);
			return OWNERS_NOBODY;
		}
		owner = pool_at(&owners->pool, id);
		memcpy(owner, like, KEY_SIZE);
		owner->service = resolve(services, owner);
		owner->asked = services_age(services);
		owner->found = true;
	}
	owner = pool_at(&owners->pool, id);
	owner->conns++;
	return id;
}

void owners_leave(struct owners *owners, uint32_t id)
{
	struct owner *owner = pool_at(&owners->pool, id);

	if (id == OWNERS_NOBODY || --owner->conns)
		return;
	if (owner->found)
		hide(owners, id, owner);
	pool_give(&owners->pool, id);
}
