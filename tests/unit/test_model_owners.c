// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of owners: each once, for as long as connections point to it. */
#include "model_fixture.h"

struct table {
	struct owners owners;
	struct services *services;
};

static int table_open(void **state)
{
	struct table *table = calloc(1, sizeof(*table));

	assert_non_null(table);
	table->services = services_new();
	assert_non_null(table->services);
	*state = table;
	return owners_init(&table->owners);
}

static int table_close(void **state)
{
	struct table *table = *state;

	owners_release(&table->owners);
	services_free(table->services);
	free(table);
	return 0;
}

static uint32_t enter(struct table *table, uint64_t cgroup_id, uint32_t pid, const char *comm)
{
	struct owner like = { .cgroup_id = cgroup_id, .pid = pid };

	snprintf(like.comm, sizeof(like.comm), "%s", comm);
	return owners_enter(&table->owners, table->services, &like);
}

static const char *service_of(const struct table *table, uint32_t id)
{
	return services_name(table->services, owners_at(&table->owners, id)->service);
}

static void who_is_nobody_takes_no_room(void **state)
{
	struct table *table = *state;

	assert_int_equal(enter(table, 0, 0, ""), OWNERS_NOBODY);
	owners_leave(&table->owners, OWNERS_NOBODY);
	owners_leave(&table->owners, OWNERS_NOBODY);
	assert_int_equal(table->owners.pool.count, 1);
	assert_null(service_of(table, OWNERS_NOBODY));
}

static void the_same_owner_is_there_once_and_goes_with_its_last_connection(void **state)
{
	struct table *table = *state;
	uint32_t id = enter(table, 5, 100, "nginx");

	assert_int_equal(enter(table, 5, 100, "nginx"), id);
	assert_int_equal(owners_at(&table->owners, id)->conns, 2);
	assert_string_equal(service_of(table, id), "nginx");
	owners_leave(&table->owners, id);
	assert_int_equal(table->owners.pool.count, 2);
	owners_leave(&table->owners, id);
	assert_int_equal(table->owners.pool.count, 1);
	assert_int_equal(table->owners.index.count, 0);
}

static void any_part_of_the_key_makes_another_one(void **state)
{
	struct table *table = *state;
	struct owner elsewhere = { .cgroup_id = 5, .pid = 100, .source = 1, .comm = "nginx" };
	uint32_t id = enter(table, 5, 100, "nginx");

	assert_int_not_equal(enter(table, 6, 100, "nginx"), id);
	assert_int_not_equal(enter(table, 5, 101, "nginx"), id);
	assert_int_not_equal(enter(table, 5, 100, "nginz"), id);
	assert_int_not_equal(owners_enter(&table->owners, table->services, &elsewhere), id);
	assert_int_equal(table->owners.index.count, 5);
}

/* What was counted under the command's name stays there until the connection is told of again. */
static void a_cgroup_whose_name_comes_late_makes_another_one(void **state)
{
	struct table *table = *state;
	uint32_t before = enter(table, 5, 100, "nginx"), after;

	assert_false(owners_outdated(&table->owners, table->services, before));
	assert_int_equal(services_learn_cgroup(table->services, 9, 0, "/x.slice/other.service"), 0);
	assert_false(owners_outdated(&table->owners, table->services, before));
	assert_int_equal(services_learn_cgroup(table->services, 5, 0, "/x.slice/web.service"), 0);
	assert_true(owners_outdated(&table->owners, table->services, before));
	assert_string_equal(service_of(table, before), "nginx");
	after = enter(table, 5, 100, "nginx");
	assert_int_not_equal(after, before);
	assert_string_equal(service_of(table, after), "web.service");
	assert_int_equal(enter(table, 5, 100, "nginx"), after);
	/* the old one is found no more, and goes all the same */
	owners_leave(&table->owners, before);
	assert_int_equal(table->owners.pool.count, 2);
	owners_leave(&table->owners, after);
	owners_leave(&table->owners, after);
	assert_int_equal(table->owners.pool.count, 1);
	assert_int_equal(table->owners.index.count, 0);
}

#define table_test(fn) cmocka_unit_test_setup_teardown(fn, table_open, table_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(who_is_nobody_takes_no_room),
		table_test(the_same_owner_is_there_once_and_goes_with_its_last_connection),
		table_test(any_part_of_the_key_makes_another_one),
		table_test(a_cgroup_whose_name_comes_late_makes_another_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
