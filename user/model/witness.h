/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an evidence tier tells of minisocks, for the ledger. A birth is told before
 * the socket's own ->CLOSE, and entered with it. Internal to the model.
 */
#ifndef MODEL_WITNESS_H
#define MODEL_WITNESS_H

#include "model/tracker.h"

/* Which tier the source has: what it tells rests on that. */
void witness_tier(struct model *model, enum evidence tier, unsigned int source);
void witness_minisock(struct model *model, const struct tw_minisock *record, unsigned int source);
/* A RST went to the tuple: whether its minisock has obeyed, the next dump or successor shows. */
void witness_reset(struct model *model, const struct tw_minisock *record, unsigned int source);
/* The full socket has just ended: what was told of its minisock too early is told now. */
void witness_catch_up(struct model *model, uint32_t id);
/* Forgets what came too early and never found its minisock. */
void witness_forget(struct model *model, uint64_t now_ns);

#endif
