// SPDX-License-Identifier: GPL-2.0-or-later
/* What has the ports of a budget, and what is said of it. */
#include <math.h>
#include <stdio.h>

#include "base/addr.h"
#include "doctor/ports.h"

const struct cause_words causes[NR_CAUSES] = {
	[CAUSE_TIME_WAIT] = {
		"mostly held by TIME_WAIT",
		"Keep connections open and use them again (keep-alive, a pool), or let the other "
		"side close first. More source or destination addresses, destination ports or a "
		"wider ip_local_port_range add room.",
		"A pool has to cope with connections that its peer has closed; a wider range may "
		"take ports that services want to listen on.",
	},
	[CAUSE_OPEN] = {
		"mostly held by open connections",
		"Look whether they are used (twtrace leaks); bound the pool, or spread it over more "
		"source or destination addresses. TIME_WAIT is not the matter here.",
		"A bound makes requests wait where it is reached.",
	},
	[CAUSE_BINDS] = {
		"mostly blocked by explicit bind() calls",
		"Set IP_BIND_ADDRESS_NO_PORT before bind(address, 0), or don't bind at all: a port "
		"that bind() chose is taken for every destination.",
		"The program changes; the option is there since Linux 4.2 and costs nothing.",
	},
	[CAUSE_CLOSED] = {
		"mostly reserved, or listened on",
		"Reserve only the ports that services listen on (ip_local_reserved_ports), or move "
		"ip_local_port_range away from them.",
		"A port that is no longer reserved may be taken while its service is down.",
	},
	[CAUSE_GONE] = {
		"by connections that are gone now",
		"Keep connections open and use them again (keep-alive, a pool). Look while it "
		"happens what has the ports: twtrace ports.",
		"A pool has to cope with connections that its peer has closed.",
	},
	[CAUSE_UNSEEN] = {
		"though few are known to be in use",
		"Look for a range that was smaller at that time, or for sockets that are bound and "
		"not connected: twtrace ports --syscalls shows binds that fail.",
		"None: it is a look.",
	},
};

enum cause budget_cause(const struct budget *budget)
{
	uint32_t small = budget->time_wait + budget->fin_wait2;

	if (budget->blocked_by_bind && budget->blocked > budget->used)
		return CAUSE_BINDS;
	if (budget->low && !budget->capacity)
		return CAUSE_CLOSED;
	if (budget->failures && budget->low && 2 * (uint64_t)budget->peak < budget->capacity)
		return CAUSE_UNSEEN;
	if (!budget->used)
		return CAUSE_GONE;
	return small >= budget->established + budget->other ? CAUSE_TIME_WAIT : CAUSE_OPEN;
}

const char *budget_text(const struct budget *budget, char text[static BUDGET_TEXT_LEN])
{
	char local[ADDR_TEXT_LEN], remote[ENDPOINT_TEXT_LEN];

	endpoint_format(budget->remote_addr, budget->remote_port, remote);
	if (addr_is_any(budget->local_addr))
		snprintf(text, BUDGET_TEXT_LEN, "to %s", remote);
	else
		snprintf(text, BUDGET_TEXT_LEN, "from %s to %s",
			 addr_format(budget->local_addr, local), remote);
	return text;
}

void finding_budget(struct finding *finding, const struct budget *budget)
{
	if (budget->high)
		finding_word(finding,
			     budget->own_range ? "IP_LOCAL_PORT_RANGE of the sockets" :
						 "net.ipv4.ip_local_port_range",
			     "%u %u", budget->low, budget->high);
	finding_count(finding, "ports to choose from", budget->capacity);
	finding_count(finding, "used now", budget->used);
	finding_count(finding, "used at most", budget->peak);
	finding_count(finding, "of them in TIME_WAIT", budget->time_wait);
	finding_count(finding, "of them in FIN_WAIT2", budget->fin_wait2);
	finding_count(finding, "of them ESTABLISHED", budget->established);
	finding_count(finding, "blocked for every destination", budget->blocked);
	finding_count(finding, "connects that found no port", (double)budget->failures);
	if (isfinite(budget->per_s))
		finding_count(finding, "attempts a second", budget->per_s);
	if (isfinite(budget->sustainable_per_s))
		finding_count(finding, "sustainable a second", budget->sustainable_per_s);
	if (budget->service)
		finding_word(finding, "used most by", "%s", budget->service);
}
