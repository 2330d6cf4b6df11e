// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whose a connection is: who acted, its listener's owner, its holders; and that
 * it moves between rows, with all it counted for, when that becomes known.
 */
#include "model_fixture.h"

static void feed_holder(struct fixture *f, const struct end *end, uint32_t pid, const char *comm,
			uint16_t flags)
{
	struct tw_holder record = { .cookie = end->cookie, .fd = 3, .fd_count = 2 };

	record.head = head_of(f, TW_HOLDER, sizeof(record));
	record.head.flags = flags;
	record.owner.tgid = pid;
	snprintf(record.owner.comm, sizeof(record.owner.comm), "%s", comm);
	feed(f, &record, sizeof(record));
}

/* Another process acts on the socket. */
static void feed_acted(struct fixture *f, const struct end *end, uint32_t pid, const char *comm,
		       uint8_t from, uint8_t to)
{
	struct end by = end_of(end->cookie, 0, 0, pid, comm);

	feed_transition(f, &by, from, to, TW_F_OWNER, 0, TW_TRANSITION_OWNER);
}

static void feed_listening(struct fixture *f, uint64_t cookie)
{
	struct end listener = server(cookie);

	memset(listener.tuple.remote_addr, 0, 16);
	listener.tuple.remote_port = 0;
	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
}

/* What one service counts, over all rows that have its name; "": the unknown one. */
static void check_service(struct fixture *f, const char *name, enum field field, uint64_t want,
			  int line)
{
	const struct rows *rows = model_rows(f->model, DIM_SERVICE);
	uint64_t got = 0;
	uint32_t id;

	for (id = pool_next(&rows->pool, 0); id != POOL_NONE; id = pool_next(&rows->pool, id + 1)) {
		const char *service = model_service_name(f->model, rows_at(rows, id)->key.service);

		if (!strcmp(service ? service : "", name))
			got += rows_at(rows, id)->count[field];
	}
	if (got == want)
		return;
	print_error("%s of service '%s' is %" PRIu64 ", ought to be %" PRIu64 "\n",
		    field_name(field), name, got, want);
	_fail(__FILE__, line);
}

#define assert_service(f, name, field, want) check_service(f, name, field, want, __LINE__)

struct wanted_view {
	uint64_t cookie;
	struct conn_view view;
	struct holder holders[MAX_HOLDERS];
	char comm[80], service[80];
	bool found;
};

static void keep_view(void *ctx, const struct conn_view *view)
{
	struct wanted_view *wanted = ctx;

	if (view->cookie != wanted->cookie)
		return;
	wanted->found = true;
	wanted->view = *view;
	for (uint32_t i = 0; i < view->nr_holders; i++)
		wanted->holders[i] = view->holders[i];
	snprintf(wanted->comm, sizeof(wanted->comm), "%s", view->comm ? view->comm : "");
	snprintf(wanted->service, sizeof(wanted->service), "%s",
		 view->service ? view->service : "");
}

static struct wanted_view view_of(const struct fixture *f, const struct end *end)
{
	struct wanted_view wanted = { .cookie = end->cookie };

	model_each_conn(f->model, keep_view, &wanted);
	assert_true(wanted.found);
	return wanted;
}

static void assert_owner(const struct fixture *f, const struct end *end, uint32_t pid,
			 const char *comm)
{
	struct wanted_view seen = view_of(f, end);

	assert_int_equal(seen.view.pid, pid);
	assert_string_equal(seen.comm, comm);
	/* without a unit or a container the command names the service */
	assert_string_equal(seen.service, comm);
}

/* A socket older than the tracer, that a dump found. */
static void feed_old(struct fixture *f, const struct end *end)
{
	feed_begin(f);
	feed_found(f, end, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	pass(f, SECOND);
}

static void a_connection_is_of_the_process_that_connected_it(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	assert_owner(f, &end, 100, "client");
	assert_service(f, "client", FIELD_ESTABLISHED, 1);
}

static void a_child_is_its_listeners_until_it_is_accepted(void **state)
{
	struct fixture *f = *state;
	struct end child = server(2);

	feed_bare(f, TW_READY);
	feed_listening(f, 1);
	child.listener = 1;
	feed_accepted(f, &child);
	assert_owner(f, &child, 200, "server");
	feed_holder(f, &child, 201, "worker", TW_H_ACCEPTED | TW_H_FIRST);
	assert_owner(f, &child, 201, "worker");
	assert_service(f, "server", FIELD_OPENED, 0);
	assert_service(f, "worker", FIELD_OPENED, 1);
}

static void whoever_closes_it_owns_it_from_then_on(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_acted(f, &end, 300, "closer", TW_ESTABLISHED, TW_FIN_WAIT1);
	assert_owner(f, &end, 300, "closer");
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	assert_service(f, "closer", FIELD_OPENED, 1);
	assert_service(f, "closer", FIELD_CLOSED_FIRST, 1);
	assert_service(f, "closer", FIELD_TIME_WAIT, 1);
	assert_service(f, "client", FIELD_OPENED, 0);
}

static void moving_to_another_service_takes_every_count_along(void **state)
{
	struct fixture *f = *state;
	struct end moves = server(2), stays = server(3);
	const struct rows *rows = model_rows(f->model, DIM_SERVICE);
	uint32_t conns = 0;

	feed_bare(f, TW_READY);
	feed_listening(f, 1);
	moves.listener = stays.listener = 1;
	feed_accepted(f, &moves);
	feed_accepted(f, &stays);
	feed_brief(f, &moves, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	for (unsigned int i = 0; i < 3; i++) {
		feed_holder(f, &moves, 300 + i, i % 2 ? "odd" : "even", TW_H_FIRST);
		assert_service(f, "server", FIELD_OPENED, 1);
		assert_service(f, i % 2 ? "odd" : "even", FIELD_CLOSE_WAIT, 1);
		assert_service(f, i % 2 ? "even" : "odd", FIELD_CLOSE_WAIT, 0);
	}
	assert_totals(f, "connections 2 opened 2 open 2 established 1 close_wait 1");
	/* and the row that nobody is in any more may be folded */
	for (uint32_t id = pool_next(&rows->pool, 0); id != POOL_NONE;
	     id = pool_next(&rows->pool, id + 1))
		conns += rows_at(rows, id)->conns;
	assert_int_equal(conns, 2);
}

static void a_look_up_names_the_holders_of_a_socket(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);
	struct wanted_view seen;

	feed_old(f, &end);
	feed_bare(f, TW_READY);
	assert_true(model_wants_holder(f->model, end.cookie, 0));
	feed_holder(f, &end, 300, "first", TW_H_FIRST);
	feed_holder(f, &end, 301, "second", 0);
	feed_holder(f, &end, 302, "third", 0);
	assert_owner(f, &end, 300, "first");
	seen = view_of(f, &end);
	assert_int_equal(seen.view.nr_holders, 3);
	assert_int_equal(seen.holders[2].pid, 302);
	assert_int_equal(seen.holders[2].fds, 2);
	assert_string_equal(seen.holders[2].comm, "third");
}

static void a_new_look_up_replaces_the_holders_of_the_last_one(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);
	struct wanted_view seen;

	feed_old(f, &end);
	feed_holder(f, &end, 300, "first", TW_H_FIRST);
	feed_holder(f, &end, 301, "second", 0);
	feed_holder(f, &end, 302, "third", TW_H_FIRST);
	seen = view_of(f, &end);
	assert_int_equal(seen.view.nr_holders, 1);
	assert_owner(f, &end, 302, "third");
}

static void the_owner_stays_if_it_is_among_the_holders(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_holder(f, &end, 99, "parent", TW_H_FIRST);
	feed_holder(f, &end, 100, "client", 0);
	feed_holder(f, &end, 101, "child", 0);
	assert_owner(f, &end, 100, "client");
	assert_service(f, "client", FIELD_OPENED, 1);
	/* the descriptor went to another process */
	feed_holder(f, &end, 101, "child", TW_H_FIRST);
	feed_holder(f, &end, 103, "grandchild", 0);
	assert_owner(f, &end, 101, "child");
}

static void more_holders_than_fit_are_not_kept(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_old(f, &end);
	for (unsigned int i = 0; i < MAX_HOLDERS + 10; i++)
		feed_holder(f, &end, 300 + i, "many", i ? 0 : TW_H_FIRST);
	assert_int_equal(view_of(f, &end).view.nr_holders, MAX_HOLDERS);
}

static void a_holder_that_acts_without_being_known_ends_the_list(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_old(f, &end);
	feed_holder(f, &end, 300, "first", TW_H_FIRST);
	feed_acted(f, &end, 300, "first", TW_ESTABLISHED, TW_FIN_WAIT1);
	assert_int_equal(view_of(f, &end).view.nr_holders, 1);
	feed_acted(f, &end, 400, "late", TW_FIN_WAIT1, TW_FIN_WAIT2);
	assert_int_equal(view_of(f, &end).view.nr_holders, 0);
	assert_owner(f, &end, 400, "late");
}

static void how_its_port_was_bound_tells_an_old_sockets_direction(void **state)
{
	struct fixture *f = *state;
	struct end autobound = end_of(1, 20001, 80, 0, ""), bound = end_of(2, 20002, 80, 0, "");
	struct end unknown = end_of(3, 20003, 80, 0, "");

	feed_begin(f);
	feed_found(f, &autobound, TW_ESTABLISHED, FULL);
	feed_found(f, &bound, TW_ESTABLISHED, FULL);
	feed_found(f, &unknown, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	feed_holder(f, &autobound, 300, "one", TW_H_FIRST | TW_H_AUTOBOUND);
	feed_holder(f, &bound, 300, "one", TW_H_FIRST | TW_H_BOUND);
	feed_holder(f, &unknown, 300, "one", TW_H_FIRST);
	assert_int_equal(view_of(f, &autobound).view.direction, DIRECTION_OUTGOING);
	assert_int_equal(view_of(f, &bound).view.direction, DIRECTION_OUTGOING);
	assert_int_equal(view_of(f, &unknown).view.direction, DIRECTION_UNKNOWN);
}

static void an_old_socket_takes_direction_and_owner_from_the_listener_on_its_port(void **state)
{
	struct fixture *f = *state;
	struct end listener = server(1), in = server(2), out = client(3);
	struct end low = end_of(4, 20000, 80, 0, "");

	listener.tuple.remote_port = 0;
	feed_begin(f);
	feed_found(f, &listener, TW_LISTEN, FULL);
	feed_found(f, &in, TW_CLOSE_WAIT, FULL);
	feed_found(f, &out, TW_ESTABLISHED, FULL);
	feed_found(f, &low, TW_ESTABLISHED, FULL);
	feed_holder(f, &listener, 200, "server", TW_H_FIRST);
	feed_end(f, 0, 0);
	feed_bare(f, TW_READY);
	assert_int_equal(view_of(f, &in).view.direction, DIRECTION_INCOMING);
	assert_owner(f, &in, 200, "server");
	/* by ip_local_port_range */
	assert_int_equal(view_of(f, &out).view.direction, DIRECTION_OUTGOING);
	assert_int_equal(view_of(f, &low).view.direction, DIRECTION_UNKNOWN);
	assert_totals(f, "connections 3 open 3 established 2 close_wait 1");
	assert_service(f, "server", FIELD_CLOSE_WAIT, 1);
}

static void a_listener_whose_owner_is_found_late_owns_its_children_then(void **state)
{
	struct fixture *f = *state;
	struct end listener = server(1), child = server(2);

	listener.tuple.remote_port = 0;
	feed_begin(f);
	feed_found(f, &listener, TW_LISTEN, FULL);
	feed_found(f, &child, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	feed_bare(f, TW_READY);
	assert_int_equal(view_of(f, &child).view.pid, PID_UNKNOWN);
	feed_holder(f, &listener, 200, "server", TW_H_FIRST);
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &listener, TW_LISTEN, FULL);
	feed_found(f, &child, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	assert_owner(f, &child, 200, "server");
	assert_service(f, "server", FIELD_ESTABLISHED, 1);
}

/* Found by a dump before its listener's owner was known; then its first event tells whose it is. */
static void an_owner_inherited_with_a_late_record_moves_the_rows(void **state)
{
	struct fixture *f = *state;
	struct end listener = server(1), child = server(2);

	listener.tuple.remote_port = 0;
	feed_begin(f);
	feed_found(f, &listener, TW_LISTEN, FULL);
	feed_found(f, &child, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	feed_bare(f, TW_READY);
	feed_holder(f, &listener, 200, "server", TW_H_FIRST);
	child.listener = 1;
	feed_full(f, &child, TW_ESTABLISHED, TW_CLOSE_WAIT, TW_F_INCOMING);
	assert_owner(f, &child, 200, "server");
	assert_service(f, "server", FIELD_CLOSE_WAIT, 1);
}

/* The look-up ran before the socket was given to the one who acted on it. */
static void a_look_up_that_is_older_than_an_act_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	f->now_ns -= 10000;
	feed_holder(f, &end, 300, "before", TW_H_FIRST);
	assert_owner(f, &end, 100, "client");
}

static void the_name_of_a_process_is_bytes_and_is_shown_clean(void **state)
{
	struct fixture *f = *state;
	struct end end = end_of(1, 40001, 80, 100, "a\033[31m\xff");

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	assert_owner(f, &end, 100, "a\\x1b[31m\\xff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_connection_is_of_the_process_that_connected_it),
		fixture_test(a_child_is_its_listeners_until_it_is_accepted),
		fixture_test(whoever_closes_it_owns_it_from_then_on),
		fixture_test(moving_to_another_service_takes_every_count_along),
		fixture_test(a_look_up_names_the_holders_of_a_socket),
		fixture_test(a_new_look_up_replaces_the_holders_of_the_last_one),
		fixture_test(the_owner_stays_if_it_is_among_the_holders),
		fixture_test(more_holders_than_fit_are_not_kept),
		fixture_test(a_holder_that_acts_without_being_known_ends_the_list),
		fixture_test(how_its_port_was_bound_tells_an_old_sockets_direction),
		fixture_test(an_old_socket_takes_direction_and_owner_from_the_listener_on_its_port),
		fixture_test(a_listener_whose_owner_is_found_late_owns_its_children_then),
		fixture_test(an_owner_inherited_with_a_late_record_moves_the_rows),
		fixture_test(a_look_up_that_is_older_than_an_act_changes_nothing),
		fixture_test(the_name_of_a_process_is_bytes_and_is_shown_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
