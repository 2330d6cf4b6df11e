/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Minisocks that came and went while nobody could look: births told in sum whose ends
 * nothing told. Internal to the model.
 */
#ifndef MODEL_MISSED_H
#define MODEL_MISSED_H

#include "model/tracker.h"

/* What a namespace has now is where it begins: nothing has been missed before. */
void missed_begin(struct netns *netns);
/*
 * At the end of a dump that began after the last sum: what was told in sum and lives has
 * been found. @reused: how many more the kernel has seen reused than we have; the others
 * ended, nobody knows how. Returns how many of them count as reused.
 */
uint64_t missed_count(struct model *model, struct netns *netns, int64_t reused);

#endif
