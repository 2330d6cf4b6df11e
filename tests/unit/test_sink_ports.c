// SPDX-License-Identifier: GPL-2.0-or-later
/* What `ports` prints of budgets and failures, and what it advises. */
#include <errno.h>
#include <math.h>

#include "test_sink_fake.h"

#include "sink/ports.h"

static struct budget half_budget(void)
{
	struct budget budget = {
		.level = BUDGET_HALF,
		.netns_ino = 4026531840,
		.netns_name = "host",
		.remote_port = 8080,
		.low = 32768,
		.high = 60999,
		.reserved = 2,
		.reserved_known = true,
		.blocked = 30,
		.capacity = 28200,
		.used = 14101,
		.established = 101,
		.time_wait = 14000,
		.peak = 14101,
		.opened = 15000,
		.per_s = 812.4,
		.sustainable_per_s = 460.4,
		.hold_ns = 61250 * MILLISECOND,
		.end_ns = 17355 * MILLISECOND,
		.service = "web.service",
		.service_used = 14101,
		.pid = 4711,
		.comm = "web",
	};

	fake_addr(budget.local_addr, 10, 0, 0, 1);
	fake_addr(budget.remote_addr, 10, 0, 0, 2);
	return budget;
}

static struct failure held_failure(void)
{
	struct failure failure = {
		.kind = FAILURE_BIND,
		.error = EADDRINUSE,
		.netns_ino = 4026531840,
		.service = "web.service",
		.comm = "web",
		.pid = 4712,
		.local_port = 80,
		.reuse = REUSE_YES,
		.count = 1234,
		.first_ns = FAKE_READY,
		.last_ns = FAKE_READY + 5 * SECOND,
		.holder = { .kind = HELD_BY_TIME_WAIT,
			    .sockets = 3,
			    .reuse = REUSE_NO,
			    .left_ns = 41000 * MILLISECOND },
	};

	fake_addr(failure.local_addr, 0, 0, 0, 0);
	return failure;
}

static char *print_as(struct model *model, struct fake_output *output)
{
	struct sink *sink;

	sink = ports_text_sink.open(&ports_text_sink, &output->opts);
	assert_non_null(sink);
	ports_text_sink.end(sink, model);
	ports_text_sink.free(sink);
	fclose(output->opts.out);
	return output->text;
}

/* What the text format says at its end, on a terminal of that width; 0: in a file. */
static char *print(struct model *model, uint32_t width)
{
	struct fake_output output;

	fake_output_init(&output);
	output.opts.width = width;
	return print_as(model, &output);
}

/* As under --netns, and under --port where a namespace is not looked at whole. */
static char *print_filtered(struct model *model, bool within)
{
	struct fake_output output;

	fake_output_init(&output);
	output.opts.filtered = true;
	output.opts.filtered_within = within;
	return print_as(model, &output);
}

static char *write_line(struct model *model)
{
	struct fake_output output;
	struct sink *sink;

	fake_output_init(&output);
	sink = ports_jsonl_sink.open(&ports_jsonl_sink, &output.opts);
	ports_jsonl_sink.interval(sink, model);
	ports_jsonl_sink.free(sink);
	fclose(output.opts.out);
	return output.text;
}

static void expect_in(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no \"%s\" in:\n%s", what, text);
}

static void a_budget_at_half_is_a_row_and_a_warning(void **state)
{
	struct model *model = fake_model();
	struct budget budget = half_budget();
	char *text;

	(void)state;
	model->budgets = &budget;
	model->nr_budgets = 1;
	text = print(model, 0);
	expect_in(text, "1 destination, 1 at half of the ports\n");
	expect_in(text, "10.0.0.2:8080  10.0.0.1  host   14,101  28,200    50%  #####.....    101"
			"     14,000      0    812        460      now    17.4s       -       0  "
			"web.service\n");
	expect_in(text, "10.0.0.1 -> 10.0.0.2:8080: half of the ports are or were used; now 14,101 "
			"of 28,200\n");
	expect_in(text, "connect() gets slow from here: it searches half of the range first\n");
	expect_in(text, "none will be left in 17.4s at this rate\n");
	expect_in(text, "14,000 in TIME_WAIT, 101 established; web.service web[4711] has all of "
			"them\n");
	expect_in(text, "what helps: keep connections");
	free(text);
	/* what has no room is left out, what matters most is not */
	text = print(model, 80);
	expect_in(text, "TO               USED      OF  SHARE  TRY/S  NONE IN  FAILED  SERVICE\n");
	free(text);
	fake_model_free(model);
}

static void an_idle_host_gets_a_sentence(void **state)
{
	struct model *model = fake_model();
	char *text = print(model, 0);

	(void)state;
	expect_in(text, "No outgoing TCP connection so far");
	assert_null(strstr(text, "FAILED"));
	free(text);
	fake_model_free(model);
}

static void failures_say_who_what_and_what_was_in_the_way(void **state)
{
	struct model *model = fake_model();
	struct failure failures[2] = { held_failure(), held_failure() };
	char *text;

	(void)state;
	failures[1].kind = FAILURE_CONNECT;
	failures[1].error = EADDRNOTAVAIL;
	failures[1].local_port = 0;
	failures[1].remote_port = 443;
	failures[1].holder.kind = HELD_UNKNOWN;
	failures[1].count = 7;
	fake_addr(failures[1].remote_addr, 10, 0, 0, 9);
	model->failures = failures;
	model->nr_failures = 2;
	model->failures_left_out = 5;
	text = print(model, 0);
	expect_in(
		text,
		" 1,234  bind     EADDRINUSE     web.service web[4712]  0.0.0.0:80, SO_REUSEADDR\n");
	expect_in(text, "     7  connect  EADDRNOTAVAIL  web.service web[4712]  -> 10.0.0.9:443\n");
	expect_in(text,
		  "bind EADDRINUSE, 0.0.0.0:80 with SO_REUSEADDR: held by 3 in TIME_WAIT (free"
		  " in 41.0s, without\n  SO_REUSEADDR)\n");
	expect_in(text, "what helps: SO_REUSEADDR is set here, but was not on the old socket");
	expect_in(text, "not told apart: 5 failures more\n");
	assert_null(strstr(text, "No outgoing"));
	free(text);
	fake_model_free(model);
}

static void what_would_help_depends_on_what_has_the_ports(void **state)
{
	static const struct {
		const char *why;
		struct budget budget;
		const char *advice;
	} cases[] = {
		{ "fine", { .level = BUDGET_FINE }, "" },
		{ "explicit binds",
		  { .level = BUDGET_HALF,
		    .low = 1,
		    .high = 100,
		    .capacity = 50,
		    .blocked = 50,
		    .peak = 40,
		    .blocked_by_bind = true },
		  "set IP_BIND_ADDRESS_NO_PORT" },
		{ "the sockets' own range",
		  { .level = BUDGET_HALF,
		    .low = 1,
		    .high = 100,
		    .capacity = 100,
		    .peak = 60,
		    .own_range = true },
		  "give these sockets a wider IP_LOCAL_PORT_RANGE" },
		{ "a small range",
		  { .level = BUDGET_HALF, .low = 1, .high = 100, .capacity = 100, .peak = 60 },
		  "a wider ip_local_port_range (it has 100 ports" },
		{ "TIME_WAIT",
		  { .level = BUDGET_HALF,
		    .low = 1024,
		    .high = 65535,
		    .capacity = 64512,
		    .peak = 40000,
		    .used = 40000,
		    .time_wait = 39000 },
		  "keep connections and use them again" },
		{ "TIME_WAIT, and few so far",
		  { .level = BUDGET_NEARING,
		    .low = 1024,
		    .high = 65535,
		    .capacity = 64512,
		    .peak = 2000,
		    .used = 2000,
		    .time_wait = 2000 },
		  "keep connections and use them again" },
		{ "open ones",
		  { .level = BUDGET_HALF,
		    .low = 1024,
		    .high = 65535,
		    .capacity = 64512,
		    .peak = 40000,
		    .used = 40000,
		    .established = 39000 },
		  "open connections have most of the ports" },
		{ "few are used",
		  { .level = BUDGET_EXHAUSTED,
		    .failures = 1,
		    .low = 1024,
		    .high = 65535,
		    .capacity = 64512,
		    .peak = 4 },
		  "few ports are known to be used" },
	};
	char text[ADVICE_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		budget_advice(&cases[i].budget, 1, 0, text);
		if (strncmp(text, cases[i].advice, strlen(cases[i].advice)) ||
		    (!*cases[i].advice && *text))
			fail_msg("%s: \"%s\"", cases[i].why, text);
	}
}

static struct budget beside(uint16_t port, uint32_t peak, uint32_t bound)
{
	struct budget budget = half_budget();

	budget.level = BUDGET_EXHAUSTED;
	budget.low = 40000;
	budget.high = 40199;
	budget.remote_port = port;
	budget.capacity = 200;
	budget.used = budget.time_wait = budget.peak = peak;
	budget.established = 0;
	budget.bound = bound;
	return budget;
}

/* Ports that bind() chose are taken for every destination: it is another one's row that says so. */
static void who_else_has_the_ports_is_named(void **state)
{
	struct budget budgets[3] = { beside(9001, 0, 0), beside(9000, 200, 0), beside(9002, 3, 0) };
	char text[ADVICE_LEN];

	(void)state;
	/* they were bound before the start: nobody saw by what */
	budgets[0].failures = 200;
	budget_advice(budgets, 3, 0, text);
	expect_in(text,
		  "connections to 10.0.0.2:9000 (web.service) have 200 of the ports: if bind() "
		  "chose those before twtrace started");
	/* those of another namespace are in nobody's way */
	budgets[1].netns_cookie = 77;
	budget_advice(budgets, 3, 0, text);
	expect_in(text, "few ports are known to be used");
	budgets[1].netns_cookie = budgets[0].netns_cookie;
	/* they were seen to be bound */
	budgets[1].bound = 150;
	budgets[0].blocked = 150;
	budgets[0].blocked_by_bind = true;
	budgets[0].capacity = 50;
	budget_advice(budgets, 3, 0, text);
	expect_in(text,
		  "explicit binds block 150 ports for every destination, most of them by those "
		  "to 10.0.0.2:9000 (web.service)");
	budget_advice(budgets, 3, 1, text);
	expect_in(text,
		  "150 of these ports were chosen by bind(), which blocks them for every other "
		  "destination");
	budget_advice(budgets, 3, 2, text);
	assert_null(strstr(text, "chosen by bind()"));
}

static void tcp_tw_reuse_is_advised_where_it_is_off_and_time_wait_has_the_ports(void **state)
{
	struct budget budget = beside(9000, 200, 0);
	char text[ADVICE_LEN];

	(void)state;
	budget_advice(&budget, 1, 0, text);
	expect_in(text, "or tcp_tw_reuse=1 with tcp_timestamps at both ends");
	fake_addr(budget.remote_addr, 127, 0, 0, 1);
	budget_advice(&budget, 1, 0, text);
	expect_in(text, "or tcp_tw_reuse=2, the default");
	budget.reusable = true;
	budget_advice(&budget, 1, 0, text);
	assert_null(strstr(text, "tcp_tw_reuse"));
	budget.reusable = false;
	budget.time_wait = 0;
	budget.established = 200;
	budget_advice(&budget, 1, 0, text);
	assert_null(strstr(text, "tcp_tw_reuse"));
}

/* Nobody knows when ports end that nobody knows who has. */
static void an_end_is_not_foretold_where_connects_fail_beside_free_ports(void **state)
{
	struct budget budget = beside(9000, 3, 0);
	struct model *model = fake_model();
	char *text;

	(void)state;
	budget.failures = 4;
	budget.end_ns = 47900 * MILLISECOND;
	model->budgets = &budget;
	model->nr_budgets = 1;
	text = print(model, 80);
	assert_null(strstr(text, "47.9s"));
	free(text);
	text = write_line(model);
	expect_in(text, "\"exhausted_in_s\":null");
	free(text);
	budget.peak = 200;
	text = print(model, 80);
	expect_in(text, "47.9s");
	free(text);
	fake_model_free(model);
}

static void an_address_that_is_not_there_is_named(void **state)
{
	struct failure failure = held_failure();
	char text[ADVICE_LEN];

	(void)state;
	failure.error = EADDRNOTAVAIL;
	failure.holder.kind = HELD_UNKNOWN;
	fake_addr(failure.local_addr, 10, 9, 9, 9);
	expect_in(failure_advice(&failure, text),
		  "10.9.9.9 is no address of this network namespace");
	failure.local_port = 0;
	expect_in(failure_advice(&failure, text),
		  "10.9.9.9 is no address of this network namespace");
}

/* Who looks at a whole namespace sees its budgets whole. */
static void only_filters_within_a_namespace_are_warned_of(void **state)
{
	static const char said[] = "only what the filters let through is counted";
	struct budget budget = half_budget();
	struct model *model = fake_model();
	char *text;

	(void)state;
	text = print_filtered(model, true);
	expect_in(text, "No outgoing TCP connection that the filters let through");
	free(text);
	model->budgets = &budget;
	model->nr_budgets = 1;
	text = print_filtered(model, false);
	assert_null(strstr(text, said));
	free(text);
	text = print_filtered(model, true);
	expect_in(text, said);
	free(text);
	fake_model_free(model);
}

static void so_reuseaddr_is_advised_only_where_it_helps(void **state)
{
	static const struct {
		enum port_holder_kind kind;
		enum reuse old, new;
		const char *advice;
	} cases[] = {
		{ HELD_BY_TIME_WAIT, REUSE_NO, REUSE_NO, "set SO_REUSEADDR before bind() every" },
		{ HELD_BY_TIME_WAIT, REUSE_NO, REUSE_YES, "SO_REUSEADDR is set here, but" },
		{ HELD_BY_TIME_WAIT, REUSE_YES, REUSE_NO, "set SO_REUSEADDR before this bind()" },
		{ HELD_BY_CONNECTION, REUSE_NO, REUSE_NO, "set SO_REUSEADDR before bind() every" },
		{ HELD_BY_LISTENER, REUSE_YES, REUSE_NO, "another port, or end the listener" },
		{ HELD_BY_BOUND, REUSE_NO, REUSE_YES, "another port, or close that socket" },
		{ HELD_UNKNOWN, REUSE_UNKNOWN, REUSE_NO, "" },
	};
	char text[ADVICE_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = held_failure();

		failure.reuse = cases[i].new;
		failure.holder.reuse = cases[i].old;
		failure.holder.kind = cases[i].kind;
		failure_advice(&failure, text);
		if (strncmp(text, cases[i].advice, strlen(cases[i].advice)) ||
		    (!*cases[i].advice && *text))
			fail_msg("%s: \"%s\"", cases[i].advice, text);
	}
}

/* No row for a bind() that failed may mean that nobody could see it. */
static void what_can_not_be_seen_is_said(void **state)
{
	static const struct {
		enum tw_binds binds;
		const char *json;
		bool said;
	} cases[] = {
		{ TW_BINDS_UNKNOWN, "\"binds_seen\":null", false },
		{ TW_BINDS_UNSEEN, "\"binds_seen\":false", true },
		{ TW_BINDS_SEEN, "\"binds_seen\":true", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model *model = fake_model();
		char *text;

		model->binds = cases[i].binds;
		text = print(model, 0);
		assert_int_equal(strstr(text, "bind() calls that fail are not seen") != NULL,
				 cases[i].said);
		free(text);
		text = write_line(model);
		expect_in(text, cases[i].json);
		free(text);
		fake_model_free(model);
	}
}

static void json_has_null_for_what_is_not_known(void **state)
{
	struct budget budgets[2] = { half_budget(), half_budget() };
	struct failure failure = held_failure();
	struct model *model = fake_model();
	char *text;

	(void)state;
	budgets[1].low = budgets[1].high = 0;
	budgets[1].per_s = budgets[1].sustainable_per_s = NAN;
	budgets[1].half_ns = budgets[1].end_ns = TIME_UNKNOWN;
	budgets[1].hold_ns = budgets[1].pid = 0;
	budgets[1].service = budgets[1].comm = budgets[1].netns_name = NULL;
	model->budgets = budgets;
	model->nr_budgets = 2;
	model->failures = &failure;
	model->nr_failures = 1;
	text = write_line(model);
	expect_in(text, "{\"kind\":\"interval\",\"host\":");
	expect_in(text,
		  "\"low\":32768,\"high\":60999,\"own_range\":false,\"reserved\":2,"
		  "\"blocked\":30,\"blocked_by_bind\":false,\"capacity\":28200,\"used\":14101");
	expect_in(
		text,
		"\"per_s\":812.4,\"sustainable_per_s\":460.4,\"hold_ms\":61250.0,"
		"\"hold_measured\":false,\"reusable\":false,\"half_in_s\":0.0,\"exhausted_in_s\":17.355");
	expect_in(text,
		  "\"low\":null,\"high\":null,\"own_range\":false,\"reserved\":null,"
		  "\"blocked\":null,\"blocked_by_bind\":false,\"capacity\":null,\"used\":14101");
	expect_in(
		text,
		"\"per_s\":null,\"sustainable_per_s\":null,\"hold_ms\":null,"
		"\"hold_measured\":false,\"reusable\":false,\"half_in_s\":null,\"exhausted_in_s\":null,"
		"\"search_us\":{\"count\":0,\"p50\":null,");
	expect_in(text, "\"service\":null,\"pid\":null,\"comm\":null");
	expect_in(text, "\"kind\":\"bind\",\"error\":\"EADDRINUSE\",\"netns\":4026531840,"
			"\"netns_name\":null,\"service\":\"web.service\",\"pid\":4712,"
			"\"comm\":\"web\",\"local_addr\":\"0.0.0.0\",\"local_port\":80,"
			"\"remote_addr\":null,\"remote_port\":null,\"reuse_addr\":true,"
			"\"inferred\":false,\"count\":1234,");
	expect_in(text, "\"holder\":{\"kind\":\"time_wait\",\"sockets\":3,\"state\":null,"
			"\"reuse_addr\":false,\"service\":null,\"pid\":null,\"comm\":null,"
			"\"left_ms\":41000}");
	expect_in(text, "\"left_out\":{\"budgets\":0,\"failures\":0}}\n");
	free(text);
	fake_model_free(model);
}

/* In a file a warning is printed when it is due, and once. */
static void a_warning_is_printed_once(void **state)
{
	struct budget budget = half_budget();
	struct model *model = fake_model();
	struct fake_output output;
	char *before, *first, *second;
	struct sink *sink;

	(void)state;
	fake_output_init(&output);
	sink = ports_text_sink.open(&ports_text_sink, &output.opts);
	budget.level = BUDGET_FINE;
	model->budgets = &budget;
	model->nr_budgets = 1;
	ports_text_sink.interval(sink, model);
	fflush(output.opts.out);
	assert_int_equal(output.size, 0);
	budget.level = BUDGET_NEARING;
	budget.half_ns = 7 * 1000000000ULL;
	ports_text_sink.interval(sink, model);
	ports_text_sink.interval(sink, model);
	budget.level = BUDGET_HALF;
	ports_text_sink.interval(sink, model);
	ports_text_sink.interval(sink, model);
	budget.level = BUDGET_EXHAUSTED;
	budget.failures = 3;
	ports_text_sink.interval(sink, model);
	ports_text_sink.interval(sink, model);
	ports_text_sink.free(sink);
	fclose(output.opts.out);
	before = strstr(output.text, "half of the ports will be used in 7.00s at this rate");
	first = strstr(output.text, "half of the ports are or were used");
	second = strstr(output.text, "no port was left: 3 connect() failed");
	assert_true(before && first && second && before < first && first < second);
	assert_null(strstr(before + 1, "half of the ports will"));
	assert_null(strstr(first + 1, "half of the ports are or"));
	assert_null(strstr(second + 1, "no port was left"));
	free(output.text);
	fake_model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_budget_at_half_is_a_row_and_a_warning),
		cmocka_unit_test(an_idle_host_gets_a_sentence),
		cmocka_unit_test(what_can_not_be_seen_is_said),
		cmocka_unit_test(failures_say_who_what_and_what_was_in_the_way),
		cmocka_unit_test(what_would_help_depends_on_what_has_the_ports),
		cmocka_unit_test(who_else_has_the_ports_is_named),
		cmocka_unit_test(
			tcp_tw_reuse_is_advised_where_it_is_off_and_time_wait_has_the_ports),
		cmocka_unit_test(an_end_is_not_foretold_where_connects_fail_beside_free_ports),
		cmocka_unit_test(an_address_that_is_not_there_is_named),
		cmocka_unit_test(only_filters_within_a_namespace_are_warned_of),
		cmocka_unit_test(so_reuseaddr_is_advised_only_where_it_helps),
		cmocka_unit_test(json_has_null_for_what_is_not_known),
		cmocka_unit_test(a_warning_is_printed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
