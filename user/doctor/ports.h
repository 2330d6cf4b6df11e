/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several rules and tips ask of a budget. Private to this room. */
#ifndef DOCTOR_PORTS_H
#define DOCTOR_PORTS_H

#include "doctor/rule.h"

/* What has most of the ports of a budget, or keeps them from it. */
enum cause {
	CAUSE_TIME_WAIT,	/* small sockets */
	CAUSE_OPEN,		/* connections that are open */
	CAUSE_BINDS,		/* ports that explicit binds keep from every destination */
	CAUSE_CLOSED,		/* ports that are reserved, or listened on */
	CAUSE_GONE,		/* nothing has any now */
	CAUSE_UNSEEN,		/* most of them were free, as far as is known */
	NR_CAUSES,
};

struct cause_words {
	const char *words, *todo, *cost;
};

extern const struct cause_words causes[NR_CAUSES];

#define BUDGET_TEXT_LEN 128

/* "from 10.0.0.1 to 10.0.0.5:80" */
const char *budget_text(const struct budget *budget, char text[static BUDGET_TEXT_LEN]);
enum cause budget_cause(const struct budget *budget);
/*
 * Whether tcp_tw_reuse=1 would give connect() ports of it that it can't have now: those in
 * TIME_WAIT, with timestamps (tcp_twsk_unique()). False where a setting is not known.
 */
bool reuse_would_help(const struct site *site, const struct budget *budget);
void finding_budget(struct finding *finding, const struct budget *budget);

#endif
