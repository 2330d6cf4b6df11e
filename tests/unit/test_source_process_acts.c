// SPDX-License-Identifier: GPL-2.0-or-later
/* What the opener hands over, and what it is asked for in vain. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/procfs.h"
#include "openat2.h"
#include "source/acts.h"

/* The root of somebody's file system. */
struct place {
	char path[64];
	int root;
};

static struct place place_new(void)
{
	struct place place = { .path = "/tmp/test_source_process_acts.XXXXXX" };

	assert_non_null(mkdtemp(place.path));
	place.root = open(place.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(place.root >= 0);
	assert_int_equal(mkdirat(place.root, "tmp", 0700), 0);
	return place;
}

static void place_free(const struct place *place)
{
	unlinkat(place->root, "tmp", AT_REMOVEDIR);
	close(place->root);
	rmdir(place->path);
}

static void make_elf(const struct place *place, const char *name, uint16_t type)
{
	Elf64_Ehdr head = { .e_ident = ELFMAG, .e_type = type };
	int fd = openat(place->root, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, &head, sizeof(head)), sizeof(head));
	close(fd);
}

/* By its name: there is no such region. */
static int ask_image(const struct place *place, const char *name)
{
	struct image_wanted *wanted = calloc(1, sizeof(*wanted));
	struct answer answer;
	int ret;

	assert_non_null(wanted);
	wanted->pid = (uint32_t)getpid();
	wanted->start = 1;
	wanted->end = 2;
	snprintf(wanted->name, sizeof(wanted->name), "%s", name);
	ret = acts_ask(NULL, ACT_IMAGE, wanted, sizeof(*wanted), place->root, &answer);
	assert_int_equal(ret == 0, answer.fds[0] >= 0);
	assert_true(ret || !(fcntl(answer.fds[0], F_GETFL) & O_PATH));
	answer_release(&answer);
	free(wanted);
	return ret;
}

static void programs_are_handed_over_and_nothing_else(void **state)
{
	static const struct {
		uint16_t type;
		int ret;
	} cases[] = {
		{ ET_EXEC, 0 },
		{ ET_DYN, 0 },
		/* the memory of a process, that of one of root's too */
		{ ET_CORE, -ENOEXEC },
		{ ET_REL, -ENOEXEC },
		{ ET_NONE, -ENOEXEC },
	};
	struct place place;

	(void)state;
	if (!openat2_is_there())
		skip();
	place = place_new();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_elf(&place, "file", cases[i].type);
		assert_int_equal(ask_image(&place, "/file"), cases[i].ret);
		unlinkat(place.root, "file", 0);
	}
	place_free(&place);
}

static int ask_perf_map(const struct place *place, uint32_t pid, uint32_t uid)
{
	const struct maps_owner whose = { pid, uid };
	struct answer answer;
	int ret = acts_ask(NULL, ACT_PERF_MAP, &whose, sizeof(whose), place->root, &answer);

	answer_release(&answer);
	return ret;
}

/* Whatever is no plain file may do something when it is opened; inotify(7) tells of that. */
static void what_is_no_plain_file_is_not_even_opened(void **state)
{
	struct place place;
	int watch;
	char path[128], event[512];

	(void)state;
	if (!openat2_is_there())
		skip();
	place = place_new();
	watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	assert_int_equal(mkfifoat(place.root, "pipe", 0600), 0);
	assert_int_equal(mkfifoat(place.root, "tmp/perf-7.map", 0600), 0);
	snprintf(path, sizeof(path), "%s/pipe", place.path);
	assert_true(inotify_add_watch(watch, path, IN_OPEN) >= 0);
	snprintf(path, sizeof(path), "%s/tmp/perf-7.map", place.path);
	assert_true(inotify_add_watch(watch, path, IN_OPEN) >= 0);
	assert_int_equal(ask_image(&place, "/pipe"), -ENOEXEC);
	assert_int_equal(ask_perf_map(&place, 7, geteuid()), -ENOEXEC);
	assert_int_equal(read(watch, event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
	/* that it would tell */
	close(openat(place.root, "pipe", O_RDONLY | O_NONBLOCK));
	assert_true(read(watch, event, sizeof(event)) > 0);
	close(watch);
	unlinkat(place.root, "pipe", 0);
	unlinkat(place.root, "tmp/perf-7.map", 0);
	place_free(&place);
}

static void a_map_behind_a_link_is_none(void **state)
{
	struct place place = place_new();

	(void)state;
	make_elf(&place, "tmp/secret", ET_NONE);
	assert_int_equal(symlinkat("secret", place.root, "tmp/perf-7.map"), 0);
	assert_int_equal(ask_perf_map(&place, 7, geteuid()), -ENOEXEC);
	unlinkat(place.root, "tmp/perf-7.map", 0);
	assert_int_equal(renameat(place.root, "tmp/secret", place.root, "tmp/perf-7.map"), 0);
	assert_int_equal(ask_perf_map(&place, 7, geteuid()), 0);
	/* mounted or linked there, it may be another user's */
	assert_int_equal(ask_perf_map(&place, 7, geteuid() + 1), -EPERM);
	unlinkat(place.root, "tmp/perf-7.map", 0);
	place_free(&place);
}

/* Of a process with its stack where this one has it. */
static struct maps_found ask_maps(pid_t pid)
{
	struct maps_wanted wanted = { .pid = (uint32_t)pid };
	struct maps_found found;
	struct answer answer;
	char stat[1024], *at;

	assert_true(procfs_read("/proc/self/stat", stat, sizeof(stat)) > 0);
	at = strrchr(stat, ')');
	for (int field = 2; field < 28; field++)
		at = strchr(at + 1, ' ');
	wanted.stack_start = strtoull(at, NULL, 10);
	assert_int_equal(acts_ask(NULL, ACT_MAPS, &wanted, sizeof(wanted), -1, &answer), 0);
	assert_int_equal(answer.size, sizeof(found));
	memcpy(&found, answer.data, sizeof(found));
	assert_true(answer.fds[MAPS_ROOT] >= 0);
	answer_release(&answer);
	return found;
}

/* The memory maps of a process come with its number and the user whose files it makes. */
static void maps_come_with_whose_they_are(void **state)
{
	struct maps_found found;
	gid_t gid = getegid();

	(void)state;
	/* a number of its own, to be told from the user's */
	assert_int_equal(setegid(geteuid() ? gid : 65534), 0);
	found = ask_maps(getpid());
	assert_int_equal(setegid(gid), 0);
	assert_int_equal(found.who.uid, geteuid());
	assert_true(found.who.inner_pid);
}

/* What has gone wrong: NULL, then the root directory is in a file system that nobody serves. */
static const char *enter_dead_root(const char *path)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[128];

	if (fd < 0)
		return "open(/dev/fuse)";
	if (unshare(CLONE_NEWNS) || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL))
		return "unshare()";
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u", fd,
		 geteuid(), getegid());
	if (mount("none", path, "fuse", MS_NOSUID | MS_NODEV, options))
		return "mount(fuse)";
	/* chroot() would ask for permission */
	return syscall(SYS_pivot_root, path, path) ? "pivot_root()" : NULL;
}

static pid_t start_with_dead_root(const char *path, char failed[static 32])
{
	pid_t parent = getpid(), pid;
	const char *what;
	int ends[2];

	assert_return_code(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		what = getppid() == parent ? enter_dead_root(path) : "getppid()";
		if (write(ends[1], what ? what : "", what ? strlen(what) + 1 : 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_true(read(ends[0], failed, 31) > 0);
	close(ends[0]);
	return pid;
}

/* Anybody mounts one where user namespaces are allowed; who waits for it waits for ever. */
static void a_file_system_that_does_not_answer_is_not_asked(void **state)
{
	char path[] = "/tmp/test_source_process_acts.XXXXXX", failed[32] = "";
	struct maps_found own = ask_maps(getpid()), found;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(path));
	pid = start_with_dead_root(path, failed);
	if (!failed[0]) {
		alarm(30);
		found = ask_maps(pid);
		alarm(0);
		assert_int_equal(own.root.ino != 0, found.root.ino != 0);
		assert_true(!own.root.ino || own.root.dev != found.root.dev);
	}
	/* the mount goes with it */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	rmdir(path);
	if (failed[0]) {
		print_message("SKIPPED: %s is not permitted\n", failed);
		skip();
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_are_handed_over_and_nothing_else),
		cmocka_unit_test(what_is_no_plain_file_is_not_even_opened),
		cmocka_unit_test(a_map_behind_a_link_is_none),
		cmocka_unit_test(maps_come_with_whose_they_are),
		cmocka_unit_test(a_file_system_that_does_not_answer_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
