// SPDX-License-Identifier: GPL-2.0-or-later
/* How a table looks: which columns there is room for, and where they stand. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen/grid.h"

#define GAP 2
/* Terminals that are narrower show less of names. */
#define NARROW 100

typedef char cell_text[GRID_CELL_LEN];

struct layout {
	unsigned int width;		/* of the frame */
	uint64_t columns;		/* those that are shown */
	unsigned int natural[GRID_COLUMNS], given[GRID_COLUMNS];
};

static bool is_shown(const struct layout *layout, unsigned int column)
{
	return layout->columns >> column & 1;
}

/* With a mark of its direction on the one that it is sorted by. */
static const char *heading_of(const struct grid *grid, unsigned int column, cell_text text)
{
	bool down = grid->columns[column].figure || grid->columns[column].greatest;

	snprintf(text, GRID_CELL_LEN, "%s%s", grid->columns[column].heading,
		 column != grid->sort	 ? "" :
		 down == !grid->reversed ? "▼" :
					   "▲");
	return text;
}

static unsigned int bound_of(const struct grid_column *column, unsigned int width)
{
	unsigned int bound = width < NARROW && column->narrow ? column->narrow : column->most;

	return bound ? bound : width;
}

static void measure(struct layout *layout, const struct grid *grid, cell_text *cells, size_t rows)
{
	cell_text heading;

	for (unsigned int i = 0; i < grid->nr_columns; i++) {
		unsigned int bound = bound_of(&grid->columns[i], layout->width);
		size_t width = text_width(heading_of(grid, i, heading));

		for (size_t row = 0; row < rows; row++) {
			size_t cell = text_width(cells[row * grid->nr_columns + i]);

			width = cell > width ? cell : width;
		}
		layout->natural[i] = width;
		layout->given[i] = width > bound ? bound : width;
	}
}

static unsigned int total_width(const struct layout *layout, const struct grid *grid)
{
	unsigned int total = 0;

	for (unsigned int i = 0; i < grid->nr_columns; i++)
		if (is_shown(layout, i))
			total += layout->given[i] + (total ? GAP : 0);
	return total;
}

/* What matters least goes, but never what the rows are sorted by. */
static bool drop_one(struct layout *layout, const struct grid *grid)
{
	unsigned int least = grid->nr_columns;

	for (unsigned int i = 0; i < grid->nr_columns; i++)
		if (is_shown(layout, i) && i != grid->sort && grid->columns[i].rank &&
		    (least == grid->nr_columns ||
		     grid->columns[i].rank > grid->columns[least].rank))
			least = i;
	if (least == grid->nr_columns)
		return false;
	layout->columns &= ~(1ULL << least);
	return true;
}

static void choose(struct layout *layout, const struct grid *grid)
{
	unsigned int left;

	layout->columns = ((1ULL << grid->nr_columns) - 1) & ~grid->hidden;
	while (total_width(layout, grid) > layout->width && drop_one(layout, grid))
		;
	if (total_width(layout, grid) > layout->width)
		return;
	/* what was cut has the room that is left */
	left = layout->width - total_width(layout, grid);
	for (unsigned int i = 0; i < grid->nr_columns; i++) {
		unsigned int more = layout->natural[i] - layout->given[i];

		if (!is_shown(layout, i))
			continue;
		more = more < left ? more : left;
		layout->given[i] += more;
		left -= more;
	}
}

static enum style style_of(const struct grid *grid, size_t row, unsigned int column)
{
	const struct grid_column *drawn = &grid->columns[column];
	double figure = grid->figures[row * grid->nr_columns + column];

	if (drawn->styled)
		return grid->rows[row].style;
	if (!drawn->figure && !drawn->greatest)
		return STYLE_PLAIN;
	if (isnan(figure) || figure == 0)
		return STYLE_DIM;
	return drawn->notable;
}

static void put(struct frame *frame, const struct grid *grid, unsigned int row, unsigned int column,
		enum style style, const char *text)
{
	const struct grid_drawn *drawn = &grid->drawn;

	if (grid->columns[column].right)
		frame_put_right(frame, row, drawn->column[column], drawn->width[column], style,
				text);
	else
		frame_put(frame, row, drawn->column[column], drawn->width[column], style, text);
}

static void draw_headings(const struct grid *grid, struct frame *frame, unsigned int row)
{
	cell_text heading;

	frame_paint(frame, row, 0, frame->width, STYLE_HEAD);
	for (unsigned int i = 0; i < grid->nr_columns; i++)
		if (grid->drawn.columns >> i & 1)
			put(frame, grid, row, i, i == grid->sort ? STYLE_SORTED : STYLE_HEAD,
			    heading_of(grid, i, heading));
}

static void draw_rows(const struct grid *grid, struct frame *frame, cell_text *cells, size_t rows)
{
	for (size_t row = 0; row < rows; row++) {
		unsigned int line = grid->drawn.row + row;

		for (unsigned int i = 0; i < grid->nr_columns; i++)
			if (grid->drawn.columns >> i & 1)
				put(frame, grid, line, i,
				    style_of(grid, grid->order[grid->top + row], i),
				    cells[row * grid->nr_columns + i]);
		if (grid->top + row == grid->at)
			frame_paint(frame, line, 0, frame->width, STYLE_SELECTED);
	}
}

static void place(struct grid *grid, const struct layout *layout, unsigned int row,
		  unsigned int height)
{
	struct grid_drawn *drawn = &grid->drawn;
	unsigned int at = 0;

	*drawn = (struct grid_drawn){ .row = row, .height = height, .columns = layout->columns };
	for (unsigned int i = 0; i < grid->nr_columns; i++) {
		if (!is_shown(layout, i))
			continue;
		drawn->column[i] = at;
		drawn->width[i] = layout->given[i];
		at += layout->given[i] + GAP;
	}
}

static size_t scroll(struct grid *grid, unsigned int height)
{
	if (grid->top + height > grid->shown)
		grid->top = grid->shown > height ? grid->shown - height : 0;
	if (grid->at < grid->top)
		grid->top = grid->at;
	if (grid->at >= grid->top + height)
		grid->top = grid->at - height + 1;
	return grid->shown - grid->top < height ? grid->shown - grid->top : height;
}

void grid_draw(struct grid *grid, struct frame *frame, unsigned int row, unsigned int height)
{
	struct layout layout = { .width = frame->width };
	cell_text *cells;
	size_t rows;

	if (height < 2)
		return;
	rows = scroll(grid, height - 1);
	cells = calloc(rows * grid->nr_columns + 1, sizeof(*cells));
	if (!cells)
		return;
	for (size_t i = 0; i < rows; i++)
		for (unsigned int column = 0; column < grid->nr_columns; column++)
			grid_cell(grid, grid->top + i, column,
				  cells[i * grid->nr_columns + column]);
	measure(&layout, grid, cells, rows);
	choose(&layout, grid);
	place(grid, &layout, row + 1, height - 1);
	for (size_t i = 0; i < rows && i < GRID_SEEN; i++)
		grid->drawn.seen[grid->drawn.nr_seen++] = grid->rows[grid->order[grid->top + i]].id;
	draw_headings(grid, frame, row);
	draw_rows(grid, frame, cells, rows);
	free(cells);
}
