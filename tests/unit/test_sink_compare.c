// SPDX-License-Identifier: GPL-2.0-or-later
/* In what two recordings differ besides their figures, and which services come first. */
#include "test_sink_fake.h"

#include <math.h>

#include "sink/compared.h"

#define SYSCTLS "@proc/sys/net/ipv4/"

struct pair {
	struct compared before, after;
	struct comparison comparison;
	char said[2048];
};

static void init_side(struct compared *side, const char *path)
{
	side->path = strdup(path);
	side->note.path = side->path;
	side->note.evidence = EVIDENCE_INFERRED;
	snprintf(side->host, sizeof(side->host), "web-1");
	snprintf(side->kernel, sizeof(side->kernel), "6.18");
	snprintf(side->program, sizeof(side->program), "0.1.0");
	snprintf(side->filters, sizeof(side->filters), "none");
	side->ready_ns = FAKE_READY;
	side->now_ns = FAKE_READY + 60 * SECOND;
	side->samples = samples_new();
	side->facts = calloc(4, sizeof(*side->facts));
	side->leaks = calloc(4, sizeof(*side->leaks));
}

static int open_pair(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	init_side(&pair->before, "before.twr");
	init_side(&pair->after, "after.twr");
	pair->comparison.side[SIDE_BEFORE] = &pair->before;
	pair->comparison.side[SIDE_AFTER] = &pair->after;
	*state = pair;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *pair = *state;

	compared_release(&pair->before);
	compared_release(&pair->after);
	free(pair);
	return 0;
}

static void add_facts(struct compared *side, const char *name, const char *text)
{
	side->facts[side->nr_facts++] = (struct compared_facts){
		.name = name ? strdup(name) : NULL,
		.text = strdup(text),
	};
}

static void add_leak(struct compared *side, const char *name)
{
	side->leaks[side->nr_leaks++] = (struct compared_leak){ strdup(name), "leak" };
}

static void hear_setting(void *ctx, const char *netns, const char *name, const char *before,
			 const char *after)
{
	struct pair *pair = ctx;
	size_t len = strlen(pair->said);

	snprintf(pair->said + len, sizeof(pair->said) - len, "%s %s: %s > %s; ",
		 netns ? netns : "-", name, before ? before : "(none)", after ? after : "(none)");
}

static void assert_settings(struct pair *pair, const char *expected)
{
	comparison_each_setting(&pair->comparison, hear_setting, pair);
	assert_string_equal(pair->said, expected);
}

static void hear_leak(void *ctx, const struct compared_leak *leak)
{
	struct pair *pair = ctx;

	strcat(pair->said, leak->name);
	strcat(pair->said, "; ");
}

static void a_setting_that_is_another_is_told_with_both_values(void **state)
{
	struct pair *pair = *state;

	add_facts(&pair->before, "host",
		  SYSCTLS "tcp_fin_timeout\n60\n" SYSCTLS "tcp_tw_reuse\n2\n" SYSCTLS
			  "ip_local_port_range\n32768\t60999\n");
	add_facts(&pair->after, "host",
		  SYSCTLS "tcp_fin_timeout\n5\n" SYSCTLS "tcp_tw_reuse\n2\n" SYSCTLS
			  "ip_local_port_range\n15000\t64999\n");
	assert_settings(pair, "host net.ipv4.tcp_fin_timeout: 60 > 5; "
			      "host net.ipv4.ip_local_port_range: 32768 60999 > 15000 64999; ");
}

static void what_only_one_has_is_told_as_not_there(void **state)
{
	struct pair *pair = *state;

	add_facts(&pair->before, "host", SYSCTLS "tcp_tw_recycle\n0\n" SYSCTLS "tcp_x\n1\n");
	add_facts(&pair->after, "host", SYSCTLS "tcp_x\n1\n" SYSCTLS "tcp_plb_enabled\n0\n");
	assert_settings(pair, "host net.ipv4.tcp_tw_recycle: 0 > (none); "
			      "host net.ipv4.tcp_plb_enabled: (none) > 0; ");
}

static void neither_layout_nor_what_counts_is_a_setting(void **state)
{
	struct pair *pair = *state;

	add_facts(&pair->before, NULL,
		  SYSCTLS "tcp_rmem\n4096\t131072\t6291456\n@proc/sys/fs/file-nr\n99 0 100\n"
			  "@proc/net/sockstat\nTCP: inuse 3\n");
	add_facts(&pair->after, NULL,
		  SYSCTLS "tcp_rmem\n4096 131072  6291456 \n@proc/sys/fs/file-nr\n200 0 100\n"
			  "@proc/net/sockstat\nTCP: inuse 4\n");
	assert_settings(pair, "");
}

static void namespaces_are_the_same_by_name_or_by_place(void **state)
{
	struct pair *pair = *state;

	add_facts(&pair->before, "blue", SYSCTLS "tcp_x\n1\n");
	add_facts(&pair->before, NULL, SYSCTLS "tcp_x\n2\n");
	add_facts(&pair->before, NULL, SYSCTLS "tcp_x\n3\n");
	add_facts(&pair->after, "green", SYSCTLS "tcp_x\n7\n");
	add_facts(&pair->after, NULL, SYSCTLS "tcp_x\n2\n");
	add_facts(&pair->after, NULL, SYSCTLS "tcp_x\n33\n");
	add_facts(&pair->after, "blue", SYSCTLS "tcp_x\n11\n");
	assert_settings(pair, "blue net.ipv4.tcp_x: 1 > 11; - net.ipv4.tcp_x: 3 > 33; ");
}

static void leaks_are_gained_and_lost_by_their_names(void **state)
{
	struct pair *pair = *state;

	add_leak(&pair->before, "close_wait: shop, on port 80");
	add_leak(&pair->before, "syn_sent: cart");
	add_leak(&pair->after, "close_wait: shop, on port 81");
	add_leak(&pair->after, "syn_sent: cart");
	comparison_each_leak(&pair->comparison, SIDE_AFTER, hear_leak, pair);
	assert_string_equal(pair->said, "close_wait: shop, on port 81; ");
	pair->said[0] = '\0';
	comparison_each_leak(&pair->comparison, SIDE_BEFORE, hear_leak, pair);
	assert_string_equal(pair->said, "close_wait: shop, on port 80; ");
}

static void like_recordings_have_no_caveat(void **state)
{
	struct pair *pair = *state;
	struct caveats caveats;

	/* a tenth is no other length */
	pair->after.now_ns -= 6 * SECOND;
	comparison_caveats(&pair->comparison, &caveats);
	assert_int_equal(caveats.count, 0);
}

/* Nine seconds of one load, and nine of another. */
static void add_step(struct samples *samples)
{
	for (unsigned int i = 0; i < 18; i++) {
		struct sample *sample = &samples->items[samples->count++];

		*sample = (struct sample){ .ns = SECOND, .looks = 1, .budget_peak = NAN };
		sample->counts.of[FIELD_OPENED] = i < 9 ? 10 + i : 91 + i;
	}
}

static void what_a_comparison_rests_on_is_told_where_it_differs(void **state)
{
	static const char *const expected[][2] = {
		{ "host", "web-1 before, web-2 after" },
		{ "kernel", "6.18 before, unknown after" },
		{ "program", "0.1.0 before, 0.2.0 after" },
		{ "evidence", "inferred before, timer after" },
		{ "filters", "none before, --port 80 after" },
		{ "length", "1m00s before, 53.0s after" },
		{ "loss", "0 events lost before, 1,234 after" },
		{ "steady",
		  "before is not: opened 14 a second in its first half, 104 in its second" },
		{ "steady",
		  "after is not: opened 14 a second in its first half, 104 in its second" },
		{ "complete", "after is not complete" },
	};
	struct pair *pair = *state;
	struct compared *after = &pair->after;
	struct caveats caveats;

	strcpy(after->host, "web-2");
	after->kernel[0] = '\0';
	strcpy(after->program, "0.2.0");
	after->note.evidence = EVIDENCE_TIMER;
	strcpy(after->filters, "--port 80");
	after->now_ns -= 7 * SECOND;
	after->lost = 1234;
	after->damaged = true;
	add_step(pair->before.samples);
	add_step(after->samples);
	comparison_caveats(&pair->comparison, &caveats);
	assert_int_equal(caveats.count, COMPARED_CAVEATS);
	for (size_t i = 0; i < caveats.count; i++) {
		assert_string_equal(caveats.what[i], expected[i][0]);
		assert_string_equal(caveats.text[i], expected[i][1]);
	}
}

/* Nine seconds of one service, whose connections each second are so many. */
static void add_service(struct samples *samples, const char *name, uint64_t opened)
{
	struct service_samples *service = calloc(1, sizeof(*service));

	service->name = strdup(name);
	samples->services[samples->nr_services++] = service;
	samples->count = 9;
	for (unsigned int i = 0; i < 9; i++) {
		samples->items[i].ns = SECOND;
		samples->items[i].looks = 1;
		service->now[i].of[FIELD_OPENED] = opened;
	}
}

static void services_that_changed_come_with_the_largest_change_first(void **state)
{
	static const struct {
		const char *name;
		uint64_t before, after;
	} rows[] = {
		{ "same", 10, 10 },
		{ "half", 20, 10 },
		{ "tenfold", 10, 100 },
		{ "also-half", 10, 20 },
	};
	static const char *const expected[] = { "gone", "new", "tenfold", "also-half", "half" };
	struct services_compared services;
	struct pair *pair = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		add_service(pair->before.samples, rows[i].name, rows[i].before);
		add_service(pair->after.samples, rows[i].name, rows[i].after);
	}
	add_service(pair->before.samples, "gone", 1);
	add_service(pair->after.samples, "new", 1);
	assert_int_equal(services_compare(&pair->comparison, &services), 0);
	assert_int_equal(services.count, sizeof(expected) / sizeof(expected[0]));
	assert_int_equal(services.same, 1);
	for (size_t i = 0; i < services.count; i++)
		assert_string_equal(services.items[i].service, expected[i]);
	services_compared_release(&services);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)
	const struct CMUnitTest tests[] = {
		TEST(a_setting_that_is_another_is_told_with_both_values),
		TEST(what_only_one_has_is_told_as_not_there),
		TEST(neither_layout_nor_what_counts_is_a_setting),
		TEST(namespaces_are_the_same_by_name_or_by_place),
		TEST(leaks_are_gained_and_lost_by_their_names),
		TEST(like_recordings_have_no_caveat),
		TEST(what_a_comparison_rests_on_is_told_where_it_differs),
		TEST(services_that_changed_come_with_the_largest_change_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
