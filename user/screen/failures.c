// SPDX-License-Identifier: GPL-2.0-or-later
/* The tab of what failed, and what would have helped. */
#include <errno.h>
#include <string.h>

#include "model/ports.h"
#include "screen/id.h"
#include "screen/page.h"
#include "sink/conn_text.h"
#include "sink/ports.h"

enum column {
	COLUMN_COUNT,
	COLUMN_CALL,
	COLUMN_ERROR,
	COLUMN_WHO,
	COLUMN_WHERE,
	COLUMN_LAST,
	NR_COLUMNS,
};

static const struct grid_column columns[NR_COLUMNS] = {
	[COLUMN_COUNT] = { .heading = "FAILED", .right = true, .figure = figure_count },
	[COLUMN_CALL] = { .heading = "CALL", .rank = 1 },
	[COLUMN_ERROR] = { .heading = "ERROR", .styled = true },
	[COLUMN_WHO] = { .heading = "WHO", .most = 40, .narrow = 20 },
	[COLUMN_WHERE] = { .heading = "WHERE", .rank = 2, .most = 60, .narrow = 28 },
	[COLUMN_LAST] = { .heading = "LAST", .rank = 3, .greatest = true },
};

static uint64_t failure_id(const struct failure *failure)
{
	uint64_t id = id_number(id_number(ID_BEGIN, failure->kind), (uint64_t)failure->error);

	id = id_number(id_number(id, failure->netns_cookie), failure->source);
	id = id_number(id_text(id_text(id, failure->service), failure->comm), failure->pid);
	id = id_bytes(id, failure->local_addr, sizeof(failure->local_addr));
	id = id_bytes(id, failure->remote_addr, sizeof(failure->remote_addr));
	id = id_number(id_number(id, failure->local_port), failure->remote_port);
	return id_number(id_number(id, failure->reuse), failure->inferred);
}

static void add_failure(struct grid *grid, const struct site *site, const struct failure *failure)
{
	struct conn_view view = { .pid = failure->pid,
				  .comm = failure->comm,
				  .service = failure->service };
	const char *error = text_errno(failure->error);
	char owner[OWNER_TEXT_LEN], where[FAILURE_WHERE_LEN], clock[TIME_TEXT_LEN];

	if (!grid_add(grid, failure_id(failure)))
		return;
	/* a port that could not be had is what this is all about */
	grid_last(grid)->style = failure->error == EADDRNOTAVAIL ? STYLE_BAD : STYLE_WARN;
	grid_figure(grid, COLUMN_COUNT, (double)failure->count);
	snprintf(where, sizeof(where), "%s%s", failure_kind_name(failure->kind),
		 failure->inferred ? " (inferred)" : "");
	grid_text(grid, COLUMN_CALL, where);
	grid_text(grid, COLUMN_ERROR, error ? error : "-");
	grid_text(grid, COLUMN_WHO, conn_owner_text(&view, owner));
	grid_text(grid, COLUMN_WHERE, failure_where_text(failure, site->opts.names, where));
	grid_text(grid, COLUMN_LAST, site_clock(site, failure->last_ns, clock));
	grid_figure(grid, COLUMN_LAST, (double)failure->last_ns);
}

static void open_failures(struct page *page)
{
	grid_init(&page->grid, columns, NR_COLUMNS, COLUMN_COUNT);
}

static void build_failures(struct page *page, const struct site *site, const struct model *model)
{
	uint64_t left_out = model_failures_left_out(model);
	const struct failure *failures;
	size_t count = model_failures(model, &failures);
	char number[TEXT_LEN];

	for (size_t i = 0; i < count; i++)
		add_failure(&page->grid, site, &failures[i]);
	if (left_out)
		snprintf(page->note, sizeof(page->note), "not told apart: %s failures more",
			 text_count(left_out, number));
}

static const char *no_failures(const struct site *site, const struct model *model)
{
	(void)site;
	if (model_binds(model) == TW_BINDS_UNSEEN)
		return "No connect() has failed so far. bind() calls that fail are not seen: this "
		       "kernel lets no function be traced. --syscalls sees them.";
	return "Nothing has failed so far.";
}

static void print_failure(struct page *page, const struct site *site, const struct model *model,
			  FILE *out)
{
	struct sink_opts opts = site->opts;
	const struct failure *failures;
	size_t count = model_failures(model, &failures), at = 0;
	char number[TEXT_LEN], where[FAILURE_WHERE_LEN], owner[OWNER_TEXT_LEN];
	char first[TIME_TEXT_LEN], last[TIME_TEXT_LEN];
	const char *error;

	opts.out = out;
	while (at < count && failure_id(&failures[at]) != page->subject)
		at++;
	if (at == count) {
		fputs("It had to make room for others.\n", out);
		return;
	}
	error = text_errno(failures[at].error);
	fprintf(out, "%s %s %s  %s  %s\n", text_count(failures[at].count, number),
		failure_kind_name(failures[at].kind), error ? error : "failed",
		conn_owner_text(&(struct conn_view){ .pid = failures[at].pid,
						     .comm = failures[at].comm,
						     .service = failures[at].service },
				owner),
		failure_where_text(&failures[at], opts.names, where));
	fprintf(out, "  first at %s, last at %s\n", site_clock(site, failures[at].first_ns, first),
		site_clock(site, failures[at].last_ns, last));
	failure_explain(&failures[at], &opts);
}

const struct page_ops failures_page = {
	.name = "failures",
	.open = open_failures,
	.build = build_failures,
	.details = &failure_page,
	.empty = no_failures,
};

const struct page_ops failure_page = {
	.name = "failure",
	.print = print_failure,
};
