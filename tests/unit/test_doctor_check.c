// SPDX-License-Identifier: GPL-2.0-or-later
/* A sysctl.conf line by line, also one that a web page has damaged. */
#include <errno.h>

#include "doctor_fixture.h"
#include "doctor/check.h"

#define REUSE "net.ipv4.tcp_tw_reuse"
#define FIN "net.ipv4.tcp_fin_timeout"

/* What stands there, and what is meant; NULL: nothing is set. */
static const struct {
	const char *why, *line, *setting, *value;
	bool repaired;
} lines[] = {
	{ "as it should be", "net.ipv4.tcp_tw_reuse = 1", REUSE, "1", false },
	{ "without blanks", "net.ipv4.tcp_tw_reuse=1", REUSE, "1", false },
	{ "with tabs", "\tnet.ipv4.tcp_rmem =\t4096\t87380  16777216 ", "net.ipv4.tcp_rmem",
	  "4096 87380 16777216", false },
	{ "sysctl.d's minus", "-net.ipv4.tcp_tw_reuse = 1", REUSE, "1", false },
	{ "a carriage return", "net.ipv4.tcp_tw_reuse = 1\r", REUSE, "1", false },
	{ "a blank inside the name", "net.ipv4.tcp_ tw_reuse = 1", REUSE, "1", true },
	{ "several", "net. ipv4 .tcp_tw _reuse=1", REUSE, "1", true },
	{ "slashes", "net/ipv4/tcp_tw_reuse = 1", REUSE, "1", true },
	{ "capitals", "NET.IPv4.TCP_TW_REUSE = 1", REUSE, "1", true },
	{ "quotes", "net.ipv4.tcp_tw_reuse = \"1\"", REUSE, "1", true },
	{ "typographic quotes",
	  "net.ipv4.tcp_tw_reuse = \xe2\x80\x9c"
	  "1\xe2\x80\x9d",
	  REUSE, "1", true },
	{ "an en dash between",
	  "net.ipv4.ip_local_port_range = 15000\xe2\x80\x93"
	  "64999",
	  "net.ipv4.ip_local_port_range", "15000 64999", true },
	{ "a command", "$ sudo sysctl -w net.ipv4.tcp_tw_reuse=1", REUSE, "1", true },
	{ "a command of root", "# sysctl -w net.ipv4.tcp_tw_reuse=1", REUSE, "1", true },
	{ "echo", "echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse", REUSE, "1", true },
	{ "echo and tee",
	  "$ echo \"15000 64999\" | sudo tee /proc/sys/net/ipv4/ip_local_port_range",
	  "net.ipv4.ip_local_port_range", "15000 64999", true },
	{ "a semicolon", "net.ipv4.tcp_tw_reuse = 1;", REUSE, "1", true },
	{ "a full stop", "net.ipv4.tcp_tw_reuse = 1.", REUSE, "1", true },
	{ "a comment behind it", "net.ipv4.tcp_tw_reuse = 1 # faster", REUSE, "1", true },
	{ "an entity", "net.ipv4.tcp_tw_reuse&nbsp;=&nbsp;1", REUSE, "1", true },
	{ "a no-break space",
	  "net.ipv4.tcp_tw_reuse\xc2\xa0=\xc2\xa0"
	  "1",
	  REUSE, "1", true },
	{ "a zero width space", "net.ipv4.\xe2\x80\x8btcp_tw_reuse = 1", REUSE, "1", true },
	{ "no sign", "net.ipv4.tcp_tw_reuse 1", REUSE, "1", true },
	{ "a colon", "net.ipv4.tcp_tw_reuse: 1", REUSE, "1", true },
	{ "two signs", "net.ipv4.tcp_tw_reuse == 1", REUSE, "1", true },
	{ "a unit", "net.ipv4.tcp_fin_timeout = 30s", FIN, "30", true },
	{ "a word for it", "net.ipv4.tcp_fin_timeout = 30 seconds", FIN, "30", true },
	{ "thousands", "net.ipv4.tcp_max_tw_buckets = 200,000", "net.ipv4.tcp_max_tw_buckets",
	  "200000", true },
	{ "half a name", "tcp_fin_timeout = 5", FIN, "5", true },
	{ "a typing error", "net.ipv4.tcp_tw_resue = 1", REUSE, "1", true },
	{ "ports keep their commas", "net.ipv4.ip_local_reserved_ports = 8080,9000-9010",
	  "net.ipv4.ip_local_reserved_ports", "8080,9000-9010", false },
	{ "another one", "net.ipv4.tcp_magic = 1", "net.ipv4.tcp_magic", "1", false },
	{ "no value", "net.ipv4.tcp_tw_reuse", REUSE, NULL, false },
	{ "no value either", "net.ipv4.tcp_tw_reuse =", REUSE, NULL, false },
	{ "a comment", "# net.ipv4.tcp_tw_reuse = 1", NULL, NULL, false },
	{ "the other comment", "; net.ipv4.tcp_tw_reuse = 1", NULL, NULL, false },
	{ "blank", "  \t", NULL, NULL, false },
	{ "prose", "Then load the settings again", NULL, NULL, false },
	{ "an invalid byte", "\xff\xfe", NULL, NULL, false },
};

static bool same(const char *one, const char *two)
{
	return one && two ? !strcmp(one, two) : one == two;
}

static void what_was_meant_is_found(void **state)
{
	struct chart chart;

	(void)state;
	chart_facts(&chart, NULL, "");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct error err = { 0 };
		struct check check;

		assert_int_equal(
			check_text(&chart, lines[i].line, strlen(lines[i].line), &check, &err), 0);
		if (check.count != 1 || !same(check.rows[0].setting, lines[i].setting) ||
		    !same(check.rows[0].value, lines[i].value) ||
		    !check.rows[0].meant != !lines[i].repaired)
			fail_msg("%s: '%s' is %zu settings: %s, %s, meant %s", lines[i].why,
				 lines[i].line, check.count, check.rows[0].setting,
				 check.rows[0].value, check.rows[0].meant);
		check_release(&check);
	}
	chart_facts_release(&chart);
}

static void settings_that_run_together_come_apart(void **state)
{
	static const char *const runs[] = {
		"net.ipv4.tcp_fin_timeout=30net.ipv4.tcp_tw_reuse=1",
		"net.ipv4.tcp_fin_timeout = 30 net.ipv4.tcp_tw_reuse = 1",
		"net.ipv4.tcp_fin_timeout 30 net.ipv4.tcp_tw_reuse 1",
		"net.ipv4.tcp_fin_timeout=30;net.ipv4.tcp_tw_reuse=1;",
		"sysctl -w net.ipv4.tcp_fin_timeout=30 && sysctl -w net.ipv4.tcp_tw_reuse=1",
		"Set net.ipv4.tcp_fin_timeout=30, net.ipv4.tcp_tw_reuse=1.",
	};
	struct chart chart;

	(void)state;
	chart_facts(&chart, NULL, "");
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct error err = { 0 };
		struct check check;

		assert_int_equal(check_text(&chart, runs[i], strlen(runs[i]), &check, &err), 0);
		if (check.count != 2 || !same(check.rows[0].meant, FIN " = 30") ||
		    !same(check.rows[1].meant, REUSE " = 1"))
			fail_msg("'%s' is %zu settings, the first '%s'", runs[i], check.count,
				 check.rows[0].meant);
		assert_int_equal(check.rows[1].line, 1);
		check_release(&check);
	}
	chart_facts_release(&chart);
}

static void no_line_is_lost(void **state)
{
	static const char text[] = "# one\n\nnet.ipv4.tcp_tw_reuse = 1\nfour\n\n\nkernel.x = 7";
	struct error err = { 0 };
	struct chart chart;
	struct check check;

	(void)state;
	chart_facts(&chart, NULL, "");
	assert_int_equal(check_text(&chart, text, strlen(text), &check, &err), 0);
	assert_int_equal(check.count, 7);
	for (unsigned int i = 0; i < 7; i++)
		assert_int_equal(check.rows[i].line, i + 1);
	assert_string_equal(check.rows[3].text, "four");
	assert_string_equal(check.rows[6].setting, "kernel.x");
	assert_false(check_has_wrong(&check));
	check_release(&check);
	chart_facts_release(&chart);
}

static void what_is_no_text_is_refused_in_one_sentence(void **state)
{
	char *large = calloc(1, CHECK_SIZE + 1);
	struct error err = { 0 };
	struct chart chart;
	struct check check;

	(void)state;
	chart_facts(&chart, NULL, "");
	assert_int_equal(check_text(&chart, "net\0.ipv4", 9, &check, &err), -EINVAL);
	assert_true(strstr(err.text, "1 bytes of it are no text") != NULL);
	memset(large, '\n', CHECK_SIZE + 1);
	assert_int_equal(check_text(&chart, large, CHECK_SIZE + 1, &check, &err), -EINVAL);
	assert_true(strstr(err.text, "more than 256 KiB") != NULL);
	assert_int_equal(check_text(&chart, large, CHECK_SIZE, &check, &err), 0);
	assert_int_equal(check.count, CHECK_SIZE);
	check_release(&check);
	assert_int_equal(check_text(&chart, "", 0, &check, &err), 0);
	assert_int_equal(check.count, 0);
	free(large);
	chart_facts_release(&chart);
}

/* Bytes of every kind, and lines longer than any buffer. */
static void odd_lines_do_no_harm(void **state)
{
	static const char *const odd[] = { "=",
					   "==",
					   "=1",
					   ".",
					   "net.",
					   "net.=",
					   "net./=1",
					   "-",
					   "- ",
					   "echo",
					   "echo > /proc/sys/",
					   "echo /proc/sys/net",
					   ";;;&&",
					   "&nbsp;",
					   "#",
					   "$ ",
					   "sudo",
					   "net.net.net.net.net=1",
					   "net. net. net.",
					   "\"\"",
					   "net.ipv4.tcp_rmem=,,,",
					   "x:y:z" };
	char line[20001];
	struct error err = { 0 };
	struct chart chart;
	struct check check;

	(void)state;
	chart_facts(&chart, NULL, "");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assert_int_equal(check_text(&chart, odd[i], strlen(odd[i]), &check, &err), 0);
		assert_true(check.count >= 1);
		check_release(&check);
		line[0] = '\0';
		while (strlen(line) + strlen(odd[i]) < sizeof(line))
			strcat(line, odd[i]);
		assert_int_equal(check_text(&chart, line, strlen(line), &check, &err), 0);
		assert_true(check.count >= 1);
		check_release(&check);
	}
	chart_facts_release(&chart);
}

static void what_is_wrong_or_dangerous_or_gone_is_found(void **state)
{
	static const struct {
		const char *line;
		bool wrong;
	} rows[] = {
		{ "net.ipv4.tcp_tw_recycle = 1", true },  { "net.ipv4.tcp_timestamps = 0", true },
		{ "net.ipv4.tcp_fin_timeout = 5", true }, { "net.ipv4.tcp_tw_reuse = 2", false },
		{ "vm.swappiness = 10", false },	  { "", false },
	};
	struct chart chart;

	(void)state;
	chart_facts(&chart, NULL, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };
		struct check check;

		assert_int_equal(
			check_text(&chart, rows[i].line, strlen(rows[i].line), &check, &err), 0);
		assert_int_equal(check_has_wrong(&check), rows[i].wrong);
		check_release(&check);
	}
	chart_facts_release(&chart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_meant_is_found),
		cmocka_unit_test(settings_that_run_together_come_apart),
		cmocka_unit_test(no_line_is_lost),
		cmocka_unit_test(what_is_no_text_is_refused_in_one_sentence),
		cmocka_unit_test(odd_lines_do_no_harm),
		cmocka_unit_test(what_is_wrong_or_dangerous_or_gone_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
