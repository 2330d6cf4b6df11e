/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that a user typed, into values. Every function takes the whole text or
 * refuses it: trailing junk, blanks, signs and values out of range are errors
 * whose sentence quotes the input. They return 0 or -EINVAL.
 */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdint.h>

#include "base/error.h"
#include "tw_config.h"

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value, struct error *err);
/*
 * "500ms", "10s", "5m", "1h", "90us", "2d"; a bare number is refused (which
 * unit?) but "0" is fine.
 */
int parse_duration(const char *text, uint64_t *ns, struct error *err);
/* "1%", "0.05%", "0": as a share, 0 to 1. */
int parse_percent(const char *text, double *share, struct error *err);
/* "65536", "64K", "8M", "1G", or with small letters; powers of 1024. */
int parse_size(const char *text, uint64_t *bytes, struct error *err);
/*
 * "80", "80,443", "8000-8100,9000": appends to ranges[*count], TW_MAX_PORT_RANGES
 * at most; *count stays as it was when the text is refused.
 */
int parse_ports(const char *text, struct tw_port_range *ranges, uint32_t *count, struct error *err);
/* "10.0.0.0/8", "::1", "2001:db8::/32"; a host part that is not zero is masked away. */
int parse_cidr(const char *text, struct tw_cidr *cidr, struct error *err);

#endif
