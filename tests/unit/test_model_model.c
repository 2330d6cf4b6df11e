// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The model's door: records that make no sense, sources, bounds, names, the end of
 * a namespace, what is asked for and what is shown.
 */
#include "model_fixture.h"

static void feed_name(struct fixture *f, enum tw_kind kind, uint64_t id, const char *text)
{
	size_t size = (sizeof(struct tw_name) + strlen(text) + 1 + 7) & ~(size_t)7;
	struct tw_name *record = calloc(1, size);

	assert_non_null(record);
	record->head = head_of(f, kind, size);
	record->id = id;
	record->ino = 4026531840;
	memcpy(record->text, text, strlen(text));
	feed(f, record, size);
	free(record);
}

/* The least size of each kind, by tw_record.h. */
static const size_t sizes[] = {
	[TW_TRANSITION] = TW_TRANSITION_SHORT,
	[TW_RESET_SENT] = sizeof(struct tw_reset),
	[TW_HOLDER] = sizeof(struct tw_holder),
	[TW_SOCKET] = TW_SOCKET_SHORT,
	[TW_SNAPSHOT_BEGIN] = sizeof(struct tw_snapshot),
	[TW_SNAPSHOT_END] = sizeof(struct tw_snapshot),
	[TW_NETNS] = sizeof(struct tw_name),
	[TW_NETNS_GONE] = sizeof(struct tw_name),
	[TW_CGROUP] = sizeof(struct tw_name),
	[TW_LOSS] = sizeof(struct tw_loss),
	[TW_TICK] = sizeof(struct tw_record),
	[TW_READY] = sizeof(struct tw_record),
	[TW_PAIRS] = sizeof(struct tw_pairs),
	[TW_END] = sizeof(struct tw_end),
	[TW_HOLDERS_END] = sizeof(struct tw_record),
	[TW_TIER] = sizeof(struct tw_record),
	[TW_MINI_BORN] = TW_MINISOCK_SHORT,
	[TW_MINI_REFUSED] = TW_MINISOCK_SHORT,
	[TW_MINI_TURNED] = TW_MINISOCK_SHORT,
	[TW_MINI_ENDED] = TW_MINISOCK_SHORT,
};

#define NR_KINDS (sizeof(sizes) / sizeof(sizes[0]))

/* Feeds a record of nonsense, and nothing but the count of malformed ones may change. */
static void feed_malformed(struct fixture *f, const struct tw_record *record, size_t len)
{
	uint64_t malformed = model_loss(f->model, TW_LOSS_MALFORMED);
	uint64_t now_ns = model_now_ns(f->model);

	feed(f, record, len);
	if (model_loss(f->model, TW_LOSS_MALFORMED) != malformed + 1)
		fail_msg("kind %u, size %u of %zu, %u to %u was taken for a record", record->kind,
			 record->size, len, record->from, record->to);
	assert_true(model_now_ns(f->model) == now_ns);
	assert_heard(f, "");
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
}

static void feed_one_open(struct fixture *f)
{
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	f->heard[0] = '\0';
}

static struct tw_record *nonsense_of(struct fixture *f, char *room, unsigned int kind, size_t size)
{
	struct tw_record *record = (struct tw_record *)room;

	memset(room, 0, 4096);
	*record = head_of(f, kind, size);
	record->from = kind == TW_TIER ? TW_BY_FENTRY : TW_FIN_WAIT2;
	record->to = kind == TW_TIER ? TW_BINDS_SEEN : TW_ESTABLISHED;
	return record;
}

static void a_record_of_a_bad_size_changes_nothing(void **state)
{
	_Alignas(8) char room[4096];
	struct fixture *f = *state;

	feed_one_open(f);
	for (unsigned int kind = 1; kind < NR_KINDS; kind++) {
		size_t size = sizes[kind];

		feed_malformed(f, nonsense_of(f, room, kind, size), size - 1);
		feed_malformed(f, nonsense_of(f, room, kind, size - 8), size);
		feed_malformed(f, nonsense_of(f, room, kind, size + 8), size);
		feed_malformed(f, nonsense_of(f, room, kind, size + 4), size + 4);
		feed_malformed(f, nonsense_of(f, room, kind, 0), size);
	}
	for (size_t len = 0; len < sizeof(struct tw_record); len++)
		feed_malformed(f, nonsense_of(f, room, TW_TICK, 16), len);
}

static void a_record_of_no_kind_changes_nothing(void **state)
{
	_Alignas(8) char room[4096];
	struct fixture *f = *state;

	feed_one_open(f);
	feed_malformed(f, nonsense_of(f, room, 0, 64), 64);
}

static void a_state_out_of_range_changes_nothing(void **state)
{
	static const uint8_t bad[] = { 0, 13, 14, 255 };
	struct fixture *f = *state;

	feed_one_open(f);
	for (size_t i = 0; i < sizeof(bad); i++) {
		struct tw_transition change = { .cookie = 1 };
		struct tw_socket found = { .cookie = 2 };

		change.head = head_of(f, TW_TRANSITION, sizeof(change));
		change.head.from = bad[i];
		change.head.to = TW_CLOSE;
		feed_malformed(f, &change.head, sizeof(change));
		change.head.from = TW_ESTABLISHED;
		change.head.to = bad[i];
		feed_malformed(f, &change.head, sizeof(change));
		found.head = head_of(f, TW_SOCKET, sizeof(found));
		found.head.from = bad[i];
		feed_malformed(f, &found.head, sizeof(found));
	}
}

/* No full socket is ever in TIME_WAIT or NEW_SYN_RECV: no gauge would count it. */
static void a_state_that_no_full_socket_has_changes_nothing(void **state)
{
	static const uint8_t bad[] = { TW_TIME_WAIT, 12 };
	struct fixture *f = *state;

	feed_one_open(f);
	for (size_t i = 0; i < sizeof(bad); i++) {
		struct tw_transition change = { .cookie = 1 };

		change.head = head_of(f, TW_TRANSITION, TW_TRANSITION_SHORT);
		change.head.from = TW_ESTABLISHED;
		change.head.to = bad[i];
		feed_malformed(f, &change.head, TW_TRANSITION_SHORT);
	}
}

/* A dump lists no CLOSE, and a minisock in nothing but the two substates. */
static void a_socket_that_no_dump_lists_changes_nothing(void **state)
{
	static const uint8_t bad[][2] = {
		{ TW_CLOSE, 0 },
		{ TW_TIME_WAIT, 0 },
		{ 12, 0 },
		{ TW_ESTABLISHED, TW_TIMER_MINISOCK },
		{ TW_LISTEN, TW_TIMER_MINISOCK },
	};
	struct fixture *f = *state;

	feed_one_open(f);
	feed_begin(f);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tw_socket found = { .cookie = 2, .tuple = client(2).tuple };

		found.head = head_of(f, TW_SOCKET, sizeof(found));
		found.head.from = bad[i][0];
		found.head.to = bad[i][1];
		feed_malformed(f, &found.head, sizeof(found));
	}
}

static void a_name_that_does_not_end_changes_nothing(void **state)
{
	static const enum tw_kind kinds[] = { TW_NETNS, TW_CGROUP };
	struct fixture *f = *state;

	feed_one_open(f);
	for (size_t i = 0; i < 2; i++) {
		union {
			struct tw_name name;
			char room[sizeof(struct tw_name) + 8];
		} record;

		memset(&record, 'x', sizeof(record));
		record.name.head = head_of(f, kinds[i], sizeof(record));
		feed_malformed(f, &record.name.head, sizeof(record));
		assert_int_equal(f->model->netns.count, 1);
	}
}

/* A newer version may know more causes: what was lost is lost all the same. */
static void a_loss_of_unknown_cause_is_not_swallowed(void **state)
{
	struct tw_loss record = { .count = 3 };
	struct fixture *f = *state;
	uint64_t sum = 0;

	feed_one_open(f);
	record.head = head_of(f, TW_LOSS, sizeof(record));
	record.head.from = TW_NR_LOSS;
	feed(f, &record, sizeof(record));
	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++)
		sum += model_loss(f->model, cause);
	assert_true(sum > 0);
}

static void a_kind_of_a_newer_version_is_counted_and_changes_nothing(void **state)
{
	_Alignas(8) char room[4096];
	struct fixture *f = *state;

	feed_one_open(f);
	for (unsigned int kind = TW_NR_KINDS; kind < 256; kind++) {
		struct tw_record *record = nonsense_of(f, room, kind, 16 + 8 * (kind % 100));

		feed(f, record, record->size);
	}
	assert_int_equal(model_unknown(f->model), 256 - TW_NR_KINDS);
	assert_int_equal(model_loss(f->model, TW_LOSS_MALFORMED), 0);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
}

static void a_record_that_has_grown_at_its_end_is_read_as_far_as_known(void **state)
{
	struct {
		struct tw_transition record;
		uint64_t more[4];
	} grown = { 0 };
	struct fixture *f = *state;
	struct end end = client(2);

	feed_one_open(f);
	grown.record.cookie = end.cookie;
	grown.record.tuple = end.tuple;
	grown.record.head = head_of(f, TW_TRANSITION, sizeof(grown));
	grown.record.head.from = TW_CLOSE;
	grown.record.head.to = TW_SYN_SENT;
	feed(f, &grown, sizeof(grown));
	assert_totals(f, "connections 1 opened 1 open 2 syn_sent 1 established 1");
}

static void two_sources_with_equal_cookies_stay_apart(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	f->source = 1;
	feed_connected(f, &end);
	assert_totals(f, "connections 2 opened 2 open 2 established 2");
	feed_close_first(f, &end, ORDERLY);
	assert_totals(f, "connections 2 opened 2 closed 1 closed_first 1 time_wait_entered 1 "
			 "open 1 established 1 time_wait 1");
	/* namespaces are another host's, too */
	f->source = 0;
	feed_name(f, TW_NETNS_GONE, NETNS, "");
	assert_totals(f, "connections 2 opened 2 closed 2 closed_first 1 time_wait_entered 1 "
			 "time_wait 1");
}

static void keep_cgroup(void *ctx, const struct conn_view *view)
{
	const char **services = ctx;

	services[view->cookie] = view->service;
}

/* Numbers of cgroups are small and count up from boot, so two hosts share many. */
static void cgroups_of_two_sources_stay_apart(void **state)
{
	const char *services[4] = { NULL };
	struct fixture *f = *state;
	struct end here = client(1), there = client(2), again = client(3);

	here.cgroup_id = there.cgroup_id = again.cgroup_id = 5;
	feed_bare(f, TW_READY);
	feed_name(f, TW_CGROUP, 5, "/system.slice/here.service");
	feed_connected(f, &here);
	f->source = 1;
	feed_name(f, TW_CGROUP, 5, "/system.slice/there.service");
	feed_connected(f, &there);
	f->source = 0;
	feed_connected(f, &again);
	model_each_conn(f->model, keep_cgroup, services);
	assert_string_equal(services[1], "here.service");
	assert_string_equal(services[2], "there.service");
	assert_string_equal(services[3], "here.service");
}

static void an_interval_is_counted_from_its_mark(void **state)
{
	struct fixture *f = *state;
	struct end first = client(1), second = client(2);
	const struct row *totals = model_totals(f->model);

	feed_bare(f, TW_READY);
	assert_int_equal(model_interval_start_ns(f->model), f->now_ns);
	feed_connected(f, &first);
	model_mark_interval(f->model, f->now_ns);
	feed_connected(f, &second);
	assert_int_equal(totals->count[FIELD_OPENED] - totals->before[FIELD_OPENED], 1);
	assert_int_equal(model_now_ns(f->model), f->now_ns);
	assert_true(model_interval_start_ns(f->model) < f->now_ns);
}

static uint64_t opened_on(const struct fixture *f, uint16_t port, enum role role)
{
	const struct rows *rows = model_rows(f->model, DIM_PORT);
	uint64_t count = 0;
	uint32_t id;

	for (id = pool_next(&rows->pool, 0); id != POOL_NONE; id = pool_next(&rows->pool, id + 1))
		if (rows_at(rows, id)->key.port == port && rows_at(rows, id)->key.role == role)
			count += rows_at(rows, id)->count[FIELD_CONNECTIONS];
	return count;
}

static void ephemeral_ports_make_no_rows(void **state)
{
	struct fixture *f = *state;
	struct end out = client(1), in = server(2), low = end_of(3, 20000, 443, 0, "");
	struct end high = end_of(4, 22, 20000, 0, "");

	feed_bare(f, TW_READY);
	feed_connected(f, &out);
	feed_accepted(f, &in);
	feed_begin(f);
	feed_found(f, &low, TW_ESTABLISHED, FULL);
	feed_found(f, &high, TW_ESTABLISHED, FULL);
	assert_int_equal(opened_on(f, 80, ROLE_CLIENT), 1);
	assert_int_equal(opened_on(f, 8080, ROLE_SERVER), 1);
	/* which end is the server's is not known: the lower port is likely to be */
	assert_int_equal(opened_on(f, 443, ROLE_UNKNOWN), 1);
	assert_int_equal(opened_on(f, 22, ROLE_UNKNOWN), 1);
}

static void count_views(void *ctx, const struct conn_view *view)
{
	unsigned int *states = ctx;

	states[view->state]++;
}

static void the_list_has_listeners_and_minisocks_and_nothing_that_is_over(void **state)
{
	unsigned int states[TW_NR_STATES] = { 0 };
	struct fixture *f = *state;
	struct end listener = server(1), open = client(2), mini = client(3), over = client(4);

	feed_bare(f, TW_READY);
	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_connected(f, &open);
	feed_connected(f, &mini);
	feed_close_first(f, &mini, ORDERLY);
	feed_connected(f, &over);
	feed_brief(f, &over, TW_ESTABLISHED, TW_CLOSE, TW_F_LOCKED);
	model_each_conn(f->model, count_views, states);
	assert_int_equal(states[TW_LISTEN], 1);
	assert_int_equal(states[TW_ESTABLISHED], 1);
	assert_int_equal(states[TW_TIME_WAIT], 1);
	assert_int_equal(states[TW_CLOSE], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_record_of_a_bad_size_changes_nothing),
		fixture_test(a_record_of_no_kind_changes_nothing),
		fixture_test(a_state_out_of_range_changes_nothing),
		fixture_test(a_state_that_no_full_socket_has_changes_nothing),
		fixture_test(a_socket_that_no_dump_lists_changes_nothing),
		fixture_test(a_name_that_does_not_end_changes_nothing),
		fixture_test(a_loss_of_unknown_cause_is_not_swallowed),
		fixture_test(a_kind_of_a_newer_version_is_counted_and_changes_nothing),
		fixture_test(a_record_that_has_grown_at_its_end_is_read_as_far_as_known),
		fixture_test(two_sources_with_equal_cookies_stay_apart),
		fixture_test(cgroups_of_two_sources_stay_apart),
		fixture_test(an_interval_is_counted_from_its_mark),
		fixture_test(ephemeral_ports_make_no_rows),
		fixture_test(the_list_has_listeners_and_minisocks_and_nothing_that_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
