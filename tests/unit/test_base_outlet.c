/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounded queue, in front of an output of our own: it takes bytes when it is let,
 * keeps them, and knows in which pieces they came.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/outlet.h"
#include "base/stream.h"
#include "next.h"

#define PATIENCE_MS 60000	/* for what must happen; never waited out when it does */
#define MOST_PIECES 8192
#define KIB 1024

struct output {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool shut;		/* writes wait */
	bool waiting;		/* one does */
	unsigned int let;	/* so many of them are let through */
	int error;		/* -errno of the next write */
	size_t most;		/* 0: no such limit */
	struct outlet *freed;	/* if set, asking for it takes until this is being freed */
	unsigned int slice;	/* takes so few bytes at once; 0: all */
	unsigned int flushes, releases;
	size_t flushed_at;	/* how much had been written then */
	char *bytes;
	size_t len, room;
	size_t pieces[MOST_PIECES];	/* where each write began */
	unsigned int nr_pieces;
};

static ssize_t take(void *ctx, const char *bytes, size_t len)
{
	struct output *output = ctx;
	ssize_t ret;

	pthread_mutex_lock(&output->lock);
	output->waiting = true;
	pthread_cond_broadcast(&output->changed);
	while (output->shut && !output->let)
		pthread_cond_wait(&output->changed, &output->lock);
	output->let -= output->shut;
	output->waiting = false;
	if (output->slice && len > output->slice)
		len = output->slice;
	if (output->nr_pieces < MOST_PIECES)
		output->pieces[output->nr_pieces++] = output->len;
	while (output->len + len > output->room) {
		output->room = output->room ? output->room * 2 : 64 * KIB;
		output->bytes = realloc(output->bytes, output->room);
	}
	ret = output->error ? output->error : (ssize_t)len;
	if (ret > 0) {
		memcpy(output->bytes + output->len, bytes, len);
		output->len += len;
	}
	pthread_mutex_unlock(&output->lock);
	return ret;
}

static size_t most_at_once(void *ctx)
{
	struct output *output = ctx;

	if (output->freed) {
		pthread_mutex_lock(&output->lock);
		output->waiting = true;
		pthread_cond_broadcast(&output->changed);
		pthread_mutex_unlock(&output->lock);
		/* what nobody has begun goes first then */
		while (outlet_left(output->freed) >= KIB)
			sched_yield();
	}
	return output->most ? output->most : SIZE_MAX;
}

static int note_flush(void *ctx)
{
	struct output *output = ctx;

	pthread_mutex_lock(&output->lock);
	output->flushes++;
	output->flushed_at = output->len;
	pthread_mutex_unlock(&output->lock);
	return 0;
}

static void note_release(void *ctx)
{
	struct output *output = ctx;

	pthread_mutex_lock(&output->lock);
	output->releases++;
	pthread_cond_broadcast(&output->changed);
	pthread_mutex_unlock(&output->lock);
}

static const struct outlet_ops plain_ops = {
	.write = take,
	.most = most_at_once,
	.release = note_release,
};

static const struct outlet_ops flushed_ops = {
	.write = take,
	.flush = note_flush,
	.release = note_release,
};

static struct output *output_new(void)
{
	struct output *output = calloc(1, sizeof(*output));

	assert_non_null(output);
	pthread_mutex_init(&output->lock, NULL);
	pthread_cond_init(&output->changed, NULL);
	return output;
}

static void output_free(struct output *output)
{
	pthread_cond_destroy(&output->changed);
	pthread_mutex_destroy(&output->lock);
	free(output->bytes);
	free(output);
}

/* For one thread there may be no memory to grow into: here, the one that fills. */
static _Thread_local bool no_memory;

void *realloc(void *ptr, size_t size)
{
	return no_memory ? NULL : NEXT(realloc)(ptr, size);
}

static void set_shut(struct output *output, bool shut)
{
	pthread_mutex_lock(&output->lock);
	output->shut = shut;
	pthread_cond_broadcast(&output->changed);
	pthread_mutex_unlock(&output->lock);
}

/* Until the thread is in a write that does not return. */
static void wait_for_write(struct output *output)
{
	pthread_mutex_lock(&output->lock);
	while (!output->waiting)
		pthread_cond_wait(&output->changed, &output->lock);
	pthread_mutex_unlock(&output->lock);
}

/* Lets one write through, and waits for the next one. */
static void let_one(struct output *output)
{
	pthread_mutex_lock(&output->lock);
	output->let = 1;
	pthread_cond_broadcast(&output->changed);
	while (output->let || !output->waiting)
		pthread_cond_wait(&output->changed, &output->lock);
	pthread_mutex_unlock(&output->lock);
}

static struct outlet *started(const struct outlet_ops *ops, struct output *output, size_t capacity)
{
	struct outlet *outlet = outlet_new(ops, output, capacity);
	struct error err = { 0 };

	assert_non_null(outlet);
	assert_int_equal(outlet_start(outlet, &err), 0);
	return outlet;
}

static void wait_for_all(struct outlet *outlet)
{
	struct pollfd readable = { .fd = outlet_fd(outlet), .events = POLLIN };

	while (outlet_await(outlet))
		assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
}

static const struct outlet_tally one_event = { .events = 1 };

/* "0000017 xxxxx...\n", @len bytes long. */
static bool put_line(struct outlet *outlet, unsigned int number, size_t len)
{
	FILE *file = outlet_file(outlet);

	fprintf(file, "%07u ", number);
	for (size_t i = 9; i < len; i++)
		putc('x', file);
	putc('\n', file);
	return outlet_end_unit(outlet, one_event);
}

/* Every line is whole, and they are in order; returns how many. */
static unsigned int check_lines(const char *bytes, size_t len)
{
	unsigned int count = 0, last = 0, number;
	const char *line = bytes, *end;

	for (; line < bytes + len; line = end + 1) {
		end = memchr(line, '\n', (size_t)(bytes + len - line));
		assert_non_null(end);
		number = (unsigned int)strtoul(line, NULL, 10);
		assert_true(!count++ || number > last);
		assert_int_equal(strspn(line + 8, "x"), end - line - 8);
		last = number;
	}
	return count;
}

/* ------------------------------------------------------------------------------------ tests */

static void before_it_is_started_bytes_pass_as_they_come(void **state)
{
	struct output *output = output_new();
	struct outlet *outlet = outlet_new(&flushed_ops, output, KIB);

	(void)state;
	outlet_put(outlet, "ab", 2);
	assert_memory_equal(output->bytes, "ab", 2);
	fputs("cd", outlet_file(outlet));
	assert_true(outlet_end_unit(outlet, one_event));
	assert_true(outlet_has_room(outlet));
	outlet_flush(outlet);
	assert_memory_equal(output->bytes, "abcd", 4);
	assert_int_equal(output->flushes, 1);
	assert_int_equal(outlet_left(outlet), 0);
	assert_false(outlet_await(outlet));
	output->error = -ENOSPC;
	outlet_put(outlet, "ef", 2);
	assert_int_equal(outlet_error(outlet), -ENOSPC);
	outlet_free(outlet);
	assert_int_equal(output->releases, 1);
	output_free(output);
}

static void what_the_file_holds_at_the_start_comes_first(void **state)
{
	struct output *output = output_new();
	struct outlet *outlet = outlet_new(&plain_ops, output, KIB);
	struct error err;

	(void)state;
	fputs("head\n", outlet_file(outlet));
	assert_int_equal(outlet_start(outlet, &err), 0);
	assert_memory_equal(output->bytes, "head\n", 5);
	put_line(outlet, 1, 20);
	outlet_flush(outlet);
	wait_for_all(outlet);
	assert_int_equal(output->len, 25);
	outlet_free(outlet);
	output_free(output);
}

static void nothing_is_written_before_its_unit_ends(void **state)
{
	struct output *output = output_new();
	struct outlet *outlet = started(&plain_ops, output, 1000 * KIB);
	static char block[300 * KIB];

	(void)state;
	memset(block, 'y', sizeof(block));
	fwrite(block, 1, sizeof(block), outlet_file(outlet));
	fflush(outlet_file(outlet));
	assert_false(outlet_await(outlet));
	assert_int_equal(outlet_left(outlet), 0);
	assert_true(outlet_end_unit(outlet, one_event));
	/* so long a unit is on its way at once */
	wait_for_all(outlet);
	assert_int_equal(output->len, sizeof(block));
	outlet_free(outlet);
	output_free(output);
}

static void pieces_are_whole_units_even_if_one_is_too_long(void **state)
{
	static const size_t lens[] = { 20, 400, 100, 900, 5000, 30, 999, 1000, 1001, 9, 9, 9 };
	struct output *output = output_new();
	struct outlet *outlet;
	size_t at = 0;

	(void)state;
	output->most = 1000;
	outlet = started(&plain_ops, output, 100 * KIB);
	for (unsigned int i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		put_line(outlet, i, lens[i]);
	outlet_flush(outlet);
	wait_for_all(outlet);
	outlet_free(outlet);
	assert_int_equal(check_lines(output->bytes, output->len), 12);
	/* 520 | 900 | 5000 | 30 | 999 | 1000 | 1001 | 27: as many as fit, one in any case */
	assert_int_equal(output->nr_pieces, 8);
	for (unsigned int i = 0; i < output->nr_pieces; i++) {
		assert_true(!i || output->bytes[output->pieces[i] - 1] == '\n');
		at = output->pieces[i];
	}
	assert_int_equal(at, output->len - 27);
	output_free(output);
}

static void who_fills_never_waits_and_the_queue_stays_bounded(void **state)
{
	const size_t capacity = 256 * KIB;
	struct output *output = output_new();
	struct outlet *outlet;
	unsigned int taken = 0, refused = 0;

	(void)state;
	output->shut = true;
	outlet = started(&plain_ops, output, capacity);
	for (unsigned int i = 0; i < 10000; i++) {
		if (outlet_has_room(outlet))
			taken += put_line(outlet, i, 100);
		else
			refused++;
	}
	assert_int_equal(taken, (capacity + 99) / 100);
	assert_int_equal(refused, 10000 - taken);
	assert_int_equal(outlet_left(outlet), taken * 100);
	assert_int_equal(outlet_left_tally(outlet).events, taken);
	/* what must not be lost is taken all the same */
	assert_true(put_line(outlet, 10000, 100));
	set_shut(output, false);
	outlet_flush(outlet);
	wait_for_all(outlet);
	assert_int_equal(outlet_left_tally(outlet).events, 0);
	outlet_free(outlet);
	assert_int_equal(check_lines(output->bytes, output->len), taken + 1);
	output_free(output);
}

static void there_is_room_again_once_half_of_it_is_out(void **state)
{
	const size_t capacity = 640 * KIB;
	struct output *output = output_new();
	struct outlet *outlet;
	unsigned int number = 0;

	(void)state;
	output->shut = true;
	output->slice = 10000;
	outlet = started(&plain_ops, output, capacity);
	while (outlet_has_room(outlet))
		put_line(outlet, number++, 100);
	outlet_flush(outlet);
	wait_for_write(output);
	while (outlet_left(outlet) > capacity / 2) {
		assert_false(outlet_has_room(outlet));
		let_one(output);
	}
	assert_true(outlet_has_room(outlet));
	while (outlet_left(outlet) < capacity) {
		assert_true(outlet_has_room(outlet));
		put_line(outlet, number++, 100);
	}
	assert_false(outlet_has_room(outlet));
	set_shut(output, false);
	outlet_flush(outlet);
	wait_for_all(outlet);
	outlet_free(outlet);
	assert_int_equal(check_lines(output->bytes, output->len), number);
	output_free(output);
}

static void discarding_keeps_what_has_begun(void **state)
{
	struct output *output = output_new();
	struct outlet_tally dropped;
	struct outlet *outlet;

	(void)state;
	output->shut = true;
	output->most = 250;
	outlet = started(&plain_ops, output, 4000 * KIB);
	for (unsigned int i = 0; i < 10000; i++)
		put_line(outlet, i, 100);
	fputs("0010000 x\n", outlet_file(outlet));
	outlet_end_unit(outlet, (struct outlet_tally){ .missing = 700 });
	wait_for_write(output);
	dropped = outlet_discard(outlet);
	assert_int_equal(dropped.events, 9998);
	assert_int_equal(dropped.missing, 700);
	assert_int_equal(outlet_left(outlet), 200);
	assert_int_equal(outlet_left_tally(outlet).events, 2);
	put_line(outlet, 20000, 100);
	set_shut(output, false);
	outlet_flush(outlet);
	wait_for_all(outlet);
	outlet_free(outlet);
	assert_int_equal(check_lines(output->bytes, output->len), 3);
	output_free(output);
}

static void a_failure_is_told_and_ends_it(void **state)
{
	struct output *output = output_new();
	struct pollfd readable = { .events = POLLIN };
	struct outlet *outlet;

	(void)state;
	output->error = -ENOSPC;
	outlet = started(&plain_ops, output, KIB);
	readable.fd = outlet_fd(outlet);
	assert_int_equal(poll(&readable, 1, 0), 0);
	put_line(outlet, 1, 100);
	outlet_flush(outlet);
	assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
	assert_int_equal(outlet_error(outlet), -ENOSPC);
	assert_false(outlet_await(outlet));
	for (unsigned int i = 0; i < 1000; i++)
		put_line(outlet, i, 1000);
	outlet_flush(outlet);
	assert_int_equal(outlet_left(outlet), 0);
	assert_int_equal(output->nr_pieces, 1);
	outlet_free(outlet);
	assert_int_equal(output->releases, 1);
	output_free(output);
}

static void an_output_that_hangs_holds_up_nobody(void **state)
{
	struct output *output = output_new();
	struct outlet *outlet;

	(void)state;
	output->shut = true;
	outlet = started(&plain_ops, output, 100 * KIB);
	for (unsigned int i = 0; i < 1000; i++)
		put_line(outlet, i, 100);
	outlet_flush(outlet);
	wait_for_write(output);
	outlet_free(outlet);
	assert_int_equal(output->releases, 0);
	set_shut(output, false);
	/* its thread cleans up when it can */
	pthread_mutex_lock(&output->lock);
	while (!output->releases)
		pthread_cond_wait(&output->changed, &output->lock);
	pthread_mutex_unlock(&output->lock);
	check_lines(output->bytes, output->len);
	output_free(output);
}

/* Half a unit is out, and the thread is about to go on when nobody wants it to any more. */
static void no_write_begins_once_it_is_being_freed(void **state)
{
	struct output *output = output_new();
	struct outlet *outlet;

	(void)state;
	output->shut = true;
	output->most = 100;
	output->slice = 10;
	outlet = started(&plain_ops, output, 100 * KIB);
	put_line(outlet, 1, 100);
	put_line(outlet, 2, KIB);
	outlet_flush(outlet);
	wait_for_write(output);
	output->freed = outlet;
	let_one(output);
	outlet_free(outlet);
	assert_int_equal(output->releases, 1);
	assert_int_equal(output->len, 10);
	output_free(output);
}

static void a_flush_comes_after_what_was_put_before_it(void **state)
{
	struct output *output = output_new();
	struct outlet *outlet = started(&flushed_ops, output, 1000 * KIB);

	(void)state;
	for (unsigned int i = 0; i < 3000; i++) {
		outlet_put(outlet, "0123456789abcdef0123456789abcdef", 32);
		outlet_end_unit(outlet, one_event);
	}
	outlet_flush(outlet);
	wait_for_all(outlet);
	assert_int_equal(output->flushed_at, 3000 * 32);
	assert_int_equal(output->flushes, 1);
	/* also when there is nothing new: who is behind it knows best */
	outlet_flush(outlet);
	wait_for_all(outlet);
	assert_int_equal(output->flushes, 2);
	outlet_free(outlet);
	output_free(output);
}

static void a_unit_without_memory_is_dropped_alone(void **state)
{
	struct output *output = output_new();
	struct outlet *outlet = started(&plain_ops, output, 1000 * KIB);

	(void)state;
	put_line(outlet, 1, 100);
	no_memory = true;
	assert_false(put_line(outlet, 2, 1000 * KIB));
	no_memory = false;
	put_line(outlet, 3, 100);
	outlet_flush(outlet);
	wait_for_all(outlet);
	outlet_free(outlet);
	assert_int_equal(output->len, 200);
	assert_int_equal(check_lines(output->bytes, output->len), 2);
	output_free(output);
}

/* stream_fail() of its file: also where units before it have not come out of the file yet. */
static void a_unit_that_could_not_be_made_is_dropped_alone(void **state)
{
	struct output *output = output_new();
	struct outlet *outlet = started(&plain_ops, output, 1000 * KIB);
	FILE *file = outlet_file(outlet);

	(void)state;
	fputs("first\n", file);
	assert_true(outlet_end_unit(outlet, (struct outlet_tally){ 0 }));
	fputs("seco", file);
	stream_fail(file, ENOMEM);
	assert_false(outlet_end_unit(outlet, (struct outlet_tally){ 0 }));
	assert_false(ferror(file));
	fputs("third\n", file);
	assert_true(outlet_end_unit(outlet, (struct outlet_tally){ 0 }));
	outlet_flush(outlet);
	wait_for_all(outlet);
	assert_int_equal(outlet_error(outlet), 0);
	outlet_free(outlet);
	assert_int_equal(output->len, 12);
	assert_memory_equal(output->bytes, "first\nthird\n", 12);
	output_free(output);
}

/* Nobody can take back what may have been written of it. */
static void before_the_start_such_a_unit_is_a_failed_write(void **state)
{
	struct output *output = output_new();
	struct outlet *outlet = outlet_new(&plain_ops, output, 1000 * KIB);

	(void)state;
	fputs("first\n", outlet_file(outlet));
	assert_true(outlet_end_unit(outlet, (struct outlet_tally){ 0 }));
	stream_fail(outlet_file(outlet), ENOMEM);
	assert_false(outlet_end_unit(outlet, (struct outlet_tally){ 0 }));
	assert_int_equal(outlet_error(outlet), -ENOMEM);
	outlet_free(outlet);
	output_free(output);
}

/*
 * 80 KiB there is room for, from 64 KiB on it goes: what does not fit is dropped, be it within
 * the unit or at its end that this is seen, and the next one finds room again.
 */
static void without_memory_only_long_units_are_dropped(void **state)
{
	static const struct {
		size_t len;
		unsigned int taken;
	} lines[] = {
		{ 100, 50 },   { 6000, 50 },  { 16383, 50 }, { 16384, 50 },
		{ 30000, 34 }, { 40000, 50 }, { 65000, 25 }, { 90000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct output *output = output_new();
		struct outlet *outlet = started(&plain_ops, output, 10000 * KIB);
		unsigned int taken = 0;

		no_memory = true;
		for (unsigned int number = 0; number < 50; number++)
			taken += put_line(outlet, number, lines[i].len);
		no_memory = false;
		outlet_flush(outlet);
		wait_for_all(outlet);
		outlet_free(outlet);
		assert_int_equal(taken, lines[i].taken);
		assert_int_equal(output->len, taken * lines[i].len);
		assert_int_equal(check_lines(output->bytes, output->len), taken);
		output_free(output);
	}
}

static void nothing_is_lost_between_two_threads(void **state)
{
	struct output *output = output_new();
	unsigned int taken = 0, dropped = 0, seed = 7;
	struct outlet_tally discarded = { 0 };
	struct outlet *outlet;

	(void)state;
	output->slice = 777;
	output->most = 4096;
	outlet = started(&plain_ops, output, 128 * KIB);
	for (unsigned int i = 0; i < 200000; i++) {
		if (!outlet_has_room(outlet)) {
			dropped++;
			/* or all of it would be dropped before a thread that is elsewhere runs */
			sched_yield();
			continue;
		}
		taken += put_line(outlet, i, 10 + (size_t)(rand_r(&seed) % 300));
		if (i % 1000 == 0)
			outlet_flush(outlet);
		if (i % 50000 == 49999)
			discarded.events += outlet_discard(outlet).events;
	}
	outlet_flush(outlet);
	wait_for_all(outlet);
	outlet_free(outlet);
	assert_int_equal(check_lines(output->bytes, output->len), taken - discarded.events);
	assert_int_equal(taken + dropped, 200000);
	output_free(output);
}

static size_t bytes_in(int fd)
{
	int waiting = 0;

	assert_int_equal(ioctl(fd, FIONREAD, &waiting), 0);
	return (size_t)waiting;
}

static void wait_for_bytes(int fd)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
}

/* Empty it is given all that it holds, else what it takes at once: a page is made free. */
static void a_pipe_that_nobody_reads_holds_whole_units(void **state)
{
	static const int sizes[] = { 4096, 65536 };
	char page[4096];

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct outlet *outlet;
		struct error err;
		size_t left;
		int fds[2];

		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		assert_true(fcntl(fds[1], F_SETPIPE_SZ, sizes[i]) == sizes[i]);
		outlet = outlet_new_fd(fds[1], 1000 * KIB);
		assert_int_equal(outlet_start(outlet, &err), 0);
		for (unsigned int line = 0; line < 1000; line++)
			put_line(outlet, line, 1000);
		outlet_flush(outlet);
		wait_for_bytes(fds[0]);
		left = bytes_in(fds[0]);
		assert_int_equal(left % 1000, 0);
		left -= (size_t)read(fds[0], page, sizeof(page));
		while (bytes_in(fds[0]) == left)
			sched_yield();
		outlet_free(outlet);
		/* what was read of a line is not there any more */
		assert_int_equal((bytes_in(fds[0]) + 1000 * 1000 - left) % 1000, 0);
		/* its thread is still in a write, which this ends; the other end is the thread's */
		close(fds[0]);
	}
}

static void a_pipe_without_a_reader_is_an_error(void **state)
{
	struct outlet *outlet;
	struct error err;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	outlet = outlet_new_fd(fds[1], 1000 * KIB);
	assert_int_equal(outlet_start(outlet, &err), 0);
	close(fds[0]);
	put_line(outlet, 1, 100);
	outlet_flush(outlet);
	wait_for_all(outlet);
	assert_int_equal(outlet_error(outlet), -EPIPE);
	outlet_free(outlet);
	close(fds[1]);
}

static void a_descriptor_that_does_not_wait_is_waited_for(void **state)
{
	char *bytes = malloc(400000);
	struct outlet *outlet;
	size_t len = 0;
	struct error err;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	outlet = outlet_new_fd(fds[1], 1000 * KIB);
	assert_int_equal(outlet_start(outlet, &err), 0);
	for (unsigned int line = 0; line < 300; line++)
		put_line(outlet, line, 1000);
	outlet_flush(outlet);
	while (len < 300000) {
		wait_for_bytes(fds[0]);
		len += (size_t)read(fds[0], bytes + len, 400000 - len);
	}
	wait_for_all(outlet);
	assert_int_equal(outlet_error(outlet), 0);
	assert_int_equal(check_lines(bytes, len), 300);
	outlet_free(outlet);
	close(fds[0]);
	close(fds[1]);
	free(bytes);
}

static int ignore_sigpipe(void **state)
{
	(void)state;
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_it_is_started_bytes_pass_as_they_come),
		cmocka_unit_test(what_the_file_holds_at_the_start_comes_first),
		cmocka_unit_test(nothing_is_written_before_its_unit_ends),
		cmocka_unit_test(pieces_are_whole_units_even_if_one_is_too_long),
		cmocka_unit_test(who_fills_never_waits_and_the_queue_stays_bounded),
		cmocka_unit_test(there_is_room_again_once_half_of_it_is_out),
		cmocka_unit_test(discarding_keeps_what_has_begun),
		cmocka_unit_test(a_failure_is_told_and_ends_it),
		cmocka_unit_test(an_output_that_hangs_holds_up_nobody),
		cmocka_unit_test(no_write_begins_once_it_is_being_freed),
		cmocka_unit_test(a_flush_comes_after_what_was_put_before_it),
		cmocka_unit_test(a_unit_without_memory_is_dropped_alone),
		cmocka_unit_test(a_unit_that_could_not_be_made_is_dropped_alone),
		cmocka_unit_test(before_the_start_such_a_unit_is_a_failed_write),
		cmocka_unit_test(without_memory_only_long_units_are_dropped),
		cmocka_unit_test(nothing_is_lost_between_two_threads),
		cmocka_unit_test(a_pipe_that_nobody_reads_holds_whole_units),
		cmocka_unit_test(a_pipe_without_a_reader_is_an_error),
		cmocka_unit_test(a_descriptor_that_does_not_wait_is_waited_for),
	};

	return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
