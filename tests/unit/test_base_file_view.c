// SPDX-License-Identifier: GPL-2.0-or-later
/* Two readers of one descriptor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file_view.h"

static int file_of(const char *text)
{
	int fd = memfd_create("file_view", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void assert_reads(FILE *file, const char *text)
{
	char buf[64];

	assert_int_equal(fread(buf, 1, strlen(text), file), strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

static void each_reads_all_of_a_file(void **state)
{
	int fd = file_of("0123456789");
	FILE *one, *two;

	(void)state;
	lseek(fd, 2, SEEK_SET);
	one = file_view(fd);
	two = file_view(fd);
	assert_reads(one, "2345");
	assert_reads(two, "23456789");
	assert_int_equal(fgetc(two), EOF);
	assert_reads(one, "6789");
	assert_int_equal(fgetc(one), EOF);
	fclose(one);
	fclose(two);
	/* it is the caller's, and where it was */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 2);
	close(fd);
}

static void goes_back_in_a_file(void **state)
{
	int fd = file_of("0123456789");
	FILE *file = file_view(fd);

	(void)state;
	assert_reads(file, "0123456789");
	assert_int_equal(fseeko(file, 4, SEEK_SET), 0);
	assert_reads(file, "45");
	assert_int_equal(fseeko(file, 1, SEEK_CUR), 0);
	assert_reads(file, "789");
	fclose(file);
	close(fd);
}

static void a_pipe_is_read_once(void **state)
{
	FILE *file;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	close(ends[1]);
	file = file_view(ends[0]);
	assert_reads(file, "abc");
	assert_int_equal(fgetc(file), EOF);
	assert_int_equal(fseeko(file, 0, SEEK_SET), -1);
	assert_int_equal(errno, ESPIPE);
	fclose(file);
	close(ends[0]);
}

static void what_cannot_be_read_fails(void **state)
{
	int fd = file_of("x");
	FILE *file = file_view(fd);

	(void)state;
	close(fd);
	assert_int_equal(fgetc(file), EOF);
	assert_true(ferror(file));
	assert_int_equal(errno, EBADF);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reads_all_of_a_file),
		cmocka_unit_test(goes_back_in_a_file),
		cmocka_unit_test(a_pipe_is_read_once),
		cmocka_unit_test(what_cannot_be_read_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
