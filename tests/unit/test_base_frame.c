// SPDX-License-Identifier: GPL-2.0-or-later
/* Pictures of text: what is wide, what combines, what is cut, and what ASCII makes of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/frame.h"

/* As frame_write() has it; to be freed. */
static char *written(const struct frame *frame, bool styles)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	frame_write(frame, out, styles);
	fclose(out);
	return text;
}

static void assert_written(const struct frame *frame, const char *why, const char *expected)
{
	char *text = written(frame, false);

	if (strcmp(text, expected))
		fail_msg("%s: '%s', not '%s'", why, text, expected);
	free(text);
}

/* What can be true of a cell whatever was put where. */
static void assert_sane_frame(const struct frame *frame)
{
	for (unsigned int row = 0; row < frame->height; row++)
		for (unsigned int column = 0; column < frame->width; column++) {
			const struct cell *cell = &frame->cells[row * frame->width + column];

			assert_in_range(cell->style, 0, NR_STYLES - 1);
			if (!cell->rune)
				assert_true(column && cell[-1].rune > 0xff);
		}
}

static const struct {
	const char *why, *text;
	unsigned int column, most;
	bool ascii;
	unsigned int took;
	const char *expected;
} rows[] = {
	{ "it fits", "abc", 1, 5, false, 3, " abc\n" },
	{ "just so", "abcde", 0, 5, false, 5, "abcde\n" },
	{ "it is cut", "abcdef", 0, 5, false, 5, "abcd…\n" },
	{ "it is cut in ASCII", "abcdef", 0, 5, true, 5, "abcd~\n" },
	{ "the edge cuts", "abcdef", 6, 9, false, 4, "      abc…\n" },
	{ "no room at all", "abc", 3, 0, false, 0, "\n" },
	{ "past the edge", "abc", 10, 5, false, 0, "\n" },
	{ "wide ones", "服务a", 0, 5, false, 5, "服务a\n" },
	{ "a wide one that half would fit of", "服务器", 0, 4, false, 3, "服…\n" },
	{ "wide ones in ASCII are as wide", "服a", 0, 5, true, 3, "??a\n" },
	{ "what combines takes no column", "e\xcc\x81x", 0, 2, false, 2, "e\xcc\x81x\n" },
	{ "nor in ASCII", "e\xcc\x81x", 0, 2, true, 2, "ex\n" },
	{ "more marks than there is room for", "e\xcc\x81\xcc\x82\xcc\x83\xcc\x84", 0, 2, false, 1,
	  "e\xcc\x81\xcc\x82\xcc\x83\n" },
	{ "a mark on a wide one", "か\xe3\x82\x99x", 0, 5, false, 3, "か\xe3\x82\x99x\n" },
	{ "a mark on nothing", "\xcc\x81x", 0, 5, false, 1, "x\n" },
	{ "controls", "a\033[b\x7f", 0, 9, false, 5, "a?[b?\n" },
	{ "C1 controls", "a\xc2\x9b", 0, 9, false, 2, "a?\n" },
	{ "a sparkline", "▁▂▄▆▇█", 0, 9, false, 6, "▁▂▄▆▇█\n" },
	{ "a sparkline in ASCII", "▁▂▄▆▇█", 0, 9, true, 6, "_.-=*#\n" },
};

static void text_takes_the_columns_that_it_is_given(void **state)
{
	struct frame frame;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(frame_init(&frame, 10, 1, rows[i].ascii), 0);
		if (frame_put(&frame, 0, rows[i].column, rows[i].most, STYLE_PLAIN, rows[i].text) !=
		    rows[i].took)
			fail_msg("%s: it took other than %u columns", rows[i].why, rows[i].took);
		assert_written(&frame, rows[i].why, rows[i].expected);
		assert_sane_frame(&frame);
		frame_release(&frame);
	}
}

static void half_of_a_wide_character_is_not_left(void **state)
{
	struct frame frame;

	(void)state;
	assert_int_equal(frame_init(&frame, 6, 1, false), 0);
	frame_put(&frame, 0, 0, 6, STYLE_PLAIN, "服务器");
	frame_put(&frame, 0, 1, 1, STYLE_PLAIN, "x");
	assert_written(&frame, "its second half", " x务器\n");
	frame_put(&frame, 0, 4, 1, STYLE_PLAIN, "y");
	assert_written(&frame, "its first half", " x务y\n");
	frame_put(&frame, 0, 1, 2, STYLE_PLAIN, "服");
	assert_written(&frame, "by a wide one", " 服 y\n");
	assert_sane_frame(&frame);
	frame_release(&frame);
}

static void what_stands_right_ends_at_its_edge(void **state)
{
	struct frame frame;

	(void)state;
	assert_int_equal(frame_init(&frame, 10, 3, false), 0);
	frame_put_right(&frame, 0, 2, 6, STYLE_PLAIN, "123");
	frame_put_right(&frame, 1, 2, 6, STYLE_PLAIN, "服务");
	frame_put_right(&frame, 2, 2, 6, STYLE_PLAIN, "12345678");
	assert_written(&frame, "right", "     123\n    服务\n  12345…\n");
	frame_release(&frame);
}

static void cells_have_the_style_that_came_last(void **state)
{
	struct frame frame;
	char *text;

	(void)state;
	assert_int_equal(frame_init(&frame, 8, 2, false), 0);
	frame_put(&frame, 0, 0, 8, STYLE_BAD, "abcdef");
	frame_paint(&frame, 0, 2, 2, STYLE_SELECTED);
	frame_paint(&frame, 1, 6, 99, STYLE_DIM);
	frame_paint(&frame, 9, 0, 99, STYLE_DIM);
	text = written(&frame, true);
	assert_string_equal(text, "abcdef\nbb>>bb\n\n      ..\n");
	free(text);
	frame_clear(&frame);
	assert_written(&frame, "cleared", "\n\n");
	assert_int_equal(frame.cursor_row, -1);
	frame_release(&frame);
}

static void rows_that_there_are_not_are_left_alone(void **state)
{
	struct frame frame;

	(void)state;
	assert_int_equal(frame_init(&frame, 0, 0, false), 0);
	assert_int_equal(frame_put(&frame, 0, 0, 5, STYLE_PLAIN, "abc"), 0);
	frame_put_right(&frame, 0, 0, 5, STYLE_PLAIN, "abc");
	assert_written(&frame, "none", "");
	frame_release(&frame);
	assert_true(frame_init(&frame, 1 << 20, 1, false) < 0);
	frame_release(&frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_takes_the_columns_that_it_is_given),
		cmocka_unit_test(half_of_a_wide_character_is_not_left),
		cmocka_unit_test(what_stands_right_ends_at_its_edge),
		cmocka_unit_test(cells_have_the_style_that_came_last),
		cmocka_unit_test(rows_that_there_are_not_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
