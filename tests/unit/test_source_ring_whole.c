// SPDX-License-Identifier: GPL-2.0-or-later
/* A ring's positions in plain memory: a page for the reader's, one for the writers'. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/ring_whole.h"

struct bench {
	struct ring_whole whole;
	int fd;
	size_t page;
};

static void set(const struct bench *bench, unsigned int page, unsigned long position)
{
	assert_int_equal(pwrite(bench->fd, &position, sizeof(position), page * bench->page),
			 sizeof(position));
}

/* The ring is written and read so far. */
static void at(const struct bench *bench, unsigned long read, unsigned long written)
{
	set(bench, 0, read);
	set(bench, 1, written);
}

static int open_bench(void **state)
{
	static struct bench bench;
	struct error err = { 0 };

	bench = (struct bench){ .fd = memfd_create("ring", MFD_CLOEXEC),
				.page = sysconf(_SC_PAGESIZE) };
	assert_true(bench.fd >= 0);
	assert_int_equal(ftruncate(bench.fd, 2 * bench.page), 0);
	assert_int_equal(ring_whole_open(&bench.whole, bench.fd, &err), 0);
	*state = &bench;
	return 0;
}

static int close_bench(void **state)
{
	struct bench *bench = *state;

	ring_whole_close(&bench->whole);
	close(bench->fd);
	return 0;
}

static void what_came_since_it_was_asked_holds_nothing_back(void **state)
{
	struct bench *bench = *state;

	at(bench, 0, 64);
	assert_int_equal(ring_whole_written(&bench->whole), 64);
	at(bench, 64, 96);
	assert_int_equal(ring_whole_until(&bench->whole, 64, 1000, 1001), 1000);
}

static void nothing_is_newer_than_what_is_still_being_written(void **state)
{
	struct bench *bench = *state;

	at(bench, 64, 64);
	assert_int_equal(ring_whole_until(&bench->whole, 64, 1000, 1001), 1000);
	at(bench, 64, 128);
	assert_int_equal(ring_whole_until(&bench->whole, 128, 2000, 2001), 1000);
	assert_int_equal(ring_whole_until(&bench->whole, 128, 3000, 3001), 1000);
	at(bench, 128, 128);
	assert_int_equal(ring_whole_until(&bench->whole, 128, 4000, 4001), 4000);
}

static void it_is_held_back_for_a_while_only(void **state)
{
	struct bench *bench = *state;

	for (uint64_t now = 1000; now < 10 * RING_HELD_NS; now += 4 * RING_HELD_NS) {
		at(bench, 64, 64);
		assert_int_equal(ring_whole_until(&bench->whole, 64, now, now), now);
		at(bench, 64, 128);
		/* from when it was seen, not from when it was read last */
		assert_int_equal(ring_whole_until(&bench->whole, 128, now + 2 * RING_HELD_NS,
						  now + 2 * RING_HELD_NS),
				 now);
		assert_int_equal(ring_whole_until(&bench->whole, 128, now + 3 * RING_HELD_NS - 1,
						  now + 3 * RING_HELD_NS - 1),
				 now);
		assert_int_equal(ring_whole_until(&bench->whole, 128, now + 3 * RING_HELD_NS,
						  now + 3 * RING_HELD_NS),
				 now + 3 * RING_HELD_NS);
	}
}

static void time_does_not_begin_at_nothing(void **state)
{
	struct bench *bench = *state;

	at(bench, 0, 64);
	assert_int_equal(ring_whole_until(&bench->whole, 64, 1000, 1001), 1000);
}

static void an_older_moment_stays_one(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(ring_whole_until(&bench->whole, 0, 2000, 2000), 2000);
	assert_int_equal(ring_whole_until(&bench->whole, 0, 1000, 2000), 1000);
	at(bench, 0, 64);
	assert_int_equal(ring_whole_until(&bench->whole, 64, 1500, 2500), 1500);
	assert_int_equal(ring_whole_until(&bench->whole, 64, 2500, 2500), 2000);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_bench, close_bench)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_came_since_it_was_asked_holds_nothing_back),
		TEST(nothing_is_newer_than_what_is_still_being_written),
		TEST(it_is_held_back_for_a_while_only),
		TEST(time_does_not_begin_at_nothing),
		TEST(an_older_moment_stays_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
