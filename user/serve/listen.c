// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses to listen on, as users write them, and the Host of those who ask. */
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/parse.h"
#include "serve/port_holder.h"

/*
 * What the kernel keeps for one slow client: a document waits in our memory once, for all of
 * them, and there as often as it is sent.
 */
#define SEND_BYTES (128 << 10)
#define BACKLOG 512

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

/* Of "[::1]" or "127.0.0.1", or a name of the loopback; false: it is none of these. */
static bool read_addr(const char *text, size_t len, uint8_t addr[static ADDR_LEN])
{
	char copy[ADDR_TEXT_LEN + 2];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (copy[0] == '[' && len > 2 && copy[len - 1] == ']') {
		copy[len - 1] = '\0';
		return inet_pton(AF_INET6, copy + 1, addr) == 1;
	}
	memcpy(addr, mapped, sizeof(mapped));
	if (!strcasecmp(copy, "localhost"))
		return inet_pton(AF_INET, "127.0.0.1", addr + sizeof(mapped)) == 1;
	return inet_pton(AF_INET, copy, addr + sizeof(mapped)) == 1;
}

int listen_parse(const char *text, struct listen_at *at, struct error *err)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	if (!colon || !read_addr(text, (size_t)(colon - text), at->addr))
		return error_set(err, -EINVAL,
				 "'%s' is no ADDR:PORT, as in 127.0.0.1:9435, [::1]:9435 or "
				 "0.0.0.0:9435",
				 text);
	if (parse_u64(colon + 1, 0, UINT16_MAX, &port, NULL))
		return error_set(err, -EINVAL, "'%s': '%s' is no port", text, colon + 1);
	at->port = (uint16_t)port;
	return 0;
}

static socklen_t fill_sockaddr(const struct listen_at *at, struct sockaddr_storage *storage)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
	struct sockaddr_in *in = (struct sockaddr_in *)storage;

	memset(storage, 0, sizeof(*storage));
	if (addr_is_v4(at->addr)) {
		in->sin_family = AF_INET;
		in->sin_port = htons(at->port);
		memcpy(&in->sin_addr, at->addr + sizeof(mapped), sizeof(in->sin_addr));
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(at->port);
	memcpy(&in6->sin6_addr, at->addr, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

/* Returns an errno. */
static int open_at(int fd, struct listen_at *at)
{
	struct sockaddr_storage addr;
	socklen_t len = fill_sockaddr(at, &addr);
	int one = 1, none = 0, send = SEND_BYTES;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof(send));
	if (addr.ss_family == AF_INET6 && addr_is_any(at->addr))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &none, sizeof(none));
	if (bind(fd, (struct sockaddr *)&addr, len) || listen(fd, BACKLOG) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		return errno;
	/* at the same place in both */
	at->port = ntohs(((struct sockaddr_in *)&addr)->sin_port);
	return 0;
}

int listen_open(struct listen_at *at, struct error *err)
{
	int family = addr_is_v4(at->addr) ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char text[ENDPOINT_TEXT_LEN], holder[PORT_HOLDER_LEN];
	int number = fd < 0 ? errno : open_at(fd, at);

	if (!number)
		return fd;
	if (fd >= 0)
		close(fd);
	endpoint_format(at->addr, at->port, text);
	if (number == EADDRINUSE && port_holder("", at->port, holder))
		return error_set(err, -number, "cannot listen on %s: %s listens there already",
				 text, holder);
	return error_set(err, -number, "cannot listen on %s: %s", text, strerror(number));
}

const char *listen_url(const struct listen_at *at, char text[static LISTEN_URL_LEN])
{
	char endpoint[ENDPOINT_TEXT_LEN];

	snprintf(text, LISTEN_URL_LEN, "http://%s/", endpoint_format(at->addr, at->port, endpoint));
	return text;
}

bool listen_host_is_ours(const char *host)
{
	uint8_t addr[ADDR_LEN];
	const char *end, *colon;

	if (!host)
		return true;
	/* a port, or none; of an address in brackets the colons are its own */
	end = strchrnul(host, '\0');
	colon = strrchr(host, ':');
	if (colon && !strchr(colon, ']'))
		end = colon;
	return read_addr(host, (size_t)(end - host), addr) &&
	       (addr_is_loopback(addr) || addr_is_any(addr));
}
