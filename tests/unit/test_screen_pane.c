// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts that are wider than the screen: nothing of them is cut. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "screen/pane.h"

#define PREFIX "         $ sysctl -w"
#define LONG_WORD "net.ipv4.ip_local_reserved_ports=8080,9090,9100,9200,9300,9400,9500"

static void words_go_on_in_the_next_line(void **state)
{
	struct pane pane = { 0 };

	(void)state;
	pane_set(&pane, strdup("one\n  two three four\n\nfive\n"), 11);
	assert_int_equal(pane.count, 5);
	assert_string_equal(pane.lines[0], "one");
	assert_string_equal(pane.lines[1], "  two three");
	assert_string_equal(pane.lines[2], "four");
	assert_string_equal(pane.lines[3], "");
	assert_string_equal(pane.lines[4], "five");
	pane_release(&pane);
}

static void words_wider_than_the_screen_are_broken(void **state)
{
	struct pane pane = { 0 };
	char word[128] = "";

	(void)state;
	pane_set(&pane, strdup(PREFIX " " LONG_WORD "\n"), 30);
	assert_string_equal(pane.lines[0], PREFIX);
	for (size_t i = 1; i < pane.count; i++) {
		assert_in_range(strlen(pane.lines[i]), 1, 30);
		strcat(word, pane.lines[i]);
	}
	assert_string_equal(word, LONG_WORD);
	pane_release(&pane);
}

static void no_width_and_no_rune_is_too_small(void **state)
{
	(void)state;
	for (unsigned int width = 0; width < 5; width++) {
		struct pane pane = { 0 };

		pane_set(&pane, strdup("  \033[1m漢字漢字\033[0m ab\n"), width);
		assert_in_range(pane.count, 1, 10);
		pane_release(&pane);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_go_on_in_the_next_line),
		cmocka_unit_test(words_wider_than_the_screen_are_broken),
		cmocka_unit_test(no_width_and_no_rune_is_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
