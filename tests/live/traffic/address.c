// SPDX-License-Identifier: GPL-2.0-or-later
/* Socket addresses of the three families: IPv4, IPv6 and IPv4 in an IPv6 socket. */
#include "traffic.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static struct sockaddr_in *as_v4(const struct sockaddr_storage *addr)
{
	return (struct sockaddr_in *)addr;
}

static struct sockaddr_in6 *as_v6(const struct sockaddr_storage *addr)
{
	return (struct sockaddr_in6 *)addr;
}

void address_parse(struct sockaddr_storage *addr, enum family family, const char *text)
{
	char mapped[INET6_ADDRSTRLEN + 8];
	int ok;

	memset(addr, 0, sizeof(*addr));
	if (family == FAMILY_4) {
		addr->ss_family = AF_INET;
		ok = inet_pton(AF_INET, text ? text : "127.0.0.1", &as_v4(addr)->sin_addr);
	} else {
		if (!text)
			text = family == FAMILY_6 ? "::1" : "127.0.0.1";
		snprintf(mapped, sizeof(mapped), "%s%s",
			 family == FAMILY_MAPPED && !strchr(text, ':') ? "::ffff:" : "", text);
		addr->ss_family = AF_INET6;
		ok = inet_pton(AF_INET6, mapped, &as_v6(addr)->sin6_addr);
	}
	if (ok != 1)
		die("'%s' is not an address of the family asked for", text ? text : "");
}

void address_add(struct sockaddr_storage *addr, unsigned number)
{
	if (addr->ss_family == AF_INET)
		as_v4(addr)->sin_addr.s_addr = htonl(ntohl(as_v4(addr)->sin_addr.s_addr) + number);
	else
		as_v6(addr)->sin6_addr.s6_addr32[3] =
			htonl(ntohl(as_v6(addr)->sin6_addr.s6_addr32[3]) + number);
}

unsigned address_port(const struct sockaddr_storage *addr)
{
	/* the port is at the same place in both */
	return ntohs(as_v4(addr)->sin_port);
}

void address_set_port(struct sockaddr_storage *addr, unsigned port)
{
	as_v4(addr)->sin_port = htons(port);
}

static uint32_t last_word(const struct sockaddr_storage *addr)
{
	return ntohl(addr->ss_family == AF_INET ? as_v4(addr)->sin_addr.s_addr :
						  as_v6(addr)->sin6_addr.s6_addr32[3]);
}

int address_host(const struct sockaddr_storage *addr)
{
	uint32_t host = last_word(addr) - last_word(&shared->server[0]);

	return host < shared->nr_hosts ? (int)host : -1;
}

bool address_is_mapped(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&as_v6(addr)->sin6_addr);
}

int address_wire(const struct sockaddr_storage *addr, const void **bytes)
{
	if (addr->ss_family == AF_INET) {
		*bytes = &((const struct sockaddr_in *)addr)->sin_addr;
		return AF_INET;
	}
	*bytes = &((const struct sockaddr_in6 *)addr)->sin6_addr;
	if (!address_is_mapped(addr))
		return AF_INET6;
	*bytes = (const char *)*bytes + 12;
	return AF_INET;
}

void address_text(const struct sockaddr_storage *addr, char buf[static INET6_ADDRSTRLEN])
{
	const struct in6_addr *v6 = &as_v6(addr)->sin6_addr;

	if (addr->ss_family == AF_INET)
		inet_ntop(AF_INET, &as_v4(addr)->sin_addr, buf, INET6_ADDRSTRLEN);
	else if (IN6_IS_ADDR_V4MAPPED(v6))
		inet_ntop(AF_INET, &v6->s6_addr32[3], buf, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, v6, buf, INET6_ADDRSTRLEN);
}
