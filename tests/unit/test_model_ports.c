// SPDX-License-Identifier: GPL-2.0-or-later
/* Budgets of ephemeral ports: what there is, who has it, until when. */
#include "model_fixture.h"
#include <errno.h>
#include <math.h>

#include "model/forecast.h"
#include "model_sums.h"
#include "model/port_settings.h"
#include "model/port_space.h"
#include "model/ports.h"

#define LOW 40000U

static struct fixture *budgeting(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, &(struct model_opts){ .ports = true });
	return f;
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

/* From LOW on, so many; further files. */
static void feed_range(struct fixture *f, unsigned int ports, const char *more)
{
	char text[256];

	snprintf(text, sizeof(text), "@proc/sys/net/ipv4/ip_local_port_range\n%u\t%u\n%s", LOW,
		 LOW + ports - 1, more);
	feed_facts(f, text);
	feed_bare(f, TW_READY);
}

#define NO_REUSE "@proc/sys/net/ipv4/tcp_tw_reuse\n0\n"

/* A connection from a port of the range; the ports come one after the other. */
static struct end out(uint64_t number, uint16_t remote_port)
{
	return end_of(1000 + number, LOW + number, remote_port, 100, "client");
}

static void feed_churn(struct fixture *f, const struct end *end)
{
	feed_connected(f, end);
	feed_close_first(f, end, ORDERLY);
}

static const struct budget *budget_of(const struct fixture *f, size_t count, size_t at)
{
	const struct budget *budgets;

	assert_int_equal(model_budgets(f->model, &budgets), count);
	return &budgets[at];
}

static void a_destination_has_a_budget_of_its_own(void **state)
{
	struct fixture *f = budgeting(state);
	struct end one = out(0, 80), two = out(1, 80), other = out(2, 443), far = out(3, 80);
	const struct budget *budget;

	far.tuple.remote_addr[15] = 99;
	feed_range(f, 64, NO_REUSE);
	feed_connected(f, &one);
	feed_churn(f, &two);
	feed_connected(f, &other);
	feed_connected(f, &far);
	budget = budget_of(f, 3, 0);
	assert_int_equal(budget->remote_port, 80);
	assert_int_equal(budget->used, 2);
	assert_int_equal(budget->established, 1);
	assert_int_equal(budget->time_wait, 1);
	assert_int_equal(budget->opened, 2);
	assert_int_equal(budget->capacity, 64);
	assert_int_equal(budget->level, BUDGET_FINE);
	assert_string_equal(budget->service, "client");
	assert_int_equal(budget->service_used, 2);
	assert_int_equal(budget->pid, 100);
	assert_int_equal(budget_of(f, 3, 1)->used, 1);
}

static void each_state_counts_where_it_belongs(void **state)
{
	struct fixture *f = budgeting(state);
	struct end ends[5];
	const struct budget *budget;

	feed_range(f, 64, NO_REUSE);
	for (unsigned int i = 0; i < 5; i++)
		ends[i] = out(i, 80);
	feed_connect(f, &ends[0]);
	feed_connected(f, &ends[1]);
	feed_connected(f, &ends[2]);
	feed_brief(f, &ends[2], TW_ESTABLISHED, TW_CLOSE_WAIT, 0);
	feed_connected(f, &ends[3]);
	feed_close_first(f, &ends[3], TW_F_ORPHAN | TW_F_ALL_ACKED);
	feed_churn(f, &ends[4]);
	pass(f, 1 * MS);
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->established, 1);
	assert_int_equal(budget->other, 2);
	assert_int_equal(budget->fin_wait2, 1);
	assert_int_equal(budget->time_wait, 1);
	assert_int_equal(budget->used, 5);
	/* a reset leaves nothing behind */
	feed_transition(f, &ends[1], TW_ESTABLISHED, TW_CLOSE, 0, ECONNRESET, TW_TRANSITION_SHORT);
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->used, 4);
	assert_int_equal(budget->peak, 5);
}

static void incoming_connections_have_no_budget(void **state)
{
	struct fixture *f = budgeting(state);
	const struct budget *budgets;
	struct end end = server(1);

	feed_range(f, 64, "");
	feed_accepted(f, &end);
	assert_int_equal(model_budgets(f->model, &budgets), 0);
	assert_null(budgets);
}

static void what_was_there_at_the_start_is_used_but_was_not_opened(void **state)
{
	struct fixture *f = budgeting(state);
	struct end one = end_of(1, 40001, 80, 0, ""), two = end_of(2, 40002, 80, 0, "");
	const struct budget *budget;

	feed_begin(f);
	feed_found(f, &one, TW_ESTABLISHED, FULL);
	feed_found(f, &two, TW_TIME_WAIT, 30000);
	feed_end(f, 1, 0);
	feed_bare(f, TW_READY);
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->used, 2);
	assert_int_equal(budget->opened, 0);
	/* the dump's own range */
	assert_int_equal(budget->capacity, 28232);
	assert_true(isnan(budget->per_s));
	assert_null(budget->service);
}

/* As of a damaged recording: it is no reason to forget what is known. */
static void a_range_that_ends_before_it_begins_is_none(void **state)
{
	struct port_settings_list list = { 0 };
	const struct port_settings *settings;

	(void)state;
	assert_int_equal(port_settings_range(&list, NETNS, 0, 60999, 32768), 0);
	settings = port_settings_of(&list, NETNS, 0);
	assert_int_equal(settings->low, 0);
	assert_int_equal(settings->high, 0);
	assert_int_equal(port_settings_range(&list, NETNS, 0, 32768, 60999), 0);
	assert_int_equal(port_settings_range(&list, NETNS, 0, 60999, 32768), 0);
	settings = port_settings_of(&list, NETNS, 0);
	assert_int_equal(settings->low, 32768);
	assert_int_equal(settings->high, 60999);
	port_settings_release(&list);
}

/* Containers come and go, each with a namespace of its own; the host is told of again and again. */
static void settings_of_namespaces_that_are_gone_give_way(void **state)
{
	static const char facts[] = "@proc/sys/net/ipv4/ip_local_reserved_ports\n80\n";
	struct port_settings_list list = { 0 };

	(void)state;
	for (uint64_t netns = 1; netns < 5 * PORT_SETTINGS_MOST; netns++) {
		assert_int_equal(port_settings_learn(&list, NETNS, 0, facts), 0);
		assert_int_equal(port_settings_range(&list, netns << 32, 0, 1024, 2048), 0);
	}
	assert_int_equal(list.count, PORT_SETTINGS_MOST);
	assert_int_equal(list.by_netns.count, PORT_SETTINGS_MOST);
	assert_non_null(port_settings_of(&list, NETNS, 0)->reserved);
	assert_null(port_settings_of(&list, NETNS, 1));
	assert_null(port_settings_of(&list, 1ULL << 32, 0));
	assert_int_equal(port_settings_of(&list, (5 * PORT_SETTINGS_MOST - 1ULL) << 32, 0)->high,
			 2048);
	port_settings_release(&list);
}

static void whether_ports_are_reserved_is_known_where_the_file_was_read(void **state)
{
	struct fixture *f = budgeting(state);
	struct end end = out(0, 80);

	feed_range(f, 64, NO_REUSE);
	feed_connected(f, &end);
	assert_false(budget_of(f, 1, 0)->reserved_known);
	feed_facts(f, "@proc/sys/net/ipv4/ip_local_reserved_ports\n\n");
	assert_true(budget_of(f, 1, 0)->reserved_known);
	assert_int_equal(budget_of(f, 1, 0)->reserved, 0);
}

static void without_a_range_nothing_is_known_of_the_end(void **state)
{
	struct fixture *f = budgeting(state);
	struct end end = out(0, 80);
	const struct budget *budget;

	feed_bare(f, TW_READY);
	feed_connected(f, &end);
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->used, 1);
	assert_int_equal(budget->low, 0);
	assert_int_equal(budget->level, BUDGET_FINE);
	assert_true(isnan(budget->sustainable_per_s));
	assert_true(budget->end_ns == TIME_UNKNOWN && budget->half_ns == TIME_UNKNOWN);
}

static void reserved_ports_and_those_of_listeners_are_not_there_to_choose(void **state)
{
	struct fixture *f = budgeting(state);
	struct end end = out(0, 80), listener = end_of(1, LOW + 10, 0, 200, "server");
	struct end child = end_of(2, LOW + 11, 50000, 200, "server");
	const struct budget *budget;

	listener.tuple.remote_port = 0;
	feed_range(f, 64,
		   "@proc/sys/net/ipv4/ip_local_reserved_ports\n80,40020-40023,40010,50000\n");
	feed_connected(f, &end);
	feed_full(f, &listener, TW_CLOSE, TW_LISTEN, TW_F_OWNER);
	feed_accepted(f, &child);
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->reserved, 5);
	/* the listener's port is reserved already; its child's is not */
	assert_int_equal(budget->blocked, 1);
	assert_false(budget->blocked_by_bind);
	assert_int_equal(budget->capacity, 58);
}

/* kernel: bind() before connect() takes the port for all destinations, its TIME_WAIT too */
static void an_explicit_bind_blocks_its_port_for_other_destinations(void **state)
{
	struct fixture *f = budgeting(state);
	struct end bound = out(0, 80), other = out(1, 443);
	const struct budget *budget;

	feed_range(f, 64, NO_REUSE);
	feed_full(f, &bound, TW_CLOSE, TW_SYN_SENT, TW_F_OUTGOING | TW_F_OWNER);
	feed_full(f, &bound, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	feed_close_first(f, &bound, ORDERLY);
	feed_connected(f, &other);
	for (size_t i = 0; i < 2; i++) {
		budget = budget_of(f, 2, i);
		assert_int_equal(budget->used, 1);
		/* towards its own destination it is used */
		assert_int_equal(budget->blocked, budget->remote_port == 443);
		assert_int_equal(budget->blocked_by_bind, budget->remote_port == 443);
		assert_int_equal(budget->bound, budget->remote_port == 80);
		assert_int_equal(budget->capacity, budget->remote_port == 443 ? 63 : 64);
	}
}

static void feed_found_by_holder(struct fixture *f, const struct end *end, uint16_t flags)
{
	struct tw_holder record = { .cookie = end->cookie, .owner = end->owner, .fd_count = 1 };

	record.head = head_of(f, TW_HOLDER, sizeof(record));
	record.head.flags = flags | TW_H_FIRST;
	feed(f, &record, sizeof(record));
}

/* Of those from before the start a look-up of holders says who chose the port. */
static void what_was_bound_before_the_start_blocks_too(void **state)
{
	struct fixture *f = budgeting(state);
	struct end own = out(0, 80), any = out(1, 80), number = out(2, 80), later = out(3, 80);
	struct end other = out(4, 443);

	feed_begin(f);
	feed_found(f, &own, TW_ESTABLISHED, FULL);
	feed_found(f, &any, TW_ESTABLISHED, FULL);
	feed_found(f, &number, TW_ESTABLISHED, FULL);
	feed_end(f, 0, 0);
	feed_range(f, 64, NO_REUSE);
	feed_found_by_holder(f, &own, TW_H_AUTOBOUND);
	/* bind() to port 0 is told by its bucket alone */
	feed_found_by_holder(f, &any, 0);
	feed_found_by_holder(f, &number, TW_H_BOUND);
	/* one that has no port yet has no bucket */
	feed_connect(f, &later);
	feed_found_by_holder(f, &later, 0);
	feed_full(f, &later, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	feed_connected(f, &other);
	assert_int_equal(budget_of(f, 2, 1)->remote_port, 443);
	assert_int_equal(budget_of(f, 2, 1)->blocked, 2);
	assert_int_equal(budget_of(f, 2, 0)->blocked, 0);
}

/* connect() of a socket with IP_LOCAL_PORT_RANGE. */
static void feed_ranged_connect(struct fixture *f, const struct end *end, uint16_t low,
				uint16_t high)
{
	struct tw_transition record = { .cookie = end->cookie,
					.owner = end->owner,
					.tuple = end->tuple,
					.own_range = (uint32_t)high << 16 | low };

	record.tuple.local_port = 0;
	record.head = head_of(f, TW_TRANSITION, sizeof(record));
	record.head.from = TW_CLOSE;
	record.head.to = TW_SYN_SENT;
	record.head.flags = TW_F_OUTGOING | TW_F_OWNER;
	feed(f, &record, sizeof(record));
}

static void a_range_of_the_sockets_own_is_a_budget_of_its_own(void **state)
{
	struct fixture *f = budgeting(state);
	struct end end = out(12, 80), plain = out(40, 80), within = out(15, 80);
	const struct budget *own, *rest;

	feed_range(f, 64, NO_REUSE);
	feed_ranged_connect(f, &end, LOW + 10, LOW + 19);
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	own = budget_of(f, 1, 0);
	assert_int_equal(own->capacity, 10);
	assert_int_equal(own->low, LOW + 10);
	assert_true(own->own_range);
	/* those without it have all of them, but for what this one has taken */
	feed_connected(f, &plain);
	own = budget_of(f, 2, 0);
	rest = budget_of(f, 2, 1);
	assert_true(own->own_range && !rest->own_range);
	assert_int_equal(own->used, 1);
	assert_int_equal(rest->capacity, 64);
	assert_int_equal(rest->used, 2);
	assert_int_equal(rest->opened, 1);
	/* and the other way round */
	feed_connected(f, &within);
	assert_int_equal(budget_of(f, 2, 0)->used, 2);
	assert_int_equal(budget_of(f, 2, 1)->used, 3);
}

static void an_own_range_that_is_spent_is_not_hidden_by_plain_sockets(void **state)
{
	struct fixture *f = budgeting(state);
	struct end plain = out(40, 80), failing = out(30, 80);
	const struct budget *own;

	feed_range(f, 64, NO_REUSE);
	feed_connected(f, &plain);
	for (unsigned int i = 0; i < 8; i++) {
		struct end end = out(i, 80);

		feed_ranged_connect(f, &end, LOW, LOW + 7);
		feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	}
	feed_ranged_connect(f, &failing, LOW, LOW + 7);
	feed_brief(f, &failing, TW_SYN_SENT, TW_CLOSE, TW_F_UNSENT);
	own = budget_of(f, 2, 0);
	assert_true(own->own_range);
	assert_int_equal(own->capacity, 8);
	assert_int_equal(own->used, 8);
	assert_int_equal(own->failures, 1);
	assert_int_equal(own->level, BUDGET_EXHAUSTED);
	assert_int_equal(budget_of(f, 2, 1)->failures, 0);
	assert_int_equal(budget_of(f, 2, 1)->level, BUDGET_FINE);
}

/* __inet_hash_connect(): "remaining &= ~1U"; an own range is gone through by ones (6.8). */
static void the_last_port_of_an_odd_range_is_not_there_to_choose(void **state)
{
	struct fixture *f = budgeting(state);
	struct end one = out(0, 80), two = out(1, 80), own = out(2, 443);

	feed_range(f, 3, NO_REUSE);
	feed_connected(f, &one);
	feed_connected(f, &two);
	assert_int_equal(budget_of(f, 1, 0)->high, LOW + 2);
	assert_int_equal(budget_of(f, 1, 0)->capacity, 2);
	assert_int_equal(budget_of(f, 1, 0)->level, BUDGET_EXHAUSTED);
	feed_ranged_connect(f, &own, LOW, LOW + 2);
	feed_full(f, &own, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	assert_int_equal(budget_of(f, 2, 1)->capacity, 3);
	assert_int_equal(budget_of(f, 2, 1)->used, 1);
	/* a single port is chosen */
	assert_int_equal(port_range_count(LOW, LOW, PORT_STEP), 1);
}

static void a_connect_without_a_port_is_a_failure_of_its_budget(void **state)
{
	struct fixture *f = budgeting(state);
	struct end end = out(0, 80), failing = out(1, 80);
	const struct failure *failures;
	const struct budget *budget;

	feed_range(f, 64, NO_REUSE);
	feed_connected(f, &end);
	for (unsigned int i = 0; i < 3; i++) {
		failing.cookie++;
		feed_connect(f, &failing);
		f->now_ns += 2 * MS;
		feed_brief(f, &failing, TW_SYN_SENT, TW_CLOSE, TW_F_UNSENT);
	}
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->failures, 3);
	assert_int_equal(budget->opened, 4);
	assert_int_equal(budget->used, 1);
	assert_int_equal(budget->level, BUDGET_EXHAUSTED);
	assert_int_equal(budget->search.count, 3);
	assert_int_equal(model_failures(f->model, &failures), 1);
	assert_int_equal(failures->count, 3);
	assert_int_equal(failures->error, EADDRNOTAVAIL);
	assert_int_equal(failures->pid, 100);
	assert_string_equal(failures->service, "client");
	assert_int_equal(failures->remote_port, 80);
	assert_int_equal(failures->local_port, 0);
	assert_true(failures->took_max_ns >= 2 * MS && failures->took_max_ns < 3 * MS);
	assert_int_equal(failures->last_ns, f->now_ns);
}

#define HOUR (3600 * SECOND)
#define ALL_PORTS 64

static void open_all(struct fixture *f)
{
	for (unsigned int i = 0; i < ALL_PORTS; i++) {
		struct end end = out(i, 80);

		feed_connected(f, &end);
	}
}

static void reset_all(struct fixture *f)
{
	for (unsigned int i = 0; i < ALL_PORTS; i++) {
		struct end end = out(i, 80);

		feed_transition(f, &end, TW_ESTABLISHED, TW_CLOSE, 0, ECONNRESET,
				TW_TRANSITION_SHORT);
	}
	pass(f, SECOND);
}

static void that_all_ports_were_used_is_said_for_an_hour_or_two(void **state)
{
	struct fixture *f = budgeting(state);

	f->unchecked = true;
	feed_range(f, ALL_PORTS, NO_REUSE);
	open_all(f);
	reset_all(f);
	assert_int_equal(budget_of(f, 1, 0)->level, BUDGET_EXHAUSTED);
	pass(f, HOUR);
	assert_int_equal(budget_of(f, 1, 0)->level, BUDGET_EXHAUSTED);
	pass(f, HOUR);
	assert_int_equal(budget_of(f, 1, 0)->level, BUDGET_FINE);
	assert_int_equal(budget_of(f, 1, 0)->peak, ALL_PORTS);
	/* it lasts for as long as they are used, and some time after that */
	open_all(f);
	pass(f, 5 * HOUR);
	assert_int_equal(budget_of(f, 1, 0)->level, BUDGET_EXHAUSTED);
	pass(f, 5 * HOUR);
	reset_all(f);
	assert_int_equal(budget_of(f, 1, 0)->used, 0);
	assert_int_equal(budget_of(f, 1, 0)->level, BUDGET_EXHAUSTED);
	pass(f, 5 * HOUR);
	assert_int_equal(budget_of(f, 1, 0)->level, BUDGET_FINE);
}

static void that_a_connect_found_no_port_is_said_for_an_hour_or_two(void **state)
{
	struct fixture *f = budgeting(state);
	struct end failing = out(1, 80);

	feed_range(f, ALL_PORTS, NO_REUSE);
	feed_connect(f, &failing);
	feed_brief(f, &failing, TW_SYN_SENT, TW_CLOSE, TW_F_UNSENT);
	pass(f, HOUR);
	assert_int_equal(budget_of(f, 1, 0)->level, BUDGET_EXHAUSTED);
	pass(f, HOUR);
	assert_int_equal(budget_of(f, 1, 0)->level, BUDGET_FINE);
	assert_int_equal(budget_of(f, 1, 0)->failures, 1);
}

static void the_search_for_a_port_is_measured_where_the_kernel_tells(void **state)
{
	struct fixture *f = budgeting(state);
	struct end end = out(0, 80);
	struct tw_transition record = { .cookie = end.cookie, .tuple = end.tuple };

	feed_range(f, 64, NO_REUSE);
	feed_connect(f, &end);
	record.syn_ns = f->now_ns + 7 * MS;
	f->now_ns += 20 * MS;
	record.head = head_of(f, TW_TRANSITION, sizeof(record));
	record.head.from = TW_SYN_SENT;
	record.head.to = TW_ESTABLISHED;
	record.head.flags = TW_F_OUTGOING;
	feed(f, &record, sizeof(record));
	assert_int_equal(budget_of(f, 1, 0)->search.count, 1);
	assert_int_equal(budget_of(f, 1, 0)->search.max_ns, 7 * MS);
	/* 0: unknown */
	end = out(1, 80);
	feed_connected(f, &end);
	assert_int_equal(budget_of(f, 1, 0)->search.count, 1);
	assert_int_equal(budget_of(f, 1, 0)->search_late.count, 1);
}

static void feed_searched(struct fixture *f, unsigned int number, uint64_t took_ns)
{
	struct end end = out(number, 80);
	struct tw_transition record = { .cookie = end.cookie, .tuple = end.tuple };

	feed_connect(f, &end);
	record.syn_ns = f->now_ns + took_ns;
	f->now_ns += took_ns + MS;
	record.head = head_of(f, TW_TRANSITION, sizeof(record));
	record.head.from = TW_SYN_SENT;
	record.head.to = TW_ESTABLISHED;
	record.head.flags = TW_F_OUTGOING;
	feed(f, &record, sizeof(record));
}

/* The median of all time says nothing of a search that has just become slow. */
static void what_a_search_took_long_ago_is_not_of_late(void **state)
{
	struct fixture *f = budgeting(state);
	const struct budget *budget;

	feed_range(f, 64, NO_REUSE);
	/* a span begins */
	f->now_ns += 10 * SECOND - f->now_ns % (10 * SECOND);
	for (unsigned int i = 0; i < 5; i++)
		feed_searched(f, i, 10000);
	f->now_ns += 12 * SECOND;
	for (unsigned int i = 5; i < 8; i++)
		feed_searched(f, i, 5 * MS);
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->search.count, 8);
	assert_int_equal(budget->search_late.count, 8);
	pass(f, 8 * SECOND);
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->search.count, 8);
	assert_int_equal(budget->search_late.count, 3);
	assert_true(histogram_quantile(&budget->search, 500) < MS);
	assert_true(histogram_quantile(&budget->search_late, 500) > 4 * MS);
	pass(f, 25 * SECOND);
	assert_int_equal(budget_of(f, 1, 0)->search_late.count, 0);
}

/* The source address is not told: it is the budget's where there is one towards there. */
static void what_is_told_in_sum_counts_where_there_is_one_budget(void **state)
{
	struct fixture *f = budgeting(state);
	struct end end = out(0, 80), sum = out(1, 80), second = out(2, 80);

	f->window = true;
	feed_range(f, 64, NO_REUSE);
	feed_connected(f, &end);
	memset(sum.tuple.local_addr, 0, 16);
	sum.tuple.local_port = 0;
	sum.cookie = 0;
	feed_sum(f, &sum, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, 5);
	feed_sum(f, &sum, TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING | TW_F_UNSENT, 3);
	assert_int_equal(budget_of(f, 1, 0)->opened, 9);
	assert_int_equal(budget_of(f, 1, 0)->failures, 3);
	/* of two, whose it was is not known */
	second.tuple.local_addr[15] = 77;
	feed_connected(f, &second);
	feed_sum(f, &sum, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, 5);
	assert_int_equal(budget_of(f, 2, 0)->opened + budget_of(f, 2, 1)->opened, 10);
}

/* Every @every_ns one that closes first at once, @count times. */
static void churn(struct fixture *f, unsigned int *number, unsigned int count, uint64_t every_ns)
{
	uint64_t next_ns = f->now_ns;

	for (unsigned int i = 0; i < count; i++) {
		struct end end = out((*number)++, 80);

		feed_churn(f, &end);
		next_ns += every_ns;
		f->now_ns = next_ns;
		feed_bare(f, TW_TICK);
	}
}

static void assert_near_s(uint64_t ns, double seconds, double tolerance)
{
	if (ns == TIME_UNKNOWN || fabs(ns / 1e9 - seconds) > tolerance)
		fail_msg("%f s, not %f s", ns == TIME_UNKNOWN ? INFINITY : ns / 1e9, seconds);
}

static void a_steady_rate_runs_out_when_it_is_said_to(void **state)
{
	struct fixture *f = budgeting(state);
	const struct budget *budget;
	unsigned int number = 0;

	f->unchecked = true;
	feed_range(f, 64, NO_REUSE);
	/* 5 a second: half after 6.4 s, none left after 12.8 s */
	churn(f, &number, 10, 200 * MS);
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->level, BUDGET_NEARING);
	assert_near_s(budget->half_ns, 4.4, 0.5);
	assert_near_s(budget->end_ns, 10.8, 1.08);
	assert_true(fabs(budget->per_s - 5) < 0.3);
	/* 64 ports for 61.25 s each */
	assert_true(fabs(budget->sustainable_per_s - 1.045) < 0.01);
	assert_false(budget->hold_measured);
	churn(f, &number, 22, 200 * MS);
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->level, BUDGET_HALF);
	assert_int_equal(budget->half_ns, 0);
	assert_near_s(budget->end_ns, 6.4, 0.64);
	churn(f, &number, 32, 200 * MS);
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->used, 64);
	assert_int_equal(budget->level, BUDGET_EXHAUSTED);
	assert_int_equal(budget->end_ns, 0);
}

static void a_rate_that_ports_come_back_for_never_runs_out(void **state)
{
	struct fixture *f = budgeting(state);
	const struct budget *budget;
	unsigned int number = 0;

	f->unchecked = true;
	feed_range(f, 200, NO_REUSE);
	/* 2 a second for 61 s: 122 of 200 */
	churn(f, &number, 20, 500 * MS);
	budget = budget_of(f, 1, 0);
	assert_true(budget->end_ns == TIME_UNKNOWN);
	assert_near_s(budget->half_ns, 40, 4);
	assert_true(budget->sustainable_per_s > budget->per_s);
}

static void minisocks_that_are_taken_over_do_not_run_out(void **state)
{
	struct fixture *f = budgeting(state);
	const struct budget *budget;
	unsigned int number = 0;

	f->unchecked = true;
	feed_range(f, 64, "@proc/sys/net/ipv4/tcp_tw_reuse\n1\n");
	churn(f, &number, 20, 200 * MS);
	budget = budget_of(f, 1, 0);
	assert_true(budget->reusable);
	assert_true(budget->end_ns == TIME_UNKNOWN);
	assert_true(budget->sustainable_per_s > 50);
}

/* Nor what waits for the peer's FIN, which may never come (tcp_twsk_unique()). */
static void with_reuse_minisocks_in_fin_wait2_hold_their_ports(void **state)
{
	struct fixture *f = budgeting(state);
	const struct budget *budget;
	uint64_t next_ns;

	feed_range(f, 64, "@proc/sys/net/ipv4/tcp_tw_reuse\n1\n");
	next_ns = f->now_ns;
	for (unsigned int i = 0; i < 20; i++) {
		struct end end = out(i, 80);

		feed_connected(f, &end);
		feed_close_first(f, &end, TW_F_ORPHAN | TW_F_ALL_ACKED);
		next_ns += 200 * MS;
		f->now_ns = next_ns;
		feed_bare(f, TW_TICK);
	}
	budget = budget_of(f, 1, 0);
	assert_true(budget->reusable);
	assert_int_equal(budget->fin_wait2, 20);
	/* as if none could be taken over: 44 ports at 5 a second, and 64 for 61.25 s each */
	assert_near_s(budget->end_ns, 8.8, 0.9);
	assert_true(fabs(budget->sustainable_per_s - 1.045) < 0.01);
}

/* What is taken over is gone: of those that are there it would be less and less. */
static void the_share_that_is_taken_over_is_not_of_what_is_there_alone(void **state)
{
	struct fixture *f = budgeting(state);
	struct end left = out(63, 80);

	feed_tier(f, TW_BY_FENTRY);
	feed_range(f, 64, "@proc/sys/net/ipv4/tcp_tw_reuse\n1\n");
	for (unsigned int i = 0; i < 9; i++) {
		struct end end = out(i, 80);

		feed_connected(f, &end);
		feed_born(f, &end, TW_TIME_WAIT);
		feed_close_first(f, &end, ORDERLY);
		feed_ended(f, &end, TW_TIME_WAIT, TW_END_REUSED);
	}
	feed_connected(f, &left);
	feed_born(f, &left, TW_FIN_WAIT2);
	feed_close_first(f, &left, TW_F_ORPHAN | TW_F_ALL_ACKED);
	/* a tenth for 61.25 s, the others for one */
	assert_int_equal(budget_of(f, 1, 0)->used, 1);
	assert_true(fabs(budget_of(f, 1, 0)->sustainable_per_s - 64 / 7.025) < 0.1);
}

/* What is open can't be taken over: tcp_tw_reuse is no help then. */
static void with_reuse_the_end_is_when_none_but_open_ones_are_there(void **state)
{
	struct fixture *f = budgeting(state);

	feed_range(f, 16, "@proc/sys/net/ipv4/tcp_tw_reuse\n1\n");
	for (unsigned int i = 0; i < 16; i++) {
		struct end end = out(i, 80);

		feed_connected(f, &end);
		if (i == 15)
			assert_int_equal(budget_of(f, 1, 0)->level, BUDGET_EXHAUSTED);
	}
	for (unsigned int i = 0; i < 16; i++) {
		struct end end = out(i, 80);

		feed_close_first(f, &end, ORDERLY);
		assert_int_equal(budget_of(f, 1, 0)->level, BUDGET_HALF);
	}
	assert_int_equal(budget_of(f, 1, 0)->time_wait, 16);
}

/* A second after its birth (tcp_tw_reuse_delay), not after the minute of TIME_WAIT. */
static void a_minisock_that_may_be_taken_over_comes_back_after_a_second(void **state)
{
	struct fixture *f = budgeting(state);
	unsigned int number = 0;

	f->unchecked = true;
	feed_range(f, 64, "@proc/sys/net/ipv4/tcp_tw_reuse\n1\n");
	/* of 30 most come back within a second, and new ones are 5 at a time */
	churn(f, &number, 30, 200 * MS);
	assert_true(budget_of(f, 1, 0)->half_ns == TIME_UNKNOWN);
}

static void a_connect_that_looks_for_its_port_has_none_where_all_are_taken(void **state)
{
	struct fixture *f = budgeting(state);
	struct end late = out(8, 80);

	feed_range(f, 8, NO_REUSE);
	for (unsigned int i = 0; i < 8; i++) {
		struct end end = out(i, 80);

		feed_connected(f, &end);
	}
	feed_connect(f, &late);
	assert_int_equal(budget_of(f, 1, 0)->used, 8);
	assert_int_equal(budget_of(f, 1, 0)->other, 0);
	assert_int_equal(budget_of(f, 1, 0)->peak, 8);
}

/* A refused connect holds its port for as long as it is under way. */
static void connects_that_are_refused_use_no_ports_up(void **state)
{
	struct fixture *f = budgeting(state);
	const struct budget *budget;

	f->unchecked = true;
	feed_range(f, 64, NO_REUSE);
	for (unsigned int i = 0; i < 20; i++) {
		struct end end = out(i, 80);
		uint64_t next_ns = f->now_ns + 500 * MS;

		feed_connect(f, &end);
		/* its port is told with its end */
		feed_transition(f, &end, TW_SYN_SENT, TW_CLOSE, TW_F_OUTGOING, ECONNREFUSED,
				TW_TRANSITION_FULL);
		f->now_ns = next_ns;
		feed_bare(f, TW_TICK);
	}
	budget = budget_of(f, 1, 0);
	assert_int_equal(budget->used, 0);
	assert_true(fabs(budget->per_s - 2) < 0.2);
	assert_true(budget->half_ns == TIME_UNKNOWN);
	assert_true(budget->end_ns == TIME_UNKNOWN);
}

/* tcp_tw_reuse=2: over loopback only (tcp_twsk_unique()) */
static void loopback_alone_is_taken_over_by_default(void **state)
{
	struct fixture *f = budgeting(state);
	struct end end = out(0, 80), near = out(1, 80);
	const struct budget *budget;

	feed_range(f, 64, "@proc/sys/net/ipv4/tcp_tw_reuse\n2\n");
	near.tuple.remote_addr[12] = near.tuple.local_addr[12] = 127;
	feed_connected(f, &end);
	feed_connected(f, &near);
	for (size_t i = 0; i < 2; i++) {
		budget = budget_of(f, 2, i);
		assert_int_equal(budget->reusable, budget->local_addr[12] == 127);
	}
}

static void how_long_ports_are_held_is_measured_where_ends_are_told(void **state)
{
	struct fixture *f = budgeting(state);
	struct end end = out(0, 80);
	const struct budget *budget;

	feed_tier(f, TW_BY_FENTRY);
	feed_range(f, 64, NO_REUSE);
	feed_connect(f, &end);
	feed_full(f, &end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING);
	f->now_ns += 4 * SECOND;
	feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	feed_born(f, &end, TW_TIME_WAIT);
	feed_brief(f, &end, TW_FIN_WAIT2, TW_CLOSE, ORDERLY);
	f->now_ns += 62 * SECOND;
	feed_ended(f, &end, TW_TIME_WAIT, TW_END_EXPIRED);
	budget = budget_of(f, 1, 0);
	assert_true(budget->hold_measured);
	assert_near_s(budget->hold_ns, 66, 0.01);
	assert_int_equal(budget->used, 0);
	assert_int_equal(budget->peak, 1);
}

static void budgets_are_bounded_and_what_is_spent_makes_room(void **state)
{
	struct fixture *f = budgeting(state);
	const struct budget *budgets;

	f->unchecked = true;
	feed_range(f, 64, NO_REUSE);
	for (uint32_t i = 0; i < 20100; i++) {
		struct end end = out(i, 80);

		end.tuple.local_port = LOW;
		memcpy(end.tuple.remote_addr + 8, &i, sizeof(i));
		feed_connected(f, &end);
		/* a hundred come back at once */
		if (i < 100)
			feed_transition(f, &end, TW_ESTABLISHED, TW_CLOSE, 0, ECONNRESET,
					TW_TRANSITION_SHORT);
	}
	assert_int_equal(model_budgets(f->model, &budgets), 20000);
	assert_int_equal(model_budgets_left_out(f->model), 0);
	for (uint32_t i = 20100; i < 20110; i++) {
		struct end end = out(i, 80);

		memcpy(end.tuple.remote_addr + 8, &i, sizeof(i));
		feed_connected(f, &end);
	}
	assert_int_equal(model_budgets_left_out(f->model), 10);
}

/* A port is counted once, whatever came in between. */
static void a_port_that_changes_hands_counts_once(void **state)
{
	struct fixture *f = budgeting(state);
	struct end first = out(0, 80), second = out(0, 80);

	second.cookie++;
	feed_range(f, 64, NO_REUSE);
	feed_churn(f, &first);
	feed_connected(f, &second);
	assert_int_equal(budget_of(f, 1, 0)->used, 1);
	assert_int_equal(budget_of(f, 1, 0)->peak, 1);
	/* connected again, the same socket has another port */
	feed_close_first(f, &second, ORDERLY);
	second.tuple.local_port++;
	feed_connected(f, &second);
	assert_int_equal(budget_of(f, 1, 0)->used, 2);
	assert_int_equal(budget_of(f, 1, 0)->time_wait, 1);
}

static void forecasts_are_exact_where_the_answer_is_known(void **state)
{
	static const struct {
		const char *why;
		struct forecast forecast;
		double limit, seconds;
	} cases[] = {
		{ "reached", { .per_s = 1, .used = 10 }, 10, 0 },
		{ "no rate yet", { .per_s = NAN, .used = 1 }, 10, NAN },
		{ "nothing closes", { .per_s = 2, .used = 4, .lifetime_s = NAN }, 64, 30 },
		{ "nothing closes, for long", { .per_s = 0.1, .lifetime_s = NAN }, 64, 640 },
		{ "nobody connects", { .per_s = 0, .lifetime_s = NAN }, 64, INFINITY },
		{ "minisocks", { .per_s = 5, .stay = 1, .minisock_s = 61 }, 64, 12.8 },
		{ "just not", { .per_s = 1, .stay = 1, .minisock_s = 61 }, 64, INFINITY },
		{ "the peer closes first", { .per_s = 50, .lifetime_s = 1 }, 64, INFINITY },
		{ "open for no time", { .per_s = 1, .used = 4, .stay = 1, .minisock_s = 60 }, 5, 1 },
		{ "half stay", { .per_s = 10, .stay = 0.5, .minisock_s = 60 }, 100, 20 },
		{ "some minisocks last",
		  { .per_s = 10, .stay = 1, .minisock_s = 1, .slow = 0.1, .slow_s = 60 },
		  64,
		  55 },
		{ "what is there comes back before",
		  { .per_s = 1, .used = 10, .stay = 1, .minisock_s = 60, .ends = { [4] = 10 } },
		  20,
		  20 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double is = forecast_reach(&cases[i].forecast, cases[i].limit);
		double ought = cases[i].seconds;

		if (isnan(ought) ? !isnan(is) : isinf(ought) ? !isinf(is) : fabs(is - ought) > 0.1)
			fail_msg("%s: %f s, not %f s", cases[i].why, is, ought);
	}
}

static void reserved_ports_are_read_as_the_kernel_writes_them(void **state)
{
	static const struct {
		const char *text;
		uint32_t count, within;
	} cases[] = {
		{ "\n", 0, 0 },
		{ "40000\n", 1, 1 },
		{ "1-65535\n", 65535, 64 },
		{ "39999-40000,40063-40064,7\n", 5, 2 },
		{ "40010-\n", 1, 1 },
		{ "70000,x,40001\n", 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct port_set set = { { 0 } };

		port_set_parse(&set, cases[i].text, strlen(cases[i].text));
		assert_int_equal(port_set_count(&set, NULL, 0, 65535), cases[i].count);
		assert_int_equal(port_set_count(&set, NULL, LOW, LOW + 63), cases[i].within);
		assert_int_equal(port_set_count(&set, &set, 0, 65535), 0);
	}
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_of_namespaces_that_are_gone_give_way),
		test(a_destination_has_a_budget_of_its_own),
		test(each_state_counts_where_it_belongs),
		test(incoming_connections_have_no_budget),
		test(what_was_there_at_the_start_is_used_but_was_not_opened),
		test(a_range_that_ends_before_it_begins_is_none),
		test(whether_ports_are_reserved_is_known_where_the_file_was_read),
		test(without_a_range_nothing_is_known_of_the_end),
		test(reserved_ports_and_those_of_listeners_are_not_there_to_choose),
		test(an_explicit_bind_blocks_its_port_for_other_destinations),
		test(what_was_bound_before_the_start_blocks_too),
		test(a_range_of_the_sockets_own_is_a_budget_of_its_own),
		test(an_own_range_that_is_spent_is_not_hidden_by_plain_sockets),
		test(the_last_port_of_an_odd_range_is_not_there_to_choose),
		test(a_connect_without_a_port_is_a_failure_of_its_budget),
		test(that_all_ports_were_used_is_said_for_an_hour_or_two),
		test(that_a_connect_found_no_port_is_said_for_an_hour_or_two),
		test(the_search_for_a_port_is_measured_where_the_kernel_tells),
		test(what_a_search_took_long_ago_is_not_of_late),
		test(what_is_told_in_sum_counts_where_there_is_one_budget),
		test(a_steady_rate_runs_out_when_it_is_said_to),
		test(a_rate_that_ports_come_back_for_never_runs_out),
		test(minisocks_that_are_taken_over_do_not_run_out),
		test(with_reuse_minisocks_in_fin_wait2_hold_their_ports),
		test(the_share_that_is_taken_over_is_not_of_what_is_there_alone),
		test(with_reuse_the_end_is_when_none_but_open_ones_are_there),
		test(a_minisock_that_may_be_taken_over_comes_back_after_a_second),
		test(a_connect_that_looks_for_its_port_has_none_where_all_are_taken),
		test(connects_that_are_refused_use_no_ports_up),
		test(loopback_alone_is_taken_over_by_default),
		test(how_long_ports_are_held_is_measured_where_ends_are_told),
		test(budgets_are_bounded_and_what_is_spent_makes_room),
		test(a_port_that_changes_hands_counts_once),
		cmocka_unit_test(forecasts_are_exact_where_the_answer_is_known),
		cmocka_unit_test(reserved_ports_are_read_as_the_kernel_writes_them),
	};
#undef test

	return cmocka_run_group_tests(tests, NULL, NULL);
}
