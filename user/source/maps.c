// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads /proc/PID/maps and has opened what it names. */
#include "source/maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/procfs.h"
#include "source/acts.h"

#define FIRST_BYTES 65536
/* A process with more than a hundred thousand mappings is looked at no further. */
#define MOST_BYTES (16 * 1024 * 1024)

/* One line; its name is appended to the names. False: not to be executed, or no line of maps. */
static bool parse_line(struct maps *maps, const char *line, size_t len, size_t *names_len)
{
	struct maps_region *region = &maps->regions[maps->count];
	unsigned int major, minor;
	int at = 0;
	char x;

	if (sscanf(line, "%lx-%lx %*c%*c%c%*c %lx %x:%x %lu%n", &region->start, &region->end, &x,
		   &region->offset, &major, &minor, &region->inode, &at) != 7 ||
	    x != 'x' || (size_t)at > len)
		return false;
	while ((size_t)at < len && line[at] == ' ')
		at++;
	region->dev = major << 20 | minor;
	region->path = *names_len;
	memcpy(maps->names + *names_len, line + at, len - at);
	*names_len += len - at;
	maps->names[(*names_len)++] = '\0';
	return true;
}

/* How many regions there will be, at most, and the bytes of their names. */
static void measure(const char *text, size_t *count, size_t *bytes)
{
	*count = *bytes = 0;
	/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Branch): procfs_read_fd() ends it */
	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *space = memchr(text, ' ', len);

		if (space && space + 4 < text + len && space[3] == 'x') {
			++*count;
			*bytes += len + 1;
		}
		text += len + (text[len] == '\n');
	}
}

struct maps *maps_parse(const char *text)
{
	struct maps *maps = calloc(1, sizeof(*maps));
	size_t count, bytes, names_len = 0;

	if (!maps)
		return NULL;
	maps->refs = 1;
	maps->root_fd = -1;
	measure(text, &count, &bytes);
	maps->names = malloc(bytes + 1);
	maps->regions = calloc(count + 1, sizeof(*maps->regions));
	if (!maps->names || !maps->regions) {
		maps_put(maps);
		return NULL;
	}
	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *space = memchr(text, ' ', len);

		if (space && space + 4 < text + len && space[3] == 'x')
			maps->count += parse_line(maps, text, len, &names_len);
		text += len + (text[len] == '\n');
	}
	return maps;
}

static char *read_text(int fd, int *ret)
{
	char *text = NULL;
	ssize_t len = -EFBIG;

	for (size_t room = FIRST_BYTES; len == -EFBIG && room <= MOST_BYTES; room *= 4) {
		free(text);
		text = malloc(room);
		len = !text			 ? -ENOMEM :
		      lseek(fd, 0, SEEK_SET) < 0 ? -errno :
						   procfs_read_fd(fd, text, room);
	}
	if (len > 0)
		return text;
	free(text);
	/* that of a process that is ending is empty */
	*ret = len ? len : -ESRCH;
	return NULL;
}

struct maps *maps_read(struct keeper *keeper, uint32_t pid, uint64_t stack_start, int *ret)
{
	const struct maps_wanted wanted = { stack_start, pid };
	struct maps *maps = NULL;
	struct answer answer;
	char *text = NULL;

	*ret = acts_ask(keeper, ACT_MAPS, &wanted, sizeof(wanted), -1, &answer);
	if (!*ret && answer.size != sizeof(maps->inner_pid))
		*ret = -EBADMSG;
	if (!*ret)
		text = read_text(answer.fds[MAPS_TEXT], ret);
	if (text) {
		maps = maps_parse(text);
		*ret = maps ? 0 : -ENOMEM;
		free(text);
	}
	if (maps) {
		maps->pid = pid;
		memcpy(&maps->inner_pid, answer.data, sizeof(maps->inner_pid));
		maps->root_fd = answer_take_fd(&answer, MAPS_ROOT);
	}
	answer_release(&answer);
	return maps;
}

struct maps *maps_get(struct maps *maps)
{
	__atomic_add_fetch(&maps->refs, 1, __ATOMIC_RELAXED);
	return maps;
}

void maps_put(struct maps *maps)
{
	if (!maps || __atomic_sub_fetch(&maps->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (maps->root_fd >= 0)
		close(maps->root_fd);
	free(maps->names);
	free(maps->regions);
	free(maps);
}

const struct maps_region *maps_find(const struct maps *maps, uint64_t address)
{
	size_t low = 0, high = maps->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (maps->regions[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < maps->count && maps->regions[low].start <= address ? &maps->regions[low] :
									  NULL;
}

const char *maps_path(const struct maps *maps, const struct maps_region *region)
{
	return maps->names + region->path;
}

int maps_open(struct keeper *opener, const struct maps *maps, const struct maps_region *region)
{
	struct image_wanted wanted = { region->start, region->end, maps->pid, "" };
	const char *name = maps_path(maps, region);
	struct answer answer;
	int ret;

	if (name[0] != '/')
		return -ENOENT;
	if (strlen(name) >= sizeof(wanted.name))
		return -ENAMETOOLONG;
	strcpy(wanted.name, name);
	ret = acts_ask(opener, ACT_IMAGE, &wanted, sizeof(wanted), maps->root_fd, &answer);
	if (!ret)
		ret = answer_take_fd(&answer, 0);
	answer_release(&answer);
	return ret;
}
