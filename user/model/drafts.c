// SPDX-License-Identifier: GPL-2.0-or-later
/* Verdicts while they are made. */
#include "model/drafts.h"

#include <stdlib.h>
#include <string.h>

#include "model/signs.h"

void drafts_put(struct drafts *drafts, const struct verdict *verdict, uint32_t class, uint32_t site)
{
	struct draft *grown;

	if (verdict->level == LEVEL_NONE)
		return;
	if (drafts->count == drafts->room) {
		size_t room = drafts->room ? 2 * drafts->room : 16;

		grown = realloc(drafts->items, room * sizeof(*grown));
		if (!grown)
			return;
		drafts->items = grown;
		drafts->room = room;
	}
	drafts->items[drafts->count++] = (struct draft){ *verdict, class, site };
}

/* Past so many remote hosts it is one thing, and its remotes are many. */
#define APART 3
#define NEARLY_ALL 0.9

static bool is_pair_of(const struct draft *draft, const struct draft *site)
{
	return draft->site == site->class && draft->verdict.kind == site->verdict.kind;
}

/* What it has grown by; of what stands still, what there is. */
static uint64_t share_of(const struct verdict *verdict, const struct verdict *site)
{
	return site->grown ? verdict->grown : verdict->count;
}

/* Either its pairs are told one by one, if they are few and nearly all of it, or the site is. */
static void merge(struct drafts *drafts, size_t at)
{
	const struct draft *site = &drafts->items[at];
	uint64_t count = 0;
	size_t pairs = 0;
	bool apart;

	for (size_t i = 0; i < drafts->count; i++) {
		const struct draft *draft = &drafts->items[i];

		if (!is_pair_of(draft, site) || draft->verdict.level < site->verdict.level)
			continue;
		count += share_of(&draft->verdict, &site->verdict);
		pairs++;
	}
	apart = pairs && pairs <= APART &&
		count >= NEARLY_ALL * share_of(&site->verdict, &site->verdict);
	for (size_t i = 0; !apart && i < drafts->count; i++) {
		struct draft *draft = &drafts->items[i];

		/* what is worse than all together stands by itself */
		if (is_pair_of(draft, site) && draft->verdict.level <= site->verdict.level)
			draft->verdict.level = LEVEL_NONE;
	}
	if (apart)
		drafts->items[at].verdict.level = LEVEL_NONE;
}

static int worst_first(const void *left, const void *right)
{
	const struct verdict *a = left, *b = right;

	if (a->level != b->level)
		return a->level < b->level ? 1 : -1;
	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->local_port != b->local_port)
		return a->local_port < b->local_port ? -1 : 1;
	return memcmp(a->remote_addr, b->remote_addr, sizeof(a->remote_addr));
}

void drafts_publish(struct drafts *drafts, struct leaks *leaks)
{
	struct verdict *verdicts = calloc(drafts->count + 1, sizeof(*verdicts));

	if (!verdicts)
		return;
	for (size_t i = 0; i < drafts->count; i++)
		if (drafts->items[i].class != POOL_NONE && drafts->items[i].site == POOL_NONE)
			merge(drafts, i);
	drafts_limit(drafts);
	free(leaks->verdicts);
	leaks->verdicts = verdicts;
	leaks->nr_verdicts = 0;
	for (size_t i = 0; i < drafts->count; i++) {
		struct verdict *verdict = &verdicts[leaks->nr_verdicts];

		if (drafts->items[i].verdict.level == LEVEL_NONE)
			continue;
		*verdict = drafts->items[i].verdict;
		verdict->advice = verdict_advice(verdict);
		leaks->nr_verdicts++;
	}
	qsort(verdicts, leaks->nr_verdicts, sizeof(*verdicts), worst_first);
}

void drafts_release(struct drafts *drafts)
{
	free(drafts->items);
	*drafts = (struct drafts){ 0 };
}
