// SPDX-License-Identifier: GPL-2.0-or-later
/* What only netlink can do: give an interface an address, end a socket as `ss -K` does. */
#include "traffic.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Sends a request and waits for the kernel's verdict. */
static int ask_kernel(int protocol, struct nlmsghdr *message)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr verdict;
		char rest[1024];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), err = 0;

	message->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (fd < 0 || send(fd, message, message->nlmsg_len, 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		err = errno;
	else if (answer.head.nlmsg_type != NLMSG_ERROR)
		err = EPROTO;
	else
		err = -answer.verdict.error;
	if (fd >= 0)
		close(fd);
	return err;
}

static void put_attribute(struct nlmsghdr *message, int type, const void *data, size_t len)
{
	struct rtattr *attr = (void *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(attr), data, len);
	message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + RTA_SPACE(len);
}

int netlink_add_address(const char *interface, const struct sockaddr_storage *addr)
{
	struct {
		struct nlmsghdr head;
		struct ifaddrmsg address;
		char attributes[64];
	} message = {
		.head.nlmsg_len = NLMSG_LENGTH(sizeof(message.address)),
		.head.nlmsg_type = RTM_NEWADDR,
		.head.nlmsg_flags = NLM_F_CREATE,
		.address.ifa_flags = IFA_F_NODAD,
		.address.ifa_index = if_nametoindex(interface),
	};
	const void *bytes;
	size_t len;

	message.address.ifa_family = address_wire(addr, &bytes);
	len = message.address.ifa_family == AF_INET ? 4 : 16;
	message.address.ifa_prefixlen = len == 4 ? 24 : 64;
	put_attribute(&message.head, IFA_LOCAL, bytes, len);
	put_attribute(&message.head, IFA_ADDRESS, bytes, len);
	return ask_kernel(NETLINK_ROUTE, &message.head);
}

void deed_destroy(const struct request *req, int passed_fd, struct reply *rep)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 which;
	} message = {
		.head.nlmsg_len = sizeof(message),
		.head.nlmsg_type = SOCK_DESTROY,
		.which.sdiag_protocol = IPPROTO_TCP,
		.which.idiag_states = UINT32_MAX,
		.which.id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
	};
	const void *source, *dest;
	size_t len;

	(void)passed_fd;
	message.which.sdiag_family = address_wire(&req->source, &source);
	address_wire(&req->addr, &dest);
	len = message.which.sdiag_family == AF_INET ? 4 : 16;
	memcpy(message.which.id.idiag_src, source, len);
	memcpy(message.which.id.idiag_dst, dest, len);
	message.which.id.idiag_sport = htons(address_port(&req->source));
	message.which.id.idiag_dport = htons(address_port(&req->addr));
	rep->error = ask_kernel(NETLINK_SOCK_DIAG, &message.head);
}
