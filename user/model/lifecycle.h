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
/* A socket whose end was not seen (lost): closes it now, as of an unknown moment. */
void lifecycle_vanished(struct model *model, uint32_t id);

#endif
