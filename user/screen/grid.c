// SPDX-License-Identifier: GPL-2.0-or-later
/* A table to move about in: its rows, their order, the selection. How it looks: grid_draw.c. */
#include "screen/grid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FIRST_ROOM 64
#define TITLE_WORDS 4
#define TITLE_RANK 4	/* what is of less interest is no part of a title */

const char *figure_count(unsigned int which, double count, char text[static TEXT_LEN])
{
	(void)which;
	return isnan(count) ? strcpy(text, "-") : text_count((uint64_t)count, text);
}

const char *figure_duration(unsigned int which, double ns, char text[static TEXT_LEN])
{
	(void)which;
	return isnan(ns) ? strcpy(text, "-") : text_duration((uint64_t)ns, text);
}

void grid_init(struct grid *grid, const struct grid_column *columns, unsigned int nr_columns,
	       uint32_t sort)
{
	*grid = (struct grid){
		.columns = columns,
		.nr_columns = nr_columns,
		.sort = sort,
		.arena_len = 1,
	};
}

void grid_release(struct grid *grid)
{
	free(grid->rows);
	free(grid->figures);
	free(grid->texts);
	free(grid->arena);
	free(grid->order);
	*grid = (struct grid){ 0 };
}

void grid_clear(struct grid *grid)
{
	grid->count = grid->shown = 0;
	grid->arena_len = 1;
	grid->short_of_memory = false;
}

static bool grow(void *array, size_t count, size_t size)
{
	void **owned = array, *grown = reallocarray(*owned, count, size);

	if (grown)
		*owned = grown;
	return grown;
}

static bool make_room(struct grid *grid)
{
	size_t room = grid->room ? 2 * grid->room : FIRST_ROOM;

	if (grid->count < grid->room)
		return true;
	if (!grow(&grid->rows, room, sizeof(*grid->rows)) ||
	    !grow(&grid->figures, room * grid->nr_columns, sizeof(*grid->figures)) ||
	    !grow(&grid->texts, room * grid->nr_columns, sizeof(*grid->texts)) ||
	    !grow(&grid->order, room, sizeof(*grid->order)))
		return false;
	grid->room = room;
	return true;
}

bool grid_add(struct grid *grid, uint64_t id)
{
	size_t first = grid->count * grid->nr_columns;

	if (!make_room(grid)) {
		grid->short_of_memory = true;
		return false;
	}
	grid->rows[grid->count++] = (struct grid_row){ .id = id };
	for (unsigned int i = 0; i < grid->nr_columns; i++) {
		grid->figures[first + i] = NAN;
		grid->texts[first + i] = 0;
	}
	return true;
}

void grid_figure(struct grid *grid, unsigned int column, double figure)
{
	grid->figures[(grid->count - 1) * grid->nr_columns + column] = figure;
}

void grid_text(struct grid *grid, unsigned int column, const char *text)
{
	size_t size = strlen(text) + 1, room = grid->arena_room;

	while (grid->arena_len + size > room)
		room = room ? 2 * room : 4096;
	if (room > UINT32_MAX ||
	    (room != grid->arena_room && !grow(&grid->arena, room, sizeof(*grid->arena)))) {
		grid->short_of_memory = true;
		return;
	}
	grid->arena_room = room;
	memcpy(grid->arena + grid->arena_len, text, size);
	grid->texts[(grid->count - 1) * grid->nr_columns + column] = grid->arena_len;
	grid->arena_len += size;
}

struct grid_row *grid_last(struct grid *grid)
{
	return &grid->rows[grid->count - 1];
}

static const char *text_of(const struct grid *grid, size_t row, unsigned int column)
{
	uint32_t text = grid->texts[row * grid->nr_columns + column];

	return text ? grid->arena + text : "";
}

static const char *cell_of(const struct grid *grid, size_t row, unsigned int column,
			   char text[static GRID_CELL_LEN])
{
	const struct grid_column *drawn = &grid->columns[column];
	char figure[TEXT_LEN];
	const char *from = text_of(grid, row, column);

	if (drawn->figure)
		from = drawn->figure(drawn->which, grid->figures[row * grid->nr_columns + column],
				     figure);
	text[0] = '\0';
	text_add(text, GRID_CELL_LEN, "%s", *from ? from : "-");
	return text;
}

const char *grid_cell(const struct grid *grid, size_t shown, unsigned int column,
		      char text[static GRID_CELL_LEN])
{
	return cell_of(grid, grid->order[shown], column, text);
}

/* What can be seen of it; before anything was drawn, all of it. */
static bool passes(const struct grid *grid, size_t row)
{
	uint64_t columns = grid->drawn.columns ? grid->drawn.columns : ~grid->hidden;
	char text[GRID_CELL_LEN];

	if (!*grid->filter)
		return true;
	for (unsigned int column = 0; column < grid->nr_columns; column++)
		if (columns >> column & 1 &&
		    strcasestr(cell_of(grid, row, column, text), grid->filter))
			return true;
	return false;
}

/* Unknown ones are below all others, whatever the direction. */
static int compare_figures(double left, double right, bool greatest_first)
{
	if (isnan(left) || isnan(right))
		return (isnan(left) != 0) - (isnan(right) != 0);
	return greatest_first ? (left < right) - (left > right) : (left > right) - (left < right);
}

static int compare_texts(const struct grid *grid, const char *left, const char *right)
{
	bool no_left = !*left || !strcmp(left, "-"), no_right = !*right || !strcmp(right, "-");
	int sign;

	if (no_left || no_right)
		return no_left - no_right;
	sign = strcmp(left, right);
	return grid->reversed ? -sign : sign;
}

/* Of figures the greatest is first, of texts and what stands for them the least. */
static int compare_cells(const struct grid *grid, uint32_t left, uint32_t right)
{
	size_t at = grid->sort, columns = grid->nr_columns;
	double one = grid->figures[left * columns + at],
	       other = grid->figures[right * columns + at];
	int sign = 0;

	if (grid->columns[at].figure || grid->columns[at].greatest)
		return compare_figures(one, other, !grid->reversed);
	if (!isnan(one) || !isnan(other))
		sign = compare_figures(one, other, grid->reversed);
	return sign ? sign : compare_texts(grid, text_of(grid, left, at), text_of(grid, right, at));
}

static int compare_rows(const void *left_item, const void *right_item, void *ctx)
{
	uint32_t left = *(const uint32_t *)left_item, right = *(const uint32_t *)right_item;
	const struct grid *grid = ctx;
	int sign = grid->rows[left].last - grid->rows[right].last;

	if (!sign && grid->sort != GRID_UNSORTED)
		sign = compare_cells(grid, left, right);
	return sign ? sign : (left > right) - (left < right);
}

/* Without a word from the user it is the first row, or where the newest are last, the last. */
static void reselect(struct grid *grid)
{
	size_t at = grid->at, above = at > grid->top ? at - grid->top : 0;

	if (!grid->shown) {
		grid->at = 0;
		return;
	}
	if (grid->follow || !grid->chosen) {
		at = grid->follow ? grid->shown - 1 : 0;
	} else {
		for (size_t i = 0; i < grid->shown; i++)
			if (grid->rows[grid->order[i]].id == grid->selected)
				at = i;
	}
	grid->at = at < grid->shown ? at : grid->shown - 1;
	grid->selected = grid->rows[grid->order[grid->at]].id;
	/* it stays where it is on the screen, whatever comes and goes before it */
	if (grid->chosen && !grid->follow)
		grid->top = grid->at > above ? grid->at - above : 0;
}

void grid_arrange(struct grid *grid)
{
	grid->shown = 0;
	for (size_t row = 0; row < grid->count; row++)
		if (passes(grid, row))
			grid->order[grid->shown++] = row;
	if (grid->shown)
		qsort_r(grid->order, grid->shown, sizeof(*grid->order), compare_rows, grid);
	reselect(grid);
}

bool grid_was_seen(const struct grid *grid, uint64_t id)
{
	for (unsigned int i = 0; i < grid->drawn.nr_seen; i++)
		if (grid->drawn.seen[i] == id)
			return true;
	return false;
}

bool grid_selected(const struct grid *grid, uint64_t *id)
{
	*id = grid->selected;
	return grid->shown;
}

void grid_title(const struct grid *grid, char *text, size_t size)
{
	unsigned int words = 0;
	char cell[GRID_CELL_LEN];

	*text = '\0';
	for (unsigned int i = 0; i < grid->nr_columns && words < TITLE_WORDS; i++) {
		size_t len = strlen(text);

		if (grid->columns[i].figure || grid->columns[i].rank > TITLE_RANK ||
		    (grid->columns[i].greatest && !grid->columns[i].styled) ||
		    !strcmp(grid_cell(grid, grid->at, i, cell), "-"))
			continue;
		snprintf(text + len, size - len, "%s%s", words++ ? " " : "", cell);
	}
}

void grid_move_to(struct grid *grid, size_t at)
{
	if (!grid->shown)
		return;
	grid->at = at < grid->shown ? at : grid->shown - 1;
	grid->selected = grid->rows[grid->order[grid->at]].id;
	grid->chosen = grid->at > 0 || grid->fixed;
	grid->follow = grid->fixed && grid->at == grid->shown - 1;
}

void grid_move(struct grid *grid, long by)
{
	if (by < 0 && grid->at < (size_t)-by)
		grid_move_to(grid, 0);
	else
		grid_move_to(grid, grid->at + (size_t)by);
}

static void sort_by(struct grid *grid, unsigned int column)
{
	if (grid->fixed)
		return;
	grid->reversed = grid->sort == column && !grid->reversed;
	grid->sort = column;
	grid_arrange(grid);
}

void grid_sort_next(struct grid *grid, int direction)
{
	unsigned int column = grid->sort;

	if (column == GRID_UNSORTED)
		column = direction > 0 ? grid->nr_columns - 1 : 0;
	for (unsigned int i = 0; i < grid->nr_columns; i++) {
		column = (column + grid->nr_columns + (unsigned int)direction) % grid->nr_columns;
		if (grid->drawn.columns >> column & 1)
			break;
	}
	if (column != grid->sort)
		sort_by(grid, column);
}

void grid_reverse(struct grid *grid)
{
	if (grid->sort != GRID_UNSORTED)
		sort_by(grid, grid->sort);
}

enum grid_hit grid_click(struct grid *grid, unsigned int row, unsigned int column)
{
	const struct grid_drawn *drawn = &grid->drawn;

	if (row + 1 == drawn->row)
		for (unsigned int i = 0; i < grid->nr_columns; i++)
			if (drawn->columns >> i & 1 && column >= drawn->column[i] &&
			    column < drawn->column[i] + drawn->width[i]) {
				sort_by(grid, i);
				return GRID_HIT_HEADING;
			}
	if (row < drawn->row || row >= drawn->row + drawn->height ||
	    grid->top + row - drawn->row >= grid->shown)
		return GRID_MISSED;
	grid_move_to(grid, grid->top + row - drawn->row);
	/* who points at a row means that one, also at the first */
	grid->chosen = true;
	return GRID_HIT_ROW;
}
