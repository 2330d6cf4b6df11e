/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets in CLOSE that processes hold: no dump lists them. The walk over every open file that
 * bpf/owner.bpf.c does, folded to one record for each socket and process.
 */
#ifndef SOURCE_CLOSED_H
#define SOURCE_CLOSED_H

#include <stdint.h>

#include "base/error.h"
#include "source/source.h"

struct bpf_program;

/*
 * Delivers a TW_CLOSED_HELD for each, then TW_CLOSED_END with @now_ns, when it began.
 * @cost_ns: the processor's time that it took. 0 or -errno.
 */
int closed_look(const struct bpf_program *program, uint64_t now_ns, uint64_t *cost_ns,
		const struct receiver *to, struct error *err);

#endif
