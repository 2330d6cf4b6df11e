// SPDX-License-Identifier: GPL-2.0-or-later
/* What `ports --what-if` prints of a replay. */
#include <errno.h>

#include "test_sink_fake.h"

#include "base/json.h"
#include "sink/whatif.h"

static struct whatif_use use_of(uint64_t failures, uint32_t peak)
{
	return (struct whatif_use){
		.connects = 6000,
		.failures = failures,
		.first_failure_ns = failures ? 50641 * MILLISECOND : TIME_UNKNOWN,
		.peak = peak,
		.end = peak - 1,
		.mean = peak / 2.0,
		.time_wait_peak = peak,
		.over_half_ns = failures ? 125 * SECOND : 0,
		.capacity = 2000,
	};
}

static struct whatif_path path_to(uint16_t port)
{
	struct whatif_path path = { .path = { .remote_port = port, .netns_ino = 4026531840 },
				    .netns_name = "host",
				    .service = "web.service",
				    .use = { use_of(968, 2000), use_of(900, 1990),
					     use_of(0, 622) } };

	fake_addr(path.path.local_addr, 10, 0, 0, 1);
	fake_addr(path.path.remote_addr, 10, 0, 0, 2);
	return path;
}

static struct whatif_result replayed(struct whatif_path *paths, size_t count)
{
	struct whatif_result result = {
		.from_ns = FAKE_READY,
		.to_ns = FAKE_READY + 150 * SECOND,
		.attempts = 6000,
		.stock = 3,
		.changed = true,
		.total = { use_of(968, 2000), use_of(900, 1990), use_of(0, 622) },
		.paths = paths,
		.nr_paths = count,
	};

	return result;
}

static const struct whatif_ask keepalive = { .asked = { "keepalive=4" }, .count = 1 };

static char *print(const struct model *model, const struct whatif_ask *ask, uint32_t width)
{
	struct sink_opts opts = { .what_if = ask, .width = width };
	char *text = NULL;
	size_t size = 0;

	opts.out = open_memstream(&text, &size);
	assert_non_null(opts.out);
	whatif_print(model, &opts);
	assert_int_equal(fclose(opts.out), 0);
	return text;
}

static void expect_in(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no \"%s\" in:\n%s", what, text);
}

static void each_run_is_a_row(void **state)
{
	struct whatif_path paths[] = { path_to(80) };
	struct whatif_result result = replayed(paths, 1);
	struct model *model = fake_model();
	char *text;

	(void)state;
	model->replayed = &result;
	text = print(model, &keepalive, 0);
	expect_in(
		text,
		"What if keepalive=4? 6,000 connect() calls over 2m30s are replayed, 3 ports were in "
		"use before.\n");
	expect_in(text,
		  "With keepalive=4, 0 of 6,000 connects would have failed for want of a port (968 "
		  "did).\n");
	expect_in(text, "\n10.0.0.2:80  10.0.0.1  host   observed     6,000      968     50.6s  "
			"2,000  1,000  1,999      2,000      2m05s  2,000\n");
	expect_in(text, "model        6,000      900     50.6s  1,990    995  1,989");
	expect_in(text,
		  "what if      6,000        0         -    622    311    621        622        "
		  "  -  2,000\n");
	expect_in(text,
		  "How well the model repeats what happened: 0.5 % off in ports used on average, "
		  "900 failures where\nthere were 968.\n");
	/* one destination needs no sum */
	assert_null(strstr(text, "\nall"));
	free(text);
	text = print(model, &keepalive, 80);
	expect_in(
		text,
		"TO           RUN       CONNECTS  NO PORT   PEAK   MEAN    END  OVER HALF     OF\n");
	free(text);
	fake_model_free(model);
}

static void several_destinations_have_a_sum_and_what_is_not_replayed_is_told(void **state)
{
	struct whatif_path paths[] = { path_to(80), path_to(81) };
	struct whatif_result result = replayed(paths, 2);
	struct whatif_ask ask = { .asked = { "tcp_rmem=1" },
				  .remarks = { "it is none" },
				  .count = 1 };
	struct model *model = fake_model();
	char *text;

	(void)state;
	result.changed = false;
	result.assumed = ASSUMED_RANGE;
	result.left_out = 7;
	result.told_in_sum = 12;
	result.binds_failed = 457;
	model->replayed = &result;
	text = print(model, &ask, 0);
	expect_in(text, "\nall ");
	expect_in(text, "\n10.0.0.2:81 ");
	assert_null(strstr(text, "what if  "));
	expect_in(text, "\ntcp_rmem=1: it is none.\n");
	expect_in(text, "ip_local_port_range was not told: the kernel's default is assumed.\n");
	expect_in(text, "no room for 7 more");
	expect_in(text, "12 state changes were told in sum");
	expect_in(text, "457 bind() calls got no port");
	free(text);
	fake_model_free(model);
}

static void what_changes_nothing_is_said_to(void **state)
{
	struct whatif_path paths[] = { path_to(80) };
	struct whatif_result result = replayed(paths, 1);
	struct model *model = fake_model();
	char *text;

	(void)state;
	model->replayed = &result;
	result.total[RUN_CHANGED] = result.total[RUN_BASELINE];
	text = print(model, &keepalive, 0);
	expect_in(text, "\nWith keepalive=4 nothing would have been different.\n");
	free(text);
	/* what is as it is: there is no other run */
	result.total[RUN_CHANGED] = (struct whatif_use){ 0 };
	result.changed = false;
	text = print(model, &keepalive, 0);
	expect_in(text, "\nWith keepalive=4 nothing would have been different.\n");
	free(text);
	fake_model_free(model);
}

static void a_model_that_does_not_fit_is_warned_of(void **state)
{
	static const struct {
		uint64_t failures;
		double mean;
		bool far;
	} cases[] = {
		{ 968, 1000, false }, { 930, 1000, false }, { 968, 960, false },
		{ 900, 1000, true },  { 968, 940, true },   { 0, 1000, true },
	};
	static const char said[] = "not to be relied on";
	struct whatif_path paths[] = { path_to(80) };
	struct model *model = fake_model();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct whatif_result result = replayed(paths, 1);
		char *text;

		result.total[RUN_BASELINE].failures = cases[i].failures;
		result.total[RUN_BASELINE].mean = cases[i].mean;
		model->replayed = &result;
		text = print(model, &keepalive, 0);
		if ((strstr(text, said) != NULL) != cases[i].far)
			fail_msg("case %zu: %s", i, text);
		free(text);
	}
	fake_model_free(model);
}

static char *what_if_json(const struct model *model, const struct sink_opts *opts)
{
	struct json *json = json_object();
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	json_add_what_if(json, "what_if", model, opts);
	json_write_line(json, out);
	json_free(json);
	fclose(out);
	return text;
}

static void nothing_to_replay_is_a_sentence_and_null(void **state)
{
	struct sink_opts opts = { .what_if = &keepalive };
	struct model *model = fake_model();
	char *text = print(model, &keepalive, 0);

	(void)state;
	assert_string_equal(text,
			    "What if: no connect() was seen, so there is nothing to replay.\n");
	free(text);
	text = what_if_json(model, &opts);
	assert_string_equal(text, "{\"what_if\":null}\n");
	free(text);
	fake_model_free(model);
}

static void what_is_not_known_is_null(void **state)
{
	struct whatif_path paths[] = { path_to(80) };
	struct whatif_result result = replayed(paths, 1);
	struct sink_opts opts = { .what_if = &keepalive };
	struct model *model = fake_model();
	char *text;

	(void)state;
	paths[0].service = NULL;
	result.changed = false;
	model->replayed = &result;
	text = what_if_json(model, &opts);
	expect_in(text, "\"settings\":[{\"setting\":\"keepalive=4\",\"remark\":null}]");
	expect_in(text, "\"service\":null");
	expect_in(text, "\"changed\":null");
	expect_in(text, "\"first_failure_s\":50.641");
	expect_in(text, "\"capacity\":null");
	/* none was told of, since none was seen */
	expect_in(text, "\"binds_failed\":null");
	free(text);
	fake_model_free(model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_run_is_a_row),
		cmocka_unit_test(several_destinations_have_a_sum_and_what_is_not_replayed_is_told),
		cmocka_unit_test(what_changes_nothing_is_said_to),
		cmocka_unit_test(a_model_that_does_not_fit_is_warned_of),
		cmocka_unit_test(nothing_to_replay_is_a_sentence_and_null),
		cmocka_unit_test(what_is_not_known_is_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
