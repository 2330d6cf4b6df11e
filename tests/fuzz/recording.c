// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole file as `twtrace report FILE` reads it: alone, or with one of another boot beside it,
 * which is the same with its head changed. And a copy of it is written.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "cmd/reel.h"
#include "fuzz.h"
#include "sink/recording.h"

#define PATH_LEN 32
/* What is read of one file: bombs are another test's. */
#define MOST_RECORDS 20000

static struct filter filter_of(const struct tw_recording_head *head)
{
	return (struct filter){
		.kernel = head->filter,
		.service = head->service_filter[0] ? head->service_filter : NULL,
		.pid = head->pid_filter,
	};
}

static struct recording_note note_of(const struct reel_part *part)
{
	const struct tw_recording_head *head = recording_head(part->recording);

	return (struct recording_note){
		.path = "recording",
		.host = head->host,
		.kernel = head->kernel,
		.program = head->program,
		.damage = recording_damage(part->recording),
		.filter = filter_of(head),
		.from_ns = part->first_ns,
		.to_ns = part->last_ns,
		.records = recording_records(part->recording),
	};
}

static void tell_heads(struct model *model, const struct reel *reel)
{
	for (size_t i = 0; i < reel_count(reel); i++) {
		const struct reel_part part = reel_part(reel, i);
		struct filter filter = filter_of(recording_head(part.recording));

		model_set_recorded_filter(model, part.source, &filter);
		model_set_host(model, part.source, recording_head(part.recording)->host);
	}
}

static void read_reel(struct reel *reel, unsigned int choice)
{
	const struct tw_recording_head *head = recording_head(reel_part(reel, 0).recording);
	struct recording_note notes[2] = { { .host = "" } };
	struct account *account;
	struct recorder *copy;
	struct error err = { 0 };
	unsigned int count = 0, source;
	uint64_t ts_ns;

	for (size_t i = 0; i < reel_count(reel); i++) {
		const struct reel_part part = reel_part(reel, i);

		notes[i] = note_of(&part);
	}
	account = account_new(choice, notes, reel_count(reel));
	tell_heads(account_model(account), reel);
	copy = recorder_open("/dev/null", head, &(struct recorder_opts){ .keep = 0 }, &err);
	while (count++ < MOST_RECORDS && reel_next(reel, &ts_ns, &err) > 0) {
		const struct tw_record *record = reel_record(reel, &source);

		/* what the reader promises */
		if (record->size < sizeof(*record) || record->size % 8)
			abort();
		account_feed(account, record, record->size, source);
		recorder_write(copy, record);
		reel_advance(reel);
		while ((record = reel_ahead(reel)))
			model_expect(account_model(account), record, record->size);
	}
	for (size_t i = 0; i < reel_count(reel); i++) {
		const struct reel_part part = reel_part(reel, i);

		notes[i] = note_of(&part);
	}
	recorder_close(copy, &err);
	account_end(account);
}

static void read_files(const char *const *paths, uint32_t count, unsigned int choice)
{
	int fds[2] = { -1, -1 };
	struct error err = { 0 };
	struct reel *reel;

	for (uint32_t i = 0; i < count; i++)
		fds[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
	reel = reel_open(paths, fds, count, &err);
	if (reel)
		read_reel(reel, choice);
	reel_free(reel);
	for (uint32_t i = 0; i < count; i++)
		close(fds[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t boot_at = offsetof(struct tw_recording_head, boot_id);
	char path[PATH_LEN], other_path[PATH_LEN];
	const char *const paths[] = { path, other_path };
	int fd = fuzz_file(data, size, path), other = -1;
	/* a time's last digits are of no other use */
	unsigned int choice =
		size > boot_at ? data[offsetof(struct tw_recording_head, realtime_ns)] : 0;

	if (choice & 1) {
		char *bytes = fuzz_text(data, size);

		bytes[boot_at] ^= 1;
		other = fuzz_file((const uint8_t *)bytes, size, other_path);
		free(bytes);
	}
	read_files(paths, other < 0 ? 1 : 2, choice / 2);
	if (other >= 0)
		close(other);
	close(fd);
	return 0;
}
