/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records on their way from the live host to the receiver: each with what only user space can
 * add to it, its control group and who has the port told before it.
 */
#ifndef SOURCE_PASSAGE_H
#define SOURCE_PASSAGE_H

#include "source/source.h"

struct live;

struct passage {
	struct live *live;		/* borrowed, as is the receiver */
	const struct receiver *to;
};

/* Each is struct receiver's, with the passage as ctx. What the programs said: */
void passage_record(void *passage, const struct tw_record *record);
/* That a record will pass soon, for a receiver that wants to know: */
void passage_expected(void *passage, const struct tw_record *record);
/* What had no room (spill_tell()), in sum or one by one: */
void passage_spilled(void *passage, const struct tw_record *record);
/* What a walk over sockets or open files found, each record whole: */
void passage_found(void *passage, const struct tw_record *record);

#endif
