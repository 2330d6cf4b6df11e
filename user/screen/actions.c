// SPDX-License-Identifier: GPL-2.0-or-later
/* What keys do: one table, which is also the help and the hints below the page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen/state.h"

#define MOST_KEYS 3
#define WHEEL_ROWS 3
#define SECOND_NS 1000000000L
#define ALL_THE_WAY (1L << 40)

struct action {
	uint32_t keys[MOST_KEYS];
	const char *does;
	const char *hint;	/* the same in a word; NULL: not there */
	bool replay;		/* only of recordings */
	enum wish (*act)(struct view *view, const struct model *model,
			 const struct key_press *press, long argument);
	long argument;
};

static enum wish quit(struct view *view, const struct model *model, const struct key_press *press,
		      long argument)
{
	(void)view;
	(void)model;
	(void)press;
	(void)argument;
	return WISH_QUIT;
}

static enum wish move(struct view *view, const struct model *model, const struct key_press *press,
		      long by)
{
	struct page *page = view_page(view);

	(void)model;
	(void)press;
	if (page_is_table(page))
		grid_move(&page->grid, by);
	else
		pane_move(&page->pane, by);
	return WISH_DRAW;
}

static enum wish turn(struct view *view, const struct model *model, const struct key_press *press,
		      long direction)
{
	const struct page *page = view_page(view);
	long height = page_is_table(page) ? page->grid.drawn.height : page->pane.height;

	return move(view, model, press, direction * (height > 1 ? height - 1 : 1));
}

static enum wish open_tab(struct view *view, unsigned int tab)
{
	while (view->depth)
		page_release(&view->details[--view->depth]);
	view->tab = tab;
	return WISH_DRAW;
}

static enum wish step_tab(struct view *view, const struct model *model,
			  const struct key_press *press, long by)
{
	(void)model;
	(void)press;
	return open_tab(view, (view->tab + NR_TABS + (unsigned int)by) % NR_TABS);
}

/* Keys from '1' on. */
static enum wish choose_tab(struct view *view, const struct model *model,
			    const struct key_press *press, long argument)
{
	(void)model;
	(void)argument;
	return open_tab(view, press->key - '1');
}

static struct page *push(struct view *view, const struct page_ops *ops)
{
	struct page *page;

	if (view->depth == MOST_DETAILS)
		return NULL;
	page = &view->details[view->depth++];
	page_init(page, ops);
	return page;
}

static enum wish open_row(struct view *view, const struct model *model,
			  const struct key_press *press, long argument)
{
	const struct page *of = view_page(view);
	struct page *page;
	uint64_t id;

	(void)model;
	(void)press;
	(void)argument;
	/* "other" is what nobody can tell apart */
	if (!page_is_table(of) || !of->ops->details || !grid_selected(&of->grid, &id) ||
	    (of->ops->details == &conns_page && id == PLACE_OTHER))
		return WISH_NOTHING;
	page = push(view, of->ops->details);
	if (!page)
		return WISH_NOTHING;
	page->subject = id;
	page->subject_of = of->ops->which;
	grid_title(&of->grid, page->title, sizeof(page->title));
	return WISH_DRAW;
}

static enum wish go_back(struct view *view, const struct model *model,
			 const struct key_press *press, long argument)
{
	struct page *page = view_page(view);

	(void)model;
	(void)press;
	(void)argument;
	if (page_is_table(page) && *page->grid.filter) {
		*page->grid.filter = '\0';
		grid_arrange(&page->grid);
		return WISH_DRAW;
	}
	if (!view->depth)
		return WISH_NOTHING;
	page_release(&view->details[--view->depth]);
	return WISH_DRAW;
}

static enum wish sort_next(struct view *view, const struct model *model,
			   const struct key_press *press, long direction)
{
	struct page *page = view_page(view);

	(void)model;
	(void)press;
	if (!page_is_table(page) || page->grid.fixed)
		return WISH_NOTHING;
	grid_sort_next(&page->grid, (int)direction);
	return WISH_DRAW;
}

static enum wish reverse(struct view *view, const struct model *model,
			 const struct key_press *press, long argument)
{
	struct page *page = view_page(view);

	(void)model;
	(void)press;
	(void)argument;
	if (!page_is_table(page) || page->grid.sort == GRID_UNSORTED)
		return WISH_NOTHING;
	grid_reverse(&page->grid);
	return WISH_DRAW;
}

static enum wish type_filter(struct view *view, const struct model *model,
			     const struct key_press *press, long argument)
{
	(void)model;
	(void)press;
	(void)argument;
	if (!page_is_table(view_page(view)))
		return WISH_NOTHING;
	view->typing = true;
	return WISH_DRAW;
}

/* All tabs stay as they are: those that were not looked at are built now. */
static enum wish freeze(struct view *view, const struct model *model, const struct key_press *press,
			long argument)
{
	(void)press;
	(void)argument;
	view->frozen = !view->frozen;
	for (unsigned int i = 0; i < NR_TABS && view->frozen; i++)
		if (i != view->tab || !view->tabs[i].built)
			page_build(&view->tabs[i], &view->site, model);
	return WISH_DRAW;
}

static enum wish show_help(struct view *view, const struct model *model,
			   const struct key_press *press, long argument)
{
	if (view_page(view)->ops == &help_page)
		return go_back(view, model, press, argument);
	return push(view, &help_page) ? WISH_DRAW : WISH_NOTHING;
}

static enum wish click_tab(struct view *view, const struct key_press *press)
{
	for (unsigned int i = 0; i < NR_TABS; i++)
		if (press->row == view->tab_row && press->column >= view->tab_column[i] &&
		    press->column < view->tab_column[i] + view->tab_width[i])
			return open_tab(view, i);
	return WISH_NOTHING;
}

static enum wish click(struct view *view, const struct model *model, const struct key_press *press,
		       long twice)
{
	struct page *page = view_page(view);
	enum grid_hit hit = GRID_MISSED;

	if (page_is_table(page))
		hit = grid_click(&page->grid, press->row, press->column);
	if (hit == GRID_HIT_ROW && twice)
		return open_row(view, model, press, 0);
	return hit == GRID_MISSED ? click_tab(view, press) : WISH_DRAW;
}

static enum wish ask(struct view *view, const struct model *model, const struct key_press *press,
		     long wish)
{
	(void)view;
	(void)model;
	(void)press;
	return (enum wish)wish;
}

static enum wish seek(struct view *view, const struct model *model, const struct key_press *press,
		      long seconds)
{
	uint64_t now_ns = model_now_ns(model), by_ns = (uint64_t)(labs(seconds) * SECOND_NS);

	(void)press;
	view->seek_ns = seconds > 0 ? now_ns + by_ns : now_ns > by_ns ? now_ns - by_ns : 0;
	if (view->seek_ns < view->from_ns)
		view->seek_ns = view->from_ns;
	if (view->seek_ns > view->to_ns)
		view->seek_ns = view->to_ns;
	return WISH_SEEK;
}

static const struct action actions[] = {
	{ { 'q' }, "quit", "quit", false, quit, 0 },
	{ { '?', 'h', KEY_F1 }, "this help, and back", "help", false, show_help, 0 },
	{ { KEY_RETURN },
	  "look into the row: its connections, all that is known of it",
	  "look",
	  false,
	  open_row,
	  0 },
	{ { KEY_ESCAPE, KEY_ERASE },
	  "back; where there is a filter, without it",
	  NULL,
	  false,
	  go_back,
	  0 },
	{ { '/' },
	  "show only rows with some text: Enter keeps it, Esc forgets it",
	  "filter",
	  false,
	  type_filter,
	  0 },
	{ { 's', '>' }, "sort by the next column", "sort", false, sort_next, 1 },
	{ { 'S', '<' }, "sort by the column before", NULL, false, sort_next, -1 },
	{ { 'r' }, "reverse the order", NULL, false, reverse, 0 },
	{ { ' ' }, "freeze the tables, and let them go on", "freeze", false, freeze, 0 },
	{ { KEY_TAB }, "next tab", "tabs", false, step_tab, 1 },
	{ { KEY_BACK_TAB }, "tab before", NULL, false, step_tab, -1 },
	{ { '1', '2', '3' }, "the tab of this number, up to 9", NULL, false, choose_tab, 0 },
	{ { '4', '5', '6' }, NULL, NULL, false, choose_tab, 0 },
	{ { '7', '8', '9' }, NULL, NULL, false, choose_tab, 0 },
	{ { KEY_ARROW_UP, 'k' }, "up", NULL, false, move, -1 },
	{ { KEY_ARROW_DOWN, 'j' }, "down", NULL, false, move, 1 },
	{ { KEY_PAGE_UP }, "a page up", NULL, false, turn, -1 },
	{ { KEY_PAGE_DOWN }, "a page down", NULL, false, turn, 1 },
	{ { KEY_TO_START, 'g' }, "to the first row", NULL, false, move, -ALL_THE_WAY },
	{ { KEY_TO_END, 'G' }, "to the last row", NULL, false, move, ALL_THE_WAY },
	{ { KEY_CLICK },
	  "on a tab, on the name of a column to sort, on a row",
	  NULL,
	  false,
	  click,
	  0 },
	{ { KEY_DOUBLE_CLICK }, "look into the row", NULL, false, click, 1 },
	{ { KEY_WHEEL_UP }, "up", NULL, false, move, -WHEEL_ROWS },
	{ { KEY_WHEEL_DOWN }, "down", NULL, false, move, WHEEL_ROWS },
	{ { 'p' }, "pause the recording, and go on", "pause", true, ask, WISH_PAUSE },
	{ { '+' }, "faster", "faster", true, ask, WISH_FASTER },
	{ { '-' }, "slower", "slower", true, ask, WISH_SLOWER },
	{ { KEY_ARROW_LEFT }, "10 s back", NULL, true, seek, -10 },
	{ { KEY_ARROW_RIGHT }, "10 s on", "10 s on", true, seek, 10 },
	{ { '[' }, "a minute back", NULL, true, seek, -60 },
	{ { ']' }, "a minute on", NULL, true, seek, 60 },
};

#define NR_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static bool is_had(const struct action *action, bool replay)
{
	return replay || !action->replay;
}

enum wish view_act(struct view *view, const struct model *model, const struct key_press *press)
{
	for (size_t i = 0; i < NR_ACTIONS; i++) {
		if (!is_had(&actions[i], view->site.replay))
			continue;
		for (unsigned int key = 0; key < MOST_KEYS; key++)
			if (press->key && actions[i].keys[key] == press->key)
				return actions[i].act(view, model, press, actions[i].argument);
	}
	return WISH_NOTHING;
}

static const struct {
	uint32_t key;
	const char *name;
} names[] = {
	{ KEY_TAB, "Tab" },
	{ KEY_RETURN, "Enter" },
	{ KEY_ESCAPE, "Esc" },
	{ KEY_ERASE, "Backspace" },
	{ ' ', "Space" },
	{ KEY_ARROW_UP, "↑" },
	{ KEY_ARROW_DOWN, "↓" },
	{ KEY_ARROW_LEFT, "←" },
	{ KEY_ARROW_RIGHT, "→" },
	{ KEY_PAGE_UP, "PgUp" },
	{ KEY_PAGE_DOWN, "PgDn" },
	{ KEY_TO_START, "Home" },
	{ KEY_TO_END, "End" },
	{ KEY_BACK_TAB, "Shift-Tab" },
	{ KEY_F1, "F1" },
	{ KEY_CLICK, "click" },
	{ KEY_DOUBLE_CLICK, "double click" },
	{ KEY_WHEEL_UP, "wheel up" },
	{ KEY_WHEEL_DOWN, "wheel down" },
};

static const char *key_name(uint32_t key, char text[static TEXT_LEN])
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].key == key)
			return names[i].name;
	snprintf(text, TEXT_LEN, "%c", (int)key);
	return text;
}

static void print_keys(const struct action *action, FILE *out)
{
	char keys[TEXT_LEN * MOST_KEYS] = "", text[TEXT_LEN];
	int width;

	for (unsigned int i = 0; i < MOST_KEYS && action->keys[i]; i++) {
		strcat(keys, i ? " " : "");
		strcat(keys, key_name(action->keys[i], text));
	}
	width = (int)text_width(keys);
	fprintf(out, "  \033[1m%s\033[0m%*s  %s\n", keys, width < 14 ? 14 - width : 0, "",
		action->does);
}

static void print_help(struct page *page, const struct site *site, const struct model *model,
		       FILE *out)
{
	(void)page;
	(void)model;
	for (size_t i = 0; i < NR_ACTIONS; i++)
		if (is_had(&actions[i], site->replay) && actions[i].does)
			print_keys(&actions[i], out);
}

const struct page_ops help_page = {
	.name = "help",
	.print = print_help,
};

void draw_hints(const struct view *view, struct frame *frame, unsigned int row, unsigned int width)
{
	unsigned int at = 0;
	char text[TEXT_LEN];

	for (size_t i = 0; i < NR_ACTIONS; i++) {
		const char *key = key_name(actions[i].keys[0], text);

		if (!actions[i].hint || !is_had(&actions[i], view->site.replay))
			continue;
		if (at + text_width(key) + strlen(actions[i].hint) + 1 > width)
			break;
		at += frame_put(frame, row, at, width - at, STYLE_KEY, key);
		at += frame_put(frame, row, at + 1, width - at, STYLE_DIM, actions[i].hint) + 3;
	}
}
