/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables as they are printed, byte for byte. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

static void assert_prints(const struct table *table, bool bold, const char *expected)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	assert_non_null(file);
	table_print(table, file, bold);
	fclose(file);
	assert_string_equal(text, expected);
	free(text);
}

static void lays_out_columns_with_numbers_to_the_right(void **state)
{
	static const struct table_column columns[] = {
		{ .heading = "SERVICE" },
		{ .heading = "OPEN", .right = true },
		{ .heading = "STATE" },
	};
	struct table *table = table_new(columns, 3);

	(void)state;
	assert_non_null(table);
	table_cell(table, "nginx.service");
	table_cell(table, "%d", 7);
	table_cell(table, "CLOSE_WAIT");
	table_cell(table, "a");
	table_cell(table, "%d", 12345);
	table_cell(table, "x");
	assert_prints(table, false,
		      "SERVICE         OPEN  STATE\n"
		      "nginx.service      7  CLOSE_WAIT\n"
		      "a              12345  x\n");
	table_free(table);
}

static void pads_no_last_column_but_aligns_numbers_in_it(void **state)
{
	static const struct table_column columns[] = {
		{ .heading = "A" },
		{ .heading = "COUNT", .right = true },
	};
	struct table *table = table_new(columns, 2);

	(void)state;
	table_cell(table, "wide");
	table_cell(table, "1");
	assert_prints(table, false, "A     COUNT\nwide      1\n");
	table_free(table);
}

static void cuts_cells_past_their_bound(void **state)
{
	static const struct {
		const char *cell, *shown, *why;
	} cases[] = {
		{ "abcdef", "abcdef", "just fits" },
		{ "abcdefg", "abcde…", "one too many" },
		{ "日本語", "日本語", "six columns in nine bytes" },
		{ "日本語日", "日本…", "five columns do not divide by two" },
		{ "a日本語", "a日本…", "here they do" },
		{ "abcde\xcc\x81"
		  "fg",
		  "abcde\xcc\x81…", "an accent belongs to its letter" },
		{ "abcdefé", "abcde…", "never inside a character" },
	};
	static const struct table_column columns[] = {
		{ .heading = "NAME", .max_width = 6 },
		{ .heading = "X" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct table *table = table_new(columns, 2);
		char *text = NULL;
		size_t len = 0;
		FILE *file = open_memstream(&text, &len);
		const char *row;

		assert_non_null(file);
		table_cell(table, "%s", cases[i].cell);
		table_cell(table, "x");
		table_print(table, file, false);
		fclose(file);
		row = strchr(text, '\n') + 1;
		if (strncmp(row, cases[i].shown, strlen(cases[i].shown)) != 0 ||
		    row[strlen(cases[i].shown)] != ' ')
			fail_msg("%s: got '%s'", cases[i].why, row);
		free(text);
		table_free(table);
	}
}

static void aligns_by_columns_of_the_terminal_not_bytes(void **state)
{
	static const struct table_column columns[] = {
		{ .heading = "NAME", .max_width = 6 },
		{ .heading = "N", .right = true },
		{ .heading = "L" },
	};
	struct table *table = table_new(columns, 3);

	(void)state;
	table_cell(table, "日本");
	table_cell(table, "é");
	table_cell(table, "x");
	table_cell(table, "日本語日本");	/* cut to five columns, padded to six */
	table_cell(table, "10");
	table_cell(table, "y");
	assert_prints(table, false,
		      "NAME     N  L\n"
		      "日本     é  x\n"
		      "日本…   10  y\n");
	table_free(table);
}

static void never_cuts_headings(void **state)
{
	static const struct table_column columns[] = {
		{ .heading = "REMOTE", .max_width = 3 },
		{ .heading = "X" },
	};
	struct table *table = table_new(columns, 2);

	(void)state;
	table_cell(table, "abcd");
	table_cell(table, "x");
	assert_prints(table, false, "REMOTE  X\nab…     x\n");
	table_free(table);
}

static void keeps_a_word_in_every_cell_for_awk(void **state)
{
	static const struct table_column columns[] = {
		{ .heading = "A" },
		{ .heading = "B" },
		{ .heading = "C" },
	};
	struct table *table = table_new(columns, 3);

	(void)state;
	table_cell(table, "%s", "");
	table_cell(table, "b");
	table_cell(table, "c");
	table_cell(table, "unfinished");
	assert_prints(table, false,
		      "A           B  C\n"
		      "-           b  c\n"
		      "unfinished  -  -\n");
	table_free(table);
}

static void prints_headings_alone_and_in_bold(void **state)
{
	static const struct table_column columns[] = {
		{ .heading = "A" },
		{ .heading = "B" },
	};
	struct table *table = table_new(columns, 2);

	(void)state;
	assert_prints(table, false, "A  B\n");
	assert_prints(table, true, "\033[1mA  B\033[0m\n");
	table_cell(table, "1");
	table_cell(table, "2");
	assert_prints(table, true, "\033[1mA  B\033[0m\n1  2\n");
	table_free(table);
}

static void holds_many_rows(void **state)
{
	static const struct table_column columns[] = {
		{ .heading = "N", .right = true },
	};
	struct table *table = table_new(columns, 1);
	char *expected = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&expected, &len);
	int i;

	(void)state;
	assert_non_null(file);
	fprintf(file, "%4s\n", "N");
	for (i = 0; i < 2000; i++) {
		table_cell(table, "%d", i);
		fprintf(file, "%4d\n", i);
	}
	fclose(file);
	assert_prints(table, false, expected);
	free(expected);
	table_free(table);
}

static void frees_nothing_without_complaint(void **state)
{
	(void)state;
	table_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lays_out_columns_with_numbers_to_the_right),
		cmocka_unit_test(pads_no_last_column_but_aligns_numbers_in_it),
		cmocka_unit_test(cuts_cells_past_their_bound),
		cmocka_unit_test(aligns_by_columns_of_the_terminal_not_bytes),
		cmocka_unit_test(never_cuts_headings),
		cmocka_unit_test(keeps_a_word_in_every_cell_for_awk),
		cmocka_unit_test(prints_headings_alone_and_in_bold),
		cmocka_unit_test(holds_many_rows),
		cmocka_unit_test(frees_nothing_without_complaint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
