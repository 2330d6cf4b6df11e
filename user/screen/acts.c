// SPDX-License-Identifier: GPL-2.0-or-later
/* What keys can do. */
#include "screen/acts.h"

#define NS_PER_SECOND 1000000000LL

static enum wish move(struct page *page, long by)
{
	if (page_is_table(page))
		grid_move(&page->grid, by);
	else
		pane_move(&page->pane, by);
	return WISH_DRAW;
}

enum wish act_move(const struct act *act)
{
	return move(view_page(act->view), act->argument);
}

enum wish act_turn(const struct act *act)
{
	struct page *page = view_page(act->view);
	long height = page_is_table(page) ? page->grid.drawn.height : page->pane.height;

	return move(page, act->argument * (height > 1 ? height - 1 : 1));
}

static enum wish open_tab(struct view *view, unsigned int tab)
{
	while (view->depth)
		page_release(&view->details[--view->depth]);
	view->typing = false;
	view->tab = tab;
	return WISH_DRAW;
}

enum wish act_step_tab(const struct act *act)
{
	return open_tab(act->view,
			(act->view->tab + NR_TABS + (unsigned int)act->argument) % NR_TABS);
}

/* Keys from '1' on. */
enum wish act_choose_tab(const struct act *act)
{
	return open_tab(act->view, act->press->key - '1');
}

static struct page *push(struct view *view, const struct page_ops *ops)
{
	struct page *page;

	if (view->depth == MOST_DETAILS)
		return NULL;
	view->typing = false;
	page = &view->details[view->depth++];
	page_init(page, ops);
	return page;
}

enum wish act_look(const struct act *act)
{
	const struct page *of = view_page(act->view);
	struct page *page;
	uint64_t id;

	/* "other" is what nobody can tell apart */
	if (!page_is_table(of) || !of->ops->details || !grid_selected(&of->grid, &id) ||
	    (of->ops->details == &conns_page && id == PLACE_OTHER))
		return WISH_NOTHING;
	page = push(act->view, of->ops->details);
	if (!page)
		return WISH_NOTHING;
	page->subject = id;
	page->subject_of = of->ops->which;
	grid_title(&of->grid, page->title, sizeof(page->title));
	return WISH_DRAW;
}

enum wish act_back(const struct act *act)
{
	struct page *page = view_page(act->view);

	if (page_is_table(page) && *page->grid.filter) {
		*page->grid.filter = '\0';
		grid_arrange(&page->grid);
		return WISH_DRAW;
	}
	if (!act->view->depth)
		return WISH_NOTHING;
	page_release(&act->view->details[--act->view->depth]);
	return WISH_DRAW;
}

/* What is kept of more rows than there is room for is another part of them now. */
static enum wish sorted(struct page *page)
{
	if (*page->note)
		page->built = false;
	return WISH_DRAW;
}

enum wish act_sort(const struct act *act)
{
	struct page *page = view_page(act->view);

	if (!page_is_table(page) || page->grid.fixed)
		return WISH_NOTHING;
	grid_sort_next(&page->grid, (int)act->argument);
	return sorted(page);
}

enum wish act_reverse(const struct act *act)
{
	struct page *page = view_page(act->view);

	if (!page_is_table(page) || page->grid.sort == GRID_UNSORTED)
		return WISH_NOTHING;
	grid_reverse(&page->grid);
	return sorted(page);
}

enum wish act_filter(const struct act *act)
{
	if (!page_is_table(view_page(act->view)))
		return WISH_NOTHING;
	act->view->typing = true;
	return WISH_DRAW;
}

/* All tabs stay as they are: those that were not looked at are built now. */
enum wish act_freeze(const struct act *act)
{
	act->view->frozen = !act->view->frozen;
	for (unsigned int i = 0; i < NR_TABS && act->view->frozen; i++)
		if (i != act->view->tab || !act->view->tabs[i].built)
			page_build(&act->view->tabs[i], &act->view->site, act->model);
	return WISH_DRAW;
}

enum wish act_help(const struct act *act)
{
	if (view_page(act->view)->ops == &help_page)
		return act_back(act);
	return push(act->view, &help_page) ? WISH_DRAW : WISH_NOTHING;
}

static enum wish click_tab(struct view *view, const struct key_press *press)
{
	for (unsigned int i = 0; i < NR_TABS; i++)
		if (press->row == view->tab_row && press->column >= view->tab_column[i] &&
		    press->column < view->tab_column[i] + view->tab_width[i])
			return open_tab(view, i);
	return WISH_NOTHING;
}

enum wish act_click(const struct act *act)
{
	struct page *page = view_page(act->view);
	enum grid_hit hit = GRID_MISSED;

	if (page_is_table(page))
		hit = grid_click(&page->grid, act->press->row, act->press->column);
	if (hit == GRID_HIT_ROW && act->argument)
		return act_look(act);
	return hit == GRID_MISSED ? click_tab(act->view, act->press) : WISH_DRAW;
}

enum wish act_ask(const struct act *act)
{
	return (enum wish)act->argument;
}

enum wish act_seek(const struct act *act)
{
	act->view->seek_by_ns = act->argument * NS_PER_SECOND;
	return WISH_SEEK;
}
