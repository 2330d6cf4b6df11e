/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `list` as text: a row a socket. AGE is the time in this state, ">" where its
 * begin was not seen; LEFT is what remains of a minisock's life.
 */
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "sink/common.h"
#include "sink/conn_text.h"
#include "sink/list.h"
#include "sink/part.h"

#define CELL_LEN 128

enum column {
	COLUMN_STATE,
	COLUMN_AGE,
	COLUMN_LEFT,
	COLUMN_LOCAL,
	COLUMN_REMOTE,
	COLUMN_DIR,
	COLUMN_SERVICE,
	COLUMN_PROCESS,
	COLUMN_NETNS,	/* the last one: left out where there is only one */
	NR_COLUMNS,
};

static const struct table_column columns[NR_COLUMNS] = {
	[COLUMN_STATE] = { .heading = "STATE" },
	[COLUMN_AGE] = { .heading = "AGE", .right = true },
	[COLUMN_LEFT] = { .heading = "LEFT", .right = true },
	[COLUMN_LOCAL] = { .heading = "LOCAL" },
	[COLUMN_REMOTE] = { .heading = "REMOTE" },
	[COLUMN_DIR] = { .heading = "DIR" },
	[COLUMN_SERVICE] = { .heading = "SERVICE", .max_width = 32 },
	[COLUMN_PROCESS] = { .heading = "PROCESS", .max_width = 32 },
	[COLUMN_NETNS] = { .heading = "NETNS", .right = true },
};

static const char *const directions[] = {
	[DIRECTION_UNKNOWN] = "-",
	[DIRECTION_OUTGOING] = "out",
	[DIRECTION_INCOMING] = "in",
};

static void add_age(struct table *table, const struct conn_view *conn, const struct model *model)
{
	char text[TEXT_LEN];
	uint64_t age_ns;

	if (list_age(conn, model, &age_ns))
		table_cell(table, "%s%s", conn->since_bound ? ">" : "",
			   text_duration(age_ns, text));
	else
		table_cell(table, "-");
}

static void add_left(struct table *table, const struct conn_view *conn, const struct model *model)
{
	char text[TEXT_LEN];
	uint64_t left_ns;

	table_cell(table, "%s",
		   list_left(conn, model, &left_ns) ? text_duration(left_ns, text) : "-");
}

static void add_process(struct table *table, const struct conn_view *conn)
{
	char process[PROCESS_TEXT_LEN];

	conn_process_text(conn, process);
	if (conn->nr_holders > 1)
		table_cell(table, "%s +%u", process, conn->nr_holders - 1);
	else
		table_cell(table, "%s", process);
}

static void add_row(struct table *table, const struct conn_view *conn, const struct model *model,
		    struct names *names, bool netns)
{
	char local[ENDPOINT_TEXT_LEN], remote[ENDPOINT_TEXT_LEN];

	table_cell(table, "%s", state_name(conn->state));
	add_age(table, conn, model);
	add_left(table, conn, model);
	table_cell(table, "%s", conn_local_text(conn, local));
	table_cell(table, "%s", conn_remote_text(conn, names, remote));
	table_cell(table, "%s", directions[conn->direction]);
	table_cell(table, "%s", conn->service ? conn->service : "-");
	add_process(table, conn);
	if (netns)
		table_cell(table, "%u", conn->netns_ino);
}

static void print_rows(const struct list *list, const struct sink_opts *opts,
		       const struct model *model)
{
	struct table *table = table_new(columns, list->several_netns ? NR_COLUMNS : COLUMN_NETNS);
	size_t i;

	for (i = 0; i < list->count; i++)
		add_row(table, list->items[i], model, opts->names, list->several_netns);
	table_print(table, opts->out, opts->terminal);
	table_free(table);
}

void list_print(const struct model *model, const struct sink_opts *opts, list_wants_fn wants)
{
	FILE *out = opts->out;
	char number[TEXT_LEN];
	struct list list;

	list_init(&list, model, opts, wants);
	if (list.total)
		print_rows(&list, opts, model);
	else
		fputs(wants ? "None.\n" : "No socket matches.\n", out);
	if (list.short_of_memory)
		fputs("Some are missing: out of memory.\n", out);
	else if (list.count < list.total)
		fprintf(out, "%s more (--limit)\n", text_count(list.total - list.count, number));
	list_release(&list);
}

static void list_text_end(struct sink *sink, const struct model *model)
{
	list_print(model, &sink->opts, NULL);
	fflush(sink->opts.out);
}

const struct sink_ops list_text_sink = {
	.name = "text",
	.open = sink_open,
	.end = list_text_end,
	.free = sink_free,
};
