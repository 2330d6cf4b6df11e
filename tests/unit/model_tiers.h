/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that close first under an evidence tier, for the tests of what it tells. */
#ifndef MODEL_TIERS_H
#define MODEL_TIERS_H

#include "model_fixture.h"

#define ORPHANED (TW_F_ORPHAN | TW_F_ALL_ACKED)
#define ONE_CLOSED "connections 1 opened 1 closed 1 closed_first 1"

/* A connection in FIN_WAIT2 that closed first, under the tier of this fixture. */
static inline struct end feed_closing(struct fixture *f, uint64_t cookie)
{
	struct end end = client(cookie);

	feed_connected(f, &end);
	feed_brief(f, &end, TW_ESTABLISHED, TW_FIN_WAIT1, 0);
	feed_brief(f, &end, TW_FIN_WAIT1, TW_FIN_WAIT2, 0);
	f->heard[0] = '\0';
	return end;
}

/* Its last event, of which nothing but the minisock is of interest here. */
static inline void feed_close(struct fixture *f, const struct end *end, uint16_t flags)
{
	const char *transition = "FIN_WAIT2>CLOSE", *more;

	feed_brief(f, end, TW_FIN_WAIT2, TW_CLOSE, flags);
	/* nothing is told before ready, or of what a filter turns down */
	if (strncmp(f->heard, transition, strlen(transition)))
		return;
	more = f->heard + strlen(transition);
	more += more[0] ? strlen("; ") : 0;
	memmove(f->heard, more, strlen(more) + 1);
}

/* A minisock whose birth the tier told of. */
static inline struct end feed_born_and_closed(struct fixture *f, uint64_t cookie,
					      enum tw_state substate)
{
	struct end end = feed_closing(f, cookie);

	feed_born(f, &end, substate);
	feed_close(f, &end, substate == TW_TIME_WAIT ? ORDERLY : ORPHANED);
	f->heard[0] = '\0';
	return end;
}

static inline void feed_ready(struct fixture *f, enum tw_evidence tier)
{
	feed_tier(f, tier);
	feed_bare(f, TW_READY);
}

/* A dump a second later, that lists @nr of @ends in @state; @overflow since boot. */
static inline void feed_dump(struct fixture *f, const struct end *ends, size_t nr, uint8_t state,
			     uint64_t overflow)
{
	pass(f, SECOND);
	feed_begin(f);
	for (size_t i = 0; i < nr; i++)
		feed_found(f, &ends[i], state, 50000);
	feed_end(f, nr, overflow);
}

#endif
