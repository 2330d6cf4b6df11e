/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flame-style summary, whatever the format: a tree of frames, each with its weights, of one
 * window or of two that are compared. Filled from a model (flame_sink.c), then finished,
 * then written by one of the formats. Self-contained: its names are its own.
 */
#ifndef SINK_FLAME_H
#define SINK_FLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/text.h"
#include "model/flame.h"

/* The windows that a node weighs in. */
enum flame_side {
	FLAME_NOW,
	FLAME_BASE,	/* what it is compared with */
	NR_FLAME_SIDES,
};

#define FLAME_ROOT 0
#define FLAME_NONE UINT32_MAX

struct flame_node {
	const char *name;	/* valid UTF-8 without control characters, but any others; owned */
	uint32_t parent;	/* FLAME_NONE: it is the root */
	uint32_t child;		/* the first one, by name; FLAME_NONE: none */
	uint32_t next;		/* of the same parent; FLAME_NONE: it is the last */
	uint32_t stacks;	/* so many different ones go through it */
	uint8_t frame;		/* enum flame_frame; NR_FLAME_FRAMES: the root's, a folded one's */
	bool folded;		/* it stands for its stacks, too small to be shown; it has no children */
	bool ends;		/* a stack ends in it */
	uint64_t total[NR_FLAME_SIDES][NR_FLAME_WEIGHTS]; /* with its children; times in ns */
};

enum flame_color {
	FLAME_BY_STATE,
	FLAME_BY_SERVICE,
};

/* What the summary is of. */
struct flame_head {
	const char *host;	/* of the window; NULL: several. Borrowed, clean */
	const char *base_name;	/* what it is compared with, a file; NULL: nothing. Borrowed, clean */
	const char *
		caveat; /* "3 events were lost", or what else its figures rest on; NULL: none. Borrowed */
	struct flame_by by;	/* every frame that stacks have, outermost first */
	uint8_t shown;		/* of them, so many at first; the rest where a reader can choose */
	enum flame_weight weight; /* to be drawn, or drawn first */
	enum flame_color color;
	bool normalized;	/* the base is scaled to the window's total */
	uint64_t from_ns[NR_FLAME_SIDES], to_ns[NR_FLAME_SIDES]; /* CLOCK_REALTIME */
};

struct flame {
	struct flame_head head;
	struct flame_node *nodes; /* owned; the root is the first, parents come before children */
	uint32_t count;
	uint32_t stacks;	/* different ones that were added */
	/* what follows is flame.c's */
	uint32_t room;
	struct flame_index *index; /* owned */
};

/* NULL: no memory. */
struct flame *flame_new(const struct flame_head *head);
void flame_free(struct flame *flame);
/* Adds @weights to the stack of @count frames, outermost first. 0 or -ENOMEM. */
int flame_add(struct flame *flame, enum flame_side side, const struct flame_part *parts,
	      size_t count, const uint64_t weights[static NR_FLAME_WEIGHTS]);
/*
 * Brings children into order and folds: of the children of one frame those that weigh less
 * than @share (0 to 1) of all, in every weight and on either side, become one, if they are two
 * or more. Totals stay what they are. 0 or -ENOMEM. To be called once, after the last flame_add().
 */
int flame_finish(struct flame *flame, double share);

/* What is the node's own, not its children's. */
uint64_t flame_self(const struct flame *flame, uint32_t node, enum flame_side side,
		    enum flame_weight weight);
/* The base's total, to be compared with FLAME_NOW's: scaled where head.normalized says so. */
uint64_t flame_base(const struct flame *flame, uint32_t node, enum flame_weight weight);
/*
 * The base's own of a node, scaled as flame_base() scales all: taken in one order, with @before
 * from 0 on, those of all nodes sum up to that. Each is within 1 of what it is.
 */
uint64_t flame_base_self(const struct flame *flame, uint32_t node, enum flame_weight weight,
			 uint64_t *before);
#define FLAME_NAME_LEN (TEXT_LEN + 16)
/* "(other: 1,234 stacks)": how a folded node is shown; its name otherwise. */
const char *flame_name(const struct flame_node *node, char text[static FLAME_NAME_LEN]);
/* "1,234", "3m20s": a figure of that weight for people. */
const char *flame_value_text(enum flame_weight weight, uint64_t value, char text[static TEXT_LEN]);

/* The same stacks on another side of @flame, which is not finished. 0 or -ENOMEM. */
int flame_merge(struct flame *flame, enum flame_side side, const struct flame *other);

/*
 * The formats, one a file. Each writes all of @flame (finished) to @out; what goes wrong with
 * that shows in ferror(@out).
 */
void flame_folded_write(const struct flame *flame, FILE *out);
void flame_svg_write(const struct flame *flame, FILE *out);
void flame_html_write(const struct flame *flame, FILE *out);
void flame_speedscope_write(const struct flame *flame, FILE *out);
void flame_pprof_write(const struct flame *flame, FILE *out);

#endif
