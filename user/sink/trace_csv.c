/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `trace -o csv`: a row for every event, the same columns for all kinds, unknown
 * values empty. Quoted as in RFC 4180, but lines end with a bare newline.
 *
 * Names come from strangers and the file is opened in spreadsheets, which run
 * what looks like a formula: such a cell gets an apostrophe in front.
 */
#include <inttypes.h>
#include <string.h>

#include "model/ports.h"
#include "sink/common.h"
#include "sink/event_field.h"

struct row_writer {
	FILE *out;
	bool started;
};

/* In some languages spreadsheets take the wide forms, too. */
static bool begins_formula(const char *text)
{
	static const char *const signs[] = {
		"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"
	};

	text += strspn(text, " \"");
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (!strncmp(text, signs[i], strlen(signs[i])))
			return true;
	return false;
}

/* A semicolon is where the next cell begins to those whose comma is a decimal one. */
static void put_text(FILE *out, const char *text, bool foreign)
{
	bool quoted = strpbrk(text, ",\"\r\n");

	if (quoted)
		putc('"', out);
	for (const char *at = text; *at; at++) {
		if (foreign && (at == text || at[-1] == ';') && begins_formula(at))
			putc('\'', out);
		if (*at == '"')
			putc('"', out);
		putc(*at, out);
	}
	if (quoted)
		putc('"', out);
}

/* From integers, because printf's decimal point depends on the locale. */
static void put_decimal(FILE *out, double decimal)
{
	uint64_t thousandths = (uint64_t)(decimal * 1000 + 0.5);

	fprintf(out, "%" PRIu64 ".%03" PRIu64, thousandths / 1000, thousandths % 1000);
}

static void put_separator(struct row_writer *writer)
{
	if (writer->started)
		putc(',', writer->out);
	writer->started = true;
}

static void put_heading(void *ctx, const char *name, const struct value *value, bool has)
{
	struct row_writer *writer = ctx;

	(void)value;
	(void)has;
	put_separator(writer);
	put_text(writer->out, name, false);
}

static void put_cell(void *ctx, const char *name, const struct value *value, bool has)
{
	struct row_writer *writer = ctx;

	(void)name;
	put_separator(writer);
	if (!has)
		return;
	switch (value->type) {
	case VALUE_NULL:
		break;
	case VALUE_TEXT:
		put_text(writer->out, value->text, value->foreign);
		break;
	case VALUE_COUNT:
		fprintf(writer->out, "%" PRIu64, value->count);
		break;
	case VALUE_DECIMAL:
		put_decimal(writer->out, value->decimal);
		break;
	case VALUE_BOOL:
		fputs(value->truth ? "true" : "false", writer->out);
		break;
	}
}

/* The holder as one line: its kind, and who that is. */
static void each_holder_field(const struct model_event *event, event_field_fn fn, void *ctx)
{
	const struct port_holder *holder = event ? event->holder : NULL;
	struct value value;

	value_text(&value, holder ? port_holder_name(holder->kind) : NULL);
	fn(ctx, "holder", &value, true);
	value_foreign(&value, holder ? holder->service : NULL);
	fn(ctx, "holder_service", &value, true);
	value_nonzero(&value, holder ? holder->pid : PID_UNKNOWN);
	fn(ctx, "holder_pid", &value, true);
}

static struct sink *trace_csv_open(const struct sink_ops *ops, const struct sink_opts *opts)
{
	struct row_writer writer = { .out = opts->out };
	struct sink *sink = sink_new(ops, opts, sizeof(*sink));

	if (!sink)
		return NULL;
	event_each_field(NULL, opts, put_heading, &writer);
	each_holder_field(NULL, put_heading, &writer);
	putc('\n', opts->out);
	return sink;
}

static void trace_csv_event(struct sink *sink, const struct model_event *event)
{
	struct row_writer writer = { .out = sink->opts.out };

	if (!sink_wants(sink, event))
		return;
	event_each_field(event, &sink->opts, put_cell, &writer);
	each_holder_field(event, put_cell, &writer);
	putc('\n', sink->opts.out);
}

const struct sink_ops trace_csv_sink = {
	.name = "csv",
	.open = trace_csv_open,
	.event = trace_csv_event,
	.interval = sink_flush,
	.end = sink_flush,
	.free = sink_free,
};
