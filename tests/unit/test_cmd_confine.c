// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said where files can't be limited: a kernel refuses what a filter makes it refuse. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/landlock.h"
#include "base/log.h"
#include "cmd/confine.h"

#define TEXT_BYTES 4096

static int refuse(int call, uint32_t error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* What a process that only reads files says at its start, where @call fails. */
static void confined(int call, uint32_t error, enum log_level level, char text[static TEXT_BYTES])
{
	size_t len = 0;
	int pair[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(pair), 0);
	pid = fork();
	if (!pid) {
		struct options options = { .confined = false };
		struct error err = { 0 };

		dup2(pair[1], STDERR_FILENO);
		log_set_level(level);
		_exit(refuse(call, error) || confine_offline(&options, &err));
	}
	close(pair[1]);
	while ((got = read(pair[0], text + len, TEXT_BYTES - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_limit_that_fails_is_warned_of(void **state)
{
	char text[TEXT_BYTES];

	(void)state;
	if (!landlock_version()) {
		print_message("SKIPPED: this kernel has no Landlock\n");
		skip();
	}
	confined(SYS_landlock_restrict_self, E2BIG, LOG_WARNING, text);
	assert_non_null(strstr(text, "files are not limited to those named"));
	confined(SYS_landlock_add_rule, ENOMEM, LOG_WARNING, text);
	assert_non_null(strstr(text, "files are not limited to those named"));
}

static void a_kernel_that_has_none_is_told_of_only_if_asked(void **state)
{
	char text[TEXT_BYTES];

	(void)state;
	confined(SYS_landlock_create_ruleset, EOPNOTSUPP, LOG_WARNING, text);
	assert_string_equal(text, "");
	confined(SYS_landlock_create_ruleset, ENOSYS, LOG_VERBOSE, text);
	assert_non_null(strstr(text, "files are not limited to those named"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_limit_that_fails_is_warned_of),
		cmocka_unit_test(a_kernel_that_has_none_is_told_of_only_if_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
