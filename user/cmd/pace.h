/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a recording is played to somebody who watches: which moment of it is due now. Time is a
 * parameter; a recording's is in its own nanoseconds, a viewer's in CLOCK_MONOTONIC's.
 */
#ifndef CMD_PACE_H
#define CMD_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t from_ns, to_ns; /* the recording's ends, as far as they are known */
	uint64_t at_ns;		/* this moment of it was due */
	uint64_t wall_ns;	/* at that moment of the viewer's; 0: it has not begun */
	unsigned int gear;	/* of the speeds there are */
	bool paused;
	bool seeking;		/* it is on its way, without a pause, to at_ns */
	bool back;		/* which lies before what was fed: all is to be fed anew */
};

/* Paused means paused at the present moment; a seek goes on all the same. */
void pace_init(struct pace *pace);
/* The first moment is there: from here on it is played. */
void pace_begin(struct pace *pace, uint64_t at_ns, uint64_t wall_ns);
/* All up to this moment of the recording is due. */
uint64_t pace_due_ns(const struct pace *pace, uint64_t wall_ns);
/* When @ts_ns is due, as a moment of the viewer's; UINT64_MAX: never, as things are. */
uint64_t pace_wall_ns(const struct pace *pace, uint64_t ts_ns);
/* Times real time. */
double pace_speed(const struct pace *pace);
void pace_toggle(struct pace *pace, uint64_t wall_ns);
/* One speed up, or down: 1/4 to 1,000. */
void pace_shift(struct pace *pace, bool up, uint64_t wall_ns);
/*
 * As far from @fed_ns, which is what was fed so far; while another moment is on its way, from that
 * one. Not past the recording's ends.
 */
void pace_seek(struct pace *pace, int64_t by_ns, uint64_t fed_ns);
/* What was sought is reached, or its beginning; what follows is played from @at_ns on. */
void pace_arrive(struct pace *pace, uint64_t at_ns, uint64_t wall_ns);

#endif
