// SPDX-License-Identifier: GPL-2.0-or-later
/* What failed, who asked, and what held the port. */
#include "model_fixture.h"
#include <errno.h>

#include "model/ports.h"

/* Of the last event: what it points to is gone after it. */
static struct port_holder heard_holder;
static bool heard_any;
static struct model_event heard;

static void note_holder(void *ctx, const struct model_event *event)
{
	if (event->kind == EVENT_BIND_FAILED || event->kind == EVENT_CONNECT_FAILED) {
		heard = *event;
		heard_any = event->holder != NULL;
		if (heard_any)
			heard_holder = *event->holder;
	}
	on_event(ctx, event);
}

static struct fixture *listening(void **state)
{
	struct fixture *f = *state;

	model_subscribe(f->model, note_holder, f);
	heard_any = false;
	heard = (struct model_event){ 0 };
	feed_bare(f, TW_READY);
	return f;
}

static void feed_bind_error(struct fixture *f, const struct end *end, uint16_t flags, int error)
{
	struct tw_bind_failed record = { .cookie = end->cookie,
					 .owner = end->owner,
					 .tuple = end->tuple,
					 .cgroup_id = end->cgroup_id };

	record.head = head_of(f, TW_BIND_FAILED, sizeof(record));
	record.head.error = error;
	record.head.flags = flags;
	memset(record.tuple.remote_addr, 0, 16);
	record.tuple.remote_port = 0;
	feed(f, &record, sizeof(record));
}

static void feed_bind_failed(struct fixture *f, const struct end *end, uint16_t flags)
{
	feed_bind_error(f, end, flags, EADDRINUSE);
}

/* @expires_ms: of a minisock; FULL: it is none. */
static void feed_bound(struct fixture *f, const struct end *end, uint8_t state, uint16_t flags,
		       uint32_t expires_ms)
{
	struct tw_bound record = { .cookie = end->cookie,
				   .tuple = end->tuple,
				   .expires_ms = expires_ms };

	record.head = head_of(f, TW_BOUND, sizeof(record));
	record.head.from = state;
	record.head.to = expires_ms == FULL ? 0 : TW_TIMER_MINISOCK;
	record.head.flags = flags;
	if (state == TW_CLOSE) {
		record.owner = end->owner;
		record.cgroup_id = end->cgroup_id;
	}
	feed(f, &record, sizeof(record));
}

static struct end asker(uint16_t port)
{
	return end_of(900, port, 0, 4711, "asker");
}

static void a_bind_that_fails_is_told_with_who_asked_for_what(void **state)
{
	struct fixture *f = listening(state);
	struct end end = asker(8080);

	feed_bind_failed(f, &end, TW_B_REUSEADDR);
	assert_heard(f, "bind_failed");
	assert_int_equal(heard.error, EADDRINUSE);
	assert_int_equal(heard.reuse, REUSE_YES);
	assert_false(heard.listening || heard_any);
	assert_int_equal(f->last_view.local_port, 8080);
	assert_int_equal(f->last_view.pid, 4711);
	assert_int_equal(f->last_view.netns_cookie, NETNS);
	feed_bind_failed(f, &end, TW_B_LISTEN);
	assert_true(heard.listening && heard.reuse == REUSE_NO);
	/* changes of state say nothing of the option */
	feed_bind_failed(f, &end, TW_B_LISTEN | TW_B_INFERRED);
	assert_int_equal(heard.reuse, REUSE_UNKNOWN);
}

static void processes_that_failed_have_a_row_each(void **state)
{
	struct fixture *f = listening(state);
	const struct failure *failures;

	for (uint32_t i = 0; i < 60; i++) {
		struct end end = end_of(900 + i, 8080, 0, i < 10 ? 11 : i < 30 ? 12 : 13, "asker");

		feed_bind_failed(f, &end, 0);
	}
	assert_int_equal(model_failures(f->model, &failures), 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(failures[i].pid, 13 - i);
		assert_int_equal(failures[i].count, 30 - 10 * i);
		assert_int_equal(failures_of_service(failures, 3, i), i ? 0 : 60);
	}
}

/* A server that is started again and again is another process each time. */
static void of_thousands_of_processes_the_later_ones_share_a_row(void **state)
{
	struct fixture *f = listening(state);
	const struct failure *failures;
	struct end other = end_of(2, 9090, 0, 7, "other");

	f->unchecked = true;
	for (uint32_t i = 0; i < 5000; i++) {
		struct end end = end_of(900 + i, 8080, 0, 1000 + i, "asker");

		feed_bind_failed(f, &end, 0);
	}
	feed_bind_failed(f, &other, 0);
	assert_int_equal(model_failures(f->model, &failures), 18);
	assert_int_equal(failures[0].pid, PID_UNKNOWN);
	assert_int_equal(failures[0].count, 5000 - 16);
	assert_int_equal(failures_of_service(failures, 18, 0), 5000);
	assert_int_equal(model_failures_left_out(f->model), 0);
	assert_int_equal(failures[17].pid, 7);
}

static void nothing_is_told_of_a_bind_before_ready_or_that_the_filter_turns_down(void **state)
{
	struct fixture *f = *state;
	struct end end = asker(8080);

	feed_bind_failed(f, &end, 0);
	assert_heard(f, "");
	fixture_start(f, &(struct model_opts){ .filter.pid = 1 });
	feed_bare(f, TW_READY);
	feed_bind_failed(f, &end, 0);
	assert_heard(f, "");
}

static void feed_sight(struct fixture *f, enum tw_binds binds)
{
	struct tw_record record = head_of(f, TW_TIER, sizeof(record));

	record.to = binds;
	feed(f, &record, sizeof(record));
}

/* "None has failed" is to be said only where one would have been seen, in every source. */
static void whether_binds_are_seen_is_what_the_worst_source_says(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(model_binds(f->model), TW_BINDS_UNKNOWN);
	feed_sight(f, TW_BINDS_SEEN);
	assert_int_equal(model_binds(f->model), TW_BINDS_SEEN);
	f->source = 1;
	feed_sight(f, TW_BINDS_UNKNOWN);
	assert_int_equal(model_binds(f->model), TW_BINDS_UNKNOWN);
	f->source = 2;
	feed_sight(f, TW_BINDS_SEEN);
	assert_int_equal(model_binds(f->model), TW_BINDS_UNKNOWN);
	/* a recording that goes on with others is no better than its worst part */
	feed_sight(f, TW_BINDS_UNSEEN);
	assert_int_equal(model_binds(f->model), TW_BINDS_UNSEEN);
	feed_sight(f, TW_BINDS_SEEN);
	assert_int_equal(model_binds(f->model), TW_BINDS_UNSEEN);
}

static void a_listener_holds_the_port_before_its_connections(void **state)
{
	struct fixture *f = listening(state);
	struct end end = asker(8080), listener = end_of(1, 8080, 0, 200, "server");
	struct end one = server(2), two = server(3);

	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	one.listener = two.listener = 1;
	feed_accepted(f, &one);
	feed_accepted(f, &two);
	feed_bound(f, &one, TW_ESTABLISHED, 0, FULL);
	feed_bound(f, &listener, TW_LISTEN, TW_B_REUSEADDR, FULL);
	feed_bound(f, &two, TW_ESTABLISHED, 0, FULL);
	feed_bind_failed(f, &end, TW_B_LOOKED);
	assert_true(heard_any);
	assert_int_equal(heard_holder.kind, HELD_BY_LISTENER);
	assert_int_equal(heard_holder.sockets, 1);
	assert_int_equal(heard_holder.reuse, REUSE_YES);
	assert_int_equal(heard_holder.pid, 200);
	assert_string_equal(heard_holder.service, "server");
	/* the listener is gone when somebody asks again */
	feed_bound(f, &one, TW_CLOSE_WAIT, TW_B_REUSEADDR, FULL);
	feed_bound(f, &two, TW_CLOSE_WAIT, 0, FULL);
	feed_bind_failed(f, &end, TW_B_LOOKED);
	assert_int_equal(heard_holder.kind, HELD_BY_CONNECTION);
	assert_int_equal(heard_holder.sockets, 2);
	assert_int_equal(heard_holder.reuse, REUSE_NO);
	assert_int_equal(heard_holder.state, TW_CLOSE_WAIT);
}

static void minisocks_hold_the_port_until_the_last_of_them_ends(void **state)
{
	struct fixture *f = listening(state);
	struct end end = asker(8080), one = server(2), two = server(3);

	feed_bound(f, &one, TW_TIME_WAIT, TW_B_REUSEADDR, 41000);
	feed_bound(f, &two, TW_FIN_WAIT2, TW_B_REUSEADDR, 12000);
	feed_bind_failed(f, &end, TW_B_LOOKED);
	assert_int_equal(heard_holder.kind, HELD_BY_TIME_WAIT);
	assert_int_equal(heard_holder.sockets, 2);
	assert_int_equal(heard_holder.left_ns / SECOND, 40);
	assert_int_equal(heard_holder.pid, PID_UNKNOWN);
	assert_null(heard_holder.service);
}

/* inet_bind_conflict(): both sides' SO_REUSEADDR lets them share, but for a listener. */
static void sockets_that_would_share_the_port_are_not_in_the_way(void **state)
{
	struct fixture *f = listening(state);
	struct end end = asker(8080), one = server(2), two = server(3);

	feed_bound(f, &one, TW_ESTABLISHED, TW_B_REUSEADDR, FULL);
	feed_bound(f, &two, TW_TIME_WAIT, 0, 30000);
	feed_bind_failed(f, &end, TW_B_LOOKED | TW_B_REUSEADDR);
	assert_int_equal(heard_holder.kind, HELD_BY_TIME_WAIT);
	assert_int_equal(heard_holder.reuse, REUSE_NO);
	/* what was in the way was gone when the source looked: nobody is blamed for it */
	feed_bound(f, &one, TW_ESTABLISHED, TW_B_REUSEADDR, FULL);
	feed_bind_failed(f, &end, TW_B_LOOKED | TW_B_REUSEADDR);
	assert_false(heard_any);
}

static void what_was_opened_after_the_failure_was_not_in_the_way(void **state)
{
	struct fixture *f = listening(state);
	struct end end = asker(40001), later = client(1), before = client(2);
	struct tw_bind_failed record = { .cookie = end.cookie, .tuple = end.tuple };

	before.tuple.local_port = later.tuple.local_port;
	before.tuple.remote_port++;
	feed_connected(f, &before);
	record.head = head_of(f, TW_BIND_FAILED, sizeof(record));
	record.head.error = EADDRINUSE;
	feed_connected(f, &later);
	feed_bound(f, &before, TW_ESTABLISHED, 0, FULL);
	feed_bound(f, &later, TW_ESTABLISHED, 0, FULL);
	feed(f, &record, sizeof(record));
	assert_int_equal(heard_holder.sockets, 1);
}

static void neither_the_asker_itself_nor_another_address_is_in_the_way(void **state)
{
	struct fixture *f = listening(state);
	struct end end = asker(8080), bound = end_of(5, 8080, 0, 300, "holder"), other = bound;

	other.cookie = 6;
	other.tuple.local_addr[15] = 77;
	feed_bound(f, &end, TW_CLOSE, TW_B_REUSEADDR, FULL);
	feed_bound(f, &other, TW_LISTEN, 0, FULL);
	feed_bound(f, &bound, TW_CLOSE, 0, FULL);
	feed_bind_failed(f, &end, TW_B_LOOKED);
	assert_int_equal(heard_holder.kind, HELD_BY_BOUND);
	assert_int_equal(heard_holder.sockets, 1);
	assert_int_equal(heard_holder.pid, 300);
	/* any address is every address */
	memset(end.tuple.local_addr, 0, 16);
	feed_bound(f, &other, TW_LISTEN, 0, FULL);
	feed_bind_failed(f, &end, TW_B_LOOKED);
	assert_int_equal(heard_holder.kind, HELD_BY_LISTENER);
}

/* inet_rcv_saddr_equal() */
static void ipv6_alone_is_not_in_the_way_of_ipv4(void **state)
{
	static const struct {
		const char *why;
		uint8_t has[16], asks[16];
		uint16_t has_flags, asks_flags;
		bool in_the_way;
	} cases[] = {
		{ ":: has both", { 0 }, { [10] = 0xff, 0xff, 127, 0, 0, 1 }, 0, 0, true },
		{ ":: alone", { 0 }, { [10] = 0xff, 0xff, 127, 0, 0, 1 }, TW_B_V6ONLY, 0, false },
		{ ":: alone and 0.0.0.0", { 0 }, { [10] = 0xff, 0xff }, TW_B_V6ONLY, 0, false },
		{ "0.0.0.0 and :: alone", { [10] = 0xff, 0xff }, { 0 }, 0, TW_B_V6ONLY, false },
		{ "0.0.0.0 and ::", { [10] = 0xff, 0xff }, { 0 }, 0, 0, true },
		{ "0.0.0.0 and ::1", { [10] = 0xff, 0xff }, { [15] = 1 }, 0, 0, false },
		{ ":: alone and ::1", { 0 }, { [15] = 1 }, TW_B_V6ONLY, 0, true },
		{ ":: alone, twice", { 0 }, { 0 }, TW_B_V6ONLY, TW_B_V6ONLY, true },
	};
	struct fixture *f = listening(state);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct end end = asker(8080 + i), holder = end_of(5, 8080 + i, 0, 300, "holder");

		memcpy(holder.tuple.local_addr, cases[i].has, 16);
		memcpy(end.tuple.local_addr, cases[i].asks, 16);
		feed_bound(f, &holder, TW_LISTEN, cases[i].has_flags, FULL);
		feed_bind_failed(f, &end, TW_B_LOOKED | cases[i].asks_flags);
		if (heard_any != cases[i].in_the_way)
			fail_msg("%s: %d", cases[i].why, heard_any);
	}
}

static void an_address_that_is_not_there_is_held_by_nobody(void **state)
{
	struct fixture *f = listening(state);
	struct end end = asker(8080), listener = end_of(1, 8080, 0, 200, "server");
	const struct failure *failures;

	memset(listener.tuple.local_addr, 0, 16);
	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_bound(f, &listener, TW_LISTEN, 0, FULL);
	feed_bind_error(f, &end, 0, EADDRNOTAVAIL);
	assert_int_equal(heard.error, EADDRNOTAVAIL);
	assert_false(heard_any);
	assert_int_equal(model_failures(f->model, &failures), 1);
	assert_int_equal(failures[0].error, EADDRNOTAVAIL);
	assert_int_equal(failures[0].holder.kind, HELD_UNKNOWN);
}

static void a_port_with_thousands_of_minisocks_still_shows_its_listener(void **state)
{
	struct fixture *f = listening(state);
	struct end end = asker(8080), listener = end_of(1, 8080, 0, 200, "server");

	f->unchecked = true;
	for (uint32_t i = 0; i < 3000; i++) {
		struct end one = server(1000 + i);

		feed_bound(f, &one, TW_TIME_WAIT, 0, 30000);
	}
	feed_bind_failed(f, &end, TW_B_LOOKED);
	assert_int_equal(heard_holder.sockets, 3000);
	for (uint32_t i = 0; i < 3000; i++) {
		struct end one = server(1000 + i);

		feed_bound(f, &one, TW_TIME_WAIT, 0, 30000);
	}
	feed_bound(f, &listener, TW_LISTEN, 0, FULL);
	feed_bind_failed(f, &end, TW_B_LOOKED);
	assert_int_equal(heard_holder.kind, HELD_BY_LISTENER);
}

static void without_a_look_the_model_says_what_it_knows(void **state)
{
	struct fixture *f = listening(state);
	struct end end = asker(8080), listener = end_of(1, 8080, 0, 200, "server");

	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_bind_failed(f, &end, 0);
	assert_int_equal(heard_holder.kind, HELD_BY_LISTENER);
	assert_int_equal(heard_holder.reuse, REUSE_UNKNOWN);
	assert_int_equal(heard_holder.pid, 200);
	/* what was found a second ago is no answer any more */
	feed_full(f, &listener, TW_LISTEN, TW_CLOSE, 0);
	pass(f, 2 * SECOND);
	feed_bind_failed(f, &end, 0);
	assert_false(heard_any);
}

/* __inet_check_established(): the very same two ends. */
static void a_connect_from_a_bound_port_meets_who_has_the_same_two_ends(void **state)
{
	struct fixture *f = listening(state);
	struct end end = client(7), holder = client(8), other = client(9);

	holder.tuple.local_port = other.tuple.local_port = end.tuple.local_port;
	other.tuple.remote_port = 81;
	feed_full(f, &end, TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING | TW_F_OWNER);
	feed_bound(f, &other, TW_ESTABLISHED, 0, FULL);
	feed_bound(f, &holder, TW_TIME_WAIT, TW_B_REUSEADDR, 9000);
	feed_brief(f, &end, TW_SYN_SENT, TW_CLOSE, TW_F_UNSENT);
	assert_int_equal(heard.kind, EVENT_CONNECT_FAILED);
	assert_true(heard_any);
	assert_int_equal(heard_holder.kind, HELD_BY_TIME_WAIT);
	assert_int_equal(heard_holder.sockets, 1);
}

/*
 * tcp_v4_connect(): with the port in hand the route is asked for again (ip_route_newports()), and
 * a rule on that port may forbid it. Nothing holds the port, and which error it was nobody told.
 */
static void a_connect_that_is_refused_a_route_is_no_collision(void **state)
{
	struct fixture *f = listening(state);
	struct end end = client(7), holder = client(8);
	const struct failure *failures;

	holder.tuple.local_port = end.tuple.local_port;
	feed_connect(f, &end);
	feed_bound(f, &holder, TW_ESTABLISHED, 0, FULL);
	feed_full(f, &end, TW_SYN_SENT, TW_CLOSE, TW_F_UNSENT);
	assert_int_equal(heard.kind, EVENT_CONNECT_FAILED);
	assert_int_equal(heard.error, ERROR_UNKNOWN);
	assert_null(text_errno(heard.error));
	assert_false(heard_any);
	assert_int_equal(model_failures(f->model, &failures), 1);
	assert_int_equal(failures->error, ERROR_UNKNOWN);
	assert_int_equal(failures->local_port, 0);
}

static void a_connect_that_found_no_port_is_held_up_by_nobody(void **state)
{
	struct fixture *f = listening(state);
	struct end end = client(7);

	feed_connect(f, &end);
	feed_brief(f, &end, TW_SYN_SENT, TW_CLOSE, TW_F_UNSENT);
	assert_int_equal(heard.error, EADDRNOTAVAIL);
	assert_false(heard_any);
}

static void feed_facts(struct fixture *f, uint64_t netns, const char *text)
{
	struct {
		struct tw_name name;
		char text[64];
	} record = { .name.id = netns, .name.ino = 4026531840 };

	snprintf(record.text, sizeof(record.text), "%s", text);
	record.name.head = head_of(f, TW_FACTS, sizeof(record));
	feed(f, &record, sizeof(record));
}

static void facts_are_kept_as_they_were_first_and_last(void **state)
{
	const struct netns_facts *facts;
	struct fixture *f = *state;

	assert_int_equal(model_facts(f->model, &facts), 0);
	feed_facts(f, NETNS, "@a\n1\033\xff\n");
	assert_int_equal(model_facts(f->model, &facts), 1);
	assert_ptr_equal(facts->first, facts->last);
	assert_string_equal(facts->first, "@a\n1??\n");
	feed_facts(f, 8, "@b\n");
	feed_facts(f, NETNS, "@a\n2\n");
	feed_facts(f, NETNS, "@a\n3\n");
	assert_int_equal(model_facts(f->model, &facts), 2);
	assert_string_equal(facts[0].first, "@a\n1??\n");
	assert_string_equal(facts[0].last, "@a\n3\n");
	assert_true(facts[0].last_ns > facts[0].first_ns);
	assert_string_equal(facts[1].last, "@b\n");
}

static void feed_netns_gone(struct fixture *f, uint64_t netns)
{
	struct tw_name record = { .id = netns };

	record.head = head_of(f, TW_NETNS_GONE, sizeof(record));
	feed(f, &record, sizeof(record));
}

/* Containers come and go: the first thousand of a session must not be the last. */
static void facts_of_namespaces_that_have_ended_make_room(void **state)
{
	const struct netns_facts *facts;
	struct fixture *f = *state;

	f->unchecked = true;
	for (uint64_t netns = 1; netns <= 1024; netns++)
		feed_facts(f, netns, "@a\n1\n");
	feed_netns_gone(f, 5);
	feed_netns_gone(f, 3);
	assert_int_equal(model_facts(f->model, &facts), 1024);
	assert_true(facts[4].gone_ns && facts[2].gone_ns && !facts[0].gone_ns);
	feed_facts(f, 2000, "@a\n1\n");
	assert_int_equal(model_facts(f->model, &facts), 1024);
	/* the one that ended first */
	assert_int_equal(facts[2].netns_cookie, 3);
	assert_int_equal(facts[4].netns_cookie, 6);
	assert_int_equal(facts[1023].netns_cookie, 2000);
	feed_facts(f, 2001, "@a\n1\n");
	assert_int_equal(model_facts_left_out(f->model), 0);
	/* none is over any more: what there is no room for is told by itself, and is no loss */
	feed_facts(f, 2002, "@a\n1\n");
	assert_int_equal(model_facts(f->model, &facts), 1024);
	assert_int_equal(model_facts_left_out(f->model), 1);
	assert_int_equal(model_loss(f->model, TW_LOSS_NO_MEMORY), 0);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
	const struct CMUnitTest tests[] = {
		test(a_bind_that_fails_is_told_with_who_asked_for_what),
		test(processes_that_failed_have_a_row_each),
		test(of_thousands_of_processes_the_later_ones_share_a_row),
		test(nothing_is_told_of_a_bind_before_ready_or_that_the_filter_turns_down),
		test(whether_binds_are_seen_is_what_the_worst_source_says),
		test(a_listener_holds_the_port_before_its_connections),
		test(minisocks_hold_the_port_until_the_last_of_them_ends),
		test(sockets_that_would_share_the_port_are_not_in_the_way),
		test(what_was_opened_after_the_failure_was_not_in_the_way),
		test(neither_the_asker_itself_nor_another_address_is_in_the_way),
		test(ipv6_alone_is_not_in_the_way_of_ipv4),
		test(an_address_that_is_not_there_is_held_by_nobody),
		test(a_port_with_thousands_of_minisocks_still_shows_its_listener),
		test(without_a_look_the_model_says_what_it_knows),
		test(a_connect_from_a_bound_port_meets_who_has_the_same_two_ends),
		test(a_connect_that_is_refused_a_route_is_no_collision),
		test(a_connect_that_found_no_port_is_held_up_by_nobody),
		test(facts_are_kept_as_they_were_first_and_last),
		test(facts_of_namespaces_that_have_ended_make_room),
	};
#undef test

	return cmocka_run_group_tests(tests, NULL, NULL);
}
