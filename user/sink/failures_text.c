// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of failures: how often, what, who, where to, and what held the port. */
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "base/wrap.h"
#include "sink/common.h"
#include "sink/conn_text.h"
#include "sink/holder_text.h"
#include "sink/ports.h"

#define LINE_LEN 1024

enum column {
	COLUMN_COUNT,
	COLUMN_CALL,
	COLUMN_ERROR,
	COLUMN_WHO,
	COLUMN_WHERE,
	NR_COLUMNS,
};

static const struct table_column columns[NR_COLUMNS] = {
	[COLUMN_COUNT] = { .heading = "FAILED", .right = true },
	[COLUMN_CALL] = { .heading = "CALL" },
	[COLUMN_ERROR] = { .heading = "ERROR" },
	[COLUMN_WHO] = { .heading = "WHO", .max_width = 40 },
	[COLUMN_WHERE] = { .heading = "WHERE" },
};

const char *failure_where_text(const struct failure *failure, struct names *names,
			       char text[static FAILURE_WHERE_LEN])
{
	struct conn_view view = { .local_port = failure->local_port,
				  .remote_port = failure->remote_port };
	char local[ENDPOINT_TEXT_LEN], remote[ENDPOINT_TEXT_LEN];

	memcpy(view.local_addr, failure->local_addr, ADDR_LEN);
	memcpy(view.remote_addr, failure->remote_addr, ADDR_LEN);
	conn_local_text(&view, local);
	conn_remote_text(&view, names, remote);
	/* rows that differ in nothing else */
	if (failure->kind != FAILURE_CONNECT)
		snprintf(text, FAILURE_WHERE_LEN, "%s%s", local,
			 failure->reuse == REUSE_YES ? ", SO_REUSEADDR" : "");
	else if (failure->local_port)
		snprintf(text, FAILURE_WHERE_LEN, "%s -> %s", local, remote);
	else
		snprintf(text, FAILURE_WHERE_LEN, "-> %s", remote);
	return text;
}

static void add_row(struct table *table, const struct failure *failure,
		    const struct sink_opts *opts)
{
	struct conn_view view = { .pid = failure->pid,
				  .comm = failure->comm,
				  .service = failure->service };
	char number[TEXT_LEN], owner[OWNER_TEXT_LEN], where[FAILURE_WHERE_LEN];
	const char *error = text_errno(failure->error);

	table_cell(table, "%s", text_count(failure->count, number));
	table_cell(table, "%s%s", failure_kind_name(failure->kind),
		   failure->inferred ? " (inferred)" : "");
	table_cell(table, "%s", error ? error : "-");
	table_cell(table, "%s", conn_owner_text(&view, owner));
	table_cell(table, "%s", failure_where_text(failure, opts->names, where));
}

/* What a table has no room for: what was in the way, and what would help. */
void failure_explain(const struct failure *failure, const struct sink_opts *opts)
{
	char holder[HOLDER_TEXT_LEN], advice[ADVICE_LEN], port[ENDPOINT_TEXT_LEN] = "";
	char line[LINE_LEN];
	const char *error = text_errno(failure->error), *reuse = "";

	holder_text(&failure->holder, holder);
	failure_advice(failure, advice);
	if (!*holder && !*advice)
		return;
	if (failure->local_port)
		endpoint_format(failure->local_addr, failure->local_port, port);
	if (failure->kind != FAILURE_CONNECT && failure->reuse != REUSE_UNKNOWN)
		reuse = failure->reuse == REUSE_YES ? " with SO_REUSEADDR" :
						      " without SO_REUSEADDR";
	snprintf(line, sizeof(line), "%s %s%s%s%s%s%s", failure_kind_name(failure->kind),
		 error ? error : "failed", *port ? ", " : "", port, reuse,
		 *holder ? ": held by " : "", holder);
	fputs("  ", opts->out);
	print_wrapped(opts->out, wrap_width(opts), 2, line);
	if (!*advice)
		return;
	snprintf(line, sizeof(line), "what helps: %s", advice);
	fputs("    ", opts->out);
	print_wrapped(opts->out, wrap_width(opts), 4, line);
}

void failures_print(const struct model *model, const struct sink_opts *opts, uint32_t limit)
{
	const struct failure *failures;
	size_t count = model_failures(model, &failures);
	uint64_t left_out = model_failures_left_out(model);
	struct table *table;
	char number[TEXT_LEN];
	FILE *out = opts->out;

	if (!count)
		return;
	table = table_new(columns, NR_COLUMNS);
	putc('\n', out);
	for (size_t i = 0; i < count && i < limit; i++)
		add_row(table, &failures[i], opts);
	table_print(table, out, opts->terminal);
	table_free(table);
	if (count > limit)
		fprintf(out, "(%zu more; --limit shows them)\n", count - limit);
	for (size_t i = 0; i < count && i < limit; i++)
		failure_explain(&failures[i], opts);
	if (left_out)
		fprintf(out, "not told apart: %s failures more\n", text_count(left_out, number));
}

static bool is_alike(const struct failure *one, const struct failure *other)
{
	return one->kind == other->kind && one->error == other->error;
}

void failures_print_sum(const struct model *model, FILE *out)
{
	const struct failure *failures;
	size_t count = model_failures(model, &failures);
	char number[TEXT_LEN];

	for (size_t i = 0; i < count; i++) {
		const char *error = text_errno(failures[i].error);
		uint64_t sum = 0;
		bool told = false;

		for (size_t j = 0; j < i && !told; j++)
			told = is_alike(&failures[i], &failures[j]);
		if (told)
			continue;
		for (size_t j = i; j < count; j++)
			sum += is_alike(&failures[i], &failures[j]) ? failures[j].count : 0;
		fprintf(out, "%s%s %s %s", i ? ", " : "\nfailed     ", text_count(sum, number),
			failure_kind_name(failures[i].kind), error ? error : "(unknown)");
	}
	if (count)
		fputs("  (twtrace ports: whose, and why)\n", out);
}
