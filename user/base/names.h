/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of addresses by reverse DNS, looked up by a thread of its own: asking
 * never blocks, an answer is there the next time. Bounded: past the cap nothing
 * new is looked up.
 */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stdint.h>

#include "base/addr.h"

struct names;

/* NULL: no memory. */
struct names *names_new(void);
/* NULL is fine. A look-up under way is left to end by itself. */
void names_free(struct names *names);
/* Waits until everything asked for has been looked up, at most so long. */
void names_wait(struct names *names, unsigned int timeout_ms);
/*
 * The name, or NULL while it is not known, has none, or @names is NULL. Clean
 * UTF-8, valid until names_free().
 */
const char *names_of(struct names *names, const uint8_t addr[static ADDR_LEN]);

#endif
