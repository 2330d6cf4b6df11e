// SPDX-License-Identifier: GPL-2.0-or-later
/* Lanes in plain memory, written as the programs write them; and the merge with the ring. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/lanes.h"

#define BYTES 4096
#define CPUS 3
#define STRIDE TW_LANE_SIZE(BYTES)
#define ALL UINT64_MAX

struct bench {
	struct lanes lanes;
	struct receiver to;
	int fd;
	char *memory; /* as the programs see it */
	char heard[4096]; /* "1:100 2:105": cookie:time of each record */
	uint64_t announced, received; /* cookies, where they are counted up */
	uint64_t random;
};

static void hear(void *ctx, const struct tw_record *record)
{
	const struct tw_transition *transition = (const struct tw_transition *)record;
	struct bench *bench = ctx;
	size_t len = strlen(bench->heard);

	snprintf(bench->heard + len, sizeof(bench->heard) - len, "%s%llu:%llu", len ? " " : "",
		 transition->cookie, record->ts_ns);
}

static int open_bench(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct error err = { 0 };

	assert_non_null(bench);
	bench->fd = memfd_create("lanes", MFD_CLOEXEC);
	assert_true(bench->fd >= 0);
	assert_int_equal(ftruncate(bench->fd, CPUS * STRIDE), 0);
	bench->memory = mmap(NULL, CPUS * STRIDE, PROT_READ | PROT_WRITE, MAP_SHARED, bench->fd, 0);
	assert_true(bench->memory != MAP_FAILED);
	assert_int_equal(lanes_open(&bench->lanes, bench->fd, CPUS, BYTES, &err), 0);
	bench->to = (struct receiver){ .receive = hear, .ctx = bench };
	*state = bench;
	return 0;
}

static int close_bench(void **state)
{
	struct bench *bench = *state;

	lanes_close(&bench->lanes);
	munmap(bench->memory, CPUS * STRIDE);
	close(bench->fd);
	free(bench);
	return 0;
}

static struct tw_lane *lane_of(const struct bench *bench, unsigned int cpu)
{
	return (struct tw_lane *)(bench->memory + cpu * STRIDE);
}

static struct tw_transition record_of(uint64_t cookie, uint64_t ts_ns, uint16_t size)
{
	return (struct tw_transition){
		.head = { .size = size,
			  .kind = TW_TRANSITION,
			  .from = TW_ESTABLISHED,
			  .to = TW_FIN_WAIT1,
			  .ts_ns = ts_ns },
		.cookie = cookie,
		/* the end of a whole one, which may lie behind the end of the data */
		.listener_cookie = ~cookie,
	};
}

/* As lane_room() and lane_push(): a record goes on behind the end. False: no room. */
static bool push(struct bench *bench, unsigned int cpu, uint64_t cookie, uint64_t ts_ns,
		 uint16_t size)
{
	struct tw_transition record = record_of(cookie, ts_ns, size);
	struct tw_lane *lane = lane_of(bench, cpu);

	if (lane->produced + size > lane->consumed + BYTES)
		return false;
	memcpy((char *)(lane + 1) + (lane->produced & (BYTES - 8)), &record, size);
	lane->produced += size;
	return true;
}

static void push_short(struct bench *bench, unsigned int cpu, uint64_t cookie, uint64_t ts_ns)
{
	assert_true(push(bench, cpu, cookie, ts_ns, TW_TRANSITION_SHORT));
}

static void add(struct bench *bench, uint64_t cookie, uint64_t ts_ns)
{
	struct tw_transition record = record_of(cookie, ts_ns, TW_TRANSITION_FULL);

	assert_int_equal(lanes_add(&bench->lanes, &record.head, record.head.size), 0);
}

static void check_heard(struct bench *bench, const char *want, int line)
{
	if (strcmp(bench->heard, want)) {
		print_error("line %d:\n  is    \"%s\"\n  ought \"%s\"\n", line, bench->heard, want);
		_fail(__FILE__, line);
	}
	bench->heard[0] = '\0';
}

#define assert_heard(bench, want) check_heard(bench, want, __LINE__)

static void deliver_until(struct bench *bench, uint64_t until_ns)
{
	lanes_deliver(&bench->lanes, until_ns, SIZE_MAX, &bench->to);
}

static void nothing_is_there(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(lanes_deliver(&bench->lanes, ALL, SIZE_MAX, &bench->to), 0);
	assert_heard(bench, "");
}

static void lanes_and_ring_become_one_stream_in_the_order_of_time(void **state)
{
	struct bench *bench = *state;

	push_short(bench, 0, 1, 100);
	push_short(bench, 0, 2, 400);
	push_short(bench, 1, 3, 200);
	push_short(bench, 1, 4, 300);
	push_short(bench, 1, 5, 500);
	push_short(bench, 2, 6, 50);
	add(bench, 7, 150);
	add(bench, 8, 450);
	assert_int_equal(lanes_deliver(&bench->lanes, ALL, SIZE_MAX, &bench->to), 8);
	assert_heard(bench, "6:50 1:100 7:150 3:200 4:300 2:400 8:450 5:500");
	deliver_until(bench, ALL);
	assert_heard(bench, "");
}

static void at_the_same_moment_the_ring_comes_first_then_the_lower_processor(void **state)
{
	struct bench *bench = *state;

	push_short(bench, 2, 1, 100);
	push_short(bench, 0, 2, 100);
	push_short(bench, 0, 3, 100);
	push_short(bench, 1, 4, 100);
	add(bench, 5, 100);
	deliver_until(bench, ALL);
	assert_heard(bench, "5:100 2:100 3:100 4:100 1:100");
}

static void what_is_newer_waits_and_keeps_what_comes_after_it_waiting(void **state)
{
	struct bench *bench = *state;

	push_short(bench, 0, 1, 100);
	push_short(bench, 0, 2, 201);
	push_short(bench, 0, 3, 150); /* its clock was read a little earlier */
	push_short(bench, 1, 4, 200);
	add(bench, 5, 300);
	add(bench, 6, 120);
	deliver_until(bench, 200);
	assert_heard(bench, "1:100 4:200");
	push_short(bench, 1, 7, 210);
	deliver_until(bench, 250);
	assert_heard(bench, "2:201 3:150 7:210");
	deliver_until(bench, 300);
	assert_heard(bench, "5:300 6:120");
}

/* It has its turn at the time of what came before it, or the order of its lane would break. */
static void a_record_older_than_the_one_before_it_does_not_overtake(void **state)
{
	struct bench *bench = *state;

	push_short(bench, 0, 1, 500);
	push_short(bench, 0, 2, 100);
	push_short(bench, 1, 3, 300);
	push_short(bench, 1, 4, 499);
	deliver_until(bench, ALL);
	assert_heard(bench, "3:300 4:499 1:500 2:100");
	push_short(bench, 0, 5, 600);
	push_short(bench, 0, 6, 100);
	assert_int_equal(lanes_deliver(&bench->lanes, ALL, 1, &bench->to), 1);
	add(bench, 7, 550);
	deliver_until(bench, ALL);
	assert_heard(bench, "5:600 7:550 6:100");
}

static void no_more_than_the_limit_and_the_rest_later(void **state)
{
	struct bench *bench = *state;

	for (uint64_t i = 0; i < 4; i++) {
		push_short(bench, 0, 1 + i, 100 + 10 * i);
		push_short(bench, 1, 11 + i, 105 + 10 * i);
	}
	add(bench, 20, 101);
	add(bench, 21, 131);
	assert_int_equal(lanes_deliver(&bench->lanes, ALL, 3, &bench->to), 3);
	assert_heard(bench, "1:100 20:101 11:105");
	assert_int_equal(lanes_deliver(&bench->lanes, ALL, 6, &bench->to), 6);
	assert_heard(bench, "2:110 12:115 3:120 13:125 4:130 21:131");
	assert_int_equal(lanes_deliver(&bench->lanes, ALL, 6, &bench->to), 1);
	assert_heard(bench, "14:135");
	/* of one lane alone too */
	for (uint64_t i = 0; i < 4; i++)
		push_short(bench, 1, 30 + i, 200 + i);
	assert_int_equal(lanes_deliver(&bench->lanes, ALL, 3, &bench->to), 3);
	assert_heard(bench, "30:200 31:201 32:202");
}

static void how_far_it_was_read_is_told_to_the_writer(void **state)
{
	struct bench *bench = *state;
	struct tw_lane *lane = lane_of(bench, 1);
	unsigned int count = 0;

	while (push(bench, 1, count, 100 + count, TW_TRANSITION_SHORT))
		count++;
	assert_int_equal(count, BYTES / TW_TRANSITION_SHORT);
	lanes_deliver(&bench->lanes, 109, SIZE_MAX, &bench->to);
	assert_int_equal(lane->consumed, 10 * TW_TRANSITION_SHORT);
	assert_int_equal(lane_of(bench, 0)->consumed, 0);
	for (unsigned int i = 0; i < 10; i++)
		push_short(bench, 1, count + i, 1000 + i);
	assert_false(push(bench, 1, 0, 2000, TW_TRANSITION_OWNER));
	deliver_until(bench, ALL);
	assert_int_equal(lane->consumed, lane->produced);
}

/* A quarter of a lane is given back before all of it was read. */
struct refill {
	struct bench *bench;
	unsigned int room_after; /* records received when there first was room again */
	unsigned int received;
};

static void watch_room(void *ctx, const struct tw_record *record)
{
	struct refill *refill = ctx;
	const struct tw_lane *lane = lane_of(refill->bench, 0);

	(void)record;
	refill->received++;
	if (!refill->room_after && lane->consumed)
		refill->room_after = refill->received;
}

static void a_full_lane_is_given_back_by_quarters(void **state)
{
	struct refill refill = { .bench = *state };
	struct receiver to = { .receive = watch_room, .ctx = &refill };
	unsigned int count = 0;

	while (push(refill.bench, 0, count, 100 + count, TW_TRANSITION_SHORT))
		count++;
	assert_int_equal(lanes_deliver(&refill.bench->lanes, ALL, SIZE_MAX, &to), count);
	assert_true(refill.room_after > 0 && refill.room_after <= count / 4 + 2);
}

/* Cookies are counted up, with what the whole ones end with. */
static void receive_counted(void *ctx, const struct tw_record *record)
{
	const struct tw_transition *transition = (const struct tw_transition *)record;
	struct bench *bench = ctx;

	assert_int_equal(transition->cookie, bench->received);
	assert_int_equal(record->ts_ns, 1000 + transition->cookie);
	if (record->size == TW_TRANSITION_FULL)
		assert_true(transition->listener_cookie == ~transition->cookie);
	bench->received++;
}

static void expect_counted(void *ctx, const struct tw_record *record)
{
	struct bench *bench = ctx;

	assert_int_equal(((const struct tw_transition *)record)->cookie, bench->announced);
	bench->announced++;
	assert_true(bench->announced > bench->received);
	assert_true(bench->announced <= bench->received + EXPECT_AHEAD + 1);
}

static void round_and_round_with_records_that_go_on_behind_the_end(void **state)
{
	static const uint16_t sizes[] = { TW_TRANSITION_SHORT, TW_TRANSITION_OWNER,
					  TW_TRANSITION_FULL };
	struct bench *bench = *state;
	unsigned int split = 0, stuck = 0;
	uint64_t cookie = 0;

	bench->to.receive = receive_counted;
	bench->to.expect = expect_counted;
	while (lane_of(bench, 0)->produced < 200 * BYTES) {
		uint64_t before = lane_of(bench, 0)->produced;
		uint16_t size = sizes[(cookie * 7 + cookie / 5) % 3];

		if (push(bench, 0, cookie, 1000 + cookie, size)) {
			split += (before & (BYTES - 1)) + size > BYTES;
			cookie++;
			continue;
		}
		stuck++;
		/* not all of it: the ends meet at ever other places */
		lanes_deliver(&bench->lanes, 1000 + cookie - stuck % 5, SIZE_MAX, &bench->to);
	}
	deliver_until(bench, ALL);
	assert_int_equal(bench->received, cookie);
	assert_int_equal(bench->announced, cookie);
	assert_true(split > 50);
}

static uint32_t draw(struct bench *bench, uint32_t below)
{
	bench->random = bench->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(bench->random >> 33) % below;
}

/* At random over all strands, in one order of time: that order is what comes out. */
static void many_strands_at_random(void **state)
{
	struct bench *bench = *state;
	uint64_t cookie = 0;

	bench->to.receive = receive_counted;
	for (unsigned int i = 0; i < 100000; i++) {
		unsigned int strand = draw(bench, CPUS + 1);
		uint16_t size = draw(bench, 2) ? TW_TRANSITION_SHORT : TW_TRANSITION_FULL;

		if (strand == CPUS)
			add(bench, cookie, 1000 + cookie);
		else if (!push(bench, strand, cookie, 1000 + cookie, size))
			continue;
		cookie++;
		if (draw(bench, 30) == 0)
			lanes_deliver(&bench->lanes, 1000 + cookie - draw(bench, 20),
				      1 + draw(bench, 60), &bench->to);
		if (cookie - bench->received > 100)
			deliver_until(bench, 1000 + cookie);
	}
	deliver_until(bench, ALL);
	assert_int_equal(bench->received, cookie);
	assert_true(cookie > 50000);
}

static void changes_of_the_lanes_are_counted_and_no_others(void **state)
{
	struct tw_transition taken_back = record_of(3, 300, TW_TRANSITION_SHORT);
	struct bench *bench = *state;
	struct tw_lane *lane = lane_of(bench, 2);
	size_t pair = TW_ESTABLISHED * TW_NR_STATES + TW_FIN_WAIT1;

	push_short(bench, 2, 1, 100);
	push_short(bench, 2, 2, 200);
	taken_back.head.flags = TW_F_FORGET;
	memcpy((char *)(lane + 1) + lane->produced, &taken_back, TW_TRANSITION_SHORT);
	lane->produced += TW_TRANSITION_SHORT;
	add(bench, 4, 250);
	deliver_until(bench, 150);
	assert_int_equal(bench->lanes.pairs[pair], 1);
	deliver_until(bench, ALL);
	assert_heard(bench, "1:100 2:200 4:250 3:300");
	assert_int_equal(bench->lanes.pairs[pair], 2);
}

static void the_ring_grows_with_what_waits_in_it(void **state)
{
	struct bench *bench = *state;

	bench->to.receive = receive_counted;
	for (uint64_t cookie = 0; cookie < 5000; cookie++)
		add(bench, cookie, 1000 + cookie);
	lanes_deliver(&bench->lanes, 1000 + 2499, SIZE_MAX, &bench->to);
	assert_int_equal(bench->received, 2500);
	for (uint64_t cookie = 5000; cookie < 10000; cookie++)
		add(bench, cookie, 1000 + cookie);
	deliver_until(bench, ALL);
	assert_int_equal(bench->received, 10000);
}

static void a_map_that_cannot_be_mapped_is_told_in_words(void **state)
{
	struct error err = { 0 };
	struct lanes lanes;

	(void)state;
	assert_true(lanes_open(&lanes, -1, CPUS, BYTES, &err) < 0);
	assert_non_null(strstr(err.text, "cannot map"));
	lanes_close(&lanes);
}

#define bench_test(fn) cmocka_unit_test_setup_teardown(fn, open_bench, close_bench)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(nothing_is_there),
		bench_test(lanes_and_ring_become_one_stream_in_the_order_of_time),
		bench_test(at_the_same_moment_the_ring_comes_first_then_the_lower_processor),
		bench_test(what_is_newer_waits_and_keeps_what_comes_after_it_waiting),
		bench_test(a_record_older_than_the_one_before_it_does_not_overtake),
		bench_test(no_more_than_the_limit_and_the_rest_later),
		bench_test(how_far_it_was_read_is_told_to_the_writer),
		bench_test(a_full_lane_is_given_back_by_quarters),
		bench_test(round_and_round_with_records_that_go_on_behind_the_end),
		bench_test(many_strands_at_random),
		bench_test(changes_of_the_lanes_are_counted_and_no_others),
		bench_test(the_ring_grows_with_what_waits_in_it),
		cmocka_unit_test(a_map_that_cannot_be_mapped_is_told_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
