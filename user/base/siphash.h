/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-2-4 (Aumasson, Bernstein 2012), a hash with a secret key: who sees some of its values
 * learns nothing of the others, nor of what they are of. For tables there is base/index.h.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_LEN 16

uint64_t siphash(const uint8_t key[static SIPHASH_KEY_LEN], const void *bytes, size_t len);

#endif
