// SPDX-License-Identifier: GPL-2.0-or-later
/* The holder of a port as a part of a sentence. */
#include "sink/holder_text.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sink/conn_text.h"

static void what_text(const struct port_holder *holder, char *text, size_t size)
{
	static const char *const one[NR_PORT_HOLDERS] = {
		[HELD_BY_LISTENER] = "a listener",
		[HELD_BY_CONNECTION] = "a connection",
		[HELD_BY_TIME_WAIT] = "one in TIME_WAIT",
		[HELD_BY_BOUND] = "a bound socket",
	};
	static const char *const several[NR_PORT_HOLDERS] = {
		[HELD_BY_LISTENER] = "listeners",
		[HELD_BY_CONNECTION] = "connections",
		[HELD_BY_TIME_WAIT] = "in TIME_WAIT",
		[HELD_BY_BOUND] = "bound sockets",
	};
	char number[TEXT_LEN];
	size_t len;

	if (holder->sockets == 1)
		snprintf(text, size, "%s", one[holder->kind]);
	else
		snprintf(text, size, "%s %s", text_count(holder->sockets, number),
			 several[holder->kind]);
	len = strlen(text);
	if (holder->kind == HELD_BY_CONNECTION)
		snprintf(text + len, size - len, " in %s", state_name(holder->state));
}

static void add_part(char text[static HOLDER_TEXT_LEN], const char *part)
{
	size_t len = strlen(text);

	if (*part)
		snprintf(text + len, HOLDER_TEXT_LEN - len, "%s%s",
			 text[len - 1] == '(' ? "" : ", ", part);
}

static void owner_text(const struct port_holder *holder, bool brief,
		       char owner[static OWNER_TEXT_LEN])
{
	struct conn_view view = { .pid = holder->pid,
				  .comm = holder->comm,
				  .service = brief ? NULL : holder->service };

	conn_owner_text(&view, owner);
	if (!strcmp(owner, "-"))
		owner[0] = '\0';
}

static const char *describe(const struct port_holder *holder, bool brief,
			    char text[static HOLDER_TEXT_LEN])
{
	char what[TEXT_LEN * 2], owner[OWNER_TEXT_LEN], left[TEXT_LEN], part[TEXT_LEN * 2] = "";
	size_t len;

	text[0] = '\0';
	if (!holder || holder->kind == HELD_UNKNOWN)
		return text;
	what_text(holder, what, sizeof(what));
	owner_text(holder, brief && holder->comm, owner);
	if (holder->kind == HELD_BY_TIME_WAIT && holder->left_ns != TIME_UNKNOWN)
		snprintf(part, sizeof(part), "free in %s", text_duration(holder->left_ns, left));
	snprintf(text, HOLDER_TEXT_LEN, "%s (", what);
	add_part(text, owner);
	add_part(text, part);
	if (!brief && holder->reuse != REUSE_UNKNOWN)
		add_part(text,
			 holder->reuse == REUSE_YES ? "with SO_REUSEADDR" : "without SO_REUSEADDR");
	len = strlen(text);
	if (text[len - 1] == '(')
		text[len - 2] = '\0';
	else
		snprintf(text + len, HOLDER_TEXT_LEN - len, ")");
	return text;
}

const char *holder_text(const struct port_holder *holder, char text[static HOLDER_TEXT_LEN])
{
	return describe(holder, false, text);
}

const char *holder_brief(const struct port_holder *holder, char text[static HOLDER_TEXT_LEN])
{
	return describe(holder, true, text);
}
