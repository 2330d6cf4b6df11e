// SPDX-License-Identifier: GPL-2.0-or-later
/* Renames, removes and opens: the order is such that there are never more files than asked for. */
#include "sink/parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tw_recording.h"

#define MODE 0640
/* "20261121T080000.123Z", a 9 for every digit: all that is removed looks like that. */
#define TIME_FORM "99999999T999999.999Z"
#define TIME_LEN (sizeof(TIME_FORM) - 1)

/* ---------------------------------------------------------------------------------- names */

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Where the ending begins, ".twr": a dot at the beginning of a name begins none. */
static const char *ending_of(const char *path)
{
	const char *name = name_of(path), *dot = name[0] ? strrchr(name + 1, '.') : NULL;

	return dot ? dot : name + strlen(name);
}

bool parts_name(const char *path, uint64_t realtime_ms, char name[static PATH_MAX])
{
	const char *ending = ending_of(path);
	time_t seconds = (time_t)(realtime_ms / 1000);
	char text[32];
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(text, sizeof(text), "%Y%m%dT%H%M%S", &utc);
	return snprintf(name, PATH_MAX, "%.*s.%s.%03uZ%s", (int)(ending - path), path, text,
			(unsigned int)(realtime_ms % 1000), ending) < PATH_MAX;
}

bool parts_is_named(const char *path, const char *name)
{
	const char *base = name_of(path), *ending = ending_of(path);
	size_t stem = (size_t)(ending - base);

	if (strlen(name) != stem + 1 + TIME_LEN + strlen(ending) || memcmp(name, base, stem) ||
	    name[stem] != '.' || strcmp(name + stem + 1 + TIME_LEN, ending))
		return false;
	name += stem + 1;
	for (size_t i = 0; i < TIME_LEN; i++)
		if (TIME_FORM[i] == '9' ? name[i] < '0' || name[i] > '9' : name[i] != TIME_FORM[i])
			return false;
	return true;
}

/* ------------------------------------------------------------------------- what is there */

/* When the recording in the file began, in ms; 0: the file is empty. Or -EINVAL: it is none. */
static int64_t began_ms(int fd)
{
	struct tw_recording_head head;
	ssize_t len = pread(fd, &head, sizeof(head), 0);
	struct stat is;

	if (fstat(fd, &is) || !S_ISREG(is.st_mode))
		return -EINVAL;
	if (len == 0)
		return 0;
	if (len < (ssize_t)offsetof(struct tw_recording_head, boot_id) ||
	    memcmp(head.magic, TW_RECORDING_MAGIC, sizeof(head.magic)))
		return -EINVAL;
	return (int64_t)(head.realtime_ns / 1000000);
}

int parts_init(struct parts *parts, const char *path, uint32_t keep, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char target[PATH_MAX];

	*parts = (struct parts){ .keep = keep };
	if (fd >= 0 && began_ms(fd) < 0) {
		close(fd);
		return error_set(err, -EINVAL,
				 "'%s' is there and no recording: with --max-size it would be kept "
				 "beside the new one; name another file",
				 path);
	}
	if (fd >= 0)
		close(fd);
	else if (errno != ENOENT)
		return error_set(err, -errno, "cannot write '%s': %s", path, strerror(errno));
	/* a link leads on to the file of now only, not to its name of later */
	if (!realpath(path, target))
		snprintf(target, sizeof(target), "%s", path);
	if (!parts_name(target, 0, parts->path))
		return error_set(err, -ENAMETOOLONG, "cannot write '%s': %s", path,
				 strerror(ENAMETOOLONG));
	snprintf(parts->path, sizeof(parts->path), "%s", target);
	file_put_init(&parts->put, parts->path);
	return 0;
}

/* ---------------------------------------------------------------------------- the next one */

/* The file gets its own name. 0 or -errno. */
static int move_away(struct parts *parts, int fd)
{
	int64_t ms = began_ms(fd);
	char name[PATH_MAX];

	if (ms <= 0)
		return (int)ms;
	if ((uint64_t)ms <= parts->last_ms)
		ms = (int64_t)parts->last_ms + 1;
	for (;; ms++) {
		if (!parts_name(parts->path, (uint64_t)ms, name))
			return -ENAMETOOLONG;
		/* not every file system knows RENAME_NOREPLACE; nobody else makes such names */
		if (faccessat(AT_FDCWD, name, F_OK, AT_SYMLINK_NOFOLLOW))
			break;
	}
	parts->last_ms = (uint64_t)ms;
	return rename(parts->path, name) ? -errno : 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of all files before this one, oldest first; how many, or -errno. Frees nothing. */
static int list(const struct parts *parts, DIR *folder, char ***names)
{
	struct dirent *entry;
	size_t count = 0;

	*names = NULL;
	while ((entry = readdir(folder))) {
		char **grown, *name;

		if (!parts_is_named(parts->path, entry->d_name))
			continue;
		name = strdup(entry->d_name);
		grown = name ? reallocarray(*names, count + 1, sizeof(*grown)) : NULL;
		if (!grown) {
			free(name);
			break;
		}
		*names = grown;
		grown[count++] = name;
	}
	if (count)
		qsort(*names, count, sizeof(**names), compare_names);
	return (int)count;
}

/* The new one will be one of those that are kept. 0 or -errno. */
static int remove_oldest(const struct parts *parts)
{
	int len = (int)(name_of(parts->path) - parts->path), count, ret = 0;
	char path[PATH_MAX], **names;
	DIR *folder;

	if (!parts->keep)
		return 0;
	snprintf(path, sizeof(path), "%.*s", len ? len : 1, len ? parts->path : ".");
	folder = opendir(path);
	if (!folder)
		return -errno;
	count = list(parts, folder, &names);
	for (int i = 0; i < count; i++) {
		/* one that somebody else has removed is gone as well */
		if (count - i >= (int)parts->keep && unlinkat(dirfd(folder), names[i], 0) &&
		    errno != ENOENT && !ret)
			ret = -errno;
		free(names[i]);
	}
	free(names);
	closedir(folder);
	return ret;
}

static int open_new(const struct parts *parts)
{
	int fd = open(parts->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, MODE);

	if (fd < 0)
		return -errno;
	/* the first one is made with all privileges, those after it by who may remove them */
	if (parts->put.uid && !geteuid() && fchown(fd, parts->put.uid, parts->put.gid) &&
	    errno != EPERM) {
		close(fd);
		return -errno;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -errno;
	}
	return fd;
}

int parts_next(struct parts *parts)
{
	int fd = open(parts->path, O_RDONLY | O_CLOEXEC), ret = 0;

	if (fd < 0 && errno != ENOENT)
		return -errno;
	if (fd >= 0) {
		/* another recorder's; of the one before this thread has let go */
		ret = flock(fd, LOCK_EX | LOCK_NB) ? -errno : move_away(parts, fd);
		close(fd);
	}
	if (!ret)
		ret = remove_oldest(parts);
	return ret ? ret : open_new(parts);
}
