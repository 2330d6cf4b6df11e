// SPDX-License-Identifier: GPL-2.0-or-later
/* A picture of text. */
#include "base/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define ELLIPSIS 0x2026

/* What of the drawing characters can be had in ASCII; what is no drawing is '?'. */
static const struct {
	uint32_t rune;
	char ascii;
} likenesses[] = {
	{ 0x2581, '_' }, { 0x2582, '.' }, { 0x2583, '-' },   { 0x2584, '-' }, { 0x2585, '=' },
	{ 0x2586, '=' }, { 0x2587, '*' }, { 0x2588, '#' },   { 0x2500, '-' }, { 0x2502, '|' },
	{ 0x2191, '^' }, { 0x2193, 'v' }, { 0x2190, '<' },   { 0x2192, '>' }, { 0x25b2, '^' },
	{ 0x25bc, 'v' }, { 0x2591, '.' }, { ELLIPSIS, '~' },
};

int frame_init(struct frame *frame, unsigned int width, unsigned int height, bool ascii)
{
	*frame = (struct frame){ .ascii = ascii };
	if (width > UINT16_MAX || height > UINT16_MAX)
		return -ENOMEM;
	frame->cells = calloc((size_t)width * height + 1, sizeof(*frame->cells));
	if (!frame->cells)
		return -ENOMEM;
	frame->width = width;
	frame->height = height;
	frame_clear(frame);
	return 0;
}

void frame_release(struct frame *frame)
{
	free(frame->cells);
	*frame = (struct frame){ 0 };
}

void frame_clear(struct frame *frame)
{
	size_t count = (size_t)frame->width * frame->height;

	for (size_t i = 0; i < count; i++)
		frame->cells[i] = (struct cell){ .rune = ' ' };
	frame->cursor_row = frame->cursor_column = -1;
}

static struct cell *cell_at(const struct frame *frame, unsigned int row, unsigned int column)
{
	return &frame->cells[(size_t)row * frame->width + column];
}

/* Half of a wide character that is written over is nothing: its other half goes too. */
static void break_wide(struct frame *frame, unsigned int row, unsigned int column)
{
	if (!cell_at(frame, row, column)->rune && column)
		cell_at(frame, row, column - 1)->rune = ' ';
	if (column + 1 < frame->width && !cell_at(frame, row, column + 1)->rune)
		cell_at(frame, row, column + 1)->rune = ' ';
}

static void set_cell(struct frame *frame, unsigned int row, unsigned int column, uint32_t rune,
		     enum style style)
{
	break_wide(frame, row, column);
	*cell_at(frame, row, column) = (struct cell){ .rune = rune, .style = style };
}

static uint32_t ascii_of(uint32_t rune)
{
	for (size_t i = 0; i < sizeof(likenesses) / sizeof(likenesses[0]); i++)
		if (likenesses[i].rune == rune)
			return (unsigned char)likenesses[i].ascii;
	return '?';
}

/* A control character takes a column, as the '?' that is shown of it. */
static bool is_control(uint32_t rune)
{
	return rune < 0x20 || (rune >= 0x7f && rune < 0xa0);
}

static unsigned int width_of(uint32_t rune)
{
	return is_control(rune) ? 1 : rune_width(rune);
}

/* One character that there is room for. Returns its columns. */
static unsigned int put_rune(struct frame *frame, unsigned int row, unsigned int column,
			     uint32_t rune, enum style style)
{
	unsigned int width = width_of(rune);

	if (is_control(rune))
		rune = '?';
	if (frame->ascii && rune > 0x7e) {
		rune = ascii_of(rune);
		/* as wide as it would be: what was measured stays true */
		for (unsigned int i = 0; i < width; i++)
			set_cell(frame, row, column + i, rune, style);
		return width;
	}
	set_cell(frame, row, column, rune, style);
	if (width == 2)
		set_cell(frame, row, column + 1, ' ', style);
	if (width == 2)
		cell_at(frame, row, column + 1)->rune = 0;
	return width;
}

static void put_mark(struct frame *frame, unsigned int row, unsigned int column, uint32_t rune)
{
	struct cell *cell = cell_at(frame, row, column);

	/* on a wide character it belongs to the cell that has it */
	if (!cell->rune && column)
		cell = cell_at(frame, row, column - 1);
	for (unsigned int i = 0; i < FRAME_MARKS; i++)
		if (!cell->marks[i]) {
			cell->marks[i] = rune;
			return;
		}
}

/* Columns of @text as they are shown here, counted up to one more than @most. */
static unsigned int columns_of(const char *text, unsigned int most)
{
	unsigned int columns = 0;
	uint32_t rune;

	while (*text && columns <= most) {
		text += text_rune(text, &rune);
		columns += width_of(rune);
	}
	return columns;
}

unsigned int frame_put(struct frame *frame, unsigned int row, unsigned int column,
		       unsigned int most, enum style style, const char *text)
{
	unsigned int at = 0, room;
	bool cut;
	uint32_t rune;

	if (row >= frame->height || column >= frame->width)
		return 0;
	if (most > frame->width - column)
		most = frame->width - column;
	cut = columns_of(text, most) > most;
	room = cut && most ? most - 1 : most;
	while (*text && room) {
		text += text_rune(text, &rune);
		if (at + width_of(rune) > room)
			break;
		if (width_of(rune))
			at += put_rune(frame, row, column + at, rune, style);
		else if (at && !frame->ascii)
			put_mark(frame, row, column + at - 1, rune);
	}
	if (cut && most)
		at += put_rune(frame, row, column + at, ELLIPSIS, style);
	return at;
}

void frame_put_right(struct frame *frame, unsigned int row, unsigned int column, unsigned int width,
		     enum style style, const char *text)
{
	unsigned int columns = columns_of(text, width);

	frame_put(frame, row, columns < width ? column + width - columns : column, width, style,
		  text);
}

void frame_paint(struct frame *frame, unsigned int row, unsigned int column, unsigned int width,
		 enum style style)
{
	if (row >= frame->height)
		return;
	for (; width && column < frame->width; width--, column++)
		cell_at(frame, row, column)->style = style;
}

static void write_rune(uint32_t rune, FILE *out)
{
	char text[RUNE_LEN];

	rune_format(rune, text);
	fputs(text, out);
}

static void write_cells(const struct frame *frame, unsigned int row, FILE *out)
{
	unsigned int end = frame->width;

	while (end && cell_at(frame, row, end - 1)->rune == ' ')
		end--;
	for (unsigned int column = 0; column < end; column++) {
		const struct cell *cell = cell_at(frame, row, column);

		if (cell->rune)
			write_rune(cell->rune, out);
		for (unsigned int i = 0; i < FRAME_MARKS && cell->marks[i]; i++)
			write_rune(cell->marks[i], out);
	}
	putc('\n', out);
}

static void write_styles(const struct frame *frame, unsigned int row, FILE *out)
{
	static const char letters[NR_STYLES] = {
		[STYLE_PLAIN] = ' ', [STYLE_DIM] = '.',	     [STYLE_STRONG] = 's',
		[STYLE_HEAD] = 'h',  [STYLE_SORTED] = 'H',   [STYLE_SELECTED] = '>',
		[STYLE_TAB] = 't',   [STYLE_TAB_OPEN] = 'T', [STYLE_KEY] = 'k',
		[STYLE_GOOD] = 'g',  [STYLE_WARN] = 'w',     [STYLE_BAD] = 'b',
		[STYLE_GRAPH] = '^', [STYLE_INPUT] = 'i',
	};
	unsigned int end = frame->width;

	while (end && cell_at(frame, row, end - 1)->style == STYLE_PLAIN)
		end--;
	for (unsigned int column = 0; column < end; column++)
		putc(letters[cell_at(frame, row, column)->style], out);
	putc('\n', out);
}

void frame_write(const struct frame *frame, FILE *out, bool styles)
{
	for (unsigned int row = 0; row < frame->height; row++) {
		write_cells(frame, row, out);
		if (styles)
			write_styles(frame, row, out);
	}
}
