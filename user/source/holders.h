/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes hold which TCP sockets: the walk over every open file that
 * bpf/owner.bpf.c does, folded to one record for each socket and process.
 */
#ifndef SOURCE_HOLDERS_H
#define SOURCE_HOLDERS_H

#include <stdint.h>

#include "base/error.h"
#include "source/source.h"

struct bpf_program;

/*
 * Walks once and delivers, grouped by socket, a TW_HOLDER for each holder, then
 * TW_HOLDERS_END. Returns 0 or -errno.
 */
int holders_look(const struct bpf_program *program, uint64_t now_ns, const struct receiver *to,
		 struct error *err);

#endif
