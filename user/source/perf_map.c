// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of "START SIZE name" in hexadecimal, in no order, the last one that fits counts. */
#include "source/perf_map.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "source/acts.h"

/* Larger ones are not read: whom it tells of writes it, and all of it is gone through for a name. */
#define MOST_BYTES (8 * 1024 * 1024)

void perf_map_release(struct perf_map *map)
{
	free(map->text);
	*map = (struct perf_map){ .opener = map->opener };
}

static char *read_fd(int fd)
{
	char *text = NULL;
	struct stat st;
	size_t len = 0;
	ssize_t got;

	if (!fstat(fd, &st) && st.st_size < MOST_BYTES)
		text = malloc(st.st_size + 1);
	while (text && len < (size_t)st.st_size) {
		got = read(fd, text + len, st.st_size - len);
		if (got <= 0)
			break;
		len += got;
	}
	if (text)
		text[len] = '\0';
	return text;
}

static char *read_file(struct keeper *opener, const struct maps *maps)
{
	struct answer answer;
	char *text = NULL;

	if (!acts_ask(opener, ACT_PERF_MAP, &maps->who, sizeof(maps->who), maps_root(maps),
		      &answer))
		text = read_fd(answer.fds[0]);
	answer_release(&answer);
	return text;
}

/* In hexadecimal, with a space behind it. strtoull() alone would go on to any later line's. */
static bool read_number(const char **at, uint64_t *number)
{
	char *end;

	if (!isxdigit((unsigned char)**at))
		return false;
	*number = strtoull(*at, &end, 16);
	*at = end + 1;
	return *end == ' ';
}

static const char *search(const char *text, uint64_t ip, size_t *len)
{
	const char *found = NULL;

	while (*text) {
		const char *at = text, *end = strchrnul(text, '\n');
		uint64_t start, size;

		if (read_number(&at, &start) && read_number(&at, &size) && ip - start < size &&
		    at < end) {
			found = at;
			*len = end - at;
		}
		text = end + (*end == '\n');
	}
	return found;
}

const char *perf_map_find(struct perf_map *map, const struct maps *maps, uint64_t ip, size_t *len)
{
	const char *found = NULL;
	struct timespec now;

	if (map->serial == maps->serial && map->text)
		found = search(map->text, ip, len);
	clock_gettime(CLOCK_MONOTONIC, &now);
	/* it grows as code is compiled; looked at again, but not for every name it lacks */
	if (found || !maps->root || (map->serial == maps->serial && map->read_at == now.tv_sec))
		return found;
	free(map->text);
	map->text = read_file(map->opener, maps);
	map->serial = maps->serial;
	map->read_at = now.tv_sec;
	return map->text ? search(map->text, ip, len) : NULL;
}
