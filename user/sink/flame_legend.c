/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lays out and writes the legend of a flame's SVG file. */
#include "sink/flame_legend.h"

#include <string.h>

#include "model/event.h"
#include "sink/flame_words.h"

#define COLUMN 7	/* is more than the legend's font takes */
#define SWATCH 18	/* and the gap behind it */
#define GAP 12		/* between labels */
#define MOST_COLUMNS 40	/* of a service's name */

static size_t columns_of(const char *label)
{
	size_t columns = text_width(label);

	return columns < MOST_COLUMNS ? columns : MOST_COLUMNS;
}

static void add_item(struct flame_legend *legend, unsigned int tone, const char *label,
		     double width)
{
	struct legend_item *item = &legend->items[legend->count++];
	bool plain = tone >= NR_FLAME_TONES;
	double takes = (plain ? 0 : SWATCH) + (label ? (double)columns_of(label) * COLUMN : 0);

	if (legend->end + takes > width) {
		legend->rows++;
		legend->end = 0;
	}
	*item = (struct legend_item){
		.label = label,
		.tone = (uint8_t)tone,
		.plain = plain,
		.x = (uint16_t)legend->end,
		.row = (uint16_t)(legend->rows - 1),
	};
	legend->end += takes + (label ? GAP : 0);
}

/* Which hue is whose: the hues alone say nothing. */
static void add_services(struct flame_legend *legend, const struct flame *flame,
			 const struct flame_shape *shape, double width)
{
	uint32_t all = flame_services(flame, shape, legend->services);
	char count[TEXT_LEN];

	for (uint32_t i = 0; i < all && i < FLAME_HEAVIEST; i++)
		add_item(legend, TONE_SERVICE + flame_hue(legend->services[i].name),
			 legend->services[i].name, width);
	if (all <= FLAME_HEAVIEST)
		return;
	snprintf(legend->more, sizeof(legend->more), "and %s more",
		 text_count(all - FLAME_HEAVIEST, count));
	add_item(legend, NR_FLAME_TONES, legend->more, width);
}

void flame_legend_init(struct flame_legend *legend, const struct flame *flame,
		       const struct flame_shape *shape, const bool tones[static NR_FLAME_TONES],
		       double width)
{
	/* as a connection lives, then the greys; or from shrunk to grown */
	static const uint8_t order[] = {
		TONE_STATE + TW_SYN_SENT,
		TONE_STATE + TW_SYN_RECV,
		TONE_STATE + TW_ESTABLISHED,
		TONE_STATE + TW_FIN_WAIT1,
		TONE_STATE + TW_FIN_WAIT2,
		TONE_STATE + TW_CLOSING,
		TONE_STATE + TW_TIME_WAIT,
		TONE_STATE + TW_CLOSE_WAIT,
		TONE_STATE + TW_LAST_ACK,
		TONE_STATE + TW_CLOSE,
		TONE_MIXED,
		TONE_FOLDED,
		TONE_SHRUNK + 4,
		TONE_SHRUNK + 3,
		TONE_SHRUNK + 2,
		TONE_SHRUNK + 1,
		TONE_SHRUNK,
		TONE_SAME,
		TONE_GROWN,
		TONE_GROWN + 1,
		TONE_GROWN + 2,
		TONE_GROWN + 3,
		TONE_GROWN + 4,
	};
	bool compared = flame->head.base_name;
	bool by_service = !compared && flame->head.color == FLAME_BY_SERVICE;

	*legend = (struct flame_legend){ .rows = 1 };
	if (by_service)
		add_services(legend, flame, shape, width);
	for (unsigned int i = 0; i < sizeof(order); i++) {
		bool change = order[i] >= TONE_SAME && order[i] < TONE_STATE;

		/* of a comparison the whole scale */
		if (compared ? !change : !tones[order[i]])
			continue;
		add_item(legend, order[i],
			 order[i] == TONE_MIXED && by_service ? "several services" :
								flame_tone_label(order[i]),
			 width);
	}
}

void flame_legend_write(const struct flame_legend *legend, double left, double y, FILE *out)
{
	char class[TONE_CLASS_LEN];

	fputs("<g class=\"legend\">\n", out);
	for (unsigned int i = 0; i < legend->count; i++) {
		const struct legend_item *item = &legend->items[i];
		double x = left + item->x, line = y + item->row * LEGEND_ROW;

		if (!item->plain) {
			fprintf(out,
				"<g class=\"%s\"><rect x=\"%.0f\" y=\"%.0f\" width=\"14\" height=\"12\"/>"
				"</g>",
				flame_tone_class(item->tone, class), x, line - 10);
			x += SWATCH;
		}
		if (!item->label)
			continue;
		fprintf(out, "<text x=\"%.0f\" y=\"%.0f\">", x, line);
		markup_text_cut(item->label, MOST_COLUMNS, out);
		fputs("</text>\n", out);
	}
	fputs("</g>\n", out);
}
