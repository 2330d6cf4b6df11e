/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes text of numbers, times and bytes that nobody vouches for. */
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000ULL

struct range {
	uint32_t first, last;
};

/*
 * East Asian wide and fullwidth (with emoji that are pictures by default), from
 * Unicode 14's EastAsianWidth.txt; gaps of unassigned characters are closed.
 */
static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2329, 0x232a },	  { 0x23e9, 0x23ec },
	{ 0x23f0, 0x23f0 },   { 0x23f3, 0x23f3 },   { 0x25fd, 0x25fe },	  { 0x2614, 0x2615 },
	{ 0x2648, 0x2653 },   { 0x267f, 0x267f },   { 0x2693, 0x2693 },	  { 0x26a1, 0x26a1 },
	{ 0x26aa, 0x26ab },   { 0x26bd, 0x26be },   { 0x26c4, 0x26c5 },	  { 0x26ce, 0x26ce },
	{ 0x26d4, 0x26d4 },   { 0x26ea, 0x26ea },   { 0x26f2, 0x26f3 },	  { 0x26f5, 0x26f5 },
	{ 0x26fa, 0x26fa },   { 0x26fd, 0x26fd },   { 0x2705, 0x2705 },	  { 0x270a, 0x270b },
	{ 0x2728, 0x2728 },   { 0x274c, 0x274c },   { 0x274e, 0x274e },	  { 0x2753, 0x2755 },
	{ 0x2757, 0x2757 },   { 0x2795, 0x2797 },   { 0x27b0, 0x27b0 },	  { 0x27bf, 0x27bf },
	{ 0x2b1b, 0x2b1c },   { 0x2b50, 0x2b50 },   { 0x2b55, 0x2b55 },	  { 0x2e80, 0x3029 },
	{ 0x302e, 0x303e },   { 0x3041, 0x3098 },   { 0x309b, 0x3247 },	  { 0x3250, 0x4dbf },
	{ 0x4e00, 0xa4cf },   { 0xa960, 0xa97f },   { 0xac00, 0xd7a3 },	  { 0xf900, 0xfaff },
	{ 0xfe10, 0xfe1f },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },	  { 0xffe0, 0xffe6 },
	{ 0x16fe0, 0x16fe3 }, { 0x16ff0, 0x1b2ff }, { 0x1f004, 0x1f004 }, { 0x1f0cf, 0x1f0cf },
	{ 0x1f18e, 0x1f18e }, { 0x1f191, 0x1f19a }, { 0x1f200, 0x1f320 }, { 0x1f32d, 0x1f335 },
	{ 0x1f337, 0x1f37c }, { 0x1f37e, 0x1f393 }, { 0x1f3a0, 0x1f3ca }, { 0x1f3cf, 0x1f3d3 },
	{ 0x1f3e0, 0x1f3f0 }, { 0x1f3f4, 0x1f3f4 }, { 0x1f3f8, 0x1f43e }, { 0x1f440, 0x1f440 },
	{ 0x1f442, 0x1f4fc }, { 0x1f4ff, 0x1f53d }, { 0x1f54b, 0x1f54e }, { 0x1f550, 0x1f567 },
	{ 0x1f57a, 0x1f57a }, { 0x1f595, 0x1f596 }, { 0x1f5a4, 0x1f5a4 }, { 0x1f5fb, 0x1f64f },
	{ 0x1f680, 0x1f6c5 }, { 0x1f6cc, 0x1f6cc }, { 0x1f6d0, 0x1f6d2 }, { 0x1f6d5, 0x1f6df },
	{ 0x1f6eb, 0x1f6ef }, { 0x1f6f4, 0x1f6ff }, { 0x1f7e0, 0x1f7ff }, { 0x1f90c, 0x1f93a },
	{ 0x1f93c, 0x1f945 }, { 0x1f947, 0x1f9ff }, { 0x1fa70, 0x1faff }, { 0x20000, 0x3fffd },
};

/* Combining marks of the scripts in common use, and what is invisible by design. */
static const struct range zero_width[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 },	  { 0x0591, 0x05bd }, { 0x05bf, 0x05bf },
	{ 0x05c1, 0x05c2 }, { 0x05c4, 0x05c5 },	  { 0x05c7, 0x05c7 }, { 0x0610, 0x061a },
	{ 0x061c, 0x061c }, { 0x064b, 0x065f },	  { 0x0670, 0x0670 }, { 0x06d6, 0x06dc },
	{ 0x06df, 0x06e4 }, { 0x06e7, 0x06e8 },	  { 0x06ea, 0x06ed }, { 0x0900, 0x0902 },
	{ 0x093a, 0x093a }, { 0x093c, 0x093c },	  { 0x0941, 0x0948 }, { 0x094d, 0x094d },
	{ 0x0951, 0x0957 }, { 0x0962, 0x0963 },	  { 0x0981, 0x0981 }, { 0x09bc, 0x09bc },
	{ 0x09c1, 0x09c4 }, { 0x09cd, 0x09cd },	  { 0x0b82, 0x0b82 }, { 0x0bc0, 0x0bc0 },
	{ 0x0bcd, 0x0bcd }, { 0x0e31, 0x0e31 },	  { 0x0e34, 0x0e3a }, { 0x0e47, 0x0e4e },
	{ 0x1160, 0x11ff }, { 0x1ab0, 0x1aff },	  { 0x1dc0, 0x1dff }, { 0x200b, 0x200f },
	{ 0x2028, 0x202e }, { 0x2060, 0x206f },	  { 0x20d0, 0x20f0 }, { 0x302a, 0x302d },
	{ 0x3099, 0x309a }, { 0xfe00, 0xfe0f },	  { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb }, { 0xe0001, 0xe01ef },
};

static bool in_ranges(uint32_t code, const struct range *ranges, size_t count)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (code > ranges[middle].last)
			low = middle + 1;
		else if (code < ranges[middle].first)
			high = middle;
		else
			return true;
	}
	return false;
}

/*
 * The length of the UTF-8 character that @bytes (at least one) begins with and
 * its number, or 0: a stray or cut sequence, an overlong form, a surrogate, or
 * past U+10FFFF.
 */
static size_t decode(const unsigned char *bytes, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { [2] = 0x80, [3] = 0x800, [4] = 0x10000 };
	size_t need, i;

	if (bytes[0] < 0x80) {
		*code = bytes[0];
		return 1;
	}
	if ((bytes[0] & 0xe0) == 0xc0)
		need = 2;
	else if ((bytes[0] & 0xf0) == 0xe0)
		need = 3;
	else if ((bytes[0] & 0xf8) == 0xf0)
		need = 4;
	else
		return 0;
	if (need > len)
		return 0;

	*code = bytes[0] & (0x7fu >> need);
	for (i = 1; i < need; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (bytes[i] & 0x3f);
	}
	if (*code < least[need] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return need;
}

/*
 * What must not reach a terminal or a reader as it is: controls (C0 is below, DEL, C1 and the two
 * separators), and what shows nothing, so that one name could pass for another: Unicode's
 * Default_Ignorable_Code_Point, among it what reorders its neighbours and the variation selectors;
 * and the numbers that are no characters (XML has no room for U+FFFE).
 */
static const struct range concealed[] = {
	{ 0x007f, 0x009f },   { 0x00ad, 0x00ad },   { 0x034f, 0x034f },	    { 0x061c, 0x061c },
	{ 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },	    { 0x200b, 0x200f },
	{ 0x2028, 0x202e },   { 0x2060, 0x206f },   { 0x3164, 0x3164 },	    { 0xfdd0, 0xfdef },
	{ 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },	    { 0xfff0, 0xfffb },
	{ 0xfffe, 0xffff },   { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },   { 0x1fffe, 0x1ffff },
	{ 0x2fffe, 0x2ffff }, { 0x3fffe, 0x3ffff }, { 0x4fffe, 0x4ffff },   { 0x5fffe, 0x5ffff },
	{ 0x6fffe, 0x6ffff }, { 0x7fffe, 0x7ffff }, { 0x8fffe, 0x8ffff },   { 0x9fffe, 0x9ffff },
	{ 0xafffe, 0xaffff }, { 0xbfffe, 0xbffff }, { 0xcfffe, 0xcffff },   { 0xdfffe, 0xe0fff },
	{ 0xefffe, 0xeffff }, { 0xffffe, 0xfffff }, { 0x10fffe, 0x10ffff },
};

static bool conceals(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && in_ranges(code, concealed,
							 sizeof(concealed) / sizeof(concealed[0])));
}

const char *text_count(uint64_t value, char text[static TEXT_LEN])
{
	char digits[TEXT_LEN];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, value);
	char *to = text;
	int i;

	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}

static uint64_t round_to(uint64_t value, uint64_t unit)
{
	return value / unit + (value % unit >= unit - unit / 2);
}

/*
 * Rounding is done before the unit is chosen, so that 999.9us is "1.00ms" and
 * never "1000us". Below 60 s, where three figures are a decimal fraction.
 */
static void format_figures(uint64_t ns, char *text)
{
	static const struct {
		const char *name;
		uint64_t ns;
		unsigned int decimals;
	} steps[] = {
		{ "us", 1000, 2 },    { "us", 1000, 1 },    { "us", 1000, 0 },
		{ "ms", 1000000, 2 }, { "ms", 1000000, 1 }, { "ms", 1000000, 0 },
		{ "s", NS_PER_S, 2 }, { "s", NS_PER_S, 1 },
	};
	static const unsigned int powers[] = { 1, 10, 100 };
	uint64_t figures = 0;
	size_t i;

	if (ns < 1000) {
		snprintf(text, TEXT_LEN, ns ? "%" PRIu64 "ns" : "%" PRIu64 "s", ns);
		return;
	}
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		figures = round_to(ns, steps[i].ns / powers[steps[i].decimals]);
		if (figures < 1000)
			break;
	}
	if (steps[i].decimals)
		snprintf(text, TEXT_LEN, "%" PRIu64 ".%0*" PRIu64 "%s",
			 figures / powers[steps[i].decimals], (int)steps[i].decimals,
			 figures % powers[steps[i].decimals], steps[i].name);
	else
		snprintf(text, TEXT_LEN, "%" PRIu64 "%s", figures, steps[i].name);
}

const char *text_duration(uint64_t ns, char text[static TEXT_LEN])
{
	uint64_t seconds = round_to(ns, NS_PER_S);
	uint64_t minutes = round_to(ns, 60 * NS_PER_S);
	uint64_t hours = round_to(ns, 3600 * NS_PER_S);

	if (ns < 60 * NS_PER_S - NS_PER_S / 20)	/* the rest of that second would round to 60.0s */
		format_figures(ns, text);
	else if (seconds < 3600)
		snprintf(text, TEXT_LEN, "%" PRIu64 "m%02" PRIu64 "s", seconds / 60, seconds % 60);
	else if (minutes < 24 * 60)
		snprintf(text, TEXT_LEN, "%" PRIu64 "h%02" PRIu64 "m", minutes / 60, minutes % 60);
	else
		snprintf(text, TEXT_LEN, "%" PRIu64 "d%02" PRIu64 "h", hours / 24, hours % 24);
	return text;
}

const char *text_time(uint64_t realtime_ns, char text[static TIME_TEXT_LEN])
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_S);
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(text, TIME_TEXT_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, TIME_TEXT_LEN - len, ".%09uZ", (unsigned int)(realtime_ns % NS_PER_S));
	return text;
}

const char *text_clock(uint64_t realtime_ns, char text[static TIME_TEXT_LEN])
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_S);
	struct tm tm;
	size_t len;

	localtime_r(&seconds, &tm);
	len = strftime(text, TIME_TEXT_LEN, "%H:%M:%S", &tm);
	snprintf(text + len, TIME_TEXT_LEN - len, ".%03u",
		 (unsigned int)(realtime_ns % NS_PER_S / 1000000));
	return text;
}

char *text_clean(const char *bytes, size_t len, char *text, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *from = (const unsigned char *)bytes;
	size_t at = 0, out = 0;

	if (!size)
		return text;
	while (at < len && from[at]) {
		uint32_t code = 0;
		size_t used = decode(from + at, len - at, &code);
		bool escape = !used || conceals(code);
		size_t end = at + (used ? used : 1);

		/* Escaped or not, a character comes whole or not at all. */
		if ((end - at) * (escape ? 4 : 1) > size - 1 - out)
			break;
		for (; at < end; at++) {
			if (escape) {
				text[out++] = '\\';
				text[out++] = 'x';
				text[out++] = hex[from[at] >> 4];
				text[out++] = hex[from[at] & 0xf];
			} else {
				text[out++] = (char)from[at];
			}
		}
	}
	text[out] = '\0';
	return text;
}

char *text_cleaned(const char *bytes)
{
	size_t len = strlen(bytes);
	char *text = malloc(4 * len + 1);

	return text ? text_clean(bytes, len, text, 4 * len + 1) : NULL;
}

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t text_fit(const char *text, size_t most)
{
	size_t len = strnlen(text, most);

	while (len && is_continuation(text[len]))
		len--;
	return len;
}

void text_add(char *text, size_t size, const char *format, ...)
{
	size_t len = strlen(text), at;
	unsigned char *bytes = (unsigned char *)text;
	uint32_t code;
	va_list args;
	int added;

	va_start(args, format);
	added = vsnprintf(text + len, size - len, format, args);
	va_end(args);
	if (added < 0)
		text[len] = '\0';
	if (added < 0 || (size_t)added < size - len)
		return;
	/* it was cut at the last byte: within a character, perhaps */
	for (at = size - 1; at > len && is_continuation(text[at - 1]); at--)
		;
	at -= at > len;
	if (!bytes[at] || !decode(bytes + at, size - 1 - at, &code))
		text[at] = '\0';
}

const char *text_errno(int number)
{
	return number ? strerrorname_np(number) : NULL;
}

size_t text_rune(const char *text, uint32_t *rune)
{
	size_t used = decode((const unsigned char *)text, strnlen(text, 4), rune);

	if (used)
		return used;
	*rune = 0xfffd;	/* terminals show a bad byte as one replacement character */
	return 1;
}

size_t rune_format(uint32_t rune, char text[static RUNE_LEN])
{
	size_t more = rune < 0x80 ? 0 : rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;
	unsigned int shift = 6 * (unsigned int)more;

	/* 0xc0, 0xe0, 0xf0: the first byte says how many follow */
	text[0] = (char)((more ? 0xffU << (7 - more) : 0) | rune >> shift);
	for (size_t i = 1; i <= more; i++) {
		shift -= 6;
		text[i] = (char)(0x80 | (rune >> shift & 0x3f));
	}
	text[more + 1] = '\0';
	return more + 1;
}

unsigned int rune_width(uint32_t rune)
{
	/* most of all text */
	if (rune < 0x7f)
		return rune >= 0x20;
	if (rune < 0xa0)
		return 0;
	if (in_ranges(rune, wide, sizeof(wide) / sizeof(wide[0])))
		return 2;
	return !in_ranges(rune, zero_width, sizeof(zero_width) / sizeof(zero_width[0]));
}

size_t text_width(const char *text)
{
	size_t width = 0;
	uint32_t rune;

	while (*text) {
		text += text_rune(text, &rune);
		width += rune_width(rune);
	}
	return width;
}
