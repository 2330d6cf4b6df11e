/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes hold which TCP sockets: the walk over every open file that
 * bpf/owner.bpf.c does, folded to one record for each socket and process.
 */
#ifndef SOURCE_HOLDERS_H
#define SOURCE_HOLDERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "source/source.h"
#include "source/walk.h"

struct bpf_program;

/* A look that has begun. */
struct holders_look {
	const struct bpf_program *program;
	uint64_t began_ns;
	pthread_t thread;
	bool threaded;
	struct walk walk;	/* owned, as are the places */
	struct holder_place *places; /* its records in order */
	uint64_t cost_ns;	/* the processor's time that it took, once it has ended */
	int ret;
};

/* Walks in a thread of its own, while the caller does something else. */
void holders_begin(struct holders_look *look, const struct bpf_program *program, uint64_t now_ns);
/*
 * Waits for the end and delivers, grouped by socket, a TW_HOLDER for each holder, then
 * TW_HOLDERS_END. Returns 0 or -errno.
 */
int holders_end(struct holders_look *look, const struct receiver *to, struct error *err);

#endif
