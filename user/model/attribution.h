/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who began a connection and whose it is: by what its records say, its listener, and the
 * processes found to hold it. Internal to the model.
 */
#ifndef MODEL_ATTRIBUTION_H
#define MODEL_ATTRIBUTION_H

#include "model/tracker.h"

/* Who called whom, if the flags (TW_F_OUTGOING, TW_F_INCOMING) or the old state tell. */
void attribution_set_direction(struct conn *conn, uint16_t flags, uint8_t from);
/*
 * The connection is @listener's child: its owner until accept() or close() names
 * another. True if the owner changed with it.
 */
bool attribution_inherit(struct model *model, struct conn *conn, const struct conn *listener,
			 uint64_t cgroup_id);
/* Takes over what the record of a change says of the connection; true if a row's key changed. */
bool attribution_learn(struct model *model, struct conn *conn, const struct tw_transition *record);
/* A process that holds the socket, or its owner told again; not known here: nothing happens. */
void attribution_holder(struct model *model, const struct tw_holder *record, unsigned int source);

#endif
