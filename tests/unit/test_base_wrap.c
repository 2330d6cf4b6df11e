// SPDX-License-Identifier: GPL-2.0-or-later
/* Paragraphs: where they break, and what stands before a line. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/wrap.h"

static const struct {
	const char *why, *text, *mark;
	size_t width, at;
	const char *expected;
} rows[] = {
	{ "it fits", "one two", "", 7, 0, "one two\n" },
	{ "it does not", "one two", "", 6, 0, "one\ntwo\n" },
	{ "indented", "one two", "", 8, 2, "one\n  two\n" },
	{ "with a mark", "one two", "# ", 8, 2, "one\n# two\n" },
	{ "the mark is narrower", "one two", "# ", 8, 4, "one\n#   two\n" },
	{ "blanks are one", " one   two ", "", 20, 0, "one two\n" },
	{ "a word too wide", "a abcdefgh b", "", 4, 0, "a\nabcdefgh\nb\n" },
	{ "columns, not bytes", "\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9", "", 5, 0,
	  "\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9\n" },
	{ "nothing", "", "", 5, 0, "\n" },
};

static void a_paragraph_breaks_between_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		print_wrapped_marked(out, rows[i].width, rows[i].at, rows[i].mark, rows[i].text);
		fclose(out);
		if (strcmp(text, rows[i].expected))
			fail_msg("%s: '%s'", rows[i].why, text);
		free(text);
	}
}

static void no_word_is_cut(void **state)
{
	char word[5000], *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	print_wrapped(out, 80, 0, word);
	fclose(out);
	assert_int_equal(size, sizeof(word));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_paragraph_breaks_between_words),
		cmocka_unit_test(no_word_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
