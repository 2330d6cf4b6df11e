/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flame as one page that needs nothing else, not even scripts to be read: its data
 * (flame_data.c), what draws them (flame_page.js and others), and a table. The policy in it
 * lets nothing run but what is named by its digest here.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/stream.h"
#include "flame_html_parts.h"
#include "sink/flame.h"
#include "sink/flame_data.h"
#include "sink/flame_shape.h"
#include "sink/flame_words.h"

#define MOST_ROWS 30	/* of the table */

static void write_element(const char *begin, const char *text, const char *end, FILE *out)
{
	if (!text)
		return;
	fputs(begin, out);
	markup_text(text, out);
	fputs(end, out);
}

static void write_begin(const struct flame *flame, const struct flame_words *words, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src '" FLAME_HTML_STYLE_DIGEST "'; script-src '" FLAME_HTML_SCRIPT_DIGEST
	      "'; base-uri 'none'; form-action 'none'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n"
	      "<meta name=\"generator\" content=\"twtrace\">\n",
	      out);
	write_element("<title>", words->title ? words->title : "twtrace", "</title>\n", out);
	fputs("<style>" FLAME_HTML_STYLE "</style>\n</head>\n<body>\n<header>\n", out);
	write_element("<h1 id=\"title\">", words->title, "</h1>\n", out);
	write_element("<p id=\"total\">", words->by, "</p>\n", out);
	write_element("<p>", words->window, "</p>\n", out);
	write_element("<p>", words->base, "</p>\n", out);
	write_element("<p>", words->hint, "</p>\n", out);
	write_element("<p class=\"caveat\">", flame->head.caveat, "</p>\n", out);
	fputs("</header>\n", out);
}

/* ------------------------------------------------------------------- without scripts */

struct table {
	const struct flame *flame;
	struct flame_shape shape;
	uint32_t *rows;		/* nodes that have something of their own; owned */
	uint32_t count;
};

static uint64_t larger_own(const struct shape_node *node)
{
	uint64_t now = node->own[FLAME_NOW], base = node->own[FLAME_BASE];

	return now > base ? now : base;
}

static int by_size(const void *left, const void *right, void *ctx)
{
	const struct shape_node *nodes = ctx;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	uint64_t most[2] = { larger_own(&nodes[a]), larger_own(&nodes[b]) };

	if (most[0] != most[1])
		return most[0] > most[1] ? -1 : 1;
	return a < b ? -1 : 1;
}

static int table_init(struct table *table, const struct flame *flame)
{
	*table = (struct table){ .flame = flame };
	if (flame_shape_init(&table->shape, flame))
		return -ENOMEM;
	table->rows = malloc(flame->count * sizeof(*table->rows));
	if (!table->rows)
		return -ENOMEM;
	for (uint32_t id = 0; id < flame->count; id++)
		if (table->shape.nodes[id].shown && (table->shape.nodes[id].own[FLAME_NOW] ||
						     table->shape.nodes[id].own[FLAME_BASE]))
			table->rows[table->count++] = id;
	qsort_r(table->rows, table->count, sizeof(*table->rows), by_size, table->shape.nodes);
	return 0;
}

static void table_release(struct table *table)
{
	flame_shape_release(&table->shape);
	free(table->rows);
}

static void write_stack(const struct flame *flame, uint32_t id, FILE *out)
{
	const struct flame_node *node = &flame->nodes[id];
	char name[FLAME_NAME_LEN];

	if (node->parent != FLAME_NONE && node->parent != FLAME_ROOT) {
		write_stack(flame, node->parent, out);
		fputs(" \xe2\x80\xba ", out);
	}
	markup_text(flame_name(node, name), out);
}

static void write_row(const struct table *table, uint32_t id, FILE *out)
{
	const struct flame *flame = table->flame;
	enum flame_weight weight = flame->head.weight;
	const uint64_t *own = table->shape.nodes[id].own;
	uint64_t all = flame->nodes[FLAME_ROOT].total[FLAME_NOW][weight];
	char text[TEXT_LEN], share[FLAME_SHARE_LEN];

	fprintf(out, "<tr><td>%s</td><td>%s</td>", flame_value_text(weight, own[FLAME_NOW], text),
		flame_share_text(own[FLAME_NOW], all, share));
	if (flame->head.base_name)
		fprintf(out, "<td>%s</td>", flame_value_text(weight, own[FLAME_BASE], text));
	fputs("<th scope=\"row\">", out);
	write_stack(flame, id, out);
	fputs("</th></tr>\n", out);
}

static void write_plain(const struct flame *flame, FILE *out)
{
	bool compared = flame->head.base_name;
	char all[TEXT_LEN];
	struct table table;

	fputs("<noscript>\n", out);
	if (table_init(&table, flame)) {
		fputs("<p>There was no memory for the table.</p>\n", out);
	} else if (!table.count) {
		fprintf(out, "<p>There was nothing to draw: no %s in this window.</p>\n",
			flame_weight_label(flame->head.weight));
	} else {
		fprintf(out,
			"<p>The picture needs scripts. Without them, these are the largest of %s"
			" stacks:</p>\n<table>\n<thead><tr><th>%s</th><th>Share</th>%s"
			"<th>Stack</th></tr></thead>\n<tbody>\n",
			text_count(table.count, all), compared ? "Now" : "Own",
			compared ? "<th>Base</th>" : "");
		for (uint32_t i = 0; i < table.count && i < MOST_ROWS; i++)
			write_row(&table, table.rows[i], out);
		fputs("</tbody>\n</table>\n", out);
	}
	table_release(&table);
	fputs("</noscript>\n", out);
}

/* ------------------------------------------------------------------------ with scripts */

static const char page[] =
	"<main id=\"page\" hidden>\n"
	"<div class=\"bar\">\n"
	"<label>Weight <select id=\"weight\"></select></label>\n"
	"<label id=\"color-choice\">Colour <select id=\"color\"><option value=\"state\">by state"
	"</option><option value=\"service\">by service</option></select></label>\n"
	"<input id=\"search\" type=\"search\" placeholder=\"Search (/)\""
	" aria-label=\"Search: a regular expression, or text\">\n"
	"<label><input id=\"only\" type=\"checkbox\"> only what matches</label>\n"
	"<button id=\"reset\" type=\"button\" title=\"Show all (Escape)\">Reset</button>\n"
	"<output id=\"matched\"></output>\n"
	"</div>\n"
	"<div class=\"bar\"><span id=\"by-label\">Frames</span>\n"
	"<ol id=\"by\" aria-labelledby=\"by-label\"></ol></div>\n"
	"<div id=\"legend\" class=\"legend\"></div>\n"
	"<p id=\"name\" class=\"name\"></p>\n"
	"<p id=\"figures\"></p>\n"
	"<p id=\"nothing\" hidden></p>\n"
	"<svg id=\"picture\"><defs><pattern id=\"hatch\" width=\"6\" height=\"6\""
	" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
	"<rect class=\"hatch-ground\" width=\"6\" height=\"6\"/>"
	"<rect class=\"hatch-line\" width=\"2\" height=\"6\"/></pattern></defs>"
	"<g id=\"frames\" role=\"tree\" aria-label=\"Flame graph\"></g></svg>\n"
	"<table id=\"table\"><thead></thead><tbody></tbody></table>\n"
	"<p id=\"more\"></p>\n"
	"</main>\n";

void flame_html_write(const struct flame *flame, FILE *out)
{
	struct flame_words words;

	if (flame_words_init(&words, flame))
		stream_fail(out, ENOMEM);
	write_begin(flame, &words, out);
	flame_words_release(&words);
	write_plain(flame, out);
	fputs(page, out);
	fputs("<script type=\"application/json\" id=\"data\">", out);
	if (flame_data_write(flame, out))
		stream_fail(out, ENOMEM);
	fputs("</script>\n<script>" FLAME_HTML_SCRIPT "</script>\n</body>\n</html>\n", out);
}
