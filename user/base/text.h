/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values and foreign bytes, into text for people and machines. Callers give the
 * buffer; every function returns it, so that calls nest in a printf.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define TEXT_LEN 32
#define TIME_TEXT_LEN 40

/* 1234567 as "1,234,567" */
const char *text_count(uint64_t value, char text[static TEXT_LEN]);
/* Three figures and a unit: "412us", "1.25ms", "38.2s", "3m20s", "2h05m", "4d06h" */
const char *text_duration(uint64_t ns, char text[static TEXT_LEN]);
/* RFC 3339 UTC with nanoseconds: "2026-01-31T12:00:00.123456789Z" */
const char *text_time(uint64_t realtime_ns, char text[static TIME_TEXT_LEN]);
/* Local wall clock of day with milliseconds: "14:03:22.118" */
const char *text_clock(uint64_t realtime_ns, char text[static TIME_TEXT_LEN]);

/*
 * Foreign bytes (comm, cgroup and unit names) as valid UTF-8 that shows what it is: each byte
 * of what is none, of a control character (also C1, DEL and the line and paragraph separators)
 * and of one that is invisible or reorders others becomes \xNN. What is clean stays as it is.
 * Cut at @size - 1 bytes, never inside a character.
 */
char *text_clean(const char *bytes, size_t len, char *text, size_t size);
/* The same of all of it. The caller frees it; NULL: no memory. */
char *text_cleaned(const char *bytes);
/* How many of the first @most bytes of clean @text are whole characters. */
size_t text_fit(const char *text, size_t most);
/* Appends to clean @text, of which there is room for @size bytes: as much as fits, in whole characters. */
void text_add(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* errno's name ("ECONNRESET"), or NULL for 0 and for numbers without a name */
const char *text_errno(int number);
/* Columns a terminal needs for this UTF-8 text. */
size_t text_width(const char *text);
/*
 * The first character of @text, which is not empty, and how many bytes it is; of a bad byte
 * U+FFFD, and 1.
 */
size_t text_rune(const char *text, uint32_t *rune);
#define RUNE_LEN 5
/* A character as UTF-8 with its NUL. Returns how many bytes it is without. */
size_t rune_format(uint32_t rune, char text[static RUNE_LEN]);
/* Columns a terminal needs for it: 2 for wide ones, 0 for those that combine and for controls. */
unsigned int rune_width(uint32_t rune);

#endif
