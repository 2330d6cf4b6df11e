/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the colours of a flame's SVG file stand for, in as many rows as that takes.
 * flame_page.js says the same on the page. Private to this room.
 */
#ifndef SINK_FLAME_LEGEND_H
#define SINK_FLAME_LEGEND_H

#include "sink/flame_shape.h"

#define LEGEND_ROW 16

struct flame_legend {
	struct legend_item {
		const char *label;	/* not escaped; NULL: only a swatch. Borrowed */
		uint8_t tone;
		bool plain;		/* only a label */
		uint16_t x, row;
	} items[NR_FLAME_TONES + FLAME_HEAVIEST + 1];
	struct flame_service services[FLAME_HEAVIEST];
	char more[TEXT_LEN + 16];
	unsigned int count, rows;
	double end;			/* of what is in the last row */
};

/* @tones: those that are in the picture; @width: of a row. It is not to be copied. */
void flame_legend_init(struct flame_legend *legend, const struct flame *flame,
		       const struct flame_shape *shape, const bool tones[static NR_FLAME_TONES],
		       double width);
/* @y: the base line of its first row. */
void flame_legend_write(const struct flame_legend *legend, double left, double y, FILE *out);

#endif
