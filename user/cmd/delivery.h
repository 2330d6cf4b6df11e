/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where summaries of windows go: into files, and to a server; live, nothing waits for either. */
#ifndef CMD_DELIVERY_H
#define CMD_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct delivery;

#define DELIVERY_LABELS 16

struct delivery_config {
	const char *pattern;	/* of files, for strftime(3) with the window's end in UTC; NULL: none */
	const char *push;	/* a server's URL, to be sent pprof; NULL: none */
	const char *labels[DELIVERY_LABELS]; /* of what is pushed: "name=value" */
	size_t nr_labels;
	const char *tenant;	/* NULL: none */
	const char *token_file;	/* of a bearer token; NULL: none */
	uint64_t window_ns;	/* of each summary; 0: there is one */
	bool waits;		/* whoever delivers has time: nothing is lost to a slow disk */
};

/*
 * To be called while privileges are there and no other thread is. What @config points to is
 * borrowed. NULL with @err.
 */
struct delivery *delivery_open(const struct delivery_config *config, struct error *err);
/* As struct flame_opts.deliver; @ctx is a struct delivery. */
void delivery_take(void *ctx, char *bytes, size_t len, uint64_t from_ns, uint64_t to_ns);
/*
 * Waits a moment for what is still on its way, says what has become of all, and frees. False
 * if anything was not delivered. NULL is fine.
 */
bool delivery_close(struct delivery *delivery);

#endif
