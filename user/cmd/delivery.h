/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where summaries of windows go: into files, and to a server; live, nothing waits for either.
 *
 * Of windows in a row that would have the same name, the second gets "_002" before what the
 * name ends in, then "_003": in the order of bytes they come after "NAME.svg" and in their own
 * ("NAME-2.svg" and "NAME.2.svg" would come before it). Where the pattern always gives the same
 * name, that file is replaced.
 */
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
	const char *labels[DELIVERY_LABELS]; /* of what is pushed: "name=value", both good */
	size_t nr_labels;
	const char *tenant;	/* NULL: none */
	const char *token_file;	/* of a bearer token; NULL: none */
	bool waits;		/* whoever delivers has time: nothing is lost to what is slow */
	uint64_t window_ns;	/* how long a whole window is; 0: there is but one, however long */
};

/*
 * Looks whether files could be written, too. To be called while privileges are there and no
 * other thread is. What @config points to is borrowed. NULL with @err.
 */
struct delivery *delivery_open(const struct delivery_config *config, struct error *err);
/*
 * As struct flame_opts.deliver; @ctx is a struct delivery. Takes over @bytes; NULL: there is
 * none to be delivered, which the caller has said: it counts as one that was not. A window
 * shorter than half of window_ns does not replace the file of a whole one.
 */
void delivery_take(void *ctx, char *bytes, size_t len, uint64_t from_ns, uint64_t to_ns);
/*
 * Waits for what is still on its way, a moment or, if it has time, minutes, says what has become
 * of all, and frees. False if anything was not delivered. NULL is fine.
 */
bool delivery_close(struct delivery *delivery);

#endif
