// SPDX-License-Identifier: GPL-2.0-or-later
/* Three lists that grow, and where in them something is. */
#include "sink/pprof_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/flame.h"

#define MOST_DIGITS 9	/* of a line's number: what 32 bits hold */

/* Makes room for one more at *@list. 0 or -ENOMEM. */
static int make_room(void **list, uint32_t count, uint32_t *room, size_t size)
{
	uint32_t wanted = *room ? 2 * *room : 256;
	void *grown;

	if (count < *room)
		return 0;
	grown = realloc(*list, wanted * size);
	if (!grown)
		return -ENOMEM;
	*list = grown;
	*room = wanted;
	return 0;
}

static bool text_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct pprof_text *text = &((const struct pprof_tables *)ctx)->texts[id];
	const struct pprof_text *want = key;

	return text->len == want->len && !memcmp(text->bytes, want->bytes, text->len);
}

static bool function_equal(const void *ctx, uint32_t id, const void *key)
{
	return !memcmp(&((const struct pprof_tables *)ctx)->functions[id], key,
		       sizeof(struct pprof_function));
}

static bool location_equal(const void *ctx, uint32_t id, const void *key)
{
	return !memcmp(&((const struct pprof_tables *)ctx)->locations[id], key,
		       sizeof(struct pprof_location));
}

int pprof_tables_init(struct pprof_tables *tables)
{
	*tables = (struct pprof_tables){ .nr_texts = 0 };
	if (index_init(&tables->by_text) || index_init(&tables->by_function) ||
	    index_init(&tables->by_location))
		return -ENOMEM;
	return pprof_text(tables, "", 0) == PPROF_NONE ? -ENOMEM : 0;
}

void pprof_tables_release(struct pprof_tables *tables)
{
	index_release(&tables->by_text);
	index_release(&tables->by_function);
	index_release(&tables->by_location);
	free(tables->texts);
	free(tables->functions);
	free(tables->locations);
}

uint32_t pprof_text(struct pprof_tables *tables, const char *bytes, size_t len)
{
	struct pprof_text text = { bytes, len };
	uint32_t hash = hash_bytes(bytes, len);
	uint32_t id = index_find(&tables->by_text, hash, text_equal, tables, &text);

	if (id != INDEX_NONE)
		return id;
	if (make_room((void **)&tables->texts, tables->nr_texts, &tables->text_room,
		      sizeof(text)) ||
	    index_insert(&tables->by_text, hash, tables->nr_texts))
		return PPROF_NONE;
	tables->texts[tables->nr_texts] = text;
	return tables->nr_texts++;
}

static uint32_t function_of(struct pprof_tables *tables, const struct pprof_function *function)
{
	uint32_t hash = hash_bytes(function, sizeof(*function));
	uint32_t id = index_find(&tables->by_function, hash, function_equal, tables, function);

	if (id != INDEX_NONE)
		return id;
	if (make_room((void **)&tables->functions, tables->nr_functions, &tables->function_room,
		      sizeof(*function)) ||
	    index_insert(&tables->by_function, hash, tables->nr_functions))
		return PPROF_NONE;
	tables->functions[tables->nr_functions] = *function;
	return tables->nr_functions++;
}

static uint32_t location_of(struct pprof_tables *tables, const struct pprof_location *location)
{
	uint32_t hash = hash_bytes(location, sizeof(*location));
	uint32_t id = index_find(&tables->by_location, hash, location_equal, tables, location);

	if (id != INDEX_NONE)
		return id;
	if (make_room((void **)&tables->locations, tables->nr_locations, &tables->location_room,
		      sizeof(*location)) ||
	    index_insert(&tables->by_location, hash, tables->nr_locations))
		return PPROF_NONE;
	tables->locations[tables->nr_locations] = *location;
	return tables->nr_locations++;
}

/* Takes ":34" off the end of text[0, *len); false: it ends otherwise. */
static bool take_number(const char *text, size_t *len, uint32_t *number)
{
	size_t digits = 0;

	while (digits < *len && text[*len - digits - 1] >= '0' && text[*len - digits - 1] <= '9')
		digits++;
	if (!digits || digits > MOST_DIGITS || digits == *len || text[*len - digits - 1] != ':')
		return false;
	*number = strtoul(text + *len - digits, NULL, 10);
	*len -= digits + 1;
	return true;
}

/* A line of a stack: "function file.c:34", or of a compiler at run time "file.js:34:7". */
struct line {
	size_t function_len;
	const char *file;
	size_t file_len;
	uint32_t number;
};

/*
 * Functions have blanks in their names ("operator new(unsigned long)"), more often than files
 * do: the last one divides.
 */
static bool split_line(const char *name, struct line *line)
{
	size_t len = strlen(name);
	const char *blank;
	uint32_t before;

	if (!take_number(name, &len, &line->number))
		return false;
	if (take_number(name, &len, &before))
		line->number = before;
	blank = memrchr(name, ' ', len);
	if (!blank || blank == name || blank + 1 == name + len)
		return false;
	line->function_len = blank - name;
	line->file = blank + 1;
	line->file_len = len - line->function_len - 1;
	return true;
}

uint32_t pprof_location(struct pprof_tables *tables, uint32_t kind, const char *name)
{
	struct pprof_function function = { .kind = kind };
	struct pprof_location location = { .line = 0 };
	struct line line;

	if (kind == FRAME_STACK && split_line(name, &line)) {
		function.name = pprof_text(tables, name, line.function_len);
		function.file = pprof_text(tables, line.file, line.file_len);
		location.line = line.number;
	} else {
		function.name = pprof_text(tables, name, strlen(name));
	}
	if (function.name == PPROF_NONE || function.file == PPROF_NONE)
		return PPROF_NONE;
	location.function = function_of(tables, &function);
	return location.function == PPROF_NONE ? PPROF_NONE : location_of(tables, &location);
}
