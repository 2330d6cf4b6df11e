// SPDX-License-Identifier: GPL-2.0-or-later
/* The filter on its own, row by row; then in the model, where facts become known one by one. */
#include "model_fixture.h"

#include "base/parse.h"
#include "model/filter.h"

/* What the connection of every row is, but for what a row says otherwise. */
static struct conn_view view_of_client(void)
{
	struct end end = client(1);
	struct conn_view view = {
		.netns_ino = 4026531840,
		.local_port = 40001,
		.remote_port = 443,
		.pid = 100,
		.service = "nginx.service",
		.state = TW_ESTABLISHED,
	};

	memcpy(view.local_addr, end.tuple.local_addr, 16);
	memcpy(view.remote_addr, end.tuple.remote_addr, 16);
	return view;
}

struct wish {
	const char *why;
	const char *ports, *local_ports, *remotes, *service;
	uint32_t family, netns_ino, pid;
	bool wanted;
};

/* clang-format off */
static const struct wish wishes[] = {
	{.why = "nothing is asked for", .wanted = true},
	{.why = "the remote port", .ports = "443", .wanted = true},
	{.why = "the local port", .ports = "40001", .wanted = true},
	{.why = "another port", .ports = "80"},
	{.why = "one of several ports", .ports = "80,443", .wanted = true},
	{.why = "a range, at its end", .ports = "400-443", .wanted = true},
	{.why = "a range, at its beginning", .ports = "443-500", .wanted = true},
	{.why = "a range beside it", .ports = "444-500"},
	{.why = "this local port", .local_ports = "40001", .wanted = true},
	{.why = "the remote port is not the local one", .local_ports = "443"},
	{.why = "both lists must agree", .ports = "443", .local_ports = "40002"},
	{.why = "its network", .remotes = "10.0.0.0/8", .wanted = true},
	{.why = "its very address", .remotes = "10.0.0.2", .wanted = true},
	{.why = "the local address is no remote", .remotes = "10.0.0.1"},
	{.why = "another network", .remotes = "10.0.1.0/24"},
	{.why = "an IPv6 network", .remotes = "2001:db8::/32"},
	{.why = "everything IPv4", .remotes = "0.0.0.0/0", .wanted = true},
	{.why = "IPv4", .family = 4, .wanted = true},
	{.why = "IPv6", .family = 6},
	{.why = "its namespace", .netns_ino = 4026531840, .wanted = true},
	{.why = "another namespace", .netns_ino = 1},
	{.why = "its process", .pid = 100, .wanted = true},
	{.why = "another process", .pid = 101},
	{.why = "its service", .service = "nginx.service", .wanted = true},
	{.why = "a pattern", .service = "ngin?.*", .wanted = true},
	{.why = "a pattern that is not the whole name", .service = "nginx"},
	{.why = "everything named", .service = "*", .wanted = true},
	{.why = "all at once", .ports = "443", .local_ports = "40001", .remotes = "10.0.0.2/32",
	 .service = "n*", .family = 4, .netns_ino = 4026531840, .pid = 100, .wanted = true},
	{.why = "all but one", .ports = "443", .local_ports = "40001", .remotes = "10.0.0.2/32",
	 .service = "n*", .family = 4, .netns_ino = 4026531840, .pid = 99},
};
/* clang-format on */

static void add_remote(struct filter *filter, const char *text)
{
	assert_int_equal(
		parse_cidr(text, &filter->kernel.remotes[filter->kernel.nr_remotes++], NULL), 0);
}

static struct filter filter_of(const struct wish *wish)
{
	struct filter filter = { .service = wish->service, .pid = wish->pid };
	struct tw_filter *kernel = &filter.kernel;

	kernel->family = wish->family;
	kernel->netns_ino = wish->netns_ino;
	if (wish->ports)
		assert_int_equal(parse_ports(wish->ports, kernel->ports, &kernel->nr_ports, NULL),
				 0);
	if (wish->local_ports)
		assert_int_equal(parse_ports(wish->local_ports, kernel->local_ports,
					     &kernel->nr_local_ports, NULL),
				 0);
	if (wish->remotes)
		add_remote(&filter, wish->remotes);
	return filter;
}

static void every_wish_decides(void **state)
{
	struct conn_view view = view_of_client();

	(void)state;
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		struct filter filter = filter_of(&wishes[i]);

		if (filter_wants(&filter, &view) != wishes[i].wanted)
			fail_msg("%s: ought to be %swanted", wishes[i].why,
				 wishes[i].wanted ? "" : "un");
		assert_int_equal(filter_is_empty(&filter), i == 0);
	}
}

static void what_is_not_known_yet_is_not_wanted_by_a_filter_on_it(void **state)
{
	struct filter by_service = { .service = "*" }, by_pid = { .pid = 100 };
	struct conn_view view = view_of_client();

	(void)state;
	view.service = NULL;
	view.pid = PID_UNKNOWN;
	assert_false(filter_wants(&by_service, &view));
	assert_false(filter_wants(&by_pid, &view));
}

static void any_holder_is_its_process(void **state)
{
	struct holder holders[2] = { { .pid = 7 }, { .pid = 8 } };
	struct conn_view view = view_of_client();
	struct filter filter = { .pid = 8 };

	(void)state;
	view.holders = holders;
	view.nr_holders = 2;
	assert_true(filter_wants(&filter, &view));
	view.nr_holders = 1;
	assert_false(filter_wants(&filter, &view));
}

static void a_listener_has_no_remote_and_the_family_of_its_own_address(void **state)
{
	struct filter ipv4 = { .kernel.family = 4 }, ipv6 = { .kernel.family = 6 }, remote = { 0 };
	struct conn_view view = view_of_client();

	(void)state;
	view.state = TW_LISTEN;
	memset(view.remote_addr, 0, 16);
	add_remote(&remote, "0.0.0.0/0");
	add_remote(&remote, "::/0");
	assert_true(filter_wants(&ipv4, &view));
	assert_false(filter_wants(&ipv6, &view));
	assert_false(filter_wants(&remote, &view));
}

static void start_with(struct fixture *f, struct filter filter)
{
	fixture_start(f, &(struct model_opts){ .filter = filter });
	feed_bare(f, TW_READY);
}

static void only_what_is_wanted_counts_and_is_told(void **state)
{
	struct fixture *f = *state;
	struct end wanted = client(1), other = client(2);

	other.tuple.remote_port = 443;
	start_with(f, filter_of(&(struct wish){ .ports = "80" }));
	feed_connected(f, &other);
	feed_close_first(f, &other, ORDERLY);
	assert_heard(f, "");
	assert_totals(f, "");
	feed_connected(f, &wanted);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>ESTABLISHED");
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
}

static void a_local_port_that_is_chosen_late_lets_syn_sent_be_told_late(void **state)
{
	struct fixture *f = *state;
	struct end wanted = client(1), other = client(2);

	start_with(f, filter_of(&(struct wish){ .local_ports = "40001" }));
	feed_connect(f, &wanted);
	feed_connect(f, &other);
	assert_heard(f, "");
	assert_totals(f, "");
	feed_full(f, &wanted, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>ESTABLISHED");
	assert_true(f->last.in_state_ns == 2000);
	feed_full(f, &other, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_heard(f, "");
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
}

static void a_failure_on_the_wanted_local_port_is_told_late_too(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	start_with(f, filter_of(&(struct wish){ .local_ports = "40001" }));
	feed_connect(f, &end);
	feed_transition(f, &end, TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING, 111, TW_TRANSITION_FULL);
	assert_heard(f, "CLOSE>SYN_SENT; SYN_SENT>CLOSE; failed ECONNREFUSED");
	assert_totals(f, "failed 1 resets 1");
}

static void feed_holder(struct fixture *f, const struct end *end, uint32_t pid, uint16_t flags)
{
	struct tw_holder record = { .cookie = end->cookie,
				    .owner = { .tgid = pid, .comm = "any" } };

	record.head = head_of(f, TW_HOLDER, sizeof(record));
	record.head.flags = flags;
	feed(f, &record, sizeof(record));
}

static void a_connection_counts_with_all_it_did_once_its_owner_is_known(void **state)
{
	struct fixture *f = *state;
	struct end child = server(1);

	start_with(f, (struct filter){ .pid = 200 });
	feed_accepted(f, &child);
	assert_totals(f, "");
	feed_holder(f, &child, 200, TW_H_ACCEPTED | TW_H_FIRST);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
	feed_holder(f, &child, 201, TW_H_FIRST);
	assert_totals(f, "");
}

/* The second of two holders is not the owner, but the filter asks for any. */
static void a_connection_is_wanted_for_any_of_its_holders(void **state)
{
	struct fixture *f = *state;
	struct end end = client(1);

	start_with(f, (struct filter){ .pid = 301 });
	feed_begin(f);
	feed_found(f, &end, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	feed_holder(f, &end, 300, TW_H_FIRST);
	feed_holder(f, &end, 301, 0);
	assert_int_equal(model_totals(f->model)->count[FIELD_ESTABLISHED], 1);
}

static void a_service_is_wanted_by_pattern(void **state)
{
	struct fixture *f = *state;
	struct end wanted = client(1), other = server(2);

	start_with(f, (struct filter){ .service = "cli*" });
	feed_connected(f, &wanted);
	feed_full(f, &other, TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING | TW_F_OWNER);
	assert_totals(f, "connections 1 opened 1 open 1 established 1");
}

static void a_dump_is_filtered_like_events(void **state)
{
	const struct audit *audits;
	struct fixture *f = *state;
	struct end wanted = client(1), other = client(2);

	other.tuple.remote_addr[15] = 9;
	start_with(f, filter_of(&(struct wish){ .remotes = "10.0.0.2" }));
	feed_begin(f);
	feed_found(f, &wanted, TW_TIME_WAIT, 1000);
	feed_found(f, &other, TW_TIME_WAIT, 1000);
	feed_end(f, 2, 0);
	assert_totals(f, "time_wait 1");
	/* the kernel's figures are of all sockets, so there is nothing to compare */
	assert_int_equal(model_audits(f->model, &audits), 1);
	assert_false(audits[0].figures[AUDIT_TIME_WAIT].known);
	assert_false(audits[0].figures[AUDIT_ESTABLISHED].known);
}

static void a_filter_by_namespace_alone_leaves_the_audit_its_sense(void **state)
{
	const struct audit *audits;
	struct fixture *f = *state;

	start_with(f, (struct filter){ .kernel.netns_ino = 4026531840 });
	feed_begin(f);
	feed_end(f, 0, 0);
	assert_int_equal(model_audits(f->model, &audits), 1);
	assert_true(audits[0].figures[AUDIT_TIME_WAIT].known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(every_wish_decides),
		fixture_test(what_is_not_known_yet_is_not_wanted_by_a_filter_on_it),
		fixture_test(any_holder_is_its_process),
		fixture_test(a_listener_has_no_remote_and_the_family_of_its_own_address),
		fixture_test(only_what_is_wanted_counts_and_is_told),
		fixture_test(a_local_port_that_is_chosen_late_lets_syn_sent_be_told_late),
		fixture_test(a_failure_on_the_wanted_local_port_is_told_late_too),
		fixture_test(a_connection_counts_with_all_it_did_once_its_owner_is_known),
		fixture_test(a_connection_is_wanted_for_any_of_its_holders),
		fixture_test(a_service_is_wanted_by_pattern),
		fixture_test(a_dump_is_filtered_like_events),
		fixture_test(a_filter_by_namespace_alone_leaves_the_audit_its_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
