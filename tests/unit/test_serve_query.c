/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queries are taken as they are meant, or refused with a sentence that quotes them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "serve/query.h"

static void names_and_values_are_decoded(void **state)
{
	struct error err = { 0 };
	struct query query;

	(void)state;
	assert_int_equal(query_parse(&query, "port=443&&service=a%2Fb+%c3%A4&empty=&alone", &err),
			 0);
	assert_int_equal(query.count, 4);
	assert_string_equal(query_get(&query, "port"), "443");
	assert_string_equal(query_get(&query, "service"), "a/b \xc3\xa4");
	assert_string_equal(query_get(&query, "empty"), "");
	assert_string_equal(query_get(&query, "alone"), "");
	assert_null(query_get(&query, "por"));
	query_release(&query);
	assert_int_equal(query_parse(&query, "", &err), 0);
	assert_int_equal(query.count, 0);
	query_release(&query);
}

static void what_could_mean_two_things_is_refused(void **state)
{
	static const struct {
		const char *text, *quoted, *why;
	} cases[] = {
		{ "a=%00", "'a", "NUL" },
		{ "a=%0a", "'a", "a line's end" },
		{ "a=%7f", "'a", "DEL" },
		{ "a=%zz", "'a", "no hex" },
		{ "a=%4", "'a", "cut" },
		{ "a=%", "'a", "cut, too" },
		{ "%=1", "'%", "in the name" },
		{ "a=%ff", "'a", "no UTF-8" },
		{ "a=%c2%85", "'a", "a control character of UTF-8" },
		{ "%c2%85=a", "'%c2", "the same in the name" },
		{ "a=1&a=2", "'a", "twice" },
		{ "a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", "'q'", "too many" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		struct query query;

		if (query_parse(&query, cases[i].text, &err) != -EINVAL)
			fail_msg("taken: %s", cases[i].why);
		if (!strstr(err.text, cases[i].quoted))
			fail_msg("%s does not quote %s: %s", err.text, cases[i].quoted,
				 cases[i].why);
		query_release(&query);
	}
}

static void a_long_one_is_quoted_in_part(void **state)
{
	struct error err = { 0 };
	struct query query;
	char text[4096];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text + sizeof(text) - 4, "%zz", 4);
	assert_int_equal(query_parse(&query, text, &err), -EINVAL);
	assert_true(strlen(err.text) < 200);
	query_release(&query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_values_are_decoded),
		cmocka_unit_test(what_could_mean_two_things_is_refused),
		cmocka_unit_test(a_long_one_is_quoted_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
