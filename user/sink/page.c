// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The web page. Its parts come from user/web and from Debian's Chart.js, as literals; the
 * policy lets nothing run but them.
 */
#include "sink/page.h"

#include <errno.h>
#include <stdlib.h>

#include "base/stream.h"
#include "page_parts.h"
#include "sink/common.h"
#include "sink/document.h"
#include "sink/part.h"
#include "sink/ports.h"
#include "sink/recordings.h"

#define POLICY                                                                        \
	"default-src 'none'; script-src '" PAGE_CHART_DIGEST "' '" PAGE_SCRIPT_DIGEST \
	"'; style-src '" PAGE_STYLE_DIGEST "'; img-src data:; base-uri 'none'; form-action 'none'"

/* Of connections in a file, those that have been in their state longest. */
#define DEFAULT_LIMIT 1000

const char *page_policy(void)
{
	return POLICY "; connect-src 'self'; frame-ancestors 'none'";
}

static void write_begin(const char *more, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
	fputs(more, out);
	fputs("<style>" PAGE_STYLE "</style>\n" PAGE_BODY, out);
}

static void write_end(FILE *out)
{
	fputs("<script>" PAGE_CHART "</script>\n<script>" PAGE_SCRIPT
	      "</script>\n</body>\n</html>\n",
	      out);
}

void page_write(FILE *out)
{
	write_begin("", out);
	write_end(out);
}

/* ------------------------------------------------------------------------------ as a file */

static struct json *top_document(const struct model *model, const struct sink_opts *opts)
{
	return document_new(model, opts, NULL, span_whole(model));
}

static struct json *sockets_document(const struct model *model, const struct sink_opts *opts)
{
	struct sink_opts few = *opts;

	if (!few.limit)
		few.limit = DEFAULT_LIMIT;
	return list_document(model, &few, NULL);
}

static struct json *verdicts_document(const struct model *model, const struct sink_opts *opts)
{
	return leaks_document(model, opts, NULL);
}

static struct json *budgets_document(const struct model *model, const struct sink_opts *opts)
{
	return ports_document(model, opts, NULL);
}

/* By the names that the page asks a server for. */
static const struct {
	const char *name;
	struct json *(*document)(const struct model *model, const struct sink_opts *opts);
} documents[] = {
	{ "top", top_document },	 { "list", sockets_document },
	{ "leaks", verdicts_document },	 { "ports", budgets_document },
	{ "history", history_document }, { "flame", flame_document },
};

/* In a <script> nothing but '<' can end it, or begin a comment; in JSON that is in strings only. */
static void write_within_script(const char *text, FILE *out)
{
	for (; *text; text++)
		if (*text == '<')
			fputs("\\u003c", out);
		else
			fputc(*text, out);
}

static void write_json(const struct json *json, FILE *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = stream_memory(&text, &len);

	if (memory)
		json_write_line(json, memory);
	if (!memory || fflush(memory) || ferror(memory))
		stream_fail(out, ENOMEM);
	else
		write_within_script(text, out);
	if (memory)
		fclose(memory);
	free(text);
}

static struct json *all_documents(const struct model *model, const struct sink_opts *opts)
{
	struct json *json = json_object();

	json_add(json, "recordings", recordings_json(opts));
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		json_add(json, documents[i].name, documents[i].document(model, opts));
	if (opts->extra)
		json_add(json, opts->extra->key, opts->extra->document(model, opts));
	return json;
}

static void report_html_end(struct sink *sink, const struct model *model)
{
	static const char policy[] =
		"<meta http-equiv=\"Content-Security-Policy\" content=\"" POLICY "\">\n";
	struct json *json = all_documents(model, &sink->opts);
	FILE *out = sink->opts.out;

	write_begin(policy, out);
	fputs("<script type=\"application/json\" id=\"documents\">", out);
	write_json(json, out);
	fputs("</script>\n", out);
	write_end(out);
	json_free(json);
	fflush(out);
}

const struct sink_ops report_html_sink = {
	.name = "html",
	.open = sink_open,
	.end = report_html_end,
	.free = sink_free,
};
