// SPDX-License-Identifier: GPL-2.0-or-later
/* What is left to a process once it is limited; each in a child, since it is for good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/landlock.h"

#define NR_FOLDERS 3

/* read/old, write/old, other/old */
struct tree {
	char root[64];
	char folder[NR_FOLDERS][80];
};

static const char *const names[NR_FOLDERS] = { "read", "write", "other" };

static void put_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

static int set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	char path[PATH_MAX];

	snprintf(tree->root, sizeof(tree->root), "/tmp/twtrace-landlock-XXXXXX");
	assert_non_null(mkdtemp(tree->root));
	for (unsigned int i = 0; i < NR_FOLDERS; i++) {
		snprintf(tree->folder[i], sizeof(tree->folder[i]), "%s/%s", tree->root, names[i]);
		assert_int_equal(mkdir(tree->folder[i], 0700), 0);
		snprintf(path, sizeof(path), "%s/old", tree->folder[i]);
		put_file(path);
	}
	*state = tree;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const left[] = { "old", "new", "moved", "folder" };
	struct tree *tree = *state;
	char path[PATH_MAX];

	for (unsigned int i = 0; i < NR_FOLDERS; i++) {
		for (unsigned int j = 0; j < sizeof(left) / sizeof(left[0]); j++) {
			snprintf(path, sizeof(path), "%s/%s", tree->folder[i], left[j]);
			remove(path);
		}
		rmdir(tree->folder[i]);
	}
	rmdir(tree->root);
	free(tree);
	return 0;
}

/* ------------------------------------------------------------------------- in the child */

/* Each returns an errno, 0: it was let. */
static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int try_rename(const char *folder)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/old", folder);
	snprintf(to, sizeof(to), "%s/moved", folder);
	return rename(from, to) ? errno : 0;
}

static int try_mkdir(const char *folder)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/folder", folder);
	return mkdir(path, 0700) ? errno : 0;
}

static int try_tcp(bool binds)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ret;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (binds)
		at.sin_port = 0;
	ret = binds ? bind(fd, (struct sockaddr *)&at, sizeof(at)) :
		      connect(fd, (struct sockaddr *)&at, sizeof(at));
	ret = ret ? errno : 0;
	close(fd);
	return ret;
}

/* A socket of the parent's, without a file. */
static const struct sockaddr_un abstract = { AF_UNIX, "\0twtrace-test-landlock" };

static int try_abstract(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	ret = sendto(fd, "x", 1, 0, (const struct sockaddr *)&abstract, sizeof(abstract)) < 0 ?
		      errno :
		      0;
	close(fd);
	return ret;
}

struct finding {
	int read[NR_FOLDERS], write[NR_FOLDERS], make[NR_FOLDERS], move[NR_FOLDERS];
	int folder[NR_FOLDERS], list[NR_FOLDERS];
	int inherited;		/* to read on what was open before */
	int binds, connects, execs;
	int thread;		/* to read other/old, from a thread */
	int no_new_privs;
};

static void *read_elsewhere(void *path)
{
	return (void *)(intptr_t)try_open(path, O_RDONLY);
}

static void look(const struct tree *tree, struct finding *finding, int open_before)
{
	char path[PATH_MAX], byte;
	pthread_t thread;
	void *ret;

	for (unsigned int i = 0; i < NR_FOLDERS; i++) {
		snprintf(path, sizeof(path), "%s/old", tree->folder[i]);
		finding->read[i] = try_open(path, O_RDONLY);
		finding->write[i] = try_open(path, O_WRONLY | O_TRUNC);
		finding->list[i] = try_open(tree->folder[i], O_RDONLY | O_DIRECTORY);
		snprintf(path, sizeof(path), "%s/new", tree->folder[i]);
		finding->make[i] = try_open(path, O_WRONLY | O_CREAT);
		finding->move[i] = try_rename(tree->folder[i]);
		finding->folder[i] = try_mkdir(tree->folder[i]);
	}
	finding->inherited = read(open_before, &byte, 1) == 1 ? 0 : errno;
	finding->binds = try_tcp(true);
	finding->connects = try_tcp(false);
	execl("/bin/true", "true", NULL);
	finding->execs = errno;
	snprintf(path, sizeof(path), "%s/other/old", tree->root);
	pthread_create(&thread, NULL, read_elsewhere, path);
	pthread_join(thread, &ret);
	finding->thread = (int)(intptr_t)ret;
	finding->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

/* ------------------------------------------------------------------------- in the parent */

static struct finding limited(const struct tree *tree, const struct landlock_net *net,
			      enum landlock_access writes)
{
	const struct landlock_rule rules[] = {
		{ tree->folder[0], LANDLOCK_READ },
		{ "/nonexistent/folder", LANDLOCK_READ },
		{ tree->folder[1], writes },
	};
	struct finding finding = { .no_new_privs = -1 };
	struct error err = { 0 };
	char path[PATH_MAX];
	int ends[2], fd, status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		snprintf(path, sizeof(path), "%s/old", tree->folder[2]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (landlock_limit(rules, sizeof(rules) / sizeof(rules[0]), net, &err)) {
			fprintf(stderr, "%s\n", err.text);
			_exit(1);
		}
		look(tree, &finding, fd);
		_exit(write(ends[1], &finding, sizeof(finding)) != sizeof(finding));
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &finding, sizeof(finding)), sizeof(finding));
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return finding;
}

static void need_landlock(int version)
{
	if (landlock_version() >= version)
		return;
	print_message("Landlock is of version %d here, and %d is needed\n", landlock_version(),
		      version);
	skip();
}

static void nothing_is_opened_but_what_is_named(void **state)
{
	const struct landlock_net net = { .connects = false };
	struct finding finding;

	need_landlock(1);
	finding = limited(*state, &net, LANDLOCK_REPLACE);
	assert_int_equal(finding.read[0], 0);
	assert_int_equal(finding.list[0], 0);
	assert_int_equal(finding.write[0], EACCES);
	assert_int_equal(finding.make[0], EACCES);
	assert_int_equal(finding.move[0], EACCES);
	assert_int_equal(finding.folder[0], EACCES);

	assert_int_equal(finding.read[1], 0);
	assert_int_equal(finding.write[1], 0);
	assert_int_equal(finding.make[1], 0);
	assert_int_equal(finding.move[1], 0);
	assert_int_equal(finding.folder[1], EACCES);

	assert_int_equal(finding.read[2], EACCES);
	assert_int_equal(finding.list[2], EACCES);
	assert_int_equal(finding.write[2], EACCES);
	assert_int_equal(finding.make[2], EACCES);
	assert_int_equal(finding.move[2], EACCES);
	assert_int_equal(finding.folder[2], EACCES);

	assert_int_equal(finding.inherited, 0);
	assert_int_equal(finding.execs, EACCES);
	assert_int_equal(finding.thread, EACCES);
	assert_int_equal(finding.no_new_privs, 1);
}

static void folders_are_made_where_that_is_said(void **state)
{
	const struct landlock_net net = { .connects = false };
	struct finding finding;

	need_landlock(1);
	finding = limited(*state, &net, LANDLOCK_GROW);
	assert_int_equal(finding.make[1], 0);
	assert_int_equal(finding.folder[1], 0);
	assert_int_equal(finding.folder[0], EACCES);
}

static void no_port_is_bound_and_nobody_is_called(void **state)
{
	const struct landlock_net net = { .connects = false };
	struct finding finding;

	need_landlock(4);
	finding = limited(*state, &net, LANDLOCK_READ);
	assert_int_equal(finding.binds, EACCES);
	assert_int_equal(finding.connects, EACCES);
}

static void calls_may_be_let(void **state)
{
	const struct landlock_net net = { .connects = true };
	struct finding finding;

	need_landlock(4);
	finding = limited(*state, &net, LANDLOCK_READ);
	assert_int_equal(finding.binds, EACCES);
	assert_int_not_equal(finding.connects, EACCES);
}

/* 0: it reaches them; else an errno. */
static int reaches_abstract(bool may)
{
	const struct landlock_net net = { .abstract = may };
	struct error err = { 0 };
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(landlock_limit(NULL, 0, &net, &err) ? 255 : try_abstract());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void sockets_without_a_file_are_out_of_reach_unless_let(void **state)
{
	int heard;

	(void)state;
	need_landlock(6);
	heard = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(heard, (const struct sockaddr *)&abstract, sizeof(abstract)), 0);
	assert_int_equal(reaches_abstract(true), 0);
	assert_int_equal(reaches_abstract(false), EPERM);
	close(heard);
}

static void a_second_limit_takes_away_more(void **state)
{
	const struct tree *tree = *state;
	const struct landlock_rule first = { tree->root, LANDLOCK_READ };
	const struct landlock_rule second = { tree->folder[0], LANDLOCK_READ };
	const struct landlock_net net = { .connects = false };
	struct error err = { 0 };
	char path[PATH_MAX];
	int status;
	pid_t pid;

	need_landlock(1);
	pid = fork();
	if (!pid) {
		snprintf(path, sizeof(path), "%s/old", tree->folder[2]);
		if (landlock_limit(&first, 1, &net, &err) || try_open(path, O_RDONLY))
			_exit(1);
		if (landlock_limit(&second, 1, &net, &err))
			_exit(2);
		_exit(try_open(path, O_RDONLY) == EACCES ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_opened_but_what_is_named, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(folders_are_made_where_that_is_said, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(no_port_is_bound_and_nobody_is_called, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(calls_may_be_let, set_up, tear_down),
		cmocka_unit_test(sockets_without_a_file_are_out_of_reach_unless_let),
		cmocka_unit_test_setup_teardown(a_second_limit_takes_away_more, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
