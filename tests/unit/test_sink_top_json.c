/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `top` prints for machines, byte for byte: json, jsonl. */
#include "test_sink_fake.h"

static void json_is_the_document_of_the_contract(void **state)
{
	struct model *model = fake_busy_model();
	struct fake_output output;

	(void)state;
	fake_audit(model, "host", -3, true);
	fake_audit(model, NULL, 0, false);
	model->loss[TW_LOSS_SKIPPED] = 2;
	model->loss[TW_LOSS_MALFORMED] = 1;
	fake_output_init(&output);
	output.opts.limit = 1;
	fake_draw(&top_json_sink, &output, model, false, true);
	fake_output_expect_flat(
		&output,
		"{\"host\": \"web-1\",\"from\": \"2026-01-31T12:00:00.000000000Z\","
		"\"to\": \"2026-01-31T12:01:12.000000000Z\",\"rates_over_s\": 72.0,"
		"\"evidence\": \"inferred\",\"totals\": {\"connections\": 14808,"
		"\"opened\": 13574,\"closed\": 11106,\"closed_first\": 8638,\"failed\": 1234,"
		"\"resets\": 2468,\"time_wait_entered\": 14808,\"time_wait_refused\": 0,"
		"\"time_wait_expired\": 3702,\"time_wait_reused\": 1234,"
		"\"time_wait_other\": 1234,\"time_wait_reopened\": 0,\"time_wait_reset\": 1234,"
		"\"time_wait_destroyed\": 0,\"time_wait_purged\": 0,\"time_wait_unknown\": 0,"
		"\"fin_wait2_expired\": 1234,\"open\": 3702,\"syn_sent\": 0,\"syn_recv\": 0,"
		"\"established\": 2468,\"fin_wait1\": 0,\"fin_wait2\": 1234,"
		"\"fin_wait2_orphans\": 1234,\"close_wait\": 1234,\"last_ack\": 0,\"closing\": 0,"
		"\"time_wait\": 7404,\"lifetime_ms\": {\"p50\": 24680.0,\"p90\": 44424.0,"
		"\"p99\": 48866.4,\"max\": 49360.0},"
		"\"time_wait_residence_ms\": {\"p50\": 31367.0,\"p90\": 56460.6,"
		"\"p99\": 62106.66,\"max\": 62734.0},\"time_wait_held_s\": 283820.0,"
		"\"opened_per_s\": 188.528,\"closed_per_s\": 154.25,"
		"\"time_wait_entered_per_s\": 205.667},\"ports\": [{\"port\": 8077,"
		"\"role\": \"unknown\",\"connections\": 600,\"opened\": 550,\"closed\": 450,"
		"\"closed_first\": 350,\"failed\": 50,\"resets\": 100,\"time_wait_entered\": 600,"
		"\"time_wait_refused\": 0,\"time_wait_expired\": 150,\"time_wait_reused\": 50,"
		"\"time_wait_other\": 50,\"time_wait_reopened\": 0,\"time_wait_reset\": 50,"
		"\"time_wait_destroyed\": 0,\"time_wait_purged\": 0,\"time_wait_unknown\": 0,"
		"\"fin_wait2_expired\": 50,\"open\": 150,\"syn_sent\": 0,\"syn_recv\": 0,"
		"\"established\": 100,\"fin_wait1\": 0,\"fin_wait2\": 50,"
		"\"fin_wait2_orphans\": 50,\"close_wait\": 50,\"last_ack\": 0,\"closing\": 0,"
		"\"time_wait\": 300,\"lifetime_ms\": {\"p50\": 1000.0,\"p90\": 1800.0,"
		"\"p99\": 1980.0,\"max\": 2000.0},\"time_wait_residence_ms\": {\"p50\": 30775.0,"
		"\"p90\": 55395.0,\"p99\": 60934.5,\"max\": 61550.0},"
		"\"time_wait_held_s\": 11500.0,\"opened_per_s\": 7.639,\"closed_per_s\": 6.25,"
		"\"time_wait_entered_per_s\": 8.333}],"
		"\"remotes\": [{\"remote_addr\": \"10.1.3.200\",\"connections\": 360,"
		"\"opened\": 330,\"closed\": 270,\"closed_first\": 210,\"failed\": 30,"
		"\"resets\": 60,\"time_wait_entered\": 360,\"time_wait_refused\": 0,"
		"\"time_wait_expired\": 90,\"time_wait_reused\": 30,\"time_wait_other\": 30,"
		"\"time_wait_reopened\": 0,\"time_wait_reset\": 30,\"time_wait_destroyed\": 0,"
		"\"time_wait_purged\": 0,\"time_wait_unknown\": 0,\"fin_wait2_expired\": 30,"
		"\"open\": 90,\"syn_sent\": 0,\"syn_recv\": 0,\"established\": 60,"
		"\"fin_wait1\": 0,\"fin_wait2\": 30,\"fin_wait2_orphans\": 30,\"close_wait\": 30,"
		"\"last_ack\": 0,\"closing\": 0,\"time_wait\": 180,"
		"\"lifetime_ms\": {\"p50\": 600.0,\"p90\": 1080.0,\"p99\": 1188.0,"
		"\"max\": 1200.0},\"time_wait_residence_ms\": {\"p50\": 30765.0,\"p90\": 55377.0,"
		"\"p99\": 60914.7,\"max\": 61530.0},\"time_wait_held_s\": 6900.0,"
		"\"opened_per_s\": 4.583,\"closed_per_s\": 3.75,"
		"\"time_wait_entered_per_s\": 5.0},{\"remote_addr\": \"other\",\"folded\": 20311,"
		"\"connections\": 360,\"opened\": 330,\"closed\": 270,\"closed_first\": 210,"
		"\"failed\": 30,\"resets\": 60,\"time_wait_entered\": 360,"
		"\"time_wait_refused\": 0,\"time_wait_expired\": 90,\"time_wait_reused\": 30,"
		"\"time_wait_other\": 30,\"time_wait_reopened\": 0,\"time_wait_reset\": 30,"
		"\"time_wait_destroyed\": 0,\"time_wait_purged\": 0,\"time_wait_unknown\": 0,"
		"\"fin_wait2_expired\": 30,\"open\": 90,\"syn_sent\": 0,\"syn_recv\": 0,"
		"\"established\": 60,\"fin_wait1\": 0,\"fin_wait2\": 30,"
		"\"fin_wait2_orphans\": 30,\"close_wait\": 30,\"last_ack\": 0,\"closing\": 0,"
		"\"time_wait\": 180,\"lifetime_ms\": {\"p50\": 600.0,\"p90\": 1080.0,"
		"\"p99\": 1188.0,\"max\": 1200.0},\"time_wait_residence_ms\": {\"p50\": 30765.0,"
		"\"p90\": 55377.0,\"p99\": 60914.7,\"max\": 61530.0},"
		"\"time_wait_held_s\": 6900.0,\"opened_per_s\": 4.583,\"closed_per_s\": 3.75,"
		"\"time_wait_entered_per_s\": 5.0}],\"services\": [{\"service\": \"a\\\"b,"
		"c\\\\x0a\",\"connections\": 1248,\"opened\": 1144,\"closed\": 936,"
		"\"closed_first\": 728,\"failed\": 104,\"resets\": 208,"
		"\"time_wait_entered\": 1248,\"time_wait_refused\": 0,\"time_wait_expired\": 312,"
		"\"time_wait_reused\": 104,\"time_wait_other\": 104,\"time_wait_reopened\": 0,"
		"\"time_wait_reset\": 104,\"time_wait_destroyed\": 0,\"time_wait_purged\": 0,"
		"\"time_wait_unknown\": 0,\"fin_wait2_expired\": 104,\"open\": 312,"
		"\"syn_sent\": 0,\"syn_recv\": 0,\"established\": 208,\"fin_wait1\": 0,"
		"\"fin_wait2\": 104,\"fin_wait2_orphans\": 104,\"close_wait\": 104,"
		"\"last_ack\": 0,\"closing\": 0,\"time_wait\": 624,"
		"\"lifetime_ms\": {\"p50\": 2080.0,\"p90\": 3744.0,\"p99\": 4118.4,"
		"\"max\": 4160.0},\"time_wait_residence_ms\": {\"p50\": 30802.0,\"p90\": 55443.6,"
		"\"p99\": 60987.96,\"max\": 61604.0},\"time_wait_held_s\": 23920.0,"
		"\"opened_per_s\": 15.889,\"closed_per_s\": 13.0,"
		"\"time_wait_entered_per_s\": 17.333}],"
		"\"pairs\": [{\"service\": \"nginx.service\",\"port\": 443,\"role\": \"server\","
		"\"remote_addr\": \"2020:2020:2020:2020:2020:2020:2020:2020\","
		"\"connections\": 60,\"opened\": 55,\"closed\": 45,\"closed_first\": 35,"
		"\"failed\": 5,\"resets\": 10,\"time_wait_entered\": 60,\"time_wait_refused\": 0,"
		"\"time_wait_expired\": 15,\"time_wait_reused\": 5,\"time_wait_other\": 5,"
		"\"time_wait_reopened\": 0,\"time_wait_reset\": 5,\"time_wait_destroyed\": 0,"
		"\"time_wait_purged\": 0,\"time_wait_unknown\": 0,\"fin_wait2_expired\": 5,"
		"\"open\": 15,\"syn_sent\": 0,\"syn_recv\": 0,\"established\": 10,"
		"\"fin_wait1\": 0,\"fin_wait2\": 5,\"fin_wait2_orphans\": 5,\"close_wait\": 5,"
		"\"last_ack\": 0,\"closing\": 0,\"time_wait\": 30,"
		"\"lifetime_ms\": {\"p50\": 100.0,\"p90\": 180.0,\"p99\": 198.0,\"max\": 200.0},"
		"\"time_wait_residence_ms\": {\"p50\": 30752.5,\"p90\": 55354.5,"
		"\"p99\": 60889.95,\"max\": 61505.0},\"time_wait_held_s\": 1150.0,"
		"\"opened_per_s\": 0.764,\"closed_per_s\": 0.625,"
		"\"time_wait_entered_per_s\": 0.833}],\"failures\": [],\"loss\": {\"ring_full\": 0,\"skipped\": 2,"
		"\"no_memory\": 0,\"malformed\": 1,\"untold\": 0,"
		"\"spilled\": 0,\"output_full\": 0,\"left_out\": 0,\"total\": 3},"
		"\"audit\": [{\"netns\": 4026531840,\"name\": \"host\","
		"\"time\": \"2026-01-31T12:01:12.000000000Z\",\"time_wait\": {\"twtrace\": 1197,"
		"\"kernel\": 1200,\"drift\": -5,\"error\": -3},\"established\": {\"twtrace\": 70,"
		"\"kernel\": 70,\"drift\": 0,\"error\": 0},"
		"\"substate_time_wait\": {\"twtrace\": 70,\"kernel\": 70,\"drift\": 0,"
		"\"error\": 0},\"substate_fin_wait2\": {\"twtrace\": 70,\"kernel\": 70,"
		"\"drift\": 0,\"error\": 0},\"time_wait_entered\": {\"twtrace\": 70,"
		"\"kernel\": 70,\"drift\": 0,\"error\": 0},"
		"\"time_wait_expired\": {\"twtrace\": null,\"kernel\": null,\"drift\": null,"
		"\"error\": null},\"time_wait_refused\": {\"twtrace\": 70,\"kernel\": 70,"
		"\"drift\": 0,\"error\": 0},\"time_wait_reused\": {\"twtrace\": 70,"
		"\"kernel\": 70,\"drift\": 0,\"error\": 0}},{\"netns\": 4026531841,"
		"\"name\": null,\"time\": \"2026-01-31T12:01:12.000000000Z\","
		"\"time_wait\": {\"twtrace\": null,\"kernel\": null,\"drift\": null,"
		"\"error\": null},\"established\": {\"twtrace\": null,\"kernel\": null,"
		"\"drift\": null,\"error\": null},\"substate_time_wait\": {\"twtrace\": null,"
		"\"kernel\": null,\"drift\": null,\"error\": null},"
		"\"substate_fin_wait2\": {\"twtrace\": null,\"kernel\": null,\"drift\": null,"
		"\"error\": null},\"time_wait_entered\": {\"twtrace\": null,\"kernel\": null,"
		"\"drift\": null,\"error\": null},\"time_wait_expired\": {\"twtrace\": null,"
		"\"kernel\": null,\"drift\": null,\"error\": null},"
		"\"time_wait_refused\": {\"twtrace\": null,\"kernel\": null,\"drift\": null,"
		"\"error\": null},\"time_wait_reused\": {\"twtrace\": null,\"kernel\": null,"
		"\"drift\": null,\"error\": null}}]}");
	fake_model_free(model);
}

static void json_has_names_beside_addresses(void **state)
{
	struct model *model = fake_busy_model();
	struct fake_output output;
	char *pairs;

	(void)state;
	fake_output_init(&output);
	output.opts.names = fake_names();
	fake_draw(&top_jsonl_sink, &output, model, false, true);
	names_free(output.opts.names);
	fclose(output.opts.out);
	assert_non_null(strstr(output.text, "{\"remote_addr\":\"10.1.2.200\","
					    "\"remote_name\":\"db-1.example\",\"conn"));
	assert_non_null(strstr(output.text, "{\"remote_addr\":\"10.1.3.200\","
					    "\"remote_name\":null,\"conn"));
	pairs = strstr(output.text, "\"pairs\":[{");
	assert_non_null(pairs);
	assert_non_null(strstr(pairs, ":2020\",\"remote_name\":null,\"conn"));
	free(output.text);
	fake_model_free(model);
}

static void json_of_nothing_knows_nothing(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;

	(void)state;
	model->ready_ns = model->now_ns = 0;
	fake_output_init(&output);
	output.opts.host = NULL;
	fake_draw(&top_jsonl_sink, &output, model, false, true);
	fake_output_expect(
		&output,
		"{\"kind\":\"summary\",\"host\":null,\"from\":null,\"to\":null,"
		"\"rates_over_s\":null,\"evidence\":\"inferred\",\"totals\":{\"connections\":0,"
		"\"opened\":0,\"closed\":0,\"closed_first\":0,\"failed\":0,\"resets\":0,"
		"\"time_wait_entered\":0,\"time_wait_refused\":0,\"time_wait_expired\":0,"
		"\"time_wait_reused\":0,\"time_wait_other\":0,\"time_wait_reopened\":0,"
		"\"time_wait_reset\":0,\"time_wait_destroyed\":0,\"time_wait_purged\":0,"
		"\"time_wait_unknown\":0,\"fin_wait2_expired\":0,\"open\":0,\"syn_sent\":0,"
		"\"syn_recv\":0,\"established\":0,\"fin_wait1\":0,\"fin_wait2\":0,"
		"\"fin_wait2_orphans\":0,\"close_wait\":0,\"last_ack\":0,\"closing\":0,"
		"\"time_wait\":0,\"lifetime_ms\":{\"p50\":null,\"p90\":null,\"p99\":null,"
		"\"max\":null},\"time_wait_residence_ms\":{\"p50\":null,\"p90\":null,"
		"\"p99\":null,\"max\":null},\"time_wait_held_s\":0.0,\"opened_per_s\":null,"
		"\"closed_per_s\":null,\"time_wait_entered_per_s\":null},\"ports\":[],"
		"\"remotes\":[],\"services\":[],\"pairs\":[],\"failures\":[],\"loss\":{\"ring_full\":0,"
		"\"skipped\":0,\"no_memory\":0,\"malformed\":0,\"untold\":0,"
		"\"spilled\":0,\"output_full\":0,\"left_out\":0,\"total\":0},"
		"\"audit\":[]}\n");
	fake_model_free(model);
}

static void jsonl_rates_are_of_the_interval_and_at_the_end_of_it_all(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;
	char *summary;

	(void)state;
	model->now_ns = FAKE_READY + 10 * SECOND;
	model->interval_start_ns = FAKE_READY + 8 * SECOND;
	model->totals.count[FIELD_OPENED] = 50;
	model->totals.before[FIELD_OPENED] = 43;
	fake_output_init(&output);
	fake_draw(&top_jsonl_sink, &output, model, true, true);
	fclose(output.opts.out);
	summary = strchr(output.text, '\n');
	assert_non_null(summary);
	*summary++ = '\0';
	assert_ptr_equal(strstr(output.text, "{\"kind\":\"interval\","), output.text);
	assert_non_null(strstr(output.text, "\"rates_over_s\":2.0,"));
	assert_non_null(strstr(output.text, "\"opened_per_s\":3.5,"));
	assert_ptr_equal(strstr(summary, "{\"kind\":\"summary\","), summary);
	assert_non_null(strstr(summary, "\"rates_over_s\":10.0,"));
	assert_non_null(strstr(summary, "\"opened_per_s\":5.0,"));
	free(output.text);
	fake_model_free(model);
}

static void jsonl_rates_of_the_first_interval_begin_at_ready(void **state)
{
	struct model *model = fake_model();
	struct fake_output output;

	(void)state;
	model->now_ns = FAKE_READY + 4 * SECOND;
	model->totals.count[FIELD_CLOSED] = 1;
	fake_output_init(&output);
	fake_draw(&top_jsonl_sink, &output, model, true, false);
	fclose(output.opts.out);
	assert_non_null(strstr(output.text, "\"closed_per_s\":0.25,"));
	free(output.text);
	fake_model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_the_document_of_the_contract),
		cmocka_unit_test(json_has_names_beside_addresses),
		cmocka_unit_test(json_of_nothing_knows_nothing),
		cmocka_unit_test(jsonl_rates_are_of_the_interval_and_at_the_end_of_it_all),
		cmocka_unit_test(jsonl_rates_of_the_first_interval_begin_at_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
