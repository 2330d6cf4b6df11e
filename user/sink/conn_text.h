/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection for people: its two ends and its owner; what is unknown is "-". */
#ifndef SINK_CONN_TEXT_H
#define SINK_CONN_TEXT_H

#include "base/addr.h"
#include "base/names.h"
#include "model/event.h"

#define PROCESS_TEXT_LEN 80
#define OWNER_TEXT_LEN 256
#define OWNER_SERVICE_WIDTH 32

/* Each returns @text. */
const char *conn_local_text(const struct conn_view *conn, char text[static ENDPOINT_TEXT_LEN]);
/* By its name where @names (may be NULL) has one. */
const char *conn_remote_text(const struct conn_view *conn, struct names *names,
			     char text[static ENDPOINT_TEXT_LEN]);
/* "nginx[812]", "nginx", "[812]" */
const char *conn_process_text(const struct conn_view *conn, char text[static PROCESS_TEXT_LEN]);
/*
 * "nginx.service nginx[812]", or the process alone where the service is named
 * after it. A service name past OWNER_SERVICE_WIDTH columns is cut with "…".
 */
const char *conn_owner_text(const struct conn_view *conn, char text[static OWNER_TEXT_LEN]);

#endif
