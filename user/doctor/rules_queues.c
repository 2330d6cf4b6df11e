// SPDX-License-Identifier: GPL-2.0-or-later
/* Listeners: connections that wait for accept(), SYNs that wait for their ACK. */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "doctor/rule.h"

#define ABORT "net.ipv4.tcp_abort_on_overflow"
#define COOKIES "net.ipv4.tcp_syncookies"
#define OVERFLOWS "TcpExt:ListenOverflows"
#define SOMAXCONN "net.core.somaxconn"

/* The listener of this namespace whose queue the model saw full; NULL: none, or nobody looked. */
static const struct verdict *full_queue(const struct exam *exam)
{
	for (size_t i = 0; i < exam->chart->nr_verdicts; i++) {
		const struct verdict *verdict = &exam->chart->verdicts[i];

		if (verdict->kind == LEAK_ACCEPT_QUEUE &&
		    verdict->netns_cookie == exam->site->cookie &&
		    verdict->source == exam->site->source)
			return verdict;
	}
	return NULL;
}

/* listen() cuts what the program asks for to somaxconn (__sys_listen()). */
static void advise_queue(struct exam *exam, struct finding *finding, const struct verdict *queue)
{
	int64_t most = exam_sysctl(exam, SOMAXCONN, 0);

	if (!queue) {
		finding_advise(
			finding,
			"Look which listener it is (ss -ltn: Recv-Q above Send-Q) and why it "
			"accepts too slowly. A longer queue needs a larger backlog in its "
			"listen() and somaxconn no smaller than that.",
			"A longer queue only hides a program that is too slow on average.");
		return;
	}
	finding_word(finding, "listener", "%s, port %u",
		     queue->service ? queue->service : "unknown", queue->local_port);
	finding_count(finding, "its backlog", queue->limit);
	finding_count(finding, "connections that wait", (double)queue->count);
	/* above: it was cut to what somaxconn was, and listens since then */
	if ((int64_t)queue->limit != most) {
		finding_advise(finding,
			       "Make the program accept faster, or raise the backlog in its "
			       "listen(): that is the limit here, and not somaxconn.",
			       "A longer queue only hides a program that is too slow on average.");
		return;
	}
	finding_advise(finding,
		       "Make the program accept faster. Its backlog is cut to somaxconn, or as "
		       "large: raise that, and listen() anew (restart it).",
		       "A longer queue only hides a program that is too slow on average.");
	if (most > 0 && most <= INT32_MAX / 2)
		finding_set(finding, exam, SOMAXCONN, "%" PRId64, 2 * most);
}

static void judge_overflows(struct exam *exam)
{
	struct tally tally = exam_counter(exam, OVERFLOWS);
	struct tally drops = exam_counter(exam, "TcpExt:ListenDrops");
	char since[SINCE_LEN], number[TEXT_LEN];
	struct finding *finding;

	if (!tally.lately)
		return;
	finding = exam_find(exam, "Accept queues overflowed %s times %s",
			    text_count(tally.lately, number), exam_since(exam, &tally, since));
	/* long ago is no problem of now */
	if (!tally.windowed)
		finding->severity = SEVERITY_WARNING;
	finding_tally(finding, "ListenOverflows", &tally);
	finding_tally(finding, "ListenDrops", &drops);
	finding_count(finding, SOMAXCONN, (double)exam_sysctl(exam, SOMAXCONN, 0));
	advise_queue(exam, finding, full_queue(exam));
}

static void judge_abort(struct exam *exam)
{
	struct finding *finding;

	if (!exam_sysctl(exam, ABORT, 0))
		return;
	finding =
		exam_find(exam, "tcp_abort_on_overflow is on: a full accept queue resets clients");
	finding_count(finding, ABORT, (double)exam_sysctl(exam, ABORT, 0));
	finding_advise(finding,
		       "Turn it off: without it a client tries again by itself, and a short burst "
		       "is only a delay.",
		       "Clients notice an overload later.");
	finding_set(finding, exam, ABORT, "0");
}

static void judge_syn_queue(struct exam *exam)
{
	struct tally cookies = exam_counter(exam, "TcpExt:TCPReqQFullDoCookies");
	struct tally sent = exam_counter(exam, "TcpExt:SyncookiesSent");
	struct tally drops = exam_counter(exam, "TcpExt:TCPReqQFullDrop");
	char since[SINCE_LEN], number[TEXT_LEN];
	struct finding *finding;

	if (!cookies.lately && !drops.lately)
		return;
	finding = exam_find(exam, "SYN queues were full %s times %s",
			    text_count(cookies.lately + drops.lately, number),
			    exam_since(exam, &cookies, since));
	finding_tally(finding, "TCPReqQFullDoCookies", &cookies);
	finding_tally(finding, "TCPReqQFullDrop", &drops);
	finding_tally(finding, "SyncookiesSent", &sent);
	finding_count(finding, COOKIES, (double)exam_sysctl(exam, COOKIES, 0));
	finding_advise(finding,
		       "A flood of SYNs, or a listener with a short backlog (its SYN queue is as "
		       "long): raise the backlog. Cookies bridge it.",
		       "A longer queue costs memory under a flood.");
}

/* Without cookies a full SYN queue drops (tcp_conn_request()). */
static void judge_cookies(struct exam *exam)
{
	struct tally drops = exam_counter(exam, "TcpExt:TCPReqQFullDrop");
	struct finding *finding;
	char number[TEXT_LEN];

	if (exam_sysctl(exam, COOKIES, 0) || !drops.since_boot)
		return;
	finding = exam_find(exam,
			    "tcp_syncookies is off, and %s SYNs were dropped for want of room",
			    text_count(drops.since_boot, number));
	finding_count(finding, COOKIES, 0);
	finding_tally(finding, "TCPReqQFullDrop", &drops);
	finding_advise(finding, "Turn it on, as is the default.",
		       "A connection made by a cookie has window scaling and SACK only with "
		       "timestamps.");
	finding_set(finding, exam, COOKIES, "1");
}

static void judge_cookies_always(struct exam *exam)
{
	struct finding *finding;

	if (exam_sysctl(exam, COOKIES, 0) < 2)
		return;
	finding =
		exam_find(exam, "tcp_syncookies=2 sends cookies always, which is meant for tests");
	finding_count(finding, COOKIES, (double)exam_sysctl(exam, COOKIES, 0));
	finding_advise(finding, "Set 1: cookies only where the SYN queue is full.", "None.");
	finding_set(finding, exam, COOKIES, "1");
}

#define COOKIES_SENT "TcpExt:SyncookiesSent"
#define QUEUE_COOKIES "TcpExt:TCPReqQFullDoCookies"
#define QUEUE_DROP "TcpExt:TCPReqQFullDrop"

const struct rule rules_queues[] = {
	{ "accept_overflow",
	  SEVERITY_PROBLEM,
	  judge_overflows,
	  0,
	  { OVERFLOWS, "TcpExt:ListenDrops", SOMAXCONN } },
	{ "syncookies_off", SEVERITY_PROBLEM, judge_cookies, 0, { COOKIES, QUEUE_DROP } },
	{ "abort_on_overflow", SEVERITY_WARNING, judge_abort, 0, { ABORT } },
	{ "syn_queue_full",
	  SEVERITY_WARNING,
	  judge_syn_queue,
	  0,
	  { COOKIES, QUEUE_COOKIES, QUEUE_DROP, COOKIES_SENT } },
	{ "syncookies_always", SEVERITY_NOTE, judge_cookies_always, 0, { COOKIES } },
	{ NULL, 0, NULL, 0, { NULL } },
};
