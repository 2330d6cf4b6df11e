// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each bit is turned or not, by a keyed hash of the bits before it. Those that lead to a network
 * that means something (and so the first few of many addresses) are not: it maps to itself then,
 * and nothing else maps into it.
 */
#include "sink/anonymize_addr.h"

#include <stdbool.h>
#include <string.h>

#include "base/index.h"

#define MAPPED 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff

static const struct {
	uint8_t addr[ADDR_LEN];
	uint8_t bits;
	bool stays;	/* every address in it */
} special[] = {
	{ { 0 }, 127, true },			/* ::, ::1 */
	{ { MAPPED }, 96, false },
	{ { MAPPED, 0 }, 104, true },		/* this host */
	{ { MAPPED, 10 }, 104, false },
	{ { MAPPED, 100, 64 }, 106, false },	/* carriers' (RFC 6598) */
	{ { MAPPED, 127 }, 104, true },
	{ { MAPPED, 169, 254 }, 112, false },
	{ { MAPPED, 172, 16 }, 108, false },
	{ { MAPPED, 192, 168 }, 112, false },
	{ { MAPPED, 224 }, 100, false },
	{ { MAPPED, 255, 255, 255, 255 }, 128, true },
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, false }, /* NAT64 (RFC 6052) */
	{ { 0x20 }, 3, false },			/* global */
	{ { 0xfc }, 7, false },			/* unique local */
	{ { 0xfe, 0x80 }, 10, false },		/* link-local */
	{ { 0xff }, 8, false },			/* multicast */
};

static unsigned int bit(const uint8_t *addr, unsigned int at)
{
	return addr[at / 8] >> (7 - at % 8) & 1;
}

/* So many of their first bits are the same. */
static unsigned int common_bits(const uint8_t *one, const uint8_t *two)
{
	unsigned int at = 0;

	while (at < 8 * ADDR_LEN && bit(one, at) == bit(two, at))
		at++;
	return at;
}

/* So many of its first bits lead to, or towards, what means something. */
static unsigned int fixed_bits(const uint8_t *addr)
{
	unsigned int fixed = 0;

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		unsigned int common = common_bits(addr, special[i].addr);
		bool within = common >= special[i].bits;
		unsigned int towards = within ? special[i].bits : common + 1;

		if (within && special[i].stays)
			return 8 * ADDR_LEN;
		if (towards > fixed)
			fixed = towards;
	}
	return fixed;
}

static void replace(const uint8_t *key, const uint8_t from[static ADDR_LEN],
		    uint8_t to[static ADDR_LEN])
{
	uint8_t before[ADDR_LEN + 1] = { 0 };
	unsigned int fixed = fixed_bits(from);

	memcpy(to, from, ADDR_LEN);
	for (unsigned int at = 0; at < 8 * ADDR_LEN; at++) {
		before[ADDR_LEN] = (uint8_t)at;
		if (at >= fixed && siphash(key, before, sizeof(before)) & 1)
			to[at / 8] ^= (uint8_t)(1 << (7 - at % 8));
		before[at / 8] |= (uint8_t)(bit(from, at) << (7 - at % 8));
	}
}

void addr_map_replace(struct addr_map *map, uint8_t addr[static ADDR_LEN])
{
	struct addr_cached *cached = &map->cached[hash_bytes(addr, ADDR_LEN) % ADDR_CACHED];

	if (memcmp(cached->from, addr, ADDR_LEN)) {
		memcpy(cached->from, addr, ADDR_LEN);
		replace(map->key, addr, cached->to);
	}
	memcpy(addr, cached->to, ADDR_LEN);
}
