/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings as a source: one or several, merged by time. */
#ifndef CMD_REPLAY_H
#define CMD_REPLAY_H

#include "cmd/pipeline.h"

enum status replay_run(const struct pipeline *pipeline);

#endif
