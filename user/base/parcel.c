// SPDX-License-Identifier: GPL-2.0-or-later
/* sendmsg() and recvmsg(), with what they want for descriptors. */
#include "base/parcel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	char room[CMSG_SPACE(PARCEL_FDS * sizeof(int))];
	struct cmsghdr header;
};

int parcel_send(int socket, const struct parcel *parcel)
{
	struct msghdr message = { .msg_iov = (struct iovec *)parcel->part, .msg_iovlen = 2 };
	union control control = { .room = { 0 } };
	ssize_t len;

	if (parcel->nr_fds) {
		message.msg_control = control.room;
		message.msg_controllen = CMSG_SPACE(parcel->nr_fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(parcel->nr_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), parcel->fds, parcel->nr_fds * sizeof(int));
	}
	do
		len = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (len < 0 && errno == EINTR);
	return len < 0 ? -errno : 0;
}

ssize_t parcel_receive(int socket, struct parcel *parcel)
{
	union control control = { .room = { 0 } };
	struct msghdr message = {
		.msg_iov = parcel->part,
		.msg_iovlen = 2,
		.msg_control = control.room,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *header;
	ssize_t len;

	parcel->nr_fds = 0;
	do
		len = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
		parcel->nr_fds = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(parcel->fds, CMSG_DATA(header), parcel->nr_fds * sizeof(int));
	}
	if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return len;
	while (parcel->nr_fds)
		close(parcel->fds[--parcel->nr_fds]);
	return -EMSGSIZE;
}
