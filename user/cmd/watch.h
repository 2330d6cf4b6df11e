/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop of a live command: ring, interval, duration, signals, closed output. */
#ifndef CMD_WATCH_H
#define CMD_WATCH_H

#include "cmd/stage.h"
#include "source/live.h"

struct notify;

/*
 * Traces until the duration is over, a signal asks to end, or standard output is
 * closed; while it does, @notify hears of it. 0, or -errno when waiting itself fails.
 */
int watch(struct stage *stage, struct live *live, struct notify *notify, struct error *err);

#endif
