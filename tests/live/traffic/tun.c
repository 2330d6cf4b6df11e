// SPDX-License-Identifier: GPL-2.0-or-later
/* What the hand-made peer does: TCP segments, byte by byte, through a TUN device. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MAX_PACKET = 2048, MAX_DATA = 1024, HOPS = 64, WINDOW = 65535 };

static int tun = -1;	/* tw-peer's; lives as long as it does */

/* Takes the name from @ifr. */
static int set_up(struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	ifr->ifr_flags = IFF_UP;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, ifr))
		err = errno;
	close_fd(fd);
	return err;
}

/* IPv6 takes packets for an address in only when a work queue has made its route. */
static bool has_route(const struct sockaddr_storage *addr)
{
	char want[40] = "", line[256];
	const uint8_t *bytes;
	bool found = false;
	FILE *routes;

	if (address_wire(addr, (const void **)&bytes) == AF_INET)
		return true;
	for (int i = 0; i < 16; i++)
		snprintf(want + 2 * i, sizeof(want) - 2 * i, "%02x", bytes[i]);
	strcat(want, " 80 ");
	routes = fopen("/proc/self/net/ipv6_route", "re");
	while (routes && !found && fgets(line, sizeof(line), routes))
		found = !strncmp(line, want, strlen(want));
	if (routes)
		fclose(routes);
	return found;
}

void deed_peer_open(const struct request *req, int passed_fd, struct reply *rep)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	uint64_t until = now_ms() + BOUND_MS;

	(void)passed_fd;
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tun < 0 || ioctl(tun, TUNSETIFF, &ifr)) {
		rep->error = errno;
		return;
	}
	rep->error = set_up(&ifr);
	if (!rep->error)
		rep->error = netlink_add_address(ifr.ifr_name, &req->source);
	while (!rep->error && !has_route(&req->source)) {
		if (now_ms() > until)
			rep->error = ETIMEDOUT;
		poll_pause(1);
	}
}

/* ------------------------------------------------------------------------ sending */

/* The header below TCP's; returns its length. */
static size_t put_ip(uint8_t *packet, size_t tcp_len, const struct request *req)
{
	struct iphdr v4 = {
		.version = 4,
		.ihl = sizeof(v4) / 4,
		.tot_len = htons(sizeof(v4) + tcp_len),
		.ttl = HOPS,
		.protocol = IPPROTO_TCP,
	};
	struct ip6_hdr v6 = {
		.ip6_flow = htonl(6 << 28),
		.ip6_plen = htons(tcp_len),
		.ip6_nxt = IPPROTO_TCP,
		.ip6_hlim = HOPS,
	};
	const void *source, *dest;

	address_wire(&req->source, &source);
	if (address_wire(&req->addr, &dest) == AF_INET) {
		memcpy(&v4.saddr, source, sizeof(v4.saddr));
		memcpy(&v4.daddr, dest, sizeof(v4.daddr));
		v4.check = checksum(0, &v4, sizeof(v4));
		memcpy(packet, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.ip6_src, source, sizeof(v6.ip6_src));
	memcpy(&v6.ip6_dst, dest, sizeof(v6.ip6_dst));
	memcpy(packet, &v6, sizeof(v6));
	return sizeof(v6);
}

void deed_peer_send(const struct request *req, int passed_fd, struct reply *rep)
{
	const struct segment *segment = &req->segment;
	struct tcphdr tcp = {
		.source = htons(address_port(&req->source)),
		.dest = htons(address_port(&req->addr)),
		.seq = htonl(segment->seq),
		.ack_seq = htonl(segment->ack),
		.doff = sizeof(tcp) / 4,
		.window = htons(WINDOW),
	};
	size_t len = sizeof(tcp) + segment->len, head;
	uint8_t packet[MAX_PACKET] = { 0 };

	(void)passed_fd;
	if (segment->len > MAX_DATA) {
		rep->error = EMSGSIZE;
		return;
	}
	tcp.th_flags = segment->flags;
	head = put_ip(packet, len, req);
	memcpy(packet + head, &tcp, sizeof(tcp));
	tcp.check = tcp_checksum(packet + head, len, &req->source, &req->addr);
	memcpy(packet + head, &tcp, sizeof(tcp));
	/* when it returns, the kernel has taken the segment in */
	if (write(tun, packet, head + len) != (ssize_t)(head + len))
		rep->error = errno;
}

/* ---------------------------------------------------------------------- receiving */

/* Where TCP begins in a packet of either version, or NULL. */
static const uint8_t *find_tcp(const uint8_t *packet, size_t *len)
{
	size_t head;

	if (*len > sizeof(struct iphdr) && packet[0] >> 4 == 4 && packet[9] == IPPROTO_TCP)
		head = (packet[0] & 15) * 4;
	else if (*len > sizeof(struct ip6_hdr) && packet[0] >> 4 == 6 && packet[6] == IPPROTO_TCP)
		head = sizeof(struct ip6_hdr);
	else
		return NULL;
	if (*len < head + sizeof(struct tcphdr))
		return NULL;
	*len -= head;
	return packet + head;
}

/* One packet; false if it is not of this connection. */
static bool receive(const struct request *req, struct segment *segment)
{
	uint8_t packet[MAX_PACKET];
	const uint8_t *found;
	struct tcphdr tcp;
	size_t len;
	ssize_t got;

	got = read(tun, packet, sizeof(packet));
	if (got <= 0)
		return false;
	len = got;
	found = find_tcp(packet, &len);
	if (!found)
		return false;
	memcpy(&tcp, found, sizeof(tcp));
	*segment = (struct segment){
		.seq = ntohl(tcp.seq),
		.ack = ntohl(tcp.ack_seq),
		.flags = tcp.th_flags,
		.len = len - tcp.doff * 4,
	};
	return ntohs(tcp.source) == address_port(&req->addr) &&
	       ntohs(tcp.dest) == address_port(&req->source);
}

void deed_peer_await(const struct request *req, int passed_fd, struct reply *rep)
{
	struct pollfd pfd = { .fd = tun, .events = POLLIN };
	uint64_t until = now_ms() + BOUND_MS;

	(void)passed_fd;
	while (now_ms() < until) {
		if (poll(&pfd, 1, 100) == 1 && receive(req, &rep->segment) &&
		    (rep->segment.flags & req->segment.flags) == req->segment.flags)
			return;
	}
	rep->error = ETIMEDOUT;
}
