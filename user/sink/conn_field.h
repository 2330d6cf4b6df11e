/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields that every event and every row of `list` have in common: who and
 * what the connection is. The rules for what is unknown live here once.
 */
#ifndef SINK_CONN_FIELD_H
#define SINK_CONN_FIELD_H

#include "model/event.h"
#include "sink/value.h"

struct conn_field {
	const char *name;
	void (*get)(const struct conn_view *conn, struct value *value);
};

/* In the order of output; ends with a NULL name. */
extern const struct conn_field conn_fields[];

/* @conn may be NULL: every value is unknown then. */
void conn_field_get(const struct conn_field *field, const struct conn_view *conn,
		    struct value *value);
void json_add_conn(struct json *parent, const struct conn_view *conn);

#endif
