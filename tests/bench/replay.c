// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds a recording to the model and to nothing else, first as it is read from the file,
 * then out of memory: what a core can take, with decompression and without.
 *
 *   NAME VALUE UNIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "model/model.h"
#include "source/recording.h"
#include "source/source.h"

struct records {
	char *bytes;
	size_t len, room;
	uint64_t count;
};

static struct recording *open_file(const char *path)
{
	struct error err = {};
	struct recording *recording = recording_open(path, &err);

	if (!recording)
		die("%s", err.text);
	return recording;
}

static struct model *new_model(void)
{
	struct model *model = model_new(&(struct model_opts){});

	if (!model)
		die("no memory");
	return model;
}

static uint64_t feed_file(const char *path, uint64_t *count)
{
	struct recording *recording = open_file(path);
	struct model *model = new_model();
	const struct tw_record *record, *soon;
	uint64_t begin = now_ns(), took;

	*count = 0;
	while ((record = recording_next(recording))) {
		while ((soon = recording_ahead(recording)))
			model_expect(model, soon, soon->size);
		model_feed(model, record, record->size, 0);
		*count += record->kind == TW_TRANSITION;
	}
	took = now_ns() - begin;
	if (recording_damage(recording))
		die("%s: %s", path, recording_damage(recording));
	recording_free(recording);
	model_free(model);
	return took;
}

static void load(const char *path, struct records *records)
{
	struct recording *recording = open_file(path);
	const struct tw_record *record;

	while ((record = recording_next(recording))) {
		if (!records->bytes || records->room < records->len + record->size) {
			records->room = 2 * records->room + (1 << 20);
			records->bytes = realloc(records->bytes, records->room);
			if (!records->bytes)
				die("no memory");
		}
		memcpy(records->bytes + records->len, record, record->size);
		records->len += record->size;
		records->count += record->kind == TW_TRANSITION;
	}
	recording_free(recording);
}

static uint64_t feed_memory(const struct records *records)
{
	const char *at = records->bytes, *ahead = at, *end = at + records->len;
	struct model *model = new_model();
	uint64_t begin = now_ns(), took;
	unsigned int nr_ahead = 0;

	while (at < end) {
		const struct tw_record *record = (const void *)at;

		for (; nr_ahead <= EXPECT_AHEAD && ahead < end; nr_ahead++) {
			const struct tw_record *soon = (const void *)ahead;

			model_expect(model, soon, soon->size);
			ahead += soon->size;
		}
		nr_ahead--;
		model_feed(model, record, record->size, 0);
		at += record->size;
	}
	took = now_ns() - begin;
	model_free(model);
	return took;
}

int main(int argc, char **argv)
{
	struct records records = {};
	uint64_t count, took;

	if (argc != 2)
		die("the one argument is a recording");
	took = feed_file(argv[1], &count);
	if (!count)
		die("%s holds no transition", argv[1]);
	printf("replay_transitions %llu records\n", (unsigned long long)count);
	printf("replay_file %.0f events/s\n", count * 1e9 / took);
	load(argv[1], &records);
	took = feed_memory(&records);
	printf("replay_memory %.0f events/s\n", records.count * 1e9 / took);
	free(records.bytes);
	return EXIT_SUCCESS;
}
