/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses replaced, each by one of its own: two that share their first N bits do so
 * afterwards, for every N, and so a network stays one (as Crypto-PAn does it; Xu and others,
 * 2002). What an address is for stays to be seen: one of 10.0.0.0/8 is one of 10.0.0.0/8, and
 * loopback and the address of nobody are what they were.
 */
#ifndef SINK_ANONYMIZE_ADDR_H
#define SINK_ANONYMIZE_ADDR_H

#include <stdint.h>

#include "base/siphash.h"

#define ADDR_LEN 16
#define ADDR_CACHED 1024

struct addr_cached {
	uint8_t from[ADDR_LEN], to[ADDR_LEN];
};

/* Zeroed but for the key it is ready: nobody's address is nobody's. */
struct addr_map {
	uint8_t key[SIPHASH_KEY_LEN];
	struct addr_cached cached[ADDR_CACHED];
};

/* In its place, IPv4 as mapped. */
void addr_map_replace(struct addr_map *map, uint8_t addr[static ADDR_LEN]);

#endif
