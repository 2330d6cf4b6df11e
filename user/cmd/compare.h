/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `twtrace report --compare`: two recordings, each replayed into a model of its own. */
#ifndef CMD_COMPARE_H
#define CMD_COMPARE_H

#include "cmd/command.h"
#include "cmd/options.h"

/* Compares options->inputs, of which there must be two. */
enum status compare_run(struct options *options);

#endif
