// SPDX-License-Identifier: GPL-2.0-or-later
/* TIME_WAIT and FIN_WAIT2: small sockets, their bound, how they end, and what takes them over. */
#include <inttypes.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/text.h"
#include "doctor/ports.h"
#include "doctor/rule.h"

#define BUCKETS "net.ipv4.tcp_max_tw_buckets"
#define REUSE "net.ipv4.tcp_tw_reuse"
#define TIMESTAMPS "net.ipv4.tcp_timestamps"
#define FIN_TIMEOUT "net.ipv4.tcp_fin_timeout"
#define RECYCLE "net.ipv4.tcp_tw_recycle"
#define RFC1337 "net.ipv4.tcp_rfc1337"
#define OVERFLOW "TcpExt:TCPTimeWaitOverflow"

/* A minisock is of 256 bytes (struct tcp_timewait_sock and its slab). */
static void propose_buckets(const struct exam *exam, struct finding *finding)
{
	int64_t buckets = exam_sysctl(exam, BUCKETS, 0), wanted = 1024;
	uint64_t time_wait = exam_sockstat(exam, "TCP:tw");

	while (wanted <= INT32_MAX && (wanted / 2 < buckets || (uint64_t)wanted / 2 < time_wait))
		wanted *= 2;
	finding_count(finding, BUCKETS, (double)buckets);
	finding_count(finding, "sockstat: TCP tw", (double)time_wait);
	finding_advise(finding,
		       "Raise tcp_max_tw_buckets. It gives no ports to anybody: it only lets "
		       "connections end as they should.",
		       "256 bytes of kernel memory for each socket that is really there.");
	/* beyond an int the kernel refuses */
	if (wanted <= INT32_MAX)
		finding_set(finding, exam, BUCKETS, "%" PRId64, wanted);
}

static const char again[] =
	"Watch it at the busiest hour; raise tcp_max_tw_buckets if it happens again.";

static void judge_overflow(struct exam *exam)
{
	struct tally tally = exam_counter(exam, OVERFLOW);
	char since[SINCE_LEN], number[TEXT_LEN];
	struct finding *finding;

	if (!tally.lately)
		return;
	finding = exam_find(exam,
			    "tcp_max_tw_buckets was reached: %s connections skipped TIME_WAIT %s",
			    text_count(tally.lately, number), exam_since(exam, &tally, since));
	finding_tally(finding, "TCPTimeWaitOverflow", &tally);
	if (tally.windowed) {
		propose_buckets(exam, finding);
		return;
	}
	/* one burst, long ago, would be a reason for nothing */
	finding->severity = SEVERITY_WARNING;
	finding_count(finding, BUCKETS, (double)exam_sysctl(exam, BUCKETS, 0));
	finding_advise(finding, again, NULL);
}

static void judge_overflow_before(struct exam *exam)
{
	struct tally tally = exam_counter(exam, OVERFLOW);
	struct finding *finding;
	char number[TEXT_LEN];

	if (tally.lately || !tally.since_boot)
		return;
	finding = exam_find(exam,
			    "%s connections have skipped TIME_WAIT since boot, none of them lately",
			    text_count(tally.since_boot, number));
	finding_tally(finding, "TCPTimeWaitOverflow", &tally);
	finding_count(finding, BUCKETS, (double)exam_sysctl(exam, BUCKETS, 0));
	finding_advise(finding, again, NULL);
}

static void judge_buckets(struct exam *exam)
{
	uint64_t time_wait = exam_sockstat(exam, "TCP:tw");
	int64_t buckets = exam_sysctl(exam, BUCKETS, 0);
	struct finding *finding;
	char number[TEXT_LEN];

	if (!time_wait || exam_counter(exam, OVERFLOW).lately ||
	    (double)time_wait * 5 < (double)buckets * 4)
		return;
	finding = exam_find(exam, "%s small sockets are four fifths or more of tcp_max_tw_buckets",
			    text_count(time_wait, number));
	propose_buckets(exam, finding);
}

/* tcp_twsk_unique(): no timestamps of the old connection, no reuse. */
static void judge_useless_reuse(struct exam *exam)
{
	int64_t reuse = exam_sysctl(exam, REUSE, 0);
	struct finding *finding;

	if (reuse != 1 || exam_sysctl(exam, TIMESTAMPS, 0))
		return;
	finding = exam_find(exam, "tcp_tw_reuse is on and does nothing: tcp_timestamps is off");
	finding_count(finding, REUSE, (double)reuse);
	finding_count(finding, TIMESTAMPS, 0);
	finding_advise(finding, "Turn timestamps on, at both ends of the connections.",
		       "12 bytes a segment.");
	finding_set(finding, exam, TIMESTAMPS, "1");
}

static bool is_loopback(const struct budget *budget)
{
	return addr_is_loopback(budget->local_addr) || addr_is_loopback(budget->remote_addr);
}

bool reuse_would_help(const struct site *site, const struct budget *budget)
{
	int64_t reuse, timestamps;

	if (budget->level < BUDGET_HALF || budget_cause(budget) != CAUSE_TIME_WAIT ||
	    !budget->time_wait || !site_sysctl(site, REUSE, 0, &reuse) ||
	    !site_sysctl(site, TIMESTAMPS, 0, &timestamps) || !timestamps)
		return false;
	/* 2, the default since 4.19, is loopback's only */
	return reuse != 1 && !(reuse == 2 && is_loopback(budget));
}

/* The first of all that it would help, and of those one that 2 is not enough for. */
static const struct budget *reuse_wanted(const struct exam *exam)
{
	const struct budget *wanted = NULL;

	for (size_t i = 0; i < exam->chart->nr_budgets; i++) {
		const struct budget *budget = &exam->chart->budgets[i];

		if (!site_has_budget(exam->site, budget) || !reuse_would_help(exam->site, budget))
			continue;
		if (!is_loopback(budget))
			return budget;
		if (!wanted)
			wanted = budget;
	}
	return wanted;
}

static void judge_reuse(struct exam *exam)
{
	const struct budget *budget = reuse_wanted(exam);
	int64_t reuse = exam_sysctl(exam, REUSE, 0);
	char place[BUDGET_TEXT_LEN], number[TEXT_LEN];
	struct finding *finding;

	if (!budget)
		return;
	finding = exam_find(exam,
			    "tcp_tw_reuse is %" PRId64 "%s: connect() can't take over the "
			    "%s ports in TIME_WAIT of connections %s",
			    reuse, reuse == 2 ? ", loopback only" : "",
			    text_count(budget->time_wait, number), budget_text(budget, place));
	finding_count(finding, REUSE, (double)reuse);
	finding_count(finding, TIMESTAMPS, (double)exam_sysctl(exam, TIMESTAMPS, 0));
	finding_count(finding, "of its ports in TIME_WAIT", budget->time_wait);
	finding_count(finding, "ports to choose from", budget->capacity);
	finding_advise(finding,
		       is_loopback(budget) ?
			       "tcp_tw_reuse=2, the default, lets connect() take over ports in "
			       "TIME_WAIT of loopback after a second, if both ends use timestamps. "
			       "Fewer connections are better." :
			       "tcp_tw_reuse=1 lets connect() take over ports in TIME_WAIT after a "
			       "second, if both ends use timestamps. Fewer connections are better.",
		       "A segment of the old connection that was delayed for over a second "
		       "is told from the new one by its timestamp only.");
	finding_set(finding, exam, REUSE, is_loopback(budget) ? "2" : "1");
}

/* tcp_fin_time() above TCP_TIMEWAIT_LEN (60 s): T - 60 as a full socket, again as a small one. */
static void judge_quirk(struct exam *exam)
{
	int64_t timeout = exam_sysctl(exam, FIN_TIMEOUT, 0);
	struct finding *finding;

	if (timeout <= 60 || timeout >= 90)
		return;
	finding = exam_find(exam,
			    "tcp_fin_timeout=%" PRId64 " keeps orphans in FIN_WAIT2 for %" PRId64
			    " s only, less than the default",
			    timeout, 2 * (timeout - 60));
	finding_count(finding, FIN_TIMEOUT, (double)timeout);
	finding_count(finding, "seconds in FIN_WAIT2, really", (double)(2 * (timeout - 60)));
	finding_advise(finding, "Set 60, the default, or less than that if it is meant.",
		       "A peer that closes later than that gets a RST.");
	finding_set(finding, exam, FIN_TIMEOUT, "60");
}

static void judge_fin_wait2(struct exam *exam)
{
	int64_t timeout = exam_sysctl(exam, FIN_TIMEOUT, 0);

	for (size_t i = 0; i < exam->chart->nr_budgets; i++) {
		const struct budget *budget = &exam->chart->budgets[i];
		char place[BUDGET_TEXT_LEN], number[TEXT_LEN];
		struct finding *finding;

		if (!site_has_budget(exam->site, budget) || !budget->capacity ||
		    budget->fin_wait2 * 4 < budget->capacity)
			continue;
		finding = exam_find(exam, "%s orphans in FIN_WAIT2 hold ports of connections %s",
				    text_count(budget->fin_wait2, number),
				    budget_text(budget, place));
		finding_budget(finding, budget);
		finding_count(finding, FIN_TIMEOUT, (double)timeout);
		finding_advise(
			finding,
			"The remote program never closes its end: that is where the leak is. "
			"A shorter tcp_fin_timeout frees the ports here sooner.",
			"A peer that closes later than that gets a RST.");
		if (timeout >= 20 && timeout <= 60)
			finding_set(finding, exam, FIN_TIMEOUT, "%" PRId64, timeout / 2);
		return;
	}
}

static void judge_assassinated(struct exam *exam)
{
	uint64_t resets = exam->chart->totals ? exam->chart->totals->count[FIELD_TW_RESET] : 0;
	struct finding *finding;
	char number[TEXT_LEN];

	if (!resets)
		return;
	finding = exam_find(exam, "%s sockets in TIME_WAIT were ended by a RST of their peer",
			    text_count(resets, number));
	finding_count(finding, "TIME_WAIT ended by a RST", (double)resets);
	finding_count(finding, RFC1337, (double)exam_sysctl(exam, RFC1337, 0));
	finding_advise(finding,
		       "Nothing, as a rule: it frees ports. tcp_rfc1337=1 ignores such a RST, "
		       "whatever ip-sysctl says.",
		       "With it such a port is free only after its 60 s.");
}

static void judge_timestamps(struct exam *exam)
{
	struct finding *finding;
	int64_t reuse;

	/* where tcp_tw_reuse=1 waits for it, that is said */
	if (exam_sysctl(exam, TIMESTAMPS, 0) ||
	    (site_sysctl(exam->site, REUSE, 0, &reuse) && reuse == 1))
		return;
	finding = exam_find(exam, "tcp_timestamps is off");
	finding_count(finding, TIMESTAMPS, 0);
	finding_advise(finding,
		       "Turn it on: without it connect() takes over no TIME_WAIT, a SYN reopens "
		       "fewer, and old segments are not told from new ones (PAWS).",
		       "12 bytes a segment; offsets are random, so that uptime does not show.");
	finding_set(finding, exam, TIMESTAMPS, "1");
}

static void judge_recycle(struct exam *exam)
{
	struct finding *finding;
	int64_t recycle;

	/* not there is as it should be, and nothing to complain of */
	if (!site_sysctl(exam->site, RECYCLE, 0, &recycle) || !recycle)
		return;
	finding =
		exam_find(exam, "tcp_tw_recycle is on: SYNs of clients behind one NAT are dropped");
	finding_count(finding, RECYCLE, (double)recycle);
	finding_advise(finding, "Turn it off; Linux 4.12 has removed it.",
		       "TIME_WAIT lasts for its 60 s again.");
	finding_set(finding, exam, RECYCLE, "0");
}

#define TW "sockstat:TCP:tw"

const struct rule rules_time_wait[] = {
	{ "time_wait_overflow", SEVERITY_PROBLEM, judge_overflow, 0, { OVERFLOW, BUCKETS, TW } },
	{ "time_wait_recycled", SEVERITY_PROBLEM, judge_recycle, 0, { NULL } },
	{ "time_wait_buckets", SEVERITY_WARNING, judge_buckets, 0, { OVERFLOW, BUCKETS, TW } },
	{ "reuse_without_timestamps",
	  SEVERITY_WARNING,
	  judge_useless_reuse,
	  0,
	  { REUSE, TIMESTAMPS } },
	{ "reuse_not_here", SEVERITY_WARNING, judge_reuse, RULE_TRACED, { REUSE, TIMESTAMPS } },
	{ "fin_timeout_quirk", SEVERITY_WARNING, judge_quirk, 0, { FIN_TIMEOUT } },
	{ "fin_wait2_ports", SEVERITY_WARNING, judge_fin_wait2, RULE_TRACED, { FIN_TIMEOUT } },
	{ "timestamps_off", SEVERITY_WARNING, judge_timestamps, 0, { TIMESTAMPS } },
	{ "time_wait_overflow_before",
	  SEVERITY_NOTE,
	  judge_overflow_before,
	  0,
	  { OVERFLOW, BUCKETS } },
	{ "time_wait_reset",
	  SEVERITY_NOTE,
	  judge_assassinated,
	  RULE_OF_HOST | RULE_TRACED,
	  { RFC1337 } },
	{ NULL, 0, NULL, 0, { NULL } },
};
