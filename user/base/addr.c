/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as text, and which network they are in. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

bool addr_is_v4(const uint8_t addr[static ADDR_LEN])
{
	return memcmp(addr, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool addr_is_any(const uint8_t addr[static ADDR_LEN])
{
	static const uint8_t zero[ADDR_LEN];

	if (addr_is_v4(addr))
		return memcmp(addr + sizeof(v4_prefix), zero, 4) == 0;
	return memcmp(addr, zero, ADDR_LEN) == 0;
}

bool addr_is_loopback(const uint8_t addr[static ADDR_LEN])
{
	static const uint8_t v6[ADDR_LEN] = { [15] = 1 };

	return addr_is_v4(addr) ? addr[12] == 127 : !memcmp(addr, v6, ADDR_LEN);
}

const char *addr_format(const uint8_t addr[static ADDR_LEN], char text[static ADDR_TEXT_LEN])
{
	/* Neither fails: both families are known and the longest text fits. */
	if (addr_is_v4(addr))
		inet_ntop(AF_INET, addr + sizeof(v4_prefix), text, ADDR_TEXT_LEN);
	else
		inet_ntop(AF_INET6, addr, text, ADDR_TEXT_LEN);
	return text;
}

const char *endpoint_format(const uint8_t addr[static ADDR_LEN], uint16_t port,
			    char text[static ENDPOINT_TEXT_LEN])
{
	bool bare = addr_is_v4(addr);	/* colons of IPv6 need brackets around them */
	char addr_text[ADDR_TEXT_LEN];
	char port_text[6] = "*";

	if (port)
		snprintf(port_text, sizeof(port_text), "%u", port);
	addr_format(addr, addr_text);
	snprintf(text, ENDPOINT_TEXT_LEN, "%s%s%s:%s", bare ? "" : "[", addr_text, bare ? "" : "]",
		 port_text);
	return text;
}

bool addr_in_cidr(const uint8_t addr[static ADDR_LEN], const struct tw_cidr *cidr)
{
	uint32_t bits = cidr->bits < 128 ? cidr->bits : 128;
	uint32_t bytes = bits / 8;
	uint8_t mask = (uint8_t)(0xff00u >> (bits % 8));

	if (memcmp(addr, cidr->addr, bytes) != 0)
		return false;
	return !mask || ((addr[bytes] ^ cidr->addr[bytes]) & mask) == 0;
}
