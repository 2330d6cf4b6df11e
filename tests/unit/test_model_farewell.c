// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is counted of a command: its own connections and its descendants', each once, by how
 * it ended; and what nothing but an exit closed.
 */
#include "model/farewell.h"

#include <errno.h>

#include "model_fixture.h"

#define COMMAND 100 /* client()'s process */
#define CHILD 101
#define STRANGER 300
#define GROUP 77

static void feed_scope(struct fixture *f, uint64_t cgroup_id)
{
	struct {
		struct tw_scope scope;
		char text[16];
	} record = { .scope = { .pid = COMMAND, .words = 2, .cgroup_id = cgroup_id } };

	memcpy(record.scope.text, "make\0x\x1b", 8);
	record.scope.head = head_of(f, TW_SCOPE, sizeof(record));
	feed(f, &record, sizeof(record));
	feed_bare(f, TW_READY);
}

static void feed_fork(struct fixture *f, uint32_t pid, uint64_t started_ns)
{
	struct tw_fork record = { .pid = pid, .parent = COMMAND, .started_ns = started_ns };

	record.head = head_of(f, TW_FORK, sizeof(record));
	feed(f, &record, sizeof(record));
}

static void feed_exit(struct fixture *f, enum tw_exit_stage stage, uint32_t pid,
		      uint64_t started_ns, uint32_t status)
{
	struct tw_exit record = { .pid = pid, .started_ns = started_ns, .status = status };

	record.head = head_of(f, TW_EXIT, sizeof(record));
	record.head.from = stage;
	feed(f, &record, sizeof(record));
}

static void feed_acted(struct fixture *f, const struct end *end, uint8_t from, uint8_t to,
		       uint16_t flags)
{
	feed_transition(f, end, from, to, TW_F_OWNER | flags, 0, TW_TRANSITION_OWNER);
}

/* Opened by @pid. */
static struct end opened_by(struct fixture *f, uint64_t cookie, uint32_t pid)
{
	struct end end = client(cookie);

	end.owner.tgid = pid;
	feed_connected(f, &end);
	return end;
}

static void feed_closed_by(struct fixture *f, const struct end *end)
{
	feed_acted(f, end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_brief(f, end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
}

static struct farewell_counts counts_of(const struct fixture *f)
{
	struct farewell_counts counts;

	model_farewell_counts(f->model, &counts);
	return counts;
}

static void without_a_command_there_is_nothing(void **state)
{
	struct fixture *f = *state;
	struct farewell_command command;
	struct farewell_holder holders[4];
	const struct farewell_leak *leaks;

	feed_bare(f, TW_READY);
	feed_fork(f, CHILD, 1);
	feed_exit(f, TW_EXIT_BEGINS, COMMAND, 1, 0);
	opened_by(f, 1, COMMAND);
	assert_false(model_farewell_command(f->model, &command));
	assert_int_equal(counts_of(f).opened[DIRECTION_OUTGOING], 0);
	assert_int_equal(model_farewell_leaks(f->model, &leaks), 0);
	assert_int_equal(model_farewell_holders(f->model, holders, 4), 0);
	/* and nobody is turned down */
	assert_int_equal(model_totals(f->model)->count[FIELD_OPENED], 1);
}

static void knows_its_words_and_its_end(void **state)
{
	struct fixture *f = *state;
	struct farewell_command command;

	feed_scope(f, GROUP);
	assert_true(model_farewell_command(f->model, &command));
	assert_int_equal(command.nr_words, 2);
	assert_string_equal(command.words, "make");
	assert_string_equal(command.words + 5, "x\\x1b");
	assert_true(command.by_cgroup);
	assert_false(command.ended);
	assert_int_equal(command.processes, 1);
	feed_fork(f, CHILD, 5);
	feed_exit(f, TW_EXIT_BEGINS, COMMAND, 1, 0);
	feed_exit(f, TW_EXIT_WAITED, COMMAND, 0, 0x0300);
	model_farewell_command(f->model, &command);
	assert_true(command.ended);
	assert_int_equal(command.status, 0x0300);
	assert_int_equal(command.processes, 1);
}

static void counts_its_own_and_its_childrens_only(void **state)
{
	struct fixture *f = *state;
	struct end own, childs, strange;

	feed_scope(f, 0);
	feed_fork(f, CHILD, 5);
	own = opened_by(f, 1, COMMAND);
	childs = opened_by(f, 2, CHILD);
	strange = opened_by(f, 3, STRANGER);
	feed_closed_by(f, &own);
	feed_closed_by(f, &strange);
	assert_int_equal(counts_of(f).opened[DIRECTION_OUTGOING], 2);
	assert_int_equal(counts_of(f).ended[FAREWELL_BY_US], 1);
	assert_int_equal(counts_of(f).open, 1);
	assert_int_equal(counts_of(f).time_wait, 1);
	assert_int_equal(model_totals(f->model)->count[FIELD_OPENED], 2);
	feed_closed_by(f, &childs);
	assert_int_equal(counts_of(f).closed_first, 2);
	assert_int_equal(counts_of(f).open, 0);
}

static void a_number_is_only_its_process(void **state)
{
	struct fixture *f = *state;

	feed_scope(f, 0);
	feed_fork(f, CHILD, 5);
	feed_exit(f, TW_EXIT_BEGINS, CHILD, 5, 0);
	/* the number was given again before the word came that it was free */
	feed_fork(f, CHILD, 9);
	feed_exit(f, TW_EXIT_REAPED, CHILD, 5, 0);
	opened_by(f, 1, CHILD);
	assert_int_equal(counts_of(f).opened[DIRECTION_OUTGOING], 1);
	feed_exit(f, TW_EXIT_BEGINS, CHILD, 9, 0);
	feed_exit(f, TW_EXIT_REAPED, CHILD, 9, 0);
	opened_by(f, 2, CHILD);
	assert_int_equal(counts_of(f).opened[DIRECTION_OUTGOING], 1);
}

static void a_listeners_children_are_its(void **state)
{
	struct fixture *f = *state;
	struct end listener = server(1), child = server(2), other = server(3);

	feed_scope(f, 0);
	listener.owner.tgid = COMMAND;
	listener.tuple.remote_port = 0;
	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	child.listener = 1;
	feed_accepted(f, &child);
	feed_accepted(f, &other);
	assert_int_equal(counts_of(f).opened[DIRECTION_INCOMING], 1);
	assert_int_equal(counts_of(f).open, 1);
}

static void a_socket_of_its_group_is_its(void **state)
{
	struct fixture *f = *state;
	struct end inside = server(1), outside = server(2);

	feed_scope(f, GROUP);
	inside.cgroup_id = GROUP;
	outside.cgroup_id = GROUP + 1;
	feed_accepted(f, &inside);
	feed_accepted(f, &outside);
	assert_int_equal(counts_of(f).opened[DIRECTION_INCOMING], 1);
}

static void what_was_there_before_is_not_counted(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_scope(f, 0);
	/* an inherited socket: first heard of when it is closed */
	feed_full(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, TW_F_OWNER);
	assert_int_equal(counts_of(f).opened[DIRECTION_OUTGOING], 0);
	assert_int_equal(counts_of(f).closing, 0);
	assert_int_equal(counts_of(f).leaked, 0);
}

/* The last changes of an established connection, and what they count for. */
static const struct {
	const char *why;
	struct {
		uint8_t from, to;
		uint16_t flags;
		uint8_t error;
	} changes[3];
	enum farewell_end end;
} ends[] = {
	{ "the peer's FIN came first",
	  { { TW_ESTABLISHED, TW_CLOSE_WAIT, 0, 0 },
	    { TW_CLOSE_WAIT, TW_LAST_ACK, 0, 0 },
	    { TW_LAST_ACK, TW_CLOSE, ORDERLY, 0 } },
	  FAREWELL_BY_PEER },
	{ "both at once",
	  { { TW_ESTABLISHED, TW_FIN_WAIT1, 0, 0 },
	    { TW_FIN_WAIT1, TW_CLOSING, 0, 0 },
	    { TW_CLOSING, TW_CLOSE, ORDERLY, 0 } },
	  FAREWELL_BY_US },
	{ "SO_LINGER 0", { { TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED, 0 } }, FAREWELL_RESET_SENT },
	{ "a RST came", { { TW_ESTABLISHED, TW_CLOSE, 0, ECONNRESET } }, FAREWELL_RESET_RECEIVED },
	{ "nobody answered", { { TW_ESTABLISHED, TW_CLOSE, 0, ETIMEDOUT } }, FAREWELL_TIMED_OUT },
};

static void each_ends_in_one_way(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct farewell_counts counts;
		struct end end;

		fixture_start(f, &(struct model_opts){ 0 });
		feed_scope(f, 0);
		end = opened_by(f, 1, COMMAND);
		for (size_t at = 0; at < 3 && ends[i].changes[at].from; at++)
			feed_transition(f, &end, ends[i].changes[at].from, ends[i].changes[at].to,
					ends[i].changes[at].flags, ends[i].changes[at].error,
					TW_TRANSITION_SHORT);
		counts = counts_of(f);
		for (unsigned int other = 0; other < NR_FAREWELL_ENDS; other++)
			if (counts.ended[other] != (other == ends[i].end))
				fail_msg("%s: end %u is %" PRIu64, ends[i].why, other,
					 counts.ended[other]);
		assert_int_equal(counts.opened[DIRECTION_OUTGOING], 1);
		assert_int_equal(counts.leaked, 0);
	}
}

static void failed_connects_count_by_their_error(void **state)
{
	struct fixture *f = *state;
	struct end refused = client(1), given_up = client(2), strange = client(3);

	feed_scope(f, 0);
	feed_connect(f, &refused);
	feed_transition(f, &refused, TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING, ECONNREFUSED,
			TW_TRANSITION_FULL);
	feed_connect(f, &given_up);
	feed_full(f, &given_up, TW_SYN_SENT, TW_CLOSE,
		  TW_F_OUTGOING | TW_F_OWNER | TW_F_SHUT_BOTH | TW_F_LOCKED);
	strange.owner.tgid = STRANGER;
	feed_connect(f, &strange);
	feed_transition(f, &strange, TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING, ECONNREFUSED,
			TW_TRANSITION_FULL);
	assert_int_equal(counts_of(f).failed[ECONNREFUSED], 1);
	assert_int_equal(counts_of(f).given_up, 1);
	assert_int_equal(counts_of(f).opened[DIRECTION_OUTGOING], 0);
}

static void what_an_exit_closes_is_leaked(void **state)
{
	struct fixture *f = *state;
	const struct farewell_leak *leaks;
	struct end kept[4], closed, halved, shared;

	feed_scope(f, 0);
	feed_fork(f, CHILD, 5);
	for (unsigned int i = 0; i < 4; i++)
		kept[i] = opened_by(f, 1 + i, COMMAND);
	kept[3].tuple.remote_port = 80;
	closed = opened_by(f, 10, COMMAND);
	halved = opened_by(f, 11, COMMAND);
	shared = opened_by(f, 12, COMMAND);
	feed_closed_by(f, &closed);
	/* shut down by the program, so that the exit only lets go of it */
	feed_acted(f, &halved, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &kept[2], TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	pass(f, SECOND);
	feed_exit(f, TW_EXIT_BEGINS, COMMAND, 1, 0);
	feed_closed_by(f, &kept[0]);
	feed_acted(f, &kept[1], TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED);
	feed_acted(f, &kept[2], TW_CLOSE_WAIT, TW_LAST_ACK, 0);
	feed_closed_by(f, &kept[3]);
	feed_brief(f, &halved, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	/* its child has it too, and closes it while it runs */
	shared.owner.tgid = CHILD;
	feed_closed_by(f, &shared);
	assert_int_equal(counts_of(f).leaked, 4);
	assert_int_equal(model_farewell_leaks(f->model, &leaks), 2);
	assert_int_equal(leaks[0].count, 3);
	assert_int_equal(leaks[0].state, TW_ESTABLISHED);
	assert_int_equal(leaks[0].pid, COMMAND);
	assert_int_equal(leaks[0].port, 80);
	assert_string_equal(leaks[0].comm, "client");
	assert_true(leaks[0].ages.max_ns >= SECOND);
	assert_int_equal(leaks[1].count, 1);
	assert_int_equal(leaks[1].state, TW_CLOSE_WAIT);
	/* leaked or not, each ends in one way */
	assert_int_equal(counts_of(f).ended[FAREWELL_BY_US], 4);
	assert_int_equal(counts_of(f).ended[FAREWELL_RESET_SENT], 1);
	assert_int_equal(counts_of(f).closing, 1);
	assert_int_equal(counts_of(f).open, 1);
}

/* Left open by @pid's exit, to @port; @state is what it was in. */
static void leak_to(struct fixture *f, uint64_t cookie, uint32_t pid, uint16_t port, uint8_t state)
{
	struct end end = client(cookie);

	end.owner.tgid = pid;
	end.tuple.remote_port = port;
	feed_connected(f, &end);
	if (state == TW_CLOSE_WAIT)
		feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_acted(f, &end, state, TW_CLOSE, TW_F_LOCKED);
}

static void tells_of_the_most_leaks_first(void **state)
{
	static const struct {
		uint32_t pid, count;
		uint16_t port;
		uint8_t state;
	} expected[] = {
		{ CHILD, 2, 99, TW_CLOSE_WAIT },
		/* as many as each other: by process, port, state */
		{ COMMAND, 1, 70, TW_ESTABLISHED },
		{ COMMAND, 1, 80, TW_ESTABLISHED },
		{ COMMAND, 1, 80, TW_CLOSE_WAIT },
		{ CHILD, 1, 60, TW_ESTABLISHED },
	};
	struct fixture *f = *state;
	const struct farewell_leak *leaks;
	uint64_t cookie = 0;

	feed_scope(f, 0);
	feed_fork(f, CHILD, 5);
	feed_exit(f, TW_EXIT_BEGINS, COMMAND, 1, 0);
	feed_exit(f, TW_EXIT_BEGINS, CHILD, 5, 0);
	for (size_t i = sizeof(expected) / sizeof(expected[0]); i-- > 0;)
		for (uint32_t count = 0; count < expected[i].count; count++)
			leak_to(f, ++cookie, expected[i].pid, expected[i].port, expected[i].state);
	assert_int_equal(model_farewell_leaks(f->model, &leaks),
			 sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(leaks[i].count, expected[i].count);
		assert_int_equal(leaks[i].pid, expected[i].pid);
		assert_int_equal(leaks[i].port, expected[i].port);
		assert_int_equal(leaks[i].state, expected[i].state);
	}
}

/* What leads to thousands of places is not told of place by place. */
static void leaks_to_too_many_places_are_one_sum(void **state)
{
	static const unsigned char nowhere[16];
	const unsigned int places = 4096, more = 10;
	struct fixture *f = *state;
	const struct farewell_leak *leaks;
	uint32_t nr;

	f->unchecked = true;
	feed_scope(f, 0);
	feed_exit(f, TW_EXIT_BEGINS, COMMAND, 1, 0);
	for (unsigned int i = 0; i < places + more; i++)
		leak_to(f, 1 + i, COMMAND, 1000 + i, TW_ESTABLISHED);
	assert_int_equal(counts_of(f).leaked, places + more);
	nr = model_farewell_leaks(f->model, &leaks);
	assert_int_equal(nr, places + 1);
	assert_int_equal(leaks[0].count, more);
	assert_int_equal(leaks[0].port, 0);
	assert_memory_equal(leaks[0].remote_addr, nowhere, sizeof(nowhere));
}

static void names_who_runs_on_with_sockets(void **state)
{
	struct fixture *f = *state;
	struct farewell_holder holders[4];
	struct tw_holder record = { .fd_count = 1, .owner = { .tgid = CHILD, .comm = "daemon" } };

	feed_scope(f, 0);
	feed_fork(f, CHILD, 5);
	for (uint64_t cookie = 1; cookie <= 2; cookie++) {
		opened_by(f, cookie, CHILD);
		record.head = head_of(f, TW_HOLDER, sizeof(record));
		record.head.flags = TW_H_FIRST;
		record.cookie = cookie;
		feed(f, &record, sizeof(record));
	}
	assert_int_equal(model_farewell_holders(f->model, holders, 4), 1);
	assert_int_equal(holders[0].pid, CHILD);
	assert_int_equal(holders[0].sockets, 2);
	assert_int_equal(holders[0].listeners, 0);
	assert_string_equal(holders[0].comm, "daemon");
	/* who ends holds nothing any more, whatever a look-up saw */
	feed_exit(f, TW_EXIT_BEGINS, CHILD, 5, 0);
	assert_int_equal(model_farewell_holders(f->model, holders, 4), 0);
}

static void what_is_told_in_sum_is_counted(void **state)
{
	struct fixture *f = *state;
	struct tw_spilled record = { .count = 50 };
	struct end like = client(0);

	feed_scope(f, 0);
	record.owner = like.owner;
	record.tuple = like.tuple;
	record.head = head_of(f, TW_SPILLED, sizeof(record));
	record.head.from = TW_SYN_SENT;
	record.head.to = TW_ESTABLISHED;
	record.head.flags = TW_F_OUTGOING;
	feed(f, &record, sizeof(record));
	record.owner.tgid = STRANGER;
	feed(f, &record, sizeof(record));
	assert_int_equal(counts_of(f).opened[DIRECTION_OUTGOING], 50);
	assert_int_equal(model_totals(f->model)->count[FIELD_OPENED], 50);
}

static void waits_while_the_peer_has_not_answered(void **state)
{
	struct fixture *f = *state;
	struct end end;

	feed_scope(f, 0);
	end = opened_by(f, 1, COMMAND);
	assert_false(model_farewell_settling(f->model));
	feed_acted(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	assert_true(model_farewell_settling(f->model));
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	assert_false(model_farewell_settling(f->model));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
	static const struct CMUnitTest tests[] = {
		TEST(without_a_command_there_is_nothing),    TEST(knows_its_words_and_its_end),
		TEST(counts_its_own_and_its_childrens_only), TEST(a_number_is_only_its_process),
		TEST(a_listeners_children_are_its),	     TEST(a_socket_of_its_group_is_its),
		TEST(what_was_there_before_is_not_counted),  TEST(each_ends_in_one_way),
		TEST(failed_connects_count_by_their_error),  TEST(what_an_exit_closes_is_leaked),
		TEST(names_who_runs_on_with_sockets),	     TEST(what_is_told_in_sum_is_counted),
		TEST(waits_while_the_peer_has_not_answered), TEST(tells_of_the_most_leaks_first),
		TEST(leaks_to_too_many_places_are_one_sum),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
