// SPDX-License-Identifier: GPL-2.0-or-later
/* What /metrics says, line by line: names, labels, what is not known, both formats. */
#include "sink/metrics.h"

#include <math.h>

#include "sink/metrics_text.h"
#include "test_sink_fake.h"

#define MAX_LINES 4000

struct scrape {
	struct metrics *metrics;
	struct metrics_site site;
	struct sink_opts opts;
	char *text;	/* of the last one, owned */
};

static void scrape_begin(struct scrape *scrape, const struct metrics_opts *opts)
{
	*scrape = (struct scrape){ .opts = { .realtime_offset_ns = FAKE_OFFSET } };
	scrape->site.opts = &scrape->opts;
	scrape->metrics = metrics_new(opts);
	assert_non_null(scrape->metrics);
}

static void scrape_as(struct scrape *scrape, const struct model *model, enum metrics_format format)
{
	size_t size;
	FILE *out;

	free(scrape->text);
	out = open_memstream(&scrape->text, &size);
	assert_non_null(out);
	metrics_write(scrape->metrics, model, &scrape->site, format, out);
	assert_int_equal(fclose(out), 0);
}

static void scrape_text(struct scrape *scrape, const struct model *model)
{
	scrape_as(scrape, model, METRICS_TEXT);
}

static void scrape_end(struct scrape *scrape)
{
	metrics_free(scrape->metrics);
	free(scrape->text);
}

/* Whether a line begins so, and is what the first word of it ends in. */
static const char *line_of(const char *text, const char *begin)
{
	size_t len = strlen(begin);

	for (; text && *text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL)
		if (!strncmp(text, begin, len))
			return text;
	return NULL;
}

static void expect_line(const struct scrape *scrape, const char *line)
{
	const char *at = line_of(scrape->text, line);

	if (!at || at[strlen(line)] != '\n')
		fail_msg("there is no line\n%s\nin\n%s", line, scrape->text);
}

static void expect_none(const struct scrape *scrape, const char *begin)
{
	if (line_of(scrape->text, begin))
		fail_msg("there is a line that begins with %s", begin);
}

static void rows_are_series_by_service_port_and_role(void **state)
{
	struct model *model = fake_busy_model();
	struct scrape scrape;

	(void)state;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	expect_line(&scrape, "# TYPE twtrace_connections_opened_total counter");
	expect_line(&scrape, "twtrace_connections_opened_total{service=\"nginx.service\","
			     "port=\"443\",role=\"server\"} 55");
	/* the total is 1234 * 11 */
	expect_line(&scrape, "twtrace_connections_opened_total{service=\"other\",port=\"other\","
			     "role=\"other\"} 13519");
	expect_line(&scrape, "twtrace_connections{service=\"nginx.service\",port=\"443\","
			     "role=\"server\",state=\"established\"} 10");
	expect_line(&scrape, "twtrace_time_wait{service=\"nginx.service\",port=\"443\","
			     "role=\"server\",substate=\"time_wait\"} 30");
	/* all of them are minisocks */
	expect_line(&scrape, "twtrace_connections{service=\"nginx.service\",port=\"443\","
			     "role=\"server\",state=\"fin_wait2\"} 0");
	expect_line(&scrape, "twtrace_time_wait_ended_total{service=\"nginx.service\",port=\"443\","
			     "role=\"server\",reason=\"reset\"} 5");
	expect_line(&scrape, "twtrace_remote_connections_opened_total{remote=\"10.1.3.200\"} 330");
	expect_line(&scrape, "twtrace_rows_folded_total{table=\"remotes\"} 20311");
	scrape_end(&scrape);
	fake_model_free(model);
}

static void what_pairs_had_before_they_were_folded_is_their_places(void **state)
{
	struct model *model = fake_busy_model();
	struct row *row = pool_at(&model->places.pool, pool_take(&model->places.pool));
	struct scrape scrape;

	(void)state;
	row->key = (struct row_key){ .service = 1, .port = 443, .role = ROLE_SERVER };
	row->count[FIELD_OPENED] = 1000;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	expect_line(&scrape, "twtrace_connections_opened_total{service=\"nginx.service\","
			     "port=\"443\",role=\"server\"} 1055");
	scrape_end(&scrape);
	fake_model_free(model);
}

static void a_port_that_may_be_ephemeral_is_no_label(void **state)
{
	struct model *model = fake_busy_model();
	struct row *row = fake_row(model, DIM_PAIR);
	struct scrape scrape;

	(void)state;
	row->key = (struct row_key){ .service = 1, .port = 40001, .role = ROLE_UNKNOWN };
	fake_fill(row, 1);
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	assert_null(strstr(scrape.text, "40001"));
	expect_line(&scrape, "twtrace_connections_opened_total{service=\"nginx.service\",port=\"\","
			     "role=\"unknown\"} 11");
	scrape_end(&scrape);
	fake_model_free(model);
}

static void a_port_that_nobody_was_seen_to_connect_to_may_be_ephemeral(void **state)
{
	struct model *model = fake_busy_model();
	struct row *row = fake_row(model, DIM_PAIR);
	struct scrape scrape;

	(void)state;
	row->key = (struct row_key){ .service = 1, .port = 40001, .role = ROLE_CLIENT };
	row->count[FIELD_CONNECTIONS] = row->count[FIELD_CLOSED] = 3;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	assert_null(strstr(scrape.text, "40001"));
	expect_line(&scrape, "twtrace_connections_closed_total{service=\"nginx.service\",port=\"\","
			     "role=\"client\"} 3");
	row->count[FIELD_OPENED] = 1;
	scrape_text(&scrape, model);
	assert_non_null(strstr(scrape.text, "port=\"40001\",role=\"client\"}"));
	scrape_end(&scrape);
	fake_model_free(model);
}

static void names_are_quoted_and_one_called_other_is_in_what_is(void **state)
{
	struct model *model = fake_busy_model();
	struct scrape scrape;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct row *row = fake_row(model, DIM_PAIR);

		row->key = (struct row_key){ .service = 5 + i, .port = 80, .role = ROLE_CLIENT };
		fake_fill(row, 1);
	}
	model->services[5] = "a\"b\\c\nd";
	model->services[6] = "other";
	model->services[7] = "数据库";
	model->services[8] = NULL;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	expect_line(&scrape, "twtrace_connections_closed_total{service=\"a\\\"b\\\\c\\nd\","
			     "port=\"80\",role=\"client\"} 9");
	expect_line(&scrape, "twtrace_connections_closed_total{service=\"数据库\",port=\"80\","
			     "role=\"client\"} 9");
	expect_line(&scrape, "twtrace_connections_closed_total{service=\"\",port=\"80\","
			     "role=\"client\"} 9");
	expect_none(&scrape, "twtrace_connections_closed_total{service=\"other\",port=\"80\"");
	scrape_end(&scrape);
	fake_model_free(model);
}

static void a_label_that_is_too_long_is_cut_between_characters(void **state)
{
	struct labels labels = { 0 };
	char name[3 * 400 + 1] = "";
	size_t len;

	(void)state;
	for (unsigned int i = 0; i < 400; i++)
		strcat(name, "数");
	labels_add(&labels, "service", name);
	len = strlen(labels.text);
	assert_int_equal(len, labels.len);
	assert_true(len < LABELS_LEN && len > LABELS_LEN - 8);
	assert_string_equal(labels.text + len - 4, "数\"");
	labels_add(&labels, "role", "server");
	assert_int_equal(strlen(labels.text), len);
}

static void addresses_of_a_prefix_are_one_series(void **state)
{
	const struct metrics_opts opts = { .remotes = 20, .prefix4 = 16, .prefix6 = 48 };
	struct model *model = fake_busy_model();
	struct row *row = fake_row(model, DIM_REMOTE);
	struct scrape scrape;

	(void)state;
	memset(row->key.remote_addr, 0x20, sizeof(row->key.remote_addr));
	fake_fill(row, 20);
	scrape_begin(&scrape, &opts);
	scrape_text(&scrape, model);
	/* 10.1.1.200, 10.1.2.200 and 10.1.3.200 */
	expect_line(&scrape, "twtrace_remote_connections_opened_total{remote=\"10.1.0.0/16\"} 660");
	expect_line(&scrape,
		    "twtrace_remote_connections_opened_total{remote=\"2020:2020:2020::/48\"} 220");
	expect_line(&scrape, "twtrace_remote_connections_opened_total{remote=\"other\"} 12694");
	scrape_end(&scrape);
	fake_model_free(model);
}

static void no_remote_has_a_label_where_none_may(void **state)
{
	const struct metrics_opts opts = { .remotes = 0, .prefix4 = 32, .prefix6 = 64 };
	struct model *model = fake_busy_model();
	struct scrape scrape;

	(void)state;
	scrape_begin(&scrape, &opts);
	scrape_text(&scrape, model);
	expect_line(&scrape, "twtrace_remote_connections_opened_total{remote=\"other\"} 13574");
	assert_null(strstr(scrape.text, "remote=\"1"));
	scrape_end(&scrape);
	fake_model_free(model);
}

static void what_is_not_known_has_no_series(void **state)
{
	struct model *model = fake_busy_model();
	struct scrape scrape;

	(void)state;
	fake_audit(model, "host", 0, false);
	model->ready_ns = 0;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	expect_line(&scrape, "# TYPE twtrace_connections_opened_total counter");
	expect_none(&scrape, "twtrace_connections");
	expect_none(&scrape, "twtrace_time_wait");
	expect_none(&scrape, "twtrace_failures_total");
	expect_none(&scrape, "twtrace_ready_timestamp_seconds");
	expect_none(&scrape, "twtrace_build_info");
	expect_none(&scrape, "twtrace_process_resident_memory_bytes");
	expect_none(&scrape, "twtrace_audit_error");
	expect_line(&scrape, "twtrace_audit_namespaces{result=\"unknown\"} 1");
	scrape_end(&scrape);
	fake_model_free(model);
}

static void budgets_are_known_as_far_as_they_are(void **state)
{
	struct budget budgets[] = {
		{ .level = BUDGET_EXHAUSTED,
		  .netns_name = "host",
		  .remote_port = 80,
		  .low = 32768,
		  .high = 60999,
		  .capacity = 28232,
		  .used = 14116,
		  .peak = 28232,
		  .half_ns = 0,
		  .end_ns = 90 * SECOND,
		  .per_s = 10,
		  .sustainable_per_s = 400 },
		{ .level = BUDGET_FINE,
		  .netns_ino = 7,
		  .remote_port = 81,
		  .used = 3,
		  .per_s = NAN,
		  .half_ns = TIME_UNKNOWN,
		  .end_ns = TIME_UNKNOWN },
		{ .level = BUDGET_NEARING,
		  .netns_ino = 7,
		  .remote_port = 82,
		  .used = 3,
		  .peak = 3,
		  .half_ns = TIME_UNKNOWN,
		  .end_ns = TIME_UNKNOWN,
		  .per_s = NAN },
	};
	static const char first[] = "{netns=\"host\",source=\"10.0.0.1\",destination=\"10.0.0.2\","
				    "port=\"80\",range=\"32768-60999\"}";
	struct model *model = fake_busy_model();
	struct scrape scrape;
	char line[256];

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		fake_addr(budgets[i].local_addr, 10, 0, 0, 1);
		fake_addr(budgets[i].remote_addr, 10, 0, 0, 2);
	}
	model->budgets = budgets;
	model->nr_budgets = 3;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	expect_line(&scrape, "twtrace_port_budgets{level=\"fine\"} 1");
	expect_line(&scrape, "twtrace_port_budgets{level=\"exhausted\"} 1");
	snprintf(line, sizeof(line), "twtrace_port_budget_used_ratio%s 0.5", first);
	expect_line(&scrape, line);
	snprintf(line, sizeof(line), "twtrace_port_budget_exhaustion_seconds%s 90", first);
	expect_line(&scrape, line);
	snprintf(line, sizeof(line), "twtrace_port_budget_rate_ratio%s 0.025", first);
	expect_line(&scrape, line);
	expect_line(&scrape, "twtrace_port_budget_used_ports{netns=\"7\",source=\"10.0.0.1\","
			     "destination=\"10.0.0.2\",port=\"82\",range=\"\"} 3");
	expect_none(&scrape, "twtrace_port_budget_capacity_ports{netns=\"7\"");
	expect_none(&scrape, "twtrace_port_budget_used_ratio{netns=\"7\"");
	expect_none(&scrape, "twtrace_port_budget_half_seconds{netns=\"7\"");
	assert_null(strstr(scrape.text, "port=\"81\""));
	scrape_end(&scrape);
	fake_model_free(model);
}

static void leaks_are_counted_by_level_kind_and_service(void **state)
{
	const struct verdict verdicts[] = {
		{ .level = LEVEL_LEAK,
		  .kind = LEAK_CLOSE_WAIT,
		  .service = "shop",
		  .count = 40,
		  .exhausted_ns = 300 * SECOND },
		{ .level = LEVEL_LEAK,
		  .kind = LEAK_CLOSE_WAIT,
		  .service = "shop",
		  .count = 2,
		  .exhausted_ns = 60 * SECOND },
		{ .level = LEVEL_WATCH,
		  .kind = LEAK_TIME_WAIT_CHURN,
		  .count = 5000,
		  .time_wait = 12 },
	};
	static const char leak[] = "{level=\"leak\",kind=\"close_wait\",service=\"shop\"}";
	struct model *model = fake_busy_model();
	struct scrape scrape;
	char line[256];

	(void)state;
	model->verdicts = verdicts;
	model->nr_verdicts = 3;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	expect_line(&scrape, "twtrace_leak_verdicts{level=\"leak\"} 2");
	expect_line(&scrape, "twtrace_leak_verdicts{level=\"suspect\"} 0");
	snprintf(line, sizeof(line), "twtrace_leaks%s 2", leak);
	expect_line(&scrape, line);
	snprintf(line, sizeof(line), "twtrace_leak_sockets%s 42", leak);
	expect_line(&scrape, line);
	snprintf(line, sizeof(line), "twtrace_leak_exhaustion_seconds%s 60.000000000", leak);
	expect_line(&scrape, line);
	expect_line(&scrape, "twtrace_leak_sockets{level=\"watch\",kind=\"time_wait_churn\","
			     "service=\"\"} 12");
	expect_none(&scrape, "twtrace_leak_exhaustion_seconds{level=\"watch\"");
	scrape_end(&scrape);
	fake_model_free(model);
}

static void leaks_of_many_services_are_a_bounded_set(void **state)
{
	struct verdict verdicts[500] = { 0 };
	struct model *model = fake_busy_model();
	char names[500][8];
	struct scrape scrape;
	unsigned int lines = 0;

	(void)state;
	for (unsigned int i = 0; i < 500; i++) {
		snprintf(names[i], sizeof(names[i]), "s%u", i);
		verdicts[i] =
			(struct verdict){ .level = LEVEL_LEAK, .service = names[i], .count = 1 };
	}
	model->verdicts = verdicts;
	model->nr_verdicts = 500;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	expect_line(&scrape, "twtrace_leak_sockets{level=\"leak\",kind=\"close_wait\","
			     "service=\"other\"} 450");
	for (const char *at = scrape.text; (at = line_of(at, "twtrace_leaks{")); at++)
		lines++;
	assert_int_equal(lines, 51);
	scrape_end(&scrape);
	fake_model_free(model);
}

static void failures_are_counted_by_kind_errno_and_service(void **state)
{
	const struct failure failures[] = {
		{ .kind = FAILURE_CONNECT, .error = ECONNREFUSED, .service = "shop", .count = 5 },
		{ .kind = FAILURE_CONNECT,
		  .error = ECONNREFUSED,
		  .service = "shop",
		  .count = 2,
		  .remote_port = 1 },
		{ .kind = FAILURE_BIND, .error = ERROR_UNKNOWN, .count = 1 },
	};
	struct model *model = fake_busy_model();
	struct scrape scrape;

	(void)state;
	model->failures = failures;
	model->nr_failures = 3;
	model->failures_left_out = 4;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	expect_line(&scrape, "twtrace_failures_total{kind=\"connect\",error=\"ECONNREFUSED\","
			     "service=\"shop\"} 7");
	expect_line(&scrape, "twtrace_failures_total{kind=\"bind\",error=\"\",service=\"\"} 1");
	expect_line(&scrape, "twtrace_failures_total{kind=\"other\",error=\"other\","
			     "service=\"other\"} 4");
	scrape_end(&scrape);
	fake_model_free(model);
}

static void overflows_are_those_of_all_namespaces_while_traced(void **state)
{
	struct netns_facts facts[] = {
		{ .first = "@proc/net/netstat\nTcpExt: TW ListenOverflows\nTcpExt: 1 100\n",
		  .last = "@proc/net/netstat\nTcpExt: TW ListenOverflows\nTcpExt: 1 107\n" },
		{ .first = "@proc/net/netstat\nTcpExt: TW ListenOverflows\nTcpExt: 1 0\n",
		  .last = "@proc/net/netstat\nTcpExt: TW ListenOverflows\nTcpExt: 1 3\n" },
		{ .first = "@proc/net/netstat\nTcpExt: TW\nTcpExt: 1\n",
		  .last = "@proc/net/netstat\nTcpExt: TW\nTcpExt: 1\n" },
	};
	struct model *model = fake_busy_model();
	struct scrape scrape;

	(void)state;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	expect_none(&scrape, "twtrace_listen_overflows_total");
	model->facts = &facts[2];
	model->nr_facts = 1;
	scrape_text(&scrape, model);
	expect_none(&scrape, "twtrace_listen_overflows_total");
	model->facts = facts;
	model->nr_facts = 3;
	scrape_text(&scrape, model);
	expect_line(&scrape, "twtrace_listen_overflows_total 10");
	/* of the second one nothing is known any more */
	model->nr_facts = 1;
	scrape_text(&scrape, model);
	expect_line(&scrape, "twtrace_listen_overflows_total 10");
	facts[0].last = "@proc/net/netstat\nTcpExt: TW ListenOverflows\nTcpExt: 1 109\n";
	scrape_text(&scrape, model);
	expect_line(&scrape, "twtrace_listen_overflows_total 12");
	scrape_end(&scrape);
	fake_model_free(model);
}

static void what_the_kernel_counts_otherwise_is_shown(void **state)
{
	struct model *model = fake_busy_model();
	struct scrape scrape;

	(void)state;
	fake_audit(model, "host", -3, true);
	fake_audit(model, NULL, 2, true);
	fake_audit(model, "quiet", 0, true);
	model->loss[TW_LOSS_SKIPPED] = 2;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	/* one must not make up for the other */
	expect_line(&scrape, "twtrace_audit_error{figure=\"time_wait\"} 5");
	expect_line(&scrape, "twtrace_audit_drift{figure=\"time_wait\"} 15");
	expect_line(&scrape, "twtrace_audit_netns_error{netns=\"host\",figure=\"time_wait\"} -3");
	expect_line(&scrape,
		    "twtrace_audit_netns_error{netns=\"4026531841\",figure=\"time_wait\"} 2");
	expect_none(&scrape, "twtrace_audit_netns_error{netns=\"quiet\"");
	expect_line(&scrape, "twtrace_audit_namespaces{result=\"differ\"} 2");
	expect_line(&scrape, "twtrace_audit_namespaces{result=\"agree\"} 1");
	expect_line(&scrape, "twtrace_events_lost_total{cause=\"skipped\"} 2");
	scrape_end(&scrape);
	fake_model_free(model);
}

static void a_histogram_has_its_buckets_and_the_one_of_all(void **state)
{
	struct model *model = fake_busy_model();
	struct scrape scrape;

	(void)state;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	expect_line(&scrape, "# TYPE twtrace_connection_lifetime_seconds histogram");
	expect_line(&scrape, "twtrace_connection_lifetime_seconds_bucket{le=\"30.0\"} 0");
	expect_line(&scrape, "twtrace_connection_lifetime_seconds_bucket{le=\"60.0\"} 1234");
	expect_line(&scrape, "twtrace_connection_lifetime_seconds_bucket{le=\"+Inf\"} 1234");
	expect_line(&scrape, "twtrace_connection_lifetime_seconds_count 1234");
	expect_line(&scrape, "twtrace_connection_lifetime_seconds_sum 60910.24");
	scrape_end(&scrape);
	fake_model_free(model);
}

static void what_was_held_is_not_taken_back(void **state)
{
	static const char line[] = "twtrace_time_wait_held_seconds_total 283820.000000000";
	struct model *model = fake_busy_model();
	struct scrape scrape;

	(void)state;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	expect_line(&scrape, line);
	/* one has ended earlier than was thought */
	model->totals.held_ns -= 5 * SECOND;
	scrape_text(&scrape, model);
	expect_line(&scrape, line);
	scrape_end(&scrape);
	fake_model_free(model);
}

static void more(void *ctx, enum metrics_format format, FILE *out)
{
	fprintf(out, "# %s %d\n", (const char *)ctx, format);
}

static void openmetrics_names_families_and_units_and_ends(void **state)
{
	struct model *model = fake_busy_model();
	struct scrape scrape;
	size_t len;

	(void)state;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape.site.version = "1.2";
	scrape.site.self = (struct self_cost){ .cpu_ns = 1500000000, .resident_bytes = 4096 };
	scrape.site.more = more;
	scrape.site.ctx = "more";
	scrape_as(&scrape, model, METRICS_OPENMETRICS);
	expect_line(&scrape, "# TYPE twtrace_connections_opened counter");
	expect_line(&scrape, "# TYPE twtrace_build info");
	expect_line(&scrape, "twtrace_build_info{version=\"1.2\"} 1");
	expect_line(&scrape, "# TYPE twtrace_process_cpu_seconds counter");
	expect_line(&scrape, "# UNIT twtrace_process_cpu_seconds seconds");
	expect_line(&scrape, "twtrace_process_cpu_seconds_total 1.500000000");
	expect_line(&scrape, "twtrace_process_resident_memory_bytes 4096");
	expect_line(&scrape, "# more 1");
	len = strlen(scrape.text);
	assert_string_equal(scrape.text + len - 7, "\n# EOF\n");
	scrape_text(&scrape, model);
	expect_line(&scrape, "# TYPE twtrace_build_info gauge");
	expect_none(&scrape, "# UNIT");
	expect_none(&scrape, "# EOF");
	scrape_end(&scrape);
	fake_model_free(model);
}

static int compare_lines(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void no_series_comes_twice(void **state)
{
	/* an own range may be that of the namespace */
	static const struct budget budgets[] = {
		{ .level = BUDGET_HALF, .low = 32768, .high = 60999, .capacity = 28232 },
		{ .level = BUDGET_HALF,
		  .low = 32768,
		  .high = 60999,
		  .capacity = 28232,
		  .own_range = true },
	};
	struct model *model = fake_busy_model();
	char *lines[MAX_LINES] = { NULL }, *line, *rest;
	struct scrape scrape;
	size_t count = 0;

	(void)state;
	fake_audit(model, "host", -3, true);
	fake_audit(model, "host", -3, true);
	model->budgets = budgets;
	model->nr_budgets = 2;
	scrape_begin(&scrape, &METRICS_DEFAULTS);
	scrape_text(&scrape, model);
	for (line = strtok_r(scrape.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		assert_true(count < MAX_LINES);
		if (*line != '#')
			*strrchr(line, ' ') = '\0';
		lines[count++] = line;
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 1; i < count; i++)
		assert_string_not_equal(lines[i - 1], lines[i]);
	scrape_end(&scrape);
	fake_model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_series_by_service_port_and_role),
		cmocka_unit_test(what_pairs_had_before_they_were_folded_is_their_places),
		cmocka_unit_test(a_port_that_may_be_ephemeral_is_no_label),
		cmocka_unit_test(a_port_that_nobody_was_seen_to_connect_to_may_be_ephemeral),
		cmocka_unit_test(names_are_quoted_and_one_called_other_is_in_what_is),
		cmocka_unit_test(a_label_that_is_too_long_is_cut_between_characters),
		cmocka_unit_test(addresses_of_a_prefix_are_one_series),
		cmocka_unit_test(no_remote_has_a_label_where_none_may),
		cmocka_unit_test(what_is_not_known_has_no_series),
		cmocka_unit_test(budgets_are_known_as_far_as_they_are),
		cmocka_unit_test(leaks_are_counted_by_level_kind_and_service),
		cmocka_unit_test(leaks_of_many_services_are_a_bounded_set),
		cmocka_unit_test(failures_are_counted_by_kind_errno_and_service),
		cmocka_unit_test(overflows_are_those_of_all_namespaces_while_traced),
		cmocka_unit_test(what_the_kernel_counts_otherwise_is_shown),
		cmocka_unit_test(a_histogram_has_its_buckets_and_the_one_of_all),
		cmocka_unit_test(what_was_held_is_not_taken_back),
		cmocka_unit_test(openmetrics_names_families_and_units_and_ends),
		cmocka_unit_test(no_series_comes_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
