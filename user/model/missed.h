/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of minisocks while nobody could look: births told in sum whose ends nothing
 * told, and births that not even a sum told. The kernel's counters have them, but not
 * whose they were. Internal to the model.
 */
#ifndef MODEL_MISSED_H
#define MODEL_MISSED_H

#include "model/tracker.h"

/* What a namespace has now is where it begins: nothing has been missed before. */
void missed_begin(struct netns *netns);
/*
 * At the end of a dump that began after the last sum: what was told in sum and lives has
 * been found. @lead: by how much the kernel has counted more births, refusals and reuses.
 * What ended besides has ended nobody knows how.
 */
void missed_count(struct model *model, struct netns *netns, const struct figures *lead);

#endif
