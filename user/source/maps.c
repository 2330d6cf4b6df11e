// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads /proc/PID/maps and has opened what it names. */
#include "source/maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/procfs.h"
#include "source/acts.h"

#define FIRST_BYTES 65536
/* A process with more than a hundred thousand mappings is looked at no further. */
#define MOST_BYTES (16 * 1024 * 1024)
/* What is kept of one: regions, and bytes of their names. */
#define MOST_REGIONS 8192
#define MOST_NAMES (1024 * 1024)
/* All of a line but the name. */
#define HEAD_BYTES 160

/* One line; its name is appended to the names. False: not to be executed, or no line of maps. */
static bool parse_line(struct maps *maps, const char *line, size_t len, size_t *names_len)
{
	struct maps_region *region = &maps->regions[maps->count];
	size_t head_len = len < HEAD_BYTES ? len : HEAD_BYTES;
	unsigned int major, minor;
	char head[HEAD_BYTES + 1], x;
	int at = 0;

	/* sscanf() has a strlen() of all that it is given */
	memcpy(head, line, head_len);
	head[head_len] = '\0';
	if (sscanf(head, "%lx-%lx %*c%*c%c%*c %lx %x:%x %lu%n", &region->start, &region->end, &x,
		   &region->offset, &major, &minor, &region->inode, &at) != 7 ||
	    x != 'x')
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
	measure(text, &count, &bytes);
	maps->names = malloc((bytes < MOST_NAMES ? bytes : MOST_NAMES) + 1);
	maps->regions =
		calloc((count < MOST_REGIONS ? count : MOST_REGIONS) + 1, sizeof(*maps->regions));
	if (!maps->names || !maps->regions) {
		maps_put(maps);
		return NULL;
	}
	while (*text && maps->count < MOST_REGIONS) {
		size_t len = strcspn(text, "\n");
		const char *space = memchr(text, ' ', len);

		if (names_len + len + 1 > MOST_NAMES)
			break;
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

struct maps *maps_read(struct keeper *keeper, struct roots *roots, uint32_t pid,
		       uint64_t stack_start, int *ret)
{
	const struct maps_wanted wanted = { stack_start, pid };
	struct maps *maps = NULL;
	struct maps_found found;
	struct answer answer;
	char *text = NULL;

	*ret = acts_ask(keeper, ACT_MAPS, &wanted, sizeof(wanted), -1, &answer);
	if (!*ret && answer.size != sizeof(found))
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
		memcpy(&found, answer.data, sizeof(found));
		maps->who = found.who;
		maps->root = roots_share(roots, answer_take_fd(&answer, MAPS_ROOT), &found.root);
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
	root_put(maps->root);
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

int maps_root(const struct maps *maps)
{
	return maps->root ? maps->root->fd : -1;
}

const char *maps_path(const struct maps *maps, const struct maps_region *region)
{
	return maps->names + region->path;
}

/*
 * Whether it is the region's file: whoever has mount namespaces puts others at its name. The
 * device need not be stat(2)'s: maps have the super block's (show_map_vma(), fs/proc/task_mmu.c),
 * btrfs and overlayfs tell of others (btrfs_getattr(), ovl_getattr()).
 */
static int check_file(int fd, const struct maps_region *region, bool *surely)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	*surely = region->dev == (major(st.st_dev) << 20 | minor(st.st_dev));
	return st.st_ino == region->inode ? 0 : -ESTALE;
}

int maps_open(struct keeper *opener, const struct maps *maps, const struct maps_region *region,
	      bool *surely)
{
	struct image_wanted wanted = { region->start, region->end, maps->pid, "" };
	const char *name = maps_path(maps, region);
	struct answer answer;
	int ret;

	*surely = false;
	if (name[0] != '/')
		return -ENOENT;
	if (strlen(name) >= sizeof(wanted.name))
		return -ENAMETOOLONG;
	strcpy(wanted.name, name);
	ret = acts_ask(opener, ACT_IMAGE, &wanted, sizeof(wanted), maps_root(maps), &answer);
	if (!ret)
		ret = check_file(answer.fds[0], region, surely);
	if (!ret)
		ret = answer_take_fd(&answer, 0);
	answer_release(&answer);
	return ret;
}
