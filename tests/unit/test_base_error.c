/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors keep their code and sentence, whatever is among the arguments. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"

static void returns_the_code_it_was_given(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(error_set(&err, -ENOENT, "cannot open '%s'", "x"), -ENOENT);
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text, "cannot open 'x'");
}

static void works_without_an_error_to_fill(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, -EPERM, "%s", "nobody listens"), -EPERM);
}

static void may_wrap_its_own_text(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set(&err, -EIO, "short read");
	error_set(&err, err.code, "recording '%s': %s, at %d", "a.tw", err.text, 7);
	assert_string_equal(err.text, "recording 'a.tw': short read, at 7");
	assert_int_equal(err.code, -EIO);
}

static void cuts_a_sentence_that_is_too_long(void **state)
{
	struct {
		struct error err;
		char guard;
	} box = { .guard = 'g' };
	char input[2 * sizeof(box.err.text)];

	(void)state;
	memset(input, 'a', sizeof(input));
	input[sizeof(input) - 1] = '\0';
	error_set(&box.err, -EINVAL, "%s", input);
	assert_int_equal(strlen(box.err.text), sizeof(box.err.text) - 1);
	assert_int_equal(box.guard, 'g');
}

/* It goes into answers and documents too, not only to a terminal. */
static void is_text_whatever_it_quotes(void **state)
{
	static const struct {
		const char *input, *text;
	} cases[] = {
		{ "caf\xc3\xa9", "no 'caf\xc3\xa9'" },
		{ "a\x1b[31m\n", "no 'a\\x1b[31m\\x0a'" },
		{ "\xff\xe2\x80\xae", "no '\\xff\\xe2\\x80\\xae'" },
	};
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		error_set(&err, -EINVAL, "no '%s'", cases[i].input);
		assert_string_equal(err.text, cases[i].text);
		error_set(&err, -EINVAL, "%s", err.text);
		assert_string_equal(err.text, cases[i].text);
	}
}

static void leaves_errno_alone(void **state)
{
	struct error err;

	(void)state;
	errno = EXDEV;
	error_set(&err, -1, "%s", "x");
	assert_int_equal(errno, EXDEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(returns_the_code_it_was_given),
		cmocka_unit_test(works_without_an_error_to_fill),
		cmocka_unit_test(may_wrap_its_own_text),
		cmocka_unit_test(cuts_a_sentence_that_is_too_long),
		cmocka_unit_test(is_text_whatever_it_quotes),
		cmocka_unit_test(leaves_errno_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
