// SPDX-License-Identifier: GPL-2.0-or-later
/* The internet checksum, for packets made by hand. */
#include "traffic.h"

#include <netinet/in.h>

/* As big-endian words, so that the sum is the same on every machine. */
static uint32_t add_up(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? byte[i] : byte[i] << 8;
	return sum;
}

uint16_t checksum(uint32_t sum, const void *data, size_t len)
{
	sum = add_up(sum, data, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

uint16_t tcp_checksum(const void *tcp, size_t len, const struct sockaddr_storage *source,
		      const struct sockaddr_storage *dest)
{
	const void *from, *to;
	size_t addr_len = address_wire(source, &from) == AF_INET ? 4 : 16;
	uint32_t sum = IPPROTO_TCP + len;

	address_wire(dest, &to);
	return checksum(add_up(add_up(sum, from, addr_len), to, addr_len), tcp, len);
}
