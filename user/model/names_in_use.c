// SPDX-License-Identifier: GPL-2.0-or-later
/* Everyone in the model who keeps the number of a service for longer than a record. */
#include "model/names_in_use.h"

#include "model/failure_table.h"
#include "model/failures.h"
#include "model/flames.h"
#include "model/leaks.h"
#include "model/tracker.h"

static void use_rows(struct services *services, const struct rows *rows)
{
	uint32_t id;

	for (id = pool_next(&rows->pool, 0); id != POOL_NONE; id = pool_next(&rows->pool, id + 1))
		services_use(services, rows_at(rows, id)->key.service);
}

/* Those of connections, and of what is left of some. */
static void use_owners(struct services *services, const struct owners *owners)
{
	uint32_t id;

	for (id = pool_next(&owners->pool, 0); id != POOL_NONE;
	     id = pool_next(&owners->pool, id + 1)) {
		const struct owner *owner = owners_at(owners, id);

		services_use(services, owner->service);
		services_use_cgroup(services, cgroup_key(owner->cgroup_id, owner->source));
	}
}

static void use_failures(struct services *services, const struct failures *failures)
{
	for (size_t i = 0; failures && i < failures->count; i++)
		services_use(services, failures->rows[i].key.service);
}

static void use_flames(struct services *services, const struct flames *flames)
{
	const struct pool *pool;
	uint32_t id;

	if (!flames)
		return;
	pool = &flames->gone.pool;
	for (id = pool_next(pool, 0); id != POOL_NONE; id = pool_next(pool, id + 1))
		services_use(services, ((struct flame_row *)pool_at(pool, id))->key.service);
}

static void use_leaks(struct services *services, const struct leaks *leaks)
{
	uint32_t id;

	if (!leaks)
		return;
	for (id = pool_next(&leaks->classes, 0); id != POOL_NONE;
	     id = pool_next(&leaks->classes, id + 1))
		services_use(services, leaks_class_at(leaks, id)->key.service);
	for (id = pool_next(&leaks->queues, 0); id != POOL_NONE;
	     id = pool_next(&leaks->queues, id + 1))
		services_use(services, ((struct queue *)pool_at(&leaks->queues, id))->key.service);
}

void names_in_use_tick(struct model *model)
{
	struct services *services = model->services;

	/* of a command, and where every connect() is kept, all of it is in use */
	if (!services_are_many(services) || model->farewell || model->attempts)
		return;
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		use_rows(services, &model->rows[dim]);
	use_rows(services, &model->places);
	use_owners(services, &model->owners);
	use_failures(services, model->failures);
	use_flames(services, model->flames);
	use_leaks(services, model->leaks);
	services_forget(services);
}
