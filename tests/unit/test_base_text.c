/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and times as text, foreign bytes made harmless, widths on a terminal. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define SEED 0x5eed
#define SECOND_NS 1000000000ULL

static void groups_digits_by_three(void **state)
{
	static const struct {
		uint64_t value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 12345, "12,345" },
		{ 123456, "123,456" },
		{ 1234567, "1,234,567" },
		{ UINT64_MAX, "18,446,744,073,709,551,615" },
	};
	char text[TEXT_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(text_count(cases[i].value, text), cases[i].text);
}

static void gives_durations_three_figures(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text, *why;
	} cases[] = {
		{ 0, "0s", "nothing needs no unit of its own" },
		{ 7, "7ns", "nanoseconds are whole" },
		{ 999, "999ns", "likewise" },
		{ 1000, "1.00us", "two decimals below ten" },
		{ 9994, "9.99us", "rounds down" },
		{ 9995, "10.0us", "rounds up into fewer decimals" },
		{ 38249, "38.2us", "one decimal below a hundred" },
		{ 412000, "412us", "none above" },
		{ 999499, "999us", "rounds down" },
		{ 999500, "1.00ms", "never 1000us" },
		{ 1250000, "1.25ms", "milliseconds" },
		{ 1050000, "1.05ms", "a zero after the point" },
		{ 999500000, "1.00s", "never 1000ms" },
		{ 38200000000, "38.2s", "seconds" },
		{ 59949999999, "59.9s", "the last below a minute" },
		{ 59950000000, "1m00s", "never 60.0s" },
		{ 60 * SECOND_NS, "1m00s", "a minute" },
		{ 200 * SECOND_NS, "3m20s", "minutes" },
		{ 3599 * SECOND_NS + 499999999, "59m59s", "the last below an hour" },
		{ 3599 * SECOND_NS + 500000000, "1h00m", "never 60m00s" },
		{ 7500 * SECOND_NS, "2h05m", "hours" },
		{ 86369 * SECOND_NS, "23h59m", "the last below a day" },
		{ 86370 * SECOND_NS, "1d00h", "never 24h00m" },
		{ (4 * 24 + 6) * 3600 * SECOND_NS, "4d06h", "days" },
		{ UINT64_MAX, "213504d00h", "the longest, rounded without wrapping" },
		{ UINT64_MAX - 1800 * SECOND_NS, "213503d23h", "just before" },
	};
	char text[TEXT_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_ptr_equal(text_duration(cases[i].ns, text), text);
		if (strcmp(text, cases[i].text) != 0)
			fail_msg("%s: %" PRIu64 " ns is '%s', not '%s'", cases[i].why, cases[i].ns,
				 text, cases[i].text);
	}
}

static void writes_times_as_rfc_3339(void **state)
{
	char text[TIME_TEXT_LEN];

	(void)state;
	assert_string_equal(text_time(0, text), "1970-01-01T00:00:00.000000000Z");
	assert_string_equal(text_time(1769860800123456789ULL, text),
			    "2026-01-31T12:00:00.123456789Z");
	assert_string_equal(text_time(1709164800000000001ULL, text),
			    "2024-02-29T00:00:00.000000001Z");
	assert_string_equal(text_time(UINT64_MAX, text), "2554-07-21T23:34:33.709551615Z");
}

static void writes_the_wall_clock_of_the_zone(void **state)
{
	const uint64_t noon = 1769860800ULL * SECOND_NS;
	char text[TIME_TEXT_LEN];

	(void)state;
	setenv("TZ", "XXX-05:30", 1);
	tzset();
	assert_string_equal(text_clock(noon + 118999999, text), "17:30:00.118");
	assert_string_equal(text_clock(noon + 999999999, text), "17:30:00.999");
	assert_string_equal(text_time(noon, text), "2026-01-31T12:00:00.000000000Z");
	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(text_clock(noon + 7000000, text), "12:00:00.007");
}

#define CASE(bytes, text, why)                      \
	{                                           \
		bytes, sizeof(bytes) - 1, text, why \
	}

static void makes_foreign_bytes_harmless(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text, *why;
	} cases[] = {
		CASE("", "", "nothing"),
		CASE("nginx: worker", "nginx: worker", "plain text"),
		CASE("a\\x41", "a\\x41", "a backslash stays"),
		CASE("a\0b", "a", "NUL ends it"),
		CASE("\t\n\x1b[2J", "\\x09\\x0a\\x1b[2J", "control characters"),
		CASE("\x1f ~\x7f", "\\x1f ~\\x7f", "both ends of ASCII's"),
		CASE("caf\xc3\xa9", "caf\xc3\xa9", "two bytes"),
		CASE("\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac", "three bytes"),
		CASE("\xf0\x9f\x9a\x80", "\xf0\x9f\x9a\x80", "four bytes"),
		CASE("\xc2\x9b", "\\xc2\\x9b", "C1: CSI in eight bits"),
		CASE("\xc2\x80\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9f\xc2\xa0", "ends of C1"),
		CASE("\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9", "separators"),
		CASE("\xe2\x80\xa7", "\xe2\x80\xa7", "just before them"),
		CASE("\xe2\x80\xaa", "\\xe2\\x80\\xaa", "bidi, U+202A"),
		CASE("\xe2\x80\xae", "\\xe2\\x80\\xae", "bidi, U+202E"),
		CASE("\xe2\x80\xaf", "\xe2\x80\xaf", "just after it"),
		CASE("\xe2\x81\xa6", "\\xe2\\x81\\xa6", "bidi, U+2066"),
		CASE("\xe2\x81\xa9", "\\xe2\\x81\\xa9", "bidi, U+2069"),
		CASE("\xe2\x81\xb0", "\xe2\x81\xb0", "just after the format characters"),
		CASE("\xd8\x9c", "\\xd8\\x9c", "bidi, U+061C"),
		CASE("\xe2\x80\x8b\xe2\x80\x8f", "\\xe2\\x80\\x8b\\xe2\\x80\\x8f",
		     "a space of no width, and a mark of direction"),
		CASE("\xc2\xad", "\\xc2\\xad", "a hyphen that is not shown"),
		CASE("\xe3\x85\xa4", "\\xe3\\x85\\xa4", "a letter that is blank"),
		CASE("\xef\xbb\xbf", "\\xef\\xbb\\xbf", "a byte order mark"),
		CASE("\xef\xbf\xbe", "\\xef\\xbf\\xbe", "U+FFFE is no character"),
		CASE("\xf3\xa0\x81\xa1", "\\xf3\\xa0\\x81\\xa1", "a tag"),
		CASE("\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4\\xef\\xb8\\x8f",
		     "an emoji's variation"),
		CASE("nginx\xef\xb8\x80", "nginx\\xef\\xb8\\x80",
		     "a variation of nothing: the other nginx"),
		CASE("e\xcc\x81", "e\xcc\x81", "a combining accent"),
		CASE("\x80", "\\x80", "a continuation without a start"),
		CASE("\xff\xfe", "\\xff\\xfe", "bytes that never occur"),
		CASE("\xc3", "\\xc3", "cut at the end"),
		CASE("\xc3(", "\\xc3(", "cut by a letter, which stays"),
		CASE("\xe6\x97", "\\xe6\\x97", "cut after two of three"),
		CASE("\xe6\x97\xe6\x97\xa5", "\\xe6\\x97\xe6\x97\xa5", "cut by a good one"),
		CASE("\xf0\x9f\x9a", "\\xf0\\x9f\\x9a", "cut after three of four"),
		CASE("\xe6\x97\0\xa5", "\\xe6\\x97", "cut by NUL"),
		CASE("\xc0\xaf", "\\xc0\\xaf", "overlong slash"),
		CASE("\xc1\xbf", "\\xc1\\xbf", "the largest overlong pair"),
		CASE("\xe0\x9f\xbf", "\\xe0\\x9f\\xbf", "overlong, three bytes"),
		CASE("\xe0\xa0\x80", "\xe0\xa0\x80", "the least of three bytes"),
		CASE("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf", "overlong, four bytes"),
		CASE("\xed\x9f\xbf", "\xed\x9f\xbf", "just before the surrogates"),
		CASE("\xed\xa0\x80", "\\xed\\xa0\\x80", "the first surrogate"),
		CASE("\xed\xbf\xbf", "\\xed\\xbf\\xbf", "the last surrogate"),
		CASE("\xee\x80\x80", "\xee\x80\x80", "just after them"),
		CASE("\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd", "U+10FFFD"),
		CASE("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "past it"),
		CASE("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80", "five bytes"),
	};
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_ptr_equal(text_clean(cases[i].bytes, cases[i].len, text, sizeof(text)),
				 text);
		if (strcmp(text, cases[i].text) != 0)
			fail_msg("%s: got '%s'", cases[i].why, text);
	}
}

static void stops_at_the_given_length(void **state)
{
	/* As comm is: no NUL when all of it is used, other bytes behind it. */
	static const char bytes[] = "abc\xc3\xa9";
	char text[32];

	(void)state;
	assert_string_equal(text_clean(bytes, 2, text, sizeof(text)), "ab");
	assert_string_equal(text_clean(bytes, 4, text, sizeof(text)), "abc\\xc3");
	assert_string_equal(text_clean(bytes, 0, text, sizeof(text)), "");
}

static void cuts_between_characters_only(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *text, *why;
	} cases[] = {
		{ "abc", 4, "abc", "just fits" },
		{ "abc", 3, "ab", "one too long" },
		{ "abc", 1, "", "room for the NUL only" },
		{ "a\xc3\xa9", 4, "a\xc3\xa9", "just fits" },
		{ "a\xc3\xa9", 3, "a", "not half a letter" },
		{ "a\xf0\x9f\x9a\x80z", 5, "a", "nor what follows it" },
		{ "a\n", 6, "a\\x0a", "just fits" },
		{ "a\nb", 5, "a", "not part of an escape" },
		{ "\xc2\x9b", 9, "\\xc2\\x9b", "just fits" },
		{ "\xc2\x9b", 8, "", "not half of an escaped character" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[16];

		memset(text, '#', sizeof(text));
		text_clean(cases[i].bytes, strlen(cases[i].bytes), text, cases[i].size);
		if (strcmp(text, cases[i].text) != 0)
			fail_msg("%s: got '%s'", cases[i].why, text);
		if (text[cases[i].size] != '#')
			fail_msg("%s: wrote past its end", cases[i].why);
	}
}

static void cleans_all_of_a_long_text(void **state)
{
	char bytes[1001], *text;

	(void)state;
	memset(bytes, '\x1b', 1000);
	bytes[1000] = '\0';
	text = text_cleaned(bytes);
	assert_non_null(text);
	assert_int_equal(strlen(text), 4000);
	assert_int_equal(strspn(text, "\\x1b"), 4000);
	free(text);
}

static void knows_what_fits(void **state)
{
	static const struct {
		const char *text;
		size_t most, fits;
	} cases[] = {
		{ "", 4, 0 },
		{ "abc", 4, 3 },
		{ "abc", 3, 3 },
		{ "abc", 2, 2 },
		{ "abc", 0, 0 },
		{ "a\xc3\xa9", 3, 3 },
		{ "a\xc3\xa9", 2, 1 },
		{ "a\xc3\xa9z", 3, 3 },
		{ "\xf0\x9f\x9a\x80", 3, 0 },
		{ "\xf0\x9f\x9a\x80", 4, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(text_fit(cases[i].text, cases[i].most), cases[i].fits);
}

static void adds_whole_characters(void **state)
{
	static const struct {
		const char *before, *more;
		size_t size;
		const char *after;
	} cases[] = {
		{ "", "", 1, "" },
		{ "", "abc", 1, "" },
		{ "ab", "cd", 5, "abcd" },
		{ "ab", "cd", 4, "abc" },
		{ "ab", "cd", 3, "ab" },
		{ "a", "\xc3\xa9", 4, "a\xc3\xa9" },
		{ "a", "\xc3\xa9", 3, "a" },
		{ "a", "\xc3\xa9\xc3\xa9", 5, "a\xc3\xa9" },
		{ "a", "\xc3\xa9z", 4, "a\xc3\xa9" },
		{ "\xc3\xa9", "\xf0\x9f\x9a\x80", 6, "\xc3\xa9" },
		{ "\xc3\xa9", "\xf0\x9f\x9a\x80", 4, "\xc3\xa9" },
		{ "\xc3\xa9", "\xf0\x9f\x9a\x80", 3, "\xc3\xa9" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[16];

		memset(text, '#', sizeof(text));
		strcpy(text, cases[i].before);
		text_add(text, cases[i].size, "%s", cases[i].more);
		if (strcmp(text, cases[i].after) != 0)
			fail_msg("case %zu: got '%s'", i, text);
		assert_int_equal(text[cases[i].size], '#');
	}
}

static void writes_nothing_where_there_is_no_room(void **state)
{
	char text[1] = { '#' };

	(void)state;
	assert_ptr_equal(text_clean("a", 1, text, 0), text);
	assert_int_equal(text[0], '#');
}

static size_t encode(uint32_t code, char bytes[static 5])
{
	size_t len = 0;

	if (code < 0x80) {
		bytes[len++] = (char)code;
	} else if (code < 0x800) {
		bytes[len++] = (char)(0xc0 | code >> 6);
	} else if (code < 0x10000) {
		bytes[len++] = (char)(0xe0 | code >> 12);
		bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
	} else {
		bytes[len++] = (char)(0xf0 | code >> 18);
		bytes[len++] = (char)(0x80 | (code >> 12 & 0x3f));
		bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
	}
	if (code >= 0x80)
		bytes[len++] = (char)(0x80 | (code & 0x3f));
	bytes[len] = '\0';
	return len;
}

static void keeps_every_character_that_is_harmless(void **state)
{
	unsigned int escaped = 0;
	char bytes[5], text[32];
	uint32_t code;

	(void)state;
	for (code = 1; code <= 0x10ffff; code++) {
		size_t len = encode(code, bytes);

		text_clean(bytes, len, text, sizeof(text));
		if (strcmp(text, bytes) == 0)
			continue;
		escaped++;
		assert_int_equal(strlen(text), 4 * len);
	}
	/* C0 without NUL, DEL, C1, the surrogates, the last two of each plane and 32 more that are
	 * no characters, and as in Unicode's DerivedCoreProperties.txt Default_Ignorable_Code_Point
	 * (4174); with 3 annotations and 2 separators */
	assert_int_equal(escaped, 31 + 1 + 32 + 2048 + 34 + 32 + 4174 + 3 + 2);
}

/* Bytes that are likely to be next to right: random ones are mostly refused at once. */
static void cleans_whatever_it_is_given(void **state)
{
	static const unsigned char likely[] = { 'a',  '\\', 0x80, 0xbf, 0xc2, 0x9b, 0xe2, 0x80,
						0xa8, 0xed, 0xa0, 0xf0, 0x9f, 0xf4, 0x1b };
	uint64_t random = SEED;
	unsigned int round;

	(void)state;
	for (round = 0; round < 100000; round++) {
		char bytes[16], once[65], twice[65];
		size_t len = round % (sizeof(bytes) + 1);
		size_t i;

		for (i = 0; i < len; i++) {
			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			bytes[i] = (char)likely[(random >> 33) % sizeof(likely)];
		}
		/* 64 is enough for all of them escaped; what is clean stays as it is. */
		text_clean(bytes, len, once, sizeof(once));
		assert_true(strlen(once) >= len);
		text_clean(once, strlen(once), twice, sizeof(twice));
		assert_string_equal(once, twice);
	}
}

static void names_errors(void **state)
{
	(void)state;
	assert_string_equal(text_errno(ECONNRESET), "ECONNRESET");
	assert_string_equal(text_errno(EADDRNOTAVAIL), "EADDRNOTAVAIL");
	assert_null(text_errno(0));
	assert_null(text_errno(4095));
	assert_null(text_errno(-1));
}

static void knows_how_wide_text_is(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *why;
	} cases[] = {
		{ "", 0, "nothing" },
		{ "nginx", 5, "ASCII" },
		{ "a\nb", 2, "control characters take no room" },
		{ "caf\xc3\xa9", 4, "Latin" },
		{ "\xd0\xb4\xd0\xb0", 2, "Cyrillic" },
		{ "e\xcc\x81", 1, "a combining accent" },
		{ "\xe0\xb8\x81\xe0\xb8\xb4", 1, "a Thai vowel above" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 4, "Kanji" },
		{ "\xe3\x81\x82\xe3\x82\xab", 4, "Kana" },
		{ "\xed\x95\x9c", 2, "Hangul" },
		{ "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 2, "the same in Jamo" },
		{ "\xef\xbc\xa1", 2, "a fullwidth letter" },
		{ "\xef\xbd\xb1", 1, "a halfwidth one" },
		{ "\xf0\x9f\x9a\x80", 2, "a rocket" },
		{ "\xf0\xa0\x80\x80", 2, "a rare ideograph" },
		{ "\xe2\x9c\x93", 1, "a check mark" },
		{ "\xe2\x80\xa6", 1, "the ellipsis" },
		{ "a\xe2\x80\x8b"
		  "b",
		  2, "a zero width space" },
		{ "\xe2\x9d\xa4\xef\xb8\x8f", 1, "a variation selector" },
		{ "\xff"
		  "a\xe6",
		  3, "a bad byte is one replacement character" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (text_width(cases[i].text) != cases[i].width)
			fail_msg("%s: %zu columns, not %zu", cases[i].why,
				 text_width(cases[i].text), cases[i].width);
	}
}

static const struct {
	const char *text;
	uint32_t rune;
	unsigned int width;
} runes[] = {
	{ "a", 'a', 1 },
	{ "\xc3\xa9", 0xe9, 1 },
	{ "\xcc\x81", 0x301, 0 },
	{ "\xe6\x95\xb0", 0x6570, 2 },
	{ "\xf0\x9f\x98\x80", 0x1f600, 2 },
	{ "\xf4\x8f\xbf\xbf", 0x10ffff, 1 },
};

static void characters_are_read_as_they_are_written(void **state)
{
	char text[RUNE_LEN];
	uint32_t rune;

	(void)state;
	for (size_t i = 0; i < sizeof(runes) / sizeof(runes[0]); i++) {
		assert_int_equal(text_rune(runes[i].text, &rune), strlen(runes[i].text));
		assert_int_equal(rune, runes[i].rune);
		assert_int_equal(rune_format(rune, text), strlen(runes[i].text));
		assert_string_equal(text, runes[i].text);
		assert_int_equal(rune_width(rune), runes[i].width);
	}
	assert_int_equal(text_rune("\xff"
				   "a",
				   &rune),
			 1);
	assert_int_equal(rune, 0xfffd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_are_read_as_they_are_written),
		cmocka_unit_test(groups_digits_by_three),
		cmocka_unit_test(gives_durations_three_figures),
		cmocka_unit_test(writes_times_as_rfc_3339),
		cmocka_unit_test(writes_the_wall_clock_of_the_zone),
		cmocka_unit_test(makes_foreign_bytes_harmless),
		cmocka_unit_test(stops_at_the_given_length),
		cmocka_unit_test(cuts_between_characters_only),
		cmocka_unit_test(cleans_all_of_a_long_text),
		cmocka_unit_test(knows_what_fits),
		cmocka_unit_test(adds_whole_characters),
		cmocka_unit_test(writes_nothing_where_there_is_no_room),
		cmocka_unit_test(keeps_every_character_that_is_harmless),
		cmocka_unit_test(cleans_whatever_it_is_given),
		cmocka_unit_test(names_errors),
		cmocka_unit_test(knows_how_wide_text_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
