// SPDX-License-Identifier: GPL-2.0-or-later
/* The connections of a place, and all that is known of one of them. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "screen/id.h"
#include "screen/page.h"
#include "sink/conn_text.h"
#include "sink/list.h"

/* Who wants more has `list`: here they are looked through by eye. */
#define MOST_CONNS 1000

enum column {
	COLUMN_STATE,
	COLUMN_AGE,
	COLUMN_LEFT,
	COLUMN_LOCAL,
	COLUMN_REMOTE,
	COLUMN_DIR,
	COLUMN_SERVICE,
	COLUMN_PROCESS,
	COLUMN_HOLDERS,
	COLUMN_NETNS,
	NR_COLUMNS,
};

static const struct grid_column columns[NR_COLUMNS] = {
	[COLUMN_STATE] = { .heading = "STATE", .styled = true },
	[COLUMN_AGE] = { .heading = "AGE", .right = true, .greatest = true },
	[COLUMN_LEFT] = { .heading = "LEFT", .right = true, .rank = 2, .figure = figure_duration },
	[COLUMN_LOCAL] = { .heading = "LOCAL", .rank = 4 },
	[COLUMN_REMOTE] = { .heading = "REMOTE", .rank = 1 },
	[COLUMN_DIR] = { .heading = "DIR", .rank = 7 },
	[COLUMN_SERVICE] = { .heading = "SERVICE", .rank = 5, .most = 32, .narrow = 16 },
	[COLUMN_PROCESS] = { .heading = "PROCESS", .rank = 3, .most = 32, .narrow = 20 },
	[COLUMN_HOLDERS] = { .heading = "HOLDERS",
			     .right = true,
			     .rank = 6,
			     .figure = figure_count },
	[COLUMN_NETNS] = { .heading = "NETNS", .right = true, .rank = 8 },
};

/* What is kept of more than there is room for is the beginning of the same order. */
static const enum list_sort sorts[NR_COLUMNS] = {
	[COLUMN_STATE] = LIST_SORT_STATE,     [COLUMN_AGE] = LIST_SORT_AGE,
	[COLUMN_LEFT] = LIST_SORT_LEFT,	      [COLUMN_LOCAL] = LIST_SORT_LOCAL,
	[COLUMN_REMOTE] = LIST_SORT_REMOTE,   [COLUMN_DIR] = LIST_SORT_AGE,
	[COLUMN_SERVICE] = LIST_SORT_SERVICE, [COLUMN_PROCESS] = LIST_SORT_PID,
	[COLUMN_HOLDERS] = LIST_SORT_AGE,     [COLUMN_NETNS] = LIST_SORT_AGE,
};

static uint64_t conn_id(const struct conn_view *conn)
{
	/* cookies of several recordings may be the same */
	return id_bytes(id_number(ID_BEGIN, conn->cookie), conn->local_addr,
			sizeof(conn->local_addr));
}

static bool is_of_place(void *ctx, const struct conn_view *conn)
{
	const struct page *page = ctx;
	uint16_t port = service_port(conn->direction, conn->local_port, conn->remote_port);

	if (conn->state == TW_LISTEN)
		return false;
	return place_id(page->subject_of, conn->service, port, direction_role(conn->direction),
			conn->remote_addr) == page->subject;
}

static enum style state_style(uint8_t state)
{
	switch (state) {
	case TW_CLOSE_WAIT:
		return STYLE_WARN;
	case TW_TIME_WAIT:
		return STYLE_DIM;
	default:
		return STYLE_PLAIN;
	}
}

static void add_times(struct grid *grid, const struct conn_view *conn, const struct model *model)
{
	char text[TEXT_LEN], bound[TEXT_LEN + 1];
	uint64_t ns;

	if (list_age(conn, model, &ns)) {
		/* where its begin was not seen it is a bound */
		snprintf(bound, sizeof(bound), "%s%s", conn->since_bound ? ">" : "",
			 text_duration(ns, text));
		grid_text(grid, COLUMN_AGE, bound);
		grid_figure(grid, COLUMN_AGE, (double)ns);
	}
	if (list_left(conn, model, &ns))
		grid_figure(grid, COLUMN_LEFT, (double)ns);
}

static const char *const directions[] = {
	[DIRECTION_UNKNOWN] = "-",
	[DIRECTION_OUTGOING] = "out",
	[DIRECTION_INCOMING] = "in",
};

static void add_conn(struct page *page, const struct site *site, const struct conn_view *conn,
		     const struct model *model)
{
	struct names *names = names_for(site, page, conn_id(conn));
	struct grid *grid = &page->grid;
	char text[ENDPOINT_TEXT_LEN], process[PROCESS_TEXT_LEN], netns[TEXT_LEN];

	if (!grid_add(grid, conn_id(conn)))
		return;
	grid_last(grid)->style = state_style(conn->state);
	grid_text(grid, COLUMN_STATE, state_name(conn->state));
	add_times(grid, conn, model);
	grid_text(grid, COLUMN_LOCAL, conn_local_text(conn, text));
	grid_text(grid, COLUMN_REMOTE, conn_remote_text(conn, names, text));
	grid_text(grid, COLUMN_DIR, directions[conn->direction]);
	grid_text(grid, COLUMN_SERVICE, conn->service ? conn->service : "-");
	grid_text(grid, COLUMN_PROCESS, conn_process_text(conn, process));
	if (conn->nr_holders && !conn->minisock)
		grid_figure(grid, COLUMN_HOLDERS, conn->nr_holders);
	snprintf(netns, sizeof(netns), "%u", conn->netns_ino);
	grid_text(grid, COLUMN_NETNS, netns);
}

static void open_conns(struct page *page)
{
	grid_init(&page->grid, columns, NR_COLUMNS, COLUMN_AGE);
}

static void build_conns(struct page *page, const struct site *site, const struct model *model)
{
	char number[TEXT_LEN];
	struct list list;

	list_init_where(&list, model, sorts[page->grid.sort], MOST_CONNS, is_of_place, page);
	page->grid.hidden = list.several_netns ? 0 : 1ULL << COLUMN_NETNS;
	for (size_t i = 0; i < list.count; i++)
		add_conn(page, site, list.items[i], model);
	if (list.count < list.total)
		snprintf(page->note, sizeof(page->note), "%s more (twtrace list shows all)",
			 text_count(list.total - list.count, number));
	page->grid.short_of_memory |= list.short_of_memory;
	list_release(&list);
}

static const char *no_conns(const struct site *site, const struct model *model)
{
	(void)site;
	(void)model;
	return "None is there now.";
}

const struct page_ops conns_page = {
	.name = "connections",
	.open = open_conns,
	.build = build_conns,
	.details = &conn_page,
	.empty = no_conns,
};

static bool is_subject(void *ctx, const struct conn_view *conn)
{
	return conn_id(conn) == ((const struct page *)ctx)->subject;
}

static void print_times(const struct conn_view *conn, const struct model *model, FILE *out)
{
	char text[TEXT_LEN];
	uint64_t ns;

	fprintf(out, "state      %s%s", state_name(conn->state),
		conn->minisock ? ", which no process holds any more" : "");
	if (list_age(conn, model, &ns))
		fprintf(out, ", for %s%s", conn->since_bound ? "at least " : "",
			text_duration(ns, text));
	putc('\n', out);
	if (list_left(conn, model, &ns))
		fprintf(out, "time left  %s\n", text_duration(ns, text));
}

static void print_holders(const struct conn_view *conn, FILE *out)
{
	/* those of a minisock had it while it was a socket */
	for (uint32_t i = 0; i < conn->nr_holders && !conn->minisock; i++) {
		const struct holder *holder = &conn->holders[i];

		fprintf(out, "%-11s%s", i ? "" : "holders", holder->comm);
		if (holder->pid != PID_UNKNOWN)
			fprintf(out, "[%u]", holder->pid);
		fprintf(out, ", %u descriptor%s\n", holder->fds, holder->fds == 1 ? "" : "s");
	}
}

static void print_conn(struct page *page, const struct site *site, const struct model *model,
		       FILE *out)
{
	char local[ENDPOINT_TEXT_LEN], remote[ENDPOINT_TEXT_LEN], process[PROCESS_TEXT_LEN];
	const struct conn_view *conn;
	struct list list;

	list_init_where(&list, model, LIST_SORT_AGE, 1, is_subject, page);
	if (!list.count) {
		fputs("It has ended since.\n", out);
		list_release(&list);
		return;
	}
	conn = list.items[0];
	fprintf(out, "local      %s\n", conn_local_text(conn, local));
	fprintf(out, "remote     %s\n", conn_remote_text(conn, site->opts.names, remote));
	print_times(conn, model, out);
	fprintf(out, "direction  %s\n",
		conn->direction ? direction_name(conn->direction) : "not known");
	fprintf(out, "service    %s\n", conn->service ? conn->service : "not known");
	fprintf(out, "process    %s\n", conn_process_text(conn, process));
	print_holders(conn, out);
	if (conn->cgroup)
		fprintf(out, "cgroup     %s\n", conn->cgroup);
	fprintf(out, "namespace  %u\n", conn->netns_ino);
	list_release(&list);
}

const struct page_ops conn_page = {
	.name = "connection",
	.print = print_conn,
};
