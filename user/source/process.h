/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc says of a process that holds sockets: its descriptors, and what it runs. */
#ifndef SOURCE_PROCESS_H
#define SOURCE_PROCESS_H

#include <stdint.h>

#include "source/source.h"

struct keeper;

/* Asks @keeper and delivers a TW_PROCESS; nothing if there is no such process (any more). */
void process_tell(struct keeper *keeper, uint32_t pid, uint64_t now_ns, const struct receiver *to);

#endif
