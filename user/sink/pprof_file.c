// SPDX-License-Identifier: GPL-2.0-or-later
/* The messages of profile.proto, one of its lists' elements at a time, into gzip. */
#include "sink/pprof_file.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "sink/profile.pb-c.h"

typedef Perftools__Profiles__Profile Profile;
typedef Perftools__Profiles__ValueType ValueType;
typedef Perftools__Profiles__Sample Sample;
typedef Perftools__Profiles__Label Label;
typedef Perftools__Profiles__Location Location;
typedef Perftools__Profiles__Line Line;
typedef Perftools__Profiles__Function Function;

static const Profile profile_init = PERFTOOLS__PROFILES__PROFILE__INIT;

struct pprof_file {
	ProtobufCBuffer buffer;	/* first: what protobuf-c knows of it */
	struct gzip *gzip;	/* owned */
	uint64_t *ids;		/* owned: of one sample's locations */
	size_t room;
};

static void append(ProtobufCBuffer *buffer, size_t len, const uint8_t *bytes)
{
	gzip_put(((struct pprof_file *)buffer)->gzip, bytes, len);
}

static void write_part(struct pprof_file *file, const Profile *part)
{
	perftools__profiles__profile__pack_to_buffer(part, &file->buffer);
}

struct pprof_file *pprof_file_new(FILE *out)
{
	struct pprof_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->buffer.append = append;
	file->gzip = gzip_new(out);
	if (!file->gzip) {
		free(file);
		return NULL;
	}
	return file;
}

void pprof_file_free(struct pprof_file *file)
{
	if (!file)
		return;
	gzip_free(file->gzip);
	free(file->ids);
	free(file);
}

void pprof_file_head(struct pprof_file *file, const struct pprof_head *head)
{
	ValueType types[PPROF_MOST_TYPES], *list[PPROF_MOST_TYPES];
	Profile part = profile_init;

	assert(head->nr_types && head->nr_types <= PPROF_MOST_TYPES);
	for (size_t i = 0; i < head->nr_types; i++) {
		types[i] = (ValueType)PERFTOOLS__PROFILES__VALUE_TYPE__INIT;
		types[i].type = head->types[i].name;
		types[i].unit = head->types[i].unit;
		list[i] = &types[i];
	}
	part.n_sample_type = head->nr_types;
	part.sample_type = list;
	part.default_sample_type = head->default_type;
	part.period_type = list[0];
	part.period = 1;
	part.time_nanos = (int64_t)head->from_ns;
	part.duration_nanos = (int64_t)head->duration_ns;
	part.n_comment = head->nr_comments;
	part.comment = (int64_t *)head->comments;
	write_part(file, &part);
}

static int make_ids(struct pprof_file *file, const struct pprof_sample *sample)
{
	if (sample->nr_locations > file->room) {
		size_t room = 2 * sample->nr_locations;
		uint64_t *grown = realloc(file->ids, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		file->ids = grown;
		file->room = room;
	}
	for (size_t i = 0; i < sample->nr_locations; i++)
		file->ids[i] = sample->locations[i] + 1;
	return 0;
}

int pprof_file_sample(struct pprof_file *file, const struct pprof_sample *sample)
{
	Sample message = PERFTOOLS__PROFILES__SAMPLE__INIT, *messages = &message;
	Label labels[PPROF_MOST_LABELS], *list[PPROF_MOST_LABELS];
	Profile part = profile_init;

	if (make_ids(file, sample))
		return -ENOMEM;
	for (size_t i = 0; i < sample->nr_labels; i++) {
		labels[i] = (Label)PERFTOOLS__PROFILES__LABEL__INIT;
		labels[i].key = sample->labels[i].key;
		labels[i].str = sample->labels[i].text;
		if (!sample->labels[i].text) {
			labels[i].num = (int64_t)sample->labels[i].number;
			labels[i].num_unit = sample->labels[i].unit;
		}
		list[i] = &labels[i];
	}
	message.n_location_id = sample->nr_locations;
	message.location_id = file->ids;
	message.n_value = sample->nr_values;
	message.value = (int64_t *)sample->values;
	message.n_label = sample->nr_labels;
	message.label = list;
	part.n_sample = 1;
	part.sample = &messages;
	write_part(file, &part);
	return 0;
}

static void write_functions(struct pprof_file *file, const struct pprof_tables *tables)
{
	for (uint32_t i = 0; i < tables->nr_functions; i++) {
		Function function = PERFTOOLS__PROFILES__FUNCTION__INIT, *list = &function;
		Profile part = profile_init;

		/* no system_name: go tool pprof takes one that is like the name for mangled */
		function.id = i + 1;
		function.name = tables->functions[i].name;
		function.filename = tables->functions[i].file;
		part.n_function = 1;
		part.function = &list;
		write_part(file, &part);
	}
}

static void write_locations(struct pprof_file *file, const struct pprof_tables *tables)
{
	for (uint32_t i = 0; i < tables->nr_locations; i++) {
		Location location = PERFTOOLS__PROFILES__LOCATION__INIT, *list = &location;
		Line line = PERFTOOLS__PROFILES__LINE__INIT, *lines = &line;
		Profile part = profile_init;

		line.function_id = tables->locations[i].function + 1;
		line.line = tables->locations[i].line;
		location.id = i + 1;
		location.n_line = 1;
		location.line = &lines;
		part.n_location = 1;
		part.location = &list;
		write_part(file, &part);
	}
}

static int write_texts(struct pprof_file *file, const struct pprof_tables *tables)
{
	size_t longest = 0;
	char *text;

	for (uint32_t i = 0; i < tables->nr_texts; i++)
		if (tables->texts[i].len > longest)
			longest = tables->texts[i].len;
	text = malloc(longest + 1);
	if (!text)
		return -ENOMEM;
	for (uint32_t i = 0; i < tables->nr_texts; i++) {
		Profile part = profile_init;

		*(char *)mempcpy(text, tables->texts[i].bytes, tables->texts[i].len) = '\0';
		part.n_string_table = 1;
		part.string_table = &text;
		write_part(file, &part);
	}
	free(text);
	return 0;
}

int pprof_file_finish(struct pprof_file *file, const struct pprof_tables *tables)
{
	int ret;

	write_locations(file, tables);
	write_functions(file, tables);
	ret = write_texts(file, tables);
	if (ret)
		return ret;
	gzip_finish(file->gzip);
	file->gzip = NULL;
	return 0;
}
