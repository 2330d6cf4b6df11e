// SPDX-License-Identifier: GPL-2.0-or-later
/* A sysctl.conf line by line, also one that a web page has damaged. */
#include <errno.h>

#include "doctor_fixture.h"
#include "doctor/check.h"

#define REUSE "net.ipv4.tcp_tw_reuse"
#define FIN "net.ipv4.tcp_fin_timeout"
#define RANGE "net.ipv4.ip_local_port_range"
#define DELAY "net.ipv4.tcp_tw_reuse_delay"
#define RESERVED "net.ipv4.ip_local_reserved_ports"

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
	{ "slashes, which sysctl(8) takes", "net/ipv4/tcp_tw_reuse = 1", REUSE, "1", false },
	{ "slashes and dots", "net.ipv4/tcp_tw_reuse = 1", REUSE, "1", true },
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
	{ "thousands of two numbers", RANGE " = 15,000 64,999", RANGE, "15000 64999", true },
	{ "a comma between two", RANGE " = 15000,64999", RANGE, "15000 64999", true },
	{ "a comma that is none of thousands", RANGE " = 15000,649", RANGE, "15000 649", true },
	{ "a dash with nothing behind it", RANGE " = 15000-", RANGE, "15000-", false },
	{ "another protocol", "net.ipv4.ucp_tw_reuse = 1", "net.ipv4.ucp_tw_reuse", "1", false },
	{ "a dash and blanks between two", RANGE " = 15000 - 64999", RANGE, "15000 64999", true },
	{ "neither prefix nor sign", "ip_local_port_range 15000 64999", RANGE, "15000 64999",
	  true },
	{ "half a name in prose", "tcp_fin_timeout is what it is", NULL, NULL, false },
	{ "half a name with a typing error", "tcp_fin_timout = 5", FIN, "5", true },
	{ "another unit than the sysctl's", FIN " = 30ms", FIN, "30ms", false },
	{ "another unit than the sysctl's", DELAY " = 1s", DELAY, "1s", false },
	{ "its own unit", DELAY " = 500 ms", DELAY, "500", true },
	{ "a unit of nothing", "net.core.somaxconn = 200s", "net.core.somaxconn", "200s", false },
	{ "a factor", "net.core.somaxconn = 200K", "net.core.somaxconn", "200K", false },
	{ "an exponent", "net.core.somaxconn = 1e6", "net.core.somaxconn", "1e6", false },
	{ "words behind it", REUSE " = 1 or 2", REUSE, "1 or 2", false },
	{ "a remark", REUSE " = 1 (do not use)", REUSE, "1", true },
	{ "a dash for the sign", "net.ipv4.tcp_timestamps \xe2\x80\x93 0",
	  "net.ipv4.tcp_timestamps", "0", true },
	{ "tags", "<li><code class=\"x\">" REUSE " = 1</code></li>", REUSE, "1", true },
	{ "tags of another kind", "<PRE>" REUSE "=1</PRE>", REUSE, "1", true },
	{ "a real name", "net.ipv4.udp_mem = 1 2 3", "net.ipv4.udp_mem", "1 2 3", false },
	{ "a real name", "net.ipv4.tcp_fack = 1", "net.ipv4.tcp_fack", "1", false },
	{ "a real name", "net.ipv4.tcp_dsack = 0", "net.ipv4.tcp_dsack", "0", false },
	{ "a typing error in the prefix", "net.ipv4.udp_tw_reuse = 1", "net.ipv4.udp_tw_reuse", "1",
	  false },
	{ "a typing error in the parent", "net.ipv6.tcp_tw_reuse = 1", "net.ipv6.tcp_tw_reuse", "1",
	  false },
	{ "two typing errors", "net.ipv4.tcp_tw_resuse2 = 1", "net.ipv4.tcp_tw_resuse2", "1",
	  false },
	{ "what may be two", "net.ipv4.tcp_retries3 = 1", "net.ipv4.tcp_retries3", "1", false },
	{ "dashes for underscores", "net.ipv4.tcp-tw-reuse = 1", REUSE, "1", true },
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
	assert_true(strstr(err.text, "line 1, byte 4: 0x00 is no text") != NULL);
	assert_int_equal(check_text(&chart, "a = 1\n\n b\x1b", 10, &check, &err), -EINVAL);
	assert_true(strstr(err.text, "line 3, byte 3: 0x1b is no text") != NULL);
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

static void no_setting_is_lost_however_many_or_far_behind(void **state)
{
	enum { SETTINGS = 40, FAR = 9000 };
	struct error err = { 0 };
	struct chart chart;
	struct check check;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	for (unsigned int i = 0; i < SETTINGS; i++)
		fprintf(file, FIN "=%u ", i + 61);
	fprintf(file, "%*s" REUSE "=1", FAR, "");
	fclose(file);
	chart_facts(&chart, NULL, "");
	assert_int_equal(check_text(&chart, text, size, &check, &err), 0);
	assert_int_equal(check.count, SETTINGS + 1);
	assert_string_equal(check.rows[SETTINGS - 1].value, "100");
	assert_string_equal(check.rows[SETTINGS].setting, REUSE);
	assert_string_equal(check.rows[SETTINGS].value, "1");
	check_release(&check);
	free(text);
	chart_facts_release(&chart);
}

static void a_value_longer_than_any_is_not_judged(void **state)
{
	struct error err = { 0 };
	struct chart chart;
	struct check check;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	fputs(RESERVED " = 8080", file);
	for (unsigned int i = 0; i < 2000; i++)
		fputs(",8080", file);
	fclose(file);
	chart_facts(&chart, NULL, "");
	assert_int_equal(check_text(&chart, text, size, &check, &err), 0);
	assert_int_equal(check.count, 1);
	assert_int_equal(check.rows[0].verdict, OPINION_NONE);
	assert_string_equal(check.rows[0].reason,
			    "Its value has more than 4095 bytes: not judged.");
	assert_null(check.rows[0].meant);
	check_release(&check);
	free(text);
	chart_facts_release(&chart);
}

/* The verdict on a line, and a part of its reason. */
static const struct {
	const char *changes, *line;
	enum opinion verdict;
	const char *reason;
} verdicts[] = {
	{ "", RESERVED " = hello", OPINION_FALSE, "'hello' is no list of ports" },
	{ "", RESERVED " = 99999", OPINION_FALSE, "'99999' is no list of ports" },
	{ "", RESERVED " = 8080, 9000", OPINION_FALSE, "no blanks between" },
	{ "", RESERVED " = 9000-8000", OPINION_FALSE, "no list" },
	{ "", RESERVED " = 8080,9000-9010", OPINION_IRRELEVANT,
	  "in ip_local_port_range (32768 to 60999)" },
	{ "", RESERVED " = 32768-60999", OPINION_DANGEROUS, "28232 of the 28232 ports" },
	{ "", RESERVED " = 40000-54115", OPINION_DANGEROUS, "14116 of the 28232 ports" },
	{ "", RESERVED " = 40000-54114", OPINION_IRRELEVANT, "It keeps ports from connect()" },
	{ "", FIN " = 62", OPINION_FALSE, "FIN_WAIT2 for 4 s, because" },
	{ "", FIN " = 120", OPINION_FALSE, "FIN_WAIT2 for 120 s, which holds" },
	{ "", FIN " = 150", OPINION_FALSE, "FIN_WAIT2 for 180 s, because" },
	{ "-sockstat:TCP:tw", "net.ipv4.tcp_max_tw_buckets = 100", OPINION_DANGEROUS,
	  "(131072 now; how many there are is not known)" },
	{ "sockstat:TCP:tw 7", "net.ipv4.tcp_max_tw_buckets = 100", OPINION_DANGEROUS,
	  "It lowers the bound (131072 now, and 7 are there)" },
	{ "-sockstat:TCP:orphan", "net.ipv4.tcp_max_orphans = 100", OPINION_DANGEROUS,
	  "(65536 now; how many there are is not known)" },
	{ "sockstat:TCP:orphan 50000", "net.ipv4.tcp_max_orphans = 70000", OPINION_DANGEROUS,
	  "It is too low a bound (65536 now, and 50000 are there)" },
	{ "-sockstat:TCP:orphan; TcpExt:TCPAbortOnMemory 3", "net.ipv4.tcp_max_orphans = 70000",
	  OPINION_TRUE, "how many there are now is not known" },
};

static void values_are_judged_by_what_they_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		const char *line = verdicts[i].line;
		struct error err = { 0 };
		struct chart chart;
		struct check check;

		chart_facts(&chart, NULL, verdicts[i].changes);
		assert_int_equal(check_text(&chart, line, strlen(line), &check, &err), 0);
		assert_int_equal(check.count, 1);
		if (check.rows[0].verdict != verdicts[i].verdict ||
		    !strstr(check.rows[0].reason, verdicts[i].reason))
			fail_msg("'%s' at '%s': %u, %s", line, verdicts[i].changes,
				 check.rows[0].verdict, check.rows[0].reason);
		check_release(&check);
		chart_facts_release(&chart);
	}
}

/* What is printed comes from here, and JSON is UTF-8. */
static void bytes_that_are_no_text_are_shown_as_such(void **state)
{
	static const char line[] = REUSE " = \"1\xff\xc3\"";
	struct error err = { 0 };
	struct chart chart;
	struct check check;

	(void)state;
	chart_facts(&chart, NULL, "");
	assert_int_equal(check_text(&chart, line, strlen(line), &check, &err), 0);
	assert_string_equal(check.rows[0].value, "1\\xff\\xc3");
	assert_string_equal(check.rows[0].meant, REUSE " = 1\\xff\\xc3");
	assert_non_null(strstr(check.rows[0].reason, "'1\\xff\\xc3' is no value"));
	check_release(&check);
	chart_facts_release(&chart);
}

static void a_reason_never_cuts_a_character(void **state)
{
	struct error err = { 0 };
	struct chart chart;
	struct check check;
	char line[300] = REUSE " = x";

	(void)state;
	for (unsigned int i = 0; i < 40; i++)
		strcat(line, "\xc3\xa9");
	chart_facts(&chart, NULL, "");
	assert_int_equal(check_text(&chart, line, strlen(line), &check, &err), 0);
	assert_non_null(strstr(check.rows[0].reason, "\xc3\xa9' is no value"));
	check_release(&check);
	chart_facts_release(&chart);
}

static void lines_are_counted_by_their_verdicts(void **state)
{
	static const char text[] = "# one\n" RESERVED " = x\nvm.swappiness = 1\n"
				   "net.ipv4.tcp_timestamps = 0\nnet.ipv4.tcp_tw_recycle = 1\n";
	struct error err = { 0 };
	struct check_sums sums;
	struct chart chart;
	struct check check;

	(void)state;
	chart_facts(&chart, NULL, "");
	assert_int_equal(check_text(&chart, text, strlen(text), &check, &err), 0);
	sums = check_sums(&check);
	assert_int_equal(sums.settings, 4);
	assert_int_equal(sums.wrong, 3);
	assert_int_equal(sums.dangerous, 1);
	check_release(&check);
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
		cmocka_unit_test(no_setting_is_lost_however_many_or_far_behind),
		cmocka_unit_test(a_value_longer_than_any_is_not_judged),
		cmocka_unit_test(values_are_judged_by_what_they_do),
		cmocka_unit_test(bytes_that_are_no_text_are_shown_as_such),
		cmocka_unit_test(a_reason_never_cuts_a_character),
		cmocka_unit_test(lines_are_counted_by_their_verdicts),
		cmocka_unit_test(what_is_wrong_or_dangerous_or_gone_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
