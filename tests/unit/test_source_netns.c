// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways into network namespaces, and out of them again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/facts.h"
#include "source/acts.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* A process in a namespace of its own, which nobody else is in; 0: none can be made. */
static pid_t begin(void)
{
	char answer = 'n';
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		answer = unshare(CLONE_NEWNET) ? 'n' : 'y';
		if (write(ready[1], &answer, 1) == 1 && answer == 'y')
			pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &answer, 1), 1);
	close(ready[0]);
	if (answer == 'y')
		return pid;
	waitpid(pid, NULL, 0);
	return 0;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* It ends as soon as one asks for its namespace, and who asked is refused. */
static pid_t ends;

static int refused_once(const char *path)
{
	char its[32];

	snprintf(its, sizeof(its), "/proc/%d/", ends);
	if (!ends || strncmp(path, its, strlen(its)) != 0)
		return 0;
	end(ends);
	ends = 0;
	errno = EACCES;
	return -1;
}

/* Before the C library's. */
int stat(const char *path, struct stat *st)
{
	return refused_once(path) ? -1 : fstatat(AT_FDCWD, path, st, 0);
}

int open(const char *path, int flags, ...)
{
	return refused_once(path) ? -1 : openat(AT_FDCWD, path, flags);
}

static uint32_t inode_of(const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static struct netns_way way_to(pid_t pid)
{
	struct netns_way way = { .cookie = 0 };

	snprintf(way.path, sizeof(way.path), "/proc/%d/ns/net", pid);
	way.ino = inode_of(way.path);
	return way;
}

/* What is asked for there, and that we are at home afterwards. */
static int visit(enum act_number act, const struct netns_way *way, struct answer *answer)
{
	uint32_t home = inode_of("/proc/self/ns/net");
	int ret = acts_ask(NULL, act, way, sizeof(*way), -1, answer);

	assert_int_equal(inode_of("/proc/self/ns/net"), home);
	return ret;
}

static uint64_t cookie_of(int socket)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	assert_int_equal(getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len), 0);
	return cookie;
}

#define BEGIN(pid)                                                            \
	do {                                                                  \
		pid = begin();                                                \
		if (!pid) {                                                   \
			print_message("SKIPPED: unshare(): not permitted\n"); \
			skip();                                               \
		}                                                             \
	} while (0)

static void what_is_opened_there_is_of_it(void **state)
{
	struct answer answer;
	struct netns_way way, found;
	pid_t pid;

	(void)state;
	BEGIN(pid);
	way = way_to(pid);
	assert_int_equal(visit(ACT_NETNS_OPEN, &way, &answer), 0);
	assert_int_equal(answer.size, sizeof(found));
	memcpy(&found, answer.data, sizeof(found));
	assert_int_equal(cookie_of(answer.fds[NETNS_DIAG]), found.cookie);
	for (unsigned int i = NETNS_SOCKSTAT; i <= NETNS_PORT_RANGE; i++)
		assert_true(answer.fds[i] >= 0);
	answer_release(&answer);
	/* there is nothing of it left that keeps it alive: the number is another's, or nobody's */
	end(pid);
	way.cookie = found.cookie;
	assert_int_equal(visit(ACT_NETNS_OPEN, &way, &answer), -ESRCH);
	assert_int_equal(answer.fds[NETNS_DIAG], -1);
	answer_release(&answer);
}

static void another_one_with_the_same_number_is_refused(void **state)
{
	struct answer answer;
	struct netns_way way;
	pid_t pid;

	(void)state;
	BEGIN(pid);
	way = way_to(pid);
	way.cookie = ~0ULL;
	assert_int_equal(visit(ACT_NETNS_COOKIE, &way, &answer), -ESRCH);
	answer_release(&answer);
	end(pid);
}

/* Whoever asks, a device or a pipe is not set off by a look at it; inotify(7) tells of that. */
static void what_is_no_namespace_is_not_even_opened(void **state)
{
	char folder[] = "/tmp/test_source_netns.XXXXXX", event[512];
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct netns_way way = { .cookie = 0 };
	struct answer answer;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(way.path, sizeof(way.path), "%s/pipe", folder);
	assert_int_equal(mkfifo(way.path, 0600), 0);
	way.ino = inode_of(way.path);
	assert_true(inotify_add_watch(watch, way.path, IN_OPEN) >= 0);
	alarm(10);
	assert_int_equal(visit(ACT_NETNS_OPEN, &way, &answer), -ESRCH);
	alarm(0);
	assert_int_equal(answer.fds[NETNS_DIAG], -1);
	answer_release(&answer);
	assert_int_equal(read(watch, event, sizeof(event)), -1);
	close(watch);
	unlink(way.path);
	rmdir(folder);
}

static void another_way_in_is_found(void **state)
{
	struct netns_way way, found;
	struct answer answer;
	pid_t pid;

	(void)state;
	BEGIN(pid);
	way = way_to(pid);
	strcpy(way.path, "/proc/2147483647/ns/net");
	assert_int_equal(visit(ACT_NETNS_COOKIE, &way, &answer), 0);
	memcpy(&found, answer.data, sizeof(found));
	assert_string_equal(found.path, way_to(pid).path);
	answer_release(&answer);
	end(pid);
}

static void its_own_is_looked_into_where_it_is(void **state)
{
	struct netns_way way = way_to(getpid()), found;
	struct answer answer;

	(void)state;
	/* no way in is needed */
	strcpy(way.path, "/nowhere");
	assert_int_equal(visit(ACT_NETNS_FACTS, &way, &answer), 0);
	memcpy(&found, answer.data, sizeof(found));
	assert_true(found.cookie != 0);
	assert_non_null(facts_find(answer.data + sizeof(found), "proc/net/sockstat").text);
	answer_release(&answer);
}

static bool was_seen(const struct answer *answer, uint32_t ino)
{
	struct netns_scan scan;
	struct netns_seen seen;
	unsigned int times = 0;

	memcpy(&scan, answer->data, sizeof(scan));
	assert_int_equal(answer->size, sizeof(scan) + scan.count * sizeof(seen));
	for (uint32_t i = 0; i < scan.count; i++) {
		memcpy(&seen, answer->data + sizeof(scan) + i * sizeof(seen), sizeof(seen));
		times += seen.ino == ino;
	}
	assert_true(times <= 1);
	return times;
}

static void a_scan_sees_each_once(void **state)
{
	struct answer answer;
	uint32_t ino;
	pid_t pid;

	(void)state;
	BEGIN(pid);
	ino = way_to(pid).ino;
	assert_int_equal(acts_ask(NULL, ACT_NETNS_SCAN, NULL, 0, -1, &answer), 0);
	assert_true(was_seen(&answer, ino));
	assert_true(was_seen(&answer, inode_of("/proc/self/ns/net")));
	answer_release(&answer);
	end(pid);
}

static bool sees_all(void)
{
	struct netns_scan scan;
	struct answer answer;

	assert_int_equal(acts_ask(NULL, ACT_NETNS_SCAN, NULL, 0, -1, &answer), 0);
	memcpy(&scan, answer.data, sizeof(scan));
	answer_release(&answer);
	return scan.complete;
}

static void one_that_ends_meanwhile_is_not_hidden(void **state)
{
	struct answer answer;
	struct netns_way way;
	pid_t pid;

	(void)state;
	BEGIN(pid);
	way = way_to(pid);
	ends = pid;
	assert_int_equal(visit(ACT_NETNS_COOKIE, &way, &answer), -ESRCH);
	assert_int_equal(ends, 0);
	answer_release(&answer);
	if (!sees_all()) {
		print_message("SKIPPED: processes are hidden from us\n");
		skip();
	}
	BEGIN(pid);
	ends = pid;
	assert_true(sees_all());
	assert_int_equal(ends, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_opened_there_is_of_it),
		cmocka_unit_test(another_one_with_the_same_number_is_refused),
		cmocka_unit_test(what_is_no_namespace_is_not_even_opened),
		cmocka_unit_test(another_way_in_is_found),
		cmocka_unit_test(its_own_is_looked_into_where_it_is),
		cmocka_unit_test(a_scan_sees_each_once),
		cmocka_unit_test(one_that_ends_meanwhile_is_not_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
