// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies that stay what they are. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/sealed.h"

static void a_copy_outlives_its_file(void **state)
{
	FILE *file = tmpfile();
	char text[8];
	int copy;

	(void)state;
	assert_non_null(file);
	fputs("text", file);
	fflush(file);
	copy = sealed_copy(fileno(file), 4);
	assert_true(copy >= 0);
	assert_return_code(ftruncate(fileno(file), 0), 0);
	fclose(file);
	assert_int_equal(pread(copy, text, sizeof(text), 0), 4);
	assert_memory_equal(text, "text", 4);
	close(copy);
}

static void nobody_changes_it(void **state)
{
	FILE *file = tmpfile();
	int copy;

	(void)state;
	assert_non_null(file);
	fputs("text", file);
	fflush(file);
	copy = sealed_copy(fileno(file), 4);
	assert_true(copy >= 0);
	assert_int_equal(ftruncate(copy, 0), -1);
	assert_int_equal(ftruncate(copy, 8), -1);
	assert_int_equal(pwrite(copy, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	close(copy);
	fclose(file);
}

static void what_is_too_large_is_refused(void **state)
{
	FILE *file = tmpfile();
	int copy;

	(void)state;
	assert_non_null(file);
	fputs("text", file);
	fflush(file);
	assert_int_equal(sealed_copy(fileno(file), 3), -EFBIG);
	assert_int_equal(sealed_copy(-1, 3), -EBADF);
	copy = sealed_copy(fileno(file), 1000000);
	assert_true(copy >= 0);
	assert_int_equal(lseek(copy, 0, SEEK_END), 4);
	close(copy);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_outlives_its_file),
		cmocka_unit_test(nobody_changes_it),
		cmocka_unit_test(what_is_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
