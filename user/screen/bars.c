// SPDX-License-Identifier: GPL-2.0-or-later
/* What is around the page: tabs, the way to what was opened, the line of keys or of the filter. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "screen/state.h"

#define TAB_LEN 32
#define WAY_LEN (PAGE_TITLE_LEN + 32)

enum tab_form {
	TABS_WIDE,		/* "1 ports  2 remotes" */
	TABS_CLOSE,		/* "1ports 2remotes" */
	TABS_NUMBERS,		/* "1 2 3services 4": there is room for one name */
	NR_TAB_FORMS,
};

static const char *tab_text(const struct view *view, unsigned int tab, enum tab_form form,
			    char text[static TAB_LEN])
{
	bool named = form != TABS_NUMBERS || tab == view->tab;

	snprintf(text, TAB_LEN, "%s%u%s%s%s", form == TABS_WIDE ? " " : "", tab + 1,
		 form == TABS_WIDE ? " " : "", named ? view->tabs[tab].ops->name : "",
		 form == TABS_WIDE ? " " : "");
	return text;
}

static enum tab_form form_of(const struct view *view, unsigned int width)
{
	for (enum tab_form form = 0; form < TABS_NUMBERS; form++) {
		unsigned int total = 0;
		char text[TAB_LEN];

		for (unsigned int tab = 0; tab < NR_TABS; tab++)
			total += strlen(tab_text(view, tab, form, text)) + 1;
		if (total <= width + 1)
			return form;
	}
	return TABS_NUMBERS;
}

/* A tab that should be looked at calls. */
static enum style style_of(const struct view *view, unsigned int tab)
{
	const struct gist *gist = &view->gist;

	if (tab == view->tab)
		return STYLE_TAB_OPEN;
	if (tabs[tab] == &leaks_page && gist->level == LEVEL_LEAK)
		return STYLE_BAD;
	if (tabs[tab] == &budgets_page && gist->budgets && gist->budget.level != BUDGET_FINE)
		return gist->budget.level == BUDGET_EXHAUSTED ? STYLE_BAD : STYLE_WARN;
	return STYLE_TAB;
}

void draw_tabs(struct view *view, struct frame *frame, unsigned int row)
{
	enum tab_form form = form_of(view, frame->width);
	unsigned int at = 0;
	char text[TAB_LEN];

	frame_paint(frame, row, 0, frame->width, STYLE_TAB);
	view->tab_row = row;
	for (unsigned int tab = 0; tab < NR_TABS; tab++) {
		view->tab_column[tab] = at;
		view->tab_width[tab] = frame_put(frame, row, at, frame->width, style_of(view, tab),
						 tab_text(view, tab, form, text));
		at += view->tab_width[tab] + 1;
	}
}

static const char *step_text(const struct page *page, bool first, char text[static WAY_LEN])
{
	snprintf(text, WAY_LEN, "%s%s%s%s", first ? "" : " > ", page->title,
		 *page->title ? ": " : "", page->ops->name);
	return text;
}

/* As much of its end as there is room for. */
void draw_way(const struct view *view, struct frame *frame, unsigned int row)
{
	unsigned int first = view->depth, at = 0;
	size_t total = 0;
	char text[WAY_LEN];

	while (first) {
		total += text_width(step_text(&view->details[first - 1], first == 1, text));
		if (total > frame->width && first < view->depth)
			break;
		first--;
	}
	for (unsigned int i = first; i < view->depth; i++)
		at += frame_put(frame, row, at, frame->width, STYLE_STRONG,
				step_text(&view->details[i], i == first, text));
	frame_put(frame, row, at + 2, at + 13 < frame->width ? frame->width : 0, STYLE_DIM,
		  "(Esc: back)");
}

/* "3/20,311", and of texts how far down. */
static void place_text(const struct page *page, char *text, size_t size)
{
	const struct pane *pane = &page->pane;
	char at[TEXT_LEN], all[TEXT_LEN];

	*text = '\0';
	if (page_is_table(page) && page->grid.shown)
		snprintf(text, size, "%s/%s", text_count(page->grid.at + 1, at),
			 text_count(page->grid.shown, all));
	else if (!page_is_table(page) && pane->count > pane->height)
		snprintf(text, size, "%zu%%", 100 * (pane->top + pane->height) / pane->count);
}

static unsigned int draw_filter(const struct view *view, struct frame *frame, unsigned int row,
				const char *filter)
{
	unsigned int at = frame_put(frame, row, 0, frame->width, STYLE_KEY, "filter: ");

	at += frame_put(frame, row, at, frame->width - at, STYLE_INPUT, filter);
	if (view->typing) {
		frame->cursor_row = (int)row;
		frame->cursor_column = (int)at;
		frame_put(frame, row, at + 2, frame->width, STYLE_DIM, "Enter keeps  Esc clears");
	} else {
		frame_put(frame, row, at + 2, frame->width, STYLE_DIM, "Esc: without it");
	}
	return at;
}

void draw_bottom(struct view *view, struct frame *frame, unsigned int row)
{
	const struct page *page = view_page(view);
	char place[2 * TEXT_LEN + 2];
	unsigned int width;

	place_text(page, place, sizeof(place));
	width = frame->width - text_width(place) - (*place ? 1 : 0);
	if (page_is_table(page) && (view->typing || *page->grid.filter))
		draw_filter(view, frame, row, page->grid.filter);
	else
		draw_hints(view, frame, row, width);
	frame_put_right(frame, row, width, frame->width - width, STYLE_DIM, place);
}
