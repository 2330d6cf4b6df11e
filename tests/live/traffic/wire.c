// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages between director and actors: fixed size, with at most one descriptor. */
#include "traffic.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

union control {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

bool wire_send(int control, const void *data, size_t size, int fd)
{
	union control rights = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = rights.buf;
		msg.msg_controllen = sizeof(rights.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	do {
		sent = sendmsg(control, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)size;
}

bool wire_receive(int control, void *data, size_t size, int *fd)
{
	union control rights = { 0 };
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = rights.buf,
		.msg_controllen = sizeof(rights.buf),
	};
	struct cmsghdr *cmsg;
	ssize_t got;

	do {
		got = recvmsg(control, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (fd)
		*fd = -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (got > 0 && fd && cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(int));
	return got == (ssize_t)size;
}
