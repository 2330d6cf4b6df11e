/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts while they are made: what is said of a site and of its pairs is said once. */
#ifndef MODEL_DRAFTS_H
#define MODEL_DRAFTS_H

#include "model/leaks.h"

/* A verdict that is being made, and the class it is on. */
struct draft {
	struct verdict verdict;
	uint32_t class, site;
};

struct drafts {
	struct draft *items;	/* owned */
	size_t count, room;
};

/* Adds a copy, unless its level is none. @site: POOL_NONE for a site's own, and for no class. */
void drafts_put(struct drafts *drafts, const struct verdict *verdict, uint32_t class,
		uint32_t site);
/* Makes them the verdicts of @leaks, worst first. */
void drafts_publish(struct drafts *drafts, struct leaks *leaks);
void drafts_release(struct drafts *drafts);

/* How near the holders are to their limits, by all drafts that are told. In descriptors.c. */
void drafts_limit(struct drafts *drafts);

/* In churn.c and queues.c: verdicts that rest on no members. */
void churn_judge(struct model *model, struct drafts *drafts);
void queues_judge(struct model *model, struct drafts *drafts);

#endif
