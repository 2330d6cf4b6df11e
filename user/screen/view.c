// SPDX-License-Identifier: GPL-2.0-or-later
/* The full-screen view: which tab is open, and what keys do. */
#include "screen/view.h"

#include <stdlib.h>

struct view {
	struct sink_opts opts;
	bool replay;
	unsigned int tab;
	uint64_t seek_ns;
};

#define NR_TABS 9

static const char *const tab_names[NR_TABS] = {
	"ports", "remotes", "services", "pairs", "leaks", "budgets", "failures", "events", "doctor",
};

struct view *view_new(const struct view_opts *opts)
{
	struct view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->opts = *opts->opts;
	view->replay = opts->replay;
	return view;
}

void view_free(struct view *view)
{
	free(view);
}

void view_event(struct view *view, const struct model_event *event)
{
	(void)view;
	(void)event;
}

void view_restart(struct view *view)
{
	(void)view;
}

enum wish view_key(struct view *view, const struct model *model, const struct key_press *press)
{
	(void)model;
	if (press->key == 'q')
		return WISH_QUIT;
	if (press->key >= '1' && press->key < '1' + NR_TABS) {
		view->tab = press->key - '1';
		return WISH_DRAW;
	}
	return press->key == KEY_RESIZED ? WISH_DRAW : WISH_NOTHING;
}

uint64_t view_seek_ns(const struct view *view)
{
	return view->seek_ns;
}

void view_draw(struct view *view, const struct model *model, const struct view_now *now,
	       struct frame *frame)
{
	unsigned int column = 0;

	(void)model;
	(void)now;
	frame_clear(frame);
	frame_put(frame, 0, 0, frame->width, STYLE_STRONG,
		  view->opts.host ? view->opts.host : "unknown host");
	for (unsigned int tab = 0; tab < NR_TABS; tab++) {
		enum style style = tab == view->tab ? STYLE_TAB_OPEN : STYLE_TAB;

		column += frame_put(frame, 1, column, frame->width, style, tab_names[tab]) + 1;
	}
}
