/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses: 16 bytes in network order, IPv4 as IPv4-mapped. That one form is
 * what makes a v4-mapped peer and a v4 peer the same remote host.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "tw_config.h"

#define ADDR_LEN 16
#define ADDR_TEXT_LEN 46	/* INET6_ADDRSTRLEN */
#define ENDPOINT_TEXT_LEN 56	/* [address]:port */

bool addr_is_v4(const uint8_t addr[static ADDR_LEN]);
/* :: or 0.0.0.0 */
bool addr_is_any(const uint8_t addr[static ADDR_LEN]);
/* 127.0.0.0/8 or ::1, which every network namespace has for itself */
bool addr_is_loopback(const uint8_t addr[static ADDR_LEN]);
/* IPv4-mapped addresses in dotted form. Returns @text. */
const char *addr_format(const uint8_t addr[static ADDR_LEN], char text[static ADDR_TEXT_LEN]);
/* "1.2.3.4:80", "[::1]:80"; port 0 as "*". Returns @text. */
const char *endpoint_format(const uint8_t addr[static ADDR_LEN], uint16_t port,
			    char text[static ENDPOINT_TEXT_LEN]);
bool addr_in_cidr(const uint8_t addr[static ADDR_LEN], const struct tw_cidr *cidr);

#endif
