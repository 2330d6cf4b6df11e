// SPDX-License-Identifier: GPL-2.0-or-later
/* What verdicts tell besides their level: since when, who, how near the limit, opened where. */
#include "model_fixture.h"

#include "model/leaks.h"

#define HOUR (3600 * SECOND)

/* Of a filter too, if need be. */
static void begin(struct fixture *f, const struct filter *filter)
{
	struct model_opts opts = { .leaks = true };

	if (filter)
		opts.filter = *filter;
	fixture_start(f, &opts);
	f->unchecked = true;
}

static void ready(struct fixture *f)
{
	feed_begin(f);
	feed_end(f, 0, 0);
	feed_bare(f, TW_READY);
}

static void seconds(struct fixture *f, unsigned int count)
{
	while (count--)
		pass(f, SECOND);
	model_judge(f->model);
}

static const struct verdict *only_verdict(const struct fixture *f)
{
	const struct verdict *verdicts;

	assert_int_equal(model_verdicts(f->model, &verdicts), 1);
	return verdicts;
}

static size_t nr_verdicts(const struct fixture *f)
{
	const struct verdict *verdicts;

	return model_verdicts(f->model, &verdicts);
}

static void feed_held_by(struct fixture *f, const struct end *end)
{
	struct tw_holder record = { .cookie = end->cookie, .owner = end->owner, .fd_count = 1 };

	record.head = head_of(f, TW_HOLDER, sizeof(record));
	record.head.flags = TW_H_FIRST;
	feed(f, &record, sizeof(record));
}

static void feed_listed(struct fixture *f, const struct end *end, uint8_t state, uint64_t idle_ns)
{
	struct tw_socket record = { .cookie = end->cookie, .tuple = end->tuple };

	record.head = head_of(f, TW_SOCKET, sizeof(record));
	record.head.ts_ns = f->dump_ns;
	record.head.from = state;
	record.inode = 1;
	record.idle_ms = record.data_idle_ms = idle_ns / MS;
	feed(f, &record, sizeof(record));
}

/* Leaks one a second: sockets of a server that its clients have closed. */
static void leak(struct fixture *f, unsigned int count)
{
	static uint64_t cookie = 1000;

	for (unsigned int i = 0; i < count; i++) {
		struct end end = server(cookie++);

		feed_transition(f, &end, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING | TW_F_OWNER, 0,
				TW_TRANSITION_FULL);
		feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
		pass(f, SECOND);
	}
	model_judge(f->model);
}

static void one_that_is_hours_old_is_named_at_once(void **state)
{
	struct fixture *f = *state;
	const struct verdict *verdict;

	f->now_ns += 24 * HOUR;
	begin(f, NULL);
	f->now_ns += 24 * HOUR;
	feed_begin(f);
	for (uint64_t i = 1; i <= 20; i++) {
		struct end end = server(i);

		feed_listed(f, &end, TW_CLOSE_WAIT, 3 * HOUR + i * SECOND);
	}
	for (uint64_t i = 1; i <= 20; i++) {
		struct end end = server(i);

		feed_held_by(f, &end);
	}
	feed_end(f, 0, 0);
	feed_bare(f, TW_READY);
	seconds(f, 3);
	verdict = only_verdict(f);
	assert_int_equal(verdict->kind, LEAK_CLOSE_WAIT);
	assert_int_equal(verdict->level, LEVEL_LEAK);
	assert_true(verdict->at_least && verdict->half_at_least);
	assert_true(verdict->age_max_ns >= 3 * HOUR + 20 * SECOND);
	assert_true(verdict->age_max_ns < 3 * HOUR + 25 * SECOND);
	assert_true(verdict->age_p50_ns >= 3 * HOUR - 400 * SECOND);
	assert_true(verdict->confidence > 0.8);
	assert_int_equal(verdict->count, 20);
	assert_int_equal(verdict->nr_holders, 1);
	assert_int_equal(verdict->holders[0].pid, 200);
	assert_int_equal(verdict->holders[0].sockets, 20);
}

static void the_figures_are_exact(void **state)
{
	struct fixture *f = *state;
	const struct verdict *verdict;

	begin(f, NULL);
	ready(f);
	leak(f, 60);
	verdict = only_verdict(f);
	assert_int_equal(verdict->count, 60);
	assert_true(verdict->per_minute > 59 && verdict->per_minute < 61);
	assert_true(verdict->confidence > 0.99 && verdict->confidence <= 1);
	assert_int_equal(verdict->stayed, verdict->grown);
	assert_in_range(verdict->grown, 35, 41);
	assert_false(verdict->at_least);
	assert_true(verdict->age_max_ns >= 59 * SECOND && verdict->age_max_ns <= 61 * SECOND);
	assert_int_equal(verdict->local_port, 8080);
	assert_int_equal(verdict->remote_port, 0);
	assert_int_equal(verdict->direction, DIRECTION_INCOMING);
	assert_string_equal(verdict->service, "server");
	assert_int_equal(verdict->remote_addr[15], 2);
}

/* What comes back after a while was not leaked: it is as if it had not been. */
static void a_drained_class_is_forgiven(void **state)
{
	struct fixture *f = *state;

	begin(f, NULL);
	ready(f);
	leak(f, 40);
	assert_int_equal(only_verdict(f)->level, LEVEL_LEAK);
	for (uint32_t id = pool_next(&f->model->conns, 0); id != POOL_NONE;
	     id = pool_next(&f->model->conns, id + 1)) {
		struct end end = { .cookie = conn_at(f->model, id)->cookie };

		if (conn_at(f->model, id)->state != TW_CLOSE_WAIT)
			continue;
		feed_brief(f, &end, TW_CLOSE_WAIT, TW_LAST_ACK, 0);
		feed_brief(f, &end, TW_LAST_ACK, TW_CLOSE, ORDERLY);
	}
	seconds(f, 5);
	assert_int_equal(nr_verdicts(f), 0);
}

static void the_limit_is_that_of_its_holder(void **state)
{
	struct tw_process process = { .pid = 200, .fds = 100, .fd_limit = 1024 };
	struct fixture *f = *state;
	const struct verdict *verdict;
	struct {
		struct tw_process process;
		char text[24];
	} record;
	uint32_t pids[4];

	begin(f, NULL);
	ready(f);
	leak(f, 40);
	assert_int_equal(model_wants_processes(f->model, pids, 4), 1);
	assert_int_equal(pids[0], 200);
	memset(&record, 0, sizeof(record));
	record.process = process;
	record.process.head = head_of(f, TW_PROCESS, sizeof(record));
	strcpy(record.text, "serve\n.py");
	feed(f, &record, sizeof(record));
	model_judge(f->model);
	/* told a moment ago */
	assert_int_equal(model_wants_processes(f->model, pids, 4), 0);
	verdict = only_verdict(f);
	assert_int_equal(verdict->fds, 100);
	assert_int_equal(verdict->fd_limit, 1024);
	assert_string_equal(verdict->holders[0].script, "serve\\x0a.py");
	/* 924 descriptors, one a second */
	assert_in_range(verdict->exhausted_ns / SECOND, 880, 970);
}

/* What leaks in two ways leaks by their sum, and has one end. */
static void all_that_grows_in_a_process_brings_its_end_near(void **state)
{
	struct {
		struct tw_process process;
		char text[24];
	} record = { .process = { .pid = 200, .fds = 100, .fd_limit = 1024 } };
	struct fixture *f = *state;
	const struct verdict *verdicts;

	begin(f, NULL);
	ready(f);
	for (unsigned int i = 0; i < 40; i++) {
		struct end left = server(5000 + i), forgotten = client(6000 + i);

		forgotten.owner.tgid = left.owner.tgid;
		feed_transition(f, &left, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING | TW_F_OWNER,
				0, TW_TRANSITION_FULL);
		feed_brief(f, &left, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
		feed_connected(f, &forgotten);
		feed_brief(f, &forgotten, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
		pass(f, SECOND);
	}
	model_judge(f->model);
	record.process.head = head_of(f, TW_PROCESS, sizeof(record));
	feed(f, &record, sizeof(record));
	model_judge(f->model);
	assert_int_equal(model_verdicts(f->model, &verdicts), 2);
	/* 924 descriptors, two a second */
	for (size_t i = 0; i < 2; i++)
		assert_in_range(verdicts[i].exhausted_ns / SECOND, 440, 485);
}

static void many_hosts_are_one_verdict(void **state)
{
	struct fixture *f = *state;
	const struct verdict *verdict;

	begin(f, NULL);
	ready(f);
	for (unsigned int i = 0; i < 40; i++) {
		struct end end = server(1 + i);

		end.tuple.remote_addr[15] = i % 8;
		feed_transition(f, &end, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING | TW_F_OWNER, 0,
				TW_TRANSITION_FULL);
		feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
		pass(f, SECOND);
	}
	model_judge(f->model);
	verdict = only_verdict(f);
	assert_int_equal(verdict->count, 40);
	assert_int_equal(verdict->remotes, 8);
	assert_int_equal(verdict->remote_addr[15], 0);
}

/* The same connection from both ends. */
static void both_ends_are_told(void **state)
{
	struct fixture *f = *state;
	const struct verdict *verdicts;

	begin(f, NULL);
	ready(f);
	for (uint64_t i = 0; i < 30; i++) {
		struct end far = end_of(2 * i + 1, 30000 + i, 8080, 100, "client");
		struct end near = end_of(2 * i + 2, 8080, 30000 + i, 200, "server");

		memcpy(near.tuple.local_addr, far.tuple.remote_addr, 16);
		memcpy(near.tuple.remote_addr, far.tuple.local_addr, 16);
		feed_connected(f, &far);
		feed_transition(f, &near, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING | TW_F_OWNER,
				0, TW_TRANSITION_FULL);
		feed_brief(f, &far, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
		feed_brief(f, &near, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
		feed_brief(f, &far, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
		pass(f, SECOND);
	}
	model_judge(f->model);
	assert_int_equal(model_verdicts(f->model, &verdicts), 2);
	assert_int_equal(verdicts[0].kind, LEAK_CLOSE_WAIT);
	assert_true(verdicts[0].other_here);
	assert_string_equal(verdicts[0].other_service, "client");
	assert_int_equal(verdicts[0].other_state, TW_FIN_WAIT2);
	assert_int_equal(verdicts[1].kind, LEAK_FIN_WAIT2_HELD);
	assert_string_equal(verdicts[1].other_service, "server");
	assert_int_equal(verdicts[1].other_pid, 200);
	assert_string_not_equal(verdicts[0].advice, verdicts[1].advice);
}

/* The same addresses in two namespaces are two hosts. */
static void loopback_is_of_its_namespace(void **state)
{
	static const uint8_t loopback[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };
	struct fixture *f = *state;
	const struct verdict *verdicts;

	begin(f, NULL);
	ready(f);
	for (uint64_t i = 0; i < 40; i++) {
		struct end far = end_of(2 * i + 1, 30000 + i, 8080, 100, "stranger");
		struct end near = end_of(2 * i + 2, 8080, 30000 + i, 200, "server");

		memcpy(near.tuple.local_addr, loopback, 16);
		memcpy(near.tuple.remote_addr, loopback, 16);
		far.tuple = near.tuple;
		far.tuple.local_port = near.tuple.remote_port;
		far.tuple.remote_port = near.tuple.local_port;
		far.tuple.netns_cookie = NETNS + 1;
		feed_connected(f, &far);
		feed_transition(f, &near, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING | TW_F_OWNER,
				0, TW_TRANSITION_FULL);
		feed_brief(f, &near, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
		pass(f, SECOND);
	}
	model_judge(f->model);
	assert_true(model_verdicts(f->model, &verdicts) >= 1);
	assert_int_equal(verdicts[0].kind, LEAK_CLOSE_WAIT);
	assert_false(verdicts[0].other_here);
}

static void feed_closed(struct fixture *f, const struct end *end, uint32_t idle_ms)
{
	struct tw_closed_held record = { .cookie = end->cookie,
					 .owner = end->owner,
					 .tuple = end->tuple,
					 .fd_count = 1,
					 .idle_ms = idle_ms };

	record.head = head_of(f, TW_CLOSED_HELD, sizeof(record));
	feed(f, &record, sizeof(record));
}

static void walked(struct fixture *f, uint64_t count, uint32_t idle_ms)
{
	struct tw_record end = head_of(f, TW_CLOSED_END, sizeof(end));

	for (uint64_t i = 1; i <= count; i++) {
		struct end held = client(i);

		feed_closed(f, &held, idle_ms);
	}
	feed(f, &end, sizeof(end));
}

static void sockets_in_close_go_with_their_descriptor(void **state)
{
	struct fixture *f = *state;

	begin(f, NULL);
	ready(f);
	for (uint64_t i = 1; i <= 20; i++) {
		struct end end = client(i);

		feed_connected(f, &end);
		feed_transition(f, &end, TW_ESTABLISHED, TW_CLOSE, 0, 104 /* ECONNRESET */,
				TW_TRANSITION_SHORT);
		pass(f, SECOND);
	}
	/* nobody has seen that they are held */
	model_judge(f->model);
	assert_int_equal(nr_verdicts(f), 0);
	assert_true(model_wants_closed(f->model));
	walked(f, 20, UINT32_MAX);
	assert_false(model_wants_closed(f->model));
	seconds(f, 1);
	assert_int_equal(only_verdict(f)->kind, LEAK_CLOSED_HELD);
	assert_int_equal(only_verdict(f)->count, 20);
	seconds(f, 6);
	walked(f, 0, UINT32_MAX);
	seconds(f, 1);
	assert_int_equal(nr_verdicts(f), 0);
	assert_int_equal(f->model->leaks->closed.count, 0);
}

/* Found by the first walk: since when nobody knows, but idle for an hour says enough. */
static void sockets_in_close_from_before_are_suspected(void **state)
{
	struct fixture *f = *state;

	begin(f, NULL);
	feed_begin(f);
	feed_end(f, 0, 0);
	walked(f, 12, 3600 * 1000);
	feed_bare(f, TW_READY);
	seconds(f, 4);
	assert_int_equal(only_verdict(f)->level, LEVEL_SUSPECT);
	assert_int_equal(only_verdict(f)->remote_port, 80);
	assert_true(only_verdict(f)->idle_p50_ns >= HOUR * 0.95);
	assert_true(only_verdict(f)->at_least);
}

static void one_that_was_never_connected_is_none(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	begin(f, NULL);
	ready(f);
	end.tuple.remote_port = 0;
	feed_closed(f, &end, UINT32_MAX);
	assert_int_equal(f->model->leaks->closed.count, 0);
	/* nor is one that is connected again */
	end = client(2);
	feed_closed(f, &end, 0);
	assert_int_equal(f->model->leaks->closed.count, 1);
	feed_connect(f, &end);
	assert_int_equal(f->model->leaks->closed.count, 0);
}

static void a_filter_turns_down_sockets_in_close(void **state)
{
	struct filter filter = { .pid = 555 };
	struct fixture *f = *state;
	struct end end = client(1);

	begin(f, &filter);
	ready(f);
	feed_closed(f, &end, 0);
	assert_int_equal(f->model->leaks->closed.count, 0);
	end.owner.tgid = 555;
	feed_closed(f, &end, 0);
	assert_int_equal(f->model->leaks->closed.count, 1);
}

static void listener(struct fixture *f, uint32_t waiting, uint32_t backlog)
{
	struct tw_socket record = { .cookie = 7, .tuple = server(7).tuple };

	feed_begin(f);
	record.head = head_of(f, TW_SOCKET, sizeof(record));
	record.head.ts_ns = f->dump_ns;
	record.head.from = TW_LISTEN;
	record.tuple.remote_port = 0;
	record.rqueue = waiting;
	record.wqueue = backlog;
	record.idle_ms = record.data_idle_ms = UINT32_MAX;
	feed(f, &record, sizeof(record));
	feed_end(f, 0, 0);
	pass(f, SECOND);
}

static void a_queue_is_full_when_it_always_is(void **state)
{
	struct fixture *f = *state;
	struct end end = server(7);

	begin(f, NULL);
	ready(f);
	feed_full(f, &end, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	for (unsigned int i = 0; i < 9; i++)
		listener(f, i == 5 ? 3 : 17, 16);
	model_judge(f->model);
	assert_int_equal(nr_verdicts(f), 0);
	listener(f, 17, 16);
	model_judge(f->model);
	assert_int_equal(only_verdict(f)->level, LEVEL_SUSPECT);
	for (unsigned int i = 0; i < 10; i++)
		listener(f, 17, 16);
	model_judge(f->model);
	assert_int_equal(only_verdict(f)->level, LEVEL_LEAK);
	assert_int_equal(only_verdict(f)->kind, LEAK_ACCEPT_QUEUE);
	assert_int_equal(only_verdict(f)->count, 17);
	assert_int_equal(only_verdict(f)->limit, 16);
	assert_int_equal(only_verdict(f)->netns_cookie, NETNS);
	assert_string_equal(only_verdict(f)->service, "server");
	/* who listens no more has no queue */
	feed_brief(f, &end, TW_LISTEN, TW_CLOSE, TW_F_ORPHAN);
	seconds(f, 1);
	assert_int_equal(nr_verdicts(f), 0);
}

static void feed_stack(struct fixture *f, uint64_t cookie, uint64_t number, const char *thread)
{
	struct tw_stack record = { .cookie = cookie, .stack = number, .pid = 200, .tid = 201 };

	record.head = head_of(f, TW_STACK, sizeof(record));
	record.head.from = TW_ACCEPTED;
	snprintf(record.thread, sizeof(record.thread), "%s", thread);
	feed(f, &record, sizeof(record));
}

static void feed_stack_text(struct fixture *f, uint64_t number, const char *text, uint16_t flags)
{
	struct {
		struct tw_stack_text text;
		char bytes[64];
	} record;

	memset(&record, 0, sizeof(record));
	record.text.head = head_of(f, TW_STACK_TEXT, sizeof(record));
	record.text.head.flags = flags;
	record.text.stack = number;
	snprintf(record.bytes, sizeof(record.bytes), "%s", text);
	feed(f, &record, sizeof(record));
}

static void sockets_are_grouped_by_the_code_that_opened_them(void **state)
{
	struct fixture *f = *state;
	const struct verdict *verdict;
	uint32_t id;
	unsigned int i = 0;

	begin(f, NULL);
	ready(f);
	leak(f, 30);
	feed_stack_text(f, 77, "accept\nhandle server.c:12\nmain server.c:40", 0);
	feed_stack_text(f, 88, "accept\nlib\x01+0x12 [beef]", TW_STACK_INCOMPLETE);
	/* told twice */
	feed_stack_text(f, 88, "accept\nother", 0);
	for (id = pool_next(&f->model->conns, 0); id != POOL_NONE;
	     id = pool_next(&f->model->conns, id + 1), i++)
		if (i < 28)
			feed_stack(f, conn_at(f->model, id)->cookie, i < 20 ? 77 : 88,
				   i < 5 ? "one" : "two");
	model_judge(f->model);
	verdict = only_verdict(f);
	assert_int_equal(verdict->nr_stacks, 3);
	assert_string_equal(verdict->stacks[0].text,
			    "accept\nhandle server.c:12\nmain server.c:40");
	assert_string_equal(verdict->stacks[0].thread, "two");
	assert_int_equal(verdict->stacks[0].sockets, 15);
	assert_int_equal(verdict->stacks[0].deed, TW_ACCEPTED);
	assert_false(verdict->stacks[0].incomplete);
	assert_string_equal(verdict->stacks[1].text, "accept\nlib\\x01+0x12 [beef]");
	assert_int_equal(verdict->stacks[1].sockets, 8);
	assert_true(verdict->stacks[1].incomplete);
	assert_string_equal(verdict->stacks[2].thread, "one");
	assert_int_equal(verdict->stacked, 28);
	assert_int_equal(verdict->unstacked, 2);
	assert_int_equal(verdict->cut_short, 8);
}

static void nothing_is_kept_where_nobody_asked(void **state)
{
	const struct verdict *verdicts;
	struct fixture *f = *state;
	struct end end = client(1);
	uint32_t pids[1];

	fixture_start(f, &(struct model_opts){ 0 });
	ready(f);
	f->unchecked = true;
	leak(f, 20);
	feed_closed(f, &end, 0);
	assert_int_equal(model_verdicts(f->model, &verdicts), 0);
	assert_int_equal(model_wants_processes(f->model, pids, 1), 0);
	assert_false(model_wants_ages(f->model) || model_wants_closed(f->model));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_hours_old_is_named_at_once),
		cmocka_unit_test(the_figures_are_exact),
		cmocka_unit_test(a_drained_class_is_forgiven),
		cmocka_unit_test(the_limit_is_that_of_its_holder),
		cmocka_unit_test(all_that_grows_in_a_process_brings_its_end_near),
		cmocka_unit_test(many_hosts_are_one_verdict),
		cmocka_unit_test(both_ends_are_told),
		cmocka_unit_test(loopback_is_of_its_namespace),
		cmocka_unit_test(sockets_in_close_go_with_their_descriptor),
		cmocka_unit_test(sockets_in_close_from_before_are_suspected),
		cmocka_unit_test(one_that_was_never_connected_is_none),
		cmocka_unit_test(a_filter_turns_down_sockets_in_close),
		cmocka_unit_test(a_queue_is_full_when_it_always_is),
		cmocka_unit_test(sockets_are_grouped_by_the_code_that_opened_them),
		cmocka_unit_test(nothing_is_kept_where_nobody_asked),
	};

	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
