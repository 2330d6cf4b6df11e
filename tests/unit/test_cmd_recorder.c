/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder in front of a pipe that is read when the test wants to: what it drops is
 * told in the recording, which is read again by who reads recordings.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scarcity.h"
#include "sink/recording.h"
#include "source/recording.h"

#define PATIENCE_MS 60000	/* for what must happen; never waited out when it does */
#define MOST_RECORDS 2000000	/* the queue is full long before */

struct fixture {
	struct recorder *recorder;
	int fds[2];		/* the pipe; its other end is the recorder's */
	int file;		/* what has been read of it */
	char path[64];		/* of the file */
	pthread_t reader;
};

static void *copy(void *arg)
{
	struct fixture *fixture = arg;
	char bytes[65536];
	ssize_t len;

	while ((len = read(fixture->fds[0], bytes, sizeof(bytes))) > 0)
		if (write(fixture->file, bytes, (size_t)len) != len)
			abort();
	return NULL;
}

static void begin_reading(struct fixture *fixture)
{
	assert_int_equal(pthread_create(&fixture->reader, NULL, copy, fixture), 0);
}

static struct fixture *fixture_new(bool started)
{
	struct tw_recording_head head = {
		.magic = TW_RECORDING_MAGIC,
		.version = TW_RECORDING_VERSION,
		.size = sizeof(head),
	};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct recorder_opts opts = { .max_bytes = 0 };
	struct error err = { 0 };
	char path[64];

	assert_non_null(fixture);
	assert_int_equal(pipe2(fixture->fds, O_CLOEXEC), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fixture->fds[1]);
	fixture->recorder = recorder_open(path, &head, &opts, &err);
	assert_non_null(fixture->recorder);
	close(fixture->fds[1]);
	fixture->file = memfd_create("recording", MFD_CLOEXEC);
	snprintf(fixture->path, sizeof(fixture->path), "/proc/self/fd/%d", fixture->file);
	if (started)
		assert_int_equal(outlet_start(recorder_outlet(fixture->recorder), &err), 0);
	return fixture;
}

static void fixture_free(struct fixture *fixture)
{
	close(fixture->fds[0]);
	close(fixture->file);
	free(fixture);
}

static void wait_for_all(struct outlet *outlet)
{
	struct pollfd readable = { .fd = outlet_fd(outlet), .events = POLLIN };

	while (outlet_await(outlet))
		assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
}

/* Something that does not compress to nothing: a pipe is to be full of it. */
static void feed_transition(struct fixture *fixture, uint64_t number)
{
	struct tw_transition change = {
		.head = { .size = sizeof(change),
			  .kind = TW_TRANSITION,
			  .from = TW_ESTABLISHED,
			  .to = TW_CLOSE_WAIT,
			  .ts_ns = number + 1 },
		.cookie = number * 0x9e3779b97f4a7c15ULL,
	};

	for (unsigned int i = 0; i < 16; i++)
		change.tuple.local_addr[i] = (uint8_t)(change.cookie >> (i * 4));
	recorder_write(fixture->recorder, &change.head);
}

static void feed_plain(struct fixture *fixture, enum tw_kind kind, uint64_t ts_ns)
{
	struct tw_record record = { .size = sizeof(record), .kind = kind, .ts_ns = ts_ns };

	recorder_write(fixture->recorder, &record);
}

static void feed_dump(struct fixture *fixture, enum tw_kind kind, uint64_t cookie)
{
	struct tw_snapshot snapshot = {
		.head = { .size = sizeof(snapshot), .kind = kind },
		.netns_cookie = cookie,
	};

	recorder_write(fixture->recorder, &snapshot.head);
}

static void feed_socket(struct fixture *fixture)
{
	struct tw_socket socket = {
		.head = { .size = sizeof(socket), .kind = TW_SOCKET, .from = TW_ESTABLISHED }
	};

	recorder_write(fixture->recorder, &socket.head);
}

static void feed_end(struct fixture *fixture)
{
	struct tw_end end = { .head = { .size = sizeof(end), .kind = TW_END } };

	recorder_write(fixture->recorder, &end.head);
	recorder_flush(fixture->recorder);
}

struct found {
	uint64_t of_kind[256], lost;
	uint64_t whole_dumps;	/* bit: netns cookie */
	uint64_t last_before_loss, first_after_loss;
	bool damaged;
};

static void read_again(struct fixture *fixture, struct found *found)
{
	struct error err = { 0 };
	struct recording *recording = recording_open(fixture->path, &err);
	const struct tw_record *record;

	*found = (struct found){ 0 };
	assert_non_null(recording);
	while ((record = recording_next(recording))) {
		found->of_kind[record->kind]++;
		if (record->kind == TW_LOSS) {
			assert_int_equal(record->from, TW_LOSS_OUTPUT_FULL);
			found->lost += ((const struct tw_loss *)record)->count;
		} else if (record->kind == TW_SNAPSHOT_END) {
			found->whole_dumps |= 1ULL
					      << ((const struct tw_snapshot *)record)->netns_cookie;
		} else if (record->kind == TW_TRANSITION && !found->lost) {
			found->last_before_loss = record->ts_ns;
		} else if (record->kind == TW_TRANSITION && !found->first_after_loss) {
			found->first_after_loss = record->ts_ns;
		}
	}
	found->damaged = recording_damage(recording) != NULL;
	recording_free(recording);
}

static void close_and_read(struct fixture *fixture, struct found *found)
{
	struct error err = { 0 };

	wait_for_all(recorder_outlet(fixture->recorder));
	assert_int_equal(recorder_close(fixture->recorder, &err), 0);
	pthread_join(fixture->reader, NULL);
	read_again(fixture, found);
	assert_false(found->damaged);
}

static void what_is_not_slow_is_all_there(void **state)
{
	(void)state;
	for (unsigned int started = 0; started < 2; started++) {
		struct fixture *fixture = fixture_new(started);
		struct found found;

		begin_reading(fixture);
		for (uint64_t i = 0; i < 10000; i++)
			feed_transition(fixture, i);
		feed_end(fixture);
		wait_for_all(recorder_outlet(fixture->recorder));
		assert_int_equal(recorder_missing(fixture->recorder), 0);
		close_and_read(fixture, &found);
		assert_int_equal(found.of_kind[TW_TRANSITION], 10000);
		assert_int_equal(found.of_kind[TW_LOSS], 0);
		fixture_free(fixture);
	}
}

static void a_flush_makes_readable_what_was_written(void **state)
{
	struct fixture *fixture = fixture_new(true);
	struct found found;
	char bytes[65536];
	struct error err;
	ssize_t len;

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		feed_transition(fixture, i);
	recorder_flush(fixture->recorder);
	wait_for_all(recorder_outlet(fixture->recorder));
	/* as if it were killed now */
	len = read(fixture->fds[0], bytes, sizeof(bytes));
	assert_int_equal(write(fixture->file, bytes, (size_t)len), len);
	read_again(fixture, &found);
	assert_true(found.damaged);
	assert_int_equal(found.of_kind[TW_TRANSITION], 100);
	assert_int_equal(recorder_close(fixture->recorder, &err), 0);
	fixture_free(fixture);
}

static void what_is_dropped_is_told_in_its_place(void **state)
{
	struct fixture *fixture = fixture_new(true);
	struct outlet *outlet = recorder_outlet(fixture->recorder);
	struct tw_spilled spilled = {
		.head = { .size = sizeof(spilled), .kind = TW_SPILLED },
		.count = 30,
	};
	uint64_t number = 0, before;
	struct found found;

	(void)state;
	while (outlet_has_room(outlet) && number < MOST_RECORDS)
		feed_transition(fixture, number++);
	assert_true(number < MOST_RECORDS);
	before = number;
	for (unsigned int i = 0; i < 5000; i++)
		feed_transition(fixture, number++);
	recorder_write(fixture->recorder, &spilled.head);
	feed_plain(fixture, TW_TICK, number);
	begin_reading(fixture);
	wait_for_all(outlet);
	feed_transition(fixture, number++);
	feed_end(fixture);
	close_and_read(fixture, &found);
	assert_true(found.last_before_loss <= before);
	assert_int_equal(found.of_kind[TW_LOSS], 1);
	assert_int_equal(found.of_kind[TW_TRANSITION] + found.lost, number + 30);
	assert_int_equal(found.first_after_loss, number);
	assert_int_equal(found.last_before_loss + found.lost, number - 1 + 30);
	fixture_free(fixture);
}

/* Nor is there any to tell it, for a while. */
static void what_there_is_no_memory_for_is_told_when_there_is(void **state)
{
	struct fixture *fixture = fixture_new(true);
	struct tw_loss loss = {
		.head = { .size = sizeof(loss), .kind = TW_LOSS, .from = TW_LOSS_RING_FULL },
		.count = 30,
	};
	struct found found;

	(void)state;
	begin_reading(fixture);
	memory = (struct scarcity){ .one_in = 1, .now = true };
	for (uint64_t i = 0; i < 3; i++)
		feed_transition(fixture, i);
	recorder_write(fixture->recorder, &loss.head);
	feed_dump(fixture, TW_SNAPSHOT_BEGIN, 1);
	memory.now = false;
	feed_socket(fixture);
	feed_dump(fixture, TW_SNAPSHOT_END, 1);
	feed_transition(fixture, 3);
	feed_dump(fixture, TW_SNAPSHOT_BEGIN, 2);
	feed_dump(fixture, TW_SNAPSHOT_END, 2);
	feed_end(fixture);
	wait_for_all(recorder_outlet(fixture->recorder));
	assert_int_equal(recorder_missing(fixture->recorder), 3);
	close_and_read(fixture, &found);
	assert_true(memory.failed > 0);
	assert_int_equal(found.lost, 3 + 30);
	assert_int_equal(found.of_kind[TW_TRANSITION], 1);
	assert_int_equal(found.of_kind[TW_SOCKET], 0);
	assert_int_equal(found.whole_dumps, 1 << 2);
	fixture_free(fixture);
}

static void half_a_dump_has_no_end_and_names_are_never_missing(void **state)
{
	struct fixture *fixture = fixture_new(true);
	struct outlet *outlet = recorder_outlet(fixture->recorder);
	uint64_t number = 0;
	struct found found;

	(void)state;
	feed_dump(fixture, TW_SNAPSHOT_BEGIN, 1);
	feed_socket(fixture);
	feed_dump(fixture, TW_SNAPSHOT_END, 1);
	/* two at once, as at the start; no room from within the first one on */
	feed_dump(fixture, TW_SNAPSHOT_BEGIN, 2);
	while (outlet_has_room(outlet) && number < MOST_RECORDS)
		feed_transition(fixture, number++);
	feed_socket(fixture);
	feed_dump(fixture, TW_SNAPSHOT_BEGIN, 3);
	feed_plain(fixture, TW_HOLDERS_END, number);
	feed_dump(fixture, TW_SNAPSHOT_END, 2);
	begin_reading(fixture);
	wait_for_all(outlet);
	feed_dump(fixture, TW_SNAPSHOT_END, 3);
	feed_dump(fixture, TW_SNAPSHOT_BEGIN, 4);
	feed_socket(fixture);
	feed_dump(fixture, TW_SNAPSHOT_END, 4);
	feed_end(fixture);
	close_and_read(fixture, &found);
	assert_int_equal(found.whole_dumps, 1 << 1 | 1 << 4);
	assert_int_equal(found.of_kind[TW_HOLDERS_END], 1);
	assert_int_equal(found.of_kind[TW_SOCKET], 2);
	fixture_free(fixture);
}

static void a_file_that_hangs_holds_up_nobody_at_the_end(void **state)
{
	struct fixture *fixture = fixture_new(true);
	struct error err = { 0 };
	uint64_t number = 0;

	(void)state;
	while (outlet_has_room(recorder_outlet(fixture->recorder)) && number < MOST_RECORDS)
		feed_transition(fixture, number++);
	feed_end(fixture);
	assert_true(recorder_missing(fixture->recorder) > 0);
	assert_int_equal(recorder_close(fixture->recorder, &err), 0);
	fixture_free(fixture);
}

static void a_reader_that_goes_is_said(void **state)
{
	struct fixture *fixture = fixture_new(true);
	struct error err = { 0 };

	(void)state;
	close(fixture->fds[0]);
	fixture->fds[0] = -1;
	feed_transition(fixture, 1);
	recorder_flush(fixture->recorder);
	wait_for_all(recorder_outlet(fixture->recorder));
	assert_true(recorder_flush(fixture->recorder) < 0);
	assert_true(recorder_close(fixture->recorder, &err) < 0);
	assert_non_null(strstr(err.text, "readable up to there"));
	fixture_free(fixture);
}

static int ignore_sigpipe(void **state)
{
	(void)state;
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_slow_is_all_there),
		cmocka_unit_test(a_flush_makes_readable_what_was_written),
		cmocka_unit_test(what_is_dropped_is_told_in_its_place),
		cmocka_unit_test(what_there_is_no_memory_for_is_told_when_there_is),
		cmocka_unit_test(half_a_dump_has_no_end_and_names_are_never_missing),
		cmocka_unit_test(a_file_that_hangs_holds_up_nobody_at_the_end),
		cmocka_unit_test(a_reader_that_goes_is_said),
	};

	return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
