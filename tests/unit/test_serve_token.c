/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Only the secret itself opens, and it is the one that the file holds now. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/token.h"

static char path[] = "/tmp/twtrace-token-XXXXXX";

static void write_secret(const char *text)
{
	char next[sizeof(path) + 4];
	FILE *file;

	/* another file by the same name: its number differs, whatever clocks do */
	snprintf(next, sizeof(next), "%s.new", path);
	file = fopen(next, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(next, 0600), 0);
	assert_int_equal(rename(next, path), 0);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 || close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void only_the_same_bytes_are_equal(void **state)
{
	(void)state;
	assert_true(token_equal("secret", 6, "secret", 6));
	assert_false(token_equal("secreT", 6, "secret", 6));
	assert_false(token_equal("Secret", 6, "secret", 6));
	assert_false(token_equal("secre", 5, "secret", 6));
	assert_false(token_equal("secretsecret", 12, "secret", 6));
	assert_false(token_equal("", 0, "secret", 6));
	assert_false(token_equal("", 0, "", 0));
}

static void only_a_bearer_of_the_secret_is_let_in(void **state)
{
	struct error err = { 0 };
	struct token *token;

	(void)state;
	write_secret("opensesame\n");
	token = token_open(path, &err);
	assert_non_null(token);
	assert_true(token_is_shown(token, "Bearer opensesame"));
	assert_true(token_is_shown(token, "bearer  opensesame"));
	assert_false(token_is_shown(token, NULL));
	assert_false(token_is_shown(token, ""));
	assert_false(token_is_shown(token, "Bearer"));
	assert_false(token_is_shown(token, "Bearer "));
	assert_false(token_is_shown(token, "Bearer opensesam"));
	assert_false(token_is_shown(token, "Bearer opensesamee"));
	assert_false(token_is_shown(token, "opensesame"));
	assert_false(token_is_shown(token, "Basic opensesame"));
	token_free(token);
}

static void another_secret_counts_from_then_on(void **state)
{
	struct error err = { 0 };
	struct token *token;

	(void)state;
	write_secret("first");
	token = token_open(path, &err);
	assert_true(token_is_shown(token, "Bearer first"));
	write_secret("second\r\n");
	assert_false(token_is_shown(token, "Bearer first"));
	assert_true(token_is_shown(token, "Bearer second"));
	/* while it is being written */
	write_secret("");
	assert_false(token_is_shown(token, "Bearer "));
	assert_true(token_is_shown(token, "Bearer second"));
	token_free(token);
}

static void a_file_without_one_line_is_refused(void **state)
{
	static const char *const cases[] = { "", "\n", "\nsecret\n", "one\ntwo\n" };
	static const char *const why[] = { "first line is empty", "first line is empty",
					   "first line is empty", "more stands behind it" };
	char too_long[2048];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };

		write_secret(cases[i]);
		if (token_open(path, &err) || err.code != -EINVAL || !strstr(err.text, path) ||
		    !strstr(err.text, why[i]))
			fail_msg("case %zu: %s", i, err.text);
	}
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	write_secret(too_long);
	assert_null(token_open(path, NULL));
	assert_null(token_open("/nowhere/token", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_same_bytes_are_equal),
		cmocka_unit_test(only_a_bearer_of_the_secret_is_let_in),
		cmocka_unit_test(another_secret_counts_from_then_on),
		cmocka_unit_test(a_file_without_one_line_is_refused),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
