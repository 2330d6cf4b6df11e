// SPDX-License-Identifier: GPL-2.0-or-later
/* The newest events, and their tab. */
#include "screen/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "screen/page.h"
#include "sink/conn_text.h"
#include "sink/trace_line.h"

int events_init(struct events *events)
{
	*events = (struct events){ .kept = calloc(EVENTS_KEPT, sizeof(*events->kept)) };
	return events->kept ? 0 : -ENOMEM;
}

void events_release(struct events *events)
{
	free(events->kept);
	*events = (struct events){ 0 };
}

void events_clear(struct events *events)
{
	events->count = 0;
}

static const char *keep(char kept[static KEPT_NAME_LEN], const char *text)
{
	size_t len = text ? text_fit(text, KEPT_NAME_LEN - 1) : 0;

	memcpy(kept, text ? text : "", len);
	kept[len] = '\0';
	return text ? kept : NULL;
}

void events_add(struct events *events, const struct model_event *event)
{
	struct kept_event *kept = &events->kept[events->count++ % EVENTS_KEPT];

	kept->event = *event;
	if (event->conn) {
		kept->conn = *event->conn;
		kept->conn.comm = keep(kept->comm, event->conn->comm);
		kept->conn.service = keep(kept->service, event->conn->service);
		kept->conn.cgroup = NULL;
		kept->conn.holders = NULL;
		kept->conn.nr_holders = 0;
		kept->event.conn = &kept->conn;
	}
	if (event->holder) {
		kept->holder = *event->holder;
		kept->holder.comm = keep(kept->holder_comm, event->holder->comm);
		kept->holder.service = keep(kept->holder_service, event->holder->service);
		kept->event.holder = &kept->holder;
	}
}

uint64_t events_first(const struct events *events)
{
	return events->count > EVENTS_KEPT ? events->count - EVENTS_KEPT : 0;
}

const struct kept_event *events_at(const struct events *events, uint64_t number)
{
	if (number < events_first(events) || number >= events->count)
		return NULL;
	return &events->kept[number % EVENTS_KEPT];
}

enum column {
	COLUMN_TIME,
	COLUMN_EVENT,
	COLUMN_OWNER,
	COLUMN_LOCAL,
	COLUMN_ARROW,
	COLUMN_REMOTE,
	COLUMN_DETAIL,
	NR_COLUMNS,
};

static const struct grid_column columns[NR_COLUMNS] = {
	[COLUMN_TIME] = { .heading = "TIME" },
	[COLUMN_EVENT] = { .heading = "EVENT", .styled = true },
	[COLUMN_OWNER] = { .heading = "OWNER", .rank = 1, .most = 24, .narrow = 15 },
	[COLUMN_LOCAL] = { .heading = "LOCAL", .right = true, .rank = 4 },
	[COLUMN_ARROW] = { .heading = "", .rank = 5 },
	[COLUMN_REMOTE] = { .heading = "REMOTE", .rank = 2 },
	[COLUMN_DETAIL] = { .heading = "DETAIL", .rank = 3, .most = 24, .narrow = 10 },
};

static const enum style weight_styles[] = {
	[TRACE_CALM] = STYLE_PLAIN,
	[TRACE_NOTABLE] = STYLE_STRONG,
	[TRACE_ALARM] = STYLE_BAD,
};

static void add_event(struct page *page, const struct site *site, const struct model_event *event,
		      uint64_t number)
{
	struct names *names = names_for(site, page, number);
	struct grid *grid = &page->grid;
	char local[ENDPOINT_TEXT_LEN], remote[ENDPOINT_TEXT_LEN], owner[OWNER_TEXT_LEN];
	char clock[TIME_TEXT_LEN];
	struct trace_line line;

	if (!grid_add(grid, number))
		return;
	trace_line_init(&line, event);
	grid_last(grid)->style = weight_styles[line.weight];
	text_clock(event->ts_ns + (uint64_t)site->opts.realtime_offset_ns, clock);
	grid_text(grid, COLUMN_TIME, clock);
	grid_text(grid, COLUMN_EVENT, line.event);
	grid_text(grid, COLUMN_DETAIL, *line.detail ? line.detail : " ");
	if (!event->conn)
		return;
	grid_text(grid, COLUMN_OWNER, conn_owner_text(event->conn, owner));
	grid_text(grid, COLUMN_LOCAL, conn_local_text(event->conn, local));
	grid_text(grid, COLUMN_ARROW, trace_arrow(event->conn->direction));
	grid_text(grid, COLUMN_REMOTE, conn_remote_text(event->conn, names, remote));
}

static void open_events(struct page *page)
{
	grid_init(&page->grid, columns, NR_COLUMNS, GRID_UNSORTED);
	page->grid.fixed = page->grid.follow = true;
}

static void build_events(struct page *page, const struct site *site, const struct model *model)
{
	const struct events *events = site->events;

	(void)model;
	for (uint64_t i = events_first(events); i < events->count; i++) {
		const struct model_event *event = &events->kept[i % EVENTS_KEPT].event;

		if (!site->opts.kinds || site->opts.kinds >> event->kind & 1)
			add_event(page, site, event, i);
	}
}

static const char *no_events(const struct site *site, const struct model *model)
{
	(void)site;
	(void)model;
	return "Nothing has happened so far.";
}

static void print_event(struct page *page, const struct site *site, const struct model *model,
			FILE *out)
{
	char local[ENDPOINT_TEXT_LEN], remote[ENDPOINT_TEXT_LEN], owner[OWNER_TEXT_LEN];
	const struct kept_event *kept = events_at(site->events, page->subject);
	char time[TIME_TEXT_LEN];
	struct trace_line line;

	(void)model;
	if (!kept) {
		fputs("Others have taken its place.\n", out);
		return;
	}
	trace_line_init(&line, &kept->event);
	text_clock(kept->event.ts_ns + (uint64_t)site->opts.realtime_offset_ns, time);
	fprintf(out, "%s  %s\n", time, line.event);
	if (*line.detail)
		fprintf(out, "  %s\n", line.detail);
	if (!kept->event.conn)
		return;
	fprintf(out, "  owner   %s\n", conn_owner_text(&kept->conn, owner));
	fprintf(out, "  local   %s\n", conn_local_text(&kept->conn, local));
	fprintf(out, "  remote  %s\n", conn_remote_text(&kept->conn, site->opts.names, remote));
}

const struct page_ops events_page = {
	.name = "events",
	.open = open_events,
	.build = build_events,
	.details = &event_page,
	.empty = no_events,
};

const struct page_ops event_page = {
	.name = "event",
	.print = print_event,
};
