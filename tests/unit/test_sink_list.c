/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `list` prints, byte for byte: text, json. */
#include "test_sink_fake.h"

#include <errno.h>

#include "sink/list.h"

static const struct holder holders[] = {
	{ .pid = 812, .fds = 1, .comm = "nginx" },
	{ .pid = PID_UNKNOWN, .fds = 2, .comm = "" },
	{ .pid = 814, .fds = 1, .comm = "a\"b" },
};

static struct conn_view *add_conn(struct model *model, uint8_t state, uint64_t age_s)
{
	struct conn_view *conn = &model->conns[model->nr_conns++];

	*conn = (struct conn_view){
		.cookie = 100 + model->nr_conns,
		.netns_cookie = 1,
		.netns_ino = 4026531840u,
		.local_port = 443,
		.remote_port = (uint16_t)(51233 + model->nr_conns),
		.direction = DIRECTION_INCOMING,
		.pid = 812,
		.comm = "nginx",
		.service = "nginx.service",
		.state = state,
		.since_ns = model->now_ns - age_s * SECOND,
		.expires_ns = TIME_UNKNOWN,
		.holders = holders,
	};
	fake_addr(conn->local_addr, 10, 0, 0, 1);
	fake_addr(conn->remote_addr, 10, 0, 0, 9);
	return conn;
}

/* What may be there: a listener, a leak, minisocks of both substates, an unknown. */
static struct model *busy_model(void)
{
	struct model *model = fake_model();
	struct conn_view *conn;

	model->now_ns = FAKE_READY + 100 * SECOND;
	conn = add_conn(model, TW_TIME_WAIT, 13);
	conn->minisock = true;
	conn->expires_ns = model->now_ns + 47 * SECOND;
	conn->pid = PID_UNKNOWN;
	conn->comm = NULL;
	conn = add_conn(model, TW_CLOSE_WAIT, 100);
	conn->since_bound = true;
	conn->expires_ns = model->now_ns + SECOND;	/* of some other timer */
	conn->service = LONG_200;
	conn->nr_holders = 3;
	conn = add_conn(model, TW_LISTEN, 50);
	memset(conn->local_addr, 0, sizeof(conn->local_addr));
	memset(conn->remote_addr, 0, sizeof(conn->remote_addr));
	conn->remote_port = 0;
	conn->direction = DIRECTION_UNKNOWN;
	conn->nr_holders = 1;
	conn = add_conn(model, TW_FIN_WAIT2, 7);
	conn->minisock = true;
	conn->expires_ns = model->now_ns - SECOND;	/* about to go */
	conn->service = "数据库服务.service";
	conn = add_conn(model, TW_SYN_SENT, 0);
	conn->since_ns = TIME_UNKNOWN;
	conn->direction = DIRECTION_OUTGOING;
	conn->local_port = 0;
	memset(conn->local_addr, 0, sizeof(conn->local_addr));
	conn->cookie = conn->netns_ino = 0;
	conn->service = NULL;
	return model;
}

static void print(const struct sink_ops *ops, struct fake_output *output, const struct model *model)
{
	struct sink *sink = ops->open(ops, &output->opts);

	assert_non_null(sink);
	ops->end(sink, model);
	ops->free(sink);
}

static void text_is_a_row_a_socket_listeners_first_then_the_oldest(void **state)
{
	struct model *model = busy_model();
	struct fake_output output;

	(void)state;
	fake_output_init(&output);
	print(&list_text_sink, &output, model);
	fake_output_expect(
		&output,
		"STATE          AGE   LEFT  LOCAL         REMOTE          DIR  SERVICE          "
		"                 PROCESS\n"
		"LISTEN       50.0s      -  [::]:443      -               -    nginx.service    "
		"                 nginx[812]\n"
		"CLOSE_WAIT  >1m40s      -  10.0.0.1:443  10.0.0.9:51235  in  "
		" kubepods-burstable-pod012345678…  nginx[812] +2\n"
		"TIME_WAIT    13.0s  47.0s  10.0.0.1:443  10.0.0.9:51234  in   nginx.service    "
		"                 -\n"
		"FIN_WAIT2    7.00s     0s  10.0.0.1:443  10.0.0.9:51237  in  "
		" 数据库服务.service                nginx[812]\n"
		"SYN_SENT         -      -  -             10.0.0.9:51238  out  -                "
		"                 nginx[812]\n");
	fake_model_free(model);
}

static void text_names_namespaces_when_there_are_several(void **state)
{
	struct model *model = busy_model();
	struct fake_output output;

	(void)state;
	model->conns[3].netns_cookie = 2;
	model->conns[3].netns_ino = 4026532001u;
	fake_output_init(&output);
	output.opts.limit = 2;		/* the other namespace is not among these */
	print(&list_text_sink, &output, model);
	fake_output_expect(
		&output,
		"STATE          AGE  LEFT  LOCAL         REMOTE          DIR  SERVICE           "
		"                PROCESS             NETNS\n"
		"LISTEN       50.0s     -  [::]:443      -               -    nginx.service     "
		"                nginx[812]     4026531840\n"
		"CLOSE_WAIT  >1m40s     -  10.0.0.1:443  10.0.0.9:51235  in  "
		" kubepods-burstable-pod012345678…  nginx[812] +2  4026531840\n"
		"3 more (--limit)\n");
	fake_model_free(model);
}

static void remote_hosts_are_shown_by_name(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;
	struct conn_view *conn;

	(void)state;
	model->now_ns = FAKE_READY + 100 * SECOND;
	add_conn(model, TW_ESTABLISHED, 30);
	conn = add_conn(model, TW_ESTABLISHED, 20);
	fake_addr(conn->local_addr, 10, 0, 0, 9);	/* not remote */
	fake_addr(conn->remote_addr, 10, 0, 0, 7);	/* nameless */
	conn = add_conn(model, TW_ESTABLISHED, 10);
	fake_addr(conn->remote_addr, 10, 0, 0, 8);	/* longer than any address */
	fake_output_init(&output);
	output.opts.names = fake_names();
	print(&list_text_sink, &output, model);
	names_free(output.opts.names);
	fake_output_expect(
		&output,
		"STATE          AGE  LEFT  LOCAL         REMOTE                DIR  SERVICE    "
		"    PROCESS\n"
		"ESTABLISHED  30.0s     -  10.0.0.1:443  client.example:51234  in   nginx.servi"
		"ce  nginx[812]\n"
		"ESTABLISHED  20.0s     -  10.0.0.9:443  10.0.0.7:51235        in   nginx.servi"
		"ce  nginx[812]\n"
		"ESTABLISHED  10.0s     -  10.0.0.1:443  10.0.0.8:51236        in   nginx.servi"
		"ce  nginx[812]\n");

	fake_output_init(&output);
	output.opts.names = fake_names();
	print(&list_json_sink, &output, model);
	names_free(output.opts.names);
	fclose(output.opts.out);
	assert_non_null(strstr(output.text, "\"service\": \"nginx.service\",\n"
					    "      \"remote_name\": \"client.example\",\n"));
	assert_non_null(strstr(output.text, "\"remote_name\": null,\n"));
	assert_non_null(strstr(output.text, "\"remote_name\": \"" LONG_50 "\",\n"));
	free(output.text);
	fake_model_free(model);
}

static void text_of_nothing_says_so(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;

	(void)state;
	fake_output_init(&output);
	print(&list_text_sink, &output, model);
	fake_output_expect(&output, "No socket matches.\n");
	fake_model_free(model);
}

static void json_is_the_document_of_the_contract(void **state)
{
	struct model *model = busy_model();
	struct fake_output output;

	(void)state;
	fake_output_init(&output);
	print(&list_json_sink, &output, model);
	fake_output_expect_flat(
		&output,
		"{\"host\": \"web-1\",\"time\": \"2026-01-31T12:01:40.000000000Z\",\"total\": 5,"
		"\"sockets\": [{\"cookie\": 103,\"netns\": 4026531840,\"local_addr\": \"::\","
		"\"local_port\": 443,\"remote_addr\": null,\"remote_port\": null,"
		"\"direction\": \"unknown\",\"pid\": 812,\"comm\": \"nginx\","
		"\"service\": \"nginx.service\",\"cgroup\": null,\"state\": \"LISTEN\","
		"\"minisock\": false,\"age_ms\": 50000.0,\"age_at_least\": false,"
		"\"expires_ms\": null,\"holders\": [{\"pid\": 812,\"comm\": \"nginx\","
		"\"fds\": 1}]},{\"cookie\": 102,\"netns\": 4026531840,\"local_addr\": \"10.0.0.1\","
		"\"local_port\": 443,\"remote_addr\": \"10.0.0.9\",\"remote_port\": 51235,"
		"\"direction\": \"incoming\",\"pid\": 812,\"comm\": \"nginx\",\"service\": \"kubepo"
		"ds-burstable-pod0123456789abcdef-0123456789-kubepods-burstable-pod0123456789abcdef"
		"-0123456789-kubepods-burstable-pod0123456789abcdef-0123456789-kubepods-burstable-p"
		"od0123456789abcdef-0123456789-\",\"cgroup\": null,\"state\": \"CLOSE_WAIT\","
		"\"minisock\": false,\"age_ms\": 100000.0,\"age_at_least\": true,"
		"\"expires_ms\": null,\"holders\": [{\"pid\": 812,\"comm\": \"nginx\",\"fds\": 1},"
		"{\"pid\": null,\"comm\": null,\"fds\": 2},{\"pid\": 814,\"comm\": \"a\\\"b\","
		"\"fds\": 1}]},{\"cookie\": 101,\"netns\": 4026531840,\"local_addr\": \"10.0.0.1\","
		"\"local_port\": 443,\"remote_addr\": \"10.0.0.9\",\"remote_port\": 51234,"
		"\"direction\": \"incoming\",\"pid\": null,\"comm\": null,"
		"\"service\": \"nginx.service\",\"cgroup\": null,\"state\": \"TIME_WAIT\","
		"\"minisock\": true,\"age_ms\": 13000.0,\"age_at_least\": false,"
		"\"expires_ms\": 47000.0,\"holders\": []},{\"cookie\": 104,\"netns\": 4026531840,"
		"\"local_addr\": \"10.0.0.1\",\"local_port\": 443,\"remote_addr\": \"10.0.0.9\","
		"\"remote_port\": 51237,\"direction\": \"incoming\",\"pid\": 812,"
		"\"comm\": \"nginx\",\"service\": \"数据库服务.service\",\"cgroup\": null,"
		"\"state\": \"FIN_WAIT2\",\"minisock\": true,\"age_ms\": 7000.0,"
		"\"age_at_least\": false,\"expires_ms\": 0.0,\"holders\": []},{\"cookie\": null,"
		"\"netns\": null,\"local_addr\": null,\"local_port\": null,"
		"\"remote_addr\": \"10.0.0.9\",\"remote_port\": 51238,\"direction\": \"outgoing\","
		"\"pid\": 812,\"comm\": \"nginx\",\"service\": null,\"cgroup\": null,"
		"\"state\": \"SYN_SENT\",\"minisock\": false,\"age_ms\": null,"
		"\"age_at_least\": null,\"expires_ms\": null,\"holders\": []}]}");
	fake_model_free(model);
}

/* How long ago we looked is no age. */
static void a_listener_from_before_has_no_age(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;

	(void)state;
	add_conn(model, TW_LISTEN, 50)->since_bound = true;
	fake_output_init(&output);
	print(&list_text_sink, &output, model);
	fclose(output.opts.out);
	assert_non_null(strstr(output.text, "\nLISTEN    -     -  "));
	free(output.text);
	fake_output_init(&output);
	print(&list_json_sink, &output, model);
	fclose(output.opts.out);
	assert_non_null(strstr(output.text, "\"age_ms\": null,\n"));
	assert_non_null(strstr(output.text, "\"age_at_least\": null,\n"));
	free(output.text);
	fake_model_free(model);
}

/* Remote ports tell the rows apart: 51234 and on, in the order they were added. */
static void every_sort_key_has_its_order(void **state)
{
	static const struct {
		enum list_sort sort;
		const char *name;
		unsigned int first, last;	/* remote ports; 0: the listener */
	} cases[] = {
		{ LIST_SORT_AGE, "age", 0, 51238 },		/* listeners first, unknown age last */
		{ LIST_SORT_STATE, "state", 51235, 51234 },	/* CLOSE_WAIT..TIME_WAIT */
		{ LIST_SORT_LEFT, "left", 51237, 0 },		/* no minisock: last, by cookie */
		{ LIST_SORT_LOCAL, "local", 51238, 51237 },	/* port 0, then by address */
		{ LIST_SORT_REMOTE, "remote", 0, 51238 },
		{ LIST_SORT_SERVICE, "service", 51235, 51238 },	/* unknown last */
		{ LIST_SORT_PID, "pid", 51238, 51234 },		/* unknown last */
	};
	struct model *model = busy_model();
	struct fake_output output;
	char *first, *last;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_output_init(&output);
		output.opts.sort = cases[i].sort;
		print(&list_json_sink, &output, model);
		fclose(output.opts.out);
		assert_string_equal(list_sort_name(cases[i].sort), cases[i].name);
		first = strstr(output.text, "\"remote_port\": ");
		assert_non_null(first);
		for (last = first; strstr(last + 1, "\"remote_port\": ");)
			last = strstr(last + 1, "\"remote_port\": ");
		if (strtoul(first + 15, NULL, 10) != cases[i].first ||
		    strtoul(last + 15, NULL, 10) != cases[i].last)
			fail_msg("%s: from %.20s to %.20s", cases[i].name, first, last);
		free(output.text);
	}
	assert_int_equal(i, NR_LIST_SORTS);
	fake_model_free(model);
}

static void states_are_named_as_here_or_as_ss_does(void **state)
{
	struct error err = { 0 };
	uint32_t states = 0;

	(void)state;
	assert_int_equal(list_parse_states("CLOSE_WAIT", &states, &err), 0);
	assert_int_equal(states, 1 << TW_CLOSE_WAIT);
	assert_int_equal(list_parse_states("close-wait,Fin-Wait-1,TIME_WAIT", &states, &err), 0);
	assert_int_equal(states, 1 << TW_CLOSE_WAIT | 1 << TW_FIN_WAIT1 | 1 << TW_TIME_WAIT);
	states = 0;
	assert_int_equal(list_parse_states("close", &states, &err), 0);
	assert_int_equal(states, 1 << TW_CLOSE);
	assert_int_equal(list_parse_states("LISTEN,CLOSED", &states, &err), -EINVAL);
	assert_string_equal(err.text, "'CLOSED' is no state; there are: ESTABLISHED, SYN_SENT, "
				      "SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, "
				      "CLOSE_WAIT, LAST_ACK, LISTEN, CLOSING, NEW_SYN_RECV");
	assert_int_equal(list_parse_states("", &states, &err), -EINVAL);
	assert_int_equal(list_parse_states("LISTEN,", &states, &err), -EINVAL);
}

/* A short list of many never holds more than twice its limit. */
static void a_limit_keeps_the_first_of_the_order(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;
	uint64_t i;

	(void)state;
	model->now_ns = FAKE_READY + 100 * SECOND;
	for (i = 0; i < MAX_FAKES; i++)
		add_conn(model, TW_ESTABLISHED, i * 5 % MAX_FAKES);
	fake_output_init(&output);
	output.opts.limit = 3;
	print(&list_text_sink, &output, model);
	fake_output_expect(
		&output,
		"STATE          AGE  LEFT  LOCAL         REMOTE          DIR  SERVICE       "
		" PROCESS\n"
		"ESTABLISHED  15.0s     -  10.0.0.1:443  10.0.0.9:51237  in   nginx.service "
		" nginx[812]\n"
		"ESTABLISHED  14.0s     -  10.0.0.1:443  10.0.0.9:51240  in   nginx.service "
		" nginx[812]\n"
		"ESTABLISHED  13.0s     -  10.0.0.1:443  10.0.0.9:51243  in   nginx.service "
		" nginx[812]\n"
		"13 more (--limit)\n");
	fake_model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_a_row_a_socket_listeners_first_then_the_oldest),
		cmocka_unit_test(text_names_namespaces_when_there_are_several),
		cmocka_unit_test(remote_hosts_are_shown_by_name),
		cmocka_unit_test(text_of_nothing_says_so),
		cmocka_unit_test(json_is_the_document_of_the_contract),
		cmocka_unit_test(a_listener_from_before_has_no_age),
		cmocka_unit_test(every_sort_key_has_its_order),
		cmocka_unit_test(states_are_named_as_here_or_as_ss_does),
		cmocka_unit_test(a_limit_keeps_the_first_of_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
