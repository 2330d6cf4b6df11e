/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The full-screen view: what it shows is a pure function of the model, of what it was told, and
 * of the keys pressed so far. It knows neither terminal nor clock.
 */
#ifndef SCREEN_VIEW_H
#define SCREEN_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/frame.h"
#include "base/self.h"
#include "base/terminal.h"
#include "model/model.h"
#include "sink/part.h"
#include "sink/sink.h"

struct view;

struct view_opts {
	const struct sink_opts *opts;	/* as front.start() gets them; copied */
	const struct part *doctor;	/* prints the findings; borrowed; NULL: there are none to be had */
	bool replay;			/* of recordings: keys for pause, speed and seek are there */
};

/* What changes beside the model, as of the next view_draw(). */
struct view_now {
	struct self_cost
		self; /* of this process; what it cost since the last one is a share of a CPU */
	uint64_t wall_ns;	/* CLOCK_MONOTONIC at which self was read, and the frame is drawn */
	bool paused;		/* replay: */
	double speed;		/* times real time */
	uint64_t from_ns,
		to_ns; /* the recordings' first and last moment; model_now_ns() is the present one */
};

/* What a key asks of whoever runs the view. */
enum wish {
	WISH_NOTHING,		/* it meant nothing here */
	WISH_DRAW,
	WISH_QUIT,
	WISH_PAUSE,		/* replay: on, off */
	WISH_FASTER,
	WISH_SLOWER,
	WISH_SEEK,		/* by view_seek_by_ns() */
};

/* NULL: no memory. */
struct view *view_new(const struct view_opts *opts);
void view_free(struct view *view);
/* For the tab of events; what was kept of them is forgotten by view_restart(). */
void view_event(struct view *view, const struct model_event *event);
/* Times are shown by a clock that is so much ahead of the events' from now on. */
void view_clock(struct view *view, int64_t offset_ns);
/* Another model is shown from now on, as after a seek: tab, sorting and filter stay. */
void view_restart(struct view *view);
enum wish view_key(struct view *view, const struct model *model, const struct key_press *press);
int64_t view_seek_by_ns(const struct view *view);
/*
 * @frame, of any size, is filled. Frozen, the tables are those of the last frame before it,
 * while the header goes on.
 */
void view_draw(struct view *view, const struct model *model, const struct view_now *now,
	       struct frame *frame);

#endif
