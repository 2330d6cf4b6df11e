/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a flame is drawn, how wide, and in which colour: a name that flame.css knows.
 * flame_tree.js answers the same for the page. Private to this room.
 */
#ifndef SINK_FLAME_SHAPE_H
#define SINK_FLAME_SHAPE_H

#include "sink/flame.h"

enum flame_tone {
	TONE_MIXED,	/* several states, or outside of any service */
	TONE_FOLDED,	/* or there was no room for them */
	TONE_SAME,	/* of a comparison */
	TONE_GROWN,	/* five steps */
	TONE_SHRUNK = TONE_GROWN + 5,
	TONE_STATE = TONE_SHRUNK + 5, /* and TCP's number of it */
	TONE_SERVICE = TONE_STATE + 16,
	NR_FLAME_HUES = 8,
	NR_FLAME_TONES = TONE_SERVICE + NR_FLAME_HUES,
};

struct flame_shape {
	struct shape_node {
		double size;	/* of the root's; of a comparison the larger side counts */
		/* what is not its shown children's; the base's as flame_base() scales it */
		uint64_t own[NR_FLAME_SIDES];
		bool shown;	/* it is of the frames that are shown at first, or folded among them */
		uint8_t tone;
	} * nodes; /* one for each of the flame's; owned */
	uint32_t count;
};

/* For head.weight. 0 or -ENOMEM. */
int flame_shape_init(struct flame_shape *shape, const struct flame *flame);
void flame_shape_release(struct flame_shape *shape);

#define TONE_CLASS_LEN 32
/* "mixed", "state-TIME_WAIT", "service-3", "grown-5" */
const char *flame_tone_class(unsigned int tone, char text[static TONE_CLASS_LEN]);
/* What it stands for; NULL: its frames say it. */
const char *flame_tone_label(unsigned int tone);
/* Which of the hues a service has: the same in every picture. */
unsigned int flame_hue(const char *service);

#define FLAME_HEAVIEST 8
struct flame_service {
	const char *name;	/* the flame's */
	uint64_t total;		/* of head.weight, now; wherever in the tree it stands */
};
/*
 * The heaviest services whose frames are shown, in order, and how many there are in all: 0 where
 * there is no memory. Those that weigh nothing are none.
 */
uint32_t flame_services(const struct flame *flame, const struct flame_shape *shape,
			struct flame_service heaviest[static FLAME_HEAVIEST]);

#endif
