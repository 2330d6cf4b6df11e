// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes told in sum: where they are counted, whose they are, and that what is told of a
 * connection besides is not counted a second time. All lives there are, spilled in every way:
 * test_model_overload.c.
 */
#include "model_sums.h"

#include <errno.h>

#include "base/parse.h"

static void feed_cgroup(struct fixture *f, uint64_t id, const char *path)
{
	_Alignas(8) char room[128] = { 0 };
	struct tw_name *record = (struct tw_name *)room;

	record->head = head_of(f, TW_CGROUP, sizeof(room));
	record->id = id;
	snprintf(record->text, sizeof(room) - sizeof(*record), "%s", path);
	feed(f, record, sizeof(room));
}

/* The row that has counted; the others of its dimension have not. */
static const struct row *only_row(struct fixture *f, enum dimension dim)
{
	const struct rows *rows = model_rows(f->model, dim);
	const struct row *found = NULL;

	for (uint32_t id = pool_next(&rows->pool, 0); id != POOL_NONE;
	     id = pool_next(&rows->pool, id + 1)) {
		const struct row *row = rows_at(rows, id);

		if (!row->count[FIELD_CONNECTIONS])
			continue;
		assert_null(found);
		found = row;
	}
	assert_non_null(found);
	return found;
}

static const char *service_of(struct fixture *f)
{
	const char *name = model_service_name(f->model, only_row(f, DIM_PAIR)->key.service);

	return name ? name : "";
}

static void a_sum_is_counted_in_every_table(void **state)
{
	static const enum field fields[] = { FIELD_CONNECTIONS, FIELD_OPENED, FIELD_CLOSED,
					     FIELD_CLOSED_FIRST, FIELD_TW_ENTERED };
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_client_sums(f, &end, 1000);
	assert_totals(f, "connections 1000 opened 1000 closed 1000 closed_first 1000 "
			 "time_wait_entered 1000");
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			assert_int_equal(only_row(f, dim)->count[fields[i]], 1000);
	assert_int_equal(only_row(f, DIM_PORT)->key.port, 80);
	assert_int_equal(only_row(f, DIM_PORT)->key.role, ROLE_CLIENT);
	assert_int_equal(only_row(f, DIM_PAIR)->key.port, 80);
	assert_memory_equal(only_row(f, DIM_REMOTE)->key.remote_addr, end.tuple.remote_addr, 16);
	assert_string_equal(service_of(f), "client");
	/* nothing is known of any single one */
	assert_heard(f, "");
}

static void at_a_servers_end_the_port_is_its_own(void **state)
{
	struct fixture *f = *state;
	struct end end = server(1);

	feed_bare(f, TW_READY);
	feed_sum(f, &end, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING, 3);
	assert_int_equal(only_row(f, DIM_PORT)->key.port, 8080);
	assert_int_equal(only_row(f, DIM_PORT)->key.role, ROLE_SERVER);
}

static void connects_that_failed_and_resets_are_counted_too(void **state)
{
	struct tw_spilled refused = { .count = 7, .tuple = client(1).tuple };
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	refused.head = head_of(f, TW_SPILLED, sizeof(refused));
	refused.head.from = TW_SYN_SENT;
	refused.head.to = TW_CLOSE;
	refused.head.error = ECONNREFUSED;
	refused.head.flags = TW_F_OUTGOING;
	feed(f, &refused, sizeof(refused));
	assert_totals(f, "failed 7 resets 7");
}

static void births_in_sum_agree_with_the_kernels(void **state)
{
	struct tw_kernel_figures figures = { .tw_created = 50 };
	struct fixture *f = *state;
	struct end end = client(1);
	const struct audit *audits;

	feed_dumped(f, TW_SNAPSHOT_BEGIN, NETNS, &figures, 0, 0);
	feed_dumped(f, TW_SNAPSHOT_END, NETNS, &figures, TW_S_MIB_AT_BIRTH, 0);
	feed_bare(f, TW_READY);
	feed_client_sums(f, &end, 300);
	pass(f, SECOND);
	figures.tw_created += 300;
	feed_dumped(f, TW_SNAPSHOT_BEGIN, NETNS, &figures, 0, 0);
	feed_dumped(f, TW_SNAPSHOT_END, NETNS, &figures, TW_S_MIB_AT_BIRTH, 0);
	assert_int_equal(model_audits(f->model, &audits), 1);
	assert_true(audits[0].figures[AUDIT_ENTERED].known);
	assert_int_equal(audits[0].figures[AUDIT_ENTERED].ours, 300);
	assert_int_equal(audits[0].figures[AUDIT_ENTERED].error, 0);
}

static void the_owner_is_who_acted(void **state)
{
	struct fixture *f = *state;
	struct end parent = listener(50, "master"), end = server(1);

	feed_full(f, &parent, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_bare(f, TW_READY);
	end.listener = 50;
	feed_sum(f, &end, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING, 5);
	assert_string_equal(service_of(f), "server");
}

static void else_the_listeners(void **state)
{
	struct fixture *f = *state;
	struct end parent = listener(50, "master"), end = server(1);

	feed_full(f, &parent, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_bare(f, TW_READY);
	end.listener = 50;
	end.owner.comm[0] = '\0';
	feed_sum(f, &end, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING, 5);
	assert_string_equal(service_of(f), "master");
}

static void and_nobody_where_the_listener_is_not_known(void **state)
{
	struct fixture *f = *state;
	struct end end = server(1);

	feed_bare(f, TW_READY);
	end.listener = 51;
	end.owner.comm[0] = '\0';
	feed_sum(f, &end, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING, 5);
	assert_string_equal(service_of(f), "");
}

static void a_control_group_names_the_service(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_cgroup(f, 5, "/system.slice/here.service");
	end.cgroup_id = 5;
	feed_sum(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, 5);
	assert_string_equal(service_of(f), "here.service");
}

static void the_listeners_control_group_names_it_where_the_sum_has_none(void **state)
{
	struct fixture *f = *state;
	struct end parent = listener(50, "master"), end = server(1);

	feed_cgroup(f, 5, "/system.slice/here.service");
	parent.cgroup_id = 5;
	feed_full(f, &parent, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_bare(f, TW_READY);
	end.listener = 50;
	end.owner.comm[0] = '\0';
	feed_sum(f, &end, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING, 5);
	assert_string_equal(service_of(f), "here.service");
}

static void a_filter_asks_sums_too(void **state)
{
	struct model_opts opts = { .filter.service = "cl*" };
	struct fixture *f = *state;
	struct end other = client(2), end = client(1);
	struct filter recorded = { 0 };

	snprintf(other.owner.comm, sizeof(other.owner.comm), "other");
	fixture_start(f, &opts);
	feed_bare(f, TW_READY);
	feed_client_sums(f, &other, 100);
	assert_totals(f, "");
	feed_sum(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, 5);
	assert_totals(f, "connections 5 opened 5");
	/* and what the recording was filtered by */
	assert_int_equal(parse_ports("81", recorded.kernel.ports, &recorded.kernel.nr_ports, NULL),
			 0);
	model_set_recorded_filter(f->model, 0, &recorded);
	feed_client_sums(f, &end, 100);
	assert_totals(f, "connections 5 opened 5");
}

static void born_in_a_sum_and_told_of_later(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_sum(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, 1);
	feed_full(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, TW_F_GAP | TW_F_OUTGOING | TW_F_OWNER);
	assert_totals(f, "connections 1 opened 1 closed_first 1 open 1 fin_wait1 1");
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait 1");
	assert_int_equal(only_row(f, DIM_PAIR)->count[FIELD_TW_ENTERED], 1);
}

static void of_one_that_closed_first_in_a_sum_only_the_end_counts(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_sum(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, 1);
	feed_sum(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, TW_F_OUTGOING, 1);
	feed_full(f, &end, TW_FIN_WAIT2, TW_CLOSE, TW_F_GAP | TW_F_OUTGOING | TW_F_OWNER | ORDERLY);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait 1");
	assert_int_equal(only_row(f, DIM_PAIR)->count[FIELD_CLOSED], 1);
}

static void found_by_a_dump_while_there_are_sums(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	a_dump(f, NULL, 0, 0);
	feed_bare(f, TW_READY);
	feed_sum(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, 1);
	a_dump(f, &end, TW_ESTABLISHED, FULL);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
	feed_sum(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, TW_F_OUTGOING, 1);
	a_dump(f, &end, TW_FIN_WAIT2, FULL);
	assert_totals(f, "connections 1 opened 1 closed_first 1 open 1 fin_wait2 1");
	feed_sum(f, &end, TW_FIN_WAIT2, TW_CLOSE, TW_F_OUTGOING | ORDERLY, 1);
	a_dump(f, &end, TW_TIME_WAIT, 59000);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait 1");
}

static void found_so_it_vanishes_without_a_word(void **state)
{
	struct fixture *f = *state;
	struct end end = server(1);

	a_dump(f, NULL, 0, 0);
	feed_bare(f, TW_READY);
	feed_sum(f, &end, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING, 1);
	a_dump(f, &end, TW_CLOSE_WAIT, FULL);
	feed_sum(f, &end, TW_LAST_ACK, TW_CLOSE, TW_F_INCOMING | ORDERLY, 1);
	a_dump(f, NULL, 0, 0);
	a_dump(f, NULL, 0, 0);
	assert_totals(f, "connections 1 opened 1 closed 1");
}

/* Contrast: it was not told in sum, so its birth was lost altogether. */
static void found_without_any_sum_it_counts_itself(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	a_dump(f, NULL, 0, 0);
	feed_bare(f, TW_READY);
	a_dump(f, &end, TW_ESTABLISHED, FULL);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
	a_dump(f, NULL, 0, 0);
	a_dump(f, NULL, 0, 0);
	assert_totals(f, "connections 1 opened 1 closed 1");
}

static void born_too_late_for_a_dump_that_ends_after_its_sum(void **state)
{
	struct tw_snapshot begin = { .netns_cookie = NETNS, .netns_ino = 4026531840 };
	struct fixture *f = *state;
	struct end end = client(1);

	a_dump(f, NULL, 0, 0);
	feed_bare(f, TW_READY);
	pass(f, SECOND);
	/* it began before, and is delivered after the sum */
	begin.head = head_of(f, TW_SNAPSHOT_BEGIN, sizeof(begin));
	feed_sum(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, 1);
	feed(f, &begin, sizeof(begin));
	feed_end(f, 0, 0);
	a_dump(f, &end, TW_ESTABLISHED, FULL);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
	/* of a later one no sum has told */
	end = client(2);
	a_dump(f, &end, TW_ESTABLISHED, FULL);
	assert_int_equal(model_totals(f->model)->count[FIELD_OPENED], 2);
}

static void told_late_it_counts_once_in_any_order(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);
	uint64_t then_ns;

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	then_ns = f->now_ns += 1000;
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	assert_totals(f, "connections 1 opened 1 closed_first 1 open 1 fin_wait2 1");
	feed_late(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0, then_ns);
	assert_totals(f, "connections 1 opened 1 closed_first 1 open 1 fin_wait2 1");
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	feed_late(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0, then_ns);
	assert_totals(f, "connections 1 opened 1 closed 1 closed_first 1 time_wait_entered 1 "
			 "time_wait 1");
}

static void told_late_altogether_it_ends_all_the_same(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1), other = client(2);
	uint64_t then_ns;

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	then_ns = f->now_ns;
	f->now_ns += SECOND;
	feed_connected(f, &other);
	feed_late(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0, then_ns + 1000);
	feed_late(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY, then_ns + 2000);
	assert_totals(f, "connections 2 opened 2 closed 1 closed_first 1 time_wait_entered 1 "
			 "open 1 established 1 time_wait 1");
}

/* The socket has been connected again before its first end was told: the second life goes on. */
static void told_late_it_ends_no_other_life(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);
	uint64_t then_ns;

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	then_ns = f->now_ns;
	f->now_ns += SECOND;
	feed_connected(f, &end);
	assert_totals(f, "connections 2 opened 2 closed 1 open 1 established 1");
	feed_late(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0, then_ns + 1000);
	feed_late(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY, then_ns + 2000);
	assert_totals(f, "connections 2 opened 2 closed 1 open 1 established 1");
}

static void a_listener_told_late_ends_no_other_life(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1), was = listener(1, "server");
	struct tw_transition late = { .cookie = 1, .tuple = was.tuple };

	feed_bare(f, TW_READY);
	late.head = head_of(f, TW_TRANSITION, TW_TRANSITION_FULL);
	late.head.from = TW_CLOSE;
	late.head.to = TW_LISTEN;
	late.head.flags = TW_F_LATE;
	pass(f, SECOND);
	feed_connected(f, &end);
	feed(f, &late, sizeof(late));
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
}

static void told_by_two_looks_it_counts_once(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>ESTABLISHED; ESTABLISHED>FIN_WAIT1");
	feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, TW_F_SECOND);
	assert_heard(f, "");
	assert_totals(f, "connections 1 opened 1 closed_first 1 open 1 fin_wait1 1");
}

/* Their times may be a segment's, which is the same: who comes first is chance. */
static void told_by_two_looks_in_either_order(void **state)
{
	static const uint16_t first[] = { 0, TW_F_SECOND };
	struct fixture *f = *state;

	feed_bare(f, TW_READY);
	for (unsigned int i = 0; i < 2; i++) {
		struct end end = client(1 + i);

		feed_connected(f, &end);
		feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, first[i]);
		feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, first[1 - i]);
		feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
		feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, first[i] | ORDERLY);
		feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, first[1 - i] | ORDERLY);
	}
	assert_totals(f, "connections 2 opened 2 closed 2 closed_first 2 time_wait_entered 2 "
			 "time_wait 2");
}

static void a_failure_told_by_two_looks_counts_once(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connect(f, &end);
	for (unsigned int i = 0; i < 2; i++)
		feed_transition(f, &end, TW_SYN_SENT, TW_CLOSE, i ? TW_F_SECOND : 0, ECONNREFUSED,
				TW_TRANSITION_FULL);
	assert_totals(f, "failed 1 resets 1");
}

/* Its children's sums come with the next interval, and it may be gone by then. */
static void a_listener_is_known_until_all_its_children_have_been_told(void **state)
{
	struct fixture *f = *state;
	struct end parent = listener(7, "server"), child = server(1);

	a_dump(f, NULL, 0, 0);
	feed_bare(f, TW_READY);
	feed_full(f, &parent, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_brief(f, &parent, TW_LISTEN, TW_CLOSE, 0);
	pass(f, SECOND);
	feed_bare(f, TW_TICK);
	child.listener = parent.cookie;
	memset(&child.owner, 0, sizeof(child.owner));
	feed_sum(f, &child, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING, 3);
	assert_string_equal(service_of(f), "server");
	assert_int_equal(f->model->conns.count, 1);
	/* now all has been told */
	a_dump(f, NULL, 0, 0);
	feed_bare(f, TW_TICK);
	assert_int_equal(f->model->conns.count, 0);
}

/* What came in sum before the start is not counted; what is there at the start is. */
static void told_in_sum_before_the_start_it_is_stock(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1), other = client(2);

	a_dump(f, NULL, 0, 0);
	feed_sum(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, 2);
	pass(f, SECOND);
	feed_begin(f);
	feed_found(f, &end, TW_ESTABLISHED, FULL);
	feed_found(f, &other, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	feed_bare(f, TW_READY);
	assert_totals(f, "connections 2 open 2 established 2");
	/* the end of one is told by itself, that of the other in sum */
	feed_full(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, TW_F_GAP | TW_F_OUTGOING | TW_F_OWNER);
	assert_totals(f, "connections 2 closed_first 1 open 2 established 1 fin_wait1 1");
	feed_sum(f, &other, TW_ESTABLISHED, TW_CLOSE, TW_F_OUTGOING, 1);
	a_dump(f, &end, TW_FIN_WAIT1, FULL);
	a_dump(f, &end, TW_FIN_WAIT1, FULL);
	assert_totals(f, "connections 2 closed 1 closed_first 1 resets 1 open 1 fin_wait1 1");
}

/* Their SYN_SENT had no port yet, and that of ESTABLISHED was told in sum. */
static void minisocks_without_a_port_are_not_taken_for_each_other(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1), other = client(2);

	feed_bare(f, TW_READY);
	feed_connect(f, &end);
	feed_late(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, f->now_ns + 1000);
	feed_close_first(f, &end, ORDERLY);
	feed_connect(f, &other);
	feed_late(f, &other, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, f->now_ns + 1000);
	assert_totals(f, "connections 2 opened 2 closed 1 closed_first 1 time_wait_entered 1 "
			 "open 1 established 1 time_wait 1");
	/* a dump tells the port: whoever takes that over is known */
	a_dump(f, &end, TW_TIME_WAIT, 58000);
	end.cookie = 3;
	feed_connected(f, &end);
	assert_int_equal(model_totals(f->model)->count[FIELD_TW_REUSED], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_sum_is_counted_in_every_table),
		fixture_test(at_a_servers_end_the_port_is_its_own),
		fixture_test(connects_that_failed_and_resets_are_counted_too),
		fixture_test(births_in_sum_agree_with_the_kernels),
		fixture_test(the_owner_is_who_acted),
		fixture_test(else_the_listeners),
		fixture_test(and_nobody_where_the_listener_is_not_known),
		fixture_test(a_control_group_names_the_service),
		fixture_test(the_listeners_control_group_names_it_where_the_sum_has_none),
		fixture_test(a_filter_asks_sums_too),
		fixture_test(born_in_a_sum_and_told_of_later),
		fixture_test(of_one_that_closed_first_in_a_sum_only_the_end_counts),
		fixture_test(found_by_a_dump_while_there_are_sums),
		fixture_test(found_so_it_vanishes_without_a_word),
		fixture_test(found_without_any_sum_it_counts_itself),
		fixture_test(born_too_late_for_a_dump_that_ends_after_its_sum),
		fixture_test(told_late_it_counts_once_in_any_order),
		fixture_test(told_late_altogether_it_ends_all_the_same),
		fixture_test(told_late_it_ends_no_other_life),
		fixture_test(a_listener_told_late_ends_no_other_life),
		fixture_test(told_by_two_looks_it_counts_once),
		fixture_test(told_by_two_looks_in_either_order),
		fixture_test(a_failure_told_by_two_looks_counts_once),
		fixture_test(a_listener_is_known_until_all_its_children_have_been_told),
		fixture_test(told_in_sum_before_the_start_it_is_stock),
		fixture_test(minisocks_without_a_port_are_not_taken_for_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
