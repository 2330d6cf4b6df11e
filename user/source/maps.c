// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads /proc/PID/maps and opens what it names. */
#include "source/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/procfs.h"

#define FIRST_BYTES 65536
/* A process with more than a hundred thousand mappings is looked at no further. */
#define MOST_BYTES (16 * 1024 * 1024)
#define STAT_FIELD_STACK_START 28

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

static char *read_text(uint32_t pid, int *ret)
{
	char path[64], *text = NULL;
	ssize_t len = -EFBIG;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	for (size_t room = FIRST_BYTES; len == -EFBIG && room <= MOST_BYTES; room *= 4) {
		free(text);
		text = malloc(room);
		len = text ? procfs_read(path, text, room) : -ENOMEM;
	}
	if (len > 0)
		return text;
	free(text);
	/* that of a process that is ending is empty */
	*ret = len ? len : -ESRCH;
	return NULL;
}

/* Whether the process is still, or already, the program whose stack begins there. */
static int check(uint32_t pid, uint64_t stack_start)
{
	char path[64], text[1024], *at;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	len = procfs_read(path, text, sizeof(text));
	if (len < 0)
		return len;
	/* the name in the second field may hold anything */
	at = strrchr(text, ')');
	for (int field = 2; at && field < STAT_FIELD_STACK_START; field++)
		at = strchr(at + 1, ' ');
	return at && strtoull(at, NULL, 10) == stack_start ? 0 : -ESTALE;
}

/* The last number of "NSpid:". */
static uint32_t inner_pid(uint32_t pid)
{
	char path[64], text[8192], *at, *end;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	if (procfs_read(path, text, sizeof(text)) < 0)
		return pid;
	at = strstr(text, "\nNSpid:");
	if (!at)
		return pid;
	end = strchr(at + 1, '\n');
	if (end)
		*end = '\0';
	at = strrchr(at, '\t');
	return at ? strtoul(at, NULL, 10) : pid;
}

struct maps *maps_read(uint32_t pid, uint64_t stack_start, int *ret)
{
	struct maps *maps = NULL;
	char path[64], *text;
	int root_fd;

	/* it outlives the process, which may end between any two of these */
	snprintf(path, sizeof(path), "/proc/%u/root", pid);
	root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	text = read_text(pid, ret);
	if (text) {
		maps = maps_parse(text);
		*ret = maps ? check(pid, stack_start) : -ENOMEM;
		free(text);
	}
	if (!maps || *ret) {
		if (root_fd >= 0)
			close(root_fd);
		maps_put(maps);
		return NULL;
	}
	maps->pid = pid;
	maps->inner_pid = inner_pid(pid);
	maps->root_fd = root_fd;
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

/* A plain file and nothing else: a process may have put anything at that name meanwhile. */
static int plain_file(int fd)
{
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -ENOEXEC;
}

int maps_open(const struct maps *maps, const struct maps_region *region)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	const char *name = maps_path(maps, region);
	char path[96];
	int fd;

	if (name[0] != '/')
		return -ENOENT;
	/* the very file, be it deleted, replaced or out of sight; as long as the process lives */
	snprintf(path, sizeof(path), "/proc/%u/map_files/%lx-%lx", maps->pid, region->start,
		 region->end);
	fd = plain_file(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	if (fd >= 0 || maps->root_fd < 0)
		return fd;
	return plain_file(syscall(SYS_openat2, maps->root_fd, name, &how, sizeof(how)));
}
