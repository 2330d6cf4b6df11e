/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc says of a process that holds sockets: its descriptors, and what it runs. */
#ifndef SOURCE_PROCESS_H
#define SOURCE_PROCESS_H

#include <stdint.h>

#include "source/source.h"

/* Delivers a TW_PROCESS; nothing if there is no such process (any more). */
void process_tell(uint32_t pid, uint64_t now_ns, const struct receiver *to);

#endif
