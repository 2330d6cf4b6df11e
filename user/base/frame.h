/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture of text: cells in rows, each a character and a style. Whoever builds it knows no
 * terminal; whoever shows it knows nothing else.
 */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a cell is, not how it looks: a terminal has colours for it, or has none. */
enum style {
	STYLE_PLAIN,
	STYLE_DIM,		/* of little interest: zeroes, hints */
	STYLE_STRONG,		/* headings, totals */
	STYLE_HEAD,		/* the line of column names */
	STYLE_SORTED,		/* in it, the column that it is sorted by */
	STYLE_SELECTED,		/* the row that keys act on */
	STYLE_TAB,		/* a tab that is not open */
	STYLE_TAB_OPEN,
	STYLE_KEY,		/* a key in a hint */
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_GRAPH,		/* sparklines, bars */
	STYLE_INPUT,		/* what the user types */
	NR_STYLES,
};

#define FRAME_MARKS 3	/* combining characters that a cell has room for; further ones are left out */

struct cell {
	uint32_t rune;		/* a code point; 0: the second column of the one before */
	uint32_t marks[FRAME_MARKS];	/* combining characters on it; 0: none */
	uint8_t style;		/* enum style */
};

struct frame {
	uint16_t width, height;
	bool ascii;		/* other characters are shown as '?', sparklines and lines otherwise */
	int cursor_row, cursor_column;	/* -1: the cursor is hidden */
	struct cell *cells;	/* owned; width * height, by rows */
};

/* A blank one. 0 or -ENOMEM. frame_release() in any case. */
int frame_init(struct frame *frame, unsigned int width, unsigned int height, bool ascii);
void frame_release(struct frame *frame);
void frame_clear(struct frame *frame);

/*
 * @text (valid UTF-8; control characters are shown as '?') from that cell on, in at most @most
 * columns; what is longer ends in an ellipsis. Rows and columns that there are not are left
 * alone. Returns how many columns it took.
 */
unsigned int frame_put(struct frame *frame, unsigned int row, unsigned int column,
		       unsigned int most, enum style style, const char *text);
/* The same, against the right edge of @width columns. */
void frame_put_right(struct frame *frame, unsigned int row, unsigned int column, unsigned int width,
		     enum style style, const char *text);
/* Gives cells that are there another style. */
void frame_paint(struct frame *frame, unsigned int row, unsigned int column, unsigned int width,
		 enum style style);
/* As lines of UTF-8 without trailing blanks; @styles: and beneath each its styles, a letter a cell. */
void frame_write(const struct frame *frame, FILE *out, bool styles);

#endif
