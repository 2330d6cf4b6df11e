// SPDX-License-Identifier: GPL-2.0-or-later
/* A RST made by hand, for what no socket would send: it must name an exact sequence number. */
#include "traffic.h"

#include <arpa/inet.h>
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

static uint32_t sum16(const void *data, size_t len)
{
	const uint8_t *byte = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += byte[i] << 8 | byte[i + 1];
	return sum;
}

static uint16_t tcp_checksum(const struct tcphdr *tcp, const void *source, const void *dest,
			     size_t addr_len)
{
	uint32_t sum = IPPROTO_TCP + sizeof(*tcp);

	sum += sum16(source, addr_len) + sum16(dest, addr_len) + sum16(tcp, sizeof(*tcp));
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

/* An IPv4-mapped address is IPv4 on the wire. */
static const struct in_addr *on_v4_wire(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return &((const struct sockaddr_in *)addr)->sin_addr;
	if (address_is_mapped(addr))
		return (const struct in_addr *)&((const struct sockaddr_in6 *)addr)
			->sin6_addr.s6_addr32[3];
	return NULL;
}

void deed_raw_rst(const struct request *req, int passed_fd, struct reply *rep)
{
	const struct in_addr *source = on_v4_wire(&req->source), *dest = on_v4_wire(&req->addr);
	const struct sockaddr_in6 *source6 = (const void *)&req->source;
	struct sockaddr_in from4 = { .sin_family = AF_INET }, to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 from6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in6 to6 = *(const struct sockaddr_in6 *)&req->addr;
	struct tcphdr tcp = {
		.source = htons(address_port(&req->source)),
		.dest = htons(address_port(&req->addr)),
		.seq = htonl(req->arg),
		.doff = sizeof(tcp) / 4,
		.rst = 1,
	};
	const void *from = source ? (void *)&from4 : (void *)&from6;
	const void *to = source ? (void *)&to4 : (void *)&to6;
	socklen_t len = source ? sizeof(from4) : sizeof(from6);
	int fd = socket(source ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);

	(void)passed_fd;
	if (source) {
		from4.sin_addr = *source;
		to4.sin_addr = *dest;
		tcp.check = tcp_checksum(&tcp, source, dest, sizeof(*source));
	} else {
		from6.sin6_addr = source6->sin6_addr;
		to6.sin6_port = 0;	/* of a raw socket: the protocol */
		tcp.check = tcp_checksum(&tcp, &source6->sin6_addr, &to6.sin6_addr,
					 sizeof(to6.sin6_addr));
	}
	if (fd < 0 || bind(fd, from, len) || sendto(fd, &tcp, sizeof(tcp), 0, to, len) < 0)
		rep->error = errno;
	if (fd >= 0)
		close(fd);
}
