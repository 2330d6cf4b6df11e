// SPDX-License-Identifier: GPL-2.0-or-later
/* An outlet in front of a file descriptor: a pipe, a terminal, a file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/outlet.h"

struct behind {
	int fd;		/* borrowed */
	mode_t type;
};

/* Whoever shares the descriptor may have made it one that does not wait. */
static ssize_t write_fd(void *ctx, const char *bytes, size_t len)
{
	const struct behind *behind = ctx;
	struct pollfd room = { .fd = behind->fd, .events = POLLOUT };
	ssize_t done;

	while ((done = write(behind->fd, bytes, len)) < 0)
		if (errno != EAGAIN || poll(&room, 1, -1) < 0)
			return -errno;
	return done ? done : -EIO;
}

/*
 * A pipe takes up to PIPE_BUF bytes at once or not at all, and when it is empty as many as
 * it holds: its reader never finds half a unit, even if the writer must end while it waits.
 * A terminal or a socket is given little, so that what it has not begun can still be dropped.
 */
static size_t most_of_fd(void *ctx)
{
	const struct behind *behind = ctx;
	int waiting, size;

	if (S_ISREG(behind->type))
		return SIZE_MAX;
	if (!S_ISFIFO(behind->type) || ioctl(behind->fd, FIONREAD, &waiting) || waiting)
		return PIPE_BUF;
	size = fcntl(behind->fd, F_GETPIPE_SZ);
	return size > PIPE_BUF ? (size_t)size : PIPE_BUF;
}

struct outlet *outlet_new_fd(int fd, size_t capacity)
{
	static const struct outlet_ops ops = {
		.write = write_fd,
		.most = most_of_fd,
		.release = free,
	};
	struct behind *behind = malloc(sizeof(*behind));
	struct stat stat = { 0 };
	struct outlet *outlet;

	if (!behind)
		return NULL;
	/* one that is closed says so when it is written to */
	fstat(fd, &stat);
	*behind = (struct behind){ fd, stat.st_mode & S_IFMT };
	outlet = outlet_new(&ops, behind, capacity);
	if (!outlet)
		free(behind);
	return outlet;
}
