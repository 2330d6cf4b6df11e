/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pool against a trivial model: numbers, addresses and zeroed memory under churn. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

#define SEED 0x5eed
#define MOST_THINGS 6000	/* several chunks */

static void assert_sane_pool(const struct pool *pool)
{
	uint32_t nr_free = 0, nr_alive = 0;
	uint32_t id;

	for (id = 0; id < pool->used; id++)
		nr_alive += pool_alive(pool, id);
	assert_int_equal(nr_alive, pool->count);

	for (id = pool->free_head; id != POOL_NONE; nr_free++) {
		assert_true(id < pool->used);
		assert_false(pool_alive(pool, id));
		assert_true(nr_free < pool->used);	/* no cycle */
		memcpy(&id, pool_at(pool, id), sizeof(id));
	}
	assert_int_equal(nr_free, pool->used - pool->count);
	assert_false(pool_alive(pool, pool->used));
	assert_false(pool_alive(pool, POOL_NONE));
}

/* The walk must list exactly what pool_alive() says, in order. */
static void assert_walk_is_complete(const struct pool *pool)
{
	uint32_t id, next = pool_next(pool, 0);

	for (id = 0; id < pool->used; id++) {
		if (!pool_alive(pool, id))
			continue;
		assert_int_equal(next, id);
		next = pool_next(pool, id + 1);
	}
	assert_int_equal(next, POOL_NONE);
}

static bool is_filled(const void *thing, size_t size, uint8_t byte)
{
	const uint8_t *at = thing;
	size_t i;

	for (i = 0; i < size; i++) {
		if (at[i] != byte)
			return false;
	}
	return true;
}

static uint32_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*random >> 33);
}

struct model {
	uint32_t ids[MOST_THINGS];	/* those alive, in no order */
	uint32_t count;
	void *address[MOST_THINGS];	/* by id; what it was when the thing was taken */
	uint8_t fill[MOST_THINGS];	/* by id; never 0 */
};

static void model_take(struct model *model, struct pool *pool, size_t size, uint64_t *random)
{
	uint32_t id = pool_take(pool);

	assert_true(id < MOST_THINGS);
	if (!is_filled(pool_at(pool, id), size, 0))
		fail_msg("item %u of %zu bytes is not zeroed", id, size);
	model->ids[model->count++] = id;
	model->address[id] = pool_at(pool, id);
	model->fill[id] = (uint8_t)(next_random(random) % 255 + 1);
	memset(pool_at(pool, id), model->fill[id], size);
}

static void model_give(struct model *model, struct pool *pool, uint32_t which)
{
	uint32_t id = model->ids[which];

	assert_true(pool_alive(pool, id));
	pool_give(pool, id);
	assert_false(pool_alive(pool, id));
	model->ids[which] = model->ids[--model->count];
}

static void assert_same(const struct model *model, const struct pool *pool, size_t size)
{
	uint32_t i;

	assert_int_equal(model->count, pool->count);
	for (i = 0; i < model->count; i++) {
		uint32_t id = model->ids[i];

		assert_true(pool_alive(pool, id));
		assert_ptr_equal(pool_at(pool, id), model->address[id]);
		if (!is_filled(pool_at(pool, id), size, model->fill[id]))
			fail_msg("item %u of %zu bytes was overwritten", id, size);
	}
}

static void churn(size_t size)
{
	struct model *model = calloc(1, sizeof(*model));
	uint64_t random = SEED;
	struct pool pool;
	uint32_t step;

	assert_non_null(model);
	pool_init(&pool, size);
	for (step = 0; step < 30000; step++) {
		bool filling = step / 6000 % 2 == 0;
		bool take = next_random(&random) % 8 < (filling ? 7 : 1);

		if (take && model->count < MOST_THINGS)
			model_take(model, &pool, size, &random);
		else if (!take && model->count)
			model_give(model, &pool, next_random(&random) % model->count);
		assert_int_equal(pool.count, model->count);
		/* Walking thousands of things at each step would take minutes. */
		if (step < 200 || step % 500 == 0) {
			assert_sane_pool(&pool);
			assert_walk_is_complete(&pool);
			assert_same(model, &pool, size);
		}
	}
	while (model->count)
		model_give(model, &pool, model->count - 1);
	assert_sane_pool(&pool);
	assert_walk_is_complete(&pool);
	pool_release(&pool);
	free(model);
}

static void agrees_with_a_model_under_churn(void **state)
{
	static const size_t sizes[] = { 1, 4, 8, 24, 200 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		churn(sizes[i]);
}

static void reuses_released_numbers_before_new_ones(void **state)
{
	struct pool pool;
	uint32_t a, b, used;

	(void)state;
	pool_init(&pool, 16);
	a = pool_take(&pool);
	b = pool_take(&pool);
	pool_take(&pool);
	used = pool.used;
	pool_give(&pool, a);
	pool_give(&pool, b);
	assert_sane_pool(&pool);
	assert_true(pool_take(&pool) <= b);
	assert_true(pool_take(&pool) <= b);
	assert_int_equal(pool.used, used);
	assert_sane_pool(&pool);
	pool_release(&pool);
}

static void rounds_sizes_up_to_eight(void **state)
{
	static const struct {
		size_t size;
		uint32_t rounded;
		const char *why;
	} cases[] = {
		{ 0, 8, "room for the number of the next free one" },
		{ 1, 8, "likewise" },
		{ 8, 8, "already round" },
		{ 9, 16, "alignment of pointers and u64" },
		{ 104, 104, "already round" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pool pool;
		uint32_t id;

		pool_init(&pool, cases[i].size);
		if (pool.item_size != cases[i].rounded)
			fail_msg("%s: %zu became %u", cases[i].why, cases[i].size, pool.item_size);
		pool_take(&pool);
		id = pool_take(&pool);
		if ((uintptr_t)pool_at(&pool, id) % 8)
			fail_msg("%s: size %zu is not aligned", cases[i].why, cases[i].size);
		pool_release(&pool);
	}
}

static void walks_from_anywhere(void **state)
{
	struct pool pool;
	uint32_t i;

	(void)state;
	pool_init(&pool, 8);
	assert_int_equal(pool_next(&pool, 0), POOL_NONE);
	for (i = 0; i < 100; i++)
		assert_int_equal(pool_take(&pool), i);
	for (i = 0; i < 100; i++) {
		if (i != 7 && i != 8 && i != 70)
			pool_give(&pool, i);
	}
	assert_sane_pool(&pool);
	assert_int_equal(pool_next(&pool, 0), 7);
	assert_int_equal(pool_next(&pool, 7), 7);
	assert_int_equal(pool_next(&pool, 8), 8);
	assert_int_equal(pool_next(&pool, 9), 70);
	assert_int_equal(pool_next(&pool, 71), POOL_NONE);
	assert_int_equal(pool_next(&pool, 100), POOL_NONE);
	assert_int_equal(pool_next(&pool, POOL_NONE), POOL_NONE);
	pool_release(&pool);
}

static void may_give_back_what_it_walks_over(void **state)
{
	struct pool pool;
	uint32_t i, id;

	(void)state;
	pool_init(&pool, 8);
	for (i = 0; i < 5000; i++)
		pool_take(&pool);
	for (id = pool_next(&pool, 0); id != POOL_NONE; id = pool_next(&pool, id + 1))
		pool_give(&pool, id);
	assert_int_equal(pool.count, 0);
	assert_sane_pool(&pool);
	pool_release(&pool);
}

static void is_empty_and_usable_after_release(void **state)
{
	struct pool pool;

	(void)state;
	pool_init(&pool, 24);
	pool_take(&pool);
	pool_release(&pool);
	assert_sane_pool(&pool);
	assert_int_equal(pool.count, 0);
	assert_int_equal(pool_take(&pool), 0);
	assert_sane_pool(&pool);
	pool_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_model_under_churn),
		cmocka_unit_test(reuses_released_numbers_before_new_ones),
		cmocka_unit_test(rounds_sizes_up_to_eight),
		cmocka_unit_test(walks_from_anywhere),
		cmocka_unit_test(may_give_back_what_it_walks_over),
		cmocka_unit_test(is_empty_and_usable_after_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
