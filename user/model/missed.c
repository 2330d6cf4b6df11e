// SPDX-License-Identifier: GPL-2.0-or-later
/* Whatever was born has ended or lives: what does neither was missed. */
#include "model/missed.h"

/* Births without an end. Those from before the start count the other way, and never change. */
static uint64_t unpaired(const struct netns *netns)
{
	return netns->now.of[AUDIT_ENTERED] - netns->now.of[AUDIT_TIME_WAIT] - netns->ended;
}

void missed_begin(struct netns *netns)
{
	netns->unpaired = unpaired(netns);
}

uint64_t missed_count(struct model *model, struct netns *netns, int64_t reused)
{
	int64_t missed = (int64_t)(unpaired(netns) - netns->unpaired);

	if (missed > 0) {
		reused = reused < 0 ? 0 : reused < missed ? reused : missed;
		counts_add_ends(model, netns, FIELD_BIT(FIELD_TW_REUSED), reused);
		counts_add_ends(model, netns,
				FIELD_BIT(FIELD_TW_OTHER) | FIELD_BIT(FIELD_TW_UNKNOWN),
				missed - reused);
	}
	/* fewer: some were found whose births were lost altogether */
	missed_begin(netns);
	return missed > 0 ? reused : 0;
}
