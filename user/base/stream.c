// SPDX-License-Identifier: GPL-2.0-or-later
/* The GNU C library has no call for this; its ferror(), where it is a macro, reads this bit. */
#include "base/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 256

void stream_fail(FILE *out, int number)
{
	flockfile(out);
	out->_flags |= _IO_ERR_SEEN;
	funlockfile(out);
	errno = number;
}

/* Its text ends where was written last: nobody goes back but to write it anew. */
struct memory {
	char **text;
	size_t *len;
	size_t room;	/* with the NUL */
};

static int make_room(struct memory *memory, size_t len)
{
	size_t room = memory->room;
	char *grown;

	while (room <= len)
		room *= 2;
	if (room == memory->room)
		return 0;
	grown = realloc(*memory->text, room);
	if (!grown)
		return -ENOMEM;
	*memory->text = grown;
	memory->room = room;
	return 0;
}

static ssize_t put(void *cookie, const char *bytes, size_t len)
{
	struct memory *memory = cookie;

	if (make_room(memory, *memory->len + len))
		return 0;
	memcpy(*memory->text + *memory->len, bytes, len);
	*memory->len += len;
	(*memory->text)[*memory->len] = '\0';
	return (ssize_t)len;
}

static int go(void *cookie, off64_t *offset, int whence)
{
	struct memory *memory = cookie;

	if (whence == SEEK_SET && *offset >= 0 && (size_t)*offset <= *memory->len)
		*memory->len = (size_t)*offset;
	else if (whence != SEEK_CUR || *offset)
		return -1;
	*offset = (off64_t)*memory->len;
	return 0;
}

static int finish(void *cookie)
{
	free(cookie);
	return 0;
}

FILE *stream_memory(char **text, size_t *len)
{
	static const cookie_io_functions_t functions = { .write = put,
							 .seek = go,
							 .close = finish };
	struct memory *memory = malloc(sizeof(*memory));
	FILE *out = NULL;

	*text = malloc(FIRST_ROOM);
	*len = 0;
	if (memory && *text) {
		*memory = (struct memory){ text, len, FIRST_ROOM };
		(*text)[0] = '\0';
		out = fopencookie(memory, "w", functions);
	}
	if (out)
		return out;
	free(memory);
	free(*text);
	*text = NULL;
	return NULL;
}
