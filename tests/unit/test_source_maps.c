// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts of /proc/PID/maps, and this process's own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/procfs.h"
#include "openat2.h"
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
	struct roots roots = { NULL };
	int ret = 0;

	(void)state;
	assert_null(maps_read(NULL, &roots, getpid(), own_stack_start() + 16, &ret));
	assert_int_equal(ret, -ESTALE);
	assert_null(maps_read(NULL, &roots, 0x7fffffff, 1, &ret));
	assert_int_equal(ret, -ENOENT);
}

/* Of this very program, built with what names it. */
static void names_its_own_code(void **state)
{
	struct images *images = images_new(NULL);
	const struct image_place *place;
	struct roots roots = { NULL };
	int ret = 0;
	struct maps *maps = maps_read(NULL, &roots, getpid(), own_stack_start(), &ret);

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
	roots_release(&roots);
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
	struct stat st;
	bool surely;
	ssize_t len;
	int fd;

	(void)state;
	if (!openat2_is_there())
		skip();
	len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	assert_true(len > 0);
	program[len] = '\0';
	for (size_t i = 0; i <= sizeof(names) / sizeof(names[0]); i++) {
		bool is_program = i == sizeof(names) / sizeof(names[0]);

		assert_return_code(stat(program, &st), 0);
		snprintf(line, sizeof(line), "1000-2000 r-xp 00000000 fe:01 %lu %s\n", st.st_ino,
			 is_program ? program : names[i]);
		maps = maps_parse(line);
		assert_non_null(maps);
		maps->pid = 0x7fffffff;
		maps->root = root_new(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
		fd = maps_open(NULL, maps, &maps->regions[0], &surely);
		if (is_program)
			assert_true(fd >= 0);
		else
			assert_int_equal(fd, expected[i]);
		if (fd >= 0)
			close(fd);
		maps_put(maps);
	}
}

/* Somebody else's may be there: replaced, or in a mount namespace made for it. */
static void another_file_of_that_name_is_none(void **state)
{
	char line[256], program[128];
	struct maps *maps;
	struct stat st;
	bool surely;
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	int fd;

	(void)state;
	if (!openat2_is_there())
		skip();
	assert_true(len > 0);
	program[len] = '\0';
	assert_return_code(stat(program, &st), 0);
	for (unsigned int other = 0; other < 4; other++) {
		snprintf(line, sizeof(line), "1000-2000 r-xp 00000000 %x:%x %lu %s\n",
			 major(st.st_dev) + (other & 1), minor(st.st_dev), st.st_ino + other / 2,
			 program);
		maps = maps_parse(line);
		assert_non_null(maps);
		maps->pid = 0x7fffffff;
		maps->root = root_new(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
		fd = maps_open(NULL, maps, &maps->regions[0], &surely);
		if (other < 2) {
			assert_true(fd >= 0);
			assert_int_equal(surely, other == 0);
			close(fd);
		} else {
			assert_int_equal(fd, -ESTALE);
		}
		maps_put(maps);
	}
}

/* So many lines of what can't be executed as fill @room, whose end is written. */
static void fill(char *at, size_t room)
{
	static const char line[] = "500000000000-500000001000 ---p 00000000 00:00 0\n";
	size_t step = sizeof(line) - 1;

	for (; room > step; room -= step, at += step)
		memcpy(at, line, sizeof(line));
}

#define MANY 9000

/*
 * A process has as many mappings as it likes. The processor's time is that of reading the text
 * some times, and not once for each line.
 */
static void many_mappings_take_bounded_time_and_memory(void **state)
{
	const size_t room = 16 << 20;
	char *many = malloc(room), *at = many;
	clock_t begun = clock();
	struct maps *maps;

	(void)state;
	assert_non_null(many);
	for (unsigned int i = 0; i < MANY; i++)
		at += sprintf(at, "%x000-%x000 r-xp 00000000 00:00 0\n", 2 * i + 1, 2 * i + 2);
	fill(at, many + room - at);
	maps = maps_parse(many);
	assert_non_null(maps);
	assert_int_equal(maps->count, 8192);
	assert_non_null(maps_find(maps, (2 * 8191 + 1) * 0x1000UL));
	assert_null(maps_find(maps, (2 * 8192 + 1) * 0x1000UL));
	maps_put(maps);
	assert_true(clock() - begun < 2 * CLOCKS_PER_SEC);
	free(many);
}

static void long_names_take_bounded_memory(void **state)
{
	const unsigned int count = 1024;
	char *many = malloc((size_t)count * 4200), *at = many;
	struct maps *maps;

	(void)state;
	assert_non_null(many);
	for (unsigned int i = 0; i < count; i++)
		at += sprintf(at, "%x000-%x000 r-xp 00000000 08:01 7 /%04000u\n", i + 1, i + 2, i);
	maps = maps_parse(many);
	assert_non_null(maps);
	/* a MiB of them */
	assert_in_range(maps->count, 255, 262);
	assert_int_equal(strlen(maps_path(maps, &maps->regions[maps->count - 1])), 4001);
	maps_put(maps);
	free(many);
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

/* A section that says it is packed: libdw would make as much room as that says, at once. */
static void what_is_packed_is_counted(void **state)
{
	static const struct {
		uint64_t flags, sizes[2], unpacked;
	} cases[] = {
		{ 0, { 5000, 0 }, 0 },
		{ SHF_COMPRESSED, { 5000, 37 }, 5037 },
		{ SHF_COMPRESSED, { 5000, UINT64_MAX }, UINT64_MAX },
	};
	struct {
		Elf64_Ehdr head;
		Elf64_Shdr sections[3];
		Elf64_Chdr packed[2];
	} made;
	const size_t packed_at = sizeof(made.head) + sizeof(made.sections);
	struct elf_file elf;

	(void)state;
	for (size_t i = 0; i <= sizeof(cases) / sizeof(cases[0]); i++) {
		bool countless = i == sizeof(cases) / sizeof(cases[0]);
		FILE *file = tmpfile();

		assert_non_null(file);
		memset(&made, 0, sizeof(made));
		memcpy(made.head.e_ident, ELFMAG, SELFMAG);
		made.head.e_ident[EI_CLASS] = ELFCLASS64;
		made.head.e_ident[EI_DATA] = ELFDATA2LSB;
		made.head.e_ident[EI_VERSION] = EV_CURRENT;
		made.head.e_type = ET_DYN;
		made.head.e_version = EV_CURRENT;
		made.head.e_ehsize = sizeof(made.head);
		made.head.e_shentsize = sizeof(made.sections[0]);
		made.head.e_shoff = sizeof(made.head);
		made.head.e_shnum = countless ? 0 : 3;
		/* where their number is if the head has none */
		made.sections[0].sh_size = 3;
		for (unsigned int at = 0; !countless && at < 2; at++) {
			made.sections[at + 1].sh_type = SHT_PROGBITS;
			made.sections[at + 1].sh_flags = cases[i].flags;
			made.sections[at + 1].sh_offset = packed_at + at * sizeof(made.packed[0]);
			made.sections[at + 1].sh_size = sizeof(made.packed[at]);
			made.packed[at].ch_type = ELFCOMPRESS_ZLIB;
			made.packed[at].ch_size = cases[i].sizes[at];
			made.packed[at].ch_addralign = 1;
		}
		assert_int_equal(fwrite(&made, sizeof(made), 1, file), 1);
		fflush(file);
		assert_int_equal(elf_file_read(fileno(file), &elf), countless ? -ENOEXEC : 0);
		if (!countless)
			assert_int_equal(elf.unpacked, cases[i].unpacked);
		fclose(file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_can_be_executed),
		cmocka_unit_test(refuses_a_process_that_became_another),
		cmocka_unit_test(names_its_own_code),
		cmocka_unit_test(only_programs_are_opened),
		cmocka_unit_test(another_file_of_that_name_is_none),
		cmocka_unit_test(many_mappings_take_bounded_time_and_memory),
		cmocka_unit_test(long_names_take_bounded_memory),
		cmocka_unit_test(what_is_packed_is_counted),
		cmocka_unit_test(a_file_that_is_no_program_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
