// SPDX-License-Identifier: GPL-2.0-or-later
/* A file of a name that nobody has foreseen beside the one that is to be, then rename(2). */
#include "base/file_put.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEW_MODE 0644
#define PERMISSIONS 0777
/* Of the name so much goes into the temporary one, which has to fit into NAME_MAX, too. */
#define NAME_KEPT 200
#define NAMES_TRIED 100

/* Where the bytes go. */
struct target {
	char path[PATH_MAX];	/* behind every link */
	mode_t mode;		/* of what is there */
	bool is_there;
};

/* ------------------------------------------------------------------------------- whither */

static int cannot(struct error *err, const char *path, int number)
{
	return error_set(err, -number, "cannot write '%s': %s", path, strerror(number));
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void folder_of(const char *path, char folder[static PATH_MAX])
{
	int len = (int)(name_of(path) - path);

	snprintf(folder, PATH_MAX, "%.*s", len ? len : 1, len ? path : ".");
}

/* Nothing is there that a name leads to: a new one, unless it is a link. */
static int aim_at_new(const char *path, struct target *target, struct error *err)
{
	struct stat is;

	if (!lstat(path, &is))
		return error_set(err, -ENOENT, "'%s' is a link to nothing", path);
	if (snprintf(target->path, sizeof(target->path), "%s", path) >= (int)sizeof(target->path))
		return cannot(err, path, ENAMETOOLONG);
	return 0;
}

/*
 * The kernel is asked where a link leads, not realpath(3): it does not follow what somebody has
 * left in a folder that is everybody's (fs.protected_symlinks).
 */
static int read_name(int fd, const struct stat *is, struct target *target)
{
	struct stat named;
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, target->path, sizeof(target->path) - 1);
	if (len < 0)
		return errno;
	target->path[len] = '\0';
	/* somebody else has replaced it since */
	if (stat(target->path, &named) || named.st_dev != is->st_dev || named.st_ino != is->st_ino)
		return ESTALE;
	return 0;
}

static int aim(const char *path, struct target *target, struct error *err)
{
	int fd = open(path, O_PATH | O_CLOEXEC), number;
	struct stat is;

	*target = (struct target){ .is_there = false };
	if (fd < 0 && errno == ENOENT)
		return aim_at_new(path, target, err);
	if (fd < 0)
		return cannot(err, path, errno);
	number = fstat(fd, &is) ? errno : 0;
	if (!number && !S_ISREG(is.st_mode)) {
		close(fd);
		return error_set(err, -EINVAL, "'%s' is no plain file", path);
	}
	if (!number)
		number = read_name(fd, &is, target);
	close(fd);
	target->mode = is.st_mode & PERMISSIONS;
	target->is_there = true;
	return number ? cannot(err, path, number) : 0;
}

int file_put_check(const char *path, struct error *err)
{
	struct target target;
	char folder[PATH_MAX];

	if (aim(path, &target, err))
		return err->code;
	folder_of(target.path, folder);
	if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS))
		return cannot(err, path, errno);
	return 0;
}

/* ---------------------------------------------------------------------------------- whose */

static bool is_somebodys(const char *path, struct stat *is)
{
	char folder[PATH_MAX];

	folder_of(path, folder);
	return !stat(folder, is) && is->st_uid;
}

void file_put_init(struct file_put *put, const char *path)
{
	mode_t mask = umask(0);
	struct target target;
	struct stat is;

	umask(mask);
	*put = (struct file_put){ .mode = NEW_MODE & ~mask };
	if (geteuid())
		return;
	/* whose folder has the link in it, not whose it leads to: that one made it */
	if (!is_somebodys(path, &is) &&
	    (aim(path, &target, NULL) || !is_somebodys(target.path, &is)))
		return;
	put->uid = is.st_uid;
	put->gid = is.st_gid;
}

void file_put_as_owner(const struct file_put *put)
{
	if (!put->uid)
		return;
	/*
	 * Of the thread: that is how the C library leaves these two. With its setgroups(3) all would
	 * lose theirs; what root's groups may write is not the owner's.
	 */
	syscall(SYS_setgroups, 0, NULL);
	setfsgid(put->gid);
	setfsuid(put->uid);
}

/*
 * Root would write it, and not the one whose folder it is named in (file_put_as_owner()): a link
 * of that one must lead to his own folders. @folder is the one that will be written into, whatever
 * has its name by then.
 */
static bool is_led_astray(const char *path, int folder)
{
	struct stat named, real;

	/* an id that there is none of changes nothing (setfsuid(2)) */
	if (setfsuid((uid_t)-1) || !is_somebodys(path, &named))
		return false;
	return fstat(folder, &real) || real.st_uid != named.st_uid;
}

/* -------------------------------------------------------------------------------- writing */

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno != EINTR)
			return errno;
		if (done > 0) {
			bytes += done;
			len -= (size_t)done;
		}
	}
	return 0;
}

/* A new file in @folder, its name in @beside. As mkostemp(3), which knows paths only. */
static int make_beside(int folder, const char *name, char beside[static NAME_MAX + 1])
{
	uint64_t chance;
	int fd = -1;

	for (int tries = 0; fd < 0 && tries < NAMES_TRIED; tries++) {
		if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
			chance = (uint64_t)getpid() << 32 | (unsigned int)tries;
		snprintf(beside, NAME_MAX + 1, ".%.*s.%016" PRIx64, NAME_KEPT, name, chance);
		fd = openat(folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

/* What is half written goes. Returns an errno. */
static int write_beside(int folder, const char *name, mode_t mode, const void *bytes, size_t len)
{
	char beside[NAME_MAX + 1];
	int fd = make_beside(folder, name, beside), number;

	if (fd < 0)
		return errno;
	number = write_all(fd, bytes, len);
	if (!number && fchmod(fd, mode))
		number = errno;
	if (close(fd) && !number)
		number = errno;
	if (!number && renameat(folder, beside, folder, name))
		number = errno;
	if (number)
		unlinkat(folder, beside, 0);
	return number;
}

int file_put(const struct file_put *put, const char *path, const void *bytes, size_t len,
	     struct error *err)
{
	char name[PATH_MAX];
	struct target target;
	int folder, number, ret = aim(path, &target, err);

	if (ret)
		return ret;
	folder_of(target.path, name);
	folder = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return cannot(err, path, errno);
	if (is_led_astray(path, folder)) {
		close(folder);
		return error_set(err, -EACCES,
				 "cannot write '%s': it leads to a folder of another user than the "
				 "one that it is in",
				 path);
	}
	number = write_beside(folder, name_of(target.path),
			      target.is_there ? target.mode : put->mode, bytes, len);
	close(folder);
	return number ? cannot(err, path, number) : 0;
}

bool file_put_may_pass(int code)
{
	switch (-code) {
	case EINVAL:	/* no plain file */
	case ENOENT:
	case ENOTDIR:
	case EACCES:
	case EPERM:
	case EROFS:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
		return false;
	default:
		return true;
	}
}
