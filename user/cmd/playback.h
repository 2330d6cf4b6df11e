/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A replay at a pace, for a front that somebody watches; what replay.c has of it. */
#ifndef CMD_PLAYBACK_H
#define CMD_PLAYBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/pace.h"
#include "cmd/reel.h"
#include "cmd/stage.h"

struct replay {
	struct reel *reel;		/* owned */
	struct recording_note *notes;	/* owned: what is told of each recording */
	struct stage stage;
	uint64_t interval_ends_ns, until_ns;
	uint64_t end_ns;		/* of the last record; 0: not known */
};

/*
 * Takes the record that reel_next() told of, of @ts_ns, and ends the intervals before it. False:
 * nothing more is to come.
 */
bool replay_feed(struct replay *replay, uint64_t ts_ns);
/* From the beginning again, with a new model. 0 or -errno. */
int replay_restart(struct replay *replay, struct error *err);

/*
 * Until the front has enough, or a signal comes. At its end a recording stands still. 0 or
 * -errno.
 */
int playback(struct replay *replay, struct pace *pace, struct error *err);

#endif
