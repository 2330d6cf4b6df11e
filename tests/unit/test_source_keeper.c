// SPDX-License-Identifier: GPL-2.0-or-later
/* The keeper's transport: what passes, what ends it, and what it is left with. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/procfs.h"
#include "base/self.h"
#include "scarcity.h"
#include "source/keeper.h"

enum {
	ACT_ECHO,
	ACT_MUCH,
	ACT_FILES,
	ACT_FAIL,
	ACT_PID,
	ACT_STOP,
	ACT_WAIT,
	ACT_HOLD,
	ACT_OPEN_FDS,
	NR_ACTS
};

#define MUCH 100000

static int echo(const struct request *request, struct answer *answer)
{
	return answer_add(answer, request->data, request->size);
}

static int much(const struct request *request, struct answer *answer)
{
	int ret = 0;

	(void)request;
	for (uint32_t i = 0; !ret && i < MUCH; i++)
		ret = answer_add(answer, &i, sizeof(i));
	return ret;
}

/* What came with it, in the second place, and a file of its own in the last. */
static int files(const struct request *request, struct answer *answer)
{
	answer->fds[1] = dup(request->fd);
	answer->fds[3] = open("/proc/self/comm", O_RDONLY);
	return 0;
}

/* What there is of an answer comes all the same. */
static int break_off(const struct request *request, struct answer *answer)
{
	(void)request;
	answer_add(answer, "half", 4);
	return -EXDEV;
}

static int tell_pid(const struct request *request, struct answer *answer)
{
	pid_t pid = getpid();

	(void)request;
	return answer_add(answer, &pid, sizeof(pid));
}

static int stop(const struct request *request, struct answer *answer)
{
	(void)request;
	(void)answer;
	return -raise(SIGSTOP);
}

/* Until a byte comes through what came with it. */
static int wait_for_byte(const struct request *request, struct answer *answer)
{
	char byte;

	(void)answer;
	return read(request->fd, &byte, 1) == 1 ? 0 : -EIO;
}

/* From now on no capability can be given up. */
static int hold_fast(const struct request *request, struct answer *answer)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	(void)request;
	(void)answer;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -errno : 0;
}

static int open_fds(const struct request *request, struct answer *answer)
{
	uint64_t open = 0;

	(void)request;
	for (int fd = 0; fd < 64; fd++)
		open |= (uint64_t)(fcntl(fd, F_GETFD) >= 0) << fd;
	return answer_add(answer, &open, sizeof(open));
}

static const struct act acts[NR_ACTS] = {
	[ACT_ECHO] = { .run = echo, .size = 8 }, [ACT_MUCH] = { .run = much },
	[ACT_FILES] = { .run = files },		 [ACT_FAIL] = { .run = break_off },
	[ACT_PID] = { .run = tell_pid },	 [ACT_STOP] = { .run = stop },
	[ACT_WAIT] = { .run = wait_for_byte },	 [ACT_OPEN_FDS] = { .run = open_fds },
	[ACT_HOLD] = { .run = hold_fast },
};

static struct keeper *start(unsigned int limit_ms)
{
	const struct keeper_opts opts = {
		.acts = acts,
		.nr_acts = NR_ACTS,
		.caps = CAPS(SYS_PTRACE) | CAPS(DAC_READ_SEARCH),
		.name = "a-keeper",
		.gone = "nothing can be asked for any more",
		.limit_ms = limit_ms,
	};
	struct error err = { 0 };
	struct keeper *keeper = keeper_start(&opts, &err);

	assert_non_null(keeper);
	return keeper;
}

static pid_t pid_of(struct keeper *keeper)
{
	struct answer answer;
	pid_t pid = 0;

	assert_int_equal(keeper_ask(keeper, ACT_PID, NULL, 0, -1, &answer), 0);
	assert_int_equal(answer.size, sizeof(pid));
	memcpy(&pid, answer.data, sizeof(pid));
	answer_release(&answer);
	return pid;
}

static void answers_one_after_the_other(void **state)
{
	struct keeper *keeper = start(0);
	struct answer answer;

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		assert_int_equal(keeper_ask(keeper, ACT_ECHO, &i, sizeof(i), -1, &answer), 0);
		assert_int_equal(answer.size, sizeof(i));
		assert_memory_equal(answer.data, &i, sizeof(i));
		for (unsigned int place = 0; place < KEEPER_FDS; place++)
			assert_int_equal(answer.fds[place], -1);
		answer_release(&answer);
	}
	assert_true(keeper_cost_ns(keeper) > 0);
	keeper_end(keeper);
}

static void a_long_answer_comes_in_pieces(void **state)
{
	struct keeper *keeper = start(0);
	struct answer answer;
	uint32_t number;

	(void)state;
	assert_int_equal(keeper_ask(keeper, ACT_MUCH, NULL, 0, -1, &answer), 0);
	assert_int_equal(answer.size, MUCH * sizeof(number));
	for (uint32_t i = 0; i < MUCH; i++) {
		memcpy(&number, answer.data + i * sizeof(number), sizeof(number));
		assert_int_equal(number, i);
	}
	answer_release(&answer);
	pid_of(keeper);
	keeper_end(keeper);
}

/* Whichever allocation for it fails, the first, the second...: the next answer is its own. */
static void one_that_there_is_no_memory_for_is_passed_over(void **state)
{
	struct keeper *keeper = start(0);
	unsigned int nth = 0, refused = 0;
	pid_t pid = pid_of(keeper);
	struct answer answer;
	int ret;

	(void)state;
	do {
		memory = (struct scarcity){ .one_in = ++nth, .now = true, .once = true };
		ret = keeper_ask(keeper, ACT_MUCH, NULL, 0, -1, &answer);
		memory.now = false;
		assert_int_equal(ret, memory.failed ? -ENOMEM : 0);
		assert_int_equal(answer.size, ret ? 0 : MUCH * sizeof(uint32_t));
		answer_release(&answer);
		assert_int_equal(pid_of(keeper), pid);
		refused += memory.failed;
	} while (memory.failed);
	assert_true(refused > 1);
	assert_false(keeper_is_gone(keeper));
	keeper_end(keeper);
}

/* An answer without bytes needs no memory: it is known that capabilities were given up. */
static void descriptors_alone_need_none(void **state)
{
	struct keeper *keeper = start(0);
	struct answer answer;

	(void)state;
	memory = (struct scarcity){ .one_in = 1, .now = true };
	assert_int_equal(keeper_ask(keeper, ACT_FILES, NULL, 0, 0, &answer), 0);
	assert_true(answer.fds[1] >= 0 && answer.fds[3] >= 0);
	answer_release(&answer);
	assert_int_equal(keeper_limit(keeper, NO_CAPS), 0);
	memory.now = false;
	keeper_end(keeper);
}

static void descriptors_pass_both_ways(void **state)
{
	struct keeper *keeper = start(0);
	struct answer answer;
	char text[16] = "";
	int pair[2], fd;

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(keeper_ask(keeper, ACT_FILES, NULL, 0, pair[1], &answer), 0);
	assert_int_equal(answer.fds[0], -1);
	assert_int_equal(answer.fds[2], -1);
	assert_int_equal(write(answer.fds[1], "x", 1), 1);
	assert_int_equal(read(pair[0], text, 1), 1);
	assert_true(fcntl(answer.fds[3], F_GETFD) & FD_CLOEXEC);
	fd = answer_take_fd(&answer, 3);
	answer_release(&answer);
	assert_int_equal(read(fd, text, sizeof(text)), 9);
	assert_memory_equal(text, "a-keeper\n", 9);
	close(fd);
	close(pair[1]);
	/* neither the keeper nor the answer keeps it: this is the end of the pipe */
	assert_int_equal(read(pair[0], text, 1), 0);
	close(pair[0]);
	keeper_end(keeper);
}

static void what_fails_says_why(void **state)
{
	struct keeper *keeper = start(0);
	struct answer answer;

	(void)state;
	assert_int_equal(keeper_ask(keeper, ACT_FAIL, NULL, 0, -1, &answer), -EXDEV);
	assert_int_equal(answer.size, 4);
	assert_string_equal(answer.data, "half");
	answer_release(&answer);
	keeper_end(keeper);
}

static void no_other_request_is_let_through(void **state)
{
	static const struct {
		unsigned int act;
		size_t size;
	} cases[] = { { ACT_ECHO, 7 }, { ACT_ECHO, 0 }, { NR_ACTS, 0 }, { ~0U, 0 } };
	struct keeper *keeper = start(0);
	struct answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(keeper_ask(keeper, cases[i].act, "12345678", cases[i].size, -1,
					    &answer),
				 -EINVAL);
		answer_release(&answer);
	}
	pid_of(keeper);
	keeper_end(keeper);
}

static void assert_gone(struct keeper *keeper)
{
	struct answer answer;

	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(keeper_ask(keeper, ACT_PID, NULL, 0, -1, &answer), -ENOTCONN);
		assert_int_equal(answer.size, 0);
		answer_release(&answer);
	}
	assert_true(keeper_is_gone(keeper));
	assert_false(keeper_has(keeper, CAP_OF_SYS_PTRACE));
}

static void one_that_was_killed_is_gone(void **state)
{
	struct keeper *keeper = start(0);

	(void)state;
	assert_int_equal(kill(pid_of(keeper), SIGKILL), 0);
	assert_gone(keeper);
	keeper_end(keeper);
}

static void one_that_does_not_answer_is_gone(void **state)
{
	struct keeper *keeper = start(150);
	pid_t pid = pid_of(keeper);
	struct answer answer;

	(void)state;
	assert_int_equal(keeper_ask(keeper, ACT_STOP, NULL, 0, -1, &answer), -ENOTCONN);
	assert_gone(keeper);
	/* and was killed: this waits for it */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	keeper_end(keeper);
}

static int interruptions, alarm_fd;

/* More often than there are slices of 100 ms in KEEPER_LIMIT_MS. */
static void interrupt(int number)
{
	ssize_t unused = ++interruptions == 3 * KEEPER_LIMIT_MS / 100 ? write(alarm_fd, "x", 1) : 0;

	(void)number;
	(void)unused;
}

static void signals_do_not_shorten_its_time(void **state)
{
	static const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never;
	struct keeper *keeper = start(0);
	struct answer answer;
	int pair[2], ret;

	(void)state;
	assert_int_equal(pipe(pair), 0);
	alarm_fd = pair[1];
	signal(SIGALRM, interrupt);
	setitimer(ITIMER_REAL, &often, NULL);
	ret = keeper_ask(keeper, ACT_WAIT, NULL, 0, pair[0], &answer);
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_IGN);
	assert_int_equal(ret, 0);
	answer_release(&answer);
	close(pair[0]);
	close(pair[1]);
	keeper_end(keeper);
}

static void signals_of_a_terminal_do_not_end_it(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2 };
	struct keeper *keeper = start(0);
	pid_t pid = pid_of(keeper);

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		assert_int_equal(kill(pid, signals[i]), 0);
	assert_int_equal(pid_of(keeper), pid);
	keeper_end(keeper);
}

static void the_end_leaves_no_process(void **state)
{
	struct keeper *keeper = start(0);
	pid_t pid = pid_of(keeper);

	(void)state;
	keeper_end(keeper);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	keeper_end(NULL);
}

/* Whoever started it is killed: it ends by itself, by the end of its socket alone, too. */
static void it_ends_with_who_started_it(void **state)
{
	struct pollfd ended = { .events = POLLIN };
	pid_t parent, pid = 0;
	int pair[2];

	(void)state;
	assert_int_equal(pipe(pair), 0);
	parent = fork();
	if (!parent) {
		struct keeper *keeper = start(0);

		pid = pid_of(keeper);
		if (write(pair[1], &pid, sizeof(pid)) == sizeof(pid))
			pause();
		_exit(1);
	}
	assert_int_equal(read(pair[0], &pid, sizeof(pid)), sizeof(pid));
	close(pair[0]);
	close(pair[1]);
	ended.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	if (ended.fd < 0) {
		/* before 5.3, and under valgrind 3.19 */
		print_message("pidfd_open(): %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(poll(&ended, 1, 10000), 1);
	close(ended.fd);
}

static void has_nothing_open_but_its_socket(void **state)
{
	int before = fcntl(0, F_DUPFD, 20);
	struct keeper *keeper = start(0);
	struct answer answer;
	uint64_t open = 0;

	(void)state;
	assert_true(before >= 20);
	assert_int_equal(keeper_ask(keeper, ACT_OPEN_FDS, NULL, 0, -1, &answer), 0);
	memcpy(&open, answer.data, sizeof(open));
	assert_int_equal(open, 0xf);
	answer_release(&answer);
	close(before);
	keeper_end(keeper);
}

/* The value of a line of /proc/PID/status, in hexadecimal; -1: there is none. */
static int64_t status_of(pid_t pid, const char *name)
{
	char path[64], text[8192];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	assert_true(procfs_read(path, text, sizeof(text)) > 0);
	at = strstr(text, name);
	return at ? (int64_t)strtoull(at + strlen(name), NULL, 16) : -1;
}

/* What it costs is shown as ours. */
static void it_counts_with_who_started_it(void **state)
{
	struct self_cost before = self_cost(), with, after;
	struct keeper *keeper = start(0);

	(void)state;
	pid_of(keeper);
	with = self_cost();
	/* a process is some hundred kilobytes */
	assert_true(with.resident_bytes > before.resident_bytes + 100000);
	keeper_end(keeper);
	after = self_cost();
	assert_true(with.resident_bytes > after.resident_bytes + 100000);
}

static void keeps_what_it_was_given_and_nothing_effective(void **state)
{
	struct keeper *keeper;
	pid_t pid;

	(void)state;
	if (!caps_have(CAP_OF_SYS_PTRACE) || !caps_have(CAP_OF_DAC_READ_SEARCH)) {
		print_message("SKIPPED: without CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH\n");
		skip();
	}
	keeper = start(0);
	pid = pid_of(keeper);
	assert_int_equal(status_of(pid, "CapPrm:\t"), 1 << 19 | 1 << 2);
	assert_int_equal(status_of(pid, "CapEff:\t"), 0);
	assert_int_equal(status_of(pid, "CapInh:\t"), 0);
	assert_int_equal(status_of(pid, "CapAmb:\t"), 0);
	assert_int_equal(status_of(pid, "NoNewPrivs:\t"), 1);
	assert_true(keeper_has(keeper, CAP_OF_SYS_PTRACE));
	assert_false(keeper_has(keeper, CAP_OF_SYS_ADMIN));
	assert_int_equal(keeper_limit(keeper, CAPS(SYS_PTRACE)), 0);
	assert_int_equal(status_of(pid, "CapPrm:\t"), 1 << 19);
	assert_false(keeper_has(keeper, CAP_OF_DAC_READ_SEARCH));
	keeper_end(keeper);
}

/* Rather none than one that has what it should have no more. */
static void one_that_gives_nothing_up_is_gone(void **state)
{
	struct keeper *keeper = start(0);
	pid_t pid = pid_of(keeper);
	struct answer answer;

	(void)state;
	assert_int_equal(keeper_ask(keeper, ACT_HOLD, NULL, 0, -1, &answer), 0);
	answer_release(&answer);
	assert_int_not_equal(keeper_limit(keeper, NO_CAPS), 0);
	assert_gone(keeper);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	keeper_end(keeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_one_after_the_other),
		cmocka_unit_test(a_long_answer_comes_in_pieces),
		cmocka_unit_test(one_that_there_is_no_memory_for_is_passed_over),
		cmocka_unit_test(descriptors_alone_need_none),
		cmocka_unit_test(descriptors_pass_both_ways),
		cmocka_unit_test(what_fails_says_why),
		cmocka_unit_test(no_other_request_is_let_through),
		cmocka_unit_test(one_that_was_killed_is_gone),
		cmocka_unit_test(one_that_does_not_answer_is_gone),
		cmocka_unit_test(signals_do_not_shorten_its_time),
		cmocka_unit_test(signals_of_a_terminal_do_not_end_it),
		cmocka_unit_test(the_end_leaves_no_process),
		cmocka_unit_test(it_ends_with_who_started_it),
		cmocka_unit_test(has_nothing_open_but_its_socket),
		cmocka_unit_test(it_counts_with_who_started_it),
		cmocka_unit_test(one_that_gives_nothing_up_is_gone),
		cmocka_unit_test(keeps_what_it_was_given_and_nothing_effective),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
