// SPDX-License-Identifier: GPL-2.0-or-later
/* A set of processes. */
#include "model/kin.h"

#include <errno.h>

static struct relative *at(const struct kin *kin, uint32_t id)
{
	return pool_at_sized(&kin->pool, id, sizeof(struct relative));
}

static bool pid_equal(const void *ctx, uint32_t id, const void *key)
{
	return at(ctx, id)->pid == *(const uint32_t *)key;
}

static uint32_t find(const struct kin *kin, uint32_t pid)
{
	return index_find(&kin->by_pid, hash_u64(pid), pid_equal, kin, &pid);
}

int kin_init(struct kin *kin)
{
	pool_init(&kin->pool, sizeof(struct relative));
	return index_init(&kin->by_pid);
}

void kin_release(struct kin *kin)
{
	index_release(&kin->by_pid);
	pool_release(&kin->pool);
}

int kin_add(struct kin *kin, uint32_t pid, uint64_t started_ns)
{
	uint32_t id = find(kin, pid);

	if (id == INDEX_NONE) {
		id = pool_take(&kin->pool);
		if (id == POOL_NONE)
			return -ENOMEM;
		if (index_insert(&kin->by_pid, hash_u64(pid), id)) {
			pool_give(&kin->pool, id);
			return -ENOMEM;
		}
	}
	*at(kin, id) = (struct relative){ .pid = pid, .started_ns = started_ns };
	return 0;
}

struct relative *kin_find(const struct kin *kin, uint32_t pid)
{
	uint32_t id = pid ? find(kin, pid) : INDEX_NONE;

	return id == INDEX_NONE ? NULL : at(kin, id);
}

void kin_remove(struct kin *kin, uint32_t pid, uint64_t started_ns)
{
	uint32_t id = find(kin, pid);

	if (id == INDEX_NONE || (at(kin, id)->started_ns && at(kin, id)->started_ns != started_ns))
		return;
	index_remove(&kin->by_pid, hash_u64(pid), id);
	pool_give(&kin->pool, id);
}

uint32_t kin_alive(const struct kin *kin)
{
	uint32_t id, count = 0;

	for (id = pool_next(&kin->pool, 0); id != POOL_NONE; id = pool_next(&kin->pool, id + 1))
		count += !at(kin, id)->exiting;
	return count;
}
