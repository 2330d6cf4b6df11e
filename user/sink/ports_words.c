// SPDX-License-Identifier: GPL-2.0-or-later
/* Budgets and failures in sentences: what is the matter, and what would help. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"
#include "sink/conn_text.h"
#include "sink/ports.h"
#include "sink/wrap.h"

#define LINE_LEN 512
/* The default range (net/ipv4/af_inet.c): who has less has made it so. */
#define USUAL_PORTS 28232U

const char *budget_place(const struct budget *budget, char text[static DESTINATION_LEN])
{
	char from[ADDR_TEXT_LEN], to[ENDPOINT_TEXT_LEN];
	bool host = budget->netns_name && !strcmp(budget->netns_name, "host");
	size_t len;

	snprintf(text, DESTINATION_LEN, "%s -> %s", addr_format(budget->local_addr, from),
		 endpoint_format(budget->remote_addr, budget->remote_port, to));
	len = strlen(text);
	if (!host && budget->netns_name)
		snprintf(text + len, DESTINATION_LEN - len, " in %s", budget->netns_name);
	else if (!host)
		snprintf(text + len, DESTINATION_LEN - len, " in namespace %u", budget->netns_ino);
	return text;
}

/* Of what it has, by what most of it is. */
const char *budget_advice(const struct budget *budget, char text[static ADVICE_LEN])
{
	uint32_t waiting = budget->time_wait + budget->fin_wait2, range;
	char number[TEXT_LEN];

	text[0] = '\0';
	if (budget->level == BUDGET_FINE)
		return text;
	range = budget->high - budget->low + 1U;
	if (budget->low && budget->blocked_by_bind && 4 * (uint64_t)budget->blocked >= range)
		snprintf(text, ADVICE_LEN,
			 "set IP_BIND_ADDRESS_NO_PORT where sockets are bound before connect(): "
			 "explicit binds block %s ports for every destination",
			 text_count(budget->blocked, number));
	else if (budget->failures && budget->low && 2 * (uint64_t)budget->peak < budget->capacity)
		snprintf(
			text, ADVICE_LEN,
			"few ports are known to be used: look for a range that was smaller at that "
			"time, or for sockets that are bound and not connected");
	else if (budget->own_range)
		snprintf(text, ADVICE_LEN,
			 "give these sockets a wider IP_LOCAL_PORT_RANGE: they set one of %s ports",
			 text_count(range, number));
	else if (budget->low && range < USUAL_PORTS)
		snprintf(text, ADVICE_LEN,
			 "a wider ip_local_port_range (it has %s ports, usual are 28,232)%s",
			 text_count(range, number),
			 waiting * 2 > budget->used ? "; connections that are kept and used again" :
						      "");
	else if (waiting * 2 > budget->used)
		snprintf(
			text, ADVICE_LEN,
			"keep connections and use them again, or let the other end close first; else more "
			"destinations (addresses or ports), or a wider ip_local_port_range");
	else
		snprintf(text, ADVICE_LEN,
			 "open connections have most of the ports: share them (a pool), or see "
			 "whether they leak (twtrace leaks)");
	return text;
}

static const char *bind_advice(const struct failure *failure)
{
	bool both = failure->reuse == REUSE_YES && failure->holder.reuse == REUSE_YES;

	switch (failure->holder.kind) {
	case HELD_BY_LISTENER:
		return "another port, or end the listener first: SO_REUSEADDR does not help "
		       "against one that listens";
	case HELD_BY_BOUND:
		return "another port, or close that socket: it is bound and may listen at any time";
	case HELD_BY_TIME_WAIT:
	case HELD_BY_CONNECTION:
		if (both)
			return "";
		if (failure->reuse == REUSE_YES)
			return "SO_REUSEADDR is set here, but was not on the old socket: both need it, "
			       "before bind()";
		if (failure->holder.reuse == REUSE_YES)
			return "set SO_REUSEADDR before this bind() too: the old socket had it";
		return "set SO_REUSEADDR before bind() every time: old and new socket both need it";
	default:
		return "";
	}
}

/* bind() to an address that no interface has (inet_addr_valid_or_nonlocal()). */
static const char *address_advice(const struct failure *failure, char text[static ADVICE_LEN])
{
	char addr[ADDR_TEXT_LEN];

	snprintf(text, ADVICE_LEN,
		 "%s is no address of this network namespace: bind to one that is (ip addr), or to "
		 "any; an address that comes later needs IP_FREEBIND or ip_nonlocal_bind=1",
		 addr_format(failure->local_addr, addr));
	return text;
}

const char *failure_advice(const struct failure *failure, char text[static ADVICE_LEN])
{
	const char *advice = "";

	if (failure->kind == FAILURE_BIND && failure->error == EADDRNOTAVAIL)
		return address_advice(failure, text);
	if (failure->kind != FAILURE_CONNECT && !failure->local_port)
		advice =
			"no port was free to bind: IP_BIND_ADDRESS_NO_PORT lets connect() choose, by "
			"destination";
	else if (failure->kind != FAILURE_CONNECT)
		advice = bind_advice(failure);
	else if (failure->error == EADDRNOTAVAIL && failure->local_port)
		advice =
			"the same two ends are in use: do not bind a port before connect(), or take "
			"another one each time";
	else if (failure->error == ECONNREFUSED)
		advice = "nothing listens there (or its queue refuses)";
	snprintf(text, ADVICE_LEN, "%s", advice);
	return text;
}

static void add_state(char *text, size_t size, uint32_t count, const char *state)
{
	size_t len = strlen(text);
	char number[TEXT_LEN];

	if (count)
		snprintf(text + len, size - len, "%s%s %s", len ? ", " : "",
			 text_count(count, number), state);
}

/* A line below the warning. */
__attribute__((__format__(__printf__, 2, 3))) static void add(const struct sink_opts *opts,
							      const char *format, ...)
{
	char text[LINE_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fputs("  ", opts->out);
	print_wrapped(opts->out, wrap_width(opts), 2, text);
}

static void print_states(const struct budget *budget, const struct sink_opts *opts)
{
	struct conn_view view = { .pid = budget->pid,
				  .comm = budget->comm,
				  .service = budget->service };
	char states[160] = "", number[TEXT_LEN], owner[OWNER_TEXT_LEN];

	add_state(states, sizeof(states), budget->time_wait, "in TIME_WAIT");
	add_state(states, sizeof(states), budget->established, "established");
	add_state(states, sizeof(states), budget->fin_wait2, "in FIN_WAIT2");
	add_state(states, sizeof(states), budget->other, "in other states");
	if (!*states)
		return;
	if (budget->service)
		add(opts, "%s; %s has %s", states, conn_owner_text(&view, owner),
		    budget->service_used == budget->used ?
			    "all of them" :
			    text_count(budget->service_used, number));
	else
		add(opts, "%s", states);
}

/* "half of the ports are or were used" */
static const char *what_text(const struct budget *budget, char text[static LINE_LEN])
{
	char failed[TEXT_LEN], until[TEXT_LEN];

	if (budget->level == BUDGET_NEARING)
		snprintf(text, LINE_LEN, "half of the ports will be used in %s at this rate",
			 text_duration(budget->half_ns, until));
	else if (budget->level == BUDGET_EXHAUSTED && budget->failures)
		snprintf(text, LINE_LEN, "no port was left: %s connect() failed (EADDRNOTAVAIL)",
			 text_count(budget->failures, failed));
	else if (budget->level == BUDGET_EXHAUSTED)
		snprintf(text, LINE_LEN, "all ports are or were used: the next connect() fails");
	else
		snprintf(text, LINE_LEN, "half of the ports are or were used");
	return text;
}

static void print_outlook(const struct budget *budget, const struct sink_opts *opts)
{
	char until[TEXT_LEN], median[TEXT_LEN], longest[TEXT_LEN];

	if (budget->level == BUDGET_NEARING && !budget->reusable)
		add(opts, "connect() gets slow from there: it searches half of the range first");
	if (budget->level == BUDGET_HALF && !budget->reusable)
		add(opts, "connect() gets slow from here: it searches half of the range first");
	if (budget->level == BUDGET_HALF && budget->reusable && budget->time_wait)
		add(opts, "connect() takes over those in TIME_WAIT after a second (tcp_tw_reuse)");
	if (budget->level == BUDGET_HALF && budget->end_ns && budget->end_ns != TIME_UNKNOWN)
		add(opts, "none will be left in %s at this rate",
		    text_duration(budget->end_ns, until));
	if (budget->search_late.count)
		add(opts, "connect() searched for %s on the median of late, %s at most",
		    text_duration(histogram_quantile(&budget->search_late, 500), median),
		    text_duration(budget->search.max_ns, longest));
}

void budget_print_warning(const struct budget *budget, const struct sink_opts *opts)
{
	char place[DESTINATION_LEN], what[LINE_LEN], used[TEXT_LEN], all[TEXT_LEN];
	char line[2 * LINE_LEN], advice[ADVICE_LEN];
	int len;

	if (budget->level == BUDGET_FINE)
		return;
	len = snprintf(line, sizeof(line), "%s: %s", budget_place(budget, place),
		       what_text(budget, what));
	if (budget->low)
		snprintf(line + len, sizeof(line) - len, "; now %s of %s",
			 text_count(budget->used, used), text_count(budget->capacity, all));
	print_wrapped(opts->out, wrap_width(opts), 0, line);
	print_outlook(budget, opts);
	print_states(budget, opts);
	if (*budget_advice(budget, advice))
		add(opts, "what helps: %s", advice);
}
