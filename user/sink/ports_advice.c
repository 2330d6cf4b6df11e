// SPDX-License-Identifier: GPL-2.0-or-later
/* What would help where ports run out or are taken, by what has them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"
#include "sink/ports.h"

#define PLACE_LEN 128
/* The default range (net/ipv4/af_inet.c): who has less has made it so. */
#define USUAL_PORTS 28232U

bool budget_is_unexplained(const struct budget *budget)
{
	return budget->failures && budget->low && 2 * (uint64_t)budget->peak < budget->capacity;
}

/* What is blocked and what blocks is told of one namespace of one recording. */
static bool is_beside(const struct budget *one, const struct budget *other)
{
	return one != other && one->netns_cookie == other->netns_cookie &&
	       one->source == other->source;
}

/* Of the other destinations of its namespace the one with most of @count_of; NULL: none has any. */
static const struct budget *most_beside(const struct budget *budgets, size_t count, size_t at,
					uint32_t (*count_of)(const struct budget *budget))
{
	const struct budget *most = NULL;

	for (size_t i = 0; i < count; i++)
		if (is_beside(&budgets[at], &budgets[i]) && count_of(&budgets[i]) &&
		    (!most || count_of(&budgets[i]) > count_of(most)))
			most = &budgets[i];
	return most;
}

static uint32_t bound_of(const struct budget *budget)
{
	return budget->bound;
}

static uint32_t peak_of(const struct budget *budget)
{
	return budget->peak;
}

/* "127.0.0.1:9000 (nginx)" */
static const char *towards(const struct budget *budget, char text[static PLACE_LEN])
{
	char remote[ENDPOINT_TEXT_LEN];

	endpoint_format(budget->remote_addr, budget->remote_port, remote);
	text[0] = '\0';
	text_add(text, PLACE_LEN, "%s", remote);
	if (budget->service)
		text_add(text, PLACE_LEN, " (%.*s)", (int)text_fit(budget->service, 48),
			 budget->service);
	return text;
}

static void advise_blocked(const struct budget *budgets, size_t count, size_t at,
			   char text[static ADVICE_LEN])
{
	const struct budget *binder = most_beside(budgets, count, at, bound_of);
	char number[TEXT_LEN], place[PLACE_LEN];

	snprintf(text, ADVICE_LEN,
		 "set IP_BIND_ADDRESS_NO_PORT where sockets are bound before connect(): explicit "
		 "binds block %s ports for every destination%s%s",
		 text_count(budgets[at].blocked, number),
		 binder ? ", most of them by those to " : "", binder ? towards(binder, place) : "");
}

/* Ports that are taken where connect() sees it and the tracer does not: it came too late. */
static void advise_unexplained(const struct budget *budgets, size_t count, size_t at,
			       char text[static ADVICE_LEN])
{
	const struct budget *most = most_beside(budgets, count, at, peak_of);
	char number[TEXT_LEN], place[PLACE_LEN];

	if (most && 2 * (uint64_t)most->peak >= budgets[at].capacity)
		snprintf(text, ADVICE_LEN,
			 "connections to %s have %s of the ports: if bind() chose those before "
			 "twtrace started, they block every destination, and "
			 "IP_BIND_ADDRESS_NO_PORT helps",
			 towards(most, place), text_count(most->peak, number));
	else
		snprintf(
			text, ADVICE_LEN,
			"few ports are known to be used: look for a range that was smaller at that "
			"time, or for sockets that are bound and not connected");
}

/* A TIME_WAIT of another host's destination is taken over by 1 alone; loopback's by 2, too. */
static const char *reuse_advice(const struct budget *budget)
{
	if (budget->reusable || budget->time_wait * 2 <= budget->used)
		return "";
	if (addr_is_loopback(budget->remote_addr))
		return "; or tcp_tw_reuse=2, the default, with tcp_timestamps: loopback's are then "
		       "taken over after a second";
	return "; or tcp_tw_reuse=1 with tcp_timestamps at both ends: those in TIME_WAIT are then "
	       "taken over after a second";
}

static void advise_used(const struct budget *budget, char text[static ADVICE_LEN])
{
	uint32_t range = budget->high - budget->low + 1U;
	bool waiting = 2 * (uint64_t)(budget->time_wait + budget->fin_wait2) > budget->used;
	char number[TEXT_LEN];

	if (budget->own_range)
		snprintf(
			text, ADVICE_LEN,
			"give these sockets a wider IP_LOCAL_PORT_RANGE: they set one of %s ports%s",
			text_count(range, number), reuse_advice(budget));
	else if (budget->low && range < USUAL_PORTS)
		snprintf(text, ADVICE_LEN,
			 "a wider ip_local_port_range (it has %s ports, usual are 28,232)%s%s",
			 text_count(range, number),
			 waiting ? "; connections that are kept and used again" : "",
			 reuse_advice(budget));
	else if (waiting)
		snprintf(
			text, ADVICE_LEN,
			"keep connections and use them again, or let the other end close first; else more "
			"destinations (addresses or ports), or a wider ip_local_port_range%s",
			reuse_advice(budget));
	else
		snprintf(text, ADVICE_LEN,
			 "open connections have most of the ports: share them (a pool), or see "
			 "whether they leak (twtrace leaks)");
}

/* Those that were bound block every other destination, whatever they do for their own. */
static void advise_binder(const struct budget *budget, char text[static ADVICE_LEN])
{
	size_t len = strlen(text);
	char number[TEXT_LEN];

	snprintf(text + len, ADVICE_LEN - len,
		 "; and IP_BIND_ADDRESS_NO_PORT before bind(): %s of these ports were chosen by "
		 "bind(), which blocks them for every other destination",
		 text_count(budget->bound, number));
}

const char *budget_advice(const struct budget *budgets, size_t count, size_t at,
			  char text[static ADVICE_LEN])
{
	const struct budget *budget = &budgets[at];
	uint32_t range = budget->high - budget->low + 1U;

	text[0] = '\0';
	if (budget->level == BUDGET_FINE)
		return text;
	if (budget->low && budget->blocked_by_bind && 4 * (uint64_t)budget->blocked >= range)
		advise_blocked(budgets, count, at, text);
	else if (budget_is_unexplained(budget))
		advise_unexplained(budgets, count, at, text);
	else
		advise_used(budget, text);
	if (budget->low && 4 * (uint64_t)budget->bound >= range)
		advise_binder(budget, text);
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
