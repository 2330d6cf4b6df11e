// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts of /proc/PID/maps, and this process's own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/procfs.h"
#include "source/elf_file.h"
#include "source/images.h"
#include "source/maps.h"

static const char text[] =
	"400000-401000 r--p 00000000 fe:01 1234                                /usr/bin/a b\n"
	"401000-402000 r-xp 00001000 fe:01 1234                                /usr/bin/a b\n"
	"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"
	"7f0000002000-7f0000004000 r-xp 00000000 00:00 0 \n"
	"7f0000005000-7f0000006000 r-xs 00002000 103:02 18446744073709551615   /x (deleted)\n"
	"7ffe00000000-7ffe00002000 r-xp 00000000 00:00 0                       [vdso]\n"
	"nonsense\n"
	"7fff00000000-7fff00001000 r-x";

static void finds_what_can_be_executed(void **state)
{
	static const struct {
		uint64_t at, start, offset;
		const char *path; /* NULL: nothing is there */
	} cases[] = {
		{ 0x400000, 0, 0, NULL },
		{ 0x401000, 0x401000, 0x1000, "/usr/bin/a b" },
		{ 0x401fff, 0x401000, 0x1000, "/usr/bin/a b" },
		{ 0x402000, 0, 0, NULL },
		{ 0x7f0000000800, 0, 0, NULL },
		{ 0x7f0000003000, 0x7f0000002000, 0, "" },
		{ 0x7f0000005000, 0x7f0000005000, 0x2000, "/x (deleted)" },
		{ 0x7ffe00000001, 0x7ffe00000000, 0, "[vdso]" },
		{ 0x7fff00000000, 0, 0, NULL },
		{ 0, 0, 0, NULL },
		{ UINT64_MAX, 0, 0, NULL },
	};
	struct maps *maps = maps_parse(text);

	(void)state;
	assert_non_null(maps);
	assert_int_equal(maps->count, 4);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct maps_region *region = maps_find(maps, cases[i].at);

		if (!cases[i].path) {
			assert_null(region);
			continue;
		}
		assert_non_null(region);
		assert_int_equal(region->start, cases[i].start);
		assert_int_equal(region->offset, cases[i].offset);
		assert_string_equal(maps_path(maps, region), cases[i].path);
	}
	maps_put(maps);
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

static void refuses_a_process_that_became_another(void **state)
{
	int ret = 0;

	(void)state;
	assert_null(maps_read(NULL, getpid(), own_stack_start() + 16, &ret));
	assert_int_equal(ret, -ESTALE);
	assert_null(maps_read(NULL, 0x7fffffff, 1, &ret));
	assert_int_equal(ret, -ENOENT);
}

/* Of this very program, built with what names it. */
static void names_its_own_code(void **state)
{
	struct images *images = images_new(NULL);
	const struct image_place *place;
	int ret = 0;
	struct maps *maps = maps_read(NULL, getpid(), own_stack_start(), &ret);

	(void)state;
	assert_non_null(images);
	assert_non_null(maps);
	place = images_place(images, maps, (uintptr_t)names_its_own_code, false);
	assert_non_null(place);
#ifdef HAVE_LIBDW
	assert_memory_equal(place->text, "names_its_own_code tests/unit/", 30);
	assert_int_not_equal(place->rule.base, FRAME_UNKNOWN);
#else
	assert_memory_equal(place->text, "test_source_maps+0x", 19);
#endif
	assert_null(images_place(images, maps, 1, false));
	maps_put(maps);
	images_free(images);
}

/* What a process runs is opened by its name where the process is gone, and nothing but programs. */
static void only_programs_are_opened(void **state)
{
	static const char *const names[] = { "/proc/self/exe", "/etc/passwd",	"/dev/null", "/etc",
					     "/nowhere",       "../etc/passwd", "" };
	const int expected[] = { -ELOOP, -ENOEXEC, -ENOEXEC, -ENOEXEC, -ENOENT, -ENOENT, -ENOENT };
	char line[256], program[128];
	struct maps *maps;
	ssize_t len;
	int fd;

	(void)state;
	len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	assert_true(len > 0);
	program[len] = '\0';
	for (size_t i = 0; i <= sizeof(names) / sizeof(names[0]); i++) {
		bool is_program = i == sizeof(names) / sizeof(names[0]);

		snprintf(line, sizeof(line), "1000-2000 r-xp 00000000 fe:01 1234 %s\n",
			 is_program ? program : names[i]);
		maps = maps_parse(line);
		assert_non_null(maps);
		maps->pid = 0x7fffffff;
		maps->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd = maps_open(NULL, maps, &maps->regions[0]);
		if (is_program)
			assert_true(fd >= 0);
		else
			assert_int_equal(fd, expected[i]);
		if (fd >= 0)
			close(fd);
		maps_put(maps);
	}
}

static void a_file_that_is_no_program_is_refused(void **state)
{
	FILE *file = tmpfile();
	struct elf_file elf;

	(void)state;
	assert_non_null(file);
	assert_int_equal(elf_file_read(fileno(file), &elf), -ENOEXEC);
	fputs("#!/bin/sh\n", file);
	fflush(file);
	assert_int_equal(elf_file_read(fileno(file), &elf), -ENOEXEC);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_can_be_executed),
		cmocka_unit_test(refuses_a_process_that_became_another),
		cmocka_unit_test(names_its_own_code),
		cmocka_unit_test(only_programs_are_opened),
		cmocka_unit_test(a_file_that_is_no_program_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
