// SPDX-License-Identifier: GPL-2.0-or-later
/* Each rule: when it speaks, when it does not, and what it says. */
#include <errno.h>
#include <math.h>

#include "doctor_fixture.h"
#include "doctor/sysctl_conf.h"

struct case_of_facts {
	const char *why, *rule;
	const char *before, *now;	/* changes; NULL before: no window */
	const char *severity;		/* NULL: it says nothing */
};

#define OVERFLOW "TcpExt:TCPTimeWaitOverflow"

static const struct case_of_facts cases[] = {
	{ "refused in the window", "time_wait_overflow", OVERFLOW " 3", OVERFLOW " 9", "problem" },
	{ "since boot is less", "time_wait_overflow", NULL, OVERFLOW " 9", "warning" },
	{ "refused before the window", "time_wait_overflow", OVERFLOW " 9", OVERFLOW " 9", NULL },
	{ "that is a note", "time_wait_overflow_before", OVERFLOW " 9", OVERFLOW " 9", "note" },
	{ "not both", "time_wait_overflow_before", OVERFLOW " 3", OVERFLOW " 9", NULL },
	{ "never", "time_wait_overflow_before", "", "", NULL },
	{ "four fifths of it", "time_wait_buckets", NULL,
	  "net.ipv4.tcp_max_tw_buckets 1000; sockstat:TCP:tw 800", "warning" },
	{ "less than that", "time_wait_buckets", NULL,
	  "net.ipv4.tcp_max_tw_buckets 1000; sockstat:TCP:tw 799", NULL },
	{ "none at all, a bound of 0", "time_wait_buckets", NULL,
	  "net.ipv4.tcp_max_tw_buckets 0; sockstat:TCP:tw 0", NULL },
	{ "on an old kernel", "time_wait_recycled", NULL, "net.ipv4.tcp_tw_recycle 1", "problem" },
	{ "off there", "time_wait_recycled", NULL, "net.ipv4.tcp_tw_recycle 0", NULL },
	{ "gone", "time_wait_recycled", NULL, "", NULL },
	{ "on without timestamps", "reuse_without_timestamps", NULL,
	  "net.ipv4.tcp_tw_reuse 1; net.ipv4.tcp_timestamps 0", "warning" },
	{ "with them", "reuse_without_timestamps", NULL, "net.ipv4.tcp_tw_reuse 1", NULL },
	{ "the default asks for little", "reuse_without_timestamps", NULL,
	  "net.ipv4.tcp_timestamps 0", NULL },
	{ "off", "timestamps_off", NULL, "net.ipv4.tcp_timestamps 0", "warning" },
	{ "on", "timestamps_off", NULL, "", NULL },
	{ "said by the other rule", "timestamps_off", NULL,
	  "net.ipv4.tcp_timestamps 0; net.ipv4.tcp_tw_reuse 1", NULL },
	{ "60 is the default", "fin_timeout_quirk", NULL, "", NULL },
	{ "61 are 2", "fin_timeout_quirk", NULL, "net.ipv4.tcp_fin_timeout 61", "warning" },
	{ "89 are 58", "fin_timeout_quirk", NULL, "net.ipv4.tcp_fin_timeout 89", "warning" },
	{ "90 are 60", "fin_timeout_quirk", NULL, "net.ipv4.tcp_fin_timeout 90", NULL },
	{ "both even", "range_parity", NULL, "net.ipv4.ip_local_port_range 32768 61000", "note" },
	{ "both odd", "range_parity", NULL, "net.ipv4.ip_local_port_range 32769 60999", "note" },
	{ "one of each", "range_parity", NULL, "", NULL },
	{ "half of the range", "time_wait_many", NULL, "sockstat:TCP:tw 14116", "warning" },
	{ "one less", "time_wait_many", NULL, "sockstat:TCP:tw 14115", NULL },
	{ "a tenth is reserved", "reserved_many", NULL,
	  "net.ipv4.ip_local_port_range 40000 40099; net.ipv4.ip_local_reserved_ports 40000-40009",
	  "warning" },
	{ "less is", "reserved_many", NULL,
	  "net.ipv4.ip_local_port_range 40000 40099; net.ipv4.ip_local_reserved_ports 40001,40003-40010",
	  NULL },
	{ "reserved elsewhere", "reserved_many", NULL,
	  "net.ipv4.ip_local_port_range 40000 40099; net.ipv4.ip_local_reserved_ports 1-39999",
	  NULL },
	{ "in the window", "accept_overflow", "", "TcpExt:ListenOverflows 1", "problem" },
	{ "since boot is less", "accept_overflow", NULL, "TcpExt:ListenOverflows 1", "warning" },
	{ "before the window", "accept_overflow", "TcpExt:ListenOverflows 1",
	  "TcpExt:ListenOverflows 1", NULL },
	{ "on", "abort_on_overflow", NULL, "net.ipv4.tcp_abort_on_overflow 1", "warning" },
	{ "off", "abort_on_overflow", NULL, "", NULL },
	{ "cookies were sent for it", "syn_queue_full", "", "TcpExt:TCPReqQFullDoCookies 4",
	  "warning" },
	{ "SYNs were dropped", "syn_queue_full", "", "TcpExt:TCPReqQFullDrop 4", "warning" },
	{ "neither", "syn_queue_full", "", "TcpExt:SyncookiesSent 4", NULL },
	{ "off, and missed", "syncookies_off", NULL,
	  "net.ipv4.tcp_syncookies 0; TcpExt:TCPReqQFullDrop 4", "problem" },
	{ "off, and not missed", "syncookies_off", NULL, "net.ipv4.tcp_syncookies 0", NULL },
	{ "always", "syncookies_always", NULL, "net.ipv4.tcp_syncookies 2", "note" },
	{ "as it is by default", "syncookies_always", NULL, "", NULL },
	{ "half of them", "orphans", NULL, "sockstat:TCP:orphan 32768", "warning" },
	{ "fewer", "orphans", NULL, "sockstat:TCP:orphan 32767", NULL },
	{ "some were reset", "orphans_aborted", "", "TcpExt:TCPAbortOnMemory 1", "problem" },
	{ "since boot is less", "orphans_aborted", NULL, "TcpExt:TCPAbortOnMemory 1", "warning" },
	{ "none were", "orphans_aborted", "", "", NULL },
	{ "at the pressure", "memory", NULL, "sockstat:TCP:mem 200000", "warning" },
	{ "near the end", "memory", NULL, "sockstat:TCP:mem 270000", "problem" },
	{ "below", "memory", NULL, "sockstat:TCP:mem 199999", NULL },
	{ "entered lately", "memory_pressure", "", "TcpExt:TCPMemoryPressures 1", "warning" },
	{ "pruned lately", "memory_pressure", "", "TcpExt:PruneCalled 1", "warning" },
	{ "pruned some day", "memory_pressure", NULL, "TcpExt:PruneCalled 1", NULL },
	{ "nine tenths open", "files", NULL, "fs.file-nr 90000 0 100000", "problem" },
	{ "fewer", "files", NULL, "fs.file-nr 89999 0 100000", NULL },
	{ "without a bound", "files", NULL, "fs.file-max 9223372036854775807", NULL },
	{ "full", "conntrack_full", NULL, "net.netfilter.nf_conntrack_count 249037", "problem" },
	{ "not yet", "conntrack_full", NULL, "net.netfilter.nf_conntrack_count 249036", NULL },
	{ "filling", "conntrack_filling", NULL, "net.netfilter.nf_conntrack_count 196608",
	  "warning" },
	{ "not yet", "conntrack_filling", NULL, "net.netfilter.nf_conntrack_count 196000", NULL },
	{ "no bound", "conntrack_full", NULL, "net.netfilter.nf_conntrack_max 0", NULL },
	{ "forgotten first", "conntrack_keepalive", NULL,
	  "net.netfilter.nf_conntrack_tcp_timeout_established 3600", "warning" },
	{ "kept for longer", "conntrack_keepalive", NULL, "", NULL },
	{ "strict", "conntrack_loose", NULL, "net.netfilter.nf_conntrack_tcp_loose 0", "note" },
	{ "loose", "conntrack_loose", NULL, "", NULL },
	{ "two in a hundred", "retransmits", "", "Tcp:RetransSegs 205; Tcp:OutSegs 110000",
	  "warning" },
	{ "fewer", "retransmits", "", "Tcp:RetransSegs 204; Tcp:OutSegs 110000", NULL },
	{ "of too few to say", "retransmits", "", "Tcp:RetransSegs 405; Tcp:OutSegs 100999", NULL },
	{ "one in twenty", "syn_retransmits", "", "TcpExt:TCPSynRetrans 15; Tcp:ActiveOpens 1200",
	  "warning" },
	{ "fewer", "syn_retransmits", "", "TcpExt:TCPSynRetrans 15; Tcp:ActiveOpens 1201", NULL },
	{ "too few to say", "syn_retransmits", "", "TcpExt:TCPSynRetrans 14", NULL },
	{ "one in twenty", "attempts_failed", "", "Tcp:AttemptFails 15; Tcp:PassiveOpens 1200",
	  "warning" },
	{ "too few to say", "attempts_failed", "", "Tcp:AttemptFails 14", NULL },
	{ "with a RST", "resets_on_close", "",
	  "TcpExt:TCPAbortOnData 10; TcpExt:TCPAbortOnClose 10", "note" },
	{ "too few to say", "resets_on_close", "", "TcpExt:TCPAbortOnData 14", NULL },
};

static void a_rule_speaks_when_its_facts_say_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct finding *finding;
		struct diagnosis diagnosis;
		struct chart chart;

		chart_facts(&chart, cases[i].before, cases[i].now);
		assert_int_equal(diagnose(&chart, &diagnosis), 0);
		finding = find_finding(&diagnosis, cases[i].rule);
		if (!finding != !cases[i].severity)
			fail_msg("%s, %s: %s", cases[i].rule, cases[i].why,
				 finding ? finding->sentence : "says nothing");
		if (finding && strcmp(severity_name(finding->severity), cases[i].severity))
			fail_msg("%s, %s: is a %s", cases[i].rule, cases[i].why,
				 severity_name(finding->severity));
		if (finding && (!finding->nr_proofs || !finding->todo[0]))
			fail_msg("%s: no evidence, or nothing to do", cases[i].rule);
		/* tcp_v4_connect() counts nothing where it finds no port */
		if (finding && !strcmp(finding->id, "attempts_failed"))
			assert_null(strstr(finding->todo, "no port"));
		diagnosis_release(&diagnosis);
		chart_facts_release(&chart);
	}
}

static void a_host_that_is_well_has_no_findings(void **state)
{
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	chart_facts(&chart, "", "");
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	if (diagnosis.nr_findings)
		fail_msg("%s: %s", diagnosis.findings[0].id, diagnosis.findings[0].sentence);
	assert_false(diagnosis_has_problem(&diagnosis));
	assert_string_equal(find_unjudged(&diagnosis, "ports_half")->reason,
			    "needs connections that were traced");
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

/* Nothing is known at all: nothing is said, and every rule says why. */
static void a_rule_without_its_facts_is_unjudged(void **state)
{
	struct site site = { .now = "" };
	struct chart chart = { 0 };
	struct diagnosis diagnosis;

	(void)state;
	assert_int_equal(chart_add_site(&chart, &site), 0);
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	assert_int_equal(diagnosis.nr_findings, 0);
	assert_string_equal(find_unjudged(&diagnosis, "fin_timeout_quirk")->reason,
			    "net.ipv4.tcp_fin_timeout can't be read");
	assert_string_equal(find_unjudged(&diagnosis, "conntrack_full")->reason,
			    "nf_conntrack is not loaded, or can't be read");
	assert_string_equal(find_unjudged(&diagnosis, "accept_overflow")->reason,
			    "TcpExt:ListenOverflows can't be read");
	diagnosis_release(&diagnosis);
	chart_release(&chart);
}

static const struct budget budget_of_time_wait = {
	.level = BUDGET_EXHAUSTED,
	.netns_cookie = COOKIE,
	.local_addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
	.remote_addr = { [10] = 0xff, 0xff, 10, 0, 0, 5 },
	.remote_port = 80,
	.low = 32768,
	.high = 32831,
	.capacity = 64,
	.used = 64,
	.time_wait = 60,
	.established = 4,
	.peak = 64,
	.failures = 12,
	.per_s = 3,
	.sustainable_per_s = NAN,
	.service = "shop",
};

static void examine(struct budget *budget, const char *now, struct chart *chart,
		    struct diagnosis *diagnosis)
{
	chart_facts(chart, NULL, now);
	chart->traced = true;
	chart->evidence = EVIDENCE_FENTRY;
	chart->budgets = budget;
	chart->nr_budgets = 1;
	assert_int_equal(diagnose(chart, diagnosis), 0);
}

static const char *proof_text(const struct finding *finding, const char *what)
{
	for (unsigned int i = 0; finding && i < finding->nr_proofs; i++)
		if (!strcmp(finding->proofs[i].what, what))
			return finding->proofs[i].text;
	return NULL;
}

static void ports_that_ran_out_are_told_with_their_cause(void **state)
{
	static const struct {
		uint32_t time_wait, established, blocked;
		bool by_bind;
		const char *words, *todo;
	} causes[] = {
		{ 60, 4, 0, false, "mostly held by TIME_WAIT", "Keep connections open" },
		{ 4, 60, 0, false, "mostly held by open connections",
		  "Look whether they are used" },
		{ 4, 4, 56, true, "mostly blocked by explicit bind() calls",
		  "Set IP_BIND_ADDRESS_NO_PORT" },
		{ 4, 60, 8, true, "mostly held by open connections", "Look whether" },
		{ 4, 60, 64, false, "mostly held by open connections", "Look whether" },
		{ 0, 0, 0, false, "used, by connections that are gone now",
		  "Look while it happens" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		struct budget budget = budget_of_time_wait;
		const struct finding *finding;
		struct diagnosis diagnosis;
		struct chart chart;

		budget.time_wait = causes[i].time_wait;
		budget.established = causes[i].established;
		budget.used = budget.time_wait + budget.established;
		budget.blocked = causes[i].blocked;
		budget.blocked_by_bind = causes[i].by_bind;
		examine(&budget, "", &chart, &diagnosis);
		finding = find_finding(&diagnosis, "ports_exhausted");
		assert_non_null(finding);
		assert_true(diagnosis_has_problem(&diagnosis));
		assert_true(finding && strstr(finding->sentence, "from 10.0.0.1 to 10.0.0.5:80"));
		assert_true(finding && strstr(finding->sentence, causes[i].words));
		assert_true(finding && strstr(finding->todo, causes[i].todo));
		assert_string_equal(proof_text(finding, "used most by"), "shop");
		/* a connect() that fails is one of them */
		assert_non_null(proof_text(finding, "attempts a second"));
		assert_null(find_finding(&diagnosis, "ports_half"));
		diagnosis_release(&diagnosis);
		chart_facts_release(&chart);
	}
}

/* Every port is reserved, listened on, or bound: "all of 0" says nothing. */
static void a_range_without_a_port_is_told_with_what_keeps_them(void **state)
{
	(void)state;
	for (int by_bind = 0; by_bind < 2; by_bind++) {
		struct budget budget = budget_of_time_wait;
		const struct finding *finding;
		struct diagnosis diagnosis;
		struct chart chart;

		budget.capacity = budget.used = budget.time_wait = budget.established = 0;
		budget.blocked = by_bind ? 64 : 0;
		budget.blocked_by_bind = by_bind;
		examine(&budget, "", &chart, &diagnosis);
		finding = find_finding(&diagnosis, "ports_exhausted");
		assert_true(finding && strstr(finding->sentence,
					      "None of the 64 ports of ip_local_port_range is left "
					      "for connections from 10.0.0.1 to 10.0.0.5:80"));
		assert_true(finding &&
			    strstr(finding->sentence,
				   by_bind ? "they are mostly blocked by explicit bind()" :
					     "they are mostly reserved, or listened on"));
		assert_null(find_finding(&diagnosis, "fin_wait2_ports"));
		diagnosis_release(&diagnosis);
		chart_facts_release(&chart);
	}
}

#define NARROW "net.ipv4.ip_local_port_range 40000 40999"

/* 10000 is where it may begin; a listener moves it, one that is reserved does not. */
static void a_wider_range_keeps_clear_of_listeners(void **state)
{
	static const struct {
		const char *why, *now;
		uint16_t listener;
		bool own_range;
		const char *value, *reason;
	} rows[] = {
		{ "within the default", NARROW, 80, false, "32768 60999", "the kernel's default" },
		{ "a listener above it", NARROW, 50000, false, "32768 49999", "between ports" },
		{ "an odd one", NARROW, 50001, false, "32768 49999", "between ports" },
		{ "a listener below it", NARROW, 35000, false, "35002 60999", "between ports" },
		{ "beside it", "net.ipv4.ip_local_port_range 20000 20999", 80, false, "10000 20999",
		  "most services listen" },
		{ "nobody listens there", "", 80, false, "10000 60999", "most services listen" },
		{ "above the last one", "", 20001, false, "20002 60999", "the last listener" },
		{ "even", "", 20000, false, "20002 60999", "the last listener below 32768" },
		{ "it is reserved", "net.ipv4.ip_local_reserved_ports 20000", 20000, false,
		  "10000 60999", "most services listen" },
		{ "too little to gain", "", 31000, false, NULL, NULL },
		{ "the program's own range", "", 80, true, NULL, NULL },
		{ "as wide as can be", "net.ipv4.ip_local_port_range 9000 60999", 80, false, NULL,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct listening listener = { COOKIE, rows[i].listener };
		struct budget budget = budget_of_time_wait;
		const struct finding *finding;
		struct diagnosis diagnosis;
		struct chart chart;

		budget.own_range = rows[i].own_range;
		chart_facts(&chart, NULL, rows[i].now);
		chart.traced = true;
		chart.budgets = &budget;
		chart.nr_budgets = 1;
		chart.listeners = &listener;
		chart.nr_listeners = 1;
		assert_int_equal(diagnose(&chart, &diagnosis), 0);
		chart.listeners = NULL;
		finding = find_finding(&diagnosis, "ports_exhausted");
		if (!finding || !finding->nr_settings != !rows[i].value ||
		    (rows[i].value && strcmp(finding->settings[0].value, rows[i].value)))
			fail_msg("%s: '%s'", rows[i].why,
				 finding ? finding->settings[0].value : "");
		/* why it is that one is said */
		if (rows[i].reason) {
			const char *begins = proof_text(finding, "the proposed range begins");

			assert_non_null(strstr(
				begins ? begins : proof_text(finding, "the proposed range is"),
				rows[i].reason));
		}
		diagnosis_release(&diagnosis);
		chart_facts_release(&chart);
	}
}

/* One connect() found none, and of thousands of ports four are known to be used. */
static void a_failure_beside_free_ports_is_not_called_exhausted(void **state)
{
	struct budget budget = budget_of_time_wait;
	const struct finding *finding;
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	budget.high = 60999;
	budget.capacity = 28232;
	budget.used = budget.time_wait = budget.peak = 4;
	budget.established = 0;
	examine(&budget, "", &chart, &diagnosis);
	finding = find_finding(&diagnosis, "ports_exhausted");
	assert_true(finding && !strstr(finding->sentence, "All of"));
	assert_true(finding && strstr(finding->sentence, "few are known to be in use"));
	assert_true(finding && !finding->nr_settings);
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

static void reuse_is_proposed_where_it_helps_only(void **state)
{
	static const struct {
		const char *why, *now;
		uint8_t net;		/* of both ends */
		uint32_t time_wait, open, fin_wait2, blocked;
		const char *sentence;	/* NULL: it is not proposed */
	} rows[] = {
		{ "the default, not on loopback", "", 10, 60, 4, 0, 0,
		  "is 2, loopback only: connect() can't take over the 60 ports in TIME_WAIT" },
		{ "the default, on loopback", "", 127, 60, 4, 0, 0, NULL },
		{ "off, on loopback", "net.ipv4.tcp_tw_reuse 0", 127, 60, 4, 0, 0,
		  "is 0: connect() can't take over the 60 ports in TIME_WAIT" },
		{ "on already", "net.ipv4.tcp_tw_reuse 1", 10, 60, 4, 0, 0, NULL },
		{ "no timestamps", "net.ipv4.tcp_timestamps 0", 10, 60, 4, 0, 0, NULL },
		{ "open connections", "", 10, 4, 60, 0, 0, NULL },
		{ "nothing has them any more", "", 10, 0, 0, 0, 0, NULL },
		{ "orphans", "", 10, 0, 0, 64, 0, NULL },
		{ "explicit binds have them", "", 10, 10, 0, 0, 54, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct budget budget = budget_of_time_wait;
		const struct finding *finding;
		struct diagnosis diagnosis;
		struct chart chart;
		enum opinion opinion;
		char reason[REASON_LEN];

		budget.local_addr[12] = budget.remote_addr[12] = rows[i].net;
		budget.time_wait = rows[i].time_wait;
		budget.established = rows[i].open;
		budget.fin_wait2 = rows[i].fin_wait2;
		budget.used = rows[i].time_wait + rows[i].open + rows[i].fin_wait2;
		budget.blocked = rows[i].blocked;
		budget.blocked_by_bind = rows[i].blocked != 0;
		examine(&budget, rows[i].now, &chart, &diagnosis);
		finding = find_finding(&diagnosis, "reuse_not_here");
		if (!finding != !rows[i].sentence ||
		    (finding && !strstr(finding->sentence, rows[i].sentence)))
			fail_msg("%s: %s", rows[i].why, finding ? finding->sentence : "nothing");
		/* for loopback 2 is enough, and nobody else is touched */
		if (finding)
			assert_string_equal(finding->places[0].command,
					    rows[i].net == 127 ?
						    "sysctl -w net.ipv4.tcp_tw_reuse='2'" :
						    "sysctl -w net.ipv4.tcp_tw_reuse='1'");
		/* the tip is right where the rule proposes it, and nowhere else */
		opinion = counsel_setting(&chart, "net.ipv4.tcp_tw_reuse", "1", reason);
		if ((opinion == OPINION_TRUE) != (finding != NULL))
			fail_msg("%s: %s: %s", rows[i].why, opinion_name(opinion), reason);
		diagnosis_release(&diagnosis);
		chart_facts_release(&chart);
	}
}

/* Where another destination needs 1, loopback's being the first changes nothing. */
static void reuse_is_proposed_for_all_that_it_helps(void **state)
{
	struct budget budgets[2] = { budget_of_time_wait, budget_of_time_wait };
	const struct finding *finding;
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	budgets[0].local_addr[12] = budgets[0].remote_addr[12] = 127;
	budgets[1].local_addr[12] = budgets[1].remote_addr[12] = 10;
	chart_facts(&chart, NULL, "net.ipv4.tcp_tw_reuse 0");
	chart.traced = true;
	chart.budgets = budgets;
	chart.nr_budgets = 2;
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	finding = find_finding(&diagnosis, "reuse_not_here");
	assert_non_null(finding);
	assert_string_equal(finding->settings[0].value, "1");
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

/* A budget of another namespace is none of this one. */
static void what_is_of_another_namespace_is_not_told_here(void **state)
{
	struct budget budget = budget_of_time_wait;
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	budget.netns_cookie = COOKIE + 1;
	examine(&budget, "", &chart, &diagnosis);
	assert_null(find_finding(&diagnosis, "ports_exhausted"));
	assert_null(find_finding(&diagnosis, "reuse_not_here"));
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

static void half_of_the_ports_is_a_warning_and_fin_wait2_has_its_own(void **state)
{
	struct budget budget = budget_of_time_wait;
	const struct finding *finding;
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	budget.level = BUDGET_HALF;
	budget.time_wait = 12;
	budget.fin_wait2 = 16;
	examine(&budget, "", &chart, &diagnosis);
	assert_null(find_finding(&diagnosis, "ports_exhausted"));
	finding = find_finding(&diagnosis, "ports_half");
	assert_true(finding && finding->severity == SEVERITY_WARNING);
	finding = find_finding(&diagnosis, "fin_wait2_ports");
	assert_true(finding && !strcmp(finding->settings[0].value, "30"));
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);

	budget.fin_wait2 = 15;
	examine(&budget, "", &chart, &diagnosis);
	assert_null(find_finding(&diagnosis, "fin_wait2_ports"));
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

/* It is told while there is time, and nothing is short of ports yet. */
static void half_of_the_ports_within_a_minute_is_a_warning_of_its_own(void **state)
{
	struct budget budget = budget_of_time_wait;
	const struct finding *finding;
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	budget.level = BUDGET_NEARING;
	examine(&budget, "", &chart, &diagnosis);
	assert_null(find_finding(&diagnosis, "ports_half"));
	assert_null(find_finding(&diagnosis, "reuse_not_here"));
	finding = find_finding(&diagnosis, "ports_nearing");
	assert_true(finding && finding->severity == SEVERITY_WARNING);
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

static void failures_are_told_with_what_has_the_port(void **state)
{
	static const struct failure failures[] = {
		{ .kind = FAILURE_BIND,
		  .error = EADDRINUSE,
		  .netns_cookie = COOKIE,
		  .local_port = 8080,
		  .service = "shop",
		  .reuse = REUSE_YES,
		  .count = 3,
		  .holder = { .kind = HELD_BY_TIME_WAIT,
			      .reuse = REUSE_NO,
			      .service = "old",
			      .left_ns = 54000000000 } },
		{ .kind = FAILURE_CONNECT,
		  .error = EADDRNOTAVAIL,
		  .netns_cookie = COOKIE,
		  .remote_addr = { [10] = 0xff, 0xff, 10, 0, 0, 5 },
		  .remote_port = 80,
		  .count = 1234 },
		{ .kind = FAILURE_CONNECT,
		  .error = ECONNREFUSED,
		  .netns_cookie = COOKIE,
		  .count = 9 },
		{ .kind = FAILURE_BIND,
		  .error = EADDRINUSE,
		  .netns_cookie = COOKIE + 1,
		  .count = 9 },
		{ .kind = FAILURE_BIND,
		  .error = EADDRNOTAVAIL,
		  .netns_cookie = COOKIE,
		  .local_addr = { [10] = 0xff, 0xff, 10, 9, 9, 9 },
		  .local_port = 80,
		  .service = "web",
		  .count = 2 },
	};
	const struct finding *finding;
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	chart_facts(&chart, NULL, "");
	chart.traced = true;
	chart.evidence = EVIDENCE_FENTRY;
	chart.failures = failures;
	chart.nr_failures = 5;
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	assert_int_equal(diagnosis.nr_findings, 3);
	finding = find_finding(&diagnosis, "address_missing");
	assert_true(finding && strstr(finding->sentence, "to 10.9.9.9:80 by web failed 2 times"));
	finding = find_finding(&diagnosis, "connects_without_port");
	assert_true(finding && strstr(finding->sentence, "1,234 connects to 10.0.0.5:80"));
	finding = find_finding(&diagnosis, "address_in_use");
	assert_true(finding && strstr(finding->sentence, "port 8080 by shop failed 3 times"));
	assert_true(finding && strstr(finding->todo, "the TIME_WAIT that it leaves must have it"));
	assert_string_equal(proof_text(finding, "the port is free in"), "54.0s");
	assert_null(finding->cost);
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

static void verdicts_are_findings_of_their_level(void **state)
{
	static const struct verdict verdicts[] = {
		{ .level = LEVEL_LEAK,
		  .kind = LEAK_CLOSE_WAIT,
		  .service = "worker",
		  .count = 40,
		  .fds = 80,
		  .fd_limit = 100 },
		{ .level = LEVEL_SUSPECT,
		  .kind = LEAK_SYN_SENT,
		  .count = 4,
		  .fds = 79,
		  .fd_limit = 100 },
		{ .level = LEVEL_WATCH,
		  .kind = LEAK_ACCEPT_QUEUE,
		  .service = "web",
		  .local_port = 80,
		  .netns_cookie = COOKIE,
		  .count = 6,
		  .limit = 5,
		  .fds = 99,
		  .fd_limit = UINT64_MAX },
	};
	const struct finding *finding;
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	chart_facts(&chart, "", "TcpExt:ListenOverflows 2");
	chart.traced = true;
	chart.evidence = EVIDENCE_FENTRY;
	chart.verdicts = verdicts;
	chart.nr_verdicts = 3;
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	assert_int_equal(diagnosis.nr_findings, 5);
	assert_string_equal(diagnosis.findings[0].id, "accept_overflow");
	/* its backlog is what limits it: somaxconn would change nothing */
	assert_int_equal(diagnosis.findings[0].nr_settings, 0);
	finding = find_finding(&diagnosis, "descriptors");
	assert_true(finding && strstr(finding->sentence, "worker has 80 of its 100"));
	assert_string_equal(diagnosis.findings[2].id, "leak");
	assert_string_equal(diagnosis.findings[2].sentence,
			    "worker: 40 sockets in CLOSE-WAIT (leak)");
	assert_int_equal(diagnosis.findings[3].severity, SEVERITY_WARNING);
	assert_int_equal(diagnosis.findings[4].severity, SEVERITY_NOTE);
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

static void what_the_tracer_does_not_see_is_told(void **state)
{
	const struct finding *finding;
	struct diagnosis diagnosis;
	struct row totals = { 0 };
	struct chart chart;

	(void)state;
	chart_facts(&chart, NULL, "");
	totals.count[FIELD_TW_RESET] = 5;
	chart.traced = true;
	chart.evidence = EVIDENCE_INFERRED;
	chart.totals = &totals;
	chart.lost = 7;
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	assert_int_equal(diagnosis.nr_findings, 3);
	finding = find_finding(&diagnosis, "lost_events");
	assert_true(finding && finding->severity == SEVERITY_WARNING);
	finding = find_finding(&diagnosis, "evidence");
	assert_true(finding && strstr(finding->sentence, "'inferred'"));
	finding = find_finding(&diagnosis, "time_wait_reset");
	assert_true(finding && strstr(finding->sentence, "5 sockets in TIME_WAIT"));
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

static void listeners_in_the_range_are_reserved_beside_those_that_are(void **state)
{
	struct listening listeners[] = { { COOKIE, 40000 },
					 { COOKIE, 80 },
					 { COOKIE, 50000 },
					 { COOKIE + 1, 50001 } };
	const struct finding *finding;
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	chart_facts(&chart, NULL, "net.ipv4.ip_local_reserved_ports 50000,50100-50110");
	chart.traced = true;
	chart.listeners = listeners;
	chart.nr_listeners = 4;
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	chart.listeners = NULL;
	finding = find_finding(&diagnosis, "listeners_in_range");
	assert_non_null(finding);
	assert_int_equal(finding->proofs[0].number, 1);
	assert_string_equal(finding->settings[0].value, "50000,50100-50110,40000");
	assert_string_equal(finding->settings[0].was, "50000,50100-50110");
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

static void what_is_alike_in_several_namespaces_is_told_once(void **state)
{
	struct conf_line lines[4];
	struct site site = { .ino = 8, .cookie = 8 };
	const struct finding *finding;
	struct diagnosis diagnosis;
	struct chart chart;
	size_t elsewhere;

	(void)state;
	chart_facts(&chart, NULL, "net.ipv4.tcp_timestamps 0");
	site.now = facts_but("net.ipv4.tcp_timestamps 0");
	assert_int_equal(chart_add_site(&chart, &site), 0);
	site.now = facts_but("net.ipv4.tcp_fin_timeout 70");
	assert_int_equal(chart_add_site(&chart, &site), 0);
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	assert_int_equal(diagnosis.nr_findings, 2);
	finding = find_finding(&diagnosis, "timestamps_off");
	assert_non_null(finding);
	assert_int_equal(finding->nr_places, 2);
	assert_int_equal(finding->places[1].netns_ino, 8);
	assert_string_equal(finding->places[0].command, "sysctl -w net.ipv4.tcp_timestamps='1'");
	assert_non_null(strstr(finding->places[1].command, "awk '$1 == 8 "));
	/* a namespace without a name is entered through a process of it */
	finding = find_finding(&diagnosis, "fin_timeout_quirk");
	assert_non_null(finding);
	assert_int_equal(finding->nr_places, 1);
	assert_non_null(strstr(finding->places[0].command, "nsenter -n -t \"$(lsns"));

	/* no file below /etc/sysctl.d reaches the second one, or the third */
	assert_int_equal(sysctl_conf(&diagnosis, lines, 4, &elsewhere), 1);
	assert_string_equal(lines[0].setting->name, "net.ipv4.tcp_timestamps");
	assert_int_equal(elsewhere, 2);
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

/* The same sentence of other numbers is another finding. */
static void what_differs_in_its_evidence_is_told_twice(void **state)
{
	struct site site = { .ino = 8, .cookie = 8 };
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	chart_facts(&chart, NULL, "net.netfilter.nf_conntrack_count 200000");
	site.now = facts_but("net.netfilter.nf_conntrack_count 200001");
	assert_int_equal(chart_add_site(&chart, &site), 0);
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	assert_int_equal(diagnosis.nr_findings, 2);
	assert_string_equal(diagnosis.findings[0].sentence, diagnosis.findings[1].sentence);
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

static void what_one_namespace_lacks_another_may_have(void **state)
{
	struct site bare = { .ino = 8, .cookie = 8, .now = "" };
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	chart_facts(&chart, NULL, "-net.ipv4.tcp_fin_timeout");
	assert_int_equal(chart_add_site(&chart, &bare), 0);
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	assert_non_null(find_unjudged(&diagnosis, "fin_timeout_quirk"));
	assert_null(find_unjudged(&diagnosis, "range_parity"));
	diagnosis_release(&diagnosis);
	chart.sites[1].now = NULL;
	chart_facts_release(&chart);
}

/* What is of the whole host is read in its own namespace, wherever that stands. */
static void the_hosts_own_namespace_speaks_for_it(void **state)
{
	struct site sites[] = { { .ino = 8, .cookie = 8, .now = "" },
				{ .ino = 7, .cookie = 7, .now = "", .is_host = true },
				{ .ino = 9, .cookie = 9, .now = "" },
				{ .ino = 9, .cookie = 9, .now = "", .source = 1 } };
	struct chart chart = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(chart_add_site(&chart, &sites[i]), 0);
	assert_false(chart.sites[0].first);
	assert_true(chart.sites[1].first);
	assert_false(chart.sites[2].first);
	assert_true(chart.sites[3].first);
	chart_release(&chart);
}

static void buckets_are_proposed_by_what_is_needed_and_in_a_window_only(void **state)
{
	static const struct {
		const char *why, *before, *now, *value;
	} rows[] = {
		{ "more than there are", "",
		  OVERFLOW " 9; net.ipv4.tcp_max_tw_buckets 100; sockstat:TCP:tw 5000", "16384" },
		{ "since boot says nothing of now", NULL,
		  OVERFLOW " 9; net.ipv4.tcp_max_tw_buckets 100; sockstat:TCP:tw 5000", NULL },
		{ "as many as an int has", "",
		  OVERFLOW " 9; net.ipv4.tcp_max_tw_buckets 1073741824", NULL },
		{ "half of 64 bits", "",
		  OVERFLOW " 9; net.ipv4.tcp_max_tw_buckets 4611686018427387903", NULL },
		{ "all of 64 bits", "", OVERFLOW " 9; sockstat:TCP:tw 18446744073709551615", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct finding *finding;
		struct diagnosis diagnosis;
		struct chart chart;

		chart_facts(&chart, rows[i].before, rows[i].now);
		assert_int_equal(diagnose(&chart, &diagnosis), 0);
		finding = find_finding(&diagnosis, "time_wait_overflow");
		if (!finding || !finding->nr_settings != !rows[i].value ||
		    (rows[i].value && strcmp(finding->settings[0].value, rows[i].value)))
			fail_msg("%s: '%s'", rows[i].why,
				 finding ? finding->settings[0].value : "");
		diagnosis_release(&diagnosis);
		chart_facts_release(&chart);
	}
}

/* The host was booted between the two: what there is now counts from there on. */
static void a_counter_that_went_back_counts_since_boot(void **state)
{
	struct tally tally;
	struct chart chart;

	(void)state;
	chart_facts(&chart, OVERFLOW " 9", OVERFLOW " 4");
	assert_true(site_counter(&chart.sites[0], OVERFLOW, &tally));
	assert_false(tally.windowed);
	assert_int_equal(tally.lately, 4);
	chart_facts_release(&chart);
}

static void the_worst_comes_first(void **state)
{
	struct diagnosis diagnosis;
	struct chart chart;

	(void)state;
	chart_facts(
		&chart, NULL,
		"net.ipv4.ip_local_port_range 32768 61000; net.ipv4.tcp_timestamps 0; fs.file-nr 99999");
	assert_int_equal(diagnose(&chart, &diagnosis), 0);
	assert_int_equal(diagnosis.nr_findings, 3);
	assert_string_equal(diagnosis.findings[0].id, "files");
	assert_string_equal(diagnosis.findings[1].id, "timestamps_off");
	assert_string_equal(diagnosis.findings[2].id, "range_parity");
	diagnosis_release(&diagnosis);
	chart_facts_release(&chart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_speaks_when_its_facts_say_so),
		cmocka_unit_test(a_host_that_is_well_has_no_findings),
		cmocka_unit_test(a_rule_without_its_facts_is_unjudged),
		cmocka_unit_test(ports_that_ran_out_are_told_with_their_cause),
		cmocka_unit_test(a_range_without_a_port_is_told_with_what_keeps_them),
		cmocka_unit_test(a_wider_range_keeps_clear_of_listeners),
		cmocka_unit_test(a_failure_beside_free_ports_is_not_called_exhausted),
		cmocka_unit_test(reuse_is_proposed_where_it_helps_only),
		cmocka_unit_test(reuse_is_proposed_for_all_that_it_helps),
		cmocka_unit_test(what_is_of_another_namespace_is_not_told_here),
		cmocka_unit_test(half_of_the_ports_is_a_warning_and_fin_wait2_has_its_own),
		cmocka_unit_test(half_of_the_ports_within_a_minute_is_a_warning_of_its_own),
		cmocka_unit_test(failures_are_told_with_what_has_the_port),
		cmocka_unit_test(verdicts_are_findings_of_their_level),
		cmocka_unit_test(what_the_tracer_does_not_see_is_told),
		cmocka_unit_test(listeners_in_the_range_are_reserved_beside_those_that_are),
		cmocka_unit_test(what_is_alike_in_several_namespaces_is_told_once),
		cmocka_unit_test(what_differs_in_its_evidence_is_told_twice),
		cmocka_unit_test(what_one_namespace_lacks_another_may_have),
		cmocka_unit_test(the_hosts_own_namespace_speaks_for_it),
		cmocka_unit_test(buckets_are_proposed_by_what_is_needed_and_in_a_window_only),
		cmocka_unit_test(a_counter_that_went_back_counts_since_boot),
		cmocka_unit_test(the_worst_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
