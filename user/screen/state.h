/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a view is made of. Internal to this room, as is all that is declared here. */
#ifndef SCREEN_STATE_H
#define SCREEN_STATE_H

#include "screen/events.h"
#include "screen/gist.h"
#include "screen/page.h"
#include "screen/view.h"

/* From a tab to a connection, and help above. */
#define MOST_DETAILS 3

struct cost {
	struct self_cost self;
	uint64_t wall_ns;	/* when that was read; 0: not yet */
	double share;		/* of a CPU; NAN: not known yet */
};

struct view {
	struct site site;
	struct events events;
	struct page tabs[NR_TABS];
	struct page details[MOST_DETAILS];	/* one above the other */
	unsigned int tab, depth;
	bool frozen;
	bool typing;		/* keys are the filter's */
	struct cost cost;
	struct gist gist;
	uint64_t interval_start_ns;	/* as of the last frame */
	int64_t seek_by_ns;
	/* where the tabs were drawn */
	unsigned int tab_row;
	uint16_t tab_column[NR_TABS], tab_width[NR_TABS];
};

/* The one that is seen. */
struct page *view_page(struct view *view);

/* actions.c: what a key does; also where it is said, the help and the hints. */
enum wish view_act(struct view *view, const struct model *model, const struct key_press *press);
extern const struct page_ops help_page;
/* "q quit" and so on, as many as there is room for, in the last row. */
void draw_hints(const struct view *view, struct frame *frame, unsigned int row, unsigned int width);

/* typing.c: keys while the filter is typed. True: the key was the filter's. */
bool view_type(struct view *view, const struct key_press *press);

/* bars.c: what is around the page. */
void draw_tabs(struct view *view, struct frame *frame, unsigned int row);
void draw_way(const struct view *view, struct frame *frame, unsigned int row);
void draw_bottom(struct view *view, struct frame *frame, unsigned int row);

/* header.c: as many lines as @height has room for. Returns how many were drawn. */
unsigned int draw_header(struct view *view, const struct model *model, const struct view_now *now,
			 struct frame *frame, unsigned int height);

#endif
