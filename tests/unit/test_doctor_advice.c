// SPDX-License-Identifier: GPL-2.0-or-later
/* Opinions on tips and on values: each by what the host shows. */
#include <errno.h>

#include "doctor_fixture.h"

/* Ports that are short, of which so many are in these states. */
static struct budget short_budget(uint32_t time_wait, uint32_t established, uint32_t fin_wait2)
{
	return (struct budget){
		.level = BUDGET_HALF,
		.netns_cookie = COOKIE,
		.remote_port = 80,
		.capacity = 64,
		.used = time_wait + established + fin_wait2,
		.time_wait = time_wait,
		.established = established,
		.fin_wait2 = fin_wait2,
	};
}

static const struct {
	const char *why, *setting, *now;
	uint32_t time_wait, established, fin_wait2;	/* of a budget; none: none is short */
	const char *verdict, *reason;
} tips[] = {
	{ "no such file", "tcp_tw_recycle", "", 0, 0, 0, "gone", "4.12" },
	{ "an old kernel", "tcp_tw_recycle", "net.ipv4.tcp_tw_recycle 0", 0, 0, 0, "dangerous",
	  "NAT" },
	{ "enough ports", "tcp_tw_reuse", "", 0, 0, 0, "irrelevant",
	  "With 23 TCP sockets in use and 5 in TIME_WAIT, for 28,232 ports, no destination" },
	{ "half of them, if all are of one", "tcp_tw_reuse", "sockstat:TCP:tw 14093", 0, 0, 0,
	  "true", "if they are all" },
	{ "one less", "tcp_tw_reuse", "sockstat:TCP:tw 14092", 0, 0, 0, "irrelevant",
	  "no destination" },
	{ "half of them, open", "tcp_tw_reuse", "sockstat:TCP:inuse 14108", 0, 0, 0, "irrelevant",
	  "if they are all" },
	{ "half of them, of IPv6", "ip_local_port_range", "sockstat:TCP6:inuse 14091", 0, 0, 0,
	  "true", "if they are all" },
	{ "half of what is not reserved", "ip_local_port_range",
	  "net.ipv4.ip_local_port_range 40000 40063; net.ipv4.ip_local_reserved_ports 40008-40063",
	  0, 0, 0, "true", "if they are all" },
	{ "IPv6 is not told", "tcp_tw_reuse", "-sockstat:TCP6:inuse", 0, 0, 0, "irrelevant",
	  "ports are short is not known here" },
	{ "IPv4 is not told", "ip_local_port_range", "-sockstat:TCP:inuse", 0, 0, 0, "irrelevant",
	  "ports are short is not known here" },
	{ "small sockets are not told", "ip_local_port_range", "-sockstat:TCP:tw", 0, 0, 0,
	  "irrelevant", "ports are short is not known here" },
	{ "on already", "tcp_tw_reuse", "net.ipv4.tcp_tw_reuse 1", 40, 4, 0, "irrelevant",
	  "It is on already" },
	{ "on already, not traced", "tcp_tw_reuse",
	  "net.ipv4.tcp_tw_reuse 1; sockstat:TCP:tw 20000", 0, 0, 0, "irrelevant",
	  "It is on already" },
	{ "there is no TIME_WAIT", "tcp_tw_reuse", "", 0, 0, 40, "irrelevant", "40 of 64" },
	{ "short by TIME_WAIT", "tcp_tw_reuse", "", 40, 4, 0, "true", "44 of 64" },
	{ "short by open ones", "tcp_tw_reuse", "", 4, 40, 0, "irrelevant", "44 of 64" },
	{ "no timestamps", "tcp_tw_reuse", "net.ipv4.tcp_timestamps 0", 40, 4, 0, "false",
	  "timestamps" },
	{ "it is there", "tcp_tw_reuse_delay", "", 0, 0, 0, "irrelevant", "1000" },
	{ "it is not", "tcp_tw_reuse_delay", "-net.ipv4.tcp_tw_reuse_delay", 0, 0, 0, "gone",
	  "6.14 on, not here; before, the delay is of up to one second" },
	{ "never TIME_WAIT", "tcp_fin_timeout", "", 40, 4, 0, "false", "constant" },
	{ "FIN_WAIT2 has the ports", "tcp_fin_timeout", "", 4, 4, 40, "true", "40 orphans" },
	{ "not reached", "tcp_max_tw_buckets", "", 40, 4, 0, "false", "131072" },
	{ "reached", "tcp_max_tw_buckets", "TcpExt:TCPTimeWaitOverflow 9", 0, 0, 0, "true", "9" },
	{ "never", "tcp_rmem", "", 40, 4, 0, "false", "Buffers" },
	{ "never", "tcp_wmem", "", 40, 4, 0, "false", "Buffers" },
	{ "no full queue", "tcp_syncookies", "", 40, 4, 0, "false", "nothing to do with" },
	{ "full queues", "tcp_syncookies", "TcpExt:TCPReqQFullDoCookies 3", 0, 0, 0, "true",
	  "3 since boot" },
	{ "on", "tcp_timestamps", "", 0, 0, 0, "dangerous", "PAWS" },
	{ "off", "tcp_timestamps", "net.ipv4.tcp_timestamps 0", 0, 0, 0, "true", "off here" },
	{ "backwards in ip-sysctl", "tcp_rfc1337", "", 0, 0, 0, "irrelevant", "wrong way round" },
	{ "few orphans", "tcp_max_orphans", "", 0, 0, 0, "irrelevant", "TIME_WAIT is not" },
	{ "many orphans", "tcp_max_orphans", "sockstat:TCP:orphan 40000", 0, 0, 0, "true",
	  "40000" },
	{ "no overflow", "somaxconn", "", 0, 0, 0, "irrelevant", "4096" },
	{ "overflows", "somaxconn", "TcpExt:ListenOverflows 6", 0, 0, 0, "true", "6 since boot" },
	{ "always", "tcp_abort_on_overflow", "", 0, 0, 0, "dangerous", "resets" },
	{ "enough ports", "ip_local_port_range", "", 0, 0, 0, "irrelevant", "32768 60999" },
	{ "short of them", "ip_local_port_range", "", 4, 40, 0, "true", "are short" },
	{ "maybe short of them", "ip_local_port_range", "sockstat:TCP:tw 20000", 0, 0, 0, "true",
	  "if they are all" },
	{ "nobody looked", "ip_local_reserved_ports", "", 0, 0, 0, "irrelevant", "not known" },
	{ "a roomy table", "nf_conntrack_tcp_timeout_time_wait", "", 40, 4, 0, "irrelevant",
	  "262144" },
	{ "no module", "nf_conntrack_tcp_timeout_time_wait", "-net.netfilter.nf_conntrack_max", 0,
	  0, 0, "irrelevant", "not loaded" },
	{ "a full table", "nf_conntrack_tcp_timeout_time_wait",
	  "net.netfilter.nf_conntrack_count 200000", 0, 0, 0, "true", "200000" },
	{ "no bind() is known", "SO_REUSEADDR", "", 0, 0, 0, "irrelevant", "error 99" },
	{ "always", "SO_LINGER", "", 40, 4, 0, "dangerous", "lost" },
	{ "never", "UDP", "", 40, 4, 0, "false", "ephemeral port" },
	{ "never", "TCP version", "", 0, 0, 0, "false", "no versions" },
};

static void a_tip_is_judged_by_what_the_host_shows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tips) / sizeof(tips[0]); i++) {
		struct budget budget =
			short_budget(tips[i].time_wait, tips[i].established, tips[i].fin_wait2);
		const struct advice *found = NULL;
		struct advice *advice;
		struct chart chart;
		size_t count;

		chart_facts(&chart, NULL, tips[i].now);
		chart.budgets = &budget;
		chart.nr_budgets = budget.used != 0;
		assert_int_equal(counsel(&chart, &advice, &count), 0);
		for (size_t j = 0; j < count; j++)
			if (!strcmp(advice[j].setting, tips[i].setting))
				found = &advice[j];
		if (!found || strcmp(opinion_name(found->verdict), tips[i].verdict) ||
		    !strstr(found->reason, tips[i].reason))
			fail_msg("%s, %s: %s: %s", tips[i].setting, tips[i].why,
				 found ? opinion_name(found->verdict) : "",
				 found ? found->reason : "");
		free(advice);
		chart_facts_release(&chart);
	}
}

/* What happened before the window is no reason to do something, and is not denied. */
static void what_happened_since_boot_is_told_beside_the_window(void **state)
{
	static const struct {
		const char *name, *value, *before, *now;
		enum opinion opinion;
		const char *reason;
	} rows[] = {
		{ "net.core.somaxconn", "65535", "TcpExt:ListenOverflows 86",
		  "TcpExt:ListenOverflows 86", OPINION_IRRELEVANT,
		  "Accept queues overflowed (86 since boot, none in the last 10.0s)" },
		{ "net.core.somaxconn", "65535", "TcpExt:ListenOverflows 86",
		  "TcpExt:ListenOverflows 88", OPINION_TRUE,
		  "(2 in the last 10.0s, 88 since boot)" },
		{ "net.core.somaxconn", "65535", NULL, "TcpExt:ListenOverflows 86", OPINION_TRUE,
		  "(86 since boot)" },
		{ "net.core.somaxconn", "65535", "", "", OPINION_IRRELEVANT,
		  "No accept queue overflowed here" },
		{ "net.ipv4.tcp_max_tw_buckets", "200000", "TcpExt:TCPTimeWaitOverflow 5",
		  "TcpExt:TCPTimeWaitOverflow 5", OPINION_FALSE,
		  "It was reached (TCPTimeWaitOverflow: 5 since boot, none in the last 10.0s)" },
		{ "net.ipv4.tcp_max_tw_buckets", "200000", "", "", OPINION_FALSE,
		  "It was not reached here" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char reason[REASON_LEN];
		struct chart chart;

		chart_facts(&chart, rows[i].before, rows[i].now);
		if (counsel_setting(&chart, rows[i].name, rows[i].value, reason) !=
			    rows[i].opinion ||
		    !strstr(reason, rows[i].reason))
			fail_msg("%s, %zu: %s", rows[i].name, i, reason);
		chart_facts_release(&chart);
	}
}

/* A destination that every port is kept from has no orphans that hold any. */
static void no_orphan_holds_a_port_where_there_is_none(void **state)
{
	struct budget budget = short_budget(0, 0, 0);
	char reason[REASON_LEN];
	struct chart chart;

	(void)state;
	budget.capacity = 0;
	chart_facts(&chart, NULL, "");
	chart.budgets = &budget;
	chart.nr_budgets = 1;
	assert_int_equal(counsel_setting(&chart, "net.ipv4.tcp_fin_timeout", "5", reason),
			 OPINION_FALSE);
	assert_int_equal(counsel_setting(&chart, "net.ipv4.ip_local_port_range", "10000 60999",
					 reason),
			 OPINION_TRUE);
	assert_non_null(strstr(reason, "No port is left for connections to"));
	chart_facts_release(&chart);
}

/* Many sockets of many destinations: a trace knows that none of them is short. */
static void who_traced_needs_no_guess(void **state)
{
	(void)state;
	for (int traced = 0; traced < 2; traced++) {
		char reason[REASON_LEN];
		struct chart chart;

		chart_facts(&chart, NULL, "sockstat:TCP:tw 20000");
		chart.traced = traced;
		assert_int_equal(counsel_setting(&chart, "net.ipv4.tcp_tw_reuse", "1", reason),
				 traced ? OPINION_IRRELEVANT : OPINION_TRUE);
		chart_facts_release(&chart);
	}
}

static void reuseaddr_is_judged_by_what_has_the_port(void **state)
{
	static const struct {
		enum port_holder_kind holder;
		const char *verdict;
	} rows[] = {
		{ HELD_BY_TIME_WAIT, "true" },
		{ HELD_BY_CONNECTION, "true" },
		{ HELD_BY_LISTENER, "false" },
		{ HELD_UNKNOWN, "irrelevant" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct failure failure = { .kind = FAILURE_BIND,
					   .error = EADDRINUSE,
					   .netns_cookie = COOKIE,
					   .holder = { .kind = rows[i].holder } };
		struct advice *advice;
		struct chart chart;
		size_t count, j = 0;

		chart_facts(&chart, NULL, "");
		chart.failures = &failure;
		chart.nr_failures = 1;
		assert_int_equal(counsel(&chart, &advice, &count), 0);
		while (strcmp(advice[j].setting, "SO_REUSEADDR"))
			j++;
		assert_string_equal(opinion_name(advice[j].verdict), rows[i].verdict);
		free(advice);
		chart_facts_release(&chart);
	}
}

/* That none failed is said only where one would have been seen. */
static void no_bind_has_failed_where_one_would_have_been_seen(void **state)
{
	static const struct {
		bool traced;
		enum tw_binds binds;
		const char *reason;
	} rows[] = {
		{ true, TW_BINDS_SEEN, "No bind() has failed here." },
		{ true, TW_BINDS_UNSEEN, "was not seen (--syscalls sees it)" },
		{ false, TW_BINDS_UNKNOWN, "is not known without a trace" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct advice *advice;
		struct chart chart;
		size_t count, j = 0;

		chart_facts(&chart, NULL, "");
		chart.traced = rows[i].traced;
		chart.binds = rows[i].binds;
		assert_int_equal(counsel(&chart, &advice, &count), 0);
		while (strcmp(advice[j].setting, "SO_REUSEADDR"))
			j++;
		assert_non_null(strstr(advice[j].reason, rows[i].reason));
		free(advice);
		chart_facts_release(&chart);
	}
}

static const struct {
	const char *why, *setting, *value, *now, *verdict, *reason;
} values[] = {
	{ "on", "net.ipv4.tcp_tw_recycle", "1", "", "gone", "4.12" },
	{ "right off", "net.ipv4.tcp_tw_recycle", "0", "net.ipv4.tcp_tw_recycle 1", "true", "Off" },
	{ "the default", "net.ipv4.tcp_tw_reuse", "2", "", "irrelevant", "default" },
	{ "not needed", "net.ipv4.tcp_tw_reuse", "1", "", "irrelevant", "2 here" },
	{ "out of range", "net.ipv4.tcp_tw_reuse", "3", "", "false", "'3' is no value" },
	{ "no number", "net.ipv4.tcp_tw_reuse", "on", "", "false", "'on' is no value" },
	{ "too few", "net.ipv4.tcp_rmem", "4096", "", "false", "sets those, and leaves the rest" },
	{ "too many", "net.ipv4.tcp_tw_reuse", "1 2", "", "false", "'1 2' is no value" },
	{ "beyond 64 bits", "net.ipv4.tcp_max_tw_buckets", "99999999999999999999", "", "false",
	  "no value" },
	{ "not about TIME_WAIT", "net.ipv4.tcp_fin_timeout", "5", "", "false", "constant" },
	{ "the default", "net.ipv4.tcp_fin_timeout", "60", "", "irrelevant", "default" },
	{ "the quirk", "net.ipv4.tcp_fin_timeout", "62", "", "false", "for 4 s, because" },
	{ "the quirk", "net.ipv4.tcp_fin_timeout", "120", "", "false", "for 120 s, which" },
	{ "lower than it is", "net.ipv4.tcp_max_tw_buckets", "5000", "", "dangerous",
	  "131072 now" },
	{ "as it is", "net.ipv4.tcp_max_tw_buckets", "131072", "", "irrelevant", "already" },
	{ "higher, for nothing", "net.ipv4.tcp_max_tw_buckets", "200000", "", "false",
	  "adds neither" },
	{ "higher, for good", "net.ipv4.tcp_max_tw_buckets", "200000",
	  "TcpExt:TCPTimeWaitOverflow 1", "true", "was reached" },
	{ "buffers", "net.ipv4.tcp_rmem", "4096 87380 16777216", "", "false", "Buffers" },
	{ "one of three", "net.ipv4.tcp_rmem", "4096", "", "false", "3 numbers" },
	{ "off", "net.ipv4.tcp_syncookies", "0", "", "dangerous", "flood" },
	{ "the default", "net.ipv4.tcp_syncookies", "1", "", "irrelevant", "default" },
	{ "for tests", "net.ipv4.tcp_syncookies", "2", "", "false", "tests" },
	{ "off", "net.ipv4.tcp_timestamps", "0", "", "dangerous", "PAWS" },
	{ "on, where it is off", "net.ipv4.tcp_timestamps", "1", "net.ipv4.tcp_timestamps 0",
	  "true", "off here" },
	{ "the default", "net.ipv4.tcp_rfc1337", "0", "", "irrelevant", "default" },
	{ "not needed", "net.ipv4.tcp_rfc1337", "1", "", "irrelevant", "wrong way round" },
	{ "fewer than there are", "net.ipv4.tcp_max_orphans", "10", "sockstat:TCP:orphan 20",
	  "dangerous", "20" },
	{ "lower", "net.core.somaxconn", "128", "", "dangerous", "4096 now" },
	{ "higher", "net.core.somaxconn", "65535", "", "irrelevant", "No accept queue" },
	{ "on", "net.ipv4.tcp_abort_on_overflow", "1", "", "dangerous", "resets" },
	{ "the wrong way round", "net.ipv4.ip_local_port_range", "60000 1024", "", "false",
	  "refuses" },
	{ "privileged", "net.ipv4.ip_local_port_range", "1000 65535", "", "false", "refuses" },
	{ "narrower", "net.ipv4.ip_local_port_range", "40000 50000", "", "dangerous", "10001" },
	{ "wider, for nothing", "net.ipv4.ip_local_port_range", "15000 64999", "", "irrelevant",
	  "no destination" },
	{ "no port", "net.ipv4.ip_local_port_range", "1024 65536", "", "false", "no value" },
	{ "fewer than there are", "net.netfilter.nf_conntrack_max", "10", "", "dangerous",
	  "10 entries" },
	{ "before keep-alive", "net.netfilter.nf_conntrack_tcp_timeout_established", "600", "",
	  "dangerous", "7200" },
	{ "beside the point", "net.ipv4.tcp_keepalive_time", "600", "", "irrelevant",
	  "SO_KEEPALIVE" },
	{ "of something else", "vm.swappiness", "10", "", NULL, "not judged" },
	{ "never heard of", "net.ipv4.tcp_magic", "1", "", NULL, "Unknown to twtrace" },
};

static void a_value_is_judged_by_what_the_host_shows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char reason[REASON_LEN];
		enum opinion opinion;
		struct chart chart;
		const char *name;

		chart_facts(&chart, NULL, values[i].now);
		opinion = counsel_setting(&chart, values[i].setting, values[i].value, reason);
		name = opinion_name(opinion);
		if (!name != !values[i].verdict || (name && strcmp(name, values[i].verdict)) ||
		    !strstr(reason, values[i].reason))
			fail_msg("%s = %s, %s: %s: %s", values[i].setting, values[i].value,
				 values[i].why, name ? name : "null", reason);
		chart_facts_release(&chart);
	}
}

static void a_range_over_listeners_is_dangerous_unless_they_are_reserved(void **state)
{
	struct listening listener = { COOKIE, 20000 };
	char reason[REASON_LEN];
	struct chart chart;

	(void)state;
	for (int reserved = 0; reserved < 2; reserved++) {
		chart_facts(&chart, NULL, reserved ? "net.ipv4.ip_local_reserved_ports 20000" : "");
		chart.listeners = &listener;
		chart.nr_listeners = 1;
		assert_int_equal(counsel_setting(&chart, "net.ipv4.ip_local_port_range",
						 "15000 64999", reason),
				 reserved ? OPINION_IRRELEVANT : OPINION_DANGEROUS);
		assert_non_null(strstr(reason, reserved ? "listened on is not known here" :
							  "on 1 port of this range, the lowest is "
							  "20000"));
		chart.listeners = NULL;
		chart_facts_release(&chart);
	}
}

/* Without any facts there is an opinion still, and nothing is made up. */
static void nothing_known_is_no_crash(void **state)
{
	static const char *const known_only[] = { "-1",
						  "not reached here",
						  " is on here",
						  "There are 0",
						  "not happened here",
						  "queue overflowed",
						  "no such file",
						  "6.14" };
	struct site site = { .now = "" };
	struct chart chart = { 0 };
	struct advice *advice;
	char reason[REASON_LEN];
	size_t count;

	(void)state;
	assert_int_equal(counsel(&chart, &advice, &count), 0);
	free(advice);
	assert_int_equal(chart_add_site(&chart, &site), 0);
	assert_int_equal(counsel(&chart, &advice, &count), 0);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < sizeof(known_only) / sizeof(known_only[0]); j++)
			if (strstr(advice[i].reason, known_only[j]))
				fail_msg("%s: %s", advice[i].setting, advice[i].reason);
	free(advice);
	for (size_t i = 0; counsel_known(i); i++) {
		counsel_setting(&chart, counsel_known(i),
				counsel_values(counsel_known(i)) == 1 ? "0" : "1 1 1", reason);
		if (strstr(reason, "-1"))
			fail_msg("%s: %s", counsel_known(i), reason);
	}
	chart_release(&chart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_bind_has_failed_where_one_would_have_been_seen),
		cmocka_unit_test(a_tip_is_judged_by_what_the_host_shows),
		cmocka_unit_test(what_happened_since_boot_is_told_beside_the_window),
		cmocka_unit_test(no_orphan_holds_a_port_where_there_is_none),
		cmocka_unit_test(who_traced_needs_no_guess),
		cmocka_unit_test(reuseaddr_is_judged_by_what_has_the_port),
		cmocka_unit_test(a_value_is_judged_by_what_the_host_shows),
		cmocka_unit_test(a_range_over_listeners_is_dangerous_unless_they_are_reserved),
		cmocka_unit_test(nothing_known_is_no_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
