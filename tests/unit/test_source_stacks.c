// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks of this very program, as if the kernel had taken them, until they are delivered. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/procfs.h"
#include "descriptors.h"
#include "openat2.h"
#include "source/stacks.h"

#define NOW 5000

struct heard {
	unsigned int texts, stacks;
	uint64_t told[8];	/* numbers of stacks, of the texts */
	uint64_t number[8];	/* of the stacks of sockets */
	char text[8][2048];
	struct tw_stack last;
};

static void hear(void *ctx, const struct tw_record *record)
{
	struct heard *heard = ctx;

	assert_int_equal(record->ts_ns, NOW);
	if (record->kind == TW_STACK_TEXT) {
		const struct tw_stack_text *text = (const void *)record;

		assert_int_equal(record->size % 8, 0);
		heard->told[heard->texts] = text->stack;
		snprintf(heard->text[heard->texts++], sizeof(heard->text[0]), "%s", text->text);
		return;
	}
	assert_int_equal(record->kind, TW_STACK);
	heard->last = *(const struct tw_stack *)record;
	heard->number[heard->stacks++] = heard->last.stack;
}

static uint64_t own_stack_start(void)
{
	char stat[1024], *at;

	assert_true(procfs_read("/proc/self/stat", stat, sizeof(stat)) > 0);
	at = strrchr(stat, ')');
	for (int field = 2; field < 28; field++)
		at = strchr(at + 1, ' ');
	return strtoull(at, NULL, 10);
}

/* One that comes whole: @frames of them. The process has its stack where this one has. */
static void take_of(struct stacks *stacks, pid_t pid, uint64_t cookie, const void *const *frames,
		    size_t count)
{
	union {
		struct tw_stack_seen seen;
		char room[TW_STACK_SEEN_WHOLE];
	} record = { .room = { 0 } };
	__u64 *to = (__u64 *)(record.seen.piece + TW_STACK_PIECE);

	record.seen.head.kind = TW_STACK_SEEN;
	record.seen.head.size = TW_STACK_SEEN_WHOLE;
	record.seen.head.from = TW_ACCEPTED;
	record.seen.head.ts_ns = 1;
	record.seen.cookie = cookie;
	record.seen.pid = pid;
	record.seen.tid = 77;
	record.seen.stack_start = own_stack_start();
	strcpy(record.seen.thread, "a thread");
	record.seen.id = -1;
	record.seen.nr_frames = count;
	for (size_t i = 0; i < count; i++)
		to[i] = (uintptr_t)frames[i];
	stacks_take(stacks, &record.seen.head);
}

static void take(struct stacks *stacks, uint64_t cookie, const void *const *frames, size_t count)
{
	take_of(stacks, getpid(), cookie, frames, count);
}

static void listen_to(struct stacks *stacks, struct heard *heard)
{
	struct receiver to = { .receive = hear, .ctx = heard };

	stacks_wait(stacks, 10000);
	stacks_deliver(stacks, NOW, &to);
}

static struct stacks *new_stacks(void)
{
	const struct stacks_opts opts = { .ids_fd = -1, .counters_fd = -1 };
	struct stacks *stacks = stacks_new(&opts, NULL);

	assert_non_null(stacks);
	return stacks;
}

static void tells_each_text_once_and_every_socket(void **state)
{
	const void *const one[] = { listen_to, (const char *)new_stacks + 8 }, *const other[] = {
		hear
	};
	struct heard heard = { .texts = 0 };
	struct stacks *stacks;

	(void)state;
	/* by which the thread, without capabilities, finds this program */
	if (!openat2_is_there())
		skip();
	stacks = new_stacks();
	take(stacks, 1, one, 2);
	take(stacks, 2, one, 2);
	take(stacks, 3, other, 1);
	listen_to(stacks, &heard);
	assert_int_equal(heard.texts, 2);
	assert_int_equal(heard.stacks, 3);
	assert_int_equal(heard.number[0], heard.told[0]);
	assert_int_equal(heard.number[1], heard.told[0]);
	assert_int_equal(heard.number[2], heard.told[1]);
	assert_int_not_equal(heard.told[0], 0);
	assert_int_not_equal(heard.told[0], heard.told[1]);
	assert_int_equal(heard.last.cookie, 3);
	assert_int_equal(heard.last.pid, getpid());
	assert_int_equal(heard.last.tid, 77);
	assert_int_equal(heard.last.head.from, TW_ACCEPTED);
	assert_string_equal(heard.last.thread, "a thread");
#ifdef HAVE_LIBDW
	assert_memory_equal(heard.text[0], "listen_to tests/unit/test_source_stacks.c:", 42);
	assert_non_null(strstr(heard.text[0], "\nnew_stacks tests/unit/test_source_stacks.c:"));
#else
	assert_memory_equal(heard.text[0], "test_source_stacks+0x", 21);
#endif
	stacks_free(stacks);
}

static void a_stack_without_frames_has_no_number(void **state)
{
	struct stacks *stacks = new_stacks();
	struct heard heard = { .texts = 0 };

	(void)state;
	take(stacks, 1, NULL, 0);
	listen_to(stacks, &heard);
	assert_int_equal(heard.texts, 0);
	assert_int_equal(heard.stacks, 1);
	assert_int_equal(heard.number[0], 0);
	stacks_free(stacks);
}

static void what_is_not_delivered_is_freed(void **state)
{
	const void *const frames[] = { listen_to };
	struct stacks *stacks = new_stacks();

	(void)state;
	for (unsigned int i = 0; i < 3000; i++)
		take(stacks, i + 1, frames, 1);
	stacks_free(stacks);
}

static void asks_no_server_unless_told_to(void **state)
{
	const struct stacks_opts opts = { .ids_fd = -1, .counters_fd = -1, .debuginfod = true };
	struct stacks *stacks;

	(void)state;
	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:9", 1);
	stacks = stacks_new(&opts, NULL);
	assert_non_null(getenv("DEBUGINFOD_URLS"));
	stacks_free(stacks);
	stacks_free(new_stacks());
	assert_null(getenv("DEBUGINFOD_URLS"));
}

/* ------------------------------------------------------------------------------ roots */

/* The thread that reads programs, which any user may have made: every other one here. */
static void what_names_them_has_no_capabilities(void **state)
{
	const void *const frames[] = { hear };
	struct stacks *stacks = new_stacks();
	struct heard heard = { .texts = 0 };
	char path[300], status[4096];
	unsigned int others = 0;
	struct dirent *task;
	DIR *tasks;

	(void)state;
	take(stacks, 1, frames, 1);
	listen_to(stacks, &heard);
	tasks = opendir("/proc/self/task");
	assert_non_null(tasks);
	while ((task = readdir(tasks))) {
		if (task->d_name[0] == '.' || atoi(task->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
		assert_true(procfs_read(path, status, sizeof(status)) > 0);
		assert_non_null(strstr(status, "CapPrm:\t0000000000000000"));
		assert_non_null(strstr(status, "CapEff:\t0000000000000000"));
		others++;
	}
	closedir(tasks);
	assert_int_equal(others, 1);
	assert_true(stacks_free(stacks));
}

#define MANY 100

static int root_of_its_own(void)
{
	return chroot("/proc");
}

static int mounts_of_its_own(void)
{
	return unshare(CLONE_NEWNS);
}

/* A process that waits for its end, or -1: it could not get what it was to have, if anything. */
static pid_t start_process(int (*get)(void))
{
	pid_t parent = getpid(), pid;
	char could = 0;
	int ends[2];

	assert_return_code(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		could = getppid() == parent && (!get || !get());
		if (write(ends[1], &could, 1) != 1 || !could)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &could, 1) != 1)
		could = 0;
	close(ends[0]);
	if (could)
		return pid;
	waitpid(pid, NULL, 0);
	return -1;
}

static void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A stack of it, in no file that would be opened for it. */
static void take_process(struct stacks *stacks, pid_t pid)
{
	static const void *const nowhere[] = { (const void *)1 };
	struct heard heard = { .texts = 0 };

	take_of(stacks, pid, 1, nowhere, 1);
	listen_to(stacks, &heard);
	assert_int_equal(heard.stacks, 1);
}

static bool mounts_are_told(void)
{
	struct statx st;

	if (!statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &st) && st.stx_mask & STATX_MNT_ID)
		return true;
	print_message("SKIPPED: statx() does not tell which mount it is, so nothing is shared\n");
	return false;
}

static void processes_with_one_root_cost_one_descriptor(void **state)
{
	unsigned int before = count_descriptors();
	struct stacks *stacks = new_stacks();

	(void)state;
	if (!mounts_are_told()) {
		stacks_free(stacks);
		skip();
	}
	for (unsigned int i = 0; i < MANY; i++) {
		pid_t pid = start_process(NULL);

		take_process(stacks, pid);
		end_process(pid);
		assert_int_equal(count_descriptors(), before + 1);
	}
	stacks_free(stacks);
	assert_int_equal(count_descriptors(), before);
}

/* Chosen by the process, or the same directory in another mount of it. */
static void another_root_has_its_own_descriptor(void **state)
{
	static int (*const gets[])(void) = { NULL, root_of_its_own, mounts_of_its_own };
	unsigned int before = count_descriptors();
	struct stacks *stacks = new_stacks();
	bool could = true;

	(void)state;
	for (unsigned int i = 0; could && i < sizeof(gets) / sizeof(gets[0]); i++) {
		pid_t pid = start_process(gets[i]);

		could = pid > 0;
		if (!could)
			break;
		take_process(stacks, pid);
		end_process(pid);
		assert_int_equal(count_descriptors(), before + i + 1);
	}
	stacks_free(stacks);
	assert_int_equal(count_descriptors(), before);
	if (!could) {
		print_message("SKIPPED: neither chroot() nor unshare() may be permitted\n");
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_each_text_once_and_every_socket),
		cmocka_unit_test(a_stack_without_frames_has_no_number),
		cmocka_unit_test(what_is_not_delivered_is_freed),
		cmocka_unit_test(asks_no_server_unless_told_to),
		cmocka_unit_test(what_names_them_has_no_capabilities),
		cmocka_unit_test(processes_with_one_root_cost_one_descriptor),
		cmocka_unit_test(another_root_has_its_own_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
