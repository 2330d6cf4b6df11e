/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `trace` prints, byte for byte: text, jsonl, csv. */
#include "model/ports.h"
#include "test_sink_fake.h"

#define EVENT_NS (FAKE_READY + 22118 * MILLISECOND)

/* As text_clean() leaves what somebody hostile chose. */
#define HOSTILE_COMM "=1+\"x\",\\x0a'"

static struct conn_view incoming_conn(void)
{
	struct conn_view conn = {
		.cookie = 102,
		.netns_cookie = 1,
		.netns_ino = 4026531840u,
		.local_port = 443,
		.remote_port = 51234,
		.direction = DIRECTION_INCOMING,
		.pid = 812,
		.comm = "nginx",
		.service = "nginx.service",
	};

	fake_addr(conn.local_addr, 10, 0, 0, 1);
	fake_addr(conn.remote_addr, 10, 0, 0, 9);
	return conn;
}

/* A connect() whose source is not chosen, by nobody we know. */
static struct conn_view unknown_conn(void)
{
	struct conn_view conn = {
		.cookie = 103,
		.netns_ino = 4026531840u,
		.remote_port = 80,
		.direction = DIRECTION_OUTGOING,
	};

	memset(conn.remote_addr, 0x20, sizeof(conn.remote_addr));
	return conn;
}

/* A bind() to a wildcard, with names chosen by somebody hostile. */
static struct conn_view hostile_conn(void)
{
	struct conn_view conn = incoming_conn();

	memset(conn.remote_addr, 0, sizeof(conn.remote_addr));
	conn.remote_port = 0;
	fake_addr(conn.local_addr, 0, 0, 0, 0);
	conn.direction = DIRECTION_UNKNOWN;
	conn.comm = HOSTILE_COMM;
	conn.service = "@数据库";
	return conn;
}

/* One event of every kind, in the order of the enum, some in several forms. */
static void tell_all_kinds(struct sink *sink)
{
	struct conn_view conn = incoming_conn(), unknown = unknown_conn(), hostile = hostile_conn();
	const struct port_holder holder = { .kind = HELD_BY_TIME_WAIT,
					    .sockets = 12,
					    .reuse = REUSE_YES,
					    .service = "=x",
					    .pid = 4711,
					    .comm = "web",
					    .left_ns = 38200 * MILLISECOND };
	const struct model_event events[] = {
		{ .kind = EVENT_TRANSITION,
		  .conn = &conn,
		  .from = TW_ESTABLISHED,
		  .to = TW_FIN_WAIT1,
		  .in_state_ns = 1250 * MILLISECOND },
		{ .kind = EVENT_TRANSITION,
		  .conn = &conn,
		  .from = TW_ESTABLISHED,
		  .to = TW_CLOSE,
		  .in_state_ns = TIME_UNKNOWN,
		  .error = 104 },
		{ .kind = EVENT_TRANSITION,
		  .conn = &conn,
		  .from = TW_ESTABLISHED,
		  .to = TW_CLOSE,
		  .in_state_ns = 2 * MILLISECOND,
		  .error = 104,
		  .reset = RESET_RECEIVED },
		{ .kind = EVENT_TRANSITION,
		  .conn = &conn,
		  .from = TW_FIN_WAIT2,
		  .to = TW_CLOSE,
		  .in_state_ns = 7 * MILLISECOND,
		  .reset = RESET_SENT },
		{ .kind = EVENT_TIME_WAIT_ENTER,
		  .conn = &conn,
		  .substate = TW_FIN_WAIT2,
		  .evidence = EVIDENCE_INFERRED },
		{ .kind = EVENT_TIME_WAIT_EXIT,
		  .conn = &conn,
		  .substate = TW_TIME_WAIT,
		  .reason = END_EXPIRED,
		  .residence_ns = 59123456789ULL,
		  .evidence = EVIDENCE_FENTRY },
		{ .kind = EVENT_TIME_WAIT_EXIT,
		  .conn = &conn,
		  .substate = TW_FIN_WAIT2,
		  .reason = END_UNKNOWN,
		  .residence_ns = TIME_UNKNOWN,
		  .evidence = EVIDENCE_SNAPSHOT },
		{ .kind = EVENT_TIME_WAIT_SUBSTATE,
		  .conn = &conn,
		  .from = TW_FIN_WAIT2,
		  .to = TW_TIME_WAIT,
		  .evidence = EVIDENCE_KPROBE },
		{ .kind = EVENT_TIME_WAIT_REFUSED,
		  .conn = &conn,
		  .count = 3,
		  .evidence = EVIDENCE_TIMER },
		{ .kind = EVENT_CONNECT_FAILED, .conn = &unknown, .error = 99 },
		{ .kind = EVENT_BIND_FAILED,
		  .conn = &hostile,
		  .error = 98,
		  .reuse = REUSE_NO,
		  .holder = &holder },
		{ .kind = EVENT_RESET_SENT, .conn = &conn, .reset_reason = TW_RESET_ABORT_ON_CLOSE },
		{ .kind = EVENT_RESET_SENT, .conn = &conn, .reset_reason = TW_RESET_UNKNOWN },
		{ .kind = EVENT_LOSS, .cause = TW_LOSS_RING_FULL, .count = 12345 },
	};
	struct model_event event;
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		event = events[i];
		event.ts_ns = EVENT_NS;
		sink->ops->event(sink, &event);
	}
}

/* What @ops writes of all kinds, without what it says at its end. */
static void expect_all_kinds(const struct sink_ops *ops, const char *expected)
{
	struct model *model = fake_model();
	struct fake_output output;
	struct sink *sink;

	fake_output_init(&output);
	sink = ops->open(ops, &output.opts);
	assert_non_null(sink);
	tell_all_kinds(sink);
	ops->interval(sink, model);
	assert_true(output.size == strlen(output.text) && output.size > 0);
	ops->free(sink);
	fake_output_expect(&output, expected);
	fake_model_free(model);
}

static void text_has_an_aligned_line_for_every_kind(void **state)
{
	(void)state;
	expect_all_kinds(
		&trace_text_sink,
		"TIME          EVENT                           OWNER"
		"                               LOCAL    REMOTE           DETAIL\n"
		"12:00:22.118  ESTABLISHED -> FIN_WAIT1        nginx.service nginx[812]"
		"     10.0.0.1:443 <- 10.0.0.9:51234   1.25s\n"
		"12:00:22.118  ESTABLISHED -> CLOSE            nginx.service nginx[812]"
		"     10.0.0.1:443 <- 10.0.0.9:51234   ECONNRESET\n"
		"12:00:22.118  ESTABLISHED -> CLOSE            nginx.service nginx[812]"
		"     10.0.0.1:443 <- 10.0.0.9:51234   2.00ms  ECONNRESET  RST received\n"
		"12:00:22.118  FIN_WAIT2 -> CLOSE              nginx.service nginx[812]"
		"     10.0.0.1:443 <- 10.0.0.9:51234   7.00ms  RST sent\n"
		"12:00:22.118  FIN_WAIT2 enter (inferred)      nginx.service nginx[812]"
		"     10.0.0.1:443 <- 10.0.0.9:51234\n"
		"12:00:22.118  TIME_WAIT exit (fentry)         nginx.service nginx[812]"
		"     10.0.0.1:443 <- 10.0.0.9:51234   expired after 59.1s\n"
		"12:00:22.118  FIN_WAIT2 exit (snapshot)       nginx.service nginx[812]"
		"     10.0.0.1:443 <- 10.0.0.9:51234   unknown\n"
		"12:00:22.118  FIN_WAIT2 becomes TIME_WAIT     nginx.service nginx[812]"
		"     10.0.0.1:443 <- 10.0.0.9:51234   the peer's FIN came (kprobe)\n"
		"12:00:22.118  TIME_WAIT refused               nginx.service nginx[812]"
		"     10.0.0.1:443 <- 10.0.0.9:51234   tcp_max_tw_buckets reached, 3 times"
		" (timer)\n"
		"12:00:22.118  connect failed: EADDRNOTAVAIL   -"
		"                                       - ->"
		" [2020:2020:2020:2020:2020:2020:2020:2020]:80\n"
		"12:00:22.118  bind failed: EADDRINUSE         @数据库 =1+\"x\",\\x0a'[812]"
		"         0.0.0.0:443 -- -                held by 12 in TIME_WAIT (web[4711],"
		" free in 38.2s)  SO_REUSEADDR: old yes, new no\n"
		"12:00:22.118  RST sent: abort_on_close        nginx.service nginx[812]"
		"         10.0.0.1:443 <- 10.0.0.9:51234\n"
		"12:00:22.118  RST sent                        nginx.service nginx[812]"
		"         10.0.0.1:443 <- 10.0.0.9:51234\n"
		"12:00:22.118  lost events: 12,345, no room in the ring buffer (--ring enlarges"
		" it)\n");
}

static void text_says_how_a_minisock_ended(void **state)
{
	static const struct {
		uint8_t substate;
		enum end_reason reason;
		uint64_t residence_ns;
		enum evidence evidence;
		const char *event, *detail;
	} cases[] = {
		{ TW_TIME_WAIT, END_EXPIRED, 61420 * MILLISECOND, EVIDENCE_TIMER,
		  "TIME_WAIT exit (timer) ", "expired after 61.4s" },
		{ TW_TIME_WAIT, END_EXPIRED, 59960 * MILLISECOND, EVIDENCE_FENTRY,
		  "TIME_WAIT exit (fentry) ", "expired after 60.0s" },
		{ TW_TIME_WAIT, END_EXPIRED, 125 * SECOND, EVIDENCE_KPROBE,
		  "TIME_WAIT exit (kprobe) ", "expired after 2m05s" },
		{ TW_TIME_WAIT, END_EXPIRED, TIME_UNKNOWN, EVIDENCE_INFERRED,
		  "TIME_WAIT exit (inferred) ", "expired" },
		{ TW_FIN_WAIT2, END_EXPIRED, 60200 * MILLISECOND, EVIDENCE_FENTRY,
		  "FIN_WAIT2 exit (fentry) ", "expired after 60.2s without the peer's FIN" },
		{ TW_FIN_WAIT2, END_EXPIRED, TIME_UNKNOWN, EVIDENCE_INFERRED,
		  "FIN_WAIT2 exit (inferred) ", "expired without the peer's FIN" },
		{ TW_FIN_WAIT2, END_RESET, 3 * MILLISECOND, EVIDENCE_TIMER,
		  "FIN_WAIT2 exit (timer) ", "reset after 3.00ms" },
		{ TW_TIME_WAIT, END_REUSED, 1200 * MILLISECOND, EVIDENCE_INFERRED,
		  "TIME_WAIT exit (inferred) ", "reused after 1.20s" },
		{ TW_TIME_WAIT, END_UNKNOWN, 12300 * MILLISECOND, EVIDENCE_KPROBE,
		  "TIME_WAIT exit (kprobe) ", "ended after 12.3s, reason unknown" },
		{ TW_TIME_WAIT, END_UNKNOWN, TIME_UNKNOWN, EVIDENCE_SNAPSHOT,
		  "TIME_WAIT exit (snapshot) ", "unknown" },
	};
	struct conn_view conn = incoming_conn();
	struct fake_output output;
	char detail[128], *line;
	struct sink *sink;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct model_event event = {
			.kind = EVENT_TIME_WAIT_EXIT,
			.ts_ns = EVENT_NS,
			.conn = &conn,
			.substate = cases[i].substate,
			.reason = cases[i].reason,
			.residence_ns = cases[i].residence_ns,
			.evidence = cases[i].evidence,
		};

		fake_output_init(&output);
		sink = trace_text_sink.open(&trace_text_sink, &output.opts);
		trace_text_sink.event(sink, &event);
		trace_text_sink.free(sink);
		fclose(output.opts.out);
		line = strchr(output.text, '\n');
		assert_non_null(line);
		snprintf(detail, sizeof(detail), ":51234   %s\n", cases[i].detail);
		if (!strstr(line, cases[i].event) || !strstr(line, detail))
			fail_msg("no %s or no %s in %s", cases[i].event, cases[i].detail, line);
		free(output.text);
	}
}

static void text_says_what_holds_a_port(void **state)
{
	static const struct {
		struct port_holder holder;
		const char *detail;
	} cases[] = {
		{ { .kind = HELD_UNKNOWN, .left_ns = TIME_UNKNOWN }, "SO_REUSEADDR: new yes\n" },
		{ { .kind = HELD_BY_LISTENER, .sockets = 1, .left_ns = TIME_UNKNOWN },
		  "held by a listener  SO_REUSEADDR: new yes\n" },
		{ { .kind = HELD_BY_LISTENER, .sockets = 4, .pid = 7, .left_ns = TIME_UNKNOWN },
		  "held by 4 listeners ([7])  SO_REUSEADDR: new yes\n" },
		{ { .kind = HELD_BY_CONNECTION,
		    .sockets = 1,
		    .state = TW_CLOSE_WAIT,
		    .reuse = REUSE_NO,
		    .left_ns = TIME_UNKNOWN },
		  "held by a connection in CLOSE_WAIT  SO_REUSEADDR: old no, new yes\n" },
		{ { .kind = HELD_BY_TIME_WAIT,
		    .sockets = 1,
		    .service = "web.service",
		    .left_ns = 41000 * MILLISECOND },
		  "held by one in TIME_WAIT (web.service, free in 41.0s)  SO_REUSEADDR: new yes\n" },
		{ { .kind = HELD_BY_BOUND, .sockets = 2, .reuse = REUSE_YES, .left_ns = 0 },
		  "held by 2 bound sockets  SO_REUSEADDR: old yes, new yes\n" },
	};
	struct conn_view conn = hostile_conn();
	struct fake_output output;
	struct sink *sink;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct model_event event = { .kind = EVENT_BIND_FAILED,
						   .ts_ns = EVENT_NS,
						   .conn = &conn,
						   .error = 98,
						   .listening = true,
						   .reuse = REUSE_YES,
						   .holder = &cases[i].holder };

		fake_output_init(&output);
		sink = trace_text_sink.open(&trace_text_sink, &output.opts);
		trace_text_sink.event(sink, &event);
		trace_text_sink.free(sink);
		fclose(output.opts.out);
		if (!strstr(output.text, "  listen failed: EADDRINUSE ") ||
		    !strstr(output.text, cases[i].detail))
			fail_msg("no %s in %s", cases[i].detail, output.text);
		free(output.text);
	}
}

static void text_on_a_terminal_colours_what_stands_out(void **state)
{
	struct fake_output output;
	struct sink *sink;

	(void)state;
	fake_output_init(&output);
	output.opts.terminal = true;
	sink = trace_text_sink.open(&trace_text_sink, &output.opts);
	tell_all_kinds(sink);
	trace_text_sink.free(sink);
	fclose(output.opts.out);
	assert_ptr_equal(strstr(output.text, "\033[1mTIME "), output.text);
	assert_non_null(strstr(output.text, "118  ESTABLISHED -> FIN_WAIT1 "));
	assert_non_null(strstr(output.text, "118  \033[36mFIN_WAIT2 enter "));
	assert_non_null(strstr(output.text, "118  \033[31mbind failed: EADDRINUSE "));
	assert_non_null(strstr(output.text, "SO_REUSEADDR: old yes, new no\033[0m\n"));
	assert_non_null(strstr(output.text, "118  \033[36mRST sent: abort_on_close "));
	assert_non_null(strstr(output.text, "118  \033[31mlost events: 12,345, "));
	free(output.text);
}

static void text_cuts_long_and_wide_service_names(void **state)
{
	struct conn_view conn = incoming_conn();
	struct model_event event = { .kind = EVENT_TRANSITION,
				     .ts_ns = EVENT_NS,
				     .conn = &conn,
				     .from = TW_SYN_RECV,
				     .to = TW_ESTABLISHED,
				     .in_state_ns = 412000 };
	struct fake_output output;
	struct sink *sink;

	(void)state;
	fake_output_init(&output);
	sink = trace_text_sink.open(&trace_text_sink, &output.opts);
	conn.service = LONG_200;
	trace_text_sink.event(sink, &event);
	conn.service = "数据库服务数据库服务数据库服务数据库服务";	/* 40 columns */
	trace_text_sink.event(sink, &event);
	conn.service = "nginx";		/* named after its process */
	trace_text_sink.event(sink, &event);
	trace_text_sink.free(sink);
	fake_output_expect(
		&output,
		"TIME          EVENT                           OWNER                              "
		" LOCAL    REMOTE           DETAIL\n"
		"12:00:22.118  SYN_RECV -> ESTABLISHED        "
		" kubepods-burstable-pod012345678… nginx[812]    "
		" 10.0.0.1:443 <- 10.0.0.9:51234   412us\n"
		"12:00:22.118  SYN_RECV -> ESTABLISHED        "
		" 数据库服务数据库服务数据库服务… nginx[812]     10.0.0.1:443 <- 10.0.0.9:51234 "
		"  412us\n"
		"12:00:22.118  SYN_RECV -> ESTABLISHED         nginx[812]                  "
		" 10.0.0.1:443 <- 10.0.0.9:51234   412us\n");
}

static void text_ends_with_the_figures_of_the_whole_run(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;
	struct sink *sink;

	(void)state;
	model->now_ns += 90 * SECOND;
	model->totals.count[FIELD_CONNECTIONS] = 12000;
	model->totals.count[FIELD_TW_ENTERED] = 7;
	model->loss[TW_LOSS_SKIPPED] = 2;
	fake_output_init(&output);
	sink = trace_text_sink.open(&trace_text_sink, &output.opts);
	trace_text_sink.end(sink, model);
	trace_text_sink.free(sink);
	fake_output_expect(
		&output,
		"TIME          EVENT                           OWNER"
		"                               LOCAL    REMOTE           DETAIL\n"
		"\n"
		"web-1  12:01:30  traced for 1m30s  evidence: inferred\n"
		"total      12,000 connections, 0 opened, 0 closed, 0 closed first, 0 failed, 0"
		" reset\n"
		"now        0 open: 0 ESTAB; 0 TIME-WAIT\n"
		"TIME-WAIT  7 entered\n"
		"\n"
		"lost events: 2, skipped by the kernel, which was in the same probe already\n"
		"TIME_WAIT is inferred: early ends show only when the kernel is polled\n");
	fake_model_free(model);
}

static void text_shows_remote_hosts_by_name(void **state)
{
	struct conn_view conn = incoming_conn();
	struct model_event event = { .kind = EVENT_RESET_SENT, .ts_ns = EVENT_NS, .conn = &conn };
	struct fake_output output;
	struct sink *sink;

	(void)state;
	fake_output_init(&output);
	output.opts.names = fake_names();
	sink = trace_text_sink.open(&trace_text_sink, &output.opts);
	trace_text_sink.event(sink, &event);
	fake_addr(conn.local_addr, 10, 0, 0, 9);	/* not remote */
	fake_addr(conn.remote_addr, 10, 0, 0, 7);	/* nameless */
	trace_text_sink.event(sink, &event);
	fake_addr(conn.remote_addr, 10, 0, 0, 8);	/* longer than any address */
	trace_text_sink.event(sink, &event);
	trace_text_sink.free(sink);
	fake_output_expect(
		&output,
		"TIME          EVENT                           OWNER                              "
		" LOCAL    REMOTE           DETAIL\n"
		"12:00:22.118  RST sent                        nginx.service nginx[812]    "
		" 10.0.0.1:443 <- client.example:51234\n"
		"12:00:22.118  RST sent                        nginx.service nginx[812]    "
		" 10.0.0.9:443 <- 10.0.0.7:51234\n"
		"12:00:22.118  RST sent                        nginx.service nginx[812]    "
		" 10.0.0.9:443 <- 10.0.0.8:51234\n");
	names_free(output.opts.names);
}

/* What the events of incoming_conn() have in common. */
#define JSON_TIME "\"time\":\"2026-01-31T12:00:22.118000000Z\",\"ts_ns\":122118000000,"
#define JSON_NGINX                                                               \
	"\"cookie\":102,\"netns\":4026531840,\"local_addr\":\"10.0.0.1\","       \
	"\"local_port\":443,\"remote_addr\":\"10.0.0.9\",\"remote_port\":51234," \
	"\"direction\":\"incoming\",\"pid\":812,\"comm\":\"nginx\",\"service\":\"nginx.service\","
#define CSV_TIME "2026-01-31T12:00:22.118000000Z,122118000000,"
#define CSV_NGINX "102,4026531840,10.0.0.1,443,10.0.0.9,51234,incoming,812,nginx,nginx.service,"

static void jsonl_has_the_fields_of_the_contract_for_every_kind(void **state)
{
	(void)state;
	expect_all_kinds(&trace_jsonl_sink,
			 "{\"kind\":\"transition\"," JSON_TIME JSON_NGINX
			 "\"from\":\"ESTABLISHED\",\"to\":\"FIN_WAIT1\","
			 "\"in_state_us\":1250000,\"error\":null,\"reset\":null}\n"
			 "{\"kind\":\"transition\"," JSON_TIME JSON_NGINX
			 "\"from\":\"ESTABLISHED\",\"to\":\"CLOSE\",\"in_state_us\":null,"
			 "\"error\":\"ECONNRESET\",\"reset\":null}\n"
			 "{\"kind\":\"transition\"," JSON_TIME JSON_NGINX
			 "\"from\":\"ESTABLISHED\",\"to\":\"CLOSE\",\"in_state_us\":2000,"
			 "\"error\":\"ECONNRESET\",\"reset\":\"received\"}\n"
			 "{\"kind\":\"transition\"," JSON_TIME JSON_NGINX
			 "\"from\":\"FIN_WAIT2\",\"to\":\"CLOSE\",\"in_state_us\":7000,"
			 "\"error\":null,\"reset\":\"sent\"}\n"
			 "{\"kind\":\"time_wait_enter\"," JSON_TIME JSON_NGINX
			 "\"substate\":\"FIN_WAIT2\",\"evidence\":\"inferred\"}\n"
			 "{\"kind\":\"time_wait_exit\"," JSON_TIME JSON_NGINX
			 "\"substate\":\"TIME_WAIT\",\"reason\":\"expired\","
			 "\"residence_ms\":59123.457,\"evidence\":\"fentry\"}\n"
			 "{\"kind\":\"time_wait_exit\"," JSON_TIME JSON_NGINX
			 "\"substate\":\"FIN_WAIT2\",\"reason\":\"unknown\","
			 "\"residence_ms\":null,\"evidence\":\"snapshot\"}\n"
			 "{\"kind\":\"time_wait_substate\"," JSON_TIME JSON_NGINX
			 "\"from\":\"FIN_WAIT2\",\"to\":\"TIME_WAIT\","
			 "\"evidence\":\"kprobe\"}\n"
			 "{\"kind\":\"time_wait_refused\"," JSON_TIME JSON_NGINX
			 "\"evidence\":\"timer\",\"count\":3}\n"
			 "{\"kind\":\"connect_failed\"," JSON_TIME
			 "\"cookie\":103,\"netns\":4026531840,\"local_addr\":null,"
			 "\"local_port\":null,"
			 "\"remote_addr\":\"2020:2020:2020:2020:2020:2020:2020:2020\","
			 "\"remote_port\":80,\"direction\":\"outgoing\",\"pid\":null,"
			 "\"comm\":null,\"service\":null,\"error\":\"EADDRNOTAVAIL\","
			 "\"holder\":null}\n"
			 "{\"kind\":\"bind_failed\"," JSON_TIME
			 "\"cookie\":102,\"netns\":4026531840,\"local_addr\":\"0.0.0.0\","
			 "\"local_port\":443,\"remote_addr\":null,\"remote_port\":null,"
			 "\"direction\":\"unknown\",\"pid\":812,\"comm\":\"=1+\\\"x\\\","
			 "\\\\x0a'\",\"service\":\"@数据库\",\"error\":\"EADDRINUSE\","
			 "\"call\":\"bind\",\"reuse_addr\":false,"
			 "\"holder\":{\"kind\":\"time_wait\",\"sockets\":12,\"state\":null,"
			 "\"reuse_addr\":true,\"service\":\"=x\",\"pid\":4711,"
			 "\"comm\":\"web\",\"left_ms\":38200}}\n"
			 "{\"kind\":\"reset_sent\"," JSON_TIME JSON_NGINX
			 "\"reason\":\"abort_on_close\"}\n"
			 "{\"kind\":\"reset_sent\"," JSON_TIME JSON_NGINX "\"reason\":null}\n"
			 "{\"kind\":\"loss\"," JSON_TIME
			 "\"cookie\":null,\"netns\":null,\"local_addr\":null,"
			 "\"local_port\":null,\"remote_addr\":null,\"remote_port\":null,"
			 "\"direction\":null,\"pid\":null,\"comm\":null,\"service\":null,"
			 "\"cause\":\"ring_full\",\"count\":12345}\n");
}

static void jsonl_has_names_beside_addresses(void **state)
{
	struct conn_view conn = incoming_conn(), unknown = unknown_conn();
	struct model_event event = { .kind = EVENT_RESET_SENT, .ts_ns = EVENT_NS, .conn = &conn };
	struct model_event loss = { .kind = EVENT_LOSS, .ts_ns = EVENT_NS, .count = 1 };
	struct fake_output output;
	struct sink *sink;

	(void)state;
	fake_output_init(&output);
	output.opts.names = fake_names();
	sink = trace_jsonl_sink.open(&trace_jsonl_sink, &output.opts);
	trace_jsonl_sink.event(sink, &event);
	event.conn = &unknown;
	trace_jsonl_sink.event(sink, &event);
	trace_jsonl_sink.event(sink, &loss);
	trace_jsonl_sink.free(sink);
	fake_output_expect(&output,
			   "{\"kind\":\"reset_sent\"," JSON_TIME JSON_NGINX
			   "\"reason\":null,\"remote_name\":\"client.example\"}\n"
			   "{\"kind\":\"reset_sent\"," JSON_TIME
			   "\"cookie\":103,\"netns\":4026531840,\"local_addr\":null,"
			   "\"local_port\":null,"
			   "\"remote_addr\":\"2020:2020:2020:2020:2020:2020:2020:2020\","
			   "\"remote_port\":80,\"direction\":\"outgoing\",\"pid\":null,"
			   "\"comm\":null,\"service\":null,\"reason\":null,\"remote_name\":null}\n"
			   "{\"kind\":\"loss\"," JSON_TIME
			   "\"cookie\":null,\"netns\":null,\"local_addr\":null,"
			   "\"local_port\":null,\"remote_addr\":null,\"remote_port\":null,"
			   "\"direction\":null,\"pid\":null,\"comm\":null,\"service\":null,"
			   "\"cause\":\"ring_full\",\"count\":1}\n");
	names_free(output.opts.names);
}

static void jsonl_ends_with_a_summary(void **state)
{
	static const char begin[] = "{\"kind\":\"summary\",\"host\":\"web-1\","
				    "\"from\":\"2026-01-31T12:00:00.000000000Z\",";
	struct model *model = fake_model();
	struct fake_output output;
	struct sink *sink;

	(void)state;
	fake_output_init(&output);
	sink = trace_jsonl_sink.open(&trace_jsonl_sink, &output.opts);
	trace_jsonl_sink.end(sink, model);
	trace_jsonl_sink.free(sink);
	fclose(output.opts.out);
	assert_memory_equal(output.text, begin, sizeof(begin) - 1);
	assert_ptr_equal(strchr(output.text, '\n'), output.text + strlen(output.text) - 1);
	free(output.text);
	fake_model_free(model);
}

static void csv_has_the_same_columns_for_every_kind(void **state)
{
	(void)state;
	expect_all_kinds(
		&trace_csv_sink,
		"kind,time,ts_ns,cookie,netns,local_addr,local_port,remote_addr,"
		"remote_port,direction,pid,comm,service,from,to,in_state_us,error,reset,"
		"substate,reason,residence_ms,evidence,cause,count,call,"
		"reuse_addr,holder,holder_service,holder_pid\n"
		"transition," CSV_TIME CSV_NGINX "ESTABLISHED,FIN_WAIT1,1250000,,,,,,,,,,,,,\n"
		"transition," CSV_TIME CSV_NGINX "ESTABLISHED,CLOSE,,ECONNRESET,,,,,,,,,,,,\n"
		"transition," CSV_TIME CSV_NGINX
		"ESTABLISHED,CLOSE,2000,ECONNRESET,received,,,,,,,,,,,\n"
		"transition," CSV_TIME CSV_NGINX "FIN_WAIT2,CLOSE,7000,,sent,,,,,,,,,,,\n"
		"time_wait_enter," CSV_TIME CSV_NGINX ",,,,,FIN_WAIT2,,,inferred,,,,,,,\n"
		"time_wait_exit," CSV_TIME CSV_NGINX
		",,,,,TIME_WAIT,expired,59123.457,fentry,,,,,,,\n"
		"time_wait_exit," CSV_TIME CSV_NGINX ",,,,,FIN_WAIT2,unknown,,snapshot,,,,,,,\n"
		"time_wait_substate," CSV_TIME CSV_NGINX "FIN_WAIT2,TIME_WAIT,,,,,,,kprobe,,,,,,,\n"
		"time_wait_refused," CSV_TIME CSV_NGINX ",,,,,,,,timer,,3,,,,,\n"
		"connect_failed," CSV_TIME
		"103,4026531840,,,2020:2020:2020:2020:2020:2020:2020:2020,"
		"80,outgoing,,,,,,,EADDRNOTAVAIL,,,,,,,,,,,,\n"
		"bind_failed," CSV_TIME "102,4026531840,0.0.0.0,"
		"443,,,unknown,812,\"'=1+\"\"x\"\",\\x0a'\",'@数据库,,,,EADDRINUSE,,,,,,,,bind,false,time_wait,'=x,4711\n"
		"reset_sent," CSV_TIME CSV_NGINX ",,,,,,abort_on_close,,,,,,,,,\n"
		"reset_sent," CSV_TIME CSV_NGINX ",,,,,,,,,,,,,,,\n"
		"loss," CSV_TIME ",,,,,,,,,,,,,,,,,,,ring_full,12345,,,,,\n");
}

/* Only what a stranger named is guarded, only where a spreadsheet would compute. */
static void csv_guards_cells_that_spreadsheets_would_run(void **state)
{
	static const struct {
		const char *why, *comm, *cell;
	} cases[] = {
		{ "a formula", "=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0" },
		{ "a sum", "+1", "'+1" },
		{ "a negation", "-1", "'-1" },
		{ "an old function", "@SUM(A1)", "'@SUM(A1)" },
		{ "a tab before it", "\t=1", "'\t=1" },
		{ "a carriage return before it", "\r=1", "\"'\r=1\"" },
		{ "guarded and quoted", "=A1,\"B\"", "\"'=A1,\"\"B\"\"\"" },
		{ "a sign inside is harmless", "a=1", "a=1" },
		{ "in wide letters", "＝A1", "'＝A1" },
		{ "behind blanks and quotes", " \"=A1", "\"' \"\"=A1\"" },
		{ "after another separator", "a;=A1;b;\"+1", "\"a;'=A1;b;'\"\"+1\"" },
		{ "a separator alone", "a;b; c", "a;b; c" },
		{ "a quote alone is quoted", "a\"b", "\"a\"\"b\"" },
		{ "a newline is quoted", "a\nb", "\"a\nb\"" },
		{ "an empty name stays empty", "", "" },
	};
	struct conn_view conn = incoming_conn();
	struct model_event event = { .kind = EVENT_TRANSITION,
				     .ts_ns = EVENT_NS,
				     .conn = &conn,
				     .from = TW_SYN_SENT,
				     .to = TW_CLOSE };
	struct fake_output output;
	char expected[256];
	struct sink *sink;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conn.comm = cases[i].comm;
		fake_output_init(&output);
		sink = trace_csv_sink.open(&trace_csv_sink, &output.opts);
		trace_csv_sink.event(sink, &event);
		trace_csv_sink.free(sink);
		fclose(output.opts.out);
		snprintf(expected, sizeof(expected), ",incoming,812,%s,nginx.service,SYN_SENT,",
			 cases[i].cell);
		if (!strstr(output.text, expected))
			fail_msg("%s: no %s in %s", cases[i].why, expected, output.text);
		free(output.text);
	}
}

static void only_the_kinds_asked_for_are_told(void **state)
{
	static const struct sink_ops *const all[] = { &trace_text_sink, &trace_jsonl_sink,
						      &trace_csv_sink };
	static const size_t lines[] = { 3, 2, 3 };	/* with their header line */
	struct fake_output output;
	struct sink *sink;
	size_t i, count;
	char *at;

	(void)state;
	for (i = 0; i < 3; i++) {
		fake_output_init(&output);
		output.opts.kinds = 1U << EVENT_TIME_WAIT_EXIT;
		sink = all[i]->open(all[i], &output.opts);
		tell_all_kinds(sink);
		all[i]->free(sink);
		fclose(output.opts.out);
		for (count = 0, at = output.text; (at = strchr(at, '\n')); at++)
			count++;
		assert_int_equal(count, lines[i]);
		free(output.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_an_aligned_line_for_every_kind),
		cmocka_unit_test(text_says_how_a_minisock_ended),
		cmocka_unit_test(text_says_what_holds_a_port),
		cmocka_unit_test(text_on_a_terminal_colours_what_stands_out),
		cmocka_unit_test(text_cuts_long_and_wide_service_names),
		cmocka_unit_test(text_ends_with_the_figures_of_the_whole_run),
		cmocka_unit_test(text_shows_remote_hosts_by_name),
		cmocka_unit_test(jsonl_has_the_fields_of_the_contract_for_every_kind),
		cmocka_unit_test(jsonl_has_names_beside_addresses),
		cmocka_unit_test(jsonl_ends_with_a_summary),
		cmocka_unit_test(csv_has_the_same_columns_for_every_kind),
		cmocka_unit_test(csv_guards_cells_that_spreadsheets_would_run),
		cmocka_unit_test(only_the_kinds_asked_for_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
