/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flame as an SVG file: a drawing that says everything without scripts, and the viewer
 * (flame_view.js) where they run. The root is at the top.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/stream.h"
#include "flame_svg_parts.h"
#include "sink/flame.h"
#include "sink/flame_legend.h"
#include "sink/flame_shape.h"
#include "sink/flame_words.h"

/* In user units, as flame_view.js and flame_svg.js have them. */
#define PICTURE 1200
#define LEFT 10
#define WIDTH (PICTURE - 2 * LEFT)
#define ROW 18
#define GAP 0.8		/* between neighbours */
#define LEAST 0.3	/* narrower frames are not drawn */
#define COLUMN 7.44	/* of the frames' font: 0.62 em is more than any monospaced one takes */
#define MARGIN 4	/* of the text in its frame */

/* Columns of the header's lines that no usual font is too wide for. */
#define TITLE_COLUMNS 66
#define BESIDE_COLUMNS 115	/* the search box is beside them */
#define LINE_COLUMNS 155

struct drawing {
	const struct flame *flame;
	struct flame_shape shape;
	struct flame_legend legend;
	FILE *out;
	double top;		/* of the root's frame */
	uint32_t drawn;		/* frames so far */
	bool tones[NR_FLAME_TONES]; /* that are in the picture */
};

/* Of frame @id, and how many rows it has below. Sums up which tones there will be. */
static unsigned int survey(struct drawing *drawing, uint32_t id)
{
	const struct flame_node *nodes = drawing->flame->nodes;
	unsigned int rows = 0, below;

	drawing->tones[drawing->shape.nodes[id].tone] = true;
	for (uint32_t child = nodes[id].child; child != FLAME_NONE; child = nodes[child].next) {
		const struct shape_node *shape = &drawing->shape.nodes[child];

		if (!shape->shown || shape->size * WIDTH < LEAST)
			continue;
		below = survey(drawing, child);
		rows = below > rows ? below : rows;
	}
	return rows + 1;
}

/* ------------------------------------------------------------------------------- frames */

/* The tooltip, which is also what the viewer knows of the frame: a line for its name first. */
static void write_words(const struct drawing *drawing, uint32_t id)
{
	const struct flame *flame = drawing->flame;
	const struct flame_node *node = &flame->nodes[id];
	char name[FLAME_NAME_LEN];

	fputs("<title>", drawing->out);
	markup_text(flame_name(node, name), drawing->out);
	for (unsigned int i = 0; i < NR_FLAME_WEIGHTS; i++) {
		/* the one that is drawn comes first */
		enum flame_weight first = flame->head.weight;
		enum flame_weight weight = i == 0 ? first : i <= first ? i - 1 : i;

		if (weight != first && !node->total[FLAME_NOW][weight] &&
		    !node->total[FLAME_BASE][weight])
			continue;
		fprintf(drawing->out, "\n%s: ", flame_weight_label(weight));
		flame_figures_write(flame, id, weight, drawing->out);
	}
	if (node->frame < NR_FLAME_FRAMES)
		fprintf(drawing->out, "\n(%s)", flame_frame_name(node->frame));
	fputs("</title>", drawing->out);
}

static void write_label(const struct drawing *drawing, uint32_t id, double width)
{
	char name[FLAME_NAME_LEN];
	int columns = (int)((width - 2 * MARGIN) / COLUMN);

	fputs("<text x=\"4\" y=\"12.5\">", drawing->out);
	if (columns >= 3)
		markup_text_cut(flame_name(&drawing->flame->nodes[id], name), (size_t)columns,
				drawing->out);
	fputs("</text>", drawing->out);
}

static double shrunk(double width)
{
	return width - (width > 6 * GAP ? GAP : width / 6);
}

/*
 * An <svg> of its own clips whatever a font makes of the text. What is too narrow to be drawn
 * leaves no gap: the viewer places frames by the same rule.
 */
static void write_frame(struct drawing *drawing, uint32_t id, uint32_t parent, double x,
			unsigned int depth)
{
	const struct flame *flame = drawing->flame;
	const struct flame_node *node = &flame->nodes[id];
	const struct shape_node *shape = &drawing->shape.nodes[id];
	enum flame_weight weight = flame->head.weight;
	uint32_t number = drawing->drawn++;
	double width = shape->size * WIDTH;
	char class[TONE_CLASS_LEN];

	fprintf(drawing->out,
		"<svg class=\"frame %s\" role=\"treeitem\" aria-level=\"%u\" x=\"%.2f\" y=\"%.0f\""
		" width=\"%.2f\" height=\"%d\" data-size=\"%.9g\" data-now=\"%" PRIu64 "\"",
		flame_tone_class(shape->tone, class), depth + 1, x, drawing->top + depth * ROW,
		shrunk(width), ROW - 1, shape->size, node->total[FLAME_NOW][weight]);
	if (flame->head.base_name)
		fprintf(drawing->out, " data-base=\"%" PRIu64 "\"", flame_base(flame, id, weight));
	if (id != FLAME_ROOT)
		fprintf(drawing->out, " data-parent=\"%" PRIu32 "\"", parent);
	fputs(">", drawing->out);
	write_words(drawing, id);
	fputs("<rect width=\"100%\" height=\"100%\"/>", drawing->out);
	write_label(drawing, id, shrunk(width));
	fputs("</svg>\n", drawing->out);

	for (uint32_t child = node->child; child != FLAME_NONE; child = flame->nodes[child].next) {
		const struct shape_node *below = &drawing->shape.nodes[child];

		if (!below->shown || below->size * WIDTH < LEAST)
			continue;
		write_frame(drawing, child, number, x, depth + 1);
		x += below->size * WIDTH;
	}
}

/* ------------------------------------------------------------------------------- header */

/* One line of it at @y, cut to what there is room for; the whole of it is its tooltip. */
static void write_line(FILE *out, double y, const char *class, const char *text, size_t columns)
{
	if (!text)
		return;
	fprintf(out, "<text class=\"%s\" x=\"%d\" y=\"%.0f\"><title>", class, LEFT, y);
	markup_text(text, out);
	fputs("</title>", out);
	markup_text_cut(text, columns, out);
	fputs("</text>\n", out);
}

static double write_header(const struct drawing *drawing, const struct flame_words *words)
{
	FILE *out = drawing->out;
	double y = 46;

	write_line(out, 26, "title", words->title, TITLE_COLUMNS);
	write_line(out, y, "line", words->by, BESIDE_COLUMNS);
	write_line(out, y += 18, "line", words->window, LINE_COLUMNS);
	if (words->base)
		write_line(out, y += 18, "line", words->base, LINE_COLUMNS);
	if (words->hint)
		write_line(out, y += 18, "line", words->hint, LINE_COLUMNS);
	if (drawing->flame->head.caveat)
		write_line(out, y += 18, "line caveat", drawing->flame->head.caveat, LINE_COLUMNS);
	return y;
}

/* Of what stands above the frames. */
static double header_height(const struct drawing *drawing, const struct flame_words *words)
{
	int lines = !!words->base + !!words->hint + !!drawing->flame->head.caveat;

	return 64 + 18 * lines + 66 + LEGEND_ROW * (drawing->legend.rows - 1);
}

static void write_begin(const struct drawing *drawing, const struct flame_words *words,
			double height)
{
	fprintf(drawing->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture\" width=\"%d\""
		" height=\"%.0f\" viewBox=\"0 0 %d %.0f\">\n<title>",
		PICTURE, height, PICTURE, height);
	markup_text(words->title ? words->title : "twtrace", drawing->out);
	fputs("</title>\n<style>\n" FLAME_SVG_STYLE "</style>\n", drawing->out);
	fputs("<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\""
	      " patternTransform=\"rotate(45)\"><rect class=\"hatch-ground\" width=\"6\" height=\"6\"/>"
	      "<rect class=\"hatch-line\" width=\"2\" height=\"6\"/></pattern></defs>\n"
	      "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
	      drawing->out);
}

static void write_nothing(const struct drawing *drawing, double y, bool no_memory)
{
	char text[128];

	snprintf(text, sizeof(text), "There was nothing to draw: no %s in this window.",
		 flame_weight_label(drawing->flame->head.weight));
	write_line(drawing->out, y, "line nothing",
		   no_memory ? "There was no memory to draw this." : text, LINE_COLUMNS);
	fputs("</svg>\n", drawing->out);
}

static void write_graph(struct drawing *drawing, double y)
{
	FILE *out = drawing->out;

	flame_legend_write(&drawing->legend, LEFT, y + 24, out);
	y += LEGEND_ROW * (drawing->legend.rows - 1);
	fprintf(out,
		"<text id=\"name\" class=\"line name\" x=\"%d\" y=\"%.0f\"></text>\n"
		"<text id=\"figures\" class=\"line\" x=\"%d\" y=\"%.0f\">"
		"The tooltip of a frame has its figures.</text>\n",
		LEFT, y + 44, LEFT, y + 60);
	fprintf(out,
		"<g id=\"frames\" role=\"tree\" aria-label=\"Flame graph\" data-top=\"%.0f\">\n",
		drawing->top);
	write_frame(drawing, FLAME_ROOT, 0, LEFT, 0);
	fputs("</g>\n<script><![CDATA[\n" FLAME_SVG_SCRIPT "]]></script>\n</svg>\n", out);
}

void flame_svg_write(const struct flame *flame, FILE *out)
{
	struct drawing drawing = { .flame = flame, .out = out };
	bool no_memory = flame_shape_init(&drawing.shape, flame) != 0;
	bool empty = no_memory || drawing.shape.nodes[FLAME_ROOT].size <= 0;
	struct flame_words words;
	unsigned int rows = empty ? 1 : survey(&drawing, FLAME_ROOT);
	double y;

	flame_legend_init(&drawing.legend, flame, &drawing.shape, drawing.tones, WIDTH);
	if (flame_words_init(&words, flame))
		stream_fail(out, ENOMEM);
	drawing.top = header_height(&drawing, &words);
	write_begin(&drawing, &words, drawing.top + rows * ROW + LEFT);
	y = write_header(&drawing, &words);
	if (empty)
		write_nothing(&drawing, y + 30, no_memory);
	else
		write_graph(&drawing, y);
	flame_words_release(&words);
	flame_shape_release(&drawing.shape);
}
