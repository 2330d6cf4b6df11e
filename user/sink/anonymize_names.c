// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers for names, each kind by itself. */
#include "sink/anonymize_names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name {
	uint32_t what, number;	/* of its kind */
	size_t len;
	char *text;		/* owned */
};

struct key {
	enum name_of what;
	const char *text;
	size_t len;
};

static const char *const words[NR_NAMES_OF] = {
	[NAME_COMM] = "comm",	  [NAME_SERVICE] = "service",	[NAME_GROUP] = "group",
	[NAME_NETNS] = "netns",	  [NAME_HOST] = "host",		[NAME_SCRIPT] = "script",
	[NAME_WORD] = "word",	  [NAME_FUNCTION] = "function", [NAME_FILE] = "file",
	[NAME_MODULE] = "module", [NAME_USER] = "user",
};

/* --------------------------------------------------------------------------------- numbers */

static bool name_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct names_map *map = ctx;
	const struct name *name = pool_at(&map->names, id);
	const struct key *want = key;

	return name->what == want->what && name->len == want->len &&
	       !memcmp(name->text, want->text, want->len);
}

int names_map_init(struct names_map *map, const uint8_t key[static SIPHASH_KEY_LEN])
{
	*map = (struct names_map){ .names = { .item_size = 0 } };
	memcpy(map->key, key, SIPHASH_KEY_LEN);
	pool_init(&map->names, sizeof(struct name));
	return index_init(&map->index);
}

void names_map_release(struct names_map *map)
{
	const struct pool *names = &map->names;

	for (uint32_t id = pool_next(names, 0); id != POOL_NONE; id = pool_next(names, id + 1))
		free(((struct name *)pool_at(names, id))->text);
	pool_release(&map->names);
	index_release(&map->index);
}

uint32_t names_map_number(struct names_map *map, enum name_of what, const char *text, size_t len)
{
	struct key key = { what, text, len };
	uint32_t hash = hash_bytes(text, len) + what;
	uint32_t id = index_find(&map->index, hash, name_equal, map, &key);
	struct name *name;
	char *copy;

	if (id != INDEX_NONE)
		return ((struct name *)pool_at(&map->names, id))->number;
	copy = malloc(len + 1);
	id = copy ? pool_take(&map->names) : POOL_NONE;
	if (id == POOL_NONE || index_insert(&map->index, hash, id)) {
		if (id != POOL_NONE)
			pool_give(&map->names, id);
		free(copy);
		return 0;
	}
	memcpy(copy, text, len);
	name = pool_at(&map->names, id);
	*name = (struct name){ what, ++map->given[what], len, copy };
	return name->number;
}

/* ----------------------------------------------------------------------------------- texts */

void out_add(struct out *out, const char *text, size_t len)
{
	/* the NUL has room in any case */
	if (len < (size_t)(out->end - out->at)) {
		memcpy(out->at, text, len);
		out->at += len;
	}
}

void out_add_number(struct out *out, const char *before, uint32_t number)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%s%u", before, number);

	out_add(out, text, (size_t)len);
}

void out_add_name(struct out *out, struct names_map *map, enum name_of what, const char *text,
		  size_t len)
{
	char word[32];

	snprintf(word, sizeof(word), "%s-", words[what]);
	out_add_number(out, word, names_map_number(map, what, text, len));
}

size_t out_end(struct out *out, const char *to)
{
	*out->at++ = '\0';
	return (size_t)(out->at - to);
}

void names_map_comm(struct names_map *map, char comm[static TW_COMM_LEN])
{
	size_t len = strnlen(comm, TW_COMM_LEN);
	char text[TW_COMM_LEN];
	struct out out = { text, text + sizeof(text) };

	if (!len)
		return;
	out_add_name(&out, map, NAME_COMM, comm, len);
	memset(comm, 0, TW_COMM_LEN);
	memcpy(comm, text, (size_t)(out.at - text));
}

/* One name that has no parts; "" stays. */
static size_t replace_whole(struct names_map *map, enum name_of what, const char *from, char *to,
			    size_t size)
{
	struct out out = { to, to + size };

	if (from[0])
		out_add_name(&out, map, what, from, strlen(from));
	return out_end(&out, to);
}

size_t names_map_netns(struct names_map *map, const char *from, size_t len, char *to, size_t size)
{
	/* what twtrace calls that of the first process */
	if (!strcmp(from, "host"))
		return names_map_keep(map, from, len, to, size);
	return replace_whole(map, NAME_NETNS, from, to, size);
}

size_t names_map_script(struct names_map *map, const char *from, size_t len, char *to, size_t size)
{
	(void)len;
	return replace_whole(map, NAME_SCRIPT, from, to, size);
}

size_t names_map_words(struct names_map *map, const char *from, size_t len, char *to, size_t size)
{
	size_t at = 0, made = 0;

	/* what fills up the record is no word, but does no harm */
	while (at < len && size - made > 2 * sizeof("function-4294967295")) {
		made += replace_whole(map, NAME_WORD, from + at, to + made, size - made);
		at += strlen(from + at) + 1;
	}
	return made;
}

size_t names_map_keep(struct names_map *map, const char *from, size_t len, char *to, size_t size)
{
	size_t kept = strlen(from) < size ? strlen(from) : size - 1;

	(void)map;
	(void)len;
	memcpy(to, from, kept);
	to[kept] = '\0';
	return kept + 1;
}

void names_map_hex(const struct names_map *map, char *text, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char plain[128];
	size_t count = 0;
	uint64_t word = 0;

	for (size_t i = 0; i < len && count < sizeof(plain) - 1; i++)
		if (isxdigit((unsigned char)text[i]))
			plain[count++] = text[i];
	for (size_t i = 0, nth = 0; i < len; i++) {
		if (!isxdigit((unsigned char)text[i]))
			continue;
		if (nth % 16 == 0) {
			plain[sizeof(plain) - 1] = (char)(nth / 16);
			memset(plain + count, 0, sizeof(plain) - 1 - count);
			word = siphash(map->key, plain, sizeof(plain));
		}
		text[i] = digits[word >> (nth++ % 16 * 4) & 0xf];
	}
}
