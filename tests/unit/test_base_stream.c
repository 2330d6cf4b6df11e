/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text in memory: what is there when, how it is written anew, and what shows that it is not whole. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"

static void a_text_is_there_from_the_first_on(void **state)
{
	char *text;
	size_t len;
	FILE *out = stream_memory(&text, &len);

	(void)state;
	assert_non_null(out);
	assert_string_equal(text, "");
	fputs("one", out);
	assert_int_equal(fflush(out), 0);
	assert_string_equal(text, "one");
	assert_int_equal(len, 3);
	fprintf(out, " and %d", 2);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "one and 2");
	assert_int_equal(len, 9);
	free(text);
}

static void a_long_text_is_whole(void **state)
{
	char *text;
	size_t len;
	FILE *out = stream_memory(&text, &len);

	(void)state;
	for (unsigned int i = 0; i < 100000; i++)
		fprintf(out, "%06u\n", i);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(len, 700000);
	for (unsigned int i = 0; i < 100000; i++)
		assert_int_equal(strtoul(text + (size_t)7 * i, NULL, 10), i);
	assert_int_equal(text[len], '\0');
	free(text);
}

static void written_anew_it_is_as_long_as_the_new_one(void **state)
{
	char *text;
	size_t len;
	FILE *out = stream_memory(&text, &len);

	(void)state;
	fputs("a long one", out);
	rewind(out);
	fputs("short", out);
	assert_int_equal(fflush(out), 0);
	assert_int_equal(ftell(out), 5);
	assert_string_equal(text, "short");
	assert_int_equal(len, 5);
	fclose(out);
	free(text);
}

static void a_failure_shows_and_can_be_cleared(void **state)
{
	char *text;
	size_t len;
	FILE *out = stream_memory(&text, &len);

	(void)state;
	assert_false(ferror(out));
	stream_fail(out, ENOSPC);
	assert_int_equal(errno, ENOSPC);
	assert_true(ferror(out));
	clearerr(out);
	assert_false(ferror(out));
	fclose(out);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_there_from_the_first_on),
		cmocka_unit_test(a_long_text_is_whole),
		cmocka_unit_test(written_anew_it_is_as_long_as_the_new_one),
		cmocka_unit_test(a_failure_shows_and_can_be_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
