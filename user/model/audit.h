/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit: what the kernel itself counts against what the model counts, one entry
 * a namespace. Internal to the model.
 */
#ifndef MODEL_AUDIT_H
#define MODEL_AUDIT_H

#include "model/tracker.h"

/*
 * At the end of a dump, after its reconciliation. @ours: what the model has of the
 * namespace as of that moment; what happened, since tracing began.
 */
void audit_update(struct model *model, struct netns *netns, const struct tw_snapshot *record,
		  const struct figures *ours);
/* By how much the kernel is ahead of us; INT64_MIN where nobody knows. */
int64_t audit_lead(const struct model *model, const struct netns *netns,
		   const struct tw_snapshot *record, const struct figures *ours,
		   enum audit_kind kind);
/* The namespace has ended. */
void audit_remove(struct model *model, uint64_t netns_cookie, unsigned int source);

#endif
