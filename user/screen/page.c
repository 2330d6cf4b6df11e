// SPDX-License-Identifier: GPL-2.0-or-later
/* What all pages do alike: when they are built, and how they are drawn. */
#include "screen/page.h"

#include <string.h>

#include "base/wrap.h"

/* A key that is held down need not cost more. */
#define PERIOD_NS 500000000ULL

const struct page_ops *const tabs[NR_TABS] = {
	&ports_page,   &remotes_page,  &services_page, &pairs_page,  &leaks_page,
	&budgets_page, &failures_page, &events_page,   &doctor_page,
};

const char *site_clock(const struct site *site, uint64_t ts_ns, char text[static TIME_TEXT_LEN])
{
	text_clock(ts_ns + (uint64_t)site->opts.realtime_offset_ns, text);
	text[strlen("14:03:22")] = '\0';
	return text;
}

struct names *names_for(const struct site *site, const struct page *page, uint64_t id)
{
	return site->opts.names && grid_was_seen(&page->grid, id) ? site->opts.names : NULL;
}

void page_init(struct page *page, const struct page_ops *ops)
{
	*page = (struct page){ .ops = ops };
	if (ops->open)
		ops->open(page);
}

void page_release(struct page *page)
{
	grid_release(&page->grid);
	pane_release(&page->pane);
	*page = (struct page){ 0 };
}

static void build_text(struct page *page, const struct site *site, const struct model *model)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	page->ops->print(page, site, model, out);
	fclose(out);
	pane_set(&page->pane, text, site->width);
}

void page_build(struct page *page, const struct site *site, const struct model *model)
{
	page->note[0] = '\0';
	if (page_is_table(page)) {
		grid_clear(&page->grid);
		page->ops->build(page, site, model);
		if (page->grid.short_of_memory)
			snprintf(page->note, sizeof(page->note),
				 "Some are missing: out of memory.");
		grid_arrange(&page->grid);
	} else {
		build_text(page, site, model);
	}
	page->built = true;
	page->built_ns = model_now_ns(model);
	page->width = site->width;
}

/* Rates over a part of an interval would jump with each key. */
uint64_t site_period_ns(const struct site *site, uint64_t own_ns)
{
	uint64_t interval_ns = site->interval_ns - site->interval_ns / 10;

	own_ns = own_ns ? own_ns : PERIOD_NS;
	return interval_ns > own_ns ? interval_ns : own_ns;
}

/*
 * Whether it had better wait: a frame that was held up comes after the end of its interval, when
 * there are no rates yet of the next one.
 */
static bool is_early(const struct page *page, const struct site *site, const struct model *model)
{
	uint64_t now_ns = model_now_ns(model), start_ns = model_interval_start_ns(model);

	return page->ops->rates && now_ns - start_ns < site->interval_ns / 2 &&
	       now_ns - page->built_ns < 2 * site->interval_ns;
}

void page_refresh(struct page *page, const struct site *site, const struct model *model)
{
	uint64_t period_ns = site_period_ns(site, page->ops->period_ns);
	uint64_t now_ns = model_now_ns(model);
	bool fits = page_is_table(page) || page->width == site->width;

	if (page->built && fits && now_ns >= page->built_ns &&
	    (now_ns - page->built_ns < period_ns || is_early(page, site, model)))
		return;
	page_build(page, site, model);
}

/* In lines, as it is a sentence. */
static void draw_empty(struct page *page, const struct site *site, const struct model *model,
		       struct frame *frame, unsigned int row, unsigned int height)
{
	char *text = NULL, sentence[GRID_CELL_LEN];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	snprintf(sentence, sizeof(sentence), "Nothing here matches '%s'.", page->grid.filter);
	print_wrapped(out, frame->width, 0,
		      page->grid.count ? sentence : page->ops->empty(site, model));
	fclose(out);
	pane_set(&page->pane, text, frame->width);
	pane_draw(&page->pane, frame, row, height);
}

void page_draw(struct page *page, const struct site *site, const struct model *model,
	       struct frame *frame, unsigned int row, unsigned int height)
{
	if (!page_is_table(page)) {
		pane_draw(&page->pane, frame, row, height);
		return;
	}
	if (*page->note && height > 2)
		frame_put(frame, row + --height, 0, frame->width, STYLE_DIM, page->note);
	grid_draw(&page->grid, frame, row, height);
	if (!page->grid.shown && height > 2)
		draw_empty(page, site, model, frame, row + 2, height - 2);
}
