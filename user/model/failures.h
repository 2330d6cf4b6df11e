/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What failed: connect(), bind(), listen(). Told as it comes, and counted by who asked for
 * what. Internal to the model.
 */
#ifndef MODEL_FAILURES_H
#define MODEL_FAILURES_H

#include "model/conn.h"
#include "model/ports.h"
#include "tw_record.h"

struct failures;

/* bind() or listen() found its port taken. */
void failures_bind(struct model *model, const struct tw_bind_failed *record, unsigned int source);
/* The connect() of @conn, which has just ended, failed with @error; it began at born_ns. */
void failures_connect(struct model *model, const struct conn *conn, int error, uint64_t ts_ns);
/* @count connects like @like, all of which ended as @head says, told in sum. */
void failures_sum(struct model *model, const struct conn *like, const struct tw_record *head,
		  uint64_t count);
void failures_free(struct failures *failures);

/* What @source says of how bind() is watched. */
void failures_sight(struct model *model, enum tw_binds binds, unsigned int source);

#endif
