// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flame-style summary as a profile of pprof: each frame is a function, each stack with a
 * weight of its own a sample, its frames once more its labels. Of a comparison the base's
 * samples are there too, less than nothing, as `go tool pprof -diff_base` makes them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"
#include "sink/flame.h"
#include "sink/pprof_file.h"

/* One of each kind of frame, the host, the folded stacks, the side. */
_Static_assert(NR_FLAME_FRAMES + 3 <= PPROF_MOST_LABELS, "a sample's labels");
_Static_assert(NR_FLAME_FRAMES <= 32, "kinds are bits");
_Static_assert((int)NR_FLAME_WEIGHTS <= PPROF_MOST_TYPES, "a sample's values");

/* The profile's own texts. */
enum word {
	WORD_COUNT,
	WORD_NANOSECONDS,
	WORD_HOST,
	WORD_FOLDED_STACKS,
	WORD_STACKS,
	WORD_BASE,
	WORD_TRUE,
	NR_WORDS,
};

static const char *const words[NR_WORDS] = {
	[WORD_COUNT] = "count",	  [WORD_NANOSECONDS] = "nanoseconds",
	[WORD_HOST] = "host",	  [WORD_FOLDED_STACKS] = "folded_stacks",
	[WORD_STACKS] = "stacks", [WORD_BASE] = "pprof::base",
	[WORD_TRUE] = "true",
};

/* What stands for a node of the tree. */
struct place {
	uint32_t location;	/* in the tables */
	uint32_t text;
};

struct writer {
	struct pprof_file *file; /* owned */
	const struct flame *flame;
	struct pprof_tables tables;
	struct place *places;	/* owned, one a node */
	uint32_t *path;		/* owned: of one sample, the leaf first */
	size_t path_room;
	uint32_t word[NR_WORDS], frame[NR_FLAME_FRAMES], weight[NR_FLAME_WEIGHTS];
	uint32_t host;		/* 0: none, or a frame says it */
	char *comment;		/* owned: of a comparison */
	uint64_t before[NR_FLAME_WEIGHTS]; /* of the base, in the nodes written so far */
};

/* -------------------------------------------------------------------------- the numbers */

static int number_texts(struct writer *writer, const char *const *texts, size_t count,
			uint32_t *numbers)
{
	for (size_t i = 0; i < count; i++) {
		numbers[i] = pprof_text(&writer->tables, texts[i], strlen(texts[i]));
		if (numbers[i] == PPROF_NONE)
			return -ENOMEM;
	}
	return 0;
}

static int number_words(struct writer *writer)
{
	const struct flame_head *head = &writer->flame->head;
	const char *frames[NR_FLAME_FRAMES], *weights[NR_FLAME_WEIGHTS];
	bool told = false;

	for (unsigned int frame = 0; frame < NR_FLAME_FRAMES; frame++)
		frames[frame] = flame_frame_name(frame);
	for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
		weights[weight] = flame_weight_name(weight);
	for (unsigned int i = 0; i < head->by.count; i++)
		told |= head->by.frames[i] == FRAME_HOST;
	if (number_texts(writer, words, NR_WORDS, writer->word) ||
	    number_texts(writer, frames, NR_FLAME_FRAMES, writer->frame) ||
	    number_texts(writer, weights, NR_FLAME_WEIGHTS, writer->weight))
		return -ENOMEM;
	return head->host && !told ? number_texts(writer, &head->host, 1, &writer->host) : 0;
}

/* No stack names the root, and only one without frames ends there. */
static bool root_is_needed(const struct flame *flame)
{
	for (unsigned int side = 0; side < NR_FLAME_SIDES; side++)
		for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
			if (flame_self(flame, FLAME_ROOT, side, weight))
				return true;
	return false;
}

/* Gives each node its location. 0 or -ENOMEM. */
static int number_nodes(struct writer *writer)
{
	struct pprof_tables *tables = &writer->tables;
	const struct flame *flame = writer->flame;

	writer->places = calloc(flame->count, sizeof(*writer->places));
	if (!writer->places)
		return -ENOMEM;
	for (uint32_t id = root_is_needed(flame) ? FLAME_ROOT : 1; id < flame->count; id++) {
		const struct flame_node *node = &flame->nodes[id];
		struct place *place = &writer->places[id];

		place->location = pprof_location(tables, node->frame, node->name);
		if (place->location == PPROF_NONE)
			return -ENOMEM;
		place->text = tables->functions[tables->locations[place->location].function].name;
	}
	return 0;
}

/* ----------------------------------------------------------------------------- the head */

/* Which text each comment is; their number, or -ENOMEM. */
static int number_comments(struct writer *writer, int64_t comments[static 3])
{
	const struct flame_head *head = &writer->flame->head;
	const char *texts[3] = { "twtrace: where TCP connections are" };
	uint32_t numbers[3];
	size_t count = 1;

	if (head->caveat)
		texts[count++] = head->caveat;
	if (head->base_name) {
		if (asprintf(&writer->comment, "compared with %s%s", head->base_name,
			     head->normalized ? ", scaled to the same total" : "") < 0)
			writer->comment = NULL;
		if (!writer->comment)
			return -ENOMEM;
		texts[count++] = writer->comment;
	}
	if (number_texts(writer, texts, count, numbers))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		comments[i] = numbers[i];
	return (int)count;
}

static int write_head(struct writer *writer)
{
	const struct flame_head *of = &writer->flame->head;
	uint64_t from = of->from_ns[FLAME_NOW], to = of->to_ns[FLAME_NOW];
	struct pprof_type types[NR_FLAME_WEIGHTS];
	int64_t comments[3];
	int count = number_comments(writer, comments);
	const struct pprof_head head = {
		.types = types,
		.nr_types = NR_FLAME_WEIGHTS,
		.default_type = writer->weight[of->weight],
		.from_ns = from,
		.duration_ns = to > from ? to - from : 0,
		.comments = comments,
		.nr_comments = count < 0 ? 0 : (size_t)count,
	};

	if (count < 0)
		return count;
	for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
		types[weight] = (struct pprof_type){
			.name = writer->weight[weight],
			.unit = writer->word[flame_weight_is_time(weight) ? WORD_NANOSECONDS :
									    WORD_COUNT],
		};
	pprof_file_head(writer->file, &head);
	return 0;
}

/* -------------------------------------------------------------------------- the samples */

static int64_t clamped(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* The node's own values as of @side; false: there are none. */
static bool find_values(struct writer *writer, uint32_t id, enum flame_side side,
			int64_t values[static NR_FLAME_WEIGHTS])
{
	bool any = false;

	for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++) {
		if (side == FLAME_BASE)
			values[weight] = -clamped(flame_base_self(writer->flame, id, weight,
								  &writer->before[weight]));
		else
			values[weight] = clamped(flame_self(writer->flame, id, side, weight));
		any |= values[weight] != 0;
	}
	return any;
}

static void add_label(struct pprof_label *labels, size_t *count, uint32_t key, uint32_t text)
{
	/* text 0 would be read as the number 0 */
	if (text)
		labels[(*count)++] = (struct pprof_label){ .key = key, .text = text };
}

/* What the frames of the stack that ends in @id say, and the rest; their number. */
static size_t find_labels(const struct writer *writer, uint32_t id, enum flame_side side,
			  struct pprof_label labels[static PPROF_MOST_LABELS])
{
	const struct flame_node *nodes = writer->flame->nodes;
	uint32_t seen = 1U << FRAME_STACK;
	size_t count = 0;

	if (nodes[id].folded)
		labels[count++] = (struct pprof_label){
			.key = writer->word[WORD_FOLDED_STACKS],
			.number = nodes[id].stacks,
			.unit = writer->word[WORD_STACKS],
		};
	if (side == FLAME_BASE)
		add_label(labels, &count, writer->word[WORD_BASE], writer->word[WORD_TRUE]);
	add_label(labels, &count, writer->word[WORD_HOST], writer->host);
	for (; id != FLAME_NONE; id = nodes[id].parent) {
		unsigned int frame = nodes[id].frame;

		if (frame >= NR_FLAME_FRAMES || seen >> frame & 1)
			continue;
		seen |= 1U << frame;
		add_label(labels, &count, writer->frame[frame], writer->places[id].text);
	}
	return count;
}

/* The locations of the stack that ends in @id, at writer->path; their number or -ENOMEM. */
static ssize_t find_path(struct writer *writer, uint32_t id)
{
	const struct flame_node *nodes = writer->flame->nodes;
	size_t depth = 0;

	do {
		if (depth == writer->path_room) {
			size_t room = depth ? 2 * depth : 64;
			uint32_t *grown = realloc(writer->path, room * sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			writer->path = grown;
			writer->path_room = room;
		}
		writer->path[depth++] = writer->places[id].location;
		id = nodes[id].parent;
	} while (id != FLAME_NONE && id != FLAME_ROOT);
	return (ssize_t)depth;
}

static int write_sample(struct writer *writer, uint32_t id, enum flame_side side)
{
	struct pprof_label labels[PPROF_MOST_LABELS];
	int64_t values[NR_FLAME_WEIGHTS];
	struct pprof_sample sample = {
		.values = values,
		.nr_values = NR_FLAME_WEIGHTS,
		.labels = labels,
	};
	ssize_t depth;

	if (!find_values(writer, id, side, values))
		return 0;
	depth = find_path(writer, id);
	if (depth < 0)
		return (int)depth;
	sample.locations = writer->path;
	sample.nr_locations = (size_t)depth;
	sample.nr_labels = find_labels(writer, id, side, labels);
	return pprof_file_sample(writer->file, &sample);
}

static int write_all(struct writer *writer)
{
	const struct flame *flame = writer->flame;
	int ret = pprof_tables_init(&writer->tables);

	if (!ret)
		ret = number_words(writer);
	if (!ret)
		ret = number_nodes(writer);
	if (!ret)
		ret = write_head(writer);
	for (uint32_t id = 0; id < flame->count && !ret; id++) {
		ret = write_sample(writer, id, FLAME_NOW);
		if (!ret && flame->head.base_name)
			ret = write_sample(writer, id, FLAME_BASE);
	}
	return ret ? ret : pprof_file_finish(writer->file, &writer->tables);
}

void flame_pprof_write(const struct flame *flame, FILE *out)
{
	struct writer writer = { .file = pprof_file_new(out), .flame = flame };
	int ret = writer.file ? write_all(&writer) : -ENOMEM;

	pprof_file_free(writer.file);
	pprof_tables_release(&writer.tables);
	free(writer.places);
	free(writer.path);
	free(writer.comment);
	if (ret)
		stream_fail(out, -ret);
}
