// SPDX-License-Identifier: GPL-2.0-or-later
/* Connection tracking, where it is loaded: its table, and its own idea of how long things last. */
#include <inttypes.h>
#include <stdio.h>

#include "doctor/rule.h"

#define CONNTRACK "net.netfilter.nf_conntrack_"
#define COUNT CONNTRACK "count"
#define ESTABLISHED CONNTRACK "tcp_timeout_established"
#define KEEPALIVE "net.ipv4.tcp_keepalive_time"
#define MAX CONNTRACK "max"
#define TIME_WAIT CONNTRACK "tcp_timeout_time_wait"

static void add_table(struct exam *exam, struct finding *finding)
{
	int64_t most = exam_sysctl(exam, MAX, 0), time_wait;

	finding_count(finding, COUNT, (double)exam_sysctl(exam, COUNT, 0));
	finding_count(finding, MAX, (double)most);
	if (site_sysctl(exam->site, TIME_WAIT, 0, &time_wait))
		finding_count(finding, TIME_WAIT ", seconds", (double)time_wait);
	finding_advise(finding,
		       "Don't track what no rule asks about (NOTRACK), or raise nf_conntrack_max; "
		       "a shorter timeout of time_wait empties the table faster and frees no port.",
		       "About 320 bytes of kernel memory for each entry.");
	/* only the first namespace may write it */
	if (exam->site->is_host && most > 0 && most <= INT32_MAX / 2)
		finding_set(finding, exam, MAX, "%" PRId64, 2 * most);
}

static int64_t percent(const struct exam *exam)
{
	int64_t most = exam_sysctl(exam, MAX, 0);

	/* 0: without a bound */
	return most > 0 ? (int64_t)((double)exam_sysctl(exam, COUNT, 0) * 100 / (double)most) : 0;
}

static void judge_full(struct exam *exam)
{
	if (percent(exam) < 95)
		return;
	add_table(exam, exam_find(exam,
				  "The table of nf_conntrack is %" PRId64
				  " %% full: new connections are dropped when it is full",
				  percent(exam)));
}

static void judge_filling(struct exam *exam)
{
	if (percent(exam) < 75 || percent(exam) >= 95)
		return;
	add_table(exam, exam_find(exam, "The table of nf_conntrack is %" PRId64 " %% full",
				  percent(exam)));
}

/* A connection that is idle for longer is dropped from the table before its first probe. */
static void judge_keepalive(struct exam *exam)
{
	int64_t keepalive = exam_sysctl(exam, KEEPALIVE, 0);
	int64_t timeout = exam_sysctl(exam, ESTABLISHED, 0);
	struct finding *finding;

	if (timeout <= 0 || keepalive < timeout)
		return;
	finding = exam_find(exam,
			    "Keep-alive begins after %" PRId64
			    " s, and nf_conntrack forgets an idle connection after %" PRId64 " s",
			    keepalive, timeout);
	finding_count(finding, KEEPALIVE ", seconds", (double)keepalive);
	finding_count(finding, ESTABLISHED ", seconds", (double)timeout);
	finding_advise(finding,
		       "Let keep-alive begin earlier, in the program (TCP_KEEPIDLE) or by the "
		       "sysctl, which is for programs that set SO_KEEPALIVE only.",
		       "A segment now and then on idle connections.");
	finding_set(finding, exam, KEEPALIVE, "%" PRId64, timeout / 2 > 0 ? timeout / 2 : 1);
}

static void judge_loose(struct exam *exam)
{
	struct finding *finding;

	if (exam_sysctl(exam, CONNTRACK "tcp_loose", 0))
		return;
	finding = exam_find(exam, "nf_conntrack picks up no connection that it has not seen begin");
	finding_count(finding, CONNTRACK "tcp_loose", 0);
	finding_advise(finding,
		       "Know it before the table is emptied or the firewall restarted: connections "
		       "that are open are INVALID then.",
		       NULL);
}

const struct rule rules_conntrack[] = {
	{ "conntrack_full", SEVERITY_PROBLEM, judge_full, RULE_CONNTRACK, { COUNT, MAX } },
	{ "conntrack_filling", SEVERITY_WARNING, judge_filling, RULE_CONNTRACK, { COUNT, MAX } },
	{ "conntrack_keepalive",
	  SEVERITY_WARNING,
	  judge_keepalive,
	  RULE_CONNTRACK,
	  { ESTABLISHED, KEEPALIVE } },
	{ "conntrack_loose", SEVERITY_NOTE, judge_loose, RULE_CONNTRACK, { CONNTRACK "tcp_loose" } },
	{ NULL, 0, NULL, 0, { NULL } },
};
