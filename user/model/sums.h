/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State changes told in sum, because they came faster than the ring could take them: they
 * are in every count, and nothing else is known of the connections. Internal to the model.
 */
#ifndef MODEL_SUMS_H
#define MODEL_SUMS_H

#include "model/tracker.h"

void sums_add(struct model *model, const struct tw_spilled *record, unsigned int source);
/*
 * The connection was found, and what brought it here has been, or will be, told in sum: it
 * is true of it and counted there. sums_told(): from here on its changes are told one by one.
 */
void sums_found(struct conn *conn);
void sums_told(struct conn *conn);

#endif
