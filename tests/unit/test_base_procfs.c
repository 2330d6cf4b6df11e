/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and figures of the kernel, from trees and texts of the test's own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/procfs.h"

#define NO_VALUE 0xdeadbeefULL

/* A directory that the test fills and tree_remove() empties. */
static int tree_create(void **state)
{
	char *root = strdup("/tmp/test_base_procfs.XXXXXX");

	if (!root || !mkdtemp(root)) {
		free(root);
		return -1;
	}
	*state = root;
	return 0;
}

static const char *const tree_paths[] = {
	/* in the order of removal */
	"file",	     "proc/1",	"proc/007", "proc/42",		"proc/4194304", "proc/12x",
	"proc/self", "proc/99", "proc/0",   "proc/99999999999", "proc",
};

static char *tree_path(const char *root, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static int tree_remove(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(tree_paths) / sizeof(tree_paths[0]); i++)
		remove(tree_path(*state, tree_paths[i]));
	rmdir(*state);
	free(*state);
	return 0;
}

static void tree_file(const char *root, const char *name, const char *text, size_t len)
{
	FILE *file = fopen(tree_path(root, name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

static void reads_a_file_that_fits(void **state)
{
	static const struct {
		size_t file, size;
		ssize_t ret;
		const char *why;
	} cases[] = {
		{ 0, 8, 0, "empty" },
		{ 0, 1, 0, "room for the NUL only, and nothing to read" },
		{ 6, 8, 6, "room to spare" },
		{ 7, 8, 7, "just fits with its NUL" },
		{ 8, 8, -EFBIG, "no room for the NUL" },
		{ 9, 8, -EFBIG, "too large" },
		{ 1, 0, -EFBIG, "no buffer at all" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[16];
		ssize_t ret;

		memset(buf, '#', sizeof(buf));
		tree_file(*state, "file", "123456789", cases[i].file);
		ret = procfs_read(tree_path(*state, "file"), buf, cases[i].size);
		if (ret != cases[i].ret)
			fail_msg("%s: returned %zd", cases[i].why, ret);
		if (ret >= 0 &&
		    (strlen(buf) != cases[i].file || strncmp(buf, "123456789", cases[i].file) != 0))
			fail_msg("%s: read '%s'", cases[i].why, buf);
		if (buf[cases[i].size] != '#')
			fail_msg("%s: wrote past the end of the buffer", cases[i].why);
	}
}

/* A pipe holds 64 KiB, so this takes several reads, as do seq_files with their pages. */
static void reads_on_until_the_file_ends(void **state)
{
	static char text[100000], buf[sizeof(text) + 1];
	int status;
	pid_t child;

	memset(text, 'x', sizeof(text));
	assert_int_equal(mkfifo(tree_path(*state, "file"), 0600), 0);
	child = fork();
	if (child == 0) {
		FILE *file = fopen(tree_path(*state, "file"), "w");

		_exit(!file || fwrite(text, 1, sizeof(text), file) != sizeof(text) || fclose(file));
	}
	assert_true(child > 0);
	assert_int_equal(procfs_read(tree_path(*state, "file"), buf, sizeof(buf)), sizeof(text));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_memory_equal(buf, text, sizeof(text));
	assert_int_equal(buf[sizeof(text)], '\0');
}

static void says_what_is_missing_with_errno(void **state)
{
	char buf[8];

	assert_int_equal(procfs_read(tree_path(*state, "none"), buf, sizeof(buf)), -ENOENT);
	assert_int_equal(procfs_read(*state, buf, sizeof(buf)), -EISDIR);
	assert_int_equal(procfs_each_pid(tree_path(*state, "none"), NULL, NULL), -ENOENT);
}

struct pids {
	pid_t seen[16];
	unsigned int count, stop_after;
};

static int note_pid(void *ctx, pid_t pid)
{
	struct pids *pids = ctx;

	assert_true(pids->count < 16);
	pids->seen[pids->count++] = pid;
	return pids->count == pids->stop_after ? 77 : 0;
}

static bool has_pid(const struct pids *pids, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < pids->count; i++) {
		if (pids->seen[i] == pid)
			return true;
	}
	return false;
}

static void lists_numeric_directories_only(void **state)
{
	static const char *const dirs[] = { "proc",	    "proc/1",	"proc/42",
					    "proc/4194304", "proc/12x", "proc/self",
					    "proc/0",	    "proc/007", "proc/99999999999" };
	struct pids pids = { 0 };
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_int_equal(mkdir(tree_path(*state, dirs[i]), 0755), 0);
	tree_file(*state, "proc/99", "", 0);

	assert_int_equal(procfs_each_pid(*state, note_pid, &pids), 0);
	assert_int_equal(pids.count, 3);
	assert_true(has_pid(&pids, 1));
	assert_true(has_pid(&pids, 42));
	assert_true(has_pid(&pids, 4194304));

	pids = (struct pids){ .stop_after = 2 };
	assert_int_equal(procfs_each_pid(*state, note_pid, &pids), 77);
	assert_int_equal(pids.count, 2);
}

static const char netstat[] = "TcpExt: SyncookiesSent TW TWRecycled TWKilled TCPTimeWaitOverflow\n"
			      "TcpExt: 1 22 333 4444 18446744073709551615\n"
			      "IpExt: InNoRoutes TW\n"
			      "IpExt: 6 77\n"
			      "Tcp: RtoAlgorithm MaxConn Dash ActiveOpens TooLarge Short\n"
			      "Tcp: 1 -1 - 9 18446744073709551616\n"
			      "Odd: Only\n"
			      "Even: Names\n"
			      "Even: 5";

static void finds_figures_in_netstat(void **state)
{
	static const struct {
		const char *proto, *field;
		int ret;
		uint64_t value;
		const char *why;
	} cases[] = {
		{ "TcpExt", "SyncookiesSent", 0, 1, "the first" },
		{ "TcpExt", "TW", 0, 22, "not TWRecycled" },
		{ "TcpExt", "TWKilled", 0, 4444, "in the middle" },
		{ "TcpExt", "TCPTimeWaitOverflow", 0, UINT64_MAX, "the last, the largest" },
		{ "IpExt", "TW", 0, 77, "the same name in another block" },
		{ "Tcp", "ActiveOpens", 0, 9, "after a negative one; not TcpExt" },
		{ "Tcp", "MaxConn", -ENOENT, NO_VALUE, "no count is negative" },
		{ "Tcp", "Dash", -ENOENT, NO_VALUE, "no digit at all" },
		{ "Tcp", "TW", -ENOENT, NO_VALUE, "of a block whose name only begins alike" },
		{ "Tcp", "TooLarge", -ENOENT, NO_VALUE, "does not fit" },
		{ "Tcp", "Short", -ENOENT, NO_VALUE, "a name without a value" },
		{ "TcpExt", "T", -ENOENT, NO_VALUE, "part of a name" },
		{ "TcpExt", "InNoRoutes", -ENOENT, NO_VALUE, "of another block" },
		{ "TcpExt", "", -ENOENT, NO_VALUE, "no name" },
		{ "Ext", "TW", -ENOENT, NO_VALUE, "no such block" },
		{ "Odd", "Only", -ENOENT, NO_VALUE, "a block without values" },
		{ "Even", "Names", 0, 5, "no newline at the end" },
		{ "Tcp", "9", -ENOENT, NO_VALUE, "a value is not a name" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = NO_VALUE;
		int ret = procfs_netstat_field(netstat, cases[i].proto, cases[i].field, &value);

		if (ret != cases[i].ret || value != cases[i].value)
			fail_msg("%s: returned %d, %" PRIu64, cases[i].why, ret, value);
	}
	assert_int_equal(procfs_netstat_field("", "TcpExt", "TW", &(uint64_t){ 0 }), -ENOENT);
}

static const char sockstat[] = "sockets: used 10\n"
			       "TCP: inuse 1 orphan 0 tw 26 alloc 3 mem 301\n"
			       "UDP: inuse 4 mem 0\n"
			       "TCP6: inuse 8\n"
			       "FRAG: inuse 0 memory";

static void finds_figures_in_sockstat(void **state)
{
	static const struct {
		const char *line, *field;
		int ret;
		uint64_t value;
		const char *why;
	} cases[] = {
		{ "TCP", "tw", 0, 26, "what it is for" },
		{ "TCP", "inuse", 0, 1, "the first" },
		{ "TCP", "mem", 0, 301, "the last" },
		{ "UDP", "inuse", 0, 4, "another line" },
		{ "TCP6", "inuse", 0, 8, "a line that begins alike" },
		{ "UDP", "tw", -ENOENT, NO_VALUE, "not on that line" },
		{ "TCP", "301", -ENOENT, NO_VALUE, "a value is not a name" },
		{ "TCP", "t", -ENOENT, NO_VALUE, "part of a name" },
		{ "TC", "tw", -ENOENT, NO_VALUE, "no such line" },
		{ "FRAG", "memory", -ENOENT, NO_VALUE, "a name without a value" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = NO_VALUE;
		int ret = procfs_sockstat_field(sockstat, cases[i].line, cases[i].field, &value);

		if (ret != cases[i].ret || value != cases[i].value)
			fail_msg("%s: returned %d, %" PRIu64, cases[i].why, ret, value);
	}
}

static void prefers_the_cgroup_that_tells_most(void **state)
{
	static const struct {
		const char *text;
		int ret;
		const char *path, *why;
	} cases[] = {
		{ "0::/system.slice/a.service\n", 0, "/system.slice/a.service", "v2 alone" },
		{ "1:name=systemd:/s\n4:memory:/m\n0::/v2\n", 0, "/v2", "v2 wins" },
		{ "1:name=systemd:/s\n4:memory:/m\n0::/\n", 0, "/s", "v2 at its root: systemd" },
		{ "4:memory:/m\n1:name=systemd:/s\n", 0, "/s", "in any order" },
		{ "9:name=systemd:/\n5:cpu:/c\n4:memory:/m\n0::/\n", 0, "/m", "then memory" },
		{ "4:hugetlb,memory:/m\n5:cpu:/c\n", 0, "/m", "memory among others" },
		{ "5:cpu:/c\n4:memory2:/m\n", 0, "/c", "only by its whole name" },
		{ "8:pids:/\n5:cpu,cpuacct:/c\n3:cpuset:/d\n", 0, "/c", "then the first" },
		{ "0::/a:b:c\n", 0, "/a:b:c", "colons in the path" },
		{ "0::/a b", 0, "/a b", "blanks, and no newline" },
		{ "9:name=systemd:/\n0::/\n", -ENOENT, "#", "nothing but roots" },
		{ "", -ENOENT, "#", "nothing" },
		{ "junk\n0:junk\n0::\n", -ENOENT, "#", "lines that make no sense" },
		{ "0::/12345678901234567890123\n", -ENAMETOOLONG, "#", "one byte too long" },
		{ "0::/1234567890123456789012\n", 0, "/1234567890123456789012", "just fits" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[24] = "#";
		int ret = procfs_cgroup_path(cases[i].text, path, sizeof(path));

		if (ret != cases[i].ret || strcmp(path, cases[i].path) != 0)
			fail_msg("%s: returned %d, '%s'", cases[i].why, ret, path);
	}
}

static void finds_when_a_process_began(void **state)
{
	static const char rest[] =
		" S 1 17 17 0 -1 4194560 90 0 0 0 0 1 0 0 20 0 1 0 123456 2699264 ";
	static const struct {
		const char *command;
		uint64_t began;
	} cases[] = {
		{ "17 (sleep)", 123456 }, { "17 (a b)", 123456 }, { "17 (a) S 1 (b)", 123456 },
		{ "17 ()", 123456 },	  { "17 no command", 0 },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", cases[i].command, rest);
		assert_int_equal(procfs_started(text), cases[i].began);
	}
	assert_int_equal(procfs_started("17 (sleep) S 1 17"), 0);
	assert_int_equal(procfs_started(""), 0);
}

static unsigned long namespace_inode(const char *kind)
{
	char path[64], text[64] = "";
	const char *number;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	if (readlink(path, text, sizeof(text) - 1) < 0)
		return 0;
	number = strchr(text, '[');
	return number ? strtoul(number + 1, NULL, 10) : 0;
}

static void knows_the_namespaces_it_can_know(void **state)
{
	(void)state;
	assert_int_equal(procfs_in_hosts("pid"), namespace_inode("pid") == 4026531836);
	assert_int_equal(procfs_in_hosts("user"), namespace_inode("user") == 4026531837);
	assert_int_equal(procfs_in_hosts("net"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_a_file_that_fits, tree_create, tree_remove),
		cmocka_unit_test_setup_teardown(reads_on_until_the_file_ends, tree_create,
						tree_remove),
		cmocka_unit_test_setup_teardown(says_what_is_missing_with_errno, tree_create,
						tree_remove),
		cmocka_unit_test_setup_teardown(lists_numeric_directories_only, tree_create,
						tree_remove),
		cmocka_unit_test(finds_figures_in_netstat),
		cmocka_unit_test(finds_figures_in_sockstat),
		cmocka_unit_test(prefers_the_cgroup_that_tells_most),
		cmocka_unit_test(finds_when_a_process_began),
		cmocka_unit_test(knows_the_namespaces_it_can_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
