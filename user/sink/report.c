// SPDX-License-Identifier: GPL-2.0-or-later
/* `report`: what every command would say of recordings, as one document. */
#include <string.h>

#include "sink/common.h"
#include "sink/document.h"
#include "sink/part.h"
#include "sink/ports.h"
#include "sink/recordings.h"
#include "sink/summary.h"

/* The sockets that were open longest; `list -i` has all of them. */
#define DEFAULT_LIMIT 10
/* Of tables in a file: it is to be read, not cut to a terminal. */
#define FILE_WIDTH 120

static bool is_open(const struct conn_view *conn)
{
	return !conn->minisock && conn->state != TW_LISTEN && conn->state != TW_CLOSE;
}

static struct sink_opts limited(const struct sink_opts *opts)
{
	struct sink_opts copy = *opts;

	if (!copy.limit)
		copy.limit = DEFAULT_LIMIT;
	return copy;
}

static void print_open(const struct model *model, const struct sink_opts *opts)
{
	struct sink_opts few = limited(opts);

	list_print(model, &few, is_open);
}

static struct json *open_document(const struct model *model, const struct sink_opts *opts)
{
	struct sink_opts few = limited(opts);

	return list_document(model, &few, is_open);
}

static struct json *top_document(const struct model *model, const struct sink_opts *opts)
{
	return document_new(model, opts, NULL, span_whole(model));
}

static struct json *leaks_section(const struct model *model, const struct sink_opts *opts)
{
	return leaks_document(model, opts, NULL);
}

static struct json *ports_section(const struct model *model, const struct sink_opts *opts)
{
	return ports_document(model, opts, NULL);
}

static const struct part sections[] = {
	{ "top", "Connections", top_print, top_document, NULL },
	{ "open", "Open at the end, the longest first", print_open, open_document, NULL },
	{ "ports", "Ports and failures", ports_print, ports_section, NULL },
	{ "leaks", "Leaks", leaks_print, leaks_section, NULL },
};

#define NR_SECTIONS (sizeof(sections) / sizeof(sections[0]))

static void print_heading(const struct sink_opts *opts, const char *heading)
{
	static const char line[] = "------------------------------------------------------------";

	fprintf(opts->out, "%s%s%s\n%.*s\n", opts->terminal ? "\033[1m" : "", heading,
		opts->terminal ? "\033[0m" : "", (int)strlen(heading), line);
}

static void print_part(const struct part *part, const struct model *model,
		       const struct sink_opts *opts)
{
	putc('\n', opts->out);
	print_heading(opts, part->heading);
	part->print(model, opts);
}

static void report_text_end(struct sink *sink, const struct model *model)
{
	if (!sink->opts.width)
		sink->opts.width = FILE_WIDTH;
	print_heading(&sink->opts, "Recordings");
	recordings_print(&sink->opts);
	summary_print_loss(model, sink->opts.out);
	for (size_t i = 0; i < NR_SECTIONS; i++)
		print_part(&sections[i], model, &sink->opts);
	if (sink->opts.extra)
		print_part(sink->opts.extra, model, &sink->opts);
	fflush(sink->opts.out);
}

static void report_json_end(struct sink *sink, const struct model *model)
{
	struct json *json = json_object();

	json_add(json, "recordings", recordings_json(&sink->opts));
	for (size_t i = 0; i < NR_SECTIONS; i++)
		json_add(json, sections[i].key, sections[i].document(model, &sink->opts));
	if (sink->opts.extra)
		json_add(json, sink->opts.extra->key,
			 sink->opts.extra->document(model, &sink->opts));
	json_write_pretty(json, sink->opts.out);
	json_free(json);
	fflush(sink->opts.out);
}

const struct sink_ops report_text_sink = {
	.name = "text",
	.open = sink_open,
	.end = report_text_end,
	.free = sink_free,
};

const struct sink_ops report_json_sink = {
	.name = "json",
	.open = sink_open,
	.end = report_json_end,
	.free = sink_free,
};
