/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The full-screen view of what is traced, or of recordings. */
#ifndef CMD_SCREEN_H
#define CMD_SCREEN_H

#include <stdbool.h>

#include "cmd/command.h"
#include "cmd/options.h"

/*
 * Whether the screen is what was asked for: no format and no end was named, input and output are
 * a terminal, and what is to be read can be read twice. Says so where only $TERM is against it.
 */
bool screen_fits(const struct options *options);
/* As pipeline_run(). Prints the totals when it has left the screen. */
enum status screen_run(const struct options *options);

#endif
