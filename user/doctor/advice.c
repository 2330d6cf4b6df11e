// SPDX-License-Identifier: GPL-2.0-or-later
/* The tips that pages on the web give for errors 98 and 99: a table, a judge each. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/advice.h"
#include "doctor/ports.h"
#include "doctor/supply.h"

#define REUSE "net.ipv4.tcp_tw_reuse"
#define TIMESTAMPS "net.ipv4.tcp_timestamps"
#define DELAY "net.ipv4.tcp_tw_reuse_delay"

static enum opinion judge_recycle(const struct question *q)
{
	char kernel[64] = "";

	if (now_is(q, "net.ipv4.tcp_tw_recycle") >= 0)
		return because(
			q, OPINION_DANGEROUS,
			"It drops the SYNs of clients that share an address (NAT); Linux 4.12 "
			"has removed it.");
	if (q->site)
		site_kernel(q->site, kernel, sizeof(kernel));
	return because(q, OPINION_GONE,
		       "Linux 4.12 has removed it (4396e46187ca), and it broke clients behind NAT "
		       "before%s%s.",
		       kernel[0] ? "; there is no such file here, on " : "", kernel);
}

/* The first that would have ports of it; NULL: none. */
static const struct budget *helped(const struct question *q)
{
	const struct chart *chart = q->chart;

	for (size_t i = 0; q->site && i < chart->nr_budgets; i++)
		if (site_has_budget(q->site, &chart->budgets[i]) &&
		    reuse_would_help(q->site, &chart->budgets[i]))
			return &chart->budgets[i];
	return NULL;
}

/* Nothing was traced, and what there is in numbers is TIME_WAIT. */
static bool may_help(const struct question *q)
{
	return supply_of(q) == SUPPLY_UNSURE && supply_is_of_time_wait(q);
}

static enum opinion judge_reuse(const struct question *q)
{
	int64_t reuse = now_is(q, REUSE), timestamps = now_is(q, TIMESTAMPS);
	const struct budget *budget = helped(q);
	char supply[SUPPLY_LEN], now[NOW_LEN];

	supply_text(q, supply);
	now_text(q, REUSE, now);
	if (timestamps == 0)
		return because(q, OPINION_FALSE,
			       "tcp_timestamps is 0 here, and without timestamps nothing is taken "
			       "over. %s",
			       now);
	if (budget)
		supply_budget(budget, supply);
	if (reuse == 1 || !(budget || may_help(q)))
		return because(
			q, OPINION_IRRELEVANT,
			"It lets connect() take over a port in TIME_WAIT: 0 never, 1 always, 2 "
			"on loopback only (the default). It never helps a server's incoming "
			"connections and shortens no TIME_WAIT. %s %s%s",
			supply, now, reuse == 1 ? " It is on already." : "");
	return because(
		q, OPINION_TRUE,
		"1 lets connect() take over a port that has been in TIME_WAIT for a second, if "
		"both ends use timestamps; 2, the default, does so on loopback only. %s %s",
		supply, now);
}

static enum opinion judge_delay(const struct question *q)
{
	char now[NOW_LEN];

	if (now_is(q, REUSE) >= 0 && now_is(q, DELAY) < 0)
		return because(
			q, OPINION_GONE,
			"It is there from Linux 6.14 on, not here; before, the delay is of up to "
			"one second.");
	return because(
		q, OPINION_IRRELEVANT,
		"How long a TIME_WAIT must have lasted before tcp_tw_reuse takes it over, in "
		"ms. A second is little beside the 60 s of TIME_WAIT; a shorter one is riskier. %s",
		now_text(q, DELAY, now));
}

static enum opinion judge_fin_timeout(const struct question *q)
{
	const struct budget *budget = supply_worst(q);
	char now[NOW_LEN];

	now_text(q, "net.ipv4.tcp_fin_timeout", now);
	if (budget && budget->fin_wait2 && budget->fin_wait2 * 4 >= budget->capacity)
		return because(q, OPINION_TRUE,
			       "It shortens no TIME_WAIT, but %" PRIu32
			       " orphans in FIN_WAIT2 hold "
			       "ports here, and those it ends sooner. %s",
			       budget->fin_wait2, now);
	return because(
		q, OPINION_FALSE,
		"TIME_WAIT is a constant, 60 s (TCP_TIMEWAIT_LEN). This is how long an orphan "
		"stays in FIN_WAIT2. The kernel takes what is above 60 twice and nothing else: "
		"62 means 4 s, 90 means 60 s. %s",
		now);
}

static enum opinion judge_buckets(const struct question *q)
{
	struct tally overflows = tally_of(q, "TcpExt:TCPTimeWaitOverflow");
	char now[NOW_LEN], counted[TALLY_LEN], reached[TALLY_LEN + 64];

	now_text(q, "net.ipv4.tcp_max_tw_buckets", now);
	tally_text(q, &overflows, counted);
	if (overflows.lately)
		return because(q, OPINION_TRUE,
			       "It was reached (TCPTimeWaitOverflow: %s): a higher one lets "
			       "connections end as they should. It adds no ports. %s",
			       counted, now);
	if (overflows.since_boot)
		snprintf(reached, sizeof(reached), "It was reached (TCPTimeWaitOverflow: %s)",
			 counted);
	else
		snprintf(reached, sizeof(reached), "%s",
			 is_counted(q, "TcpExt:TCPTimeWaitOverflow") ?
				 "It was not reached here" :
				 "Whether it was reached here is not known");
	return because(
		q, OPINION_FALSE,
		"It adds neither sockets nor ports: it bounds how many small sockets there "
		"are, and beyond it TIME_WAIT is skipped. %s; 200000 may be below the default. "
		"%s",
		reached, now);
}

static enum opinion judge_timestamps(const struct question *q)
{
	char now[NOW_LEN];

	if (now_is(q, TIMESTAMPS) == 0)
		return because(q, OPINION_TRUE,
			       "Turning it on is right: it is off here, so that tcp_tw_reuse does "
			       "nothing and old segments are not told from new ones.");
	return because(q, OPINION_DANGEROUS,
		       "Turning it off takes away what tcp_tw_reuse and PAWS rest on. %s",
		       now_text(q, TIMESTAMPS, now));
}

static enum opinion judge_rfc1337(const struct question *q)
{
	uint64_t resets = q->chart->totals ? q->chart->totals->count[FIELD_TW_RESET] : 0;
	char now[NOW_LEN];

	now_text(q, "net.ipv4.tcp_rfc1337", now);
	if (resets)
		return because(
			q, OPINION_TRUE,
			"1 makes TIME_WAIT ignore a RST, 0 lets it be ended by one (the kernel's "
			"ip-sysctl has it the wrong way round). %" PRIu64 " ended so here, which "
			"frees ports and is seldom a harm. %s",
			resets, now);
	return because(q, OPINION_IRRELEVANT,
		       "1 makes TIME_WAIT ignore a RST, 0 lets it be ended by one (the kernel's "
		       "ip-sysctl has it the wrong way round). %s %s",
		       q->chart->traced ? "None was ended so here." : "It frees no port.", now);
}

static const char *listeners_unknown(const struct question *q)
{
	return chart_knows_listeners(q->chart) ? "" :
						 " Which ports are listened on is not known here.";
}

static enum opinion judge_range(const struct question *q)
{
	char supply[SUPPLY_LEN], now[NOW_LEN];
	enum supply state = supply_of(q);

	supply_text(q, supply);
	now_text(q, "net.ipv4.ip_local_port_range", now);
	if (state == SUPPLY_ENOUGH || state == SUPPLY_UNKNOWN)
		return because(
			q, OPINION_IRRELEVANT,
			"The only sysctl that adds ports, for each destination anew. %s %s%s",
			supply, now, listeners_unknown(q));
	return because(
		q, OPINION_TRUE,
		"The only sysctl that adds ports. Keep it clear of ports that services listen "
		"on, or reserve those, and one end even, the other odd. %s %s%s",
		supply, now, listeners_unknown(q));
}

static unsigned int listeners_in_range(const struct question *q)
{
	unsigned int low, high;

	return q->site && site_range(q->site, &low, &high) ?
		       chart_listeners(q->chart, q->site, low, high) :
		       0;
}

static enum opinion judge_reserved(const struct question *q)
{
	unsigned int count = listeners_in_range(q);

	if (count)
		return because(q, OPINION_TRUE,
			       "%u port%s listened on lie%s inside ip_local_port_range: a "
			       "connect() may take one while its service is down.",
			       count, count == 1 ? " that is" : "s that are",
			       count == 1 ? "s" : "");
	return because(q, OPINION_IRRELEVANT, "It keeps ports from connect(); it adds none.%s",
		       chart_knows_listeners(q->chart) ?
			       " No service listens inside ip_local_port_range here." :
			       listeners_unknown(q));
}

/* What bind() ran into; NR_PORT_HOLDERS: nothing. */
static enum port_holder_kind bind_trouble(const struct chart *chart)
{
	enum port_holder_kind found = NR_PORT_HOLDERS;

	for (size_t i = 0; i < chart->nr_failures; i++) {
		const struct failure *failure = &chart->failures[i];

		if (failure->kind == FAILURE_CONNECT || failure->error != EADDRINUSE)
			continue;
		found = failure->holder.kind;
		if (found == HELD_BY_TIME_WAIT)
			return found;
	}
	return found;
}

static enum opinion judge_reuseaddr(const struct question *q)
{
	enum port_holder_kind holder = bind_trouble(q->chart);

	if (holder == HELD_BY_TIME_WAIT || holder == HELD_BY_CONNECTION)
		return because(
			q, OPINION_TRUE,
			"A bind() failed here because of what an old listener has left. Both "
			"need it, the old socket and the new one; connect() is not helped.");
	if (holder == HELD_BY_LISTENER)
		return because(
			q, OPINION_FALSE,
			"A bind() failed here because another socket listens on the port: it "
			"does not help against that.");
	return because(
		q, OPINION_IRRELEVANT,
		"Right on every listener: bind() then gets past TIME_WAIT, if the old socket "
		"had it too. It does nothing for connect() (error 99) or against a living "
		"listener. %s",
		q->chart->binds == TW_BINDS_SEEN ? "No bind() has failed here." :
		q->chart->traced ? "Whether a bind() fails was not seen (--syscalls sees it)." :
				   "Whether a bind() fails is not known without a trace.");
}

static const struct {
	const char *setting, *tip;
	enum opinion (*judge)(const struct question *question);
} tips[] = {
	{ "tcp_tw_recycle", "turn it on", judge_recycle },
	{ "tcp_tw_reuse", "set it to 1", judge_reuse },
	{ "tcp_tw_reuse_delay", "shorten it", judge_delay },
	{ "tcp_fin_timeout", "lower it to shorten TIME_WAIT", judge_fin_timeout },
	{ "tcp_max_tw_buckets", "raise it for more sockets", judge_buckets },
	{ "tcp_rmem", "raise it", advice_on_buffers },
	{ "tcp_wmem", "raise it", advice_on_buffers },
	{ "tcp_syncookies", "turn it on", advice_on_cookies },
	{ "tcp_timestamps", "turn it off (or on)", judge_timestamps },
	{ "tcp_rfc1337", "turn it on", judge_rfc1337 },
	{ "tcp_max_orphans", "raise it", advice_on_orphans },
	{ "somaxconn", "raise it", advice_on_somaxconn },
	{ "tcp_abort_on_overflow", "turn it on", advice_on_abort },
	{ "ip_local_port_range", "widen it", judge_range },
	{ "ip_local_reserved_ports", "reserve the ports of services", judge_reserved },
	{ "nf_conntrack_tcp_timeout_time_wait", "lower it, and its kin", advice_on_conntrack },
	{ "SO_REUSEADDR", "set it against EADDRINUSE", judge_reuseaddr },
	{ "SO_LINGER", "set it to 0 to avoid TIME_WAIT", advice_on_linger },
	{ "UDP", "switch to UDP", advice_on_udp },
	{ "TCP version", "upgrade TCP, to 4.2", advice_on_version },
};

#define NR_TIPS (sizeof(tips) / sizeof(tips[0]))

const char *opinion_name(enum opinion opinion)
{
	static const char *const names[NR_OPINIONS] = {
		"true", "false", "irrelevant", "dangerous", "gone", NULL,
	};

	return names[opinion];
}

enum opinion counsel_tip(const struct question *question, const char *setting)
{
	for (size_t i = 0; i < NR_TIPS; i++)
		if (!strcmp(tips[i].setting, setting))
			return tips[i].judge(question);
	return OPINION_NONE;
}

int counsel(const struct chart *chart, struct advice **advice, size_t *count)
{
	struct advice *all = calloc(NR_TIPS, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < NR_TIPS; i++) {
		struct question question = {
			.chart = chart,
			.site = supply_site(chart),
			.reason = all[i].reason,
		};

		all[i].setting = tips[i].setting;
		all[i].tip = tips[i].tip;
		all[i].verdict = tips[i].judge(&question);
	}
	*advice = all;
	*count = NR_TIPS;
	return 0;
}
