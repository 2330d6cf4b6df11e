/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages between two processes that descriptors go along with (SCM_RIGHTS). */
#ifndef BASE_PARCEL_H
#define BASE_PARCEL_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* As many descriptors as one message may have. */
#define PARCEL_FDS 4

struct parcel {
	struct iovec part[2];	/* a head, and what it tells of */
	int fds[PARCEL_FDS];
	size_t nr_fds;
};

/* By a SOCK_SEQPACKET socket; the descriptors stay the caller's. 0 or -errno, whole or not at all. */
int parcel_send(int socket, const struct parcel *parcel);
/*
 * Waits for one and writes it into the parts, by their lengths; the descriptors, close-on-exec,
 * are the caller's. How many bytes, 0: nobody is there any more, or -errno: -EMSGSIZE, more bytes
 * or descriptors than there is room for.
 */
ssize_t parcel_receive(int socket, struct parcel *parcel);

#endif
