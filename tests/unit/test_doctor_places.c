// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a finding is of: which namespace is judged, by whose listener, and with which command. */
#include "doctor_fixture.h"
#include "doctor/sysctl_conf.h"

/* A name comes from a file that whoever made: no shell may be told it as it stands. */
static void a_command_enters_its_own_namespace_and_does_nothing_else(void **state)
{
	static const struct {
		const char *name;
		uint32_t ino;
		bool is_host;
		const char *before;	/* NULL: there is no command */
	} rows[] = {
		{ "host", 7, true, "" },
		{ "shop-1.db_2", 8, false, "ip netns exec shop-1.db_2 " },
		{ "x;id", 8, false, "nsenter -n -t \"$(lsns -nt net -o NS,PID | awk '$1 == 8 " },
		{ "a b", 8, false, "nsenter" },
		{ "$(id)", 8, false, "nsenter" },
		{ "-n", 8, false, "nsenter" },
		{ NULL, 8, false, "nsenter" },
		{ "x;id", 0, false, NULL },
		{ NULL, 0, false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct finding *finding;
		struct diagnosis diagnosis;
		const char *command;
		struct chart chart;

		chart_facts(&chart, NULL, "net.ipv4.tcp_timestamps 0");
		chart.sites[0].name = rows[i].name;
		chart.sites[0].ino = rows[i].ino;
		chart.sites[0].is_host = rows[i].is_host;
		assert_int_equal(diagnose(&chart, &diagnosis), 0);
		finding = find_finding(&diagnosis, "timestamps_off");
		assert_non_null(finding);
		command = finding->places[0].command;
		if (rows[i].before ?
			    strncmp(command, rows[i].before, strlen(rows[i].before)) ||
				    !strstr(command, "sysctl -w net.ipv4.tcp_timestamps='1'") :
			    command[0])
			fail_msg("%s: %s", rows[i].name ? rows[i].name : "NULL", command);
		diagnosis_release(&diagnosis);
		chart_facts_release(&chart);
	}
}

/* One that is asked for: the others are silent, and what is of all is read at the host's own. */
static void a_namespace_that_is_asked_for_is_judged_alone(void **state)
{
	struct site site = { .ino = 8, .cookie = 8 };
	const struct finding *finding;
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	chart_facts(&chart, NULL, "net.ipv4.tcp_timestamps 0; fs.file-nr 99999 0 100000");
	site.now = facts_but("net.ipv4.tcp_fin_timeout 70; -net.ipv4.tcp_max_orphans");
	assert_int_equal(chart_add_site(&chart, &site), 0);
	chart_keep(&chart, 8);
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	assert_non_null(find_finding(&diagnosis, "files"));
	assert_null(find_finding(&diagnosis, "timestamps_off"));
	finding = find_finding(&diagnosis, "fin_timeout_quirk");
	assert_true(finding && finding->nr_places == 1 && finding->places[0].netns_ino == 8);
	assert_null(find_unjudged(&diagnosis, "orphans"));
	assert_int_equal(chart_main_site(&chart)->ino, 8);
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

static void what_another_namespace_does_not_show_is_no_fault_of_the_host(void **state)
{
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	chart_facts(&chart, NULL, "-net.ipv4.tcp_max_orphans");
	chart.sites[0].is_host = false;
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	assert_string_equal(
		find_unjudged(&diagnosis, "orphans")->reason,
		"net.ipv4.tcp_max_orphans is shown in the host's own network namespace only");
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

/* Only the first namespace may write it. */
static void a_bound_of_all_namespaces_is_proposed_at_the_hosts_own(void **state)
{
	(void)state;
	for (int is_host = 0; is_host < 2; is_host++) {
		const struct finding *finding;
		struct diagnosis diagnosis;
		struct chart chart;

		chart_facts(&chart, NULL, "net.netfilter.nf_conntrack_count 250000");
		chart.sites[0].is_host = is_host;
		assert_int_equal(diagnose(&chart, &diagnosis), 0);
		finding = find_finding(&diagnosis, "conntrack_full");
		assert_true(finding && finding->nr_settings == (unsigned int)is_host);
		diagnosis_release(&diagnosis);
		chart_facts_release(&chart);
	}
}

/* Of this namespace, of this recording, and a queue; somaxconn where that has cut its backlog. */
static void an_overflow_is_told_with_the_listener_that_it_is_of(void **state)
{
	static const struct {
		const char *why;
		struct verdict verdict;
		const char *listener, *value;	/* NULL: none is told; none is proposed */
	} rows[] = {
		{ "cut",
		  { .kind = LEAK_ACCEPT_QUEUE, .netns_cookie = COOKIE, .limit = 4096 },
		  "web, port 80",
		  "8192" },
		{ "asked for less",
		  { .kind = LEAK_ACCEPT_QUEUE, .netns_cookie = COOKIE, .limit = 5 },
		  "web, port 80",
		  NULL },
		{ "has more",
		  { .kind = LEAK_ACCEPT_QUEUE, .netns_cookie = COOKIE, .limit = 9000 },
		  "web, port 80",
		  NULL },
		{ "elsewhere",
		  { .kind = LEAK_ACCEPT_QUEUE, .netns_cookie = 1, .limit = 4096 },
		  NULL,
		  NULL },
		{ "another recording",
		  { .kind = LEAK_ACCEPT_QUEUE, .netns_cookie = COOKIE, .source = 1, .limit = 4096 },
		  NULL,
		  NULL },
		{ "no queue",
		  { .kind = LEAK_CLOSE_WAIT, .netns_cookie = COOKIE, .limit = 4096 },
		  NULL,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct verdict verdict = rows[i].verdict;
		const struct finding *finding;
		struct diagnosis diagnosis;
		const char *listener = NULL;
		struct chart chart;

		verdict.service = "web";
		verdict.local_port = 80;
		chart_facts(&chart, "", "TcpExt:ListenOverflows 2");
		chart.traced = true;
		chart.verdicts = &verdict;
		chart.nr_verdicts = 1;
		assert_int_equal(diagnose(&chart, &diagnosis), 0);
		finding = find_finding(&diagnosis, "accept_overflow");
		assert_non_null(finding);
		for (unsigned int j = 0; j < finding->nr_proofs; j++)
			if (!strcmp(finding->proofs[j].what, "listener"))
				listener = finding->proofs[j].text;
		if (!listener != !rows[i].listener ||
		    (listener && strcmp(listener, rows[i].listener)) ||
		    !finding->nr_settings != !rows[i].value ||
		    (rows[i].value && strcmp(finding->settings[0].value, rows[i].value)))
			fail_msg("%s: %s '%s'", rows[i].why, listener ? listener : "none",
				 finding->settings[0].value);
		diagnosis_release(&diagnosis);
		chart_facts_release(&chart);
	}
}

/* A setting that is so already is no line, and the worst finding's word on one counts. */
static void the_fragment_has_no_line_that_changes_nothing(void **state)
{
	static struct finding findings[] = {
		{ .settings = { { "net.ipv4.tcp_tw_reuse", "1", "1" } } },
		{ .settings = { { "net.ipv4.tcp_timestamps", "1", "0" } } },
		{ .settings = { { "net.ipv4.tcp_timestamps", "2", "0" } } },
	};
	struct diagnosis diagnosis = { .findings = findings, .nr_findings = 3 };
	struct conf_line lines[4];
	size_t elsewhere;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		findings[i].nr_settings = 1;
		findings[i].nr_places = 1;
		findings[i].places[0].is_host = true;
	}
	assert_int_equal(sysctl_conf(&diagnosis, lines, 4, &elsewhere), 1);
	assert_string_equal(lines[0].setting->value, "1");
	assert_string_equal(lines[0].setting->name, "net.ipv4.tcp_timestamps");
	assert_int_equal(elsewhere, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_enters_its_own_namespace_and_does_nothing_else),
		cmocka_unit_test(a_namespace_that_is_asked_for_is_judged_alone),
		cmocka_unit_test(what_another_namespace_does_not_show_is_no_fault_of_the_host),
		cmocka_unit_test(a_bound_of_all_namespaces_is_proposed_at_the_hosts_own),
		cmocka_unit_test(an_overflow_is_told_with_the_listener_that_it_is_of),
		cmocka_unit_test(the_fragment_has_no_line_that_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
