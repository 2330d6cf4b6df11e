// SPDX-License-Identifier: GPL-2.0-or-later
/* A RST made by hand, for what no socket would send: it must name an exact sequence number. */
#include "traffic.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REPAIR_OFF_SILENTLY = -1 };	/* TCP_REPAIR_OFF_NO_WP */

void deed_send_seq(const struct request *req, int passed_fd, struct reply *rep)
{
	int on = 1, off = REPAIR_OFF_SILENTLY, queue = TCP_SEND_QUEUE;
	uint32_t seq = 0;
	socklen_t len = sizeof(seq);

	(void)passed_fd;
	if (setsockopt(req->fd, SOL_TCP, TCP_REPAIR, &on, sizeof(on)) ||
	    setsockopt(req->fd, SOL_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) ||
	    getsockopt(req->fd, SOL_TCP, TCP_QUEUE_SEQ, &seq, &len) ||
	    setsockopt(req->fd, SOL_TCP, TCP_REPAIR, &off, sizeof(off)))
		rep->error = errno;
	rep->result = seq;
}

void deed_raw_rst(const struct request *req, int passed_fd, struct reply *rep)
{
	struct sockaddr_in from4 = { .sin_family = AF_INET }, to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 from6 = { .sin6_family = AF_INET6 }, to6 = { .sin6_family = AF_INET6 };
	struct tcphdr tcp = {
		.source = htons(address_port(&req->source)),
		.dest = htons(address_port(&req->addr)),
		.seq = htonl(req->arg),
		.doff = sizeof(tcp) / 4,
		.rst = 1,
	};
	const void *source, *dest, *from = &from6, *to = &to6;
	int family = address_wire(&req->source, &source), fd;
	socklen_t len = sizeof(from6);

	(void)passed_fd;
	address_wire(&req->addr, &dest);
	if (family == AF_INET) {
		memcpy(&from4.sin_addr, source, sizeof(from4.sin_addr));
		memcpy(&to4.sin_addr, dest, sizeof(to4.sin_addr));
		from = &from4;
		to = &to4;
		len = sizeof(from4);
	} else {
		memcpy(&from6.sin6_addr, source, sizeof(from6.sin6_addr));
		memcpy(&to6.sin6_addr, dest, sizeof(to6.sin6_addr));
	}
	tcp.check = tcp_checksum(&tcp, sizeof(tcp), &req->source, &req->addr);
	fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0 || bind(fd, from, len) || sendto(fd, &tcp, sizeof(tcp), 0, to, len) < 0)
		rep->error = errno;
	if (fd >= 0)
		close(fd);
}
