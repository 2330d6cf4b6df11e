// SPDX-License-Identifier: GPL-2.0-or-later
/* The full-screen view: its pages, and the frame that they make. */
#include "screen/view.h"

#include <math.h>
#include <stdlib.h>

#include "base/wrap.h"
#include "screen/state.h"

/* Below that nothing can be read from a table. */
#define LEAST_WIDTH 40
#define LEAST_HEIGHT 8
/* Tabs, headings, a row and the line of keys. */
#define LEAST_PAGE 6
#define COST_NS 500000000ULL
#define LONGEST_INTERVAL_NS 10000000000ULL

struct view *view_new(const struct view_opts *opts)
{
	struct view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	if (events_init(&view->events)) {
		free(view);
		return NULL;
	}
	view->site = (struct site){
		.opts = *opts->opts,
		.doctor = opts->doctor,
		.events = &view->events,
		.replay = opts->replay,
	};
	view->site.opts.terminal = true;
	view->cost.share = NAN;
	for (unsigned int i = 0; i < NR_TABS; i++)
		page_init(&view->tabs[i], tabs[i]);
	return view;
}

void view_free(struct view *view)
{
	if (!view)
		return;
	for (unsigned int i = 0; i < NR_TABS; i++)
		page_release(&view->tabs[i]);
	for (unsigned int i = 0; i < view->depth; i++)
		page_release(&view->details[i]);
	events_release(&view->events);
	free(view);
}

void view_event(struct view *view, const struct model_event *event)
{
	events_add(&view->events, event);
}

void view_clock(struct view *view, int64_t offset_ns)
{
	view->site.opts.realtime_offset_ns = offset_ns;
}

void view_restart(struct view *view)
{
	events_clear(&view->events);
	view->frozen = false;
	view->gist.built = false;
	view->interval_start_ns = 0;
	for (unsigned int i = 0; i < NR_TABS; i++)
		view->tabs[i].built = false;
	for (unsigned int i = 0; i < view->depth; i++)
		view->details[i].built = false;
}

struct page *view_page(struct view *view)
{
	return view->depth ? &view->details[view->depth - 1] : &view->tabs[view->tab];
}

int64_t view_seek_by_ns(const struct view *view)
{
	return view->seek_by_ns;
}

enum wish view_key(struct view *view, const struct model *model, const struct key_press *press)
{
	if (press->key == KEY_RESIZED)
		return WISH_DRAW;
	if (view->typing && view_type(view, press))
		return WISH_DRAW;
	return view_act(view, model, press);
}

/* A share of less than half a second would jump with each key. */
static void reckon_cost(struct cost *cost, const struct view_now *now)
{
	uint64_t passed_ns = now->wall_ns - cost->wall_ns;

	if (cost->wall_ns && passed_ns < COST_NS)
		return;
	if (cost->wall_ns)
		cost->share = (double)(now->self.cpu_ns - cost->self.cpu_ns) / (double)passed_ns;
	cost->self = now->self;
	cost->wall_ns = now->wall_ns;
}

/* After a pause or a gap of a recording it says nothing of the next one. */
static void note_interval(struct view *view, const struct model *model)
{
	uint64_t start_ns = model_interval_start_ns(model), was_ns = view->interval_start_ns;
	uint64_t lasted_ns = start_ns - was_ns;

	if (was_ns && start_ns > was_ns && lasted_ns < LONGEST_INTERVAL_NS)
		view->site.interval_ns = lasted_ns;
	view->interval_start_ns = start_ns;
}

static void draw_too_small(struct frame *frame)
{
	char *text = NULL, line[128];
	struct pane pane = { 0 };
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	snprintf(line, sizeof(line), "twtrace needs %d columns and %d lines; here are %u and %u.",
		 LEAST_WIDTH, LEAST_HEIGHT, frame->width, frame->height);
	print_wrapped(out, frame->width, 0, line);
	fclose(out);
	pane_set(&pane, text, frame->width);
	pane_draw(&pane, frame, 0, frame->height);
	pane_release(&pane);
}

static void draw_page(struct view *view, const struct model *model, struct frame *frame,
		      unsigned int row)
{
	struct page *page = view_page(view);

	/* what has just been opened is shown, also while the rest stays as it was */
	if (!view->frozen || !page->built)
		page_refresh(page, &view->site, model);
	page_draw(page, &view->site, model, frame, row, frame->height - row - 1);
}

void view_draw(struct view *view, const struct model *model, const struct view_now *now,
	       struct frame *frame)
{
	unsigned int row;

	frame_clear(frame);
	reckon_cost(&view->cost, now);
	note_interval(view, model);
	view->site.width = view->site.opts.width = frame->width;
	view->site.opts.height = frame->height;
	if (frame->width < LEAST_WIDTH || frame->height < LEAST_HEIGHT) {
		draw_too_small(frame);
		return;
	}
	/* help has more to say than there is room for below all of it */
	row = draw_header(view, model, now, frame,
			  view_page(view)->ops == &help_page ? 1 : frame->height - LEAST_PAGE);
	draw_tabs(view, frame, row++);
	if (view->depth)
		draw_way(view, frame, row++);
	draw_page(view, model, frame, row);
	draw_bottom(view, frame, frame->height - 1);
}
