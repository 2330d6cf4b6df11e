/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile of pprof, as the test of it reads one: by the numbers of the official schema. */
#ifndef PPROF_READER_H
#define PPROF_READER_H

#include <stdio.h>
#include <stdlib.h>

#include "wire.h"

#define MOST_TEXTS 128
#define MOST_SAMPLES 32
#define MOST_LOCATIONS 64
#define MOST_VALUES 16

struct read_list {
	uint64_t values[MOST_VALUES];
	size_t count;
};

struct read_label {
	uint64_t key, str, num, num_unit;
};

struct read_sample {
	struct read_list locations, values;
	struct read_label labels[MOST_VALUES];
	size_t nr_labels;
};

struct read_location {
	uint64_t id, function, line;
};

struct read_function {
	uint64_t id, name, system_name, file;
};

struct profile {
	char *bytes;		/* owned, not compressed */
	size_t len;
	struct wire texts[MOST_TEXTS];
	struct {
		uint64_t type, unit;
	} types[MOST_VALUES], period_type;
	struct read_sample samples[MOST_SAMPLES];
	struct read_location locations[MOST_LOCATIONS];
	struct read_function functions[MOST_LOCATIONS];
	size_t nr_texts, nr_types, nr_samples, nr_locations, nr_functions;
	struct read_list comments;
	uint64_t time, duration, period, default_type;
};

static inline void read_numbers(struct read_list *list, struct wire_field *field)
{
	if (field->is_number) {
		assert_true(list->count < MOST_VALUES);
		list->values[list->count++] = field->value;
		return;
	}
	while (wire_len(&field->bytes)) {
		assert_true(list->count < MOST_VALUES);
		list->values[list->count++] = wire_varint(&field->bytes);
	}
}

/* Numbers of one message, at values[its field's number]. */
static inline void read_message(struct wire bytes, uint64_t *values, uint32_t most)
{
	struct wire_field field;

	while (wire_next(&bytes, &field)) {
		if (!field.is_number || field.number > most)
			fail_msg("unexpected field %u", field.number);
		values[field.number] = field.value;
	}
}

static inline void read_sample(struct profile *profile, struct wire bytes)
{
	struct read_sample *sample = &profile->samples[profile->nr_samples++];
	struct wire_field field;

	assert_true(profile->nr_samples <= MOST_SAMPLES);
	while (wire_next(&bytes, &field)) {
		uint64_t label[5] = { 0 };

		if (field.number == 1) {
			read_numbers(&sample->locations, &field);
		} else if (field.number == 2) {
			read_numbers(&sample->values, &field);
		} else {
			assert_int_equal(field.number, 3);
			assert_true(sample->nr_labels < MOST_VALUES);
			read_message(field.bytes, label, 4);
			sample->labels[sample->nr_labels++] =
				(struct read_label){ label[1], label[2], label[3], label[4] };
		}
	}
}

static inline void read_location(struct profile *profile, struct wire bytes)
{
	struct read_location *location = &profile->locations[profile->nr_locations++];
	struct wire_field field;

	assert_true(profile->nr_locations <= MOST_LOCATIONS);
	while (wire_next(&bytes, &field)) {
		uint64_t line[3] = { 0 };

		if (field.number == 1) {
			location->id = field.value;
			continue;
		}
		assert_int_equal(field.number, 4);
		read_message(field.bytes, line, 2);
		location->function = line[1];
		location->line = line[2];
	}
}

static inline void read_function(struct profile *profile, struct wire bytes)
{
	uint64_t values[6] = { 0 };

	assert_true(profile->nr_functions < MOST_LOCATIONS);
	read_message(bytes, values, 5);
	profile->functions[profile->nr_functions++] =
		(struct read_function){ values[1], values[2], values[3], values[4] };
}

static inline void read_field(struct profile *profile, struct wire_field *field)
{
	uint64_t type[3] = { 0 };

	switch (field->number) {
	case 1:
	case 11:
		read_message(field->bytes, type, 2);
		if (field->number == 11) {
			profile->period_type.type = type[1];
			profile->period_type.unit = type[2];
			break;
		}
		assert_true(profile->nr_types < MOST_VALUES);
		profile->types[profile->nr_types].type = type[1];
		profile->types[profile->nr_types++].unit = type[2];
		break;
	case 2:
		read_sample(profile, field->bytes);
		break;
	case 4:
		read_location(profile, field->bytes);
		break;
	case 5:
		read_function(profile, field->bytes);
		break;
	case 6:
		assert_true(profile->nr_texts < MOST_TEXTS);
		profile->texts[profile->nr_texts++] = field->bytes;
		break;
	case 9:
		profile->time = field->value;
		break;
	case 10:
		profile->duration = field->value;
		break;
	case 12:
		profile->period = field->value;
		break;
	case 13:
		read_numbers(&profile->comments, field);
		break;
	case 14:
		profile->default_type = field->value;
		break;
	default:
		fail_msg("unexpected field %u of a profile", field->number);
	}
}

/* All of a file in gzip, uncompressed; the caller frees it. */
static inline char *read_gzip(const char *path, size_t *len)
{
	char command[256], *bytes = NULL;
	FILE *from, *to = open_memstream(&bytes, len);
	char some[4096];
	size_t got;

	snprintf(command, sizeof(command), "gzip -dc '%s'", path);
	from = popen(command, "r");
	assert_non_null(from);
	while ((got = fread(some, 1, sizeof(some), from)))
		fwrite(some, 1, got, to);
	assert_int_equal(pclose(from), 0);
	fclose(to);
	return bytes;
}

static inline struct profile *profile_read(const char *path)
{
	struct profile *profile = calloc(1, sizeof(*profile));
	struct wire_field field;
	struct wire wire;

	assert_non_null(profile);
	profile->bytes = read_gzip(path, &profile->len);
	wire.at = (const uint8_t *)profile->bytes;
	wire.end = wire.at + profile->len;
	while (wire_next(&wire, &field))
		read_field(profile, &field);
	return profile;
}

static inline void profile_free(struct profile *profile)
{
	free(profile->bytes);
	free(profile);
}

/* ------------------------------------------------------------------- what it is asked */

/* Valid until the eighth call after it. */
static inline const char *text_of(const struct profile *profile, uint64_t number)
{
	static char texts[8][256];
	static unsigned int next;
	char *text = texts[next++ % 8];

	assert_true(number < profile->nr_texts);
	snprintf(text, sizeof(texts[0]), "%.*s", (int)wire_len(&profile->texts[number]),
		 (const char *)profile->texts[number].at);
	return text;
}

static inline const struct read_function *function_of(const struct profile *profile,
						      uint64_t location)
{
	assert_in_range(location, 1, profile->nr_locations);
	location = profile->locations[location - 1].function;
	assert_in_range(location, 1, profile->nr_functions);
	return &profile->functions[location - 1];
}

/* NULL: it has no such label. */
static inline const struct read_label *label_of(const struct profile *profile,
						const struct read_sample *sample, const char *key)
{
	const struct read_label *found = NULL;

	for (size_t i = 0; i < sample->nr_labels; i++)
		if (wire_equal(&profile->texts[sample->labels[i].key], key)) {
			assert_null(found);
			found = &sample->labels[i];
		}
	return found;
}

static inline bool is_base(const struct profile *profile, const struct read_sample *sample)
{
	return label_of(profile, sample, "pprof::base");
}

/* The sample with that label, of that side; NULL: there is none. */
static inline const struct read_sample *sample_of(const struct profile *profile, const char *key,
						  const char *value, bool base)
{
	for (size_t i = 0; i < profile->nr_samples; i++) {
		const struct read_sample *sample = &profile->samples[i];
		const struct read_label *label = label_of(profile, sample, key);

		if (label && wire_equal(&profile->texts[label->str], value) &&
		    is_base(profile, sample) == base)
			return sample;
	}
	return NULL;
}

#endif
