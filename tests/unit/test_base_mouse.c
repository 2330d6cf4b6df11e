/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What terminals say of a mouse. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/mouse.h"

static void reads_what_terminals_send(void **state)
{
	static const struct {
		const char *text;
		uint32_t key;
		uint16_t row, column;
		const char *why;
	} cases[] = {
		{ "0;1;1M", KEY_CLICK, 0, 0, "the first cell is 1;1" },
		{ "0;290;100M", KEY_CLICK, 99, 289, "beyond what three bytes can say" },
		{ "16;5;6M", KEY_CLICK, 5, 4, "control is no other button" },
		{ "64;5;6M", KEY_WHEEL_UP, 5, 4, "the wheel" },
		{ "65;5;6M", KEY_WHEEL_DOWN, 5, 4, "the wheel" },
		{ "69;5;6M", KEY_WHEEL_DOWN, 5, 4, "the wheel, with shift" },
		{ "0;5;6m", KEY_NONE, 0, 0, "let go" },
		{ "2;5;6M", KEY_NONE, 5, 4, "the right button is the terminal's" },
		{ "32;5;6M", KEY_NONE, 5, 4, "moved" },
		{ "0;0;6M", KEY_NONE, 0, 0, "there is no column 0" },
		{ "0;5;99999M", KEY_NONE, 0, 0, "no screen is so high" },
		{ "0;5M", KEY_NONE, 0, 0, "a number is missing" },
		{ "0;5;6", KEY_NONE, 0, 0, "cut" },
		{ "", KEY_NONE, 0, 0, "cut" },
		{ "a;b;cM", KEY_NONE, 0, 0, "no numbers" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mouse mouse = { 0 };
		struct key_press press = mouse_read(&mouse, cases[i].text, 1);

		if (press.key != cases[i].key || press.row != cases[i].row ||
		    press.column != cases[i].column)
			fail_msg("'%s' (%s): key %x at %u, %u", cases[i].text, cases[i].why,
				 press.key, press.row, press.column);
	}
}

static void reads_the_old_three_bytes(void **state)
{
	struct mouse mouse = { 0 };
	struct key_press press = mouse_read_old(&mouse, "\x20\x2a\x25", 1);

	(void)state;
	assert_int_equal(press.key, KEY_CLICK);
	assert_int_equal(press.column, 9);
	assert_int_equal(press.row, 4);
	press = mouse_read_old(&mouse, "\x61\xff\x25", 1);
	assert_int_equal(press.key, KEY_WHEEL_DOWN);
	assert_int_equal(press.column, 222);
	/* bytes below a blank wrap to places that no screen has */
	press = mouse_read_old(&mouse, "\x20\x20\x25", 1);
	assert_int_equal(press.key, KEY_NONE);
}

static void two_clicks_at_one_place_are_a_double_click(void **state)
{
	static const struct {
		const char *first, *second;
		uint64_t apart_ns;
		uint32_t key;
		const char *why;
	} cases[] = {
		{ "0;3;4M", "0;3;4M", MOUSE_DOUBLE_NS - 1, KEY_DOUBLE_CLICK, "soon" },
		{ "0;3;4M", "0;3;4M", MOUSE_DOUBLE_NS, KEY_CLICK, "too late" },
		{ "0;3;4M", "0;4;4M", 1, KEY_CLICK, "another column" },
		{ "0;3;4M", "0;3;5M", 1, KEY_CLICK, "another row" },
		{ "64;3;4M", "0;3;4M", 1, KEY_CLICK, "the wheel is no click" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mouse mouse = { 0 };
		struct key_press press;

		mouse_read(&mouse, cases[i].first, 1000);
		press = mouse_read(&mouse, cases[i].second, 1000 + cases[i].apart_ns);
		if (press.key != cases[i].key)
			fail_msg("%s: key %x", cases[i].why, press.key);
	}
}

static void the_third_click_begins_anew(void **state)
{
	struct mouse mouse = { 0 };

	(void)state;
	assert_int_equal(mouse_read(&mouse, "0;3;4M", 10).key, KEY_CLICK);
	assert_int_equal(mouse_read(&mouse, "0;3;4M", 20).key, KEY_DOUBLE_CLICK);
	assert_int_equal(mouse_read(&mouse, "0;3;4M", 30).key, KEY_CLICK);
	assert_int_equal(mouse_read(&mouse, "0;3;4M", 40).key, KEY_DOUBLE_CLICK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_terminals_send),
		cmocka_unit_test(reads_the_old_three_bytes),
		cmocka_unit_test(two_clicks_at_one_place_are_a_double_click),
		cmocka_unit_test(the_third_click_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
