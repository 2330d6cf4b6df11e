// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of services come without end on a host that makes containers: what nobody keeps the
 * number of is forgotten, and each of those who keep one finds its name.
 */
#include "model_fixture.h"

#include "model/failure_table.h"
#include "model/failures.h"
#include "model/flames.h"
#include "model/leaks.h"
#include "model/names_in_use.h"

#define MANY (2 * TW_CGROUPS_REMEMBERED + 100)
#define OLD_CGROUP 1

static struct row_key key_of(uint32_t service)
{
	return (struct row_key){ .service = service, .port = 80, .role = ROLE_SERVER };
}

static void keep_in_row(struct model *model, uint32_t service, const char *comm)
{
	struct row_key key = { .service = service };

	(void)comm;
	assert_int_not_equal(rows_enter(&model->rows[DIM_SERVICE], &key), ROW_OTHER);
}

static void keep_in_pair(struct model *model, uint32_t service, const char *comm)
{
	struct row_key key = key_of(service);

	(void)comm;
	assert_int_not_equal(rows_enter(&model->rows[DIM_PAIR], &key), ROW_OTHER);
}

static void keep_in_place(struct model *model, uint32_t service, const char *comm)
{
	struct row_key key = key_of(service);

	(void)comm;
	assert_int_not_equal(rows_enter(&model->places, &key), ROW_OTHER);
}

static uint32_t enter_owner(struct model *model, uint64_t cgroup_id, const char *comm)
{
	struct owner like = { .pid = 1, .cgroup_id = cgroup_id };

	memcpy(like.comm, comm, strlen(comm));
	return owners_enter(&model->owners, model->services, &like);
}

static void keep_in_owner(struct model *model, uint32_t service, const char *comm)
{
	assert_int_equal(owners_at(&model->owners, enter_owner(model, 0, comm))->service, service);
}

static void keep_in_failure(struct model *model, uint32_t service, const char *comm)
{
	struct failure_key key;

	(void)comm;
	memset(&key, 0, sizeof(key));
	key.service = service;
	failure_table_add(model, &key, &(struct failure){ .count = 1 });
}

/* Of a bind() by a process that is gone. */
static void keep_in_flame(struct model *model, uint32_t service, const char *comm)
{
	struct conn like = { .owner = enter_owner(model, 0, comm) };

	(void)service;
	like.netns = tracker_netns(model, NETNS, 1, 0);
	flames_add_bind(model, &like, 98);
	owners_leave(&model->owners, like.owner);
}

static void keep_in_class(struct model *model, uint32_t service, const char *comm)
{
	struct row_key key = key_of(service);

	(void)comm;
	assert_int_not_equal(leaks_class(model->leaks, &key), POOL_NONE);
}

static void keep_in_queue(struct model *model, uint32_t service, const char *comm)
{
	uint32_t id = pool_take(&model->leaks->queues);

	(void)comm;
	((struct queue *)pool_at(&model->leaks->queues, id))->key = key_of(service);
}

static const struct {
	const char *comm; /* which names the service */
	void (*keep)(struct model *model, uint32_t service, const char *comm);
} keepers[] = {
	{ "row", keep_in_row },	    { "pair", keep_in_pair },	    { "place", keep_in_place },
	{ "owner", keep_in_owner }, { "failure", keep_in_failure }, { "flame", keep_in_flame },
	{ "class", keep_in_class }, { "queue", keep_in_queue },
};

#define NR_KEEPERS (sizeof(keepers) / sizeof(keepers[0]))

static uint32_t number_of(struct model *model, const char *name)
{
	char comm[TW_COMM_LEN] = { 0 };

	snprintf(comm, sizeof(comm), "%.15s", name);
	return services_resolve(model->services, 0, comm);
}

/* As many services as a host may have had. */
static void pass_by(struct model *model)
{
	char text[64];

	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "passing-%u", i);
		number_of(model, text);
		snprintf(text, sizeof(text), "/system.slice/cgroup-%u.service", i);
		services_learn_cgroup(model->services, 1000 + i, 0, text);
	}
}

static void start(struct fixture *f, bool what_if)
{
	static const struct flame_by by = { .frames = { FRAME_SERVICE }, .count = 1 };

	fixture_start(f, &(struct model_opts){ .flame = &by, .leaks = true, .what_if = what_if });
	/* rows without connections */
	f->unchecked = true;
}

static void who_keeps_the_number_of_a_service_finds_its_name(void **state)
{
	struct fixture *f = *state;
	uint32_t numbers[NR_KEEPERS], nobodys;
	const char *name;

	start(f, false);
	nobodys = number_of(f->model, "nobody");
	for (size_t i = 0; i < NR_KEEPERS; i++) {
		numbers[i] = number_of(f->model, keepers[i].comm);
		keepers[i].keep(f->model, numbers[i], keepers[i].comm);
	}
	pass_by(f->model);
	feed_bare(f, TW_TICK);
	assert_null(services_name(f->model->services, nobodys));
	for (size_t i = 0; i < NR_KEEPERS; i++) {
		name = services_name(f->model->services, numbers[i]);
		if (!name || strcmp(name, keepers[i].comm))
			fail_msg("%s: %s", keepers[i].comm, name ? name : "forgotten");
	}
}

static void a_control_group_is_known_while_an_owner_is_in_it(void **state)
{
	struct fixture *f = *state;

	start(f, false);
	for (uint64_t id = OLD_CGROUP; id < OLD_CGROUP + 2; id++)
		services_learn_cgroup(f->model->services, id, 0, "/system.slice/old.service");
	enter_owner(f->model, OLD_CGROUP, "worker");
	pass_by(f->model);
	feed_bare(f, TW_TICK);
	assert_string_equal(services_cgroup_path(f->model->services, OLD_CGROUP),
			    "/system.slice/old.service");
	assert_null(services_cgroup_path(f->model->services, OLD_CGROUP + 1));
}

static void few_names_are_not_forgotten(void **state)
{
	struct fixture *f = *state;
	uint32_t nobodys;

	start(f, false);
	nobodys = number_of(f->model, "nobody");
	feed_bare(f, TW_TICK);
	assert_string_equal(services_name(f->model->services, nobodys), "nobody");
}

static void none_is_where_every_connect_is_kept(void **state)
{
	struct fixture *f = *state;
	uint32_t nobodys;

	start(f, true);
	nobodys = number_of(f->model, "nobody");
	pass_by(f->model);
	feed_bare(f, TW_TICK);
	assert_string_equal(services_name(f->model->services, nobodys), "nobody");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(who_keeps_the_number_of_a_service_finds_its_name),
		fixture_test(a_control_group_is_known_while_an_owner_is_in_it),
		fixture_test(few_names_are_not_forgotten),
		fixture_test(none_is_where_every_connect_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
