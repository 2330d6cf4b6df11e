/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dump that is over means for what it did not list. Internal to reconcile.c. */
#ifndef MODEL_SWEEP_H
#define MODEL_SWEEP_H

#include "model/audit.h"
#include "model/tracker.h"

/* A socket is hashed this long after its first event at the latest, and so listed. */
#define HASHED_NS 10000000ULL

/* It changed while the dump was taken: the audit leaves it out on both sides. */
bool sweep_in_flux(const struct model *model, uint32_t id, const struct netns *netns);
/*
 * Ends those that the dump did not list and that would have been listed, refuses as many births as
 * the kernel has refused, and says what all of them count for as of @record, the dump's end.
 */
struct figures sweep(struct model *model, struct netns *netns, const struct tw_snapshot *record);

#endif
