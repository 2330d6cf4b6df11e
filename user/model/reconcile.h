/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a snapshot of a namespace means: sockets older than the tracer, minisocks'
 * remaining time, ends that nothing told, the audit against the kernel's own
 * figures, and healing after a loss. Internal to the model.
 */
#ifndef MODEL_RECONCILE_H
#define MODEL_RECONCILE_H

#include "model/tracker.h"

void reconcile_begin(struct model *model, const struct tw_snapshot *record, unsigned int source);
void reconcile_socket(struct model *model, const struct tw_socket *record, unsigned int source);
void reconcile_end(struct model *model, const struct tw_snapshot *record, unsigned int source);
void reconcile_netns_gone(struct model *model, uint64_t netns_cookie, unsigned int source);

#endif
