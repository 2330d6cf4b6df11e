/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recorder whose file is followed by others: none larger than asked for, none more than asked
 * for, no record missing between two of them; and what it finds when it starts.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/parts.h"
#include "sink/recording.h"
#include "source/recording.h"

#define MAX_BYTES (256 * 1024)
#define MOST_PARTS 512
#define PATIENCE_MS 60000
#define MOST_WAITS 1000
#define START_NS 1780000000000000000ULL

struct fixture {
	char folder[64], file[128];
	struct recorder *recorder;
	struct tw_recording_head head;
	uint64_t number;	/* records so far */
	char *names[MOST_PARTS];
	size_t nr_names;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->folder, "/tmp/twtrace-parts-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->file, sizeof(f->file), "%s/tcp.twr", f->folder);
	f->head = (struct tw_recording_head){
		.magic = TW_RECORDING_MAGIC,
		.version = TW_RECORDING_VERSION,
		.size = sizeof(f->head),
		.realtime_ns = START_NS,
		.monotonic_ns = 1000,
		.run_ns = 1000,
	};
	*state = f;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files in order of their time, FILE last. */
static void list(struct fixture *f)
{
	DIR *folder = opendir(f->folder);
	struct dirent *entry;

	while (f->nr_names)
		free(f->names[--f->nr_names]);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "tcp.twr")) {
			assert_true(f->nr_names < MOST_PARTS - 1);
			assert_true(asprintf(&f->names[f->nr_names++], "%s/%s", f->folder,
					     entry->d_name) > 0);
		}
	closedir(folder);
	qsort(f->names, f->nr_names, sizeof(f->names[0]), compare);
	if (!access(f->file, F_OK))
		f->names[f->nr_names++] = strdup(f->file);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	list(f);
	while (f->nr_names) {
		unlink(f->names[--f->nr_names]);
		free(f->names[f->nr_names]);
	}
	rmdir(f->folder);
	free(f);
	return 0;
}

static void feed_plain(struct fixture *f, enum tw_kind kind)
{
	struct tw_record record = { .size = sizeof(record), .kind = kind, .ts_ns = f->number };

	recorder_restate(f->recorder, &record);
}

static void start(struct fixture *f, uint32_t keep, bool threaded)
{
	struct recorder_opts opts = { .max_bytes = MAX_BYTES, .keep = keep, .threaded = threaded };
	struct error err = { 0 };

	f->recorder = recorder_open(f->file, &f->head, &opts, &err);
	if (!f->recorder)
		fail_msg("%s", err.text);
	feed_plain(f, TW_READY);
}

static void wait_for_all(struct fixture *f)
{
	struct outlet *outlet = recorder_outlet(f->recorder);
	struct pollfd readable = { .fd = outlet_fd(outlet), .events = POLLIN };

	while (outlet_await(outlet))
		assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
}

static void stop(struct fixture *f)
{
	struct error err = { 0 };

	recorder_flush(f->recorder);
	wait_for_all(f);
	assert_int_equal(recorder_close(f->recorder, &err), 0);
	list(f);
}

static void begin_next(struct fixture *f)
{
	f->head.part++;
	f->head.realtime_ns += 1000;
	assert_int_equal(recorder_next(f->recorder, &f->head), 0);
	feed_plain(f, TW_TICK);
	feed_plain(f, TW_READY);
}

/* Bytes that do not compress at all: the file is as large as it can become. */
static void fill_at_random(void *bytes, size_t len, uint64_t random)
{
	for (char *at = bytes; len >= sizeof(random); at += 8, len -= 8) {
		random = (random + 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
		random ^= random >> 31;
		memcpy(at, &random, sizeof(random));
	}
}

static void feed(struct fixture *f, unsigned int count)
{
	while (count--) {
		struct tw_transition change = {
			.head = { .size = sizeof(change),
				  .kind = TW_TRANSITION,
				  .from = TW_ESTABLISHED,
				  .to = TW_CLOSE_WAIT,
				  .ts_ns = f->number },
			.cookie = f->number++,
		};

		fill_at_random(&change.owner,
			       sizeof(change) - offsetof(struct tw_transition, owner),
			       change.cookie);
		if (recorder_is_full(f->recorder, &change.head))
			begin_next(f);
		assert_int_equal(recorder_write(f->recorder, &change.head), 0);
		if (f->number % 3000 == 0)
			recorder_flush(f->recorder);
	}
}

/* All changes of all files, each once and in order from @from on; how many. */
static uint64_t read_all(struct fixture *f, uint64_t from, bool whole)
{
	uint64_t next = from;

	for (size_t i = 0; i < f->nr_names; i++) {
		struct error err = { 0 };
		struct recording *recording = recording_open(f->names[i], &err);
		const struct tw_record *record;
		bool ready = false;

		assert_non_null(recording);
		while ((record = recording_next(recording))) {
			ready |= record->kind == TW_READY;
			if (record->kind != TW_TRANSITION)
				continue;
			assert_true(ready);
			assert_int_equal(record->ts_ns, next++);
		}
		/* all but the one that nobody has ended yet */
		if (whole || i + 1 < f->nr_names)
			assert_true(i + 1 == f->nr_names || !recording_damage(recording));
		recording_free(recording);
	}
	return next - from;
}

static void assert_none_is_larger(const struct fixture *f, off_t bytes)
{
	for (size_t i = 0; i < f->nr_names; i++) {
		struct stat is;

		assert_int_equal(stat(f->names[i], &is), 0);
		assert_true(is.st_size <= bytes);
	}
}

static void no_file_is_larger_and_no_record_is_missing_between_two(void **state)
{
	struct fixture *f = *state;

	for (unsigned int threaded = 0; threaded < 2; threaded++) {
		f->number = 0;
		start(f, 0, threaded);
		feed(f, 40000);
		stop(f);
		/* a hundred bytes of each are random: it can't be done in fewer */
		assert_true(f->nr_names > 40000ULL * 100 / MAX_BYTES);
		assert_none_is_larger(f, MAX_BYTES);
		assert_int_equal(read_all(f, 0, true), 40000);
		while (f->nr_names) {
			unlink(f->names[--f->nr_names]);
			free(f->names[f->nr_names]);
		}
	}
}

static void a_file_is_nearly_as_large_as_it_may_be(void **state)
{
	struct fixture *f = *state;
	struct stat is;

	start(f, 0, false);
	feed(f, 10000);
	stop(f);
	assert_true(f->nr_names > 3);
	assert_int_equal(stat(f->names[1], &is), 0);
	assert_true(is.st_size > MAX_BYTES / 2);
}

static void so_many_are_kept_and_the_oldest_go(void **state)
{
	struct fixture *f = *state;
	uint64_t kept;

	start(f, 3, true);
	feed(f, 30000);
	wait_for_all(f);
	list(f);
	assert_true(f->nr_names <= 3);
	stop(f);
	assert_int_equal(f->nr_names, 3);
	assert_none_is_larger(f, MAX_BYTES);
	/* the last ones, without a gap */
	kept = 0;
	for (uint64_t from = 30000; from-- > 0 && !kept;) {
		struct error err = { 0 };
		struct recording *first = recording_open(f->names[0], &err);
		const struct tw_record *record;

		while ((record = recording_next(first)) && record->kind != TW_TRANSITION)
			;
		assert_non_null(record);
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it does not return for NULL */
		kept = 30000 - record->ts_ns;
		recording_free(first);
	}
	assert_int_equal(read_all(f, 30000 - kept, true), kept);
}

static void what_a_killed_one_left_is_kept_and_counts(void **state)
{
	struct fixture *f = *state;
	uint64_t left;

	start(f, 0, false);
	feed(f, 3000);
	recorder_flush(f->recorder);
	/* as if it were killed now: nobody closes it in time */
	list(f);
	left = f->nr_names;
	assert_int_equal(read_all(f, 0, false), 3000);
	recorder_close(f->recorder, &(struct error){ 0 });
	f->head.realtime_ns += 1000000000;
	f->head.part = 0;
	start(f, 0, false);
	stop(f);
	assert_int_equal(f->nr_names, left + 1);
	/* and the next one keeps two of all that */
	f->head.realtime_ns += 1000000000;
	start(f, 2, false);
	stop(f);
	assert_int_equal(f->nr_names, 2);
}

static void what_is_no_recording_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct recorder_opts opts = { .max_bytes = MAX_BYTES, .keep = 2 };
	struct error err = { 0 };
	char other[160];
	FILE *file = fopen(f->file, "w");

	fputs("somebody's letters, and enough of them for the head of a recording\n", file);
	fclose(file);
	assert_null(recorder_open(f->file, &f->head, &opts, &err));
	assert_non_null(strstr(err.text, "no recording"));
	unlink(f->file);
	/* nor is a file removed that only looks a little like one of its own */
	snprintf(other, sizeof(other), "%s/tcp.20261121T080000Z.twr", f->folder);
	fclose(fopen(other, "w"));
	start(f, 2, false);
	feed(f, 10000);
	stop(f);
	assert_int_equal(f->nr_names, 3);
	assert_int_equal(access(other, F_OK), 0);
}

static void two_do_not_write_the_same_files(void **state)
{
	struct fixture *f = *state;
	struct recorder_opts opts = { .max_bytes = MAX_BYTES };
	struct error err = { 0 };

	start(f, 0, false);
	assert_null(recorder_open(f->file, &f->head, &opts, &err));
	assert_non_null(strstr(err.text, "another twtrace"));
	stop(f);
	assert_int_equal(f->nr_names, 1);
}

static uint64_t sum_left_out(const struct fixture *f)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < f->nr_names; i++) {
		struct error err = { 0 };
		struct recording *recording = recording_open(f->names[i], &err);
		const struct tw_record *record;
		bool ready = false;

		assert_non_null(recording);
		while ((record = recording_next(recording))) {
			ready |= record->kind == TW_READY;
			if (record->kind != TW_LOSS)
				continue;
			/* who has read the part before passes over it */
			assert_false(ready);
			assert_int_equal(record->from, TW_LOSS_LEFT_OUT);
			sum += ((const struct tw_loss *)record)->count;
		}
		recording_free(recording);
	}
	return sum;
}

static void what_is_known_takes_no_more_than_half_of_a_file(void **state)
{
	struct fixture *f = *state;
	struct recorder_left_out left_out;
	struct tw_socket socket = {
		.head = { .size = sizeof(socket), .kind = TW_SOCKET, .from = TW_ESTABLISHED }
	};

	start(f, 0, false);
	f->head.part++;
	recorder_next(f->recorder, &f->head);
	for (unsigned int i = 0; i < 10 * MAX_BYTES / sizeof(socket); i++) {
		fill_at_random(&socket.cookie, sizeof(socket) - sizeof(socket.head), i);
		recorder_restate(f->recorder, &socket.head);
	}
	feed_plain(f, TW_READY);
	left_out = recorder_left_out(f->recorder);
	assert_true(left_out.sockets > 0);
	assert_int_equal(left_out.sockets, left_out.records);
	/* ten times a file, of which they may take a half, and something besides */
	assert_int_equal(left_out.max_bytes, 32 * MAX_BYTES);
	assert_false(recorder_is_full(f->recorder, &socket.head));
	feed(f, 3000);
	stop(f);
	assert_none_is_larger(f, MAX_BYTES);
	assert_int_equal(read_all(f, 0, true), 3000);
	/* each file says what it lacks; those after this one lack nothing */
	assert_int_equal(sum_left_out(f), left_out.sockets);
}

/* Something of the start, by whom it is waited for as long as that helps; how often. */
static unsigned int offer(struct fixture *f, struct tw_record *record)
{
	unsigned int waits = 0;

	assert_false(recorder_is_full(f->recorder, record));
	while (recorder_is_slow(f->recorder, record)) {
		wait_for_all(f);
		assert_true(++waits < MOST_WAITS);
	}
	assert_int_equal(recorder_write(f->recorder, record), 0);
	return waits;
}

struct opening {
	uint64_t left_out, lost;	/* as it says before it is ready */
	uint64_t of_kind[TW_NR_KINDS];
	bool ready, ended;
};

static void read_first(struct fixture *f, struct opening *found)
{
	struct error err = { 0 };
	struct recording *recording;
	const struct tw_record *record;

	list(f);
	recording = recording_open(f->names[0], &err);
	*found = (struct opening){ 0 };
	assert_non_null(recording);
	while ((record = recording_next(recording))) {
		found->of_kind[record->kind]++;
		if (record->kind == TW_LOSS && record->from == TW_LOSS_LEFT_OUT && !found->ready)
			found->left_out += ((const struct tw_loss *)record)->count;
		else if (record->kind == TW_LOSS)
			found->lost += ((const struct tw_loss *)record)->count;
		found->ready |= record->kind == TW_READY;
		found->ended |= record->kind == TW_END;
	}
	assert_null(recording_damage(recording));
	recording_free(recording);
}

/* A dump and its holders, as the first file of a tracer is given them; how often it was waited for. */
static unsigned int offer_start(struct fixture *f, unsigned int count, bool at_random)
{
	struct tw_snapshot dump = { .head = { .size = sizeof(dump), .kind = TW_SNAPSHOT_BEGIN } };
	struct tw_socket socket = {
		.head = { .size = sizeof(socket), .kind = TW_SOCKET, .from = TW_ESTABLISHED }
	};
	struct tw_holder holder = { .head = { .size = sizeof(holder), .kind = TW_HOLDER } };
	unsigned int waits = offer(f, &dump.head);

	for (unsigned int i = 0; i < count; i++) {
		if (at_random)
			fill_at_random(&socket.cookie, sizeof(socket) - sizeof(socket.head), i);
		socket.cookie = i + 1;
		waits += offer(f, &socket.head);
	}
	dump.head.kind = TW_SNAPSHOT_END;
	waits += offer(f, &dump.head);
	for (unsigned int i = 0; i < count; i++) {
		holder.cookie = i + 1;
		waits += offer(f, &holder.head);
	}
	return waits;
}

static void open_first(struct fixture *f)
{
	struct recorder_opts opts = { .max_bytes = MAX_BYTES, .threaded = true };
	struct error err = { 0 };

	f->recorder = recorder_open(f->file, &f->head, &opts, &err);
	assert_non_null(f->recorder);
}

static void what_the_first_file_has_no_room_for_is_left_out(void **state)
{
	enum { COUNT = 30000 };
	struct fixture *f = *state;
	struct recorder_left_out left_out;
	struct tw_record ready = { .size = sizeof(ready), .kind = TW_READY };
	struct tw_spilled spilled = {
		.head = { .size = sizeof(spilled), .kind = TW_SPILLED },
		.count = 30,
	};
	struct opening found;

	open_first(f);
	assert_true(offer_start(f, COUNT, true) < 10);
	/* events have the other half */
	offer(f, &spilled.head);
	offer(f, &ready);
	left_out = recorder_left_out(f->recorder);
	assert_true(left_out.sockets > 0);
	assert_true(left_out.records > left_out.sockets);
	assert_int_equal(left_out.events, 0);
	assert_true(left_out.max_bytes / 2 > COUNT * sizeof(struct tw_socket));
	/* and then it is as any other */
	feed(f, 3000);
	wait_for_all(f);
	assert_int_equal(recorder_missing(f->recorder), 0);
	stop(f);
	assert_true(f->nr_names > 1);
	assert_none_is_larger(f, MAX_BYTES);
	assert_int_equal(read_all(f, 0, true), 3000);
	read_first(f, &found);
	assert_int_equal(found.left_out, left_out.sockets);
	assert_int_equal(found.of_kind[TW_SOCKET], COUNT - left_out.sockets);
	/* what it does not list is not gone */
	assert_int_equal(found.of_kind[TW_SNAPSHOT_END], 0);
	assert_true(found.of_kind[TW_TRANSITION] > 0);
	assert_int_equal(found.lost, 0);
}

static void what_compresses_well_has_room_in_the_first_file(void **state)
{
	struct fixture *f = *state;
	struct tw_record ready = { .size = sizeof(ready), .kind = TW_READY };
	struct tw_end end = { .head = { .size = sizeof(end), .kind = TW_END } };
	struct opening found;

	open_first(f);
	/* seven times a file, and it takes an eighth of half of one */
	assert_true(offer_start(f, 10000, false) < 100);
	offer(f, &ready);
	assert_int_equal(recorder_left_out(f->recorder).records, 0);
	assert_int_equal(recorder_left_out(f->recorder).max_bytes, MAX_BYTES);
	assert_int_equal(recorder_write(f->recorder, &end.head), 0);
	stop(f);
	read_first(f, &found);
	assert_int_equal(found.of_kind[TW_SOCKET], 10000);
	assert_int_equal(found.of_kind[TW_HOLDER], 10000);
	assert_int_equal(found.of_kind[TW_SNAPSHOT_END], 1);
}

/* Each wait makes a block of what a file has room for, never a few records. */
static void near_the_bound_nobody_waits_for_small_blocks(void **state)
{
	struct fixture *f = *state;

	open_first(f);
	assert_true(offer_start(f, 200000, false) < 160);
	assert_true(recorder_left_out(f->recorder).records > 0);
	stop(f);
}

/* More happens before it is ready than a file takes; nothing was too slow. */
static void events_that_the_start_has_no_room_for_are_told(void **state)
{
	enum { COUNT = 10000 };

	struct fixture *f = *state;
	struct tw_transition change = {
		.head = { .size = sizeof(change), .kind = TW_TRANSITION, .from = TW_ESTABLISHED }
	};
	struct tw_record ready = { .size = sizeof(ready), .kind = TW_READY };
	struct tw_record tick = { .size = sizeof(tick), .kind = TW_TICK };
	struct tw_end end = { .head = { .size = sizeof(end), .kind = TW_END } };
	struct recorder_left_out left_out;
	struct opening found;

	for (unsigned int becomes_ready = 0; becomes_ready < 2; becomes_ready++) {
		f->head.realtime_ns += 1000000000;
		open_first(f);
		for (unsigned int i = 0; i < COUNT; i++) {
			fill_at_random(&change.owner,
				       sizeof(change) - offsetof(struct tw_transition, owner), i);
			change.cookie = i + 1;
			offer(f, &change.head);
		}
		/* up to its last bytes */
		for (uint64_t before = recorder_left_out(f->recorder).records;
		     recorder_left_out(f->recorder).records == before;)
			offer(f, &tick);
		if (becomes_ready)
			offer(f, &ready);
		left_out = recorder_left_out(f->recorder);
		recorder_write(f->recorder, &end.head);
		recorder_flush(f->recorder);
		wait_for_all(f);
		assert_int_equal(recorder_missing(f->recorder), 0);
		stop(f);
		assert_none_is_larger(f, MAX_BYTES);
		assert_true(left_out.events > 0);
		read_first(f, &found);
		assert_true(found.ended);
		assert_int_equal(found.ready, becomes_ready);
		assert_int_equal(found.lost, left_out.events);
		assert_int_equal(found.of_kind[TW_TRANSITION] + found.lost, COUNT);
		assert_int_equal(unlink(f->file), 0);
	}
}

static void names_tell_the_time_before_the_ending(void **state)
{
	static const struct {
		const char *path, *name;
	} rows[] = {
		{ "friday.twr", "friday.20261121T080000.123Z.twr" },
		{ "/var/log/friday.twr", "/var/log/friday.20261121T080000.123Z.twr" },
		{ "/var/lo.g/friday", "/var/lo.g/friday.20261121T080000.123Z" },
		{ "a.b.twr", "a.b.20261121T080000.123Z.twr" },
		{ ".hidden", ".hidden.20261121T080000.123Z" },
	};
	static const char *const others[] = {
		"friday.twr",
		"friday.20261121T080000.123Z",
		"friday.20261121T080000.123Z.twr.gz",
		"friday.20261121T080000Z.twr",
		"friday.2026112xT080000.123Z.twr",
		"sunday.20261121T080000.123Z.twr",
		"friday.20261121T080000.123Z.txt",
		"friday-20261121T080000.123Z.twr",
	};
	char name[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *slash;

		assert_true(parts_name(rows[i].path, 1795248000123ULL, name));
		assert_string_equal(name, rows[i].name);
		slash = strrchr(name, '/');
		assert_true(parts_is_named(rows[i].path, slash ? slash + 1 : name));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(parts_is_named("/var/log/friday.twr", others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_file_is_larger_and_no_record_is_missing_between_two, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_is_nearly_as_large_as_it_may_be, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(so_many_are_kept_and_the_oldest_go, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_a_killed_one_left_is_kept_and_counts, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_recording_is_left_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(two_do_not_write_the_same_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_known_takes_no_more_than_half_of_a_file,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_first_file_has_no_room_for_is_left_out,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_compresses_well_has_room_in_the_first_file,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(near_the_bound_nobody_waits_for_small_blocks,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(events_that_the_start_has_no_room_for_are_told,
						set_up, tear_down),
		cmocka_unit_test(names_tell_the_time_before_the_ending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
