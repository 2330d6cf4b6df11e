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

static uint64_t part(int64_t *whole, uint64_t most)
{
	uint64_t taken = *whole < 0 ? 0 : (uint64_t)*whole < most ? (uint64_t)*whole : most;

	*whole -= taken;
	return taken;
}

void missed_count(struct model *model, struct netns *netns, const struct figures *lead)
{
	int64_t missed;

	/* the change that makes a minisock is its socket's last one */
	counts_add_other(model, netns, FIELD_BIT(FIELD_TW_ENTERED) | FIELD_BIT(FIELD_CLOSED),
			 lead->of[AUDIT_ENTERED]);
	missed = unpaired(netns) - netns->unpaired;
	/* counted as born: a sum does not tell, and nobody knows now in which row */
	counts_add_other(model, netns, FIELD_BIT(FIELD_TW_REFUSED),
			 part(&missed, lead->of[AUDIT_REFUSED]));
	counts_add_other(model, netns, FIELD_BIT(FIELD_TW_REUSED),
			 part(&missed, lead->of[AUDIT_REUSED]));
	counts_add_other(model, netns, FIELD_BIT(FIELD_TW_OTHER) | FIELD_BIT(FIELD_TW_UNKNOWN),
			 part(&missed, UINT64_MAX));
	missed_begin(netns);
}
