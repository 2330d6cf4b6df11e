/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table to move about in: rows of figures and texts, copied from wherever they came, so that
 * they can be sorted, filtered and looked at while what they tell of goes on.
 *
 *   grid_clear | (grid_add | grid_figure, grid_text...)... | grid_arrange
 */
#ifndef SCREEN_GRID_H
#define SCREEN_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/frame.h"
#include "base/text.h"

#define GRID_COLUMNS 40
#define GRID_CELL_LEN 256
#define FILTER_LEN 64
#define GRID_UNSORTED UINT32_MAX
#define GRID_SEEN 128

struct grid_column {
	const char *heading;
	uint8_t rank;		/* the highest goes first when it gets narrow; 0: never */
	uint8_t most, narrow;	/* so wide at most, unless there is room for more; 0: no bound */
	bool right;
	bool styled;		/* has the style of its row */
	bool greatest;		/* a text that is sorted by its figure, the greatest first */
	uint8_t notable;	/* enum style of a figure above zero */
	/* What is written of a figure, NAN is "-"; NULL: a text. Returns @text. */
	const char *(*figure)(unsigned int which, double figure, char text[static TEXT_LEN]);
	unsigned int which;
};

/* For struct grid_column: counts, and nanoseconds. */
const char *figure_count(unsigned int which, double count, char text[static TEXT_LEN]);
const char *figure_duration(unsigned int which, double ns, char text[static TEXT_LEN]);

struct grid_row {
	uint64_t id;		/* of what it tells of: the selection stays on it */
	uint8_t style;		/* enum style */
	bool last;		/* below all others, however they are sorted */
};

/* Where the last drawing had what, for the mouse and for keys that turn pages. */
struct grid_drawn {
	unsigned int row, height;	/* of the rows alone; the headings are above */
	uint64_t columns;		/* a bit each that was there */
	uint16_t column[GRID_COLUMNS], width[GRID_COLUMNS];
	uint64_t seen[GRID_SEEN];	/* ids of the first ones that were there */
	unsigned int nr_seen;
};

struct grid {
	const struct grid_column *columns;	/* borrowed */
	unsigned int nr_columns;
	uint64_t hidden;	/* a bit each for columns with nothing to say */
	uint32_t sort;		/* the column; GRID_UNSORTED: as they were added */
	bool reversed;
	bool fixed;		/* rows stay in the order in which they came */
	bool follow;		/* the last row is the newest, and selected while it is */
	char filter[FILTER_LEN];	/* empty: none */
	size_t count, shown;	/* rows; those that the filter lets through */
	size_t at, top;		/* the selected one of those, and the first on the screen */
	bool chosen;		/* by the user: else it is the first, whichever that is */
	uint64_t selected;	/* its id */
	bool short_of_memory;	/* some rows are missing */
	struct grid_drawn drawn;
	/* owned: */
	struct grid_row *rows;
	double *figures;	/* by rows */
	uint32_t *texts;	/* likewise, where in arena; 0: empty */
	size_t room;
	char *arena;
	size_t arena_len, arena_room;
	uint32_t *order;	/* numbers of rows */
};

void grid_init(struct grid *grid, const struct grid_column *columns, unsigned int nr_columns,
	       uint32_t sort);
void grid_release(struct grid *grid);

void grid_clear(struct grid *grid);
/* A row of unknown figures. False: no memory. */
bool grid_add(struct grid *grid, uint64_t id);
/* Of the row that was added last. Of a text the figure is what it is sorted by, if it is one. */
void grid_figure(struct grid *grid, unsigned int column, double figure);
void grid_text(struct grid *grid, unsigned int column, const char *text);
struct grid_row *grid_last(struct grid *grid);
/* After rows, sorting or the filter have changed. */
void grid_arrange(struct grid *grid);
/* Shown rows are counted from 0. As it is written; returns @text. */
const char *grid_cell(const struct grid *grid, size_t shown, unsigned int column,
		      char text[static GRID_CELL_LEN]);

/* Whether the last drawing had it: what is asked of others for each row is asked for no more. */
bool grid_was_seen(const struct grid *grid, uint64_t id);
/* The selected row; false: there is none. */
bool grid_selected(const struct grid *grid, uint64_t *id);
/* It in a few words: its first texts. */
void grid_title(const struct grid *grid, char *text, size_t size);
void grid_move(struct grid *grid, long by);
void grid_move_to(struct grid *grid, size_t at);
/* By the next column to the left (-1) or right (1) of those on the screen. */
void grid_sort_next(struct grid *grid, int direction);
void grid_reverse(struct grid *grid);

enum grid_hit {
	GRID_MISSED,
	GRID_HIT_HEADING,	/* sorted by it, or reversed */
	GRID_HIT_ROW,		/* selected */
};

enum grid_hit grid_click(struct grid *grid, unsigned int row, unsigned int column);

/* Headings and rows, in @height lines from @row on. */
void grid_draw(struct grid *grid, struct frame *frame, unsigned int row, unsigned int height);

#endif
