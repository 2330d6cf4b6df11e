/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fills the screen below the header: a tab, or what was opened from a row of one. A page is
 * a table or a text; what it says is built from the model and kept, and drawn from there.
 */
#ifndef SCREEN_PAGE_H
#define SCREEN_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model/model.h"
#include "screen/grid.h"
#include "screen/pane.h"
#include "sink/part.h"
#include "sink/sink.h"

#define PAGE_TITLE_LEN 192
#define PAGE_NOTE_LEN 128

struct page;
struct events;

/* What pages are built from, beside the model. */
struct site {
	struct sink_opts opts;	/* without out; terminal is set, so that texts have colours */
	const struct part *doctor;	/* borrowed; NULL: none */
	const struct events *events;	/* borrowed */
	bool replay;
	uint64_t interval_ns;	/* how long the last one was; 0: none has ended */
	unsigned int width;	/* of the frame: texts are broken there */
};

/* The time of day at a moment of the model, "14:03:22". Returns @text. */
const char *site_clock(const struct site *site, uint64_t ts_ns, char text[static TIME_TEXT_LEN]);

struct page_ops {
	const char *name;
	unsigned int which;	/* for who builds several alike */
	/* Of tables: sets page->grid up. */
	void (*open)(struct page *page);
	void (*build)(struct page *page, const struct site *site, const struct model *model);
	/* Texts: what is to be shown, into @out. */
	void (*print)(struct page *page, const struct site *site, const struct model *model,
		      FILE *out);
	/* What a row opens. NULL: nothing */
	const struct page_ops *details;
	/* A sentence where there are no rows. Tables have it */
	const char *(*empty)(const struct site *site, const struct model *model);
	bool rates;		/* it has some */
	uint64_t period_ns;	/* not built more often than that; 0: PERIOD_NS */
};

struct page {
	const struct page_ops *ops;
	struct grid grid;
	struct grid_column columns[GRID_COLUMNS];	/* of those who make them */
	struct pane pane;
	char title[PAGE_TITLE_LEN];	/* of details: what of */
	char note[PAGE_NOTE_LEN];	/* below the rows: "1,204 more"; empty: nothing */
	uint64_t subject;	/* of details: the id of the row that they are of */
	unsigned int subject_of;	/* the other page's which */
	bool built;
	uint64_t built_ns;
	unsigned int width;	/* that a text was broken for */
};

/* Names are looked up for rows on the screen: for 20,000 the resolver would need hours. */
struct names *names_for(const struct site *site, const struct page *page, uint64_t id);
void page_init(struct page *page, const struct page_ops *ops);
void page_release(struct page *page);
/* Whether it is a table. */
static inline bool page_is_table(const struct page *page)
{
	return page->ops->build;
}
/* What is no older than that need not be built again: an interval, or a page's own time. */
uint64_t site_period_ns(const struct site *site, uint64_t own_ns);
void page_build(struct page *page, const struct site *site, const struct model *model);
/* page_build(), if it has not been, or is old. */
void page_refresh(struct page *page, const struct site *site, const struct model *model);
void page_draw(struct page *page, const struct site *site, const struct model *model,
	       struct frame *frame, unsigned int row, unsigned int height);

#define NR_TABS 9
extern const struct page_ops *const tabs[NR_TABS];

extern const struct page_ops ports_page, remotes_page, services_page, pairs_page;
extern const struct page_ops leaks_page, budgets_page, failures_page, events_page, doctor_page;
extern const struct page_ops conns_page, conn_page, leak_page, budget_page, failure_page;
extern const struct page_ops event_page;

/* The id of its row in a dimension. @service: NULL, unknown. */
uint64_t place_id(enum dimension dimension, const char *service, uint16_t port, uint8_t role,
		  const uint8_t remote_addr[static 16]);
#define PLACE_OTHER 0	/* the row "other": nobody knows what is in it */

#endif
