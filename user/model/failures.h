/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What failed: connect(), bind(), listen(). Internal to the model. */
#ifndef MODEL_FAILURES_H
#define MODEL_FAILURES_H

#include "model/conn.h"
#include "model/ports.h"
#include "tw_record.h"

/* bind() or listen() found its port taken. */
void failures_bind(struct model *model, const struct tw_bind_failed *record, unsigned int source);
/* The connect() of @conn, which has just ended, failed with @error: tells of it. */
void failures_connect(struct model *model, const struct conn *conn, int error, uint64_t ts_ns);

#endif
