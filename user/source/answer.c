// SPDX-License-Identifier: GPL-2.0-or-later
/* What an act has found, until it has been sent, and again until it has been read. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/keeper.h"

/* What is allocated for so many bytes and a NUL: twice as much when that is full. */
static size_t room_for(size_t size)
{
	size_t room = 256;

	while (room < size + 1)
		room *= 2;
	return room;
}

int answer_add(struct answer *answer, const void *data, size_t size)
{
	char *grown = answer->data;

	if (size > KEEPER_ANSWER_BYTES - answer->size)
		return -EMSGSIZE;
	if (!grown || room_for(answer->size + size) != room_for(answer->size))
		grown = realloc(answer->data, room_for(answer->size + size));
	if (!grown)
		return -ENOMEM;
	memcpy(grown + answer->size, data, size);
	answer->data = grown;
	answer->size += size;
	/* so that text can be read as such */
	answer->data[answer->size] = '\0';
	return 0;
}

int answer_take_fd(struct answer *answer, unsigned int place)
{
	int fd = answer->fds[place];

	answer->fds[place] = -1;
	return fd;
}

void answer_release(struct answer *answer)
{
	for (size_t i = 0; i < KEEPER_FDS; i++)
		if (answer->fds[i] >= 0)
			close(answer->fds[i]);
	free(answer->data);
	*answer = ANSWER_NONE;
}
