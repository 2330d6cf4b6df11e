/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the kernel's timer wheel turns, which is when TIME_WAIT really ends. */
#ifndef SOURCE_WHEEL_H
#define SOURCE_WHEEL_H

#include "tw_record.h"

struct twtrace_bpf;

/*
 * Fills in @tier's wheel, to within microseconds unless the tick itself was late, as the loaded
 * programs tell. It takes up to one tick of the processor, and up to four times 12 ms where it is
 * interrupted. Where nothing can be told it stays unknown.
 */
void wheel_look(struct tw_tier *tier, const struct twtrace_bpf *skel);

#endif
