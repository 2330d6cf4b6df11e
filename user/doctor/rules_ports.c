// SPDX-License-Identifier: GPL-2.0-or-later
/* Ephemeral ports: how many there are, who has them, and what fails for want of one. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"
#include "doctor/ports.h"
#include "doctor/rule.h"

/* Below it most services have their ports, also those that are not running now. */
#define LEAST_PORT 10000

/* ip_local_port_range, as the kernel sets it */
#define DEFAULT_LOW 32768
#define DEFAULT_HIGH 60999

struct range {
	unsigned int low, high;
};

/*
 * Makes it wider, up to @most, without a port that is listened on. False: it is not within @most,
 * or gains less than a quarter, for which nobody changes it.
 */
static bool widen(const struct exam *exam, struct range *range, struct range most)
{
	unsigned int low = range->low, high = range->high, port;

	if (low < most.low || high > most.high)
		return false;
	for (port = most.low; (port = chart_listener(exam->chart, exam->site, port)) && port < low;
	     port++)
		most.low = port + 2 - port % 2;
	port = high < most.high ? chart_listener(exam->chart, exam->site, high + 1) : 0;
	if (port && port <= most.high)
		most.high = port - 1 - port % 2;
	/* it may be that there was room for one port only, and of the wrong parity */
	if (most.low > low || most.high < high || (most.high - most.low) % 2 == 0 ||
	    (low - most.low + most.high - high) * 4 < high - low)
		return false;
	*range = most;
	return true;
}

/*
 * The default one, if it is wider; or one that begins lower. Who has an end of its own is not
 * helped by it.
 */
static void propose_range(struct exam *exam, struct finding *finding, const struct budget *budget)
{
	static const struct range preset = { DEFAULT_LOW, DEFAULT_HIGH };
	unsigned int low, high;
	struct range range;

	if (budget->own_range || !site_range(exam->site, &low, &high))
		return;
	range = (struct range){ low, high };
	if (widen(exam, &range, preset))
		finding_word(finding, "the proposed range is", "%s",
			     range.low == DEFAULT_LOW && range.high == DEFAULT_HIGH ?
				     "the kernel's default" :
				     "of the kernel's default, between ports that are listened on");
	else if (!widen(exam, &range, (struct range){ LEAST_PORT, high }))
		return;
	else if (range.low > LEAST_PORT)
		finding_word(finding, "the proposed range begins",
			     "above the last listener below %u", low);
	else
		finding_word(finding, "the proposed range begins",
			     "at %u, below which most services listen", LEAST_PORT);
	finding_set(finding, exam, "net.ipv4.ip_local_port_range", "%u %u", range.low, range.high);
}

/* "Half or more of the 64 ports for connections 10.0.0.1 -> 10.0.0.2:80 are used, most ..." */
static const struct {
	const char *share, *verb;
} usages[NR_BUDGET_LEVELS] = {
	[BUDGET_NEARING] = { "Within a minute half", "will be" },
	[BUDGET_HALF] = { "Half or more", "are" },
	[BUDGET_EXHAUSTED] = { "All", "are, or were," },
};

static struct finding *find_budget(struct exam *exam, const struct budget *budget)
{
	char place[BUDGET_TEXT_LEN], number[TEXT_LEN];

	budget_text(budget, place);
	if (budget->low && !budget->capacity)
		return exam_find(
			exam, "None of the %s ports of %s is left for connections %s, they are %s",
			text_count(budget->high - budget->low + 1U, number),
			budget->own_range ? "IP_LOCAL_PORT_RANGE" : "ip_local_port_range", place,
			causes[budget_cause(budget)].words);
	if (!budget->capacity)
		return exam_find(exam, "Connections %s found no free port", place);
	if (budget_cause(budget) == CAUSE_UNSEEN)
		return exam_find(exam, "Connections %s found no free port, %s", place,
				 causes[CAUSE_UNSEEN].words);
	return exam_find(exam, "%s of the %s ports for connections %s %s used, %s",
			 usages[budget->level].share, text_count(budget->capacity, number), place,
			 usages[budget->level].verb, causes[budget_cause(budget)].words);
}

static void judge_budgets(struct exam *exam, enum budget_level level)
{
	const struct chart *chart = exam->chart;

	for (size_t i = 0; i < chart->nr_budgets; i++) {
		const struct budget *budget = &chart->budgets[i];
		enum cause cause = budget_cause(budget);
		struct finding *finding;

		if (budget->level != level || !site_has_budget(exam->site, budget))
			continue;
		finding = find_budget(exam, budget);
		finding_budget(finding, budget);
		finding_advise(finding, causes[cause].todo, causes[cause].cost);
		if (level == BUDGET_EXHAUSTED && cause != CAUSE_BINDS && cause != CAUSE_UNSEEN)
			propose_range(exam, finding, budget);
	}
}

static void judge_exhausted(struct exam *exam)
{
	judge_budgets(exam, BUDGET_EXHAUSTED);
}

static void judge_half(struct exam *exam)
{
	judge_budgets(exam, BUDGET_HALF);
}

static void judge_nearing(struct exam *exam)
{
	judge_budgets(exam, BUDGET_NEARING);
}

/* Where a budget tells of it, that says more. */
static void judge_failures(struct exam *exam)
{
	const struct chart *chart = exam->chart;
	char place[ENDPOINT_TEXT_LEN], number[TEXT_LEN];
	struct finding *finding;

	for (size_t i = 0; i < chart->nr_budgets; i++)
		if (chart->budgets[i].level == BUDGET_EXHAUSTED &&
		    site_has_budget(exam->site, &chart->budgets[i]))
			return;
	for (size_t i = 0; i < chart->nr_failures; i++) {
		const struct failure *failure = &chart->failures[i];
		uint64_t times = failures_of_service(chart->failures, chart->nr_failures, i);

		if (failure->kind != FAILURE_CONNECT || failure->error != EADDRNOTAVAIL || !times ||
		    failure->local_port || !site_has_failure(exam->site, failure))
			continue;
		endpoint_format(failure->remote_addr, failure->remote_port, place);
		finding = exam_find(exam, "%s connects to %s found no free port (EADDRNOTAVAIL)",
				    text_count(times, number), place);
		finding_count(finding, "failed connects", (double)times);
		if (failure->service)
			finding_word(finding, "of", "%s", failure->service);
		finding_advise(finding, causes[CAUSE_TIME_WAIT].todo, causes[CAUSE_TIME_WAIT].cost);
	}
}

/* What to do about EADDRINUSE, by what has the port. */
static const char *const holder_todo[NR_PORT_HOLDERS] = {
	[HELD_UNKNOWN] = "Look who has the port: twtrace list --local-port.",
	[HELD_BY_LISTENER] =
		"Another listener has the port: stop it, or take another port. SO_REUSEADDR "
		"doesn't help against a listener.",
	[HELD_BY_CONNECTION] =
		"A connection has the port: put it into ip_local_reserved_ports if connect() chose "
		"it, or set SO_REUSEADDR on the old listener and on the new one.",
	[HELD_BY_TIME_WAIT] =
		"Set SO_REUSEADDR on the listener, always: the TIME_WAIT that it leaves must have "
		"it as well as the socket that binds again.",
	[HELD_BY_BOUND] = "Another socket is bound to the port and does nothing with it: close it.",
};

/* NULL: nothing to speak of. */
static const char *const holder_cost[NR_PORT_HOLDERS] = {
	[HELD_BY_LISTENER] = "Clients of a listener that is stopped are refused.",
	[HELD_BY_CONNECTION] = "A reserved port is one less for connections.",
};

static void judge_binds(struct exam *exam)
{
	static const char *const words[] = { NULL, "no", "yes" };
	const struct chart *chart = exam->chart;

	for (size_t i = 0; i < chart->nr_failures; i++) {
		const struct failure *failure = &chart->failures[i];
		const struct port_holder *holder = &failure->holder;
		uint64_t times = failures_of_service(chart->failures, chart->nr_failures, i);
		struct finding *finding;
		char number[TEXT_LEN];

		if (failure->kind == FAILURE_CONNECT || failure->error != EADDRINUSE || !times ||
		    !site_has_failure(exam->site, failure))
			continue;
		finding = exam_find(exam,
				    "%s() of port %u by %s failed %s times: the address is in use",
				    failure_kind_name(failure->kind), failure->local_port,
				    failure->service ? failure->service : "an unknown service",
				    text_count(times, number));
		finding_count(finding, "failures (EADDRINUSE)", (double)times);
		if (port_holder_name(holder->kind))
			finding_word(finding, "what has the port", "%s",
				     port_holder_name(holder->kind));
		if (holder->service)
			finding_word(finding, "of", "%s", holder->service);
		if (words[failure->reuse])
			finding_word(finding, "SO_REUSEADDR of what asked", "%s",
				     words[failure->reuse]);
		if (words[holder->reuse])
			finding_word(finding, "SO_REUSEADDR of what has it", "%s",
				     words[holder->reuse]);
		if (holder->kind == HELD_BY_TIME_WAIT && holder->left_ns != TIME_UNKNOWN)
			finding_word(finding, "the port is free in", "%s",
				     text_duration(holder->left_ns, number));
		finding_advise(finding, holder_todo[holder->kind], holder_cost[holder->kind]);
	}
}

/* __inet_bind() refuses an address that is not local before it looks for a port. */
static void judge_addresses(struct exam *exam)
{
	const struct chart *chart = exam->chart;

	for (size_t i = 0; i < chart->nr_failures; i++) {
		const struct failure *failure = &chart->failures[i];
		uint64_t times = failures_of_service(chart->failures, chart->nr_failures, i);
		char place[ENDPOINT_TEXT_LEN], number[TEXT_LEN];
		struct finding *finding;

		if (failure->kind != FAILURE_BIND || failure->error != EADDRNOTAVAIL || !times ||
		    !site_has_failure(exam->site, failure))
			continue;
		endpoint_format(failure->local_addr, failure->local_port, place);
		finding = exam_find(exam,
				    "bind() to %s by %s failed %s times: the address is not there",
				    place,
				    failure->service ? failure->service : "an unknown service",
				    text_count(times, number));
		finding_count(finding, "failures (EADDRNOTAVAIL)", (double)times);
		finding_advise(
			finding,
			"Bind to an address that the namespace has (ip addr), or to any; one "
			"that comes later needs IP_FREEBIND or ip_nonlocal_bind=1.",
			NULL);
	}
}

/*
 * connect() searches the parity of the lower end first (__inet_hash_connect()); with one end
 * even and one odd both halves are of one size.
 */
static void judge_parity(struct exam *exam)
{
	unsigned int low, high;
	struct finding *finding;

	if (!site_range(exam->site, &low, &high) || (high - low) % 2)
		return;
	finding = exam_find(exam, "Both ends of ip_local_port_range are %s",
			    low % 2 ? "odd" : "even");
	finding_word(finding, "net.ipv4.ip_local_port_range", "%u %u", low, high);
	finding_advise(finding,
		       "Make one end even and the other odd, as the kernel's documentation asks.",
		       "None; connections that are open keep their ports.");
}

#define MANY_LISTENERS 8

/* "8080,9000", as many as fit, added to those that are reserved. */
static unsigned int collect(const struct exam *exam, char *text, size_t size)
{
	const struct chart *chart = exam->chart;
	unsigned int low, high, count = 0;
	size_t len = 0;

	text[0] = '\0';
	if (!site_range(exam->site, &low, &high))
		return 0;
	for (unsigned int port = low;
	     (port = chart_listener(chart, exam->site, port)) && port <= high; port++) {
		count++;
		if (len + 8 < size)
			len += snprintf(text + len, size - len, "%s%u", len ? "," : "", port);
	}
	return count;
}

/* The reserved ports as they are, without their newline. */
static void add_reserved(const struct exam *exam, struct finding *finding, const char *ports)
{
	char was[96];

	/* what does not fit can't be repeated, and must not be lost */
	if (!site_text(exam->site, "net.ipv4.ip_local_reserved_ports", was, sizeof(was)))
		return;
	finding_set(finding, exam, "net.ipv4.ip_local_reserved_ports", "%s%s%s", was,
		    was[0] ? "," : "", ports);
}

static void judge_listeners(struct exam *exam)
{
	struct finding *finding;
	unsigned int count;
	char ports[80];

	count = collect(exam, ports, sizeof(ports));
	if (!count)
		return;
	finding = exam_find(exam, "%u ports that are listened on lie inside ip_local_port_range",
			    count);
	finding_count(finding, "ports with a listener, not reserved", count);
	finding_word(finding, "the first of them", "%s", ports);
	finding_word(finding, "net.ipv4.ip_local_port_range", "%" PRId64 " %" PRId64,
		     exam_sysctl(exam, "net.ipv4.ip_local_port_range", 0),
		     exam_sysctl(exam, "net.ipv4.ip_local_port_range", 1));
	finding_advise(finding,
		       "Reserve those that were chosen by number: while such a service is down, a "
		       "connect() may take its port, and it can't start again (EADDRINUSE). Ports "
		       "that bind(0) chose need nothing.",
		       "Each reserved port is one less for connections.");
	if (count <= MANY_LISTENERS)
		add_reserved(exam, finding, ports);
}

/* So much of the range may be reserved without a word. */
#define RESERVED_SHARE 10

static void judge_reserved(struct exam *exam)
{
	unsigned int low, high, reserved;
	struct finding *finding;

	if (!site_range(exam->site, &low, &high))
		return;
	reserved = site_reserved(exam->site, low, high);
	if (reserved * 100 < (high - low + 1) * RESERVED_SHARE || !reserved)
		return;
	finding = exam_find(exam, "%u of the %u ports of ip_local_port_range are reserved",
			    reserved, high - low + 1);
	finding_count(finding, "reserved inside the range", reserved);
	finding_count(finding, "ports of the range", high - low + 1);
	finding_advise(finding,
		       "Reserve only the ports that services listen on, or move the range.",
		       "A port that is no longer reserved may be taken while its service is down.");
}

/* Without a trace nobody knows towards how many destinations they are. */
static void judge_time_wait(struct exam *exam)
{
	uint64_t time_wait = exam_sockstat(exam, "TCP:tw");
	struct finding *finding;
	unsigned int low, high;
	char number[TEXT_LEN];

	if (exam->chart->traced || !site_range(exam->site, &low, &high) ||
	    time_wait * 2 < high - low + 1)
		return;
	finding = exam_find(exam,
			    "%s small sockets in TIME_WAIT or FIN_WAIT2, for %u ephemeral ports",
			    text_count(time_wait, number), high - low + 1);
	finding_count(finding, "sockstat: TCP tw", (double)time_wait);
	finding_word(finding, "net.ipv4.ip_local_port_range", "%u %u", low, high);
	finding_advise(finding,
		       "Find out whether they are at the client's end and of one destination: "
		       "twtrace ports. At a server's end they cost memory only.",
		       NULL);
}

#define RANGE "net.ipv4.ip_local_port_range"

const struct rule rules_ports[] = {
	{ "ports_exhausted", SEVERITY_PROBLEM, judge_exhausted, RULE_TRACED, { NULL } },
	{ "connects_without_port", SEVERITY_PROBLEM, judge_failures, RULE_TRACED, { NULL } },
	{ "ports_half", SEVERITY_WARNING, judge_half, RULE_TRACED, { NULL } },
	{ "ports_nearing", SEVERITY_WARNING, judge_nearing, RULE_TRACED, { NULL } },
	{ "address_in_use", SEVERITY_WARNING, judge_binds, RULE_TRACED, { NULL } },
	{ "address_missing", SEVERITY_WARNING, judge_addresses, RULE_TRACED, { NULL } },
	{ "time_wait_many", SEVERITY_WARNING, judge_time_wait, 0, { RANGE, "sockstat:TCP:tw" } },
	{ "reserved_many", SEVERITY_WARNING, judge_reserved, 0, { RANGE } },
	{ "listeners_in_range", SEVERITY_NOTE, judge_listeners, RULE_TRACED, { RANGE } },
	{ "range_parity", SEVERITY_NOTE, judge_parity, 0, { RANGE } },
	{ NULL, 0, NULL, 0, { NULL } },
};
