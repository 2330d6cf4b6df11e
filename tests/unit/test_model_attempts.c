// SPDX-License-Identifier: GPL-2.0-or-later
/* What is kept of each connect(), and that a replay is of what was fed. */
#include "model_fixture.h"

#include <errno.h>

#include "model/attempts.h"
#include "model/whatif.h"

static struct fixture *keeping(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, &(struct model_opts){ .what_if = true });
	return f;
}

static const struct attempt *attempt_at(const struct fixture *f, size_t at)
{
	assert_true(at < f->model->attempts->count);
	return &f->model->attempts->items[at];
}

static const struct attempt *only(const struct fixture *f)
{
	assert_int_equal(f->model->attempts->count, 1);
	return attempt_at(f, 0);
}

static void feed_facts(struct fixture *f, const char *text)
{
	struct {
		struct tw_name name;
		char text[256];
	} record = { .name.id = NETNS, .name.ino = 4026531840 };

	snprintf(record.text, sizeof(record.text), "%s", text);
	record.name.head = head_of(f, TW_FACTS, sizeof(record));
	feed(f, &record, sizeof(record));
}

static void one_that_we_close_is_kept_until_its_wait_is_over(void **state)
{
	struct fixture *f = keeping(state);
	struct end end = client(1);
	uint64_t start_ns, close_ns;

	feed_tier(f, TW_BY_TIMER);
	feed_bare(f, TW_READY);
	feed_connect(f, &end);
	start_ns = f->now_ns;
	assert_int_equal(only(f)->outcome, ATTEMPT_PENDING);
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	pass(f, SECOND);
	feed_born(f, &end, TW_TIME_WAIT);
	feed_close_first(f, &end, ORDERLY);
	close_ns = f->now_ns;
	assert_int_equal(only(f)->end_ns, 0);
	pass(f, 61 * SECOND);
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_EXPIRED);
	assert_int_equal(only(f)->start_ns, start_ns);
	assert_int_equal(only(f)->close_ns, close_ns);
	assert_int_equal(only(f)->end_ns, f->now_ns);
	assert_int_equal(only(f)->port, end.tuple.local_port);
	assert_int_equal(only(f)->outcome, ATTEMPT_OPENED);
	assert_int_equal(only(f)->close, CLOSE_BY_US);
	assert_int_equal(only(f)->reason, END_EXPIRED);
	assert_true(only(f)->mini && only(f)->exact && !only(f)->bound);
	assert_int_equal(only(f)->turned_ms, 0);
	/* and after it is forgotten */
	pass(f, SECOND);
	pass(f, SECOND);
	assert_int_equal(only(f)->end_ns != 0, 1);
}

static void an_orphan_is_told_by_when_it_turned(void **state)
{
	struct fixture *f = keeping(state);
	struct end end = client(1);

	feed_tier(f, TW_BY_FENTRY);
	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_born(f, &end, TW_FIN_WAIT2);
	feed_close_first(f, &end, TW_F_ORPHAN | TW_F_ALL_ACKED);
	assert_int_equal(only(f)->turned_ms, UINT32_MAX);
	pass(f, 3 * SECOND);
	feed_mini(f, TW_MINI_TURNED, &end, TW_TIME_WAIT, 0);
	assert_int_equal(only(f)->turned_ms, 3000);
}

static void a_refusal_is_told_from_a_wait(void **state)
{
	struct fixture *f = keeping(state);
	struct end end = client(1);

	feed_tier(f, TW_BY_FENTRY);
	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	feed_mini(f, TW_MINI_REFUSED, &end, TW_TIME_WAIT, 0);
	feed_close_first(f, &end, ORDERLY);
	assert_true(only(f)->refused);
	assert_false(only(f)->mini);
	assert_int_equal(only(f)->close, CLOSE_BY_US);
	assert_true(only(f)->close_ns != 0);
}

static void who_closed_is_told_apart(void **state)
{
	struct fixture *f = keeping(state);
	struct end theirs = client(1), reset = client(2);

	feed_bare(f, TW_READY);
	feed_connected(f, &theirs);
	feed_brief(f, &theirs, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_brief(f, &theirs, TW_CLOSE_WAIT, TW_LAST_ACK, 0);
	feed_brief(f, &theirs, TW_LAST_ACK, TW_CLOSE, ORDERLY);
	feed_connected(f, &reset);
	feed_transition(f, &reset, TW_ESTABLISHED, TW_CLOSE, 0, ECONNRESET, TW_TRANSITION_SHORT);
	assert_int_equal(attempt_at(f, 0)->close, CLOSE_BY_PEER);
	assert_int_equal(attempt_at(f, 1)->close, CLOSE_BY_RESET);
	assert_false(attempt_at(f, 0)->mini || attempt_at(f, 1)->mini);
}

static void failures_are_told_apart_by_the_port(void **state)
{
	struct fixture *f = keeping(state);
	struct end none = client(1), refused = client(2), bound = client(3);

	feed_bare(f, TW_READY);
	none.tuple.local_port = 0;
	feed_connect(f, &none);
	feed_full(f, &none, TW_SYN_SENT, TW_CLOSE, TW_F_LOCKED | TW_F_UNSENT);
	feed_connect(f, &refused);
	feed_transition(f, &refused, TW_SYN_SENT, TW_CLOSE, 0, ECONNREFUSED, TW_TRANSITION_FULL);
	feed_full(f, &bound, TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING | TW_F_OWNER);
	feed_full(f, &bound, TW_SYN_SENT, TW_CLOSE, TW_F_LOCKED | TW_F_UNSENT);
	assert_int_equal(attempt_at(f, 0)->outcome, ATTEMPT_NO_PORT);
	assert_int_equal(attempt_at(f, 1)->outcome, ATTEMPT_FAILED);
	assert_int_equal(attempt_at(f, 2)->outcome, ATTEMPT_FAILED);
	assert_true(attempt_at(f, 2)->bound);
	assert_false(attempt_at(f, 0)->bound || attempt_at(f, 1)->bound);
}

static void others_connections_are_none_of_them(void **state)
{
	struct fixture *f = keeping(state);
	struct end end = server(1);

	feed_bare(f, TW_READY);
	feed_accepted(f, &end);
	assert_int_equal(f->model->attempts->count, 0);
}

static void what_lives_at_ready_is_stock_and_what_is_over_is_not(void **state)
{
	struct fixture *f = keeping(state);
	struct end over = client(1), lives = client(2), waits = client(3);

	feed_connected(f, &over);
	feed_brief(f, &over, TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_brief(f, &over, TW_CLOSE_WAIT, TW_LAST_ACK, 0);
	feed_brief(f, &over, TW_LAST_ACK, TW_CLOSE, ORDERLY);
	feed_connected(f, &lives);
	feed_connected(f, &waits);
	feed_close_first(f, &waits, ORDERLY);
	feed_bare(f, TW_READY);
	assert_int_equal(f->model->attempts->count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(attempt_at(f, i)->start_ns, 0);
	assert_int_equal(attempt_at(f, 0)->mini + attempt_at(f, 1)->mini, 1);
}

static void a_replay_needs_something_to_replay(void **state)
{
	struct fixture *f = keeping(state);
	struct whatif_result result;

	feed_bare(f, TW_READY);
	assert_int_equal(model_what_if(f->model, NULL, &result), -ENODATA);
	fixture_start(f, &(struct model_opts){ 0 });
	assert_int_equal(model_what_if(f->model, NULL, &result), -EINVAL);
}

/* Ten ports, ten that succeed, five that fail: by what was told, by the model, with more ports. */
static void a_replay_goes_by_what_was_fed(void **state)
{
	struct whatif_changes changes = { .set = CHANGE_RANGE,
					  .to = { .low = 1000, .high = 1013 } };
	struct fixture *f = keeping(state);
	struct whatif_result result;

	feed_facts(f, "@proc/sys/net/ipv4/ip_local_port_range\n40000\t40009\n"
		      "@proc/sys/net/ipv4/tcp_tw_reuse\n0\n");
	feed_bare(f, TW_READY);
	for (uint64_t i = 0; i < 15; i++) {
		struct end end = end_of(1 + i, i < 10 ? 40000 + i : 0, 80, 100, "client");

		pass(f, SECOND);
		feed_connect(f, &end);
		if (i >= 10) {
			feed_full(f, &end, TW_SYN_SENT, TW_CLOSE, TW_F_LOCKED | TW_F_UNSENT);
			continue;
		}
		feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
		feed_close_first(f, &end, ORDERLY);
	}
	pass(f, SECOND);
	assert_int_equal(model_what_if(f->model, &changes, &result), 0);
	assert_int_equal(result.attempts, 15);
	assert_true(result.changed);
	assert_int_equal(result.assumed & ASSUMED_RANGE, 0);
	assert_int_equal(result.assumed & ASSUMED_FIN_TIMEOUT, ASSUMED_FIN_TIMEOUT);
	assert_int_equal(result.total[RUN_OBSERVED].failures, 5);
	assert_int_equal(result.total[RUN_OBSERVED].peak, 10);
	assert_int_equal(result.total[RUN_BASELINE].failures, 5);
	assert_int_equal(result.total[RUN_BASELINE].peak, 10);
	assert_int_equal(result.total[RUN_CHANGED].failures, 1);
	assert_int_equal(result.total[RUN_CHANGED].peak, 14);
	assert_int_equal(result.nr_paths, 1);
	assert_string_equal(result.paths[0].service, "client");
	assert_int_equal(result.paths[0].use[RUN_CHANGED].capacity, 14);
	whatif_result_release(&result);
	memset(&changes, 0, sizeof(changes));
	assert_int_equal(model_what_if(f->model, &changes, &result), 0);
	assert_false(result.changed);
	whatif_result_release(&result);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_that_we_close_is_kept_until_its_wait_is_over,
						fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(an_orphan_is_told_by_when_it_turned, fixture_open,
						fixture_close),
		cmocka_unit_test_setup_teardown(a_refusal_is_told_from_a_wait, fixture_open,
						fixture_close),
		cmocka_unit_test_setup_teardown(who_closed_is_told_apart, fixture_open,
						fixture_close),
		cmocka_unit_test_setup_teardown(failures_are_told_apart_by_the_port, fixture_open,
						fixture_close),
		cmocka_unit_test_setup_teardown(others_connections_are_none_of_them, fixture_open,
						fixture_close),
		cmocka_unit_test_setup_teardown(what_lives_at_ready_is_stock_and_what_is_over_is_not,
						fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(a_replay_needs_something_to_replay, fixture_open,
						fixture_close),
		cmocka_unit_test_setup_teardown(a_replay_goes_by_what_was_fed, fixture_open,
						fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
