// SPDX-License-Identifier: GPL-2.0-or-later
/* The filter's second half: everything that is known, decided in user space. */
#include "model/filter.h"

#include <fnmatch.h>
#include <stddef.h>

#include "base/addr.h"
#include "model/event.h"

bool filter_is_empty(const struct filter *filter)
{
	return filter_is_by_netns(filter) && !filter->kernel.netns_ino;
}

bool filter_is_by_netns(const struct filter *filter)
{
	const struct tw_filter *kernel = &filter->kernel;

	return !kernel->nr_ports && !kernel->nr_local_ports && !kernel->nr_remotes &&
	       !kernel->family && !filter->service && !filter->pid && !filter->tree;
}

static bool ports_have(const struct tw_port_range *ranges, uint32_t count, uint16_t port)
{
	for (uint32_t i = 0; i < count; i++)
		if (port >= ranges[i].low && port <= ranges[i].high)
			return true;
	return false;
}

static bool cidrs_have(const struct tw_filter *kernel, const struct conn_view *view)
{
	for (uint32_t i = 0; i < kernel->nr_remotes; i++)
		if (addr_in_cidr(view->remote_addr, &kernel->remotes[i]))
			return true;
	return false;
}

static bool pid_wanted(const struct filter *filter, const struct conn_view *view)
{
	if (view->pid == filter->pid)
		return true;
	for (uint32_t i = 0; i < view->nr_holders; i++)
		if (view->holders[i].pid == filter->pid)
			return true;
	return false;
}

bool filter_wants(const struct filter *filter, const struct conn_view *view)
{
	const struct tw_filter *kernel = &filter->kernel;
	const uint8_t *addr = view->state == TW_LISTEN ? view->local_addr : view->remote_addr;

	if (filter->tree && !view->ours)
		return false;
	if (kernel->netns_ino && view->netns_ino != kernel->netns_ino)
		return false;
	if (kernel->family && (kernel->family == 4) != addr_is_v4(addr))
		return false;
	if (kernel->nr_ports && !ports_have(kernel->ports, kernel->nr_ports, view->local_port) &&
	    !ports_have(kernel->ports, kernel->nr_ports, view->remote_port))
		return false;
	if (kernel->nr_local_ports &&
	    !ports_have(kernel->local_ports, kernel->nr_local_ports, view->local_port))
		return false;
	if (kernel->nr_remotes && (view->state == TW_LISTEN || !cidrs_have(kernel, view)))
		return false;
	if (filter->pid && !pid_wanted(filter, view))
		return false;
	if (filter->service && (!view->service || fnmatch(filter->service, view->service, 0)))
		return false;
	return true;
}
