/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings whole, cut, damaged and malicious. The zstd frames are made here by
 * hand, of raw blocks, so that a test can say anything in them:
 *
 *   head | magic | 0 | window | block ... | last block
 *                               block: 3 bytes (last 1, type 2, size 21 bits), content
 *
 * One stream that the recorder wrote stands beside them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/recording.h"

#define HEAD sizeof(struct tw_recording_head)
#define FIXED_HEAD offsetof(struct tw_recording_head, realtime_ns)
#define WINDOW(log) ((uint8_t)(((log)-10) << 3))
#define OUR_WINDOW WINDOW(21)
#define MOST_RECORDS 64
#define MOST_BYTES (4 << 20)
/* What a few damaged blocks of 128 KiB can become, 16 bytes a record. */
#define BOUND 100000
#define MOST_MEMORY (10 << 20)	/* with a window of 8 MiB */

enum block { BLOCK_RAW = 0, BLOCK_RLE = 1 };

/* A file in memory, with a name that recording_open() takes. */
struct file {
	int fd;
	char path[64];
	size_t len;
	uint8_t bytes[MOST_BYTES];
};

static struct file *file_new(void)
{
	struct file *file = calloc(1, sizeof(*file));

	assert_non_null(file);
	file->fd = memfd_create("recording", MFD_CLOEXEC);
	assert_true(file->fd >= 0);
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
	return file;
}

static void file_free(struct file *file)
{
	close(file->fd);
	free(file);
}

static void add(struct file *file, const void *bytes, size_t len)
{
	assert_true(len <= MOST_BYTES - file->len);
	memcpy(file->bytes + file->len, bytes, len);
	file->len += len;
}

static void add_head(struct file *file)
{
	struct tw_recording_head head = {
		.magic = "TWTRACE",
		.version = TW_RECORDING_VERSION,
		.size = HEAD,
		.realtime_ns = 1769860800000000000,
		.monotonic_ns = 100000000000,
		.host = "web-1",
	};

	head.magic[7] = '\n';
	add(file, &head, sizeof(head));
}

static void add_frame(struct file *file, uint8_t window)
{
	const uint8_t begin[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, window };

	add(file, begin, sizeof(begin));
}

static void add_block_head(struct file *file, enum block type, bool last, size_t size)
{
	uint32_t bits = (uint32_t)last | (uint32_t)type << 1 | (uint32_t)size << 3;
	const uint8_t head[] = { (uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16) };

	add(file, head, sizeof(head));
}

static void add_block(struct file *file, bool last, const void *bytes, size_t len)
{
	add_block_head(file, BLOCK_RAW, last, len);
	add(file, bytes, len);
}

/* Makes it the first @len bytes of the file. */
static void store(const struct file *file, size_t len)
{
	assert_int_equal(ftruncate(file->fd, 0), 0);
	assert_int_equal(pwrite(file->fd, file->bytes, len, 0), len);
}

/* Records of several sizes, one after another; END is the last one. */
struct plain {
	unsigned int count;
	size_t len;
	size_t at[MOST_RECORDS + 1];
	_Alignas(8) uint8_t bytes[4096];
};

static void add_record(struct plain *plain, uint8_t kind, uint16_t size)
{
	struct tw_record record = { .size = size, .kind = kind, .ts_ns = plain->count };

	assert_true(plain->count < MOST_RECORDS);
	plain->at[plain->count++] = plain->len;
	memset(plain->bytes + plain->len, plain->count, size);
	memcpy(plain->bytes + plain->len, &record, sizeof(record));
	plain->len += size;
	plain->at[plain->count] = plain->len;
}

static void plain_init(struct plain *plain)
{
	unsigned int i;

	*plain = (struct plain){ 0 };
	add_record(plain, TW_NETNS, 40);
	add_record(plain, TW_READY, 16);
	for (i = 0; i < 6; i++)
		add_record(plain, TW_TRANSITION, i % 2 ? 24 : 128);
	add_record(plain, TW_TICK, 16);
	add_record(plain, TW_END, 24);
}

#define FIRST_BLOCK 4	/* records of it */

/* What the recorder makes of struct plain, flushed after the first block's records. */
static const uint8_t recorded[] = {
	0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x8c, 0x01, 0x00, 0xd0, 0x28, 0x00, 0x07, 0x00,
	0x01, 0x10, 0x00, 0x0c, 0x00, 0x01, 0x00, 0x80, 0x02, 0x00, 0x00, 0x03, 0x18, 0x03,
	0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x09, 0x00, 0x90, 0x65, 0x60, 0xb2,
	0xcb, 0x70, 0x69, 0x52, 0xc4, 0xb5, 0x64, 0x06, 0xa6, 0x81, 0x20, 0x41, 0xcd, 0x38,
	0x90, 0x05, 0x05, 0x02, 0x00, 0xe0, 0x04, 0x05, 0x05, 0x06, 0x06, 0x07, 0x07, 0x08,
	0x10, 0x00, 0x0b, 0x00, 0x08, 0x00, 0x18, 0x00, 0x0e, 0x00, 0x09, 0x00, 0x0a, 0x0a,
	0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x10, 0x00, 0x60, 0x30, 0x08, 0x04, 0x0c, 0x06,
	0x81, 0x70, 0xf9, 0x40, 0x66, 0x40, 0x18, 0xc3, 0x25, 0x06, 0x9c, 0x80, 0x07, 0x38,
	0x77, 0xc0, 0x31, 0x78, 0x8d, 0xe1, 0x12, 0x03, 0x27, 0x9b, 0xd7, 0x00, 0x01,
};

static void write_by_hand(struct file *file, const struct plain *plain)
{
	size_t first = plain->at[FIRST_BLOCK];

	file->len = 0;
	add_head(file);
	add_frame(file, OUR_WINDOW);
	add_block(file, false, plain->bytes, first);
	add_block(file, true, plain->bytes + first, plain->len - first);
}

static void write_as_recorded(struct file *file)
{
	file->len = 0;
	add_head(file);
	add(file, recorded, sizeof(recorded));
}

/* Reads all there is, which must be sane and end; *@ended: with TW_END. */
static unsigned int read_all(struct recording *recording, bool *ended)
{
	const struct tw_record *record;
	unsigned int count = 0;
	volatile uint8_t last;

	*ended = false;
	while ((record = recording_next(recording))) {
		assert_true(++count < BOUND);
		assert_true(record->size >= sizeof(*record) && record->size % 8 == 0);
		assert_int_equal((uintptr_t)record % 8, 0);
		last = ((const uint8_t *)record)[record->size - 1];	/* it is all there */
		*ended = record->kind == TW_END;
	}
	(void)last;
	assert_null(recording_next(recording));
	return count;
}

/* How many records of @plain the file begins with; it must hold no others. */
static unsigned int read_prefix(struct recording *recording, const struct plain *plain)
{
	const struct tw_record *record;
	unsigned int count = 0;

	while ((record = recording_next(recording))) {
		assert_true(count < plain->count);
		assert_memory_equal(record, plain->bytes + plain->at[count],
				    plain->at[count + 1] - plain->at[count]);
		count++;
	}
	assert_null(recording_next(recording));
	return count;
}

static void assert_refused(const char *why, const struct file *file, size_t len,
			   const char *refusal)
{
	struct error err = { 0 };

	store(file, len);
	if (recording_open(file->path, &err) || err.code >= 0)
		fail_msg("%s: %zu bytes were opened", why, len);
	if (!strstr(err.text, refusal) || !strstr(err.text, file->path))
		fail_msg("%s: %zu bytes: '%s' does not say '%s'", why, len, err.text, refusal);
}

static struct recording *open_stored(const struct file *file, size_t len)
{
	struct error err = { 0 };
	struct recording *recording;

	store(file, len);
	recording = recording_open(file->path, &err);
	if (!recording)
		fail_msg("%zu bytes: %s", len, err.text);
	return recording;
}

static size_t memory_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* @damage: what it must say; NULL: nothing. Whatever the file holds, memory is bounded. */
static void assert_reads(const char *why, const struct file *file, unsigned int records,
			 const char *damage)
{
	size_t memory = memory_used();
	struct recording *recording = open_stored(file, file->len);
	const char *said;
	unsigned int count;
	bool ended;

	count = read_all(recording, &ended);
	said = recording_damage(recording);
	if (count != records || !said != !damage || (damage && !strstr(said, damage)))
		fail_msg("%s: %u records, '%s'; expected %u, '%s'", why, count,
			 said ? said : "whole", records, damage ? damage : "whole");
	if (memory_used() > memory + MOST_MEMORY)
		fail_msg("%s: %zu bytes of memory", why, memory_used() - memory);
	recording_free(recording);
}

static void a_whole_file_is_read_to_its_end(void **state)
{
	struct file *file = file_new();
	struct recording *recording;
	struct plain plain;

	(void)state;
	plain_init(&plain);
	write_by_hand(file, &plain);
	recording = open_stored(file, file->len);
	assert_string_equal(recording_path(recording), file->path);
	assert_string_equal(recording_head(recording)->host, "web-1");
	assert_int_equal(recording_head(recording)->monotonic_ns, 100000000000);
	assert_int_equal(read_prefix(recording, &plain), plain.count);
	assert_null(recording_damage(recording));
	recording_free(recording);

	write_as_recorded(file);
	recording = open_stored(file, file->len);
	assert_int_equal(read_prefix(recording, &plain), plain.count);
	assert_null(recording_damage(recording));
	recording_free(recording);
	recording_free(NULL);
	file_free(file);
}

static void a_file_is_read_again_from_any_place(void **state)
{
	static const unsigned int first[] = { 0, 1, 3, MOST_RECORDS + 1 };
	struct file *file = file_new();
	struct recording *recording;
	struct plain plain;

	(void)state;
	plain_init(&plain);
	write_by_hand(file, &plain);
	recording = open_stored(file, file->len);
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		for (unsigned int count = 0; count < first[i]; count++)
			if (!recording_next(recording))
				break;
		assert_int_equal(recording_rewind(recording, NULL), 0);
		assert_int_equal(read_prefix(recording, &plain), plain.count);
		assert_null(recording_damage(recording));
		assert_int_equal(recording_rewind(recording, NULL), 0);
	}
	recording_free(recording);
	file_free(file);
}

static void what_is_read_again_is_as_at_first(void **state)
{
	struct file *file = file_new();
	struct recording *recording;
	struct plain plain;
	char damage[256];
	unsigned int count;

	(void)state;
	plain_init(&plain);
	write_by_hand(file, &plain);
	recording = open_stored(file, file->len - 1);
	count = read_prefix(recording, &plain);
	snprintf(damage, sizeof(damage), "%s", recording_damage(recording));
	/* more in all than so short a file may become at once */
	for (size_t bytes = 0; bytes < 10 << 20; bytes += plain.at[count]) {
		assert_int_equal(recording_rewind(recording, NULL), 0);
		assert_null(recording_damage(recording));
		assert_int_equal(read_prefix(recording, &plain), count);
		assert_string_equal(recording_damage(recording), damage);
	}
	assert_int_equal(recording_rewind(recording, NULL), 0);
	/* what comes after the first record has been looked at, and comes after it again */
	assert_non_null(recording_next(recording));
	assert_int_equal(recording_ahead(recording)->kind, plain.bytes[plain.at[1] + 2]);
	assert_int_equal(recording_ahead(recording)->size, plain.at[3] - plain.at[2]);
	assert_int_equal(recording_rewind(recording, NULL), 0);
	assert_non_null(recording_next(recording));
	assert_int_equal(recording_ahead(recording)->kind, plain.bytes[plain.at[1] + 2]);
	recording_free(recording);
	file_free(file);
}

static void what_cannot_be_opened_is_said(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_null(recording_open("/nonexistent/recording", &err));
	assert_int_equal(err.code, -2);
	assert_string_equal(err.text,
			    "cannot read '/nonexistent/recording': No such file or directory");
	assert_null(recording_open("/proc/self", &err));
	assert_string_equal(err.text, "'/proc/self' is not a recording of twtrace");
	assert_null(recording_open("/nonexistent/recording", NULL));
}

/* Wherever it ends: all whole records of what was flushed, and a word that it was cut. */
static void a_file_cut_anywhere_gives_what_comes_before(void **state)
{
	struct file *file = file_new();
	struct recording *recording;
	unsigned int count, most = 0, way;
	struct plain plain;
	size_t len;

	(void)state;
	plain_init(&plain);
	for (way = 0; way < 2; way++) {
		if (way)
			write_as_recorded(file);
		else
			write_by_hand(file, &plain);
		assert_refused("cut", file, 0, "is empty: nothing was recorded");
		for (len = 1; len < FIXED_HEAD; len++)
			assert_refused("cut", file, len, "is not a recording of twtrace");
		for (; len < HEAD; len++)
			assert_refused("cut", file, len, "ends within its head");
		for (most = 0; len < file->len; len++) {
			recording = open_stored(file, len);
			count = read_prefix(recording, &plain);
			assert_true(count >= most);
			most = count;
			if (count == plain.count)
				assert_null(recording_damage(recording));
			else
				assert_non_null(
					strstr(recording_damage(recording), " was cut after "));
			/* the first block is whole, and stands in the file by then */
			if (!way && len >= HEAD + 6 + 3 + plain.at[FIRST_BLOCK])
				assert_true(count >= FIRST_BLOCK);
			recording_free(recording);
		}
		assert_true(most >= FIRST_BLOCK);
	}
	file_free(file);
}

static void damage_never_does_harm(void **state)
{
	struct file *file = file_new();
	struct recording *recording;
	struct plain plain;
	struct error err;
	unsigned int way, i;
	size_t at;
	bool ended;

	(void)state;
	plain_init(&plain);
	for (way = 0; way < 2; way++) {
		if (way)
			write_as_recorded(file);
		else
			write_by_hand(file, &plain);
		for (at = 0; at < file->len; at++) {
			const uint8_t whole = file->bytes[at];
			const uint8_t damaged[] = { whole ^ 1, whole ^ 0x80, 0, 0xff, 0x10 };

			for (i = 0; i < sizeof(damaged); i++) {
				file->bytes[at] = damaged[i];
				store(file, file->len);
				err = (struct error){ 0 };
				recording = recording_open(file->path, &err);
				if (recording) {
					read_all(recording, &ended);
					/* an end that nothing announced is never passed over */
					assert_true(ended || recording_damage(recording));
				} else {
					assert_true(err.code < 0 && *err.text);
				}
				recording_free(recording);
			}
			file->bytes[at] = whole;
		}
	}
	file_free(file);
}

static void put_u32(struct file *file, size_t at, uint32_t number)
{
	memcpy(file->bytes + at, &number, sizeof(number));
}

static void other_heads_are_read_as_far_as_known(void **state)
{
	static const struct {
		const char *why;
		uint32_t version, size;
		const char *refused;	/* NULL: it is read */
	} cases[] = {
		{ "a newer one", 2, HEAD,
		  "was written by a newer twtrace (format 2, this one reads 1)" },
		{ "much newer, and its size is not looked at", ~0u, 0, "(format 4294967295, " },
		{ "no size", 1, 0, "has a damaged head" },
		{ "less than what tells its size", 1, FIXED_HEAD - 1, "has a damaged head" },
		{ "nothing but that", 1, FIXED_HEAD, NULL },
		{ "shorter, as an older one", 1, HEAD - 8, NULL },
		{ "grown", 1, HEAD + 24, NULL },
		{ "the most", 1, 1 << 20, NULL },
		{ "past the most", 1, (1 << 20) + 1, "has a damaged head" },
		{ "all bits", 1, ~0u, "has a damaged head" },
	};
	struct file *file = file_new();
	struct plain plain;
	size_t i, rest;

	(void)state;
	plain_init(&plain);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_by_hand(file, &plain);
		rest = file->len - HEAD;
		if (!cases[i].refused) {
			memmove(file->bytes + cases[i].size, file->bytes + HEAD, rest);
			if (cases[i].size > HEAD)
				memset(file->bytes + HEAD, 0xee, cases[i].size - HEAD);
			file->len = cases[i].size + rest;
		}
		put_u32(file, offsetof(struct tw_recording_head, version), cases[i].version);
		put_u32(file, offsetof(struct tw_recording_head, size), cases[i].size);
		if (cases[i].refused) {
			assert_refused(cases[i].why, file, file->len, cases[i].refused);
			continue;
		}
		assert_reads(cases[i].why, file, plain.count, NULL);
		if (cases[i].size > HEAD)
			assert_refused(cases[i].why, file, cases[i].size - 1,
				       "ends within its head");
	}
	write_by_hand(file, &plain);
	file->bytes[7] = '\r';
	assert_refused("sent as text", file, file->len, "is not a recording of twtrace");
	file_free(file);
}

/* What a shorter head does not have is zero; texts end, whatever the file says. */
static void texts_of_the_head_end(void **state)
{
	struct file *file = file_new();
	const struct tw_recording_head *head;
	struct recording *recording;
	struct plain plain;

	(void)state;
	plain_init(&plain);
	write_by_hand(file, &plain);
	memset(file->bytes + FIXED_HEAD, 'x',
	       offsetof(struct tw_recording_head, filter) - FIXED_HEAD);
	recording = open_stored(file, file->len);
	head = recording_head(recording);
	assert_int_equal(strlen(head->boot_id), sizeof(head->boot_id) - 1);
	assert_int_equal(strlen(head->host), sizeof(head->host) - 1);
	assert_int_equal(strlen(head->kernel), sizeof(head->kernel) - 1);
	assert_int_equal(strlen(head->program), sizeof(head->program) - 1);
	assert_int_equal(strlen(head->service_filter), sizeof(head->service_filter) - 1);
	recording_free(recording);

	memmove(file->bytes + FIXED_HEAD, file->bytes + HEAD, file->len - HEAD);
	file->len -= HEAD - FIXED_HEAD;
	put_u32(file, offsetof(struct tw_recording_head, size), FIXED_HEAD);
	recording = open_stored(file, file->len);
	assert_string_equal(recording_head(recording)->host, "");
	assert_int_equal(recording_head(recording)->realtime_ns, 0);
	recording_free(recording);
	file_free(file);
}

/* Counts in the head are indices: past their arrays they are damage. */
static void a_filter_longer_than_its_arrays_is_damage(void **state)
{
	struct file *file = file_new();
	struct error err = { 0 };
	struct plain plain;

	(void)state;
	plain_init(&plain);
	write_by_hand(file, &plain);
	memset(file->bytes + offsetof(struct tw_recording_head, filter), 0xff, 4);
	store(file, file->len);
	assert_null(recording_open(file->path, &err));
	assert_non_null(strstr(err.text, "damaged head"));
	file_free(file);
}

static void record_sizes_that_lie_end_the_reading(void **state)
{
	static const struct {
		const char *why;
		uint16_t size;		/* of the fourth record */
		const char *damage;
	} cases[] = {
		{ "nothing: it would be read for ever", 0, "is damaged after 3 records" },
		{ "less than a head", 8, "is damaged after 3 records" },
		{ "no multiple of 8", 20, "is damaged after 3 records" },
		{ "odd", 17, "is damaged after 3 records" },
		{ "more than there is", 4096, "was cut after 3 records" },
		{ "the most", 65528, "was cut after 3 records" },
		{ "all bits", 65535, "is damaged after 3 records" },
	};
	struct file *file = file_new();
	struct plain plain;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		plain_init(&plain);
		memcpy(plain.bytes + plain.at[3], &cases[i].size, sizeof(cases[i].size));
		write_by_hand(file, &plain);
		assert_reads(cases[i].why, file, 3, cases[i].damage);
	}
	file_free(file);
}

/* Records as large as can be, over the ends of blocks and of the reader's own rooms. */
static void the_largest_records_pass(void **state)
{
	const size_t size = 65528, count = 40, len = size * count;
	uint8_t *bytes = calloc(1, len + sizeof(struct tw_record));
	struct tw_record record = { .kind = TW_NETNS };
	struct file *file = file_new();
	struct recording *recording;
	const struct tw_record *read;
	size_t i, at, step;

	(void)state;
	assert_non_null(bytes);
	for (i = 0; i < count; i++) {
		record.size = (uint16_t)size;
		record.ts_ns = i;
		memset(bytes + i * size, (int)i, size);
		memcpy(bytes + i * size, &record, sizeof(record));
	}
	record = (struct tw_record){ .size = sizeof(record), .kind = TW_END };
	memcpy(bytes + len, &record, sizeof(record));
	add_head(file);
	add_frame(file, OUR_WINDOW);
	for (at = 0; at < len + sizeof(record); at += step) {
		step = len + sizeof(record) - at < 130001 ? len + sizeof(record) - at : 130001;
		add_block(file, at + step == len + sizeof(record), bytes + at, step);
	}
	recording = open_stored(file, file->len);
	for (i = 0; i < count; i++) {
		read = recording_next(recording);
		assert_non_null(read);
		assert_memory_equal(read, bytes + i * size, size);
	}
	read = recording_next(recording);
	assert_non_null(read);
	assert_int_equal(read->kind, TW_END);
	assert_null(recording_next(recording));
	assert_null(recording_damage(recording));
	recording_free(recording);
	file_free(file);
	free(bytes);
}

/* A window is memory that the file asks for. */
static void windows_past_the_allowed_are_refused(void **state)
{
	static const struct {
		const char *why;
		uint8_t window;
		bool fine;
	} cases[] = {
		{ "the recorder's, 2 MiB", OUR_WINDOW, true },
		{ "the most, 8 MiB", WINDOW(23), true },
		{ "an eighth more", WINDOW(23) + 1, false },
		{ "128 MiB, what zstd takes of its own", WINDOW(27), false },
		{ "2 GiB", WINDOW(31), false },
		{ "as much as can be said", 0xff, false },
	};
	struct file *file = file_new();
	struct plain plain;
	size_t i;

	(void)state;
	plain_init(&plain);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_by_hand(file, &plain);
		file->bytes[HEAD + 5] = cases[i].window;
		assert_reads(cases[i].why, file, cases[i].fine ? plain.count : 0,
			     cases[i].fine ? NULL : "is damaged after 0 records");
	}
	file_free(file);
}

/* Four bytes that become 128 KiB: it takes its time, but never more memory. */
/* Blocks of one byte again and again, each behind @between bytes that were not compressed. */
static void add_swelling(struct file *file, unsigned int blocks, size_t between)
{
	const uint8_t bytes = 0x10;	/* records of 0x1010 bytes */
	static uint8_t raw[1024];

	memset(raw, bytes, sizeof(raw));
	assert_true(between <= sizeof(raw));
	add_head(file);
	add_frame(file, OUR_WINDOW);
	for (unsigned int i = 0; i < blocks; i++) {
		add_block(file, false, raw, between);
		add_block_head(file, BLOCK_RLE, i == blocks - 1, 128 << 10);
		add(file, &bytes, 1);
	}
}

static void what_becomes_too_much_is_read_no_further(void **state)
{
	struct file *file = file_new();
	struct recording *recording;
	unsigned int count;
	bool ended;

	(void)state;
	add_swelling(file, 1000, 0);
	recording = open_stored(file, file->len);
	count = read_all(recording, &ended);
	/* the first 8 MiB, and 512 times what was read of the file */
	assert_in_range(count, (8 << 20) / 0x1010, (11 << 20) / 0x1010);
	assert_non_null(recording_damage(recording));
	assert_non_null(strstr(recording_damage(recording), "more than 512 times its size"));
	recording_free(recording);
	file_free(file);
}

static void what_swells_as_recordings_may_is_read_to_its_end(void **state)
{
	struct file *file = file_new();
	const unsigned int blocks = 500;

	(void)state;
	add_swelling(file, blocks, 512);
	assert_reads("254 times its size", file, blocks * ((128 << 10) + 512) / 0x1010,
		     "was cut after ");
	file_free(file);
}

/* Which byte of the file it was, and what was wrong there. */
static void damage_is_told_with_its_place(void **state)
{
	struct file *file = file_new();
	struct recording *recording;
	struct plain plain;
	char place[64];

	(void)state;
	plain_init(&plain);
	((struct tw_record *)(plain.bytes + plain.at[2]))->size = 12;
	write_by_hand(file, &plain);
	recording = open_stored(file, file->len);
	while (recording_next(recording))
		continue;
	snprintf(place, sizeof(place), "after 2 records, at byte %zu of the file: ",
		 /* a block is read with the beginning of the next one */
		 HEAD + 6 + 3 + plain.at[FIRST_BLOCK] + 3);
	if (!strstr(recording_damage(recording), place) ||
	    !strstr(recording_damage(recording), "no record has 12 bytes, nor one of kind 1"))
		fail_msg("'%s' does not say '%s'", recording_damage(recording), place);
	recording_free(recording);
	file_free(file);
}

static void what_is_no_stream_is_said(void **state)
{
	struct file *file = file_new();
	struct plain plain;
	size_t i;

	(void)state;
	plain_init(&plain);
	add_head(file);
	assert_reads("nothing", file, 0, "was cut after 0 records");
	for (i = 0; i < 100; i++)
		add(file, "not zstd", 8);
	assert_reads("no zstd", file, 0, "is damaged after 0 records");

	file->len = 0;
	add_head(file);
	add_frame(file, OUR_WINDOW);
	add_block(file, true, "", 0);
	assert_reads("an empty frame", file, 0, "was cut after 0 records");
	add_frame(file, OUR_WINDOW);
	add_block(file, true, plain.bytes, plain.len);
	assert_reads("another frame after it", file, plain.count, NULL);

	file->len = 0;
	add_head(file);
	add_frame(file, OUR_WINDOW);
	add_block(file, true, plain.bytes, plain.at[plain.count - 1]);
	assert_reads("whole, but nothing says so", file, plain.count - 1,
		     "was cut after 9 records");
	file_free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_file_is_read_to_its_end),
		cmocka_unit_test(a_file_is_read_again_from_any_place),
		cmocka_unit_test(what_is_read_again_is_as_at_first),
		cmocka_unit_test(what_cannot_be_opened_is_said),
		cmocka_unit_test(a_file_cut_anywhere_gives_what_comes_before),
		cmocka_unit_test(damage_never_does_harm),
		cmocka_unit_test(other_heads_are_read_as_far_as_known),
		cmocka_unit_test(texts_of_the_head_end),
		cmocka_unit_test(a_filter_longer_than_its_arrays_is_damage),
		cmocka_unit_test(record_sizes_that_lie_end_the_reading),
		cmocka_unit_test(the_largest_records_pass),
		cmocka_unit_test(windows_past_the_allowed_are_refused),
		cmocka_unit_test(what_becomes_too_much_is_read_no_further),
		cmocka_unit_test(what_swells_as_recordings_may_is_read_to_its_end),
		cmocka_unit_test(damage_is_told_with_its_place),
		cmocka_unit_test(what_is_no_stream_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
