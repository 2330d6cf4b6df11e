/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection for people. */
#include "sink/conn_text.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

const char *conn_local_text(const struct conn_view *conn, char text[static ENDPOINT_TEXT_LEN])
{
	if (addr_is_any(conn->local_addr) && !conn->local_port)
		return strcpy(text, "-");
	return endpoint_format(conn->local_addr, conn->local_port, text);
}

const char *conn_remote_text(const struct conn_view *conn, struct names *names,
			     char text[static ENDPOINT_TEXT_LEN])
{
	const char *name;

	if (addr_is_any(conn->remote_addr))
		return strcpy(text, "-");
	name = names_of(names, conn->remote_addr);
	if (name && strlen(name) + sizeof(":65535") <= ENDPOINT_TEXT_LEN) {
		if (conn->remote_port)
			sprintf(text, "%s:%u", name, conn->remote_port);
		else
			sprintf(text, "%s:*", name);
		return text;
	}
	return endpoint_format(conn->remote_addr, conn->remote_port, text);
}

const char *conn_process_text(const struct conn_view *conn, char text[static PROCESS_TEXT_LEN])
{
	const char *comm = conn->comm ? conn->comm : "";

	if (conn->pid != PID_UNKNOWN)
		snprintf(text, PROCESS_TEXT_LEN, "%s[%u]", comm, conn->pid);
	else
		snprintf(text, PROCESS_TEXT_LEN, "%s", *comm ? comm : "-");
	return text;
}

/* At most @width columns of @from, and never part of a character. */
static void cut_text(const char *from, size_t width, char text[static OWNER_TEXT_LEN])
{
	size_t len = 0, next;

	snprintf(text, OWNER_TEXT_LEN, "%s", from);
	if (text_width(from) <= width && strlen(from) < OWNER_TEXT_LEN)
		return;
	for (;;) {
		for (next = len + 1; ((unsigned char)from[next] & 0xc0) == 0x80; next++)
			;
		if (next + sizeof("…") > OWNER_TEXT_LEN)
			break;
		memcpy(text, from, next);
		text[next] = '\0';
		if (text_width(text) > width - 1)
			break;
		len = next;
	}
	strcpy(text + len, "…");
}

const char *conn_owner_text(const struct conn_view *conn, char text[static OWNER_TEXT_LEN])
{
	bool named = conn->service && !(conn->comm && !strcmp(conn->service, conn->comm));
	char process[PROCESS_TEXT_LEN];
	size_t len;

	conn_process_text(conn, process);
	if (!named)
		return strcpy(text, process);
	cut_text(conn->service, OWNER_SERVICE_WIDTH, text);
	if (!strcmp(process, "-"))
		return text;
	len = strlen(text);
	snprintf(text + len, OWNER_TEXT_LEN - len, " %s", process);
	return text;
}
