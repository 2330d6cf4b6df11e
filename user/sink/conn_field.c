/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields that every event and every row of `list` have in common. */
#include "sink/conn_field.h"

static void get_cookie(const struct conn_view *conn, struct value *value)
{
	value_nonzero(value, conn->cookie);
}

static void get_netns(const struct conn_view *conn, struct value *value)
{
	value_nonzero(value, conn->netns_ino);
}

/* With its port known, an address of zeroes is the wildcard: a listener's, a bind's. */
static void get_local_addr(const struct conn_view *conn, struct value *value)
{
	value_addr(value, conn->local_addr, conn->local_port != 0);
}

static void get_local_port(const struct conn_view *conn, struct value *value)
{
	value_nonzero(value, conn->local_port);
}

static void get_remote_addr(const struct conn_view *conn, struct value *value)
{
	value_addr(value, conn->remote_addr, false);
}

static void get_remote_port(const struct conn_view *conn, struct value *value)
{
	value_nonzero(value, conn->remote_port);
}

static void get_direction(const struct conn_view *conn, struct value *value)
{
	value_text(value, direction_name(conn->direction));
}

static void get_pid(const struct conn_view *conn, struct value *value)
{
	value_nonzero(value, conn->pid);
}

static void get_comm(const struct conn_view *conn, struct value *value)
{
	value_foreign(value, conn->comm);
}

static void get_service(const struct conn_view *conn, struct value *value)
{
	value_foreign(value, conn->service);
}

const struct conn_field conn_fields[] = {
	{ .name = "cookie", .get = get_cookie },
	{ .name = "netns", .get = get_netns },
	{ .name = "local_addr", .get = get_local_addr },
	{ .name = "local_port", .get = get_local_port },
	{ .name = "remote_addr", .get = get_remote_addr },
	{ .name = "remote_port", .get = get_remote_port },
	{ .name = "direction", .get = get_direction },
	{ .name = "pid", .get = get_pid },
	{ .name = "comm", .get = get_comm },
	{ .name = "service", .get = get_service },
	{ .name = NULL },
};

void conn_field_get(const struct conn_field *field, const struct conn_view *conn,
		    struct value *value)
{
	value_text(value, NULL);
	if (conn)
		field->get(conn, value);
}

void json_add_conn(struct json *parent, const struct conn_view *conn)
{
	const struct conn_field *field;
	struct value value;

	for (field = conn_fields; field->name; field++) {
		conn_field_get(field, conn, &value);
		json_add_value(parent, field->name, &value);
	}
}
