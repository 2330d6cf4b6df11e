// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told of a process: descriptors, limit, and the script of an interpreter, no secrets. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memcheck.h"
#include "source/process.h"

struct told {
	struct tw_process process;
	char text[512];
	unsigned int count;
};

static void take(void *ctx, const struct tw_record *record)
{
	const struct tw_process *process = (const struct tw_process *)record;
	struct told *told = ctx;

	told->process = *process;
	strcpy(told->text, process->text);
	told->count++;
}

static struct told tell(uint32_t pid)
{
	struct told told = { .count = 0 };
	struct receiver to = { .receive = take, .ctx = &told };

	process_tell(NULL, pid, 1, &to);
	return told;
}

/* This program under another name, which waits: see main(). */
static pid_t begin(char *const argv[])
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_false(pipe(ready));
	pid = fork();
	if (!pid) {
		dup2(ready[1], STDOUT_FILENO);
		close(ready[0]);
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void the_script_is_named_and_no_secret(void **state)
{
	static const struct {
		char *argv[8];
		const char *script;
	} cases[] = {
		{ { "python3", "/srv/app.py", "--password", "x" }, "/srv/app.py" },
		{ { "/usr/bin/python3.11", "-u", "-W", "ignore", "app.py" }, "app.py" },
		{ { "python3", "-m", "http.server", "8000" }, "-m http.server" },
		{ { "bash", "-c", "curl -H 'Authorization: s3cr3t'" }, "(code in its arguments)" },
		{ { "node", "-e", "connect('s3cr3t')" }, "(code in its arguments)" },
		{ { "java", "-Xmx1g", "-cp", "/opt/lib/*", "com.example.Main" },
		  "com.example.Main" },
		{ { "java", "-jar", "shop.jar" }, "-jar shop.jar" },
		{ { "nginx", "-c", "/etc/nginx.conf" }, "" },
		{ { "python3" }, "" },
	};

	(void)state;
	if (under_memcheck()) {
		print_message("the program starts itself, which would be valgrind\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid = begin(cases[i].argv);
		struct told told = tell(pid);

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_int_equal(told.count, 1);
		assert_string_equal(told.text, cases[i].script);
	}
}

static void descriptors_are_counted(void **state)
{
	struct rlimit limit;
	struct told before = tell(getpid()), after;
	int fd = dup(0);

	(void)state;
	after = tell(getpid());
	close(fd);
	assert_int_equal(after.process.fds, before.process.fds + 1);
	assert_false(getrlimit(RLIMIT_NOFILE, &limit));
	/* valgrind keeps some for itself, and tells the program of the rest alone */
	assert_true(after.process.fd_limit == limit.rlim_cur || under_memcheck());
	assert_int_equal(after.process.head.size % 8, 0);
}

static void one_that_is_gone_is_not_told(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	assert_int_equal(tell(pid).count, 0);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_script_is_named_and_no_secret),
		cmocka_unit_test(descriptors_are_counted),
		cmocka_unit_test(one_that_is_gone_is_not_told),
	};

	(void)argc;
	if (!strstr(argv[0], "test_source_process")) {
		if (write(STDOUT_FILENO, "r", 1) == 1)
			pause();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
