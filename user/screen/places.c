// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of `top`: ports, remote hosts, services, and their pairs. */
#include <math.h>
#include <string.h>

#include "screen/id.h"
#include "screen/page.h"
#include "sink/ranking.h"
#include "sink/summary.h"
#include "sink/top_columns.h"

#define NAME_WIDTH 32
#define NS_PER_SECOND 1e9
#define NAME_WIDTH_NARROW 22

/* What deserves a look wherever it is not zero. */
static const struct {
	enum field field;
	enum style style;
} notable[] = {
	{ FIELD_CLOSE_WAIT, STYLE_WARN },
	{ FIELD_FW2_ORPHANS, STYLE_WARN },
	{ FIELD_FAILED, STYLE_WARN },
	{ FIELD_TW_REFUSED, STYLE_BAD },
};

uint64_t place_id(enum dimension dimension, const char *service, uint16_t port, uint8_t role,
		  const uint8_t remote_addr[static 16])
{
	enum key_part parts[NR_KEY_PARTS];
	size_t count = key_parts(dimension, parts);
	uint64_t id = ID_BEGIN;

	for (size_t i = 0; i < count; i++) {
		if (parts[i] == KEY_SERVICE)
			id = id_text(id, service);
		else if (parts[i] == KEY_PORT)
			id = id_number(id, port);
		else if (parts[i] == KEY_ROLE)
			id = id_number(id, role);
		else
			id = id_bytes(id, remote_addr, 16);
	}
	return id;
}

static const char *figure_text(unsigned int which, double figure, char text[static TEXT_LEN])
{
	return top_figure_text(&top_columns[which], figure, text);
}

static enum style notable_style(const struct top_column *column)
{
	for (size_t i = 0; i < sizeof(notable) / sizeof(notable[0]); i++)
		if (column->kind == TOP_COUNT && column->field == notable[i].field)
			return notable[i].style;
	return STYLE_PLAIN;
}

static void open_places(struct page *page)
{
	enum dimension dimension = page->ops->which;
	enum key_part parts[NR_KEY_PARTS];
	size_t count = key_parts(dimension, parts);
	uint32_t sort = 0;

	for (size_t i = 0; i < count; i++)
		page->columns[i] = (struct grid_column){
			.heading = key_part_heading(parts[i]),
			/* an address is never cut; a name of a host can be as long as it likes */
			.most = parts[i] == KEY_REMOTE ? ADDR_TEXT_LEN : NAME_WIDTH,
			.narrow = parts[i] == KEY_REMOTE ? ADDR_TEXT_LEN : NAME_WIDTH_NARROW,
		};
	for (size_t i = 0; i < NR_TOP_COLUMNS; i++) {
		if (top_columns[i].kind == TOP_COUNT && top_columns[i].field == FIELD_TIME_WAIT)
			sort = count + i;
		page->columns[count + i] = (struct grid_column){
			.heading = top_columns[i].heading,
			.right = true,
			.rank = top_column_rank(&top_columns[i], dimension),
			.notable = notable_style(&top_columns[i]),
			.figure = figure_text,
			.which = i,
		};
	}
	grid_init(&page->grid, page->columns, count + NR_TOP_COLUMNS, sort);
}

/* IPv4 in the order of its numbers, before IPv6 in the order of its first ones. */
static double addr_order(const uint8_t addr[static 16])
{
	unsigned int from = addr_is_v4(addr) ? 12 : 0, to = addr_is_v4(addr) ? 16 : 6;
	double order = addr_is_v4(addr) ? 0 : 4294967296.0;

	for (; from < to; from++)
		order = order * (from ? 256 : 1) + addr[from];
	return order;
}

static void add_key(struct page *page, struct names *names, const struct model *model,
		    const struct row_key *key)
{
	enum key_part parts[NR_KEY_PARTS];
	size_t count = key_parts(page->ops->which, parts);
	const char *name;
	struct value value;

	for (size_t i = 0; i < count; i++) {
		char number[TEXT_LEN];

		key_part_get(parts[i], model, key, &value);
		name = parts[i] == KEY_REMOTE ? names_of(names, key->remote_addr) : NULL;
		if (parts[i] == KEY_REMOTE)
			grid_figure(&page->grid, i, addr_order(key->remote_addr));
		if (value.type == VALUE_COUNT) {
			grid_figure(&page->grid, i, (double)value.count);
			snprintf(number, sizeof(number), "%u", (unsigned int)value.count);
			value_text(&value, number);
		}
		if (name)
			value_text(&value, name);
		if (value.type == VALUE_TEXT)
			grid_text(&page->grid, i, value.text);
	}
}

static void add_figures(struct page *page, const struct model *model, const struct row *row,
			const struct span *span)
{
	enum key_part parts[NR_KEY_PARTS];
	size_t first = key_parts(page->ops->which, parts);

	for (size_t i = 0; i < NR_TOP_COLUMNS; i++)
		grid_figure(&page->grid, first + i,
			    top_figure(&top_columns[i], row, span, model_now_ns(model)));
}

static void add_other(struct page *page, const struct model *model, const struct ranking *ranking,
		      const struct span *span)
{
	char number[TEXT_LEN], text[TEXT_LEN * 2];

	if (!ranking->other || !grid_add(&page->grid, PLACE_OTHER))
		return;
	snprintf(text, sizeof(text), ranking->folded ? "other (%s folded)" : "other",
		 text_count(ranking->folded, number));
	grid_text(&page->grid, 0, text);
	grid_last(&page->grid)->last = true;
	add_figures(page, model, ranking->other, span);
}

static void hide_rare(struct page *page, const struct model *model)
{
	enum key_part parts[NR_KEY_PARTS];
	size_t first = key_parts(page->ops->which, parts);

	page->grid.hidden = 0;
	for (size_t i = 0; i < NR_TOP_COLUMNS; i++)
		if (!top_column_says(&top_columns[i], model_totals(model)))
			page->grid.hidden |= 1ULL << (first + i);
}

/* Of an interval that has only begun there are no rates yet. */
static struct span full_span(const struct site *site, const struct model *model)
{
	struct span span = span_interval(model);

	if (span.seconds * 2 * NS_PER_SECOND < (double)site->interval_ns)
		span.seconds = 0;
	return span;
}

static void build_places(struct page *page, const struct site *site, const struct model *model)
{
	enum dimension dimension = page->ops->which;
	struct span span = full_span(site, model);
	struct ranking ranking;

	if (ranking_init(&ranking, model, dimension, RANKING_NONE, span)) {
		page->grid.short_of_memory = true;
		return;
	}
	hide_rare(page, model);
	for (size_t i = 0; i < ranking.count; i++) {
		const struct row_key *key = &ranking.rows[i]->key;
		uint64_t id = place_id(dimension, model_service_name(model, key->service),
				       key->port, key->role, key->remote_addr);

		if (!grid_add(&page->grid, id))
			break;
		add_key(page, names_for(site, page, id), model, key);
		add_figures(page, model, ranking.rows[i], &span);
	}
	add_other(page, model, &ranking, &span);
	ranking_release(&ranking);
}

static const char *no_places(const struct site *site, const struct model *model)
{
	if (site->opts.filtered)
		return "No connection has matched the filters so far.";
	return summary_is_empty(model) ?
		       "No TCP connection so far. To see some traffic: twtrace demo" :
		       "No TCP connection so far.";
}

#define PLACES(page_name, page_dimension)                                                         \
	{                                                                                         \
		.name = page_name, .which = page_dimension, .open = open_places,                  \
		.build = build_places, .details = &conns_page, .empty = no_places, .rates = true, \
	}

const struct page_ops ports_page = PLACES("ports", DIM_PORT);
const struct page_ops remotes_page = PLACES("remotes", DIM_REMOTE);
const struct page_ops services_page = PLACES("services", DIM_SERVICE);
const struct page_ops pairs_page = PLACES("pairs", DIM_PAIR);
