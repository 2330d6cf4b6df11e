// SPDX-License-Identifier: GPL-2.0-or-later
/* pread(2) in the place of read(2), behind fopencookie(3). */
#include "base/file_view.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

struct view {
	int fd;
	bool seeks;
	off_t at;
};

static ssize_t view_read(void *cookie, char *buf, size_t size)
{
	struct view *view = cookie;
	ssize_t len;

	do
		len = view->seeks ? pread(view->fd, buf, size, view->at) :
				    read(view->fd, buf, size);
	while (len < 0 && errno == EINTR);
	if (len > 0)
		view->at += len;
	return len;
}

static int view_seek(void *cookie, off64_t *offset, int whence)
{
	struct view *view = cookie;

	if (!view->seeks) {
		errno = ESPIPE;
		return -1;
	}
	/* from the end nobody looks */
	if (whence == SEEK_END) {
		errno = EINVAL;
		return -1;
	}
	view->at = *offset + (whence == SEEK_CUR ? view->at : 0);
	*offset = view->at;
	return 0;
}

static int view_close(void *cookie)
{
	free(cookie);
	return 0;
}

FILE *file_view(int fd)
{
	static const cookie_io_functions_t functions = {
		.read = view_read,
		.seek = view_seek,
		.close = view_close,
	};
	struct view *view = malloc(sizeof(*view));
	FILE *file;

	if (!view)
		return NULL;
	*view = (struct view){ .fd = fd, .at = lseek(fd, 0, SEEK_CUR) };
	view->seeks = view->at >= 0;
	file = fopencookie(view, "r", functions);
	if (!file)
		free(view);
	return file;
}
