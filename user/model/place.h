/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where sockets older than the tracer belong: their direction and owner, by the
 * listeners beside them. Internal to the model.
 */
#ifndef MODEL_PLACE_H
#define MODEL_PLACE_H

#include "model/tracker.h"

/* By local port, the number of a listener plus one; 0: none. Caller frees; NULL: no memory. */
uint32_t *place_listeners(const struct model *model, const struct netns *netns);
/* @listener_of: from place_listeners(); @record: its port range tells ephemeral ports. */
void place_socket(struct model *model, uint32_t id, const uint32_t *listener_of,
		  const struct tw_snapshot *record);

#endif
