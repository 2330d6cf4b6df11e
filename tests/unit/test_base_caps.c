// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process has after each step, as /proc has it; in a child, since it is for good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/caps.h"

#define BIT(cap) (1ULL << CAP_##cap)

struct sets {
	uint64_t inheritable, permitted, effective, bounding, ambient, no_new_privs;
};

static struct sets now(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	struct sets sets = { 0 };
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "CapInh: %" SCNx64, &sets.inheritable);
		sscanf(line, "CapPrm: %" SCNx64, &sets.permitted);
		sscanf(line, "CapEff: %" SCNx64, &sets.effective);
		sscanf(line, "CapBnd: %" SCNx64, &sets.bounding);
		sscanf(line, "CapAmb: %" SCNx64, &sets.ambient);
		sscanf(line, "NoNewPrivs: %" SCNx64, &sets.no_new_privs);
	}
	if (file)
		fclose(file);
	return sets;
}

static int raises_and_lowers(void)
{
	struct sets before = now(), after;

	caps_lower();
	after = now();
	if (after.effective || after.permitted != before.permitted)
		return 1;
	caps_raise(CAPS(SYS_PTRACE) | CAPS(KILL));
	after = now();
	if (after.effective != (BIT(SYS_PTRACE) | BIT(KILL)) || after.permitted != before.permitted)
		return 2;
	caps_raise(ALL_CAPS);
	after = now();
	if (after.effective != before.permitted || after.bounding != before.bounding)
		return 3;
	return 0;
}

static int keeps_what_is_said(void)
{
	struct error err = { 0 };
	struct sets after;

	if (caps_limit(CAPS(SYS_PTRACE) | CAPS(KILL), &err))
		return 1;
	after = now();
	if (after.permitted != (BIT(SYS_PTRACE) | BIT(KILL)) || after.effective || after.bounding ||
	    after.ambient || after.inheritable || after.no_new_privs != 1)
		return 2;
	/* what is gone is gone */
	caps_raise(CAPS(SYS_PTRACE) | CAPS(SYS_ADMIN));
	if (now().effective != BIT(SYS_PTRACE))
		return 3;
	if (caps_limit(NO_CAPS, &err))
		return 4;
	caps_raise(ALL_CAPS);
	after = now();
	return after.permitted || after.effective || caps_have(CAP_OF_SYS_PTRACE) ? 5 : 0;
}

static int status_of(int (*run)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void need_capabilities(void)
{
	const uint64_t needed = BIT(SYS_PTRACE) | BIT(KILL) | BIT(SYS_ADMIN) | BIT(SETPCAP);

	if ((now().effective & needed) == needed)
		return;
	print_message("this process has not enough of them to give up\n");
	skip();
}

static void raising_and_lowering_gives_up_none(void **state)
{
	(void)state;
	need_capabilities();
	assert_int_equal(status_of(raises_and_lowers), 0);
}

static void only_what_is_kept_is_left_and_none_effective(void **state)
{
	(void)state;
	need_capabilities();
	assert_int_equal(status_of(keeps_what_is_said), 0);
}

static void they_have_names(void **state)
{
	(void)state;
	assert_string_equal(caps_name(CAP_OF_BPF), "CAP_BPF");
	assert_string_equal(caps_name(CAP_OF_KILL), "CAP_KILL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raising_and_lowering_gives_up_none),
		cmocka_unit_test(only_what_is_kept_is_left_and_none_effective),
		cmocka_unit_test(they_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
