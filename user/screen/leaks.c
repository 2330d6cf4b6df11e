// SPDX-License-Identifier: GPL-2.0-or-later
/* The tab of leaks, and the whole of what is said of one. */
#include <math.h>
#include <string.h>

#include "model/leak.h"
#include "screen/id.h"
#include "screen/page.h"
#include "sink/leaks.h"

enum column {
	COLUMN_LEVEL,
	COLUMN_SOCKETS,
	COLUMN_GROWTH,
	COLUMN_OLDEST,
	COLUMN_SERVICE,
	COLUMN_THING,
	COLUMN_WHERE,
	COLUMN_PROCESS,
	NR_COLUMNS,
};

/* From integers, because printf's decimal point depends on the locale. */
static const char *growth_text(unsigned int which, double per_minute, char text[static TEXT_LEN])
{
	unsigned int tenths = (unsigned int)(fabs(per_minute) * 10 + 0.5);

	(void)which;
	if (isnan(per_minute))
		return strcpy(text, "-");
	snprintf(text, TEXT_LEN, "%s%u.%u",
		 !tenths	? "" :
		 per_minute < 0 ? "-" :
				  "+",
		 tenths / 10, tenths % 10);
	return text;
}

static const struct grid_column columns[NR_COLUMNS] = {
	[COLUMN_LEVEL] = { .heading = "LEVEL", .styled = true, .greatest = true },
	[COLUMN_SOCKETS] = { .heading = "SOCKETS", .right = true, .figure = figure_count },
	[COLUMN_GROWTH] = { .heading = "PER-MIN", .right = true, .rank = 4, .figure = growth_text },
	[COLUMN_OLDEST] = { .heading = "OLDEST",
			    .right = true,
			    .rank = 5,
			    .figure = figure_duration },
	[COLUMN_SERVICE] = { .heading = "SERVICE", .most = 24, .narrow = 14 },
	[COLUMN_THING] = { .heading = "WHAT", .rank = 2, .most = 32, .narrow = 22 },
	[COLUMN_WHERE] = { .heading = "WHERE", .rank = 3, .most = 48, .narrow = 22 },
	[COLUMN_PROCESS] = { .heading = "PROCESS", .rank = 6, .most = 24 },
};

static const enum style level_styles[] = {
	[LEVEL_WATCH] = STYLE_STRONG,
	[LEVEL_SUSPECT] = STYLE_WARN,
	[LEVEL_LEAK] = STYLE_BAD,
};

static uint64_t verdict_id(const struct verdict *verdict)
{
	uint64_t id = id_number(ID_BEGIN, verdict->kind);

	id = id_number(id_text(id, verdict->service), verdict->direction);
	id = id_number(id_number(id, verdict->local_port), verdict->remote_port);
	id = id_bytes(id, verdict->remote_addr, sizeof(verdict->remote_addr));
	return id_number(id_number(id, verdict->netns_cookie), verdict->source);
}

static void add_verdict(struct grid *grid, const struct site *site, const struct verdict *verdict)
{
	const struct verdict_holder *holder = &verdict->holders[0];
	char place[VERDICT_TEXT_LEN], process[sizeof(holder->comm) + TEXT_LEN];

	if (!grid_add(grid, verdict_id(verdict)))
		return;
	grid_last(grid)->style = level_styles[verdict->level];
	grid_text(grid, COLUMN_LEVEL, leak_level_word(verdict->level));
	grid_figure(grid, COLUMN_LEVEL, verdict->level);
	grid_figure(grid, COLUMN_SOCKETS, (double)verdict->count);
	grid_figure(grid, COLUMN_GROWTH, verdict->per_minute);
	if (verdict->aged)
		grid_figure(grid, COLUMN_OLDEST, (double)verdict->age_max_ns);
	grid_text(grid, COLUMN_SERVICE, verdict->service ? verdict->service : "-");
	grid_text(grid, COLUMN_THING, leak_thing(verdict->kind));
	grid_text(grid, COLUMN_WHERE, verdict_place_text(verdict, site->opts.names, place));
	if (!verdict->nr_holders)
		return;
	snprintf(process, sizeof(process), "%s[%u]", holder->comm, holder->pid);
	grid_text(grid, COLUMN_PROCESS, process);
}

static void open_leaks(struct page *page)
{
	grid_init(&page->grid, columns, NR_COLUMNS, COLUMN_LEVEL);
}

static void build_leaks(struct page *page, const struct site *site, const struct model *model)
{
	const struct verdict *verdicts;
	size_t count = model_verdicts(model, &verdicts);

	for (size_t i = 0; i < count; i++)
		add_verdict(&page->grid, site, &verdicts[i]);
}

static const char *no_leaks(const struct site *site, const struct model *model)
{
	if (site->opts.filtered && !model_totals(model)->count[FIELD_CONNECTIONS])
		return "No connection has matched the filters so far.";
	return "Nothing leaks so far. What begins to leak only now needs half a minute to be told "
	       "from what passes, open connections 50 s.";
}

static void print_leak(struct page *page, const struct site *site, const struct model *model,
		       FILE *out)
{
	struct sink_opts opts = site->opts;
	const struct verdict *verdicts;
	size_t count = model_verdicts(model, &verdicts);

	opts.out = out;
	for (size_t i = 0; i < count; i++)
		if (verdict_id(&verdicts[i]) == page->subject) {
			verdict_print(&verdicts[i], &opts);
			return;
		}
	fputs("This is no leak any more.\n", out);
}

const struct page_ops leaks_page = {
	.name = "leaks",
	.open = open_leaks,
	.build = build_leaks,
	.details = &leak_page,
	.empty = no_leaks,
};

const struct page_ops leak_page = {
	.name = "leak",
	.print = print_leak,
};
