/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every reader gets every piece in its order, or the number of those that it has missed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/ring.h"

#define ALL ((1U << RING_KINDS) - 1)
#define BYTES 4096

struct reader {
	struct ring_place place;
	uint64_t got, missed, last;
};

static void put_number(struct ring *ring, unsigned int kind, uint64_t number, size_t len)
{
	char text[512];

	memset(text, '.', sizeof(text));
	snprintf(text, sizeof(text), "%" PRIu64, number);
	ring_put(ring, kind, text, len);
}

/* Reads at most @most pieces, which must be in order. */
static void read_some(struct ring *ring, struct reader *reader, uint32_t kinds, unsigned int most)
{
	unsigned int kind;
	uint64_t missed, number;
	const char *text;

	while (most--) {
		size_t len = ring_next(ring, &reader->place, kinds, &text, &kind, &missed);

		assert_true(!len || !missed);
		reader->missed += missed;
		if (!len && !missed)
			return;
		if (!len)
			continue;
		assert_true(kinds >> kind & 1);
		number = strtoull(text, NULL, 10);
		assert_true(!reader->got || number > reader->last);
		reader->last = number;
		reader->got++;
	}
}

static void pieces_come_as_they_were_put(void **state)
{
	struct ring *ring = ring_new(BYTES);
	struct reader reader = { .got = 0 };
	unsigned int kind;
	uint64_t missed;
	const char *text;

	(void)state;
	ring_put(ring, 1, "before", 6);
	ring_join(ring, &reader.place);
	assert_int_equal(ring_next(ring, &reader.place, ALL, &text, &kind, &missed), 0);
	ring_put(ring, 3, "one", 3);
	ring_put(ring, 2, "three", 5);
	assert_int_equal(ring_next(ring, &reader.place, ALL, &text, &kind, &missed), 3);
	assert_memory_equal(text, "one", 3);
	assert_int_equal(kind, 3);
	assert_int_equal(ring_next(ring, &reader.place, ALL, &text, &kind, &missed), 5);
	assert_memory_equal(text, "three", 5);
	assert_int_equal(ring_next(ring, &reader.place, ALL, &text, &kind, &missed), 0);
	assert_int_equal(missed, 0);
	ring_free(ring);
}

/* Whatever the sizes and however slow the readers, nothing is unaccounted for. */
static void each_piece_is_read_or_missed(void **state)
{
	struct ring *ring = ring_new(BYTES);
	struct reader quick = { .got = 0 }, slow = { .got = 0 }, choosy = { .got = 0 };
	uint64_t odd = 0, count = 20000;

	(void)state;
	ring_join(ring, &quick.place);
	ring_join(ring, &slow.place);
	ring_join(ring, &choosy.place);
	for (uint64_t i = 0; i < count; i++) {
		put_number(ring, i & 1, i, 8 + i * 37 % 400);
		odd += i & 1;
		read_some(ring, &quick, ALL, 2);
		if (i % 3 == 0)
			read_some(ring, &slow, ALL, 1);
		if (i % 50 == 0)
			read_some(ring, &choosy, 1 << 1, 100);
	}
	read_some(ring, &quick, ALL, UINT32_MAX);
	read_some(ring, &slow, ALL, UINT32_MAX);
	read_some(ring, &choosy, 1 << 1, UINT32_MAX);
	assert_int_equal(quick.got, count);
	assert_int_equal(quick.missed, 0);
	assert_true(slow.missed > 0 && slow.got > 0);
	assert_int_equal(slow.got + slow.missed, count);
	assert_true(choosy.missed > 0 && choosy.got > 0);
	assert_int_equal(choosy.got + choosy.missed, odd);
	ring_free(ring);
}

static void what_was_never_written_is_missed_too(void **state)
{
	struct ring *ring = ring_new(BYTES);
	struct reader reader = { .got = 0 }, other = { .got = 0 };
	static const char big[BYTES];

	(void)state;
	ring_join(ring, &reader.place);
	ring_join(ring, &other.place);
	put_number(ring, 0, 1, 8);
	ring_put_missing(ring, 0, 5);
	ring_put_missing(ring, 1, 7);
	put_number(ring, 0, 2, 8);
	ring_put(ring, 0, big, sizeof(big));
	read_some(ring, &reader, ALL, UINT32_MAX);
	read_some(ring, &other, 1 << 0, UINT32_MAX);
	assert_int_equal(reader.got, 2);
	assert_int_equal(reader.missed, 13);
	assert_int_equal(other.got, 2);
	assert_int_equal(other.missed, 6);
	ring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_come_as_they_were_put),
		cmocka_unit_test(each_piece_is_read_or_missed),
		cmocka_unit_test(what_was_never_written_is_missed_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
