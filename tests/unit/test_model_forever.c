// SPDX-License-Identifier: GPL-2.0-or-later
/* What months bring to a host, in seconds: names, cgroups and namespaces that come and go. */
#include <errno.h>

#include "model/flames.h"
#include "memcheck.h"
#include "model_fixture.h"
#include <unistd.h>

/* Of each. What is bounded is so long before; -DMANY=1000000U takes minutes. */
#ifndef MANY
#define MANY 100000U
#endif

/* ASan and memcheck keep what was freed, and their own books: the process's size says nothing. */
static bool memory_is_watched(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return true;
#else
	return under_memcheck();
#endif
}

/* Of the whole process, in bytes. */
static uint64_t address_space(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%lu", &pages), 1);
	fclose(statm);
	return (uint64_t)pages * sysconf(_SC_PAGESIZE);
}

static void assert_grown_at_most(uint64_t before, uint64_t bytes)
{
	uint64_t now = address_space();

	if (now > before + bytes && !memory_is_watched())
		fail_msg("it has grown by %" PRIu64 " MB", (now - before) >> 20);
}

/* Stacks have a bound of their own, which is far: a million. */
static const struct flame_by ports_only = { .frames = { FRAME_PORT, FRAME_STATE }, .count = 2 };

static void start(struct fixture *f, uint32_t max_rows)
{
	fixture_start(f, &(struct model_opts){ .max_rows = max_rows,
					       .leaks = true,
					       .flame = &ports_only });
	f->unchecked = true;
	feed_bare(f, TW_READY);
}

static void feed_name(struct fixture *f, enum tw_kind kind, uint64_t id, const char *text)
{
	struct {
		struct tw_name name;
		char text[96];
	} record = { .name = { .id = id, .ino = (uint32_t)id } };

	snprintf(record.text, sizeof(record.text), "%s", text);
	record.name.head = head_of(f, kind, sizeof(record));
	feed(f, &record, sizeof(record));
}

/* A connection from begin to end, with the tick that buries it. */
static void feed_life(struct fixture *f, const struct end *end)
{
	feed_connected(f, end);
	feed_brief(f, end, TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED | TW_F_ORPHAN);
	pass(f, 20 * MS);
}

/* Each of @count containers is told, and has one connection. */
static void feed_containers(struct fixture *f, uint32_t count)
{
	char path[96];

	for (uint32_t i = 1; i <= count; i++) {
		struct end end = client(i);

		snprintf(path, sizeof(path), "/system.slice/job-%u.service", i);
		feed_name(f, TW_CGROUP, 1000 + i, path);
		end.cgroup_id = 1000 + i;
		feed_life(f, &end);
	}
}

static void count_cgroup(void *ctx, uint64_t cgroup_id, const char *path)
{
	(void)cgroup_id;
	(void)path;
	++*(uint32_t *)ctx;
}

struct called {
	uint64_t cookie;
	char service[64], cgroup[96];
};

static void look(void *ctx, const struct conn_view *view)
{
	struct called *called = ctx;

	if (view->cookie != called->cookie)
		return;
	snprintf(called->service, sizeof(called->service), "%s", view->service);
	snprintf(called->cgroup, sizeof(called->cgroup), "%s", view->cgroup);
}

static void assert_called(const struct fixture *f, uint64_t cookie, const char *service)
{
	struct called called = { .cookie = cookie };
	char cgroup[96];

	snprintf(cgroup, sizeof(cgroup), "/system.slice/%s", service);
	model_each_conn(f->model, look, &called);
	assert_string_equal(called.service, service);
	assert_string_equal(called.cgroup, cgroup);
}

static void containers_that_are_gone_are_forgotten(void **state)
{
	struct fixture *f = *state;
	struct end kept = client(MANY + 1), idle = client(MANY + 2);
	uint32_t cgroups = 0;
	uint64_t before;

	start(f, 100);
	/* those of a connection that stays stay, as do those that were told of late */
	feed_name(f, TW_CGROUP, 1, "/system.slice/kept.service");
	kept.cgroup_id = 1;
	feed_connected(f, &kept);
	feed_containers(f, 40000);
	before = address_space();
	feed_name(f, TW_CGROUP, 2, "/system.slice/idle.service");
	feed_containers(f, MANY);
	services_each_cgroup(f->model->services, count_cgroup, &cgroups);
	assert_in_range(cgroups, TW_CGROUPS_REMEMBERED, 2 * TW_CGROUPS_REMEMBERED);
	assert_grown_at_most(before, 16 << 20);
	assert_called(f, MANY + 1, "kept.service");
	/* the source tells again what it may have been forgotten for */
	idle.cgroup_id = 2;
	feed_name(f, TW_CGROUP, 2, "/system.slice/idle.service");
	feed_connected(f, &idle);
	assert_called(f, MANY + 2, "idle.service");
	assert_int_equal(model_totals(f->model)->count[FIELD_CONNECTIONS], MANY + 40002);
	f->unchecked = false;
	assert_sane_model(f);
}

static uint32_t rows_called(const struct model *model, const char *name)
{
	const struct rows *rows = model_rows(model, DIM_SERVICE);
	uint32_t count = 0;

	for (uint32_t id = pool_next(&rows->pool, 1); id != POOL_NONE;
	     id = pool_next(&rows->pool, id + 1)) {
		const char *called = model_service_name(model, rows_at(rows, id)->key.service);

		/* whatever has a row has its name */
		assert_non_null(called);
		count += !strcmp(called, name);
	}
	return count;
}

static void a_row_keeps_its_name(void **state)
{
	struct fixture *f = *state;
	struct end end = client(MANY + 1);

	start(f, 20000);
	feed_name(f, TW_CGROUP, 1, "/system.slice/early.service");
	end.cgroup_id = 1;
	feed_life(f, &end);
	/* more names than rows: some are folded, and the names of the others are there */
	feed_containers(f, 50000);
	rows_called(f->model, "early.service");
	feed_name(f, TW_CGROUP, 1, "/system.slice/early.service");
	end = client(MANY + 2);
	end.cgroup_id = 1;
	feed_life(f, &end);
	assert_int_equal(rows_called(f->model, "early.service"), 1);
}

/* No row of a table has it any more: there are few. */
static void a_failure_keeps_its_name(void **state)
{
	struct fixture *f = *state;
	struct tw_bind_failed failed = { .cookie = 7, .cgroup_id = 1, .owner = { .tgid = 7 } };
	const struct failure *failures;

	start(f, 100);
	feed_name(f, TW_CGROUP, 1, "/system.slice/failing.service");
	failed.head = head_of(f, TW_BIND_FAILED, sizeof(failed));
	failed.head.error = EADDRINUSE;
	feed(f, &failed, sizeof(failed));
	feed_containers(f, 40000);
	assert_int_equal(model_failures(f->model, &failures), 1);
	assert_non_null(failures[0].service);
	assert_string_equal(failures[0].service, "failing.service");
}

static void a_flame_keeps_its_names(void **state)
{
	static const struct flame_by services_only = { .frames = { FRAME_SERVICE }, .count = 1 };
	struct fixture *f = *state;
	const struct pool *gone;

	fixture_start(f, &(struct model_opts){ .max_rows = 100, .flame = &services_only });
	f->unchecked = true;
	feed_bare(f, TW_READY);
	feed_containers(f, 40000);
	gone = &f->model->flames->gone.pool;
	assert_true(gone->count > 40000);
	for (uint32_t id = pool_next(gone, 1); id != POOL_NONE; id = pool_next(gone, id + 1)) {
		const struct flame_row *row = pool_at(gone, id);

		assert_non_null(model_service_name(f->model, row->key.service));
	}
}

static void namespaces_that_are_gone_are_forgotten(void **state)
{
	struct fixture *f = *state;
	struct tw_kernel_figures none = { 0 };
	const struct audit *audits;
	uint64_t before = 0;

	start(f, 100);
	for (uint32_t i = 1; i <= MANY; i++) {
		struct end end = client(i);

		if (i == 20000)
			before = address_space();
		end.tuple.netns_cookie = 1000 + i;
		end.tuple.netns_ino = i;
		feed_name(f, TW_NETNS, 1000 + i, "pod");
		/* every tenth is there for a dump */
		if (i % 10 == 0) {
			feed_dumped(f, TW_SNAPSHOT_BEGIN, 1000 + i, &none, 0, 0);
			feed_dumped(f, TW_SNAPSHOT_END, 1000 + i, &none, 0, 0);
		}
		feed_life(f, &end);
		feed_name(f, TW_NETNS_GONE, 1000 + i, "");
	}
	assert_int_equal(f->model->netns.count, 0);
	assert_int_equal(model_audits(f->model, &audits), 0);
	/* those that are dumped are a tenth of those that have ended */
	assert_in_range(f->model->budgets->settings.count, 1, ENDED_REMEMBERED / 10 + 1);
	assert_in_range(f->model->budgets->rows.count, 1, ENDED_REMEMBERED + 1);
	assert_grown_at_most(before, 8 << 20);
	assert_int_equal(model_loss(f->model, TW_LOSS_NO_MEMORY), 0);
}

/* As many at a time as a host has that makes hundreds a second, whose TIME_WAITs last. */
static void many_namespaces_at_a_time_take_no_more_time_each(void **state)
{
	struct fixture *f = *state;
	const uint32_t count = 60000;

	start(f, 100);
	for (uint32_t i = 1; i <= 4 * count; i++) {
		struct end end = client(i);

		end.tuple.netns_cookie = 1000 + i % count;
		feed_connect(f, &end);
	}
	assert_int_equal(f->model->netns.count, count);
	assert_int_equal(model_totals(f->model)->count[FIELD_SYN_SENT], 4 * count);
}

static void add_connections(void *ctx, const struct flame_stack *stack)
{
	*(uint64_t *)ctx += stack->weights[WEIGHT_CONNECTIONS];
}

static void processes_that_are_gone_are_told_apart_while_they_are_not_many(void **state)
{
	static const struct flame_by processes = { .frames = { FRAME_PROCESS, FRAME_PORT },
						   .count = 2 };
	struct fixture *f = *state;
	uint64_t connections = 0, unplaced;

	fixture_start(f, &(struct model_opts){ .max_rows = 100, .flame = &processes });
	f->unchecked = true;
	feed_bare(f, TW_READY);
	for (uint32_t i = 1; i <= 3 * MANY; i++) {
		struct end end = client(i);

		end.owner.tgid = i;
		feed_life(f, &end);
		if (i == 1000)
			assert_in_range(f->model->flames->gone.pool.count, 1000, 2000);
	}
	assert_in_range(f->model->flames->gone.pool.count, 1, 131072);
	assert_int_equal(model_flame_each(f->model, add_connections, &connections, &unplaced), 0);
	assert_int_equal(connections, 3 * MANY);
	assert_int_equal(unplaced, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(containers_that_are_gone_are_forgotten),
		fixture_test(a_row_keeps_its_name),
		fixture_test(a_failure_keeps_its_name),
		fixture_test(a_flame_keeps_its_names),
		fixture_test(namespaces_that_are_gone_are_forgotten),
		fixture_test(processes_that_are_gone_are_told_apart_while_they_are_not_many),
		fixture_test(many_namespaces_at_a_time_take_no_more_time_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
