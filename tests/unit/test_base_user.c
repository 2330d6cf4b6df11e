// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is meant, and what is left of root in a process that has become somebody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/user.h"

#define NOBODYS "61234"

static void finds_names_and_ids(void **state)
{
	const struct passwd *account = getpwnam("daemon");
	struct user user;
	struct error err = { 0 };
	char id[16];
	uid_t uid;
	gid_t gid;

	(void)state;
	if (!account) {
		skip();
		return;
	}
	uid = account->pw_uid;
	gid = account->pw_gid;
	assert_int_equal(user_find(&user, "daemon", &err), 0);
	assert_int_equal(user.uid, uid);
	assert_int_equal(user.gid, gid);
	assert_string_equal(user.name, "daemon");

	snprintf(id, sizeof(id), "%u", uid);
	assert_int_equal(user_find(&user, id, &err), 0);
	assert_int_equal(user.uid, uid);
	assert_int_equal(user.gid, gid);
	assert_string_equal(user.name, "daemon");
}

static void an_id_needs_no_account(void **state)
{
	struct user user;
	struct error err = { 0 };

	(void)state;
	if (getpwuid(atoi(NOBODYS)))
		skip();
	assert_int_equal(user_find(&user, NOBODYS, &err), 0);
	assert_int_equal(user.uid, atoi(NOBODYS));
	/* a group of the same number has nothing to do with it */
	assert_int_equal(user.gid, 65534);
	assert_string_equal(user.name, "");
}

static void refuses_who_is_not_there(void **state)
{
	/* the last is -1 as an id: "leave it as it is" */
	static const char *const texts[] = { "nobody-of-that-name", "",		  "-1",	 "12x",
					     "4294967295",	    "4294967296", "0x10" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error err = { 0 };
		struct user user;
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "'%s'", texts[i]);
		assert_int_equal(user_find(&user, texts[i], &err), -ENOENT);
		assert_non_null(strstr(err.text, quoted));
	}
}

/* In a child: 0, or the number of what is wrong. */
static int became(void)
{
	gid_t groups[8];
	struct user user;
	uid_t uids[3];
	gid_t gids[3];

	user_find(&user, NOBODYS, NULL);
	if (user_become(&user, CAPS(SYS_PTRACE), NULL))
		return 1;
	getresuid(&uids[0], &uids[1], &uids[2]);
	getresgid(&gids[0], &gids[1], &gids[2]);
	for (unsigned int i = 0; i < 3; i++)
		if (uids[i] != user.uid || gids[i] != user.gid)
			return 2;
	if (getgroups(8, groups))
		return 3;
	if (!caps_have(CAP_OF_SYS_PTRACE) || caps_have(CAP_OF_DAC_OVERRIDE))
		return 4;
	/* again: it is so already, and nothing is taken away */
	if (user_become(&user, NO_CAPS, NULL) || !caps_have(CAP_OF_SYS_PTRACE))
		return 5;
	return setresuid(0, 0, 0) ? 0 : 6;
}

/* Who may not, says so. */
static int refused(void)
{
	struct error err = { 0 };
	struct user user;

	user_find(&user, NOBODYS, NULL);
	if (setresuid(1, 1, 1))
		return 1;
	if (user_become(&user, NO_CAPS, &err) != -EPERM)
		return 2;
	return strstr(err.text, "'" NOBODYS "'") ? 0 : 3;
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

static void root_becomes_somebody_for_good(void **state)
{
	(void)state;
	if (geteuid() || !caps_have(CAP_OF_SYS_PTRACE))
		skip();
	assert_int_equal(status_of(became), 0);
}

static void who_is_not_root_is_told(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(status_of(refused), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_names_and_ids),
		cmocka_unit_test(an_id_needs_no_account),
		cmocka_unit_test(refuses_who_is_not_there),
		cmocka_unit_test(root_becomes_somebody_for_good),
		cmocka_unit_test(who_is_not_root_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
