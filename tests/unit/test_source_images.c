// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs that change, or are others than they seem, while their places are named. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "openat2.h"
#include "source/debug.h"
#include "source/elf_file.h"
#include "source/images.h"

#define START 0x10000000UL

/* The root directory of a process that is gone, with a copy of this program in it. */
struct place {
	char path[64];
	int root;
	struct images *images;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to;

	assert_non_null(place);
	strcpy(place->path, "/tmp/test_source_images.XXXXXX");
	assert_non_null(mkdtemp(place->path));
	place->root = open(place->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	to = openat(place->root, "program", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(to >= 0);
	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	close(from);
	close(to);
	place->images = images_new(NULL);
	assert_non_null(place->images);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	images_free(place->images);
	unlinkat(place->root, "program", 0);
	close(place->root);
	rmdir(place->path);
	free(place);
	return 0;
}

/* Maps of a process with that @serial, mapped from the beginning of the file. */
static struct maps *maps_new(const struct place *place, uint64_t serial, unsigned int other_dev)
{
	struct stat st;
	struct maps *maps;
	char line[128];

	assert_return_code(fstatat(place->root, "program", &st, 0), 0);
	snprintf(line, sizeof(line), "%lx-%lx r-xp 00000000 %x:%x %lu /program\n", START,
		 START + (1UL << 28), major(st.st_dev) + other_dev, minor(st.st_dev), st.st_ino);
	maps = maps_parse(line);
	assert_non_null(maps);
	maps->serial = serial;
	maps->pid = 0x7fffffff;
	maps->root = root_new(open(place->path, O_PATH | O_DIRECTORY | O_CLOEXEC));
	return maps;
}

/* Where a function of this program is in its file, if it were mapped by maps_new(). */
static uint64_t ip_of(const void *function)
{
	char line[512];
	unsigned long start, end, offset;
	uint64_t ip = 0;
	FILE *file = fopen("/proc/self/maps", "re");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 &&
		    (uintptr_t)function - start < end - start)
			ip = START + (uintptr_t)function - start + offset;
	fclose(file);
	assert_true(ip);
	return ip;
}

static bool is_named(struct images *images, const struct maps *maps, const void *function,
		     const char *name)
{
	const struct image_place *place = images_place(images, maps, ip_of(function), false);

	assert_non_null(place);
	return !strncmp(place->text, name, strlen(name));
}

/* To a library that has it mapped that would be a SIGBUS. */
static void a_program_cut_off_meanwhile_keeps_its_names(void **state)
{
	struct place *place = *state;
	struct maps *maps;
	char path[128];

	if (!debug_is_there() || !openat2_is_there())
		skip();
	maps = maps_new(place, 1, 0);
	assert_true(is_named(place->images, maps, set_up, "set_up "));
	snprintf(path, sizeof(path), "%s/program", place->path);
	assert_return_code(truncate(path, 0), 0);
	assert_true(is_named(place->images, maps, tear_down, "tear_down "));
	maps_put(maps);
}

/* Replaced by another of the same name, it gives the new one no names of the old one, nor back. */
static void another_file_gives_no_names(void **state)
{
	struct place *place = *state;
	struct maps *maps;

	if (!debug_is_there() || !openat2_is_there())
		skip();
	maps = maps_new(place, 1, 0);
	maps->regions[0].inode++;
	assert_true(is_named(place->images, maps, set_up, "program+0x"));
	maps->regions[0].inode--;
	assert_true(is_named(place->images, maps, set_up, "set_up "));
	maps_put(maps);
}

/*
 * An inode number can be had by chance and by diligence; so without the device the file is
 * one process's, and another's of the same name is opened for itself.
 */
static void what_is_not_sure_is_not_shared(void **state)
{
	struct place *place = *state;
	struct maps *sure, *first, *second;
	char path[128];

	if (!debug_is_there() || !openat2_is_there())
		skip();
	sure = maps_new(place, 1, 0);
	first = maps_new(place, 2, 1);
	second = maps_new(place, 3, 1);
	assert_true(is_named(place->images, first, set_up, "set_up "));
	assert_true(is_named(place->images, sure, set_up, "set_up "));
	snprintf(path, sizeof(path), "%s/program", place->path);
	assert_return_code(truncate(path, 0), 0);
	/* the first has what it opened, the second would have had it, too */
	assert_true(is_named(place->images, first, tear_down, "tear_down "));
	assert_false(is_named(place->images, second, tear_down, "tear_down "));
	maps_put(sure);
	maps_put(first);
	maps_put(second);
}

/* Made larger, by nothing, it is the same program. */
static void a_large_program_has_no_names(void **state)
{
	static const struct {
		off_t size;
		const char *name;
	} cases[] = {
		{ (256 << 20) + 1, "program+0x" },
		{ 40 << 20, "set_up " },
	};
	struct place *place = *state;
	char path[128];

	if (!debug_is_there() || !openat2_is_there())
		skip();
	snprintf(path, sizeof(path), "%s/program", place->path);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct images *images = images_new(NULL);
		struct maps *maps = maps_new(place, 1, 0);

		assert_non_null(images);
		assert_return_code(truncate(path, cases[i].size), 0);
		assert_true(is_named(images, maps, set_up, cases[i].name));
		maps_put(maps);
		images_free(images);
	}
}

/* Makes the copy claim that a section of it, none that is loaded, is so large when unpacked. */
static void pack_section(const struct place *place, uint64_t size)
{
	const Elf64_Chdr packed = { .ch_type = ELFCOMPRESS_ZLIB,
				    .ch_size = size,
				    .ch_addralign = 1 };
	int fd = openat(place->root, "program", O_RDWR | O_CLOEXEC);
	Elf64_Shdr section = { .sh_flags = SHF_ALLOC };
	Elf64_Ehdr head;
	off_t at;

	assert_int_equal(pread(fd, &head, sizeof(head), 0), sizeof(head));
	at = head.e_shoff;
	while (section.sh_flags != (SHF_MERGE | SHF_STRINGS)) {
		at += sizeof(section);
		assert_int_equal(pread(fd, &section, sizeof(section), at), sizeof(section));
	}
	section.sh_flags |= SHF_COMPRESSED;
	assert_int_equal(pwrite(fd, &section, sizeof(section), at), sizeof(section));
	assert_int_equal(pwrite(fd, &packed, sizeof(packed), section.sh_offset), sizeof(packed));
	close(fd);
}

static void a_program_that_unpacks_to_much_has_no_names(void **state)
{
	struct place *place = *state;
	struct maps *maps;

	if (!debug_is_there() || !openat2_is_there())
		skip();
	maps = maps_new(place, 1, 0);
	pack_section(place, 256 << 20);
	assert_true(is_named(place->images, maps, set_up, "program+0x"));
	maps_put(maps);
}

/* Kibibytes of memory files that are mapped here, by /proc/self/maps. */
static unsigned long copied(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned long start, end, sum = 0;
	char line[512];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "/memfd:sealed") && sscanf(line, "%lx-%lx", &start, &end) == 2)
			sum += (end - start) / 1024;
	fclose(file);
	return sum;
}

/* Of processes each with a large file of its own. */
static void copies_are_bounded_together(void **state)
{
	struct place *place = *state;
	char path[128];

	if (!debug_is_there() || !openat2_is_there())
		skip();
	snprintf(path, sizeof(path), "%s/program", place->path);
	assert_return_code(truncate(path, 60 << 20), 0);
	for (unsigned int i = 1; i <= 7; i++) {
		struct maps *maps = maps_new(place, i, 1);

		assert_true(is_named(place->images, maps, set_up, "set_up "));
		maps_put(maps);
		assert_in_range(copied(), (i < 4 ? i : 4) * 60 * 1024, 256 * 1024);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_program_cut_off_meanwhile_keeps_its_names, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(another_file_gives_no_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_sure_is_not_shared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_large_program_has_no_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_program_that_unpacks_to_much_has_no_names, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(copies_are_bounded_together, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
