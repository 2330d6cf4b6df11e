// SPDX-License-Identifier: GPL-2.0-or-later
/* How near a process is to its last descriptor, and how soon: by all that grows in it at once. */
#include "model/drafts.h"
#include "model/signs.h"

/* A minisock has no descriptor any more, and what waits in a queue has none yet. */
static bool has_descriptors(const struct verdict *verdict)
{
	return verdict->level != LEVEL_NONE && verdict->kind != LEAK_FIN_WAIT2_ORPHAN &&
	       verdict->kind != LEAK_TIME_WAIT_CHURN && verdict->kind != LEAK_ACCEPT_QUEUE;
}

/* Of the site, when that is told too: what grows is the same. */
static bool is_told_twice(const struct drafts *drafts, const struct draft *draft)
{
	for (size_t i = 0; i < drafts->count && draft->site != POOL_NONE; i++) {
		const struct draft *site = &drafts->items[i];

		if (site->class == draft->site && site->verdict.kind == draft->verdict.kind &&
		    site->verdict.level != LEVEL_NONE)
			return true;
	}
	return false;
}

static double growth_of(const struct verdict *verdict, const struct verdict_holder *process)
{
	for (uint32_t i = 0; i < verdict->nr_holders && verdict->count; i++) {
		const struct verdict_holder *holder = &verdict->holders[i];

		if (holder->pid == process->pid && holder->source == process->source)
			return verdict->per_minute / 60 * holder->sockets / (double)verdict->count;
	}
	return 0;
}

/* Descriptors a second. */
static double growth_in_all(const struct drafts *drafts, const struct verdict_holder *process)
{
	double per_s = 0;

	for (size_t i = 0; i < drafts->count; i++) {
		const struct draft *draft = &drafts->items[i];
		double growth;

		if (!has_descriptors(&draft->verdict))
			continue;
		growth = growth_of(&draft->verdict, process);
		if (growth != 0 && !is_told_twice(drafts, draft))
			per_s += growth;
	}
	return per_s;
}

static const struct verdict_holder *nearest_of(const struct verdict *verdict)
{
	const struct verdict_holder *nearest = NULL;
	double most = 0;

	for (uint32_t i = 0; i < verdict->nr_holders; i++) {
		const struct verdict_holder *holder = &verdict->holders[i];
		double share = holder->fd_limit ? (double)holder->fds / (double)holder->fd_limit :
						  0;

		if (share <= most)
			continue;
		most = share;
		nearest = holder;
	}
	return nearest;
}

void drafts_limit(struct drafts *drafts)
{
	for (size_t i = 0; i < drafts->count; i++) {
		struct verdict *verdict = &drafts->items[i].verdict;
		const struct verdict_holder *holder = nearest_of(verdict);
		double per_s;

		if (!holder || !has_descriptors(verdict))
			continue;
		verdict->fds = holder->fds;
		verdict->fd_limit = holder->fd_limit;
		per_s = growth_in_all(drafts, holder);
		if (per_s > 0 && holder->fd_limit > holder->fds && holder->fd_limit != UINT64_MAX)
			verdict->exhausted_ns =
				(uint64_t)((double)(holder->fd_limit - holder->fds) / per_s * 1e9);
	}
}
