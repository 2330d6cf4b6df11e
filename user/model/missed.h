/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of minisocks while nobody could look: births told in sum whose ends nothing
 * told, births that not even a sum told, and those that were none, since the namespace had
 * as many as it may (tcp_max_tw_buckets). Dumps and the kernel's counters tell how many, but
 * not always whose. Internal to the model.
 */
#ifndef MODEL_MISSED_H
#define MODEL_MISSED_H

#include "model/tracker.h"

/* What a namespace has now is where it begins: nothing has been missed before. */
void missed_begin(struct netns *netns);
/*
 * @count births were counted in these rows, by a sum that can't know of refusals. Takes the
 * references over, of so many sums at most: older ones are counted for good then. 0 or
 * -ENOMEM: these are counted for good, and the references remain.
 */
int missed_hold(struct model *model, struct netns *netns, const struct sum_rows *rows,
		uint64_t count);
/* Those are counted for good. */
void missed_forget(struct model *model, struct netns *netns);
/*
 * Of the minisocks that the dump of @dump_ns found to have ended, nobody knows how, @reused at most
 * count as taken over: by connections of which sums told, and the kernel knows how many it were.
 * How many are counted so now.
 */
uint64_t missed_reuses(struct model *model, const struct netns *netns, uint64_t dump_ns,
		       uint64_t reused);
/* By how much the kernel has counted more than we have. */
struct missed {
	int64_t births;		/* below zero: fewer; INT64_MIN: nobody knows */
	uint64_t refused, reused;
};

/*
 * At the end of a dump that began after the last sum: what was told in sum and lives has
 * been found. What ended besides has ended nobody knows how.
 */
void missed_count(struct model *model, struct netns *netns, const struct missed *kernel);

#endif
