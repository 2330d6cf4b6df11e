/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the model knows, as records that tell it again: with them begins every further file of a
 * recording, so that each can be read without those before it. As after the start of a tracer
 * they tell what is there, and nothing of what has happened; who owns it is told as far as it is
 * known. A socket that has closed and whose minisock is not certain yet is left to the next dump.
 */
#ifndef MODEL_RESTATE_H
#define MODEL_RESTATE_H

#include "model/model.h"

/* The record is valid during the call only. */
typedef void (*restate_fn)(void *ctx, const struct tw_record *record);

/*
 * Up to READY, with the time of the newest record fed. No dump of the kernel is among it: the
 * dump that it tells is one that failed (-EAGAIN), so that nothing is gone that it does not list.
 * Of a live model only: what source 0 told. @ctx of fn.
 */
void model_restate(const struct model *model, restate_fn fn, void *ctx);

#endif
