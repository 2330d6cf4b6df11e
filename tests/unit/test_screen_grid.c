// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables to move about in: order, filter, selection, and which columns there is room for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen/grid.h"

enum { NAME, COUNT, AGE, PORT, NR_COLUMNS };

static const struct grid_column columns[NR_COLUMNS] = {
	[NAME] = { .heading = "NAME", .most = 12, .narrow = 6 },
	[COUNT] = { .heading = "COUNT", .right = true, .rank = 1, .figure = figure_count },
	[AGE] = { .heading = "AGE", .right = true, .rank = 3, .figure = figure_duration },
	[PORT] = { .heading = "PORT", .rank = 2 },
};

static const struct {
	const char *name;
	double count;
	uint16_t port;	/* 0: unknown */
} people[] = {
	{ "beta", 7, 443 },
	{ "alpha", 20, 8080 },
	{ "-", NAN, 0 },
	{ "gamma", 0, 80 },
};

#define NR_PEOPLE (sizeof(people) / sizeof(people[0]))

/* Ids are numbers in people[] and 100. */
static void add_person(struct grid *grid, size_t i)
{
	char port[TEXT_LEN];

	assert_true(grid_add(grid, 100 + i));
	grid_text(grid, NAME, people[i].name);
	grid_figure(grid, COUNT, people[i].count);
	if (!people[i].port)
		return;
	snprintf(port, sizeof(port), "%u", people[i].port);
	grid_text(grid, PORT, port);
	grid_figure(grid, PORT, people[i].port);
}

static int open_grid(void **state)
{
	struct grid *grid = malloc(sizeof(*grid));

	assert_non_null(grid);
	grid_init(grid, columns, NR_COLUMNS, COUNT);
	for (size_t i = 0; i < NR_PEOPLE; i++)
		add_person(grid, i);
	grid_arrange(grid);
	*state = grid;
	return 0;
}

static int close_grid(void **state)
{
	grid_release(*state);
	free(*state);
	return 0;
}

static void assert_sane_grid(const struct grid *grid)
{
	uint64_t id;

	assert_true(grid->shown <= grid->count);
	assert_int_equal(grid_selected(grid, &id), grid->shown > 0);
	if (!grid->shown)
		return;
	assert_true(grid->at < grid->shown);
	assert_int_equal(grid->rows[grid->order[grid->at]].id, id);
}

/* "alpha beta": the shown names in their order. */
static void assert_names(struct grid *grid, const char *why, const char *expected)
{
	char names[256] = "", cell[GRID_CELL_LEN];

	assert_sane_grid(grid);
	for (size_t i = 0; i < grid->shown; i++) {
		strcat(names, i ? " " : "");
		strcat(names, grid_cell(grid, i, NAME, cell));
	}
	if (strcmp(names, expected))
		fail_msg("%s: '%s', not '%s'", why, names, expected);
}

static void draw(struct grid *grid, unsigned int width, unsigned int height, const char *why,
		 const char *expected)
{
	struct frame frame;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(frame_init(&frame, width, height, false), 0);
	grid_draw(grid, &frame, 0, height);
	frame_write(&frame, out, false);
	fclose(out);
	if (expected && strcmp(text, expected))
		fail_msg("%s:\n%snot\n%s", why, text, expected);
	free(text);
	frame_release(&frame);
}

static const struct {
	const char *why;
	uint32_t sort;
	bool reversed;
	const char *expected;
} orders[] = {
	{ "of figures the greatest is first", COUNT, false, "alpha beta gamma -" },
	{ "and the unknown one is last, also reversed", COUNT, true, "gamma beta alpha -" },
	{ "of names the first in the alphabet", NAME, false, "alpha beta gamma -" },
	{ "names reversed", NAME, true, "gamma beta alpha -" },
	{ "ports by number, not by digit", PORT, false, "gamma beta alpha -" },
	{ "all unknown: as they came", AGE, false, "beta alpha - gamma" },
	{ "unsorted", GRID_UNSORTED, false, "beta alpha - gamma" },
};

static void rows_are_sorted_by_any_column(void **state)
{
	struct grid *grid = *state;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		grid->sort = orders[i].sort;
		grid->reversed = orders[i].reversed;
		grid_arrange(grid);
		assert_names(grid, orders[i].why, orders[i].expected);
	}
}

static void what_is_to_be_last_stays_there(void **state)
{
	struct grid *grid = *state;

	assert_true(grid_add(grid, 1));
	grid_text(grid, NAME, "other");
	grid_figure(grid, COUNT, 1e9);
	grid_last(grid)->last = true;
	grid_arrange(grid);
	assert_names(grid, "though it is the greatest", "alpha beta gamma - other");
	grid->reversed = true;
	grid_arrange(grid);
	assert_names(grid, "reversed", "gamma beta alpha - other");
}

static void sorting_steps_over_the_columns_that_are_seen(void **state)
{
	struct grid *grid = *state;

	grid->hidden = 1U << AGE;
	draw(grid, 80, 6, "", NULL);
	grid_sort_next(grid, 1);
	assert_int_equal(grid->sort, PORT);
	grid_sort_next(grid, 1);
	assert_int_equal(grid->sort, NAME);
	grid_sort_next(grid, -1);
	assert_int_equal(grid->sort, PORT);
	grid_reverse(grid);
	assert_names(grid, "reversed", "alpha beta gamma -");
	grid_sort_next(grid, 1);
	assert_false(grid->reversed);
}

static const struct {
	const char *why, *filter, *expected;
} filters[] = {
	{ "none", "", "alpha beta gamma -" },
	{ "a part of a name", "et", "beta" },
	{ "whatever the case", "ALP", "alpha" },
	{ "any column that is seen", "8", "alpha gamma" },
	{ "nothing", "nginx", "" },
};

static void only_rows_with_the_text_are_shown(void **state)
{
	struct grid *grid = *state;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		strcpy(grid->filter, filters[i].filter);
		grid_arrange(grid);
		assert_names(grid, filters[i].why, filters[i].expected);
	}
	strcpy(grid->filter, "8080");
	/* where the column of ports is not seen, its text does not count */
	grid->drawn.columns = 1U << NAME | 1U << COUNT;
	grid_arrange(grid);
	assert_names(grid, "a column that is not seen", "");
}

static void assert_selected(const struct grid *grid, const char *why, uint64_t expected)
{
	uint64_t id = 0;

	assert_sane_grid(grid);
	if (!grid_selected(grid, &id) || id != expected)
		fail_msg("%s: %u is selected, not %u", why, (unsigned int)id,
			 (unsigned int)expected);
}

static void the_selection_stays_on_its_row(void **state)
{
	struct grid *grid = *state;

	assert_selected(grid, "the first", 101);
	grid->sort = NAME;
	grid->reversed = true;
	grid_arrange(grid);
	assert_selected(grid, "not chosen: the first, whichever it is", 103);
	grid_move(grid, 1);
	assert_selected(grid, "chosen", 100);
	grid->reversed = false;
	grid_arrange(grid);
	assert_selected(grid, "in another order", 100);
	grid_clear(grid);
	for (size_t i = NR_PEOPLE; i-- > 0;)
		add_person(grid, i);
	grid_arrange(grid);
	assert_selected(grid, "built anew", 100);
	strcpy(grid->filter, "gamma");
	grid_arrange(grid);
	assert_selected(grid, "it is not shown: the one in its place", 103);
	strcpy(grid->filter, "nginx");
	grid_arrange(grid);
	assert_sane_grid(grid);
}

static void moving_ends_at_the_first_and_at_the_last_row(void **state)
{
	struct grid *grid = *state;

	grid_move(grid, 2);
	assert_int_equal(grid->at, 2);
	grid_move(grid, 1L << 40);
	assert_int_equal(grid->at, NR_PEOPLE - 1);
	grid_move(grid, -2);
	assert_int_equal(grid->at, 1);
	grid_move(grid, -(1L << 40));
	assert_int_equal(grid->at, 0);
	assert_false(grid->chosen);
	grid_clear(grid);
	grid_arrange(grid);
	grid_move(grid, 1);
	assert_sane_grid(grid);
}

static void the_newest_is_followed_until_somebody_moves_away(void **state)
{
	struct grid *grid = *state;

	grid->sort = GRID_UNSORTED;
	grid->fixed = grid->follow = true;
	grid_arrange(grid);
	assert_selected(grid, "the newest", 103);
	assert_true(grid_add(grid, 104));
	grid_arrange(grid);
	assert_selected(grid, "a newer one", 104);
	grid_move(grid, -1);
	assert_true(grid_add(grid, 105));
	grid_arrange(grid);
	assert_selected(grid, "moved away", 103);
	grid_move(grid, 1L << 40);
	assert_true(grid_add(grid, 106));
	grid_arrange(grid);
	assert_selected(grid, "at the end again", 106);
	grid_sort_next(grid, 1);
	assert_int_equal(grid->sort, GRID_UNSORTED);
}

static void clicks_find_headings_and_rows(void **state)
{
	struct grid *grid = *state;

	grid->hidden = 1U << AGE;
	draw(grid, 40, 6, "with all columns",
	     "NAME   COUNT▼  PORT\n"
	     "alpha      20  8080\n"
	     "beta        7  443\n"
	     "gamma       0  80\n"
	     "-           -  -\n"
	     "\n");
	assert_int_equal(grid_click(grid, 0, 8), GRID_HIT_HEADING);
	assert_true(grid->reversed);
	assert_int_equal(grid_click(grid, 0, 0), GRID_HIT_HEADING);
	assert_int_equal(grid->sort, NAME);
	assert_int_equal(grid_click(grid, 0, 6), GRID_MISSED);
	assert_int_equal(grid_click(grid, 2, 30), GRID_HIT_ROW);
	assert_selected(grid, "the second row", 100);
	assert_int_equal(grid_click(grid, 5, 0), GRID_MISSED);
	assert_int_equal(grid_click(grid, 60, 0), GRID_MISSED);
	/* the first row, pointed at, is chosen as any other */
	assert_int_equal(grid_click(grid, 1, 0), GRID_HIT_ROW);
	grid->reversed = true;
	grid_arrange(grid);
	assert_selected(grid, "in another order", 101);
}

static void columns_that_matter_least_go_first(void **state)
{
	struct grid *grid = *state;

	draw(grid, 19, 3, "without ages",
	     "NAME   COUNT▼  PORT\n"
	     "alpha      20  8080\n"
	     "beta        7  443\n");
	draw(grid, 18, 3, "without ports",
	     "NAME   COUNT▼\n"
	     "alpha      20\n"
	     "beta        7\n");
	grid->sort = AGE;
	draw(grid, 12, 2, "never what it is sorted by",
	     "NAME   AGE▼\n"
	     "alpha     -\n");
}

static void names_have_the_room_that_is_left(void **state)
{
	struct grid *grid = *state;

	assert_true(grid_add(grid, 1));
	grid_text(grid, NAME, "kubepods-burstable-数据库.service");
	grid_figure(grid, COUNT, 100);
	grid_arrange(grid);
	grid->hidden = 1U << AGE | 1U << PORT;
	draw(grid, 16, 2, "cut", "NAME      COUNT▼\nkubepod…     100\n");
	draw(grid, 60, 2, "whole",
	     "NAME                               COUNT▼\n"
	     "kubepods-burstable-数据库.service     100\n");
}

static void the_page_follows_the_selection(void **state)
{
	struct grid *grid = *state;

	draw(grid, 14, 3, "from the top", "NAME   COUNT▼\nalpha      20\nbeta        7\n");
	grid_move(grid, 2);
	draw(grid, 14, 3, "a row further", "NAME   COUNT▼\nbeta        7\ngamma       0\n");
	grid_move(grid, -1);
	draw(grid, 14, 3, "it is seen already", "NAME   COUNT▼\nbeta        7\ngamma       0\n");
	draw(grid, 14, 5, "more room",
	     "NAME   COUNT▼\nalpha      20\nbeta        7\ngamma       0\n-           -\n");
	draw(grid, 14, 1, "no room at all", "\n");
}

static void what_goes_before_the_selection_does_not_move_it(void **state)
{
	struct grid *grid = *state;

	grid->sort = GRID_UNSORTED;
	grid_arrange(grid);
	draw(grid, 80, 3, "from the top", NULL);
	grid_move(grid, 3);
	draw(grid, 80, 3, "the last two", NULL);
	assert_int_equal(grid->at - grid->top, 1);
	grid_clear(grid);
	add_person(grid, 1);
	add_person(grid, 2);
	add_person(grid, 3);
	add_person(grid, 0);
	grid_arrange(grid);
	assert_selected(grid, "it", 103);
	assert_int_equal(grid->at - grid->top, 1);
}

static void what_was_seen_is_known(void **state)
{
	struct grid *grid = *state;

	assert_false(grid_was_seen(grid, 101));
	draw(grid, 80, 3, "two rows", NULL);
	assert_true(grid_was_seen(grid, 101));
	assert_true(grid_was_seen(grid, 100));
	assert_false(grid_was_seen(grid, 103));
	grid_clear(grid);
	assert_true(grid_was_seen(grid, 101));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_are_sorted_by_any_column, open_grid,
						close_grid),
		cmocka_unit_test_setup_teardown(what_is_to_be_last_stays_there, open_grid,
						close_grid),
		cmocka_unit_test_setup_teardown(sorting_steps_over_the_columns_that_are_seen,
						open_grid, close_grid),
		cmocka_unit_test_setup_teardown(only_rows_with_the_text_are_shown, open_grid,
						close_grid),
		cmocka_unit_test_setup_teardown(the_selection_stays_on_its_row, open_grid,
						close_grid),
		cmocka_unit_test_setup_teardown(moving_ends_at_the_first_and_at_the_last_row,
						open_grid, close_grid),
		cmocka_unit_test_setup_teardown(the_newest_is_followed_until_somebody_moves_away,
						open_grid, close_grid),
		cmocka_unit_test_setup_teardown(clicks_find_headings_and_rows, open_grid,
						close_grid),
		cmocka_unit_test_setup_teardown(columns_that_matter_least_go_first, open_grid,
						close_grid),
		cmocka_unit_test_setup_teardown(names_have_the_room_that_is_left, open_grid,
						close_grid),
		cmocka_unit_test_setup_teardown(the_page_follows_the_selection, open_grid,
						close_grid),
		cmocka_unit_test_setup_teardown(what_goes_before_the_selection_does_not_move_it,
						open_grid, close_grid),
		cmocka_unit_test_setup_teardown(what_was_seen_is_known, open_grid, close_grid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
