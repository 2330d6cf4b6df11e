// SPDX-License-Identifier: GPL-2.0-or-later
/* What the counters say of connections: lost segments, connects that fail, resets. */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "doctor/rule.h"

/* A share of less, or less than so many, is the weather. */
#define MANY 10
#define RETRANSMITTED_SHARE 0.02
#define MANY_SEGMENTS 1000
#define SHARE 0.05

static double share_of(const struct tally *part, const struct tally *whole)
{
	return whole->lately ? (double)part->lately / (double)whole->lately : 0;
}

static void judge_retransmits(struct exam *exam)
{
	struct tally again = exam_counter(exam, "Tcp:RetransSegs");
	struct tally all = exam_counter(exam, "Tcp:OutSegs");
	struct tally timeouts = exam_counter(exam, "TcpExt:TCPTimeouts");
	struct finding *finding;
	char since[SINCE_LEN];

	if (all.lately < MANY_SEGMENTS || share_of(&again, &all) < RETRANSMITTED_SHARE)
		return;
	finding = exam_find(exam, "%.1f %% of the segments were sent again %s",
			    100 * share_of(&again, &all), exam_since(exam, &again, since));
	finding_tally(finding, "RetransSegs", &again);
	finding_tally(finding, "OutSegs", &all);
	finding_tally(finding, "TCPTimeouts", &timeouts);
	finding_advise(finding,
		       "Look for loss on the way (ss -ti, ethtool -S, a full link). No setting of "
		       "TIME_WAIT or of ports changes it.",
		       NULL);
}

static void judge_syns(struct exam *exam)
{
	struct tally again = exam_counter(exam, "TcpExt:TCPSynRetrans");
	struct tally opens = exam_counter(exam, "Tcp:ActiveOpens");
	struct tally passive = exam_counter(exam, "Tcp:PassiveOpens");
	char since[SINCE_LEN], number[TEXT_LEN];
	struct finding *finding;

	opens.lately += passive.lately;
	opens.since_boot += passive.since_boot;
	if (again.lately < MANY || again.lately < SHARE * (double)opens.lately)
		return;
	finding = exam_find(
		exam, "%s SYNs and SYN-ACKs were sent again %s: connecting takes a second or more",
		text_count(again.lately, number), exam_since(exam, &again, since));
	finding_tally(finding, "TCPSynRetrans", &again);
	finding_tally(finding, "ActiveOpens and PassiveOpens", &opens);
	finding_advise(
		finding,
		"Look where nobody answers: a firewall that drops, a listener whose queue is "
		"full, a host that is gone (twtrace leaks: syn_sent).",
		NULL);
}

static void judge_attempts(struct exam *exam)
{
	struct tally failed = exam_counter(exam, "Tcp:AttemptFails");
	struct tally opens = exam_counter(exam, "Tcp:ActiveOpens");
	struct tally passive = exam_counter(exam, "Tcp:PassiveOpens");
	char since[SINCE_LEN], number[TEXT_LEN];
	struct finding *finding;

	opens.lately += passive.lately;
	opens.since_boot += passive.since_boot;
	if (failed.lately < MANY || failed.lately < SHARE * (double)opens.lately)
		return;
	finding = exam_find(exam, "%s connections did not come about %s",
			    text_count(failed.lately, number), exam_since(exam, &failed, since));
	finding_tally(finding, "AttemptFails", &failed);
	finding_tally(finding, "ActiveOpens and PassiveOpens", &opens);
	finding_advise(finding,
		       "twtrace trace --kind connect_failed says who, where to, and why: refused "
		       "or timed out.",
		       NULL);
}

/* A RST instead of a FIN, and what the peer has not read yet may be lost. */
static void judge_aborts(struct exam *exam)
{
	struct tally data = exam_counter(exam, "TcpExt:TCPAbortOnData");
	struct tally close = exam_counter(exam, "TcpExt:TCPAbortOnClose");
	struct tally both = { .lately = data.lately + close.lately, .windowed = data.windowed };
	struct tally opens = exam_counter(exam, "Tcp:PassiveOpens");
	struct tally active = exam_counter(exam, "Tcp:ActiveOpens");
	char since[SINCE_LEN], number[TEXT_LEN];
	struct finding *finding;

	opens.lately += active.lately;
	if (both.lately < MANY || both.lately < SHARE * (double)opens.lately)
		return;
	finding = exam_find(exam, "%s connections were closed with a RST by this host %s",
			    text_count(both.lately, number), exam_since(exam, &both, since));
	finding_tally(finding, "TCPAbortOnData", &data);
	finding_tally(finding, "TCPAbortOnClose", &close);
	finding_advise(finding,
		       "The program closes before it has read everything (AbortOnClose), or data "
		       "comes after its close() (AbortOnData): read to the end of file first. "
		       "SO_LINGER with 0 counts as AbortOnData too.",
		       "A close waits for the peer.");
}

#define ACTIVE "Tcp:ActiveOpens"
#define PASSIVE "Tcp:PassiveOpens"

const struct rule rules_traffic[] = {
	{ "retransmits",
	  SEVERITY_WARNING,
	  judge_retransmits,
	  0,
	  { "Tcp:RetransSegs", "Tcp:OutSegs", "TcpExt:TCPTimeouts" } },
	{ "syn_retransmits",
	  SEVERITY_WARNING,
	  judge_syns,
	  0,
	  { "TcpExt:TCPSynRetrans", ACTIVE, PASSIVE } },
	{ "attempts_failed",
	  SEVERITY_WARNING,
	  judge_attempts,
	  0,
	  { "Tcp:AttemptFails", ACTIVE, PASSIVE } },
	{ "resets_on_close",
	  SEVERITY_NOTE,
	  judge_aborts,
	  0,
	  { "TcpExt:TCPAbortOnData", "TcpExt:TCPAbortOnClose", ACTIVE, PASSIVE } },
	{ NULL, 0, NULL, 0, { NULL } },
};
