/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names replaced by what they are names of, numbered as they come: "comm-3". The same name is the
 * same all the time, two names are never one. What the system itself calls so everywhere stays
 * where something follows from it: "system.slice", ".service", "docker-", connect().
 */
#ifndef SINK_ANONYMIZE_NAMES_H
#define SINK_ANONYMIZE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/index.h"
#include "base/pool.h"
#include "base/siphash.h"
#include "tw_record.h"

enum name_of {
	NAME_COMM,
	NAME_SERVICE,
	NAME_GROUP,
	NAME_NETNS,
	NAME_HOST,
	NAME_SCRIPT,
	NAME_WORD,
	NAME_FUNCTION,
	NAME_FILE,
	NAME_MODULE,
	NAME_USER,
	NR_NAMES_OF,
};

struct names_map {
	uint8_t key[SIPHASH_KEY_LEN];
	struct pool names;
	struct index index;
	uint32_t given[NR_NAMES_OF];
};

int names_map_init(struct names_map *map, const uint8_t key[static SIPHASH_KEY_LEN]);
void names_map_release(struct names_map *map);

/* Its number, from 1 on; 0: no memory. */
uint32_t names_map_number(struct names_map *map, enum name_of what, const char *text, size_t len);
/* An empty one stays empty. */
void names_map_comm(struct names_map *map, char comm[static TW_COMM_LEN]);
/*
 * A text of a record into @to, with its NUL; what has no room is cut off. @from ends with NUL and
 * is @len long: some texts are several.
 */
typedef size_t (*names_map_fn)(struct names_map *map, const char *from, size_t len, char *to,
			       size_t size);
size_t names_map_netns(struct names_map *map, const char *from, size_t len, char *to, size_t size);
size_t names_map_script(struct names_map *map, const char *from, size_t len, char *to, size_t size);
/* Each with its NUL. */
size_t names_map_words(struct names_map *map, const char *from, size_t len, char *to, size_t size);
size_t names_map_cgroup(struct names_map *map, const char *from, size_t len, char *to, size_t size);
/* Lines of frames (TW_STACK_TEXT). */
size_t names_map_stack(struct names_map *map, const char *from, size_t len, char *to, size_t size);
/* As it is. */
size_t names_map_keep(struct names_map *map, const char *from, size_t len, char *to, size_t size);
/* A text that is being made; what has no room is left out, but for the NUL of its end. */
struct out {
	char *at, *end;
};

void out_add(struct out *out, const char *text, size_t len);
void out_add_number(struct out *out, const char *before, uint32_t number);
/* "comm-3" */
void out_add_name(struct out *out, struct names_map *map, enum name_of what, const char *text,
		  size_t len);
/* Ends it; the length of what begins at @to, with its NUL. */
size_t out_end(struct out *out, const char *to);

/* Hexadecimal digits by others, by all of them; whatever else is in it stays. */
void names_map_hex(const struct names_map *map, char *text, size_t len);

#endif
