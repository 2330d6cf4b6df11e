// SPDX-License-Identifier: GPL-2.0-or-later
/* What a key's values are called, one function a frame. */
#include "model/flame_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"
#include "model/flames.h"

/* The next part, of that name. */
static void put(struct flame_text *text, enum flame_frame frame, const char *name)
{
	if (text->count < FLAME_MOST_PARTS)
		text->parts[text->count++] = (struct flame_part){ frame, name };
}

/* The same, by a format. */
__attribute__((__format__(__printf__, 3, 4))) static void
print(struct flame_text *text, enum flame_frame frame, const char *format, ...)
{
	char *to = text->text + text->used;
	size_t room = sizeof(text->text) - text->used;
	va_list args;

	va_start(args, format);
	vsnprintf(to, room, format, args);
	va_end(args);
	text->used += strlen(to) + (room > 1);
	put(text, frame, to);
}

typedef void (*put_fn)(const struct model *model, const struct flame_key *key,
		       struct flame_text *text);

static void put_host(const struct model *model, const struct flame_key *key,
		     struct flame_text *text)
{
	put(text, FRAME_HOST, model_host(model, key->source));
}

static void put_service(const struct model *model, const struct flame_key *key,
			struct flame_text *text)
{
	const char *name = services_name(model->services, key->service);

	put(text, FRAME_SERVICE, name ? name : "(unknown service)");
}

static void put_process(const struct model *model, const struct flame_key *key,
			struct flame_text *text)
{
	char comm[TW_COMM_LEN * 4 + 1];

	(void)model;
	text_clean(key->comm, strnlen(key->comm, TW_COMM_LEN), comm, sizeof(comm));
	if (key->pid == PID_UNKNOWN && !comm[0])
		put(text, FRAME_PROCESS, "(unknown process)");
	else if (key->pid == PID_UNKNOWN)
		print(text, FRAME_PROCESS, "%s", comm);
	else
		print(text, FRAME_PROCESS, "%s[%u]", comm, key->pid);
}

static void put_comm(const struct model *model, const struct flame_key *key,
		     struct flame_text *text)
{
	char comm[TW_COMM_LEN * 4 + 1];

	(void)model;
	text_clean(key->comm, strnlen(key->comm, TW_COMM_LEN), comm, sizeof(comm));
	print(text, FRAME_COMM, "%s", comm[0] ? comm : "(unknown command)");
}

static void put_netns(const struct model *model, const struct flame_key *key,
		      struct flame_text *text)
{
	const struct flame_netns *netns;

	if (!key->netns || key->netns == FLAME_NETNS_OTHER) {
		put(text, FRAME_NETNS, key->netns ? "(other namespaces)" : "(unknown namespace)");
		return;
	}
	netns = pool_at(&model->flames->netns, key->netns - 1);
	if (netns->name[0])
		print(text, FRAME_NETNS, "netns:%s", netns->name);
	else
		print(text, FRAME_NETNS, "netns:%u", netns->ino);
}

static void put_role(const struct model *model, const struct flame_key *key,
		     struct flame_text *text)
{
	(void)model;
	put(text, FRAME_ROLE, key->role == ROLE_UNKNOWN ? "(unknown role)" : role_name(key->role));
}

static void put_remote(const struct model *model, const struct flame_key *key,
		       struct flame_text *text)
{
	static const uint8_t none[ADDR_LEN];
	char addr[ADDR_TEXT_LEN];

	(void)model;
	if (memcmp(key->remote_addr, none, sizeof(none)))
		print(text, FRAME_REMOTE, "%s", addr_format(key->remote_addr, addr));
	else if (key->unconnected)
		put(text, FRAME_REMOTE, "no remote");
	else
		put(text, FRAME_REMOTE, "(unknown remote)");
}

static void put_number(enum flame_frame frame, const char *what, uint16_t port,
		       struct flame_text *text)
{
	if (port)
		print(text, frame, "%s:%u", what, port);
	else
		print(text, frame, "(unknown port)");
}

static void put_port(const struct model *model, const struct flame_key *key,
		     struct flame_text *text)
{
	(void)model;
	put_number(FRAME_PORT, "", key->port, text);
}

static void put_local_port(const struct model *model, const struct flame_key *key,
			   struct flame_text *text)
{
	(void)model;
	put_number(FRAME_LOCAL_PORT, "local ", key->local_port, text);
}

static void put_remote_port(const struct model *model, const struct flame_key *key,
			    struct flame_text *text)
{
	(void)model;
	if (key->unconnected)
		put(text, FRAME_REMOTE_PORT, "no remote port");
	else
		put_number(FRAME_REMOTE_PORT, "remote ", key->remote_port, text);
}

static const char *flame_state_name(uint8_t state)
{
	return state ? state_name(state) : "(unknown state)";
}

static void put_state(const struct model *model, const struct flame_key *key,
		      struct flame_text *text)
{
	(void)model;
	put(text, FRAME_STATE, flame_state_name(key->state));
}

static void put_closer(const struct model *model, const struct flame_key *key,
		       struct flame_text *text)
{
	static const char *const names[NR_CLOSERS] = {
		[CLOSER_UNKNOWN] = "(unknown who closed)",
		[CLOSER_NOBODY] = "not closed",
		[CLOSER_US] = "closed first",
		[CLOSER_PEER] = "peer closed first",
		[CLOSER_RESET] = "reset",
		[CLOSER_FAILED] = "never opened",
	};

	(void)model;
	put(text, FRAME_CLOSE, names[key->closer]);
}

static void put_fate(const struct model *model, const struct flame_key *key,
		     struct flame_text *text)
{
	static const char *const names[NR_FATES] = {
		[FATE_UNKNOWN] = "(unknown end)",
		[FATE_OPEN] = "not closed",
		[FATE_NONE] = "no TIME_WAIT",
		[FATE_HELD] = "not ended yet",
		[FATE_REFUSED] = "TIME_WAIT refused",
		[FATE_ENDED + END_UNKNOWN] = "ended, unknown how",
		[FATE_ENDED + END_EXPIRED] = "expired",
		[FATE_ENDED + END_REUSED] = "reused",
		[FATE_ENDED + END_REOPENED] = "reopened",
		[FATE_ENDED + END_RESET] = "reset",
		[FATE_ENDED + END_DESTROYED] = "destroyed",
		[FATE_ENDED + END_PURGED] = "purged",
	};

	(void)model;
	put(text, FRAME_END, names[key->fate]);
}

static void put_error(const struct model *model, const struct flame_key *key,
		      struct flame_text *text)
{
	const char *name = text_errno(key->error);

	(void)model;
	if (key->error == (uint8_t)ERROR_UNKNOWN)
		put(text, FRAME_ERROR, "(unknown error)");
	else if (key->error && !name)
		print(text, FRAME_ERROR, "error %u", key->error);
	else
		put(text, FRAME_ERROR, name ? name : "no error");
}

/* A line a frame, innermost first: turned round, and cut where it is deeper than is shown. */
static void put_stack(const struct model *model, const struct flame_key *key,
		      struct flame_text *text)
{
	const char *lines[FLAME_DEEP];
	const struct stack *stack;
	size_t count = 0;
	char *at, *line;

	if (!key->stack && model_flame_has_stacks(model))
		put(text, FRAME_STACK, "(unknown code)");
	if (!key->stack)
		return;
	stack = pool_at(&model->stacks.pool, key->stack - 1);
	at = text->lines = stack->text ? strdup(stack->text) : NULL;
	while (at && count < FLAME_DEEP && (line = strsep(&at, "\n")))
		if (line[0])
			lines[count++] = line;
	if ((at && at[0]) || stack->incomplete)
		put(text, FRAME_STACK, "(outer frames missing)");
	while (count)
		put(text, FRAME_STACK, lines[--count]);
}

static const put_fn putters[NR_FLAME_FRAMES] = {
	[FRAME_HOST] = put_host,       [FRAME_NETNS] = put_netns,
	[FRAME_SERVICE] = put_service, [FRAME_PROCESS] = put_process,
	[FRAME_COMM] = put_comm,       [FRAME_ROLE] = put_role,
	[FRAME_PORT] = put_port,       [FRAME_LOCAL_PORT] = put_local_port,
	[FRAME_REMOTE] = put_remote,   [FRAME_REMOTE_PORT] = put_remote_port,
	[FRAME_STATE] = put_state,     [FRAME_CLOSE] = put_closer,
	[FRAME_END] = put_fate,	       [FRAME_ERROR] = put_error,
	[FRAME_STACK] = put_stack,
};

void flame_text_make(const struct model *model, const struct flame_key *key,
		     struct flame_text *text)
{
	const struct flame_by *by = &model->flames->by;

	text->count = text->used = 0;
	text->lines = NULL;
	if (key->other)
		put(text, NR_FLAME_FRAMES, "(other)");
	for (unsigned int i = 0; i < by->count && !key->other; i++)
		putters[by->frames[i]](model, key, text);
}

bool flame_text_again(const struct flame_key *key, const struct flame_key *named,
		      struct flame_text *text)
{
	struct flame_key like = *named;

	like.state = key->state;
	if (memcmp(&like, key, sizeof(like)))
		return false;
	for (size_t i = 0; i < text->count; i++)
		if (text->parts[i].frame == FRAME_STATE)
			text->parts[i].name = flame_state_name(key->state);
	return true;
}

void flame_text_release(struct flame_text *text)
{
	free(text->lines);
	text->lines = NULL;
}
