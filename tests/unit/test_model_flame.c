// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where connections stand in flame-style summaries, and what they weigh. That all stacks
 * together weigh what the totals count is checked after every record of every test of the
 * model (assert_sane_flame()).
 */
#include "model_sums.h"
#include <errno.h>

/* Lines "service;state 3", of one weight, by name; several of one stack are added up. */
struct drawn {
	enum flame_weight weight;
	uint64_t unit;
	size_t count;
	struct {
		char stack[512];
		uint64_t value;
	} lines[64];
};

static void draw_stack(void *ctx, const struct flame_stack *stack)
{
	struct drawn *drawn = ctx;
	char text[512] = "";
	size_t i = 0;

	if (!stack->weights[drawn->weight])
		return;
	for (size_t part = 0; part < stack->count; part++) {
		strcat(text, part ? ";" : "");
		assert_true(strlen(text) + strlen(stack->parts[part].name) < sizeof(text));
		strcat(text, stack->parts[part].name);
	}
	while (i < drawn->count && strcmp(drawn->lines[i].stack, text))
		i++;
	if (i == drawn->count)
		snprintf(drawn->lines[drawn->count++].stack, sizeof(text), "%s", text);
	drawn->lines[i].value += stack->weights[drawn->weight];
	assert_true(drawn->count < 64);
}

static int by_stack(const void *left, const void *right)
{
	return strcmp(left, right);
}

static void check_drawn(const struct fixture *f, enum flame_weight weight, uint64_t unit,
			const char *want, const char *file, int line)
{
	struct drawn drawn = { .weight = weight };
	uint64_t unplaced;
	char text[4096] = "";

	assert_int_equal(model_flame_each(f->model, draw_stack, &drawn, &unplaced), 0);
	qsort(drawn.lines, drawn.count, sizeof(drawn.lines[0]), by_stack);
	for (size_t i = 0; i < drawn.count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %" PRIu64,
			 i ? " | " : "", drawn.lines[i].stack, drawn.lines[i].value / unit);
	check_text(flame_weight_name(weight), text, want, file, line);
}

#define assert_drawn(f, weight, want) check_drawn(f, weight, 1, want, __FILE__, __LINE__)
/* Of a weight that is time, in ms. */
#define assert_drawn_ms(f, weight, want) check_drawn(f, weight, MS, want, __FILE__, __LINE__)

static void begin(struct fixture *f, const struct flame_by *by)
{
	fixture_start(f, &(struct model_opts){ .flame = by });
	feed_bare(f, TW_READY);
}

#define BY(...)                                                           \
	&(const struct flame_by)                                          \
	{                                                                 \
		{ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }) \
	}

/* ----------------------------------------------------------------------------- places */

static void frames_stand_in_the_order_asked_for(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	begin(f, BY(FRAME_STATE, FRAME_ROLE, FRAME_PROCESS, FRAME_COMM, FRAME_PORT,
		    FRAME_LOCAL_PORT, FRAME_REMOTE, FRAME_REMOTE_PORT, FRAME_NETNS, FRAME_HOST));
	model_set_host(f->model, 0, "web1\n");
	feed_connected(f, &end);
	assert_drawn(f, WEIGHT_CONNECTIONS,
		     "ESTABLISHED;client;client[100];client;:80;local :40001;10.0.0.2;remote :80;"
		     "netns:4026531840;web1\\x0a 1");
}

static void what_is_unknown_is_shown_as_unknown(void **state)
{
	struct fixture *f = *state;
	struct end end = end_of(1, 80, 0, 0, "");

	memset(end.tuple.remote_addr, 0, sizeof(end.tuple.remote_addr));
	begin(f, BY(FRAME_SERVICE, FRAME_PROCESS, FRAME_COMM, FRAME_ROLE, FRAME_REMOTE,
		    FRAME_REMOTE_PORT, FRAME_HOST));
	feed_begin(f);
	feed_found(f, &end, TW_ESTABLISHED, FULL);
	assert_drawn(f, WEIGHT_OPEN,
		     "(unknown service);(unknown process);(unknown command);(unknown role);"
		     "(unknown remote);(unknown port);(unknown host) 1");
}

static void a_connection_moves_to_the_owner_that_becomes_known(void **state)
{
	struct fixture *f = *state;
	struct end end = server(1), nobody = end;

	memset(&nobody.owner, 0, sizeof(nobody.owner));
	begin(f, BY(FRAME_SERVICE, FRAME_STATE));
	feed_accepted(f, &nobody);
	assert_drawn(f, WEIGHT_OPEN, "(unknown service);ESTABLISHED 1");
	pass(f, 3 * SECOND);
	feed_transition(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, TW_F_OWNER, 0, TW_TRANSITION_FULL);
	assert_drawn(f, WEIGHT_OPEN, "server;FIN_WAIT1 1");
	assert_drawn_ms(f, WEIGHT_SECONDS, "server;ESTABLISHED 3000 | server;SYN_RECV 0");
}

static void who_closed_first_is_told(void **state)
{
	struct fixture *f = *state;
	struct end ends[7];

	begin(f, BY(FRAME_CLOSE));
	for (unsigned int i = 0; i < 7; i++)
		ends[i] = client(i + 1);
	for (unsigned int i = 0; i < 5; i++)
		feed_connected(f, &ends[i]);
	feed_connected(f, &ends[6]);
	feed_brief(f, &ends[6], TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_close_first(f, &ends[1], ORDERLY);
	/* it sits in CLOSE_WAIT, and the next one has left it */
	feed_brief(f, &ends[2], TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_brief(f, &ends[3], TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_brief(f, &ends[3], TW_CLOSE_WAIT, TW_LAST_ACK, 0);
	feed_brief(f, &ends[3], TW_LAST_ACK, TW_CLOSE, ORDERLY);
	feed_transition(f, &ends[4], TW_ESTABLISHED, TW_CLOSE, 0, 104, TW_TRANSITION_SHORT);
	assert_drawn(f, WEIGHT_CONNECTIONS,
		     "closed first 2 | not closed 1 | peer closed first 2 | reset 1");
	/* nor does that change when they are forgotten */
	pass(f, SECOND);
	assert_drawn(f, WEIGHT_CONNECTIONS,
		     "closed first 2 | not closed 1 | peer closed first 2 | reset 1");
	/* whoever gave it up, it was nobody's close() that is known of */
	feed_transition(f, &ends[0], TW_ESTABLISHED, TW_CLOSE, 0, 110, TW_TRANSITION_SHORT);
	feed_connect(f, &ends[5]);
	feed_transition(f, &ends[5], TW_SYN_SENT, TW_CLOSE, 0, 111, TW_TRANSITION_SHORT);
	assert_drawn(f, WEIGHT_FAILURES, "never opened 1");
	assert_drawn(f, WEIGHT_CONNECTIONS,
		     "(unknown who closed) 1 | closed first 2 | peer closed first 2 | reset 1");
}

static void how_a_time_wait_ended_is_told(void **state)
{
	struct fixture *f = *state;
	struct end first = client(1), second = client(2), third = client(3), open = client(4);

	begin(f, BY(FRAME_END));
	feed_tier(f, TW_BY_FENTRY);
	feed_connected(f, &first);
	feed_connected(f, &second);
	feed_connected(f, &third);
	feed_connected(f, &open);
	feed_born(f, &first, TW_TIME_WAIT);
	feed_close_first(f, &first, ORDERLY);
	feed_born(f, &second, TW_TIME_WAIT);
	feed_close_first(f, &second, ORDERLY);
	feed_brief(f, &third, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_brief(f, &third, TW_CLOSE_WAIT, TW_LAST_ACK, 0);
	feed_brief(f, &third, TW_LAST_ACK, TW_CLOSE, ORDERLY);
	pass(f, 7 * SECOND);
	feed_ended(f, &second, TW_TIME_WAIT, TW_END_RESET);
	assert_drawn(f, WEIGHT_CONNECTIONS,
		     "no TIME_WAIT 1 | not closed 1 | not ended yet 1 | reset 1");
	assert_drawn_ms(f, WEIGHT_TIME_WAIT_SECONDS, "not ended yet 7000 | reset 7000");
	feed_ended(f, &first, TW_TIME_WAIT, TW_END_REUSED);
	pass(f, SECOND);
	assert_drawn_ms(f, WEIGHT_TIME_WAIT_SECONDS, "reset 7000 | reused 7000");
}

static void why_a_connect_failed_is_told(void **state)
{
	struct fixture *f = *state;
	struct end ends[4];

	begin(f, BY(FRAME_ERROR));
	for (unsigned int i = 0; i < 4; i++) {
		ends[i] = client(i + 1);
		feed_connect(f, &ends[i]);
	}
	feed_full(f, &ends[0], TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	feed_transition(f, &ends[1], TW_SYN_SENT, TW_CLOSE, 0, 111, TW_TRANSITION_SHORT);
	feed_brief(f, &ends[2], TW_SYN_SENT, TW_CLOSE, TW_F_UNSENT);
	feed_transition(f, &ends[3], TW_SYN_SENT, TW_CLOSE, 0, 111, TW_TRANSITION_SHORT);
	assert_drawn(f, WEIGHT_FAILURES, "EADDRNOTAVAIL 1 | ECONNREFUSED 2");
	/* nor is it forgotten with the connection */
	pass(f, SECOND);
	assert_drawn(f, WEIGHT_FAILURES, "EADDRNOTAVAIL 1 | ECONNREFUSED 2");
	assert_drawn(f, WEIGHT_CONNECTIONS, "no error 1");
}

/* ------------------------------------------------------------------------------- time */

static void feed_bind_failed(struct fixture *f, uint16_t port, uint16_t flags)
{
	struct end end = end_of(900, port, 0, 4711, "asker");
	struct tw_bind_failed record = { .cookie = end.cookie,
					 .owner = end.owner,
					 .tuple = end.tuple };

	record.head = head_of(f, TW_BIND_FAILED, sizeof(record));
	record.head.error = EADDRINUSE;
	record.head.flags = flags;
	memset(record.tuple.remote_addr, 0, sizeof(record.tuple.remote_addr));
	feed(f, &record, sizeof(record));
}

/* A port that is taken is a failure too, towards nobody. */
static void a_bind_that_failed_weighs_under_its_own_port(void **state)
{
	struct fixture *f = *state;

	begin(f, BY(FRAME_SERVICE, FRAME_PROCESS, FRAME_ERROR, FRAME_REMOTE, FRAME_PORT));
	feed_bind_failed(f, 8080, 0);
	feed_bind_failed(f, 8080, TW_B_LISTEN);
	feed_bind_failed(f, 9090, 0);
	assert_drawn(f, WEIGHT_FAILURES,
		     "asker;asker[4711];EADDRINUSE;no remote;:8080 2 | "
		     "asker;asker[4711];EADDRINUSE;no remote;:9090 1");
	assert_drawn(f, WEIGHT_CONNECTIONS, "");
	begin(f, BY(FRAME_STATE, FRAME_CLOSE, FRAME_END, FRAME_LOCAL_PORT, FRAME_ROLE,
		    FRAME_REMOTE_PORT, FRAME_NETNS));
	feed_bind_failed(f, 8080, TW_B_LISTEN);
	assert_drawn(f, WEIGHT_FAILURES,
		     "CLOSE;never opened;no TIME_WAIT;local :8080;server;no remote port;"
		     "netns:4026531840 1");
	model_flame_restart(f->model);
	f->window = true;
	assert_drawn(f, WEIGHT_FAILURES, "");
}

static void seconds_are_told_apart_by_state(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	begin(f, BY(FRAME_STATE));
	feed_connect(f, &end);
	f->now_ns += 2 * SECOND;
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	f->now_ns += 5 * SECOND;
	feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	f->now_ns += SECOND;
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	f->now_ns += 3 * SECOND;
	assert_drawn_ms(f, WEIGHT_SECONDS, "ESTABLISHED 5000 | FIN_WAIT1 1000 | SYN_SENT 2000");
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	pass(f, 4 * SECOND);
	/* a minisock is no connection: it has a weight of its own */
	assert_drawn_ms(f, WEIGHT_SECONDS,
			"ESTABLISHED 5000 | FIN_WAIT1 1000 | FIN_WAIT2 3000 | SYN_SENT 2000");
	assert_drawn_ms(f, WEIGHT_TIME_WAIT_SECONDS, "TIME_WAIT 4000");
}

static void an_orphan_in_fin_wait2_is_told_apart_from_time_wait(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	begin(f, BY(FRAME_STATE));
	feed_tier(f, TW_BY_FENTRY);
	feed_connected(f, &end);
	feed_born(f, &end, TW_FIN_WAIT2);
	feed_close_first(f, &end, TW_F_ORPHAN | TW_F_ALL_ACKED);
	pass(f, 3 * SECOND);
	feed_mini(f, TW_MINI_TURNED, &end, TW_TIME_WAIT, 0);
	pass(f, 2 * SECOND);
	assert_drawn_ms(f, WEIGHT_TIME_WAIT_SECONDS, "FIN_WAIT2 3000 | TIME_WAIT 2000");
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_EXPIRED);
	pass(f, SECOND);
	assert_drawn_ms(f, WEIGHT_TIME_WAIT_SECONDS, "FIN_WAIT2 3000 | TIME_WAIT 2000");
}

static void a_childs_handshake_counts(void **state)
{
	struct fixture *f = *state;
	struct end end = server(1);

	begin(f, BY(FRAME_STATE));
	/* whether anybody listens or not */
	model_subscribe(f->model, NULL, NULL);
	end.born_ns = f->now_ns + 1000;
	f->now_ns += SECOND;
	feed_full(f, &end, TW_SYN_RECV, TW_ESTABLISHED, TW_F_INCOMING);
	pass(f, SECOND);
	assert_drawn_ms(f, WEIGHT_SECONDS, "ESTABLISHED 1000 | SYN_RECV 1000");
}

static void only_what_lies_in_the_window_counts(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	fixture_start(f, &(struct model_opts){ .flame = BY(FRAME_STATE) });
	feed_connected(f, &end);
	f->now_ns += 100 * SECOND;
	feed_bare(f, TW_READY);
	pass(f, 2 * SECOND);
	assert_drawn_ms(f, WEIGHT_SECONDS, "ESTABLISHED 2000");
	feed_brief(f, &end, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	pass(f, SECOND);
	assert_drawn_ms(f, WEIGHT_SECONDS, "CLOSE_WAIT 1000 | ESTABLISHED 2000");
	assert_int_equal(model_flame_from_ns(f->model), model_ready_ns(f->model));
}

static void what_a_filter_turns_down_weighs_nothing(void **state)
{
	struct model_opts opts = { .filter = { .service = "server" }, .flame = BY(FRAME_SERVICE) };
	struct fixture *f = *state;
	struct end one = client(1), other = server(2);

	fixture_start(f, &opts);
	feed_bare(f, TW_READY);
	feed_connected(f, &one);
	feed_full(f, &other, TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING | TW_F_OWNER);
	feed_full(f, &other, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	pass(f, SECOND);
	feed_close_first(f, &one, ORDERLY);
	pass(f, SECOND);
	assert_drawn(f, WEIGHT_CONNECTIONS, "server 1");
	assert_drawn_ms(f, WEIGHT_SECONDS, "server 2000");
	assert_drawn_ms(f, WEIGHT_TIME_WAIT_SECONDS, "");
}

/* ---------------------------------------------------------------------------- windows */

static void a_new_window_begins_with_what_is_open(void **state)
{
	struct fixture *f = *state;
	struct end stays = client(1), goes = client(2), gone = client(3);

	begin(f, BY(FRAME_STATE));
	f->window = true;
	feed_connected(f, &stays);
	feed_connected(f, &goes);
	feed_connected(f, &gone);
	feed_close_first(f, &gone, ORDERLY);
	pass(f, 2 * SECOND);
	assert_drawn(f, WEIGHT_CONNECTIONS, "ESTABLISHED 2 | TIME_WAIT 1");
	model_flame_restart(f->model);
	/* a minisock from before is no connection, but it holds its port on */
	assert_drawn(f, WEIGHT_CONNECTIONS, "ESTABLISHED 2");
	assert_drawn_ms(f, WEIGHT_TIME_WAIT_SECONDS, "");
	pass(f, SECOND);
	feed_close_first(f, &goes, ORDERLY);
	pass(f, SECOND);
	assert_drawn(f, WEIGHT_CONNECTIONS, "ESTABLISHED 1 | TIME_WAIT 1");
	assert_drawn_ms(f, WEIGHT_SECONDS, "ESTABLISHED 3000 | FIN_WAIT1 0 | FIN_WAIT2 0");
	assert_drawn_ms(f, WEIGHT_TIME_WAIT_SECONDS, "TIME_WAIT 3000");
	assert_int_equal(model_flame_from_ns(f->model), f->now_ns - 2 * SECOND - 5000);
}

static void a_window_takes_nothing_back(void **state)
{
	struct fixture *f = *state;
	struct end late = client(1), refused = client(2);
	struct tw_minisock ended = { .cookie = late.cookie };

	begin(f, BY(FRAME_STATE));
	f->window = true;
	feed_begin(f);
	feed_end(f, 0, 0);
	feed_connected(f, &late);
	feed_connected(f, &refused);
	feed_close_first(f, &late, ORDERLY);
	feed_close_first(f, &refused, ORDERLY);
	pass(f, 2 * SECOND);
	assert_drawn(f, WEIGHT_TIME_WAIT, "TIME_WAIT 2");
	assert_drawn_ms(f, WEIGHT_TIME_WAIT_SECONDS, "TIME_WAIT 4000");
	model_flame_restart(f->model);
	/* it had ended before, and is told of now */
	ended.head = head_of(f, TW_MINI_ENDED, TW_MINISOCK_SHORT);
	ended.head.ts_ns -= SECOND;
	ended.head.from = TW_TIME_WAIT;
	ended.head.to = TW_END_RESET;
	feed(f, &ended, TW_MINISOCK_SHORT);
	/* and this one never was */
	feed_begin(f);
	feed_end(f, 0, 1);
	assert_drawn_ms(f, WEIGHT_TIME_WAIT_SECONDS, "TIME_WAIT 0");
	assert_drawn(f, WEIGHT_TIME_WAIT, "");
}

static void a_failure_counts_in_its_own_window_only(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	begin(f, BY(FRAME_SERVICE));
	f->window = true;
	feed_connect(f, &end);
	model_flame_restart(f->model);
	feed_transition(f, &end, TW_SYN_SENT, TW_CLOSE, 0, 111, TW_TRANSITION_SHORT);
	assert_drawn(f, WEIGHT_FAILURES, "client 1");
	/* its tombstone is still there */
	model_flame_restart(f->model);
	assert_drawn(f, WEIGHT_FAILURES, "");
	pass(f, SECOND);
	assert_drawn(f, WEIGHT_FAILURES, "");
}

/* ------------------------------------------------------------------------------ stacks */

static void feed_stack(struct fixture *f, uint64_t cookie, uint64_t number)
{
	struct tw_stack record = { .cookie = cookie, .stack = number, .thread = "worker" };

	record.head = head_of(f, TW_STACK, sizeof(record));
	record.head.from = TW_CONNECTED;
	feed(f, &record, sizeof(record));
}

static void feed_stack_text(struct fixture *f, uint64_t number, const char *text, uint16_t flags)
{
	size_t size = (sizeof(struct tw_stack_text) + strlen(text) + 8) / 8 * 8;
	struct tw_stack_text *record = calloc(1, size);

	assert_non_null(record);
	record->head = head_of(f, TW_STACK_TEXT, size);
	record->head.flags = flags;
	record->stack = number;
	strcpy(record->text, text);
	feed(f, record, size);
	free(record);
}

static void stacks_are_the_upper_frames(void **state)
{
	struct fixture *f = *state;
	struct end one = client(1), two = client(2), three = client(3);

	begin(f, BY(FRAME_SERVICE, FRAME_STACK));
	feed_connected(f, &one);
	assert_drawn(f, WEIGHT_OPEN, "client 1");
	feed_connected(f, &two);
	feed_connected(f, &three);
	feed_stack_text(f, 77, "connect\nget a.c:12\nmain a.c:40", 0);
	feed_stack_text(f, 78, "connect\nput a.c:14", TW_STACK_INCOMPLETE);
	feed_stack(f, 1, 77);
	feed_stack(f, 2, 78);
	assert_drawn(f, WEIGHT_OPEN,
		     "client;(outer frames missing);put a.c:14;connect 1 | client;(unknown code) 1 "
		     "| client;main a.c:40;get a.c:12;connect 1");
}

static void a_stack_that_is_told_late_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1), never = client(2);

	fixture_start(f, &(struct model_opts){ .flame = BY(FRAME_STATE, FRAME_STACK),
					       .stacks = true });
	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_connected(f, &never);
	/* no minisock, and soon forgotten */
	feed_transition(f, &end, TW_ESTABLISHED, TW_CLOSE, 0, 104, TW_TRANSITION_SHORT);
	feed_transition(f, &never, TW_ESTABLISHED, TW_CLOSE, 0, 104, TW_TRANSITION_SHORT);
	pass(f, SECOND / 4);
	feed_stack_text(f, 77, "connect\nmain", 0);
	feed_stack(f, 1, 77);
	pass(f, SECOND / 10);
	assert_int_equal(tracker_find(f->model, 1, 0), POOL_NONE);
	pass(f, 2 * SECOND);
	assert_int_equal(tracker_find(f->model, 2, 0), POOL_NONE);
	assert_drawn(f, WEIGHT_CONNECTIONS, "CLOSE;(unknown code) 1 | CLOSE;main;connect 1");
}

struct deepest {
	size_t count;
	char outermost[64];
};

static void find_deepest(void *ctx, const struct flame_stack *stack)
{
	struct deepest *deepest = ctx;

	if (stack->count < deepest->count)
		return;
	deepest->count = stack->count;
	snprintf(deepest->outermost, sizeof(deepest->outermost), "%s", stack->parts[0].name);
}

static void a_stack_without_end_is_cut(void **state)
{
	struct deepest deepest = { 0 };
	uint64_t unplaced;
	struct fixture *f = *state;
	struct end end = client(1);
	char text[3 * 10000 + 1] = "";

	for (unsigned int i = 0; i < 10000; i++)
		memcpy(text + 3 * i, "fn\n", 3);
	begin(f, BY(FRAME_STACK));
	feed_connected(f, &end);
	feed_stack_text(f, 77, text, 0);
	feed_stack(f, 1, 77);
	assert_int_equal(model_flame_each(f->model, find_deepest, &deepest, &unplaced), 0);
	assert_int_equal(deepest.count, FLAME_DEEP + 1);
	assert_string_equal(deepest.outermost, "(outer frames missing)");
}

/* -------------------------------------------------------------------------------- sums */

static void what_was_told_in_sum_is_unknown_in_detail(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	begin(f, BY(FRAME_SERVICE, FRAME_PORT, FRAME_STATE, FRAME_CLOSE, FRAME_END));
	feed_client_sums(f, &end, 5);
	assert_drawn(f, WEIGHT_CONNECTIONS,
		     "client;:80;(unknown state);(unknown who closed);(unknown end) 5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(frames_stand_in_the_order_asked_for),
		fixture_test(what_is_unknown_is_shown_as_unknown),
		fixture_test(a_connection_moves_to_the_owner_that_becomes_known),
		fixture_test(who_closed_first_is_told),
		fixture_test(how_a_time_wait_ended_is_told),
		fixture_test(why_a_connect_failed_is_told),
		fixture_test(a_bind_that_failed_weighs_under_its_own_port),
		fixture_test(seconds_are_told_apart_by_state),
		fixture_test(an_orphan_in_fin_wait2_is_told_apart_from_time_wait),
		fixture_test(a_childs_handshake_counts),
		fixture_test(only_what_lies_in_the_window_counts),
		fixture_test(what_a_filter_turns_down_weighs_nothing),
		fixture_test(a_new_window_begins_with_what_is_open),
		fixture_test(a_window_takes_nothing_back),
		fixture_test(a_failure_counts_in_its_own_window_only),
		fixture_test(stacks_are_the_upper_frames),
		fixture_test(a_stack_that_is_told_late_is_waited_for),
		fixture_test(a_stack_without_end_is_cut),
		fixture_test(what_was_told_in_sum_is_unknown_in_detail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
