/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a state change of a full socket means: births, ends, who closed first,
 * failures, resets, and where it ends in a minisock. Internal to the model.
 */
#ifndef MODEL_LIFECYCLE_H
#define MODEL_LIFECYCLE_H

#include <stddef.h>

#include "model/tracker.h"

/* @record has been checked to be as long as its size says. */
void lifecycle_transition(struct model *model, const struct tw_transition *record,
			  unsigned int source);
void lifecycle_reset_sent(struct model *model, const struct tw_reset *record, unsigned int source);
void lifecycle_holder(struct model *model, const struct tw_holder *record, unsigned int source);
/* Who called whom, if the flags (TW_F_OUTGOING, TW_F_INCOMING) or the old state tell. */
void lifecycle_set_direction(struct conn *conn, uint16_t flags, uint8_t from);
/*
 * The connection is @listener's child: its owner until accept() or close() names
 * another. True if the owner changed with it.
 */
bool lifecycle_inherit(struct model *model, struct conn *conn, const struct conn *listener,
		       uint64_t cgroup_id);
/* A socket whose end was not seen (lost): closes it now, as of an unknown moment. */
void lifecycle_vanished(struct model *model, uint32_t id);

#endif
