/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON as it is written: numbers, escapes, null, and who frees what (with ASan). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "scarcity.h"

/* The caller frees the text; @json is freed here. */
static char *written(struct json *json, void (*write)(const struct json *, FILE *))
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	assert_non_null(file);
	write(json, file);
	assert_int_equal(ferror(file), 0);
	fclose(file);
	json_free(json);
	return text;
}

static void assert_line(struct json *json, const char *expected)
{
	char *text = written(json, json_write_line);

	assert_string_equal(text, expected);
	free(text);
}

static void writes_one_line_without_blanks(void **state)
{
	struct json *json = json_object();
	struct json *rows = json_array();
	struct json *row = json_object();

	(void)state;
	json_add_text(json, "kind", "transition");
	json_add_bool(json, "ok", true);
	json_add_bool(json, "bad", false);
	json_add_i64(row, "drift", -3);
	json_add(rows, NULL, row);
	json_add_u64(rows, NULL, 7);
	json_add_null(rows, NULL);
	json_add(json, "rows", rows);
	json_add(json, "empty", json_array());
	json_add(json, "none", json_object());
	assert_line(json, "{\"kind\":\"transition\",\"ok\":true,\"bad\":false,"
			  "\"rows\":[{\"drift\":-3},7,null],\"empty\":[],\"none\":{}}\n");
}

static void writes_an_indented_document(void **state)
{
	struct json *json = json_object();
	struct json *rows = json_array();
	char *text;

	(void)state;
	json_add_u64(rows, NULL, 1);
	json_add(json, "rows", rows);
	json_add_text(json, "path", "/a");
	text = written(json, json_write_pretty);
	assert_string_equal(text, "{\n  \"rows\": [\n    1\n  ],\n  \"path\": \"/a\"\n}\n");
	free(text);
}

/* Of what lacks anything for want of memory nothing is written, and the file says so. */
static void assert_unwritten(struct json *json)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	json_write_line(json, file);
	json_write_pretty(json, file);
	assert_true(ferror(file));
	assert_int_equal(errno, ENOMEM);
	fclose(file);
	assert_string_equal(text, "");
	free(text);
	json_free(json);
}

static void writes_nothing_of_what_is_spoilt(void **state)
{
	struct json *json = json_object(), *rows = json_array(), *row = json_object();

	(void)state;
	assert_unwritten(NULL);
	json_add(json, "child", NULL);
	assert_unwritten(json);

	/* however deep, and whether it was before it was given away or after */
	json = json_object();
	json_add(json, "rows", rows);
	json_add_u64(rows, NULL, 7);
	json_add(rows, NULL, row);
	json_add_u64(row, "whole", 1);
	json_spoil(row);
	assert_unwritten(json);
	json_spoil(NULL);
}

static void writes_null_for_what_is_unknown(void **state)
{
	struct json *json = json_object();

	(void)state;
	json_add_null(json, "child");
	json_add_text(json, "text", NULL);
	json_add_null(json, "null");
	json_add_double(json, "nan", NAN);
	json_add_double(json, "infinite", -INFINITY);
	assert_line(json, "{\"child\":null,\"text\":null,\"null\":null,\"nan\":null,"
			  "\"infinite\":null}\n");
}

static void takes_over_what_is_json_already_as_it_is(void **state)
{
	struct json *json = json_object(), *array = json_array();

	(void)state;
	json_add_ready(json, "whole", strdup("{ \"a\":[1,2],\n\"b\":0.10 }"));
	json_add_ready(array, NULL, strdup("[]"));
	json_add_ready(array, NULL, NULL);
	json_add_ready(NULL, "lost", strdup("7"));
	json_add(json, "rest", array);
	assert_line(json, "{\"whole\":{ \"a\":[1,2],\n\"b\":0.10 },\"rest\":[[],null]}\n");
}

static void keeps_integers_exact(void **state)
{
	struct json *json = json_array();

	(void)state;
	json_add_u64(json, NULL, 0);
	json_add_u64(json, NULL, UINT64_MAX);
	json_add_i64(json, NULL, INT64_MIN);
	json_add_i64(json, NULL, INT64_MAX);
	assert_line(json, "[0,18446744073709551615,-9223372036854775808,9223372036854775807]\n");
}

static void assert_doubles(void)
{
	static const struct {
		double value;
		const char *text, *why;
	} cases[] = {
		{ 0, "0.0", "a double shows that it is one" },
		{ -0.0, "0.0", "without its sign" },
		{ 3, "3.0", "a whole number" },
		{ 0.5, "0.5", "zeros are not written" },
		{ 1.25, "1.25", "two decimals" },
		{ -1.25, "-1.25", "below zero" },
		{ 0.1 + 0.2, "0.3", "not 0.30000000000000004" },
		{ 2.0 / 3, "0.667", "three at most" },
		{ 1.05, "1.05", "a zero after the point" },
		{ 10.001, "10.001", "zeros after the point" },
		{ 0.9996, "1.0", "rounds up to a whole one" },
		{ 0.001, "0.001", "the least of them" },
		{ 0.000412, "412e-6", "smaller: three figures, not 0" },
		{ -0.0000412, "-412e-7", "likewise below zero" },
		{ 123456789.123, "123456789.123", "large" },
		{ 1e15, "1000000000000000.0", "so large that there are no decimals" },
		{ -1e20, "-100000000000000000000.0", "likewise below zero" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json *json = json_array();
		char expected[64];
		char *text;

		json_add_double(json, NULL, cases[i].value);
		text = written(json, json_write_line);
		snprintf(expected, sizeof(expected), "[%s]\n", cases[i].text);
		if (strcmp(text, expected) != 0)
			fail_msg("%s: got %s", cases[i].why, text);
		free(text);
	}
}

static void writes_doubles_for_readers(void **state)
{
	(void)state;
	assert_doubles();
}

static void writes_the_extremes_of_double(void **state)
{
	static const double values[] = { 1.7976931348623157e308, -1.7976931348623157e308,
					 2.2250738585072014e-308, 4.9406564584124654e-324 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct json *json = json_array();
		char *text;

		json_add_double(json, NULL, values[i]);
		text = written(json, json_write_line);
		assert_true(fabs(strtod(text + 1, NULL) / values[i] - 1) < 0.01);
		free(text);
	}
}

static void writes_doubles_alike_in_every_locale(void **state)
{
	static const char *const locales[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "ru_RU.UTF-8" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(locales) / sizeof(locales[0]); i++) {
		if (!setlocale(LC_NUMERIC, locales[i]))
			continue;
		assert_doubles();
		setlocale(LC_NUMERIC, "C");
		return;
	}
	print_message("no locale with a decimal comma is installed\n");
	skip();
}

static void escapes_what_json_must_and_no_slashes(void **state)
{
	struct json *json = json_array();

	(void)state;
	json_add_text(json, NULL, "/sys/fs \"q\" \\x0a \x01 caf\xc3\xa9");
	assert_line(json, "[\"/sys/fs \\\"q\\\" \\\\x0a \\u0001 caf\xc3\xa9\"]\n");
}

static void shows_a_failed_write_in_the_file(void **state)
{
	struct json *json = json_object();
	FILE *file = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(file);
	setvbuf(file, NULL, _IONBF, 0);
	json_write_line(json, file);
	assert_int_not_equal(ferror(file), 0);
	fclose(file);
	json_free(json);
}

/* One of each kind of value, and enough of them that all that grows must; takes @ready over. */
static struct json *some_of_all(char *ready)
{
	struct json *json = json_object(), *rows = json_array();
	char key[16], text[200];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	json_add_text(json, "text", text);
	json_add_bool(json, "true", true);
	json_add_double(json, "double", -0.000412);
	json_add_null(json, "null");
	json_add_ready(json, "ready", ready);
	for (unsigned int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "key%u", i);
		json_add_u64(json, key, UINT64_MAX);
		json_add_i64(rows, NULL, -1);
	}
	json_add(json, "rows", rows);
	return json;
}

#ifdef __SANITIZE_ADDRESS__
/* json-c 0.16 loses a key's copy where its table can't grow (json_object_object_add_ex()). */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:json_object_object_add_ex\n";
}
#endif

/* The document, or nothing and an error: whichever of its allocations, the nth, fails. */
static size_t write_without_the(unsigned int nth, char *text, size_t size)
{
	void (*write)(const struct json *, FILE *) = nth % 2 ? json_write_line : json_write_pretty;
	FILE *file = fmemopen(text, size, "w");
	char *ready = strdup("[7]");
	struct json *json;
	size_t len;

	assert_non_null(file);
	assert_non_null(ready);
	setvbuf(file, NULL, _IONBF, 0);
	memory = (struct scarcity){ .one_in = nth, .now = true, .once = true };
	json = some_of_all(ready);
	write(json, file);
	memory.now = false;
	len = (size_t)ftell(file);
	if (ferror(file) ? len || errno != ENOMEM : !len)
		fail_msg("without the allocation %u: %zu bytes, errno %d", nth, len, errno);
	fclose(file);
	json_free(json);
	return len;
}

static void writes_all_or_nothing_where_memory_runs_out(void **state)
{
	static char whole[2][8192], text[8192];
	unsigned int nth = 1, none = 0;

	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		assert_true(write_without_the(1000000 + i, whole[i], sizeof(whole[i])));
	do {
		if (!write_without_the(nth, text, sizeof(text)))
			none++;
		else if (strcmp(text, whole[nth % 2]))
			fail_msg("without the allocation %u: %s", nth, text);
		nth++;
	} while (memory.failed);
	assert_true(nth > 100 && none > 100);
}

static void frees_nothing_without_complaint(void **state)
{
	(void)state;
	json_free(NULL);
	json_add(NULL, "key", json_array());	/* the parent found no memory: the child goes too */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_line_without_blanks),
		cmocka_unit_test(writes_an_indented_document),
		cmocka_unit_test(writes_nothing_of_what_is_spoilt),
		cmocka_unit_test(writes_null_for_what_is_unknown),
		cmocka_unit_test(takes_over_what_is_json_already_as_it_is),
		cmocka_unit_test(keeps_integers_exact),
		cmocka_unit_test(writes_doubles_for_readers),
		cmocka_unit_test(writes_the_extremes_of_double),
		cmocka_unit_test(writes_doubles_alike_in_every_locale),
		cmocka_unit_test(escapes_what_json_must_and_no_slashes),
		cmocka_unit_test(shows_a_failed_write_in_the_file),
		cmocka_unit_test(writes_all_or_nothing_where_memory_runs_out),
		cmocka_unit_test(frees_nothing_without_complaint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
